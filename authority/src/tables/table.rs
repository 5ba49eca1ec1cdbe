//! Rows under a header: torn rows, which line each row is on, and cells as they were meant.

use techo_protocol::basics::folding::folded;

use super::records::{Record, Records};
use super::spreadsheet;
use super::text::{LARGEST_FILE_BYTES, TableError, Text};
use crate::rejected::RejectedRow;

/// Longest cell in characters.
const LONGEST_CELL: usize = 200;

techo_protocol::coded_errors! {
    /// Why a row could not be read.
    pub enum TableRowError {
        /// Other than as many cells as the header has.
        Columns { found: usize, expected: usize } = "table.columns", "This row has {found} cells where the header has {expected}.", "Look for a missing or an unquoted comma or quotation mark.";
        /// The file ends within the row.
        CutOff = "table.cut_off", "The file ends in the middle of this row.", "Take the whole file.";
        /// A line that repeats the header.
        HeaderAgain = "table.header_again", "This line repeats the header.", "Nothing needs to be done.";
        /// A cell that no file of ours has.
        Cell = "table.cell", "A cell of this row is longer than 200 characters or holds control characters.", "Look for a missing quotation mark.";
        /// Bytes that the file's encoding does not have.
        NotText = "table.row_not_text", "A character of this row is torn, or not of the file's encoding.", "Look at the row where it comes from; save the file as CSV UTF-8.";
    }
}

/// Rows under a header.
pub struct Table<'a> {
    header: Vec<String>,
    records: Records<'a>,
    ends_with_line: bool,
    /// Bytes that were read again because a row was torn.
    read_again: usize,
}

/// One row's cells, in the header's order.
pub struct Row {
    /// The line on which it begins, counted from 1.
    pub number: u64,
    cells: csv::ByteRecord,
}

impl Row {
    /// A cell without what stands around it (see [`spreadsheet::bare`]); empty where there is none.
    pub fn cell(&self, column: usize) -> &str {
        let cell = self.cells.get(column).unwrap_or_default();
        spreadsheet::bare(std::str::from_utf8(cell).unwrap_or_default())
    }
}

impl<'a> Table<'a> {
    /// Reads the header: the first line that is not blank.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn of(text: &'a Text<'_>) -> Result<Self, TableError> {
        let mut records = Records::of(text);
        let first = records.next().ok_or(TableError::Empty)?;
        let header = names(&first);
        Ok(Self {
            header,
            records,
            ends_with_line: text.text().ends_with(['\n', '\r']),
            read_again: 0,
        })
    }

    /// Where a column stands; `None` where there is none of that name. Case, width, and white space around it do not count.
    ///
    /// # Errors
    /// [`TableError::ColumnTwice`].
    pub fn find(&self, column: &str) -> Result<Option<usize>, TableError> {
        let wanted = folded(column.trim());
        let mut found = (0..)
            .zip(&self.header)
            .filter(|(_, name)| folded(spreadsheet::bare(name)).eq_ignore_ascii_case(&wanted));
        let first = found.next().map(|(at, _)| at);
        match found.next() {
            Some(_) => Err(TableError::ColumnTwice {
                column: column.to_owned(),
            }),
            None => Ok(first),
        }
    }

    /// Where a column stands.
    ///
    /// # Errors
    /// [`TableError::ColumnMissing`], [`TableError::ColumnTwice`].
    pub fn column(&self, column: &str) -> Result<usize, TableError> {
        self.find(column)?.ok_or_else(|| TableError::ColumnMissing {
            column: column.to_owned(),
        })
    }

    /// Whether the 18-digit tickets of a column have lost their last digits to a spreadsheet, as the first rows show.
    pub(crate) fn has_rounded_tickets(mut self, column: usize) -> bool {
        // As many as leave no doubt, and cost nothing beside reading the file.
        let rows = std::iter::from_fn(|| self.next()).take(1_000).flatten();
        spreadsheet::are_rounded(rows.map(|row| row.cell(column).to_owned()))
    }

    /// The next row, or why it is none; `None` at the end.
    #[allow(clippy::should_implement_trait, reason = "rows and reasons are not items of one kind")]
    pub fn next(&mut self) -> Option<Result<Row, RejectedRow>> {
        let record = self.records.next()?;
        let verdict = self.check(&record);
        // As much work as a file of the largest size, whatever is torn.
        if verdict.is_err() && record.lines > 1 && self.read_again < LARGEST_FILE_BYTES {
            // A missing quotation mark has swallowed the lines below: they are read again one by one.
            self.read_again = self.read_again.saturating_add(record.bytes);
            self.records.read_again_after_first_line(&record);
        }
        Some(match verdict {
            Ok(()) => Ok(Row {
                number: record.row,
                cells: record.cells,
            }),
            Err(why) => Err(RejectedRow::new(record.row, &why)),
        })
    }

    fn check(&self, record: &Record) -> Result<(), TableRowError> {
        let (found, expected) = (record.cells.len(), self.header.len());
        if record.cut_off {
            return Err(TableRowError::CutOff);
        }
        // Spreadsheets leave empty cells behind the last column, and leave out those that are empty at the end.
        let is_more = record.cells.iter().skip(expected).any(|cell| !cell.is_empty());
        if is_more || found < expected {
            let ends_here = record.is_last && !self.ends_with_line && found < expected;
            return Err(if ends_here {
                TableRowError::CutOff
            } else {
                TableRowError::Columns { found, expected }
            });
        }
        let begins_like_it = record.cells.get(0).map(<[u8]>::len) == self.header.first().map(String::len);
        if begins_like_it && names(record) == self.header {
            return Err(TableRowError::HeaderAgain);
        }
        for cell in &record.cells {
            let text = std::str::from_utf8(cell).map_err(|_| TableRowError::NotText)?;
            if text.contains('\u{fffd}') {
                return Err(TableRowError::NotText);
            }
            let is_long = cell.len() > LONGEST_CELL && text.chars().nth(LONGEST_CELL).is_some();
            if is_long || text.chars().any(char::is_control) {
                return Err(TableRowError::Cell);
            }
        }
        Ok(())
    }
}

fn names(record: &Record) -> Vec<String> {
    record
        .cells
        .iter()
        .map(|cell| String::from_utf8_lossy(cell).trim().trim_start_matches('\u{feff}').to_owned())
        .collect()
}

#[cfg(test)]
mod tests;
