//! Names and addresses as they stand on a poster.

use super::PosterError;

/// Most characters of a name or an address. Germany's app allows as many; the others name no limit or a lower one.
const MAX_CHARS: usize = 255;

/// Whether a text may go over several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// The text stands on one line.
    One,
    /// The text may have several lines, as New Zealand's addresses do.
    Many,
}

/// A text that must be there, unchanged.
///
/// # Errors
/// [`PosterError::TextMissing`] where it is blank, [`PosterError::TextTooLong`], [`PosterError::TextControl`].
pub(super) fn required(text: &str, lines: Lines) -> Result<String, PosterError> {
    optional(text, lines)?.ok_or(PosterError::TextMissing)
}

/// A text that may be blank, which is `None`.
///
/// # Errors
/// [`PosterError::TextTooLong`], [`PosterError::TextControl`]
pub(super) fn optional(text: &str, lines: Lines) -> Result<Option<String>, PosterError> {
    if text.chars().nth(MAX_CHARS).is_some() {
        return Err(PosterError::TextTooLong);
    }
    // A poster is anybody's text and ends up on screens and terminals: no escape sequences.
    let allowed = |c: char| !c.is_control() || (lines == Lines::Many && matches!(c, '\n' | '\r' | '\t'));
    if !text.chars().all(allowed) {
        return Err(PosterError::TextControl);
    }
    Ok(Some(text).filter(|text| !text.trim().is_empty()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        let longest = "あ".repeat(MAX_CHARS);
        assert_eq!(required(&longest, Lines::One), Ok(longest.clone()));
        assert_eq!(required(&format!("{longest}あ"), Lines::One), Err(PosterError::TextTooLong));
    }

    #[test]
    fn lines_and_escapes() {
        assert_eq!(required("a\nb", Lines::Many), Ok("a\nb".to_owned()));
        for lines in [Lines::One, Lines::Many] {
            assert_eq!(required("a\u{1b}[2J", lines), Err(PosterError::TextControl));
            assert_eq!(required(" \u{a0}", lines), Err(PosterError::TextMissing));
            assert_eq!(optional("", lines), Ok(None));
        }
        for text in ["a\nb", "a\rb", "a\tb"] {
            assert_eq!(required(text, Lines::One), Err(PosterError::TextControl));
        }
    }

    #[test]
    fn a_text_is_not_changed() {
        assert_eq!(required("Queens Park\u{a0}", Lines::One), Ok("Queens Park\u{a0}".to_owned()));
    }
}
