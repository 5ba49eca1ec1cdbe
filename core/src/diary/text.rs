//! How long texts may be, and how they are tidied.

use super::Refusal;

/// The longest name of a place or person, in bytes.
pub const LONGEST_NAME: usize = 200;
/// The longest address, in bytes.
pub const LONGEST_ADDRESS: usize = 300;
/// The longest note, in bytes.
pub const LONGEST_NOTE: usize = 2_000;

/// A text that a person typed, without white space around it.
pub(crate) fn typed(text: &str, longest: usize) -> Result<&str, Refusal> {
    let text = text.trim();
    if text.len() > longest {
        Err(Refusal::TextTooLong { bytes: longest })
    } else {
        Ok(text)
    }
}

/// As [`typed`], and not empty.
pub(crate) fn name(text: &str) -> Result<&str, Refusal> {
    let text = typed(text, LONGEST_NAME)?;
    if text.is_empty() { Err(Refusal::NoName) } else { Ok(text) }
}

/// A text that a poster prints, which nobody here can shorten: cut at a character.
pub(super) fn printed(text: &str, longest: usize) -> &str {
    let text = text.trim();
    let end = (0..=longest.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// Whether writing `new` over `old` takes any of it away: then the history that holds `old` must go.
pub(super) fn forgets(old: &str, new: &str) -> bool {
    !new.starts_with(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_texts_are_refused_and_printed_ones_cut() {
        assert_eq!(typed(" a ", 1), Ok("a"));
        assert_eq!(typed("ab", 1), Err(Refusal::TextTooLong { bytes: 1 }));
        assert_eq!(name("  "), Err(Refusal::NoName));
        assert_eq!(printed("夜のバー", 7), "夜の");
        assert_eq!(printed("ab", 9), "ab");
    }

    #[test]
    fn only_what_is_added_to_leaves_nothing_to_forget() {
        assert!(!forgets("", "a"));
        assert!(!forgets("a", "ab"));
        assert!(forgets("ab", "a"));
        assert!(forgets("ab", "ac"));
    }
}
