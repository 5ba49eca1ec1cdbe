//! What holds of an event in every layout: its longest texts, its name where it has none, its times as a notice's window.

use techo_protocol::basics::keys::sha256;

use super::RowError;
use crate::notices::LONGEST_WINDOW_SECONDS;

/// Most characters of a name or an address.
pub(super) const MAX_NAME_CHARS: usize = 300;
/// Most characters of an advice.
pub(super) const MAX_TEXT_CHARS: usize = 4_000;
/// Most characters of an id.
pub(super) const MAX_ID_CHARS: usize = 64;

/// The name of an event whose row has none: what it says of where and when, so that the same row is the same event again.
pub(super) fn derived_id(name: &str, address: &str, from: i64) -> String {
    let said = sha256(format!("{name}\n{address}\n{from}").as_bytes());
    format!("row-{}", hex::encode(said.get(..8).unwrap_or_default()))
}

/// Start and end of an event as a notice's window needs them; one without length lasts a minute, as a visit does.
///
/// # Errors
/// [`RowError::EndsBeforeStart`], [`RowError::TooLong`]
pub(super) fn window(from: i64, to: i64) -> Result<(i64, i64), RowError> {
    let length = to.saturating_sub(from);
    if length < 0 {
        return Err(RowError::EndsBeforeStart);
    }
    if length > LONGEST_WINDOW_SECONDS {
        return Err(RowError::TooLong);
    }
    Ok((from, to.max(from.saturating_add(60))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows() {
        assert_eq!(window(100, 100), Ok((100, 160)));
        assert_eq!(window(100, 130), Ok((100, 160)));
        assert_eq!(window(100, 99), Err(RowError::EndsBeforeStart));
        assert_eq!(window(0, 60 * 86_400), Ok((0, 60 * 86_400)));
        assert_eq!(window(0, 60 * 86_400 + 1), Err(RowError::TooLong));
        assert_eq!(window(i64::MIN, i64::MAX), Err(RowError::TooLong));
        assert_eq!(window(i64::MAX, i64::MIN), Err(RowError::EndsBeforeStart));
    }
}
