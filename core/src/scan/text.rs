//! The text of a code's bytes: the standard names no character set that printers of codes keep to.

use encoding_rs::{BIG5, EUC_KR, Encoding, GB18030, SHIFT_JIS, UTF_8, UTF_16BE, WINDOWS_1252};

/// How the bytes of a segment came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Digits, letters or bytes.
    #[default]
    Plain,
    /// Kanji mode: Shift_JIS always.
    Kanji,
    /// Hanzi mode: GB 2312 always.
    Hanzi,
}

/// Gathers bytes and turns each stretch of one character set into text.
#[derive(Debug, Default)]
pub struct Collector {
    bytes: Vec<u8>,
    /// Where each stretch starts, its mode, and the set that the code named for it.
    stretches: Vec<(usize, Mode, Option<&'static Encoding>)>,
    named: Option<&'static Encoding>,
}

impl Collector {
    /// Takes one more byte of the mode and character set that were entered last.
    pub fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Says that what follows is in this mode.
    pub fn enter(&mut self, mode: Mode) {
        let named = if mode == Mode::Plain { self.named } else { None };
        self.stretches.push((self.bytes.len(), mode, named));
    }

    /// Says that what follows is in the character set of this ECI designator; for one that is not known the set is guessed.
    pub fn switch(&mut self, designator: u32) {
        self.named = encoding_of(designator);
        self.enter(Mode::Plain);
    }

    /// The bytes and their text.
    pub fn finish(self) -> (Vec<u8>, String) {
        let mut text = String::new();
        // Bytes without a named set are judged together with kanji: Japanese printers mix both modes in one Shift_JIS text.
        let guessed = self.stretches.iter().all(|s| s.2.is_none() && s.1 != Mode::Hanzi);
        let kanji = self.stretches.iter().any(|s| s.1 == Mode::Kanji);
        if let Some(japanese) = shift_jis(&self.bytes).filter(|_| guessed && kanji) {
            return (self.bytes, japanese);
        }
        let mut start = 0;
        let mut kind = (Mode::Plain, None);
        let ends = self
            .stretches
            .iter()
            .map(|s| (s.0, (s.1, s.2)))
            .chain([(self.bytes.len(), kind)]);
        for (end, next) in ends {
            let part = self.bytes.get(start..end).unwrap_or_default();
            match kind {
                (Mode::Kanji, _) => text.push_str(&SHIFT_JIS.decode_without_bom_handling(part).0),
                (Mode::Hanzi, _) => text.push_str(&GB18030.decode_without_bom_handling(part).0),
                (Mode::Plain, Some(encoding)) => text.push_str(&encoding.decode_without_bom_handling(part).0),
                (Mode::Plain, None) => text.push_str(&decode(part)),
            }
            (start, kind) = (end, next);
        }
        (self.bytes, text)
    }
}

/// The character set of an ECI designator (AIM ECI Part 3).
fn encoding_of(designator: u32) -> Option<&'static Encoding> {
    let label: &[u8] = match designator {
        1 | 3 | 23 => return Some(WINDOWS_1252),
        4 => b"iso-8859-2",
        5 => b"iso-8859-3",
        6 => b"iso-8859-4",
        7 => b"iso-8859-5",
        8 => b"iso-8859-6",
        9 => b"iso-8859-7",
        10 => b"iso-8859-8",
        11 => b"windows-1254",
        12 => b"iso-8859-10",
        13 => b"windows-874",
        15 => b"iso-8859-13",
        16 => b"iso-8859-14",
        17 => b"iso-8859-15",
        18 => b"iso-8859-16",
        20 => return Some(SHIFT_JIS),
        21 => b"windows-1250",
        22 => b"windows-1251",
        24 => b"windows-1256",
        25 => return Some(UTF_16BE),
        26 => return Some(UTF_8),
        28 => return Some(BIG5),
        29 | 32 => return Some(GB18030),
        30 => return Some(EUC_KR),
        _ => return None,
    };
    Encoding::for_label(label)
}

/// The text that the bytes most likely stand for: UTF-8, UTF-16 with a byte order mark, Shift_JIS if it reads as Japanese, else Latin-1.
///
/// ISO/IEC 18004:2015, section 7.3.5 says Latin-1 and JIS X 0510 says Shift_JIS where no ECI is given; the kanji mode is Shift_JIS always,
/// and most codes since have been UTF-8.
///
/// ```
/// use techo_core::scan::text_of;
///
/// assert_eq!(text_of("居酒屋".as_bytes()), "居酒屋");
/// assert_eq!(text_of(&[0x8b, 0x8f, 0x8e, 0xf0, 0x89, 0xae]), "居酒屋", "Shift_JIS");
/// ```
pub fn decode(bytes: &[u8]) -> String {
    let utf8 = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(utf8) {
        return text.to_owned();
    }
    let marked = Encoding::for_bom(bytes).filter(|(encoding, _)| *encoding != UTF_8);
    if let Some(text) =
        marked.and_then(|(encoding, mark)| encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]))
    {
        return text.into_owned();
    }
    let japanese = shift_jis(bytes).filter(|text| reads_as_japanese(bytes, text));
    japanese.unwrap_or_else(|| bytes.iter().map(|&b| char::from(b)).collect())
}

/// The bytes as Shift_JIS, if each of them makes sense as that: arbitrary bytes do now and then, but then as signs that no text uses.
fn shift_jis(bytes: &[u8]) -> Option<String> {
    let text = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes)?;
    let strange = text
        .chars()
        .filter(|&c| !is_japanese(c) && !matches!(c, '\t' | '\n' | '\r' | ' '..='~'))
        .count();
    (strange == 0).then(|| text.into_owned())
}

fn is_japanese(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2312}' | '\u{2500}'..='\u{266F}' | '\u{3000}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}' | '\u{FF01}'..='\u{FF9F}')
}

/// Whether a text that could be Latin-1 as well is Japanese: `Général` is also two kanji between letters.
///
/// Latin-1 has control characters where Shift_JIS has the first bytes of the common kanji and kana; without one of those, three Japanese
/// characters in a row are asked for.
fn reads_as_japanese(bytes: &[u8], text: &str) -> bool {
    let (_, longest) = text.chars().fold((0, 0), |(run, longest), c| {
        let run = if is_japanese(c) { run + 1 } else { 0 };
        (run, longest.max(run))
    });
    longest >= 3 || bytes.iter().any(|b| (0x80..0xA0).contains(b))
}

#[cfg(test)]
mod tests;
