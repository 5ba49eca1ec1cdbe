//! CSV files as people have them: every list that is taken in is read here, and in no other place.
//!
//! | module | what it is about |
//! |---|---|
//! | [`text`] | bytes of any usual encoding as one text, and what separates its cells |
//! | [`encoding`] | the names that people give to encodings, and what a file without a name is in |
//! | `records` | the records of a text, each with its line, torn ones begun again |
//! | [`table`] | rows under a header |
//! | [`spreadsheet`] | what spreadsheets put around a cell, and what they destroyed in it |
//! | [`shift_jis`] | writing as municipal systems read |

pub mod encoding;
pub(crate) mod records;
pub mod shift_jis;
pub mod spreadsheet;
pub mod table;
pub mod text;

pub use table::{Row, Table, TableRowError};
pub use text::{LARGEST_FILE_BYTES, TableError, Text};

/// How a list is taken in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taking {
    /// The file is checked and counted, and nothing of it is kept.
    pub dry_run: bool,
    /// Ticket numbers of fewer than ten digits are given the leading zeros that a spreadsheet took away.
    pub complete_zeros: bool,
}

impl Taking {
    /// To see what would be done.
    pub const DRY_RUN: Self = Self {
        dry_run: true,
        complete_zeros: false,
    };
}
