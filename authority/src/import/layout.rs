//! The layouts that are known: how one authority writes its list.

use super::fields::Row;
use super::layout_file::LayoutFile;
use super::{Event, RowError, nz, techo};

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
    /// The layout that a file describes.
    pub fn of_file(file: &LayoutFile) -> Self {
        Self {
            name: file.name().to_owned(),
            encoding: file.encoding().map(str::to_owned),
            columns: file.columns().into_iter().map(|column| vec![column]).collect(),
            reader: Reader::File(Box::new(file.clone())),
        }
    }

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

/// The layouts that are known without a file.
pub(super) fn known() -> Vec<Layout> {
    let nz = Layout {
        name: nz::NAME.to_owned(),
        encoding: Some("windows-1252".to_owned()),
        columns: nz::columns(),
        reader: Reader::Nz,
    };
    let techo = Layout {
        name: techo::NAME.to_owned(),
        encoding: None,
        columns: techo::columns(),
        reader: Reader::Techo,
    };
    vec![nz, techo]
}
