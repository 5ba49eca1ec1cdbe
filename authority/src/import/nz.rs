//! New Zealand's list of locations of interest (minhealthnz/nz-covid-data).
//!
//! Columns, as its history has them: id (not in the first list), Event, ExposureType (from January 2022: Close or Casual), Location, City,
//! Start, End, Advice (at first Information), LAT, LNG, Added and, later, Updated. Times are local, as `31/12/2021, 1:05 pm`, `31/12/2021 13:05`,
//! `2021-12-31 13:05:00 NZDT` or in UTC as `2021-12-31T00:05:00.000Z`; some lists of August 2021 are in Windows' Latin encoding. An id is one
//! of Salesforce's: 15 characters that tell upper from lower case, or 18, the last three of which only repeat the case.

use chrono_tz::Pacific::Auckland;
use techo_protocol::exposure::notice::Severity;

use super::bounds::{MAX_ID_CHARS, MAX_NAME_CHARS, MAX_TEXT_CHARS, derived_id, window};
use super::dates::{self, NoTime, Twice};
use super::fields::Row;
use super::{Event, RowError};

/// What `--layout` calls it.
pub(super) const NAME: &str = "nz";

/// The columns of the list that make its header.
pub(super) fn columns() -> Vec<Vec<String>> {
    let mut columns: Vec<Vec<String>> = ["Event", "Location", "Start", "End"]
        .map(|column| vec![column.to_owned()])
        .into();
    columns.push(ADVICE.map(str::to_owned).into());
    columns
}

/// What the column with the advice was called, the newest name first.
const ADVICE: [&str; 2] = ["Advice", "Information"];

pub(super) fn event(row: &Row<'_>) -> Result<Event, RowError> {
    let (from, to) = window(time(row, "Start", Twice::Earlier)?, time(row, "End", Twice::Later)?)?;
    let advice_column = ADVICE.into_iter().find(|column| row.has(column)).unwrap_or("Advice");
    let advice = row.text(advice_column, MAX_TEXT_CHARS)?;
    let name = row.required_text("Event", MAX_NAME_CHARS)?;
    let address = address(row)?;
    Ok(Event {
        row: row.number,
        // The first list of all had no ids.
        id: if row.has("id") {
            short_id(row.required_text("id", MAX_ID_CHARS)?)?.to_owned()
        } else {
            derived_id(name, &address, from)
        },
        name: name.to_owned(),
        severity: severity(row.cell("ExposureType"), advice),
        address,
        from,
        to,
        advice_text: advice.to_owned(),
    })
}

/// What kind of contact the row says that people were; where it does not say so outright, what they are told to do.
fn severity(exposure_type: &str, advice: &str) -> Severity {
    let word = exposure_type.to_lowercase();
    if word.starts_with("close") {
        Severity::Cluster
    } else if word.starts_with("casual") || !says_to_isolate(advice) {
        Severity::Caution
    } else {
        Severity::Cluster
    }
}

/// The part of an id that tells events apart.
pub(super) fn short(id: &str) -> &str {
    id.get(..15).unwrap_or(id)
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

fn time(row: &Row<'_>, column: &str, twice: Twice) -> Result<i64, RowError> {
    let text = row.cell(column);
    if text.is_empty() {
        return Err(RowError::TimeMissing {
            column: column.to_owned(),
        });
    }
    dates::local(text, Auckland, twice, &[]).map_err(|no_time| match no_time {
        NoTime::Unreadable => RowError::unreadable(column, text, dates::KNOWN_FORMS),
        NoTime::Skipped => RowError::TimeSkipped {
            column: column.to_owned(),
        },
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
