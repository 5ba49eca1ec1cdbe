//! Days as people and their programs write them: `1955/1/1`, `19550101`, `1955年1月1日`, `昭和30年1月1日`, `S30.1.1`, `1955/1/1 0:00`.
//!
//! A form is read only where it can mean one day: `1/2/1955` is the first of February or the second of January, and is refused.

use chrono::{NaiveDate, NaiveTime};

use super::folding::folded;

/// The forms that are read, for messages.
pub const FORMS: &str = "1955-01-31, 1955/1/31, 19550131, 1955年1月31日, 昭和30年1月31日, S30.1.31";

/// Most characters of a day with its time.
const LONGEST: usize = 40;

/// A Japanese era.
struct Era {
    name: &'static str,
    letter: char,
    /// Its first day.
    begins: (i32, u32, u32),
    /// The year that its year 0 would have been.
    year_zero: i32,
}

/// The eras since 1868. Meiji is counted from 1873, when Japan took the calendar that these dates are in (Cabinet Order 337 of Meiji 5).
const ERAS: [Era; 5] = [
    era("令和", 'R', (2019, 5, 1), 2018),
    era("平成", 'H', (1989, 1, 8), 1988),
    era("昭和", 'S', (1926, 12, 25), 1925),
    era("大正", 'T', (1912, 7, 30), 1911),
    era("明治", 'M', (1873, 1, 1), 1867),
];

const fn era(name: &'static str, letter: char, begins: (i32, u32, u32), year_zero: i32) -> Era {
    Era {
        name,
        letter,
        begins,
        year_zero,
    }
}

/// Reads a day; a time beside it may only be midnight, which spreadsheets add.
///
/// ```
/// use techo_protocol::basics::written_day::read;
/// let day = "1955-01-31".parse().ok();
/// for text in ["1955-01-31", "1955/1/31 0:00", "1955.1.31", "19550131", "１９５５年１月３１日", "昭和30年1月31日", "S30.1.31", "㍼30/1/31"] {
///     assert_eq!(read(text), day, "{text}");
/// }
/// assert_eq!(read("31/1/1955"), None, "which of the two numbers is the month, nobody says");
/// assert_eq!(read("令和元年5月1日"), "2019-05-01".parse().ok());
/// ```
pub fn read(text: &str) -> Option<NaiveDate> {
    let (day, time) = read_with_time(text)?;
    time.is_none_or(|time| time == NaiveTime::MIN).then_some(day)
}

/// Reads a day and the time of day beside it, where there is one: `2021/7/1 10:05`.
///
/// ```
/// use techo_protocol::basics::written_day::read_with_time;
/// let at = |text| read_with_time(text).map(|(day, time)| (day.to_string(), time.map(|time| time.to_string())));
/// assert_eq!(at("2021/7/1 10:05"), Some(("2021-07-01".into(), Some("10:05:00".into()))));
/// assert_eq!(at("2021年7月1日"), Some(("2021-07-01".into(), None)));
/// ```
pub fn read_with_time(text: &str) -> Option<(NaiveDate, Option<NaiveTime>)> {
    if text.chars().nth(LONGEST).is_some() {
        return None;
    }
    let text = folded(text);
    let text = text.trim();
    // Blanks stand within a day too (令和 3年 7月 1日); only what has a colon behind them is a time.
    let cut = text
        .rfind([' ', 'T'])
        .filter(|at| text.get(*at..).is_some_and(|rest| rest.contains(':')));
    let Some((day, time)) = cut.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))) else {
        return Some((day(text)?, None));
    };
    let time = ["%H:%M:%S%.f", "%H:%M"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(time, form).ok())?;
    Some((self::day(day.trim_end())?, Some(time)))
}

