//! The layouts that are known: how one authority writes its list.

use techo_protocol::basics::clock::DAY_SECONDS;

use super::fields::Row;
use super::{Event, RowError, nz, techo};

/// Most characters of a name or an address.
pub(super) const MAX_NAME_CHARS: usize = 300;
/// Most characters of an advice.
pub(super) const MAX_TEXT_CHARS: usize = 4_000;
/// Most characters of an id.
pub(super) const MAX_ID_CHARS: usize = 64;
/// The longest diary, in days: an exposure that is longer can only be a mistyped date.
const MAX_EVENT_DAYS: i64 = 60;

/// A layout of CSV.
pub(super) struct Layout {
    /// What `--layout` calls it.
    pub name: &'static str,
    /// The encoding of its files where they are neither UTF-8 nor UTF-16, if it is not one of Japan.
    pub encoding: Option<&'static str>,
    /// The columns that make a record a header of this layout.
    pub columns: &'static [&'static str],
    /// An id as events of this layout are known by.
    pub id: fn(&str) -> &str,
    /// Reads one row as an event, or says why it is none.
    pub event: fn(&Row<'_>) -> Result<Event, RowError>,
}

/// All layouts that `--layout` can name.
pub(super) const LAYOUTS: &[Layout] = &[nz::LAYOUT, techo::LAYOUT];

/// Start and end of an event as a notice's window needs them; one without length lasts a minute, as a visit does.
///
/// # Errors
/// [`RowError::EndsBeforeStart`], [`RowError::TooLong`]
pub(super) fn window(from: i64, to: i64) -> Result<(i64, i64), RowError> {
    let length = to.saturating_sub(from);
    if length < 0 {
        return Err(RowError::EndsBeforeStart);
    }
    if length > MAX_EVENT_DAYS * DAY_SECONDS {
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
