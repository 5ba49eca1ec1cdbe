//! Where everything stands on the sheet. Widths are estimated, so that the place of things depends on no font.

use techo_protocol::basics::qr::{QUIET_ZONE, Qr};
use unicode_normalization::UnicodeNormalization as _;

use super::Sheet;

/// Width of the sheet, in units of a pixel at 150 dots an inch.
pub(super) const WIDTH: usize = 1_240;
/// Height of the sheet.
pub(super) const HEIGHT: usize = 1_754;
/// Width that letters may take.
pub(super) const TEXT_WIDTH: usize = 1_100;

const TITLE_SIZES: [usize; 6] = [104, 88, 72, 60, 48, 40];
const TITLE_LINES: usize = 3;
const ADDRESS_SIZE: usize = 40;
const ADDRESS_LINES: usize = 2;
const LINE_SIZES: [usize; 5] = [44, 40, 36, 32, 28];
const CODE_SIDE: usize = 780;

/// A sheet, laid out.
pub(super) struct Placed {
    pub texts: Vec<PlacedText>,
    pub code: PlacedCode,
}

/// A line of letters, centred on the sheet.
pub(super) struct PlacedText {
    pub text: String,
    /// Height of an em.
    pub size: usize,
    /// From the top of the sheet.
    pub baseline: usize,
}

/// The code with its quiet zone, centred on the sheet.
pub(super) struct PlacedCode {
    pub qr: Qr,
    /// Units a module: whole, so that every module has the same size.
    pub scale: usize,
    pub left: usize,
    pub top: usize,
}

pub(super) fn lay_out(sheet: &Sheet, qr: Qr) -> Placed {
    let (title, title_size) = TITLE_SIZES
        .iter()
        .map(|&size| (wrap(&sheet.title, size), size))
        .find(|(lines, _)| lines.len() <= TITLE_LINES)
        .unwrap_or_else(|| (cut(wrap(&sheet.title, 40), TITLE_LINES), 40));
    let address = cut(wrap(&sheet.address, ADDRESS_SIZE), ADDRESS_LINES);
    let above = sized(title, title_size)
        .chain(sized(address, ADDRESS_SIZE))
        .collect::<Vec<_>>();
    let below = sheet.lines.iter().map(|line| {
        let fitting = LINE_SIZES.iter().copied().find(|&size| width(line, size) <= TEXT_WIDTH);
        (line.nfc().collect(), fitting.unwrap_or(28))
    });
    let below = below.collect::<Vec<(String, usize)>>();

    let modules = qr.modules() + 2 * QUIET_ZONE;
    let scale = (CODE_SIDE / modules).max(1);
    let side = modules * scale;
    let used = height(&above) + side + height(&below);
    // What is left goes in equal parts above, between and below.
    let gap = HEIGHT.saturating_sub(used) / 4;

    let mut texts = Vec::new();
    let top = place(above, gap, &mut texts) + gap;
    place(below, top + side + gap / 2, &mut texts);
    let code = PlacedCode {
        qr,
        scale,
        left: WIDTH.saturating_sub(side) / 2,
        top,
    };
    Placed { texts, code }
}

fn sized(lines: Vec<String>, size: usize) -> impl Iterator<Item = (String, usize)> {
    lines.into_iter().map(move |line| (line, size))
}

/// How much a line of this size takes from the sheet's height.
fn line_height(size: usize) -> usize {
    size * 4 / 3
}

fn height(lines: &[(String, usize)]) -> usize {
    lines.iter().map(|(_, size)| line_height(*size)).sum()
}

/// Places lines below each other from `y` on, and says where they end.
fn place(lines: Vec<(String, usize)>, mut y: usize, texts: &mut Vec<PlacedText>) -> usize {
    for (text, size) in lines {
        y += line_height(size);
        texts.push(PlacedText {
            text,
            size,
            baseline: y - size / 3,
        });
    }
    y
}

/// Breaks a text into lines, between words where there are any.
fn wrap(text: &str, size: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words(&text.nfc().collect::<String>()) {
        if !line.is_empty() && width(&line, size) + width(word.trim_end(), size) > TEXT_WIDTH {
            lines.push(line.trim_end().to_owned());
            line = String::new();
        }
        line.push_str(word);
    }
    lines.push(line.trim_end().to_owned());
    lines.retain(|line| !line.is_empty());
    lines
}

/// Splits a text where a line may end: after a space, and around a wide character. A word of more than 24 characters is broken too.
fn words(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut length = 0;
    let mut last_is_wide = false;
    for (at, character) in text.char_indices() {
        let breaks = is_wide(character) || last_is_wide || length >= 24;
        if at > start && breaks {
            out.extend(text.get(start..at));
            (start, length) = (at, 0);
        }
        length += 1;
        last_is_wide = is_wide(character) || character == ' ';
    }
    out.extend(text.get(start..));
    out
}

/// The first lines, with a mark where there were more.
fn cut(mut lines: Vec<String>, most: usize) -> Vec<String> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.pop();
            last.push('…');
        }
    }
    lines
}

/// How wide a text is, roughly: an em a wide character, three fifths a narrow one.
fn width(text: &str, size: usize) -> usize {
    text.chars().map(|c| if is_wide(c) { size } else { size * 3 / 5 }).sum()
}

/// East Asian wide characters (UAX 11), roughly: from Hangul Jamo on, apart from half-width forms and the Latin additions.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_end_between_words_or_wide_characters() {
        assert_eq!(wrap("Bar Yoru", 104), ["Bar Yoru"]);
        assert_eq!(
            wrap("The Very Long Name Restaurant", 104),
            ["The Very Long", "Name Restaurant"]
        );
        assert_eq!(wrap(&"金".repeat(12), 104), ["金".repeat(10), "金".repeat(2)]);
    }

    proptest! {
        #[test]
        fn everything_is_on_the_sheet_and_nothing_is_lost(title in ".{1,300}", address in ".{0,300}") {
            let lines = vec!["x".repeat(60); 4];
            let sheet = Sheet { title, address, code: "7".repeat(430), lines };
            let placed = lay_out(&sheet, Qr::of(&sheet.code).unwrap());
            let mut last = 0;
            for text in &placed.texts {
                prop_assert!(text.baseline > last && text.baseline + text.size / 4 <= HEIGHT);
                last = text.baseline;
            }
            let side = (placed.code.qr.modules() + 2 * QUIET_ZONE) * placed.code.scale;
            prop_assert!(placed.code.left + side <= WIDTH);
        }

        #[test]
        fn a_wrapped_text_has_the_same_letters(text in "[a-z 金糸雀]{0,200}") {
            let squeezed = |text: &str| text.replace(' ', "");
            prop_assert_eq!(squeezed(&wrap(&text, 40).concat()), squeezed(&text));
        }
    }
}
