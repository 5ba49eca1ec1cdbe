//! Shift_JIS as municipal systems hold it: code page 932, with the signs that other systems know by another character.
//!
//! JIS X 0208 has one wave dash, one minus, one cent; Unicode has two of each, and Windows took the other one. What macOS, Java and Python
//! write for 81 60 is U+301C, and Windows U+FF5E: both are the same bytes here.

use encoding_rs::SHIFT_JIS;
use unicode_normalization::char::compose;

/// What stands where a character cannot be written: a geta mark, as Japanese printers set it.
const GETA: char = '〓';

/// Writes a text; the characters that Shift_JIS lacks become 〓 and are given to `see`.
///
/// ```
/// use techo_authority::tables::shift_jis::written;
/// let mut lacking = Vec::new();
/// assert_eq!(written("南区〜北区", &mut |c| lacking.push(c))[4..6], [0x81, 0x60]);
/// assert_eq!(written("カ\u{3099}", &mut |c| lacking.push(c)), [0x83, 0x4b], "two characters that make one");
/// assert!(lacking.is_empty());
/// assert_eq!(written("𠮷", &mut |c| lacking.push(c)), [0x81, 0xac]);
/// assert_eq!(lacking, ['𠮷']);
/// ```
pub fn written(text: &str, see: &mut dyn FnMut(char)) -> Vec<u8> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(mut c) = chars.next() {
        // Composed here and not by normalising: that would make another character of a variant that a name is written with.
        while let Some(one) = chars.peek().and_then(|next| compose(c, *next)) {
            c = one;
            chars.next();
        }
        let c = as_windows_writes(c);
        if SHIFT_JIS.encode(c.encode_utf8(&mut [0; 4])).2 {
            see(c);
            out.push(GETA);
        } else {
            out.push(c);
        }
    }
    SHIFT_JIS.encode(&out).0.into_owned()
}

/// The character that code page 932 has at the place where other tables have `c` (JIS X 0208; Unicode's SHIFTJIS.TXT beside CP932.TXT).
fn as_windows_writes(c: char) -> char {
    match c {
        '\u{301c}' => '\u{ff5e}', // 〜
        '\u{2016}' => '\u{2225}', // ‖
        '\u{2014}' => '\u{2015}', // —
        '\u{2212}' => '\u{ff0d}', // −
        '\u{a2}' => '\u{ffe0}',   // ¢
        '\u{a3}' => '\u{ffe1}',   // £
        '\u{ac}' => '\u{ffe2}',   // ¬
        '\u{a6}' => '\u{ffe4}',   // ¦
        '\u{a0}' => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signs_that_have_two_characters_are_the_same_bytes() {
        let pairs = [
            ('〜', '～', [0x81, 0x60]),
            ('‖', '∥', [0x81, 0x61]),
            ('—', '―', [0x81, 0x5c]),
            ('−', '－', [0x81, 0x7c]),
            ('¢', '￠', [0x81, 0x91]),
            ('£', '￡', [0x81, 0x92]),
            ('¬', '￢', [0x81, 0xca]),
        ];
        for (one, other, bytes) in pairs {
            for c in [one, other] {
                let mut lacking = Vec::new();
                assert_eq!(written(&c.to_string(), &mut |c| lacking.push(c)), bytes, "{c}");
                assert!(lacking.is_empty(), "{c}");
            }
        }
    }

    #[test]
    fn variants_that_the_code_page_holds_stay_themselves() {
        for text in ["髙橋", "﨑", "\u{fa19}", "神", "①㈱", "ｱｷﾞ", "塚\u{fa10}"] {
            let bytes = written(text, &mut |c| panic!("{c}"));
            assert_eq!(SHIFT_JIS.decode(&bytes).0, text);
        }
    }
}
