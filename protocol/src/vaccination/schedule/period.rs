//! A length of time in the calendar's terms: "3 weeks", "8 months", "6 months - 4 days".

use std::fmt;
use std::str::FromStr;

use chrono::{Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// The longest, in months and in days each: 150 years.
const MOST_MONTHS: u32 = 1_800;
const MOST_DAYS: i32 = 54_787;

/// Months, and then days. What is written in years is months, and what is written in weeks is days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    months: u32,
    days: i32,
}

/// A text is no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a period of years, months, weeks or days")]
pub struct NotAPeriod;

impl Period {
    /// So many days; none if that is more than 150 years.
    pub fn days(days: i32) -> Option<Self> {
        Self { months: 0, days }.checked()
    }

    /// So many months; none if that is more than 150 years.
    pub fn months(months: u32) -> Option<Self> {
        Self { months, days: 0 }.checked()
    }

    /// Whether it is counted in months or years, and not in days alone.
    pub(super) fn has_months(self) -> bool {
        self.months > 0
    }

    fn checked(self) -> Option<Self> {
        (self.months <= MOST_MONTHS && self.days.unsigned_abs() <= MOST_DAYS.unsigned_abs()).then_some(self)
    }

    /// The day so long after another. Where the month has no such day, it is the 1st of the month after.
    ///
    /// ```
    /// use techo_protocol::vaccination::schedule::Period;
    /// let after = |period: &str, day: &str| period.parse::<Period>().unwrap().after(day.parse().unwrap()).unwrap().to_string();
    /// assert_eq!(after("3 weeks", "2021-07-01"), "2021-07-22");
    /// assert_eq!(after("1 month", "2021-01-31"), "2021-03-01", "February has no 31st");
    /// assert_eq!(after("6 months - 4 days", "2021-07-01"), "2021-12-28");
    /// ```
    pub fn after(self, date: NaiveDate) -> Option<NaiveDate> {
        use chrono::Datelike;

        let in_month = date.checked_add_months(Months::new(self.months))?;
        // chrono takes the last day of a shorter month.
        let date = if in_month.day() == date.day() {
            in_month
        } else {
            in_month.succ_opt()?
        };
        let days = Days::new(u64::from(self.days.unsigned_abs()));
        if self.days < 0 {
            date.checked_sub_days(days)
        } else {
            date.checked_add_days(days)
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let months = match (self.months, self.months % 12) {
            (0, _) => String::new(),
            (months, 0) => said(months / 12, "year"),
            (months, _) => said(months, "month"),
        };
        let days = self.days.unsigned_abs();
        let days = if days.is_multiple_of(7) && days > 0 {
            said(days / 7, "week")
        } else {
            said(days, "day")
        };
        match (self.months, self.days) {
            (0, 0..) => f.write_str(&days),
            (0, _) => write!(f, "- {days}"),
            (_, 0) => f.write_str(&months),
            (_, 1..) => write!(f, "{months} + {days}"),
            (_, _) => write!(f, "{months} - {days}"),
        }
    }
}

fn said(number: u32, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let mut period = Self::default();
        let mut sign = 1;
        let mut words = text.split_ascii_whitespace().peekable();
        if words.next_if_eq(&"-").is_some() {
            sign = -1;
        }
        loop {
            let number = words.next().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
            let number: i32 = number.and_then(|word| word.parse().ok()).ok_or(NotAPeriod)?;
            let (months, days) = match words.next().ok_or(NotAPeriod)?.trim_end_matches('s') {
                "year" => (12, 0),
                "month" => (1, 0),
                "week" => (0, 7),
                "day" => (0, 1),
                _ => return Err(NotAPeriod),
            };
            let of = |unit: i32| number.checked_mul(unit).ok_or(NotAPeriod);
            if months > 0 {
                let more = u32::try_from(of(months)? * sign).map_err(|_| NotAPeriod)?;
                period.months = period.months.checked_add(more).ok_or(NotAPeriod)?;
            } else {
                period.days = period.days.checked_add(of(days)? * sign).ok_or(NotAPeriod)?;
            }
            sign = match words.next() {
                None => return period.checked().ok_or(NotAPeriod),
                Some("+") => 1,
                Some("-") => -1,
                Some(_) => return Err(NotAPeriod),
            };
        }
    }
}

impl TryFrom<String> for Period {
    type Error = NotAPeriod;

    fn try_from(text: String) -> Result<Self, NotAPeriod> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn after(period: &str, day: &str) -> NaiveDate {
        period.parse::<Period>().unwrap().after(date(day)).unwrap()
    }

    #[test]
    fn a_day_that_the_month_lacks_is_the_first_of_the_next() {
        // The two examples of the City of Anjo, 2022-06-23.
        assert_eq!(after("5 months", "2022-01-16"), date("2022-06-16"));
        assert_eq!(after("5 months", "2022-01-31"), date("2022-07-01"));
        assert_eq!(after("8 months", "2021-06-30"), date("2022-03-01"));
        assert_eq!(after("8 months", "2023-06-30"), date("2024-03-01"));
        assert_eq!(after("8 months", "2023-06-29"), date("2024-02-29"));
        assert_eq!(after("12 years", "2012-02-29"), date("2024-02-29"));
        assert_eq!(after("5 years", "2012-02-29"), date("2017-03-01"));
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(after("6 months - 4 days", "2021-01-05"), date("2021-07-01"));
        for (text, written) in [
            ("21 days", "3 weeks"),
            ("1 month", "1 month"),
            ("24 months", "2 years"),
            ("0 days", "0 days"),
        ] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), written);
        }
        for text in [
            "",
            "3",
            "weeks",
            "3 fortnights",
            "-3 days",
            "+3 days",
            "3 weeks 2",
            "3 days,",
            "1801 months",
            "99999999999 days",
            "- 1 month",
        ] {
            assert_eq!(text.parse::<Period>(), Err(NotAPeriod), "{text}");
        }
    }

    proptest! {
        #[test]
        fn comes_back(months in 0..=MOST_MONTHS, days in -MOST_DAYS..=MOST_DAYS) {
            let period = Period { months, days };
            prop_assert_eq!(period.to_string().parse::<Period>(), Ok(period));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9 +a-z-]{0,30}") {
            if let Ok(period) = text.parse::<Period>() {
                prop_assert_eq!(period.to_string().parse::<Period>(), Ok(period));
            }
        }

        #[test]
        fn a_later_day_never_gives_an_earlier_one(months in 0..40_u32, start in 0..50_000_u64, more in 0..400_u64) {
            let day = NaiveDate::from_ymd_opt(1950, 1, 1).unwrap() + Days::new(start);
            let period = Period::months(months).unwrap();
            prop_assert!(period.after(day) <= period.after(day + Days::new(more)));
        }
    }
}
