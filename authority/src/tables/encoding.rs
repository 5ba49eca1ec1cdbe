//! Which encoding a file is in: as it is named, or as its bytes show.

use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

/// Names that are used in Japan and by Windows, Java and Python, and that the Encoding Standard's list of labels lacks, without signs between.
const OTHER_NAMES: [(&str, &Encoding); 24] = [
    ("cp932", SHIFT_JIS),
    ("932", SHIFT_JIS),
    ("windows932", SHIFT_JIS),
    ("windows31j", SHIFT_JIS),
    ("mskanji", SHIFT_JIS),
    ("shiftjis", SHIFT_JIS),
    ("sjiswin", SHIFT_JIS),
    ("sjisopen", SHIFT_JIS),
    ("ibm943", SHIFT_JIS),
    ("cp943", SHIFT_JIS),
    ("cp943c", SHIFT_JIS),
    ("ansi", SHIFT_JIS),
    ("utf8bom", UTF_8),
    ("utf8sig", UTF_8),
    ("utf8n", UTF_8),
    ("utf8withbom", UTF_8),
    ("cp65001", UTF_8),
    ("65001", UTF_8),
    ("euc", EUC_JP),
    ("eucjpms", EUC_JP),
    ("eucjpwin", EUC_JP),
    ("cp51932", EUC_JP),
    ("jis", ISO_2022_JP),
    ("cp50221", ISO_2022_JP),
];

/// The encoding of a name: a label of the Encoding Standard, or what Windows, Java, Python and people in Japan call it; case and the signs
/// between letters do not count.
///
/// ```
/// use techo_authority::tables::encoding::named;
/// for name in ["cp932", "CP-932", "MS932", "Windows-31J", "Shift_JIS", "Shift JIS", "sjis-win"] {
///     assert_eq!(named(name).unwrap().name(), "Shift_JIS", "{name}");
/// }
/// assert_eq!(named("utf-8-sig").unwrap().name(), "UTF-8");
/// assert_eq!(named("UTF16").unwrap().name(), "UTF-16LE");
/// assert!(named("klingon").is_none());
/// ```
pub fn named(name: &str) -> Option<&'static Encoding> {
    let name = name.trim();
    let squeezed: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let other = OTHER_NAMES
        .iter()
        .find(|(name, _)| *name == squeezed)
        .map(|(_, encoding)| *encoding);
    other
        .or_else(|| Encoding::for_label_no_replacement(name.as_bytes()))
        .or_else(|| match squeezed.as_str() {
            "utf8" => Some(UTF_8),
            "utf16" | "utf16le" | "unicode" => Some(UTF_16LE),
            "utf16be" => Some(UTF_16BE),
            _ => Encoding::for_label_no_replacement(squeezed.as_bytes()),
        })
}

/// The encoding that a file without a byte-order mark and without a name is most likely in. One torn character does not decide it.
pub(super) fn guessed(bytes: &[u8]) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok() {
        // Japan's encoding for mail is ASCII with escapes.
        let has_escape = bytes.windows(3).any(|three| matches!(three, b"\x1b$B" | b"\x1b$@"));
        return if has_escape {
            ISO_2022_JP
        } else {
            without_mark(bytes).unwrap_or(UTF_8)
        };
    }
    if let Some(wide) = without_mark(bytes) {
        return wide;
    }
    let (mut whole, mut torn) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        torn += usize::from(!chunk.invalid().is_empty());
    }
    // Text of another encoding is next to never made of whole characters of UTF-8.
    if whole > 0 && whole >= torn {
        return UTF_8;
    }
    let (text, has_errors) = SHIFT_JIS.decode_without_bom_handling(bytes);
    if has_errors && !EUC_JP.decode_without_bom_handling(bytes).1 {
        return EUC_JP;
    }
    if has_japanese(&text) { SHIFT_JIS } else { UTF_8 }
}

/// Whether a character beyond ASCII stands anywhere but among Latin letters: in the middle of a word (M縅ri) it is what another encoding's
/// accented letter looks like here.
fn has_japanese(text: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_ascii() && c != char::REPLACEMENT_CHARACTER && !is_letter(before) && !is_letter(chars.peek().copied()) {
            return true;
        }
        before = Some(c);
    }
    false
}

/// UTF-16 whose byte-order mark was lost: every other byte of its line ends and separators is zero, and always the same one.
fn without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.get(..bytes.len().min(4_096)).unwrap_or_default();
    let zeros = |odd: usize| (0..).zip(start).filter(|(at, byte)| at % 2 == odd && **byte == 0).count();
    match (zeros(0), zeros(1)) {
        (0, later) if later > 1 => Some(UTF_16LE),
        (first, 0) if first > 1 => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_no_list_is_none() {
        for name in ["", "klingon", "utf-7", "replacement", "hz-gb-2312"] {
            assert!(named(name).is_none(), "{name}");
        }
    }

    #[test]
    fn one_torn_character_does_not_decide() {
        let utf8 = "券番号,会場\n1,堺市役所\n2,北区\n";
        assert_eq!(guessed(utf8.as_bytes()), UTF_8);
        assert_eq!(guessed(&[utf8.as_bytes(), b"3,\xe5\x8c\n"].concat()), UTF_8);
        let (sjis, _, _) = SHIFT_JIS.encode(utf8);
        assert_eq!(guessed(&sjis), SHIFT_JIS);
        assert_eq!(guessed(&[&sjis, b"3,\x96\n".as_slice()].concat()), SHIFT_JIS);
        assert_eq!(guessed(&EUC_JP.encode("券番号,会場\n1,堺市ホール\n").0), EUC_JP);
        assert_eq!(
            guessed(b"name\nM\xe3ori\n"),
            UTF_8,
            "a letter with an accent, which this file's encoding tears"
        );
        assert_eq!(guessed(&ISO_2022_JP.encode(utf8).0), ISO_2022_JP);
        let wide = |unit: fn(u16) -> [u8; 2]| utf8.encode_utf16().flat_map(unit).collect::<Vec<_>>();
        assert_eq!(guessed(&wide(u16::to_le_bytes)), UTF_16LE);
        assert_eq!(guessed(&wide(u16::to_be_bytes)), UTF_16BE);
    }
}
