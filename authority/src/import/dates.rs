//! Times as people write them in lists.

use chrono::{DateTime, Datelike as _, MappedLocalTime, NaiveDate, NaiveDateTime, Offset as _, TimeZone as _};
use chrono_tz::{OffsetName as _, Tz};
use techo_protocol::basics::folding::folded;
use techo_protocol::basics::written_day;

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

/// The forms that are known without a layout file, for messages.
pub(super) const KNOWN_FORMS: &str = "31/12/2021, 1:05 pm; 31/12/2021 13:05; 2021-12-31 13:05:00; 2021-12-31 13:05:00 NZDT; 2021-12-31T13:05:00+13:00; 2021/12/31 13:05; 令和3年12月31日 13:05";

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

/// A local time in one of `forms` (as chrono writes them; none: those that are known), with the abbreviation of a zone's time behind it or
/// not; or a time with an offset. In Unix seconds. Where a form has no time of day, the start is midnight and the end the midnight after.
///
/// # Errors
/// [`NoTime`]
pub(super) fn local(text: &str, zone: Tz, twice: Twice, forms: &[String]) -> Result<i64, NoTime> {
    // A program that writes times for people may put a narrow blank before "pm".
    let text = folded(text);
    let text = text.replace("a.m.", "am").replace("p.m.", "pm");
    if let Ok(time) = with_offset(&text) {
        return Ok(time);
    }
    if let Some((time, name)) = text.rsplit_once(' ')
        && let Some(local) = moment(time.trim_end(), twice, forms)
        && let Some(offset) = offset_of(name, zone, &local)
    {
        return Ok(local.and_utc().timestamp() - offset);
    }
    let time = moment(&text, twice, forms).ok_or(NoTime::Unreadable)?;
    match (zone.from_local_datetime(&time), twice) {
        (MappedLocalTime::Single(time), _)
        | (MappedLocalTime::Ambiguous(time, _), Twice::Earlier)
        | (MappedLocalTime::Ambiguous(_, time), Twice::Later) => Ok(time.timestamp()),
        (MappedLocalTime::None, _) => Err(NoTime::Skipped),
    }
}

/// A date and a time of day of one of the forms.
fn moment(text: &str, twice: Twice, forms: &[String]) -> Option<NaiveDateTime> {
    let day_alone = |form: &str| {
        let day = NaiveDate::parse_from_str(text, form).ok()?;
        match twice {
            Twice::Earlier => Some(day),
            Twice::Later => day.succ_opt(),
        }?
        .and_hms_opt(0, 0, 0)
    };
    let time = if forms.is_empty() {
        let known = LOCAL_FORMS
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        known.or_else(|| {
            let (day, time) = written_day::read_with_time(text)?;
            Some(day.and_time(time?))
        })
    } else {
        let with_time = |form: &String| NaiveDateTime::parse_from_str(text, form).ok();
        forms.iter().find_map(|form| with_time(form).or_else(|| day_alone(form)))
    };
    time.filter(|time| YEARS.contains(&time.year()))
}

/// How far ahead of UTC a zone is, in seconds, while its clocks show what `name` abbreviates, such as NZDT or NZST.
fn offset_of(name: &str, zone: Tz, near: &NaiveDateTime) -> Option<i64> {
    if !(2..=5).contains(&name.len()) || !name.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    if matches!(name, "UTC" | "GMT") {
        return Some(0);
    }
    // Around the time itself, and in both halves of its year: a list may keep the winter's name in summer.
    let year = near.year();
    let halves = [1, 7]
        .into_iter()
        .filter_map(|month| NaiveDate::from_ymd_opt(year, month, 1)?.and_hms_opt(0, 0, 0));
    std::iter::once(*near).chain(halves).find_map(|at| {
        let offset = zone.offset_from_utc_datetime(&at);
        (offset.abbreviation() == Some(name)).then(|| i64::from(offset.fix().local_minus_utc()))
    })
}

#[cfg(test)]
mod tests;
