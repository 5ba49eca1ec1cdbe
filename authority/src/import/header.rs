//! The header of a file: which layout it is, and which column stands where.

use super::RowError;
use super::fields::Row;
use super::layout::Layout;
use crate::tables::records::Record;
use crate::tables::spreadsheet::bare;
use techo_protocol::basics::folding::searchable;

/// Most bytes of a row: all that the columns may hold, and room for others.
const MAX_ROW_BYTES: usize = 64 << 10;

/// A record that names the columns of a layout.
pub(super) struct Header<'l> {
    /// The layout whose columns it names.
    pub layout: &'l Layout,
    columns: Vec<String>,
}

impl<'l> Header<'l> {
    /// The record as a header of one of `layouts`, if it has all columns of one; upper and lower case are alike.
    pub fn recognise(record: &Record, layouts: &'l [Layout]) -> Option<Self> {
        let names = record.cells.iter().map(std::str::from_utf8);
        let columns = names
            .map(|name| name.map(|name| searchable(bare(name))))
            .collect::<Result<Vec<_>, _>>()
            .ok()?;
        let has = |wanted: &String| columns.contains(&searchable(wanted.trim()));
        let layout = layouts
            .iter()
            .find(|layout| layout.columns.iter().all(|names| names.iter().any(has)))?;
        Some(Self { layout, columns })
    }

    /// The id of a record that may be torn, as far as it can be told.
    pub fn id_of(&self, record: &Record) -> Option<String> {
        let named = searchable(self.layout.id_column()?.trim());
        let at = self.columns.iter().position(|column| *column == named)?;
        let id = bare(std::str::from_utf8(record.cells.get(at)?).ok()?);
        (!id.is_empty()).then(|| self.layout.id(id).to_owned())
    }

    /// A record below this header.
    ///
    /// # Errors
    /// What is wrong with the record as a whole: [`RowError::RowTooLong`], [`RowError::CutOff`], [`RowError::NotUtf8`],
    /// [`RowError::Columns`].
    pub fn row<'a>(&'a self, record: &'a Record) -> Result<Row<'a>, RowError> {
        if record.bytes > MAX_ROW_BYTES {
            return Err(RowError::RowTooLong);
        }
        if record.cut_off {
            return Err(RowError::CutOff);
        }
        let cells = record.cells.iter().map(std::str::from_utf8).collect::<Result<Vec<_>, _>>();
        let cells = cells.map_err(|_| RowError::NotUtf8)?;
        if cells.iter().any(|cell| cell.contains(char::REPLACEMENT_CHARACTER)) {
            return Err(RowError::NotUtf8);
        }
        let (found, expected) = (cells.len(), self.columns.len());
        // Spreadsheets add empty cells at the end; anything else means that cells stand in the wrong columns.
        let only_empty_added = cells.iter().skip(expected).all(|cell| cell.trim().is_empty());
        if found < expected || !only_empty_added {
            return Err(RowError::Columns { found, expected });
        }
        Ok(Row {
            number: record.row,
            columns: &self.columns,
            cells,
        })
    }
}