fn day(text: &str) -> Option<NaiveDate> {
    if let Some((era, rest)) = era_of(text) {
        let (year, month, day) = era.begins;
        let begins = NaiveDate::from_ymd_opt(year, month, day)?;
        let [year, month, day] = numbers(rest)?;
        // Nobody writes an era's year 100, and documents printed before an era ended name years that it did not have.
        let year = i32::try_from(year).ok().filter(|year| (1..100).contains(year))?;
        let day = NaiveDate::from_ymd_opt(era.year_zero + year, month, day)?;
        return (day >= begins).then_some(day);
    }
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return NaiveDate::parse_from_str(text, "%Y%m%d").ok();
    }
    let [year, month, day] = numbers(text)?;
    // A year of two digits is of a century that nobody names.
    (1000..=9999).contains(&year).then_some(())?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn era_of(text: &str) -> Option<(&'static Era, &str)> {
    ERAS.iter().find_map(|era| {
        let rest = text.strip_prefix(era.name);
        let rest = rest.or_else(|| text.strip_prefix([era.letter, era.letter.to_ascii_lowercase()]));
        rest.map(|rest| (era, rest.trim_start()))
    })
}

/// Year, month and day, with one kind of sign between them.
fn numbers(text: &str) -> Option<[u32; 3]> {
    let parts: Vec<&str> = if let Some((year, rest)) = text.split_once('年') {
        let (month, rest) = rest.split_once('月')?;
        vec![year, month, rest.strip_suffix('日')?]
    } else {
        let sign = text.chars().find(|c| matches!(c, '/' | '-' | '.'))?;
        text.split(sign).collect()
    };
    let number = |(at, part): (usize, &&str)| match part.trim() {
        "元" if at == 0 => Some(1),
        part if (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()) => part.parse().ok(),
        _ => None,
    };
    let [year, month, day] = parts.as_slice() else { return None };
    Some([number((0, year))?, number((1, month))?, number((2, day))?])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Option<String> {
        read(text).map(|day| day.to_string())
    }

    #[test]
    fn eras_begin_on_their_day() {
        assert_eq!(of("平成元年1月8日").as_deref(), Some("1989-01-08"));
        assert_eq!(of("H1.1.7"), None);
        assert_eq!(of("S64.1.7").as_deref(), Some("1989-01-07"));
        assert_eq!(of("R1.4.30"), None);
        assert_eq!(of("H31.5.1").as_deref(), Some("2019-05-01"), "printed before the era ended");
        assert_eq!(of("T15.12.24").as_deref(), Some("1926-12-24"));
        assert_eq!(of("t15/12/24").as_deref(), Some("1926-12-24"));
        assert_eq!(of("大正 15年 12月 24日").as_deref(), Some("1926-12-24"));
        assert_eq!(of("令和 3/07/01").as_deref(), Some("2021-07-01"));
    }

    #[test]
    fn what_can_mean_two_days_or_none_is_refused() {
        for text in [
            "",
            "1/2/1955",
            "55/1/2",
            "1955/13/1",
            "1955-02-29",
            "1955/1",
            "1955/1/1/1",
            "1955-1/1",
            "S30",
            "20210230",
            "S-30.1.1",
            "1955/1/1 10:00",
            "1955/1/1 x",
            "yesterday",
            "1955年1月",
            "+1955/1/1",
            "S0.1.1",
            "１９５５",
            "T",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_with_midnight_is_a_day() {
        for text in [
            "1955/1/1 0:00",
            "1955-01-01T00:00:00",
            "1955/01/01 00:00:00.000",
            "1955年1月1日 0:00",
            "T3.1.1 0:00",
        ] {
            assert!(read(text).is_some(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
            let _ = read_with_time(&text);
        }

        #[test]
        fn days_come_back(days in -10_000_i32..40_000) {
            let day = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap() + chrono::Days::new(u64::try_from(days + 20_000).unwrap());
            for form in ["%Y-%m-%d", "%Y/%-m/%-d", "%Y%m%d", "%Y年%-m月%-d日", "%Y.%m.%d 0:00"] {
                let text = day.format(form).to_string();
                prop_assert_eq!(read(&text), Some(day), "{}", text);
            }
        }
    }
}
