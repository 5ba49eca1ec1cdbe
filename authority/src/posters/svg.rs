//! A sheet as SVG (SVG 1.1, the part that every viewer draws).

use std::fmt::Write as _;

use super::layout::{HEIGHT, Placed, WIDTH};

/// Fonts that have the letters, those with Japanese forms first.
const FAMILIES: &str =
    "'Noto Sans CJK JP','Noto Sans JP','Hiragino Sans','Yu Gothic','Meiryo','Noto Sans','DejaVu Sans',sans-serif";

pub(super) fn draw(placed: &Placed) -> String {
    let mut svg = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>"
    );
    let code = &placed.code;
    let _ = write!(
        svg,
        "<path transform=\"translate({} {}) scale({})\" d=\"{}\" shape-rendering=\"crispEdges\"/>",
        code.left,
        code.top,
        code.scale,
        code.qr.to_svg_path()
    );
    let _ = write!(svg, "<g font-family=\"{FAMILIES}\" text-anchor=\"middle\">");
    for text in &placed.texts {
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\">{}</text>",
            WIDTH / 2,
            text.baseline,
            text.size,
            escaped(&text.text)
        );
    }
    svg.push_str("</g></svg>\n");
    svg
}

/// A text as XML takes it (XML 1.0, section 2.4); characters that XML has none of are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => {}
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_become_markup() {
        assert_eq!(escaped("<b>&\u{1b}\u{ffff}</b>"), "&lt;b&gt;&amp;&lt;/b&gt;");
    }
}
