//! Techo's own layout, for an authority that has no list yet.
//!
//! | column | holds |
//! |---|---|
//! | id | the authority's own name of the event, 1 to 64 characters |
//! | name | the venue's name |
//! | address | the venue's address, may be empty |
//! | from, to | RFC 3339 with an offset, such as `2026-11-20T19:00:00+09:00` |
//! | severity | `caution` or `cluster` |
//! | text | what people who were there are told, may be empty |

use techo_protocol::exposure::notice::Severity;

use super::bounds::{MAX_ID_CHARS, MAX_NAME_CHARS, MAX_TEXT_CHARS, window};
use super::fields::Row;
use super::{Event, RowError, dates};

/// What `--layout` calls it.
pub(super) const NAME: &str = "techo";

/// The columns that make the header.
pub(super) fn columns() -> Vec<Vec<String>> {
    let columns = ["id", "name", "address", "from", "to", "severity", "text"];
    columns.map(|column| vec![column.to_owned()]).into()
}

pub(super) fn event(row: &Row<'_>) -> Result<Event, RowError> {
    let (from, to) = window(time(row, "from")?, time(row, "to")?)?;
    Ok(Event {
        row: row.number,
        id: row.required_text("id", MAX_ID_CHARS)?.to_owned(),
        name: row.required_text("name", MAX_NAME_CHARS)?.to_owned(),
        address: row.text("address", MAX_NAME_CHARS)?.to_owned(),
        from,
        to,
        severity: match row.cell("severity") {
            "caution" => Severity::Caution,
            "cluster" => Severity::Cluster,
            _ => return Err(RowError::Severity),
        },
        advice_text: row.text("text", MAX_TEXT_CHARS)?.to_owned(),
    })
}

fn time(row: &Row<'_>, column: &str) -> Result<i64, RowError> {
    let text = row.cell(column);
    if text.is_empty() {
        return Err(RowError::TimeMissing {
            column: column.to_owned(),
        });
    }
    dates::with_offset(text).map_err(|_| RowError::unreadable(column, text, "2026-11-20T19:00:00+09:00"))
}
