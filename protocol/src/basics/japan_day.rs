//! Days in Japan: the ledger counts by them wherever this program runs.

use chrono::{DateTime, Datelike, NaiveDate};

use crate::basics::clock::{DAY_SECONDS, HOUR_SECONDS};

/// Japan's offset from UTC in seconds; it has no summer time.
pub const JAPAN_SECONDS: i64 = 9 * HOUR_SECONDS;

/// The day in Japan, counted from 1970-01-01.
///
/// ```
/// // Midnight in Japan is 15:00 of the day before in UTC.
/// use techo_protocol::basics::{clock::HOUR_SECONDS, japan_day::day};
/// assert_eq!((day(15 * HOUR_SECONDS - 1), day(15 * HOUR_SECONDS)), (0, 1));
/// ```
pub fn day(at: i64) -> i64 {
    at.saturating_add(JAPAN_SECONDS).div_euclid(DAY_SECONDS)
}

/// The date of a day; `None` beyond the calendar.
pub fn date(day: i64) -> Option<NaiveDate> {
    DateTime::from_timestamp(day.checked_mul(DAY_SECONDS)?, 0).map(|time| time.date_naive())
}

/// The day of a date.
pub fn day_of(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

/// Midnight in Japan, in Unix seconds.
///
/// ```
/// use techo_protocol::basics::japan_day::{day, start_of};
/// assert_eq!(day(start_of(20_000)), 20_000);
/// assert_eq!(day(start_of(20_000) - 1), 19_999);
/// ```
pub fn start_of(day: i64) -> i64 {
    day.saturating_mul(DAY_SECONDS).saturating_sub(JAPAN_SECONDS)
}

/// Date and time in Japan; `None` beyond the calendar.
pub fn local(at: i64) -> Option<chrono::NaiveDateTime> {
    DateTime::from_timestamp(at.checked_add(JAPAN_SECONDS)?, 0).map(|time| time.naive_utc())
}

/// The age on a day, in whole years, as it is counted in Japan: a year is over with the day before the birthday (Act on Calculation of Ages,
/// 1902).
///
/// ```
/// use techo_protocol::basics::japan_day::age;
/// let [born, before, reached] = ["1960-07-22", "2021-07-20", "2021-07-21"].map(|day| day.parse().unwrap());
/// assert_eq!((age(born, before), age(born, reached)), (Some(60), Some(61)));
/// assert_eq!(age(reached, born), None);
/// ```
pub fn age(born: NaiveDate, on: NaiveDate) -> Option<u32> {
    if on < born {
        return None;
    }
    on.succ_opt()?.years_since(born)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_in_japan() {
        let date_of = |text| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
        // 2021-07-01T00:00:00+09:00
        let midnight = 1_625_065_200;
        assert_eq!(date(day(midnight)), Some(date_of("2021-07-01")));
        assert_eq!(date(day(midnight - 1)), Some(date_of("2021-06-30")));
        assert_eq!(start_of(day(midnight + 5_000)), midnight);
        assert_eq!(day_of(date_of("2021-07-01")), day(midnight));
        assert_eq!(local(midnight).unwrap().to_string(), "2021-07-01 00:00:00");
        assert_eq!(date(i64::MAX), None);
    }

    #[test]
    fn an_age_is_reached_on_the_day_before_the_birthday() {
        let date_of = |text| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
        assert_eq!(age(date_of("2009-07-03"), date_of("2021-07-01")), Some(11));
        assert_eq!(age(date_of("2009-07-02"), date_of("2021-07-01")), Some(12));
        assert_eq!(age(date_of("2009-07-01"), date_of("2021-07-01")), Some(12));
        assert_eq!(age(date_of("2022-07-01"), date_of("2021-07-01")), None);
    }
}
