//! The cells of one row by the name of their column.

use super::RowError;
use crate::tables::spreadsheet::bare;
use techo_protocol::basics::folding::searchable;

/// A row whose cells stand under the header's columns.
pub(super) struct Row<'a> {
    /// The line on which it begins.
    pub number: u64,
    /// The header's names, as they are searched for.
    pub columns: &'a [String],
    /// As many cells as columns, or more empty ones.
    pub cells: Vec<&'a str>,
}

impl Row<'_> {
    /// Whether the header names a column.
    pub fn has(&self, column: &str) -> bool {
        self.position(column).is_some()
    }

    fn position(&self, column: &str) -> Option<usize> {
        let column = searchable(column.trim());
        self.columns.iter().position(|name| *name == column)
    }

    /// A cell without what stands around it; empty where it says `NA` (or the like), or where there is no such column.
    pub fn cell(&self, column: &str) -> &str {
        let at = self.position(column);
        let cell = at.and_then(|at| self.cells.get(at)).map_or("", |cell| bare(cell));
        if matches!(cell, "NA" | "N/A" | "NaN" | "NULL") {
            ""
        } else {
            cell
        }
    }

    /// A cell's text of at most `most` characters; may be empty.
    ///
    /// # Errors
    /// [`RowError::CellTooLong`], [`RowError::CellControl`]
    pub fn text(&self, column: &str, most: usize) -> Result<&str, RowError> {
        let text = self.cell(column);
        if text.chars().nth(most).is_some() {
            return Err(RowError::CellTooLong {
                column: column.to_owned(),
                most,
            });
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(RowError::CellControl {
                column: column.to_owned(),
            });
        }
        Ok(text)
    }

    /// As [`Row::text`], but not empty.
    ///
    /// # Errors
    /// [`RowError::CellMissing`] and those of [`Row::text`].
    pub fn required_text(&self, column: &str, most: usize) -> Result<&str, RowError> {
        Some(self.text(column, most)?)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| RowError::CellMissing {
                column: column.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(columns: &'a [String], cells: &[&'a str]) -> Row<'a> {
        Row {
            number: 1,
            columns,
            cells: cells.to_vec(),
        }
    }

    #[test]
    fn cells_are_found_by_name_and_trimmed() {
        let columns = ["id", "start"].map(str::to_owned);
        let row = row(&columns, &[" a ", "NA"]);
        assert_eq!((row.cell("ID"), row.cell("Start"), row.cell("End")), ("a", "", ""));
    }

    #[test]
    fn texts_have_limits() {
        let columns = ["name"].map(str::to_owned);
        let text = |cell: &str| row(&columns, &[cell]).text("name", 3).map(str::to_owned);
        assert_eq!(text("あああ"), Ok("あああ".to_owned()));
        assert_eq!(
            text("ああああ"),
            Err(RowError::CellTooLong {
                column: "name".to_owned(),
                most: 3
            })
        );
        assert_eq!(
            text("a\u{1b}"),
            Err(RowError::CellControl {
                column: "name".to_owned()
            })
        );
        assert_eq!(text("a\nb"), Ok("a\nb".to_owned()));
        assert_eq!(text(""), Ok(String::new()));
        let empty = row(&columns, &[" "]);
        assert_eq!(
            empty.required_text("name", 3),
            Err(RowError::CellMissing {
                column: "name".to_owned()
            })
        );
    }
}
