//! Times on the command line: RFC 3339 in, RFC 3339 with an offset out; dates for people in their own form.

use chrono::{DateTime, Datelike, Local, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Timelike};
use techo_protocol::basics::{japan_day, written_day};

use crate::failure::CliError;
use crate::texts::Texts;

/// Reads RFC 3339, or a time or date without a zone as this machine's own. Unix seconds.
///
/// # Errors
/// [`CliError::TimeInvalid`] for anything else; [`CliError::TimeSkipped`] for a local time that the clocks left out.
pub fn read(text: &str) -> Result<i64, CliError> {
    // ISO 8601 may have its offset without a colon.
    if let Ok(time) = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z")) {
        return Ok(time.timestamp());
    }
    let local = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .or_else(|| {
            let (day, time) = written_day::read_with_time(text)?;
            Some(day.and_time(time.unwrap_or_default()))
        })
        .ok_or(CliError::TimeInvalid)?;
    instant(&local)
}

/// Reads a time up to which things are looked for: as [`read`], but a date alone means the end of that day.
///
/// # Errors
/// As [`read`].
pub fn read_end(text: &str) -> Result<i64, CliError> {
    match written_day::read_with_time(text) {
        // The next day's beginning: a day is not always 24 hours long.
        Some((date, None)) => {
            let next = date.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0));
            instant(&next.ok_or(CliError::TimeInvalid)?)
        }
        _ => read(text),
    }
}

/// Reads a day as people write it, such as a birth date; a form that could mean two days is none.
///
/// # Errors
/// [`CliError::DayInvalid`].
pub fn read_day(text: &str) -> Result<NaiveDate, CliError> {
    written_day::read(text).ok_or(CliError::DayInvalid)
}

/// The instant of a local time; the earlier one where the clocks went back over it.
fn instant(local: &NaiveDateTime) -> Result<i64, CliError> {
    match Local.from_local_datetime(local) {
        LocalResult::Single(time) => Ok(time.timestamp()),
        // chrono does not always give the earlier one first, and takes the end of the doubled hour for a part of it.
        LocalResult::Ambiguous(one, other) => [one.timestamp(), other.timestamp()]
            .into_iter()
            .filter(|&at| self::local(at).naive_local() == *local)
            .min()
            .ok_or(CliError::TimeInvalid),
        LocalResult::None => Err(CliError::TimeSkipped),
    }
}

/// RFC 3339 with this machine's offset, for JSON.
pub fn write(unix_seconds: i64) -> String {
    local(unix_seconds).to_rfc3339()
}

/// Day and time for people.
pub fn day_and_time(unix_seconds: i64, texts: &Texts) -> String {
    format!("{} {}", day(unix_seconds, texts), clock(unix_seconds))
}

/// The day for people: `Fri 20 Nov 2026` or `2026年11月20日(金)`.
pub fn day(unix_seconds: i64, texts: &Texts) -> String {
    date(local(unix_seconds).date_naive(), texts)
}

/// The day in Japan for people: the ledger counts by it, wherever this machine is.
pub fn day_in_japan(unix_seconds: i64, texts: &Texts) -> String {
    japan_day::date(japan_day::day(unix_seconds)).map_or_else(String::new, |day| date(day, texts))
}

fn date(time: NaiveDate, texts: &Texts) -> String {
    if texts.is_japanese() {
        let weekday = ["日", "月", "火", "水", "木", "金", "土"][time.weekday().num_days_from_sunday() as usize % 7];
        format!("{}年{}月{}日({weekday})", time.year(), time.month(), time.day())
    } else {
        time.format("%a %-d %b %Y").to_string()
    }
}

/// The day as `2026-11-20`, for posters, which are read in every country.
pub fn iso_day(unix_seconds: i64) -> String {
    local(unix_seconds).format("%Y-%m-%d").to_string()
}

/// Hours and minutes, `19:05`.
pub fn clock(unix_seconds: i64) -> String {
    let time = local(unix_seconds);
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// The time of day of what ends, with the day where that is another than the beginning's.
pub fn end(unix_seconds: i64, beginning: i64, texts: &Texts) -> String {
    if local(unix_seconds).date_naive() == local(beginning).date_naive() {
        clock(unix_seconds)
    } else {
        day_and_time(unix_seconds, texts)
    }
}

fn local(unix_seconds: i64) -> DateTime<Local> {
    // Outside chrono's range of some 260,000 years only the year is wrong.
    Local.timestamp_opt(unix_seconds, 0).earliest().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_kept_and_one_without_is_this_machine_s() {
        assert_eq!(read("2026-11-20T19:05:00+09:00"), Ok(1_795_169_100));
        assert_eq!(read("2026-11-20T19:05:00.5+0900"), Ok(1_795_169_100));
        let local = read("2026-11-20T19:05").unwrap();
        assert_eq!(clock(local), "19:05");
        assert_eq!(read(&write(local)), Ok(local));
        assert_eq!(read("yesterday"), Err(CliError::TimeInvalid));
        assert_eq!(read("2026/11/20 19:05"), Ok(local));
        assert_eq!(read("令和8年11月20日 19:05"), Ok(local));
        assert_eq!(read_end("2026/11/20"), read("2026-11-21"));
        assert_eq!(read("20/11/2026"), Err(CliError::TimeInvalid));
    }

    #[test]
    fn a_birth_date_is_read_as_people_write_it_or_refused_as_a_date() {
        for text in ["1955-01-01", "1955/1/1", "S30.1.1", "昭和30年1月1日", "１９５５年１月１日"] {
            assert_eq!(read_day(text).map(|day| day.to_string()), Ok("1955-01-01".into()), "{text}");
        }
        for text in ["1/2/1955", "1955", "S30", "1955-02-30"] {
            assert_eq!(read_day(text), Err(CliError::DayInvalid), "{text}");
        }
    }

    #[test]
    fn days_are_in_the_person_s_form() {
        let noon = read("2026-11-20T12:00").unwrap();
        assert_eq!(end(noon + 3_600, noon, &Texts::of_locale("en")), "13:00");
        assert_eq!(end(noon + 86_400, noon, &Texts::of_locale("en")), "Sat 21 Nov 2026 12:00");
        assert_eq!(day(noon, &Texts::of_locale("en")), "Fri 20 Nov 2026");
        assert_eq!(day(noon, &Texts::of_locale("ja")), "2026年11月20日(金)");
    }
}
