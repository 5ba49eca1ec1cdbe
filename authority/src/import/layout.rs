//! The layouts that are known: how one authority writes its list.

use techo_protocol::basics::keys::sha256;

use super::fields::Row;
use super::layout_file::LayoutFile;
use super::{Event, RowError, nz, techo};
use crate::notices::LONGEST_WINDOW_SECONDS;

/// Most characters of a name or an address.
pub(super) const MAX_NAME_CHARS: usize = 300;
/// Most characters of an advice.
pub(super) const MAX_TEXT_CHARS: usize = 4_000;
/// Most characters of an id.
pub(super) const MAX_ID_CHARS: usize = 64;

/// A layout of CSV.
pub(super) struct Layout {
    /// What `--layout` calls it, and by which its events are known.
    pub name: String,
    /// The encoding of its files where they are neither UTF-8 nor UTF-16, if it is not one of Japan.
    pub encoding: Option<String>,
    /// The columns that make a record a header of this layout; of each, the names that it has had.
    pub columns: Vec<Vec<String>>,
    /// Who reads its rows.
    pub reader: Reader,
}

/// Who reads a layout's rows.
pub(super) enum Reader {
    /// New Zealand's list.
    Nz,
    /// Techo's own columns.
    Techo,
    /// A file that a health authority wrote.
    File(Box<LayoutFile>),
}

impl Layout {
    /// Reads one row as an event, or says why it is none.
    pub fn event(&self, row: &Row<'_>) -> Result<Event, RowError> {
        match &self.reader {
            Reader::Nz => nz::event(row),
            Reader::Techo => techo::event(row),
            Reader::File(layout) => layout.event(row),
        }
    }

    /// The column of an event's own name.
    pub fn id_column(&self) -> Option<&str> {
        match &self.reader {
            Reader::Nz | Reader::Techo => Some("id"),
            Reader::File(layout) => layout.id_column(),
        }
    }

    /// An id as events of this layout are known by.
    pub fn id<'a>(&self, id: &'a str) -> &'a str {
        match self.reader {
            Reader::Nz => nz::short(id),
            Reader::Techo | Reader::File(_) => id,
        }
    }
}

/// The names of the layouts that are known without a file.
pub(super) const NAMES: [&str; 2] = [nz::NAME, techo::NAME];

/// The layouts that are known without a file.
pub(super) fn known() -> Vec<Layout> {
    vec![nz::layout(), techo::layout()]
}

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
