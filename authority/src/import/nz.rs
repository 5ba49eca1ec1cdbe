//! New Zealand's list of locations of interest (minhealthnz/nz-covid-data).
//!
//! Columns: id, Event, Location, City, Start, End, Advice, LAT, LNG, Added and, later, Updated. Times are local. An id is
//! one of Salesforce's: 15 characters that tell upper from lower case, or 18, the last three of which only repeat the case.

use chrono_tz::Pacific::Auckland;
use techo_protocol::exposure::notice::Severity;

use super::dates::{self, NoTime, Twice};
use super::fields::Row;
use super::layout::{Layout, MAX_ID_CHARS, MAX_NAME_CHARS, MAX_TEXT_CHARS, window};
use super::{Event, RowError};

/// The layout `nz`: New Zealand's list of locations of interest.
pub(super) const LAYOUT: Layout = Layout {
    name: "nz",
    encoding: Some("windows-1252"),
    columns: &["id", "Event", "Location", "Start", "End", "Advice"],
    id: |id| id.get(..15).unwrap_or(id),
    event,
};

fn event(row: &Row<'_>) -> Result<Event, RowError> {
    let (from, to) = window(time(row, "Start", Twice::Earlier)?, time(row, "End", Twice::Later)?)?;
    let advice = row.text("Advice", MAX_TEXT_CHARS)?;
    Ok(Event {
        row: row.number,
        id: short_id(row.required_text("id", MAX_ID_CHARS)?)?.to_owned(),
        name: row.required_text("Event", MAX_NAME_CHARS)?.to_owned(),
        address: address(row)?,
        from,
        to,
        severity: if says_to_isolate(advice) {
            Severity::Cluster
        } else {
            Severity::Caution
        },
        advice_text: advice.to_owned(),
    })
}

fn short_id(id: &str) -> Result<&str, RowError> {
    if !matches!(id.len(), 15 | 18) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(RowError::Id);
    }
    id.get(..15).ok_or(RowError::Id)
}

/// The location, with the city where the location does not name it.
fn address(row: &Row<'_>) -> Result<String, RowError> {
    let location = row.text("Location", MAX_NAME_CHARS)?;
    let city = row.text("City", MAX_NAME_CHARS)?;
    Ok(match (location.is_empty(), city.is_empty()) {
        (true, _) => city.to_owned(),
        (false, false) if !location.contains(city) => format!("{location}, {city}"),
        (false, _) => location.to_owned(),
    })
}

fn time(row: &Row<'_>, column: &'static str, twice: Twice) -> Result<i64, RowError> {
    let text = row.cell(column);
    if text.is_empty() {
        return Err(RowError::TimeMissing { column });
    }
    dates::local(text, Auckland, twice).map_err(|no_time| match no_time {
        NoTime::Unreadable => RowError::TimeUnreadable { column },
        NoTime::Skipped => RowError::TimeSkipped { column },
    })
}

/// Whether an advice tells anybody to isolate ("isolate", "self-isolate", "isolation"), and not only that nobody has to.
fn says_to_isolate(advice: &str) -> bool {
    let advice = advice.to_lowercase();
    advice.match_indices("isolat").any(|(at, _)| {
        let before = advice.get(..at).unwrap_or_default();
        let before = before.strip_suffix("self-").unwrap_or(before);
        !["need to ", "have to ", "required to "].iter().any(|duty| {
            let negated = before.strip_suffix(duty).map(str::trim_end);
            negated.is_some_and(|before| ["not", "n't", "no", "n’t"].iter().any(|no| before.ends_with(no)))
        })
    })
}

#[cfg(test)]
mod tests;
