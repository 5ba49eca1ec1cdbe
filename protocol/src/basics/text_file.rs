//! A text file as editors and shells write it: UTF-8 with or without a byte-order mark, or UTF-16 with one.
//!
//! Windows' editor and older PowerShell put the mark before every text that they save, a certificate's or a key's too, and the latter
//! writes UTF-16.

use std::borrow::Cow;

/// The text of a file, without its byte-order mark; `None` where it is in neither encoding.
///
/// ```
/// use techo_protocol::basics::text_file::text_of;
/// assert_eq!(text_of(b"\xef\xbb\xbfHC1:6B").as_deref(), Some("HC1:6B"));
/// assert_eq!(text_of(b"\xff\xfeH\0C\0").as_deref(), Some("HC"));
/// assert_eq!(text_of(b"\xfe\xff\0H\0C").as_deref(), Some("HC"));
/// assert_eq!(text_of(b"\xff\xfe\x00"), None);
/// assert_eq!(text_of(b"\x89PNG"), None);
/// ```
pub fn text_of(file: &[u8]) -> Option<Cow<'_, str>> {
    match file {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => {
            let text = std::str::from_utf8(file).ok()?;
            Some(Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)))
        }
    }
}

fn utf16(file: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Cow<'_, str>> {
    let (pairs, []) = file.as_chunks::<2>() else { return None };
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16(&units).ok().map(Cow::Owned)
}
