//! Times as people write them in lists.

use chrono::{DateTime, Datelike as _, MappedLocalTime, NaiveDateTime, TimeZone as _};
use chrono_tz::Tz;

/// The forms of a local time that New Zealand's list has had, and those with or without seconds beside them.
const LOCAL_FORMS: [&str; 10] = [
    "%d/%m/%Y, %I:%M %p",
    "%d/%m/%Y, %I:%M:%S %p",
    "%d/%m/%Y %I:%M %p",
    "%d/%m/%Y, %H:%M",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S%.f",
];

/// Years that a list of exposures can mean; others are mistyped.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

/// Why a text is not a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoTime {
    /// It has none of the known forms, or names a day that is not in the calendar.
    Unreadable,
    /// The zone's clocks went forward over it.
    Skipped,
}

/// Which of two moments is meant by a local time that was there twice, when the clocks went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twice {
    /// The first: for a start.
    Earlier,
    /// The second: for an end. So an exposure covers both and nobody who was there is missed.
    Later,
}

/// A time of RFC 3339, in Unix seconds.
///
/// # Errors
/// [`NoTime::Unreadable`]
pub(super) fn with_offset(text: &str) -> Result<i64, NoTime> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| NoTime::Unreadable)?;
    if !YEARS.contains(&time.year()) {
        return Err(NoTime::Unreadable);
    }
    Ok(time.timestamp())
}

/// A local time in one of the known forms, or a time with an offset, in Unix seconds.
///
/// # Errors
/// [`NoTime`]
pub(super) fn local(text: &str, zone: Tz, twice: Twice) -> Result<i64, NoTime> {
    if let Ok(time) = with_offset(text) {
        return Ok(time);
    }
    let time = LOCAL_FORMS
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .filter(|time| YEARS.contains(&time.year()))
        .ok_or(NoTime::Unreadable)?;
    match (zone.from_local_datetime(&time), twice) {
        (MappedLocalTime::Single(time), _)
        | (MappedLocalTime::Ambiguous(time, _), Twice::Earlier)
        | (MappedLocalTime::Ambiguous(_, time), Twice::Later) => Ok(time.timestamp()),
        (MappedLocalTime::None, _) => Err(NoTime::Skipped),
    }
}

#[cfg(test)]
mod tests;
