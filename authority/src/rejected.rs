//! A row of a file that was taken in, and could not be used.

use techo_protocol::ErrorValue;

/// A row and why. One bad row keeps no good one from coming in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// The line on which it begins, counted from 1; of a bundle, the dose's place in it.
    pub row: u64,
    /// The dose of the row that it is about, where rows hold several.
    pub dose: Option<u8>,
    /// The id of what the row is about, in files that have such and as far as it can be told: what was rejected is not missing.
    pub id: Option<String>,
    /// The stable code of the reason, such as `dose_row.ticket`.
    pub code: &'static str,
    /// The reason in words, without anything from the file.
    pub message: String,
    /// What stands in the message, for saying it in another language.
    pub values: Vec<(&'static str, ErrorValue)>,
}

impl RejectedRow {
    /// A row without an id.
    pub fn new(row: u64, why: &dyn techo_protocol::Coded) -> Self {
        Self {
            row,
            dose: None,
            id: None,
            code: why.code(),
            message: why.to_string(),
            values: why.values(),
        }
    }
}
