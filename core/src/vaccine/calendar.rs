//! An iCalendar file (RFC 5545) of days, for the calendar that a person keeps already.

use chrono::{DateTime, NaiveDate};
use techo_protocol::basics::clock::HOUR_SECONDS;
use techo_protocol::basics::japan_day;

/// The hour of an alarm, that of the reminders.
const MORNING_HOUR: i64 = 9;
/// Octets of a line without its break (RFC 5545, section 3.1).
const LONGEST_LINE: usize = 75;

/// A day that is to stand in a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The name of the event, the same in every file: a calendar that takes in a newer file changes the event in place of adding one.
    pub uid: String,
    /// The day of the event, in Japan.
    pub day: NaiveDate,
    /// The title that the calendar shows.
    pub title: String,
    /// What there is to say of the event, in any number of lines.
    pub description: String,
    /// How many days before the event the calendar reminds, at nine in the morning; where that is past, on the next morning.
    pub alarm_days: u32,
}

/// Writes the file. `now`, in Unix seconds, is when the events were worked out.
///
/// ```
/// use techo_core::vaccine::{Event, calendar};
///
/// let event = Event {
///     uid: "0f3c@techo".into(),
///     day: "2021-07-22".parse()?,
///     title: "Second dose, Pfizer".into(),
///     description: String::new(),
///     alarm_days: 7,
/// };
/// let file = calendar(&[event], 1_625_101_200);
/// assert!(file.contains("SUMMARY:Second dose\\, Pfizer\r\n"), "a comma would part two values");
/// assert!(file.lines().all(|line| line.len() <= 75));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(events: &[Event], now: i64) -> String {
    let stamp = DateTime::from_timestamp(now, 0)
        .unwrap_or_default()
        .format("%Y%m%dT%H%M%SZ")
        .to_string();
    let mut out = String::new();
    let mut line = |text: &str| fold(text, &mut out);
    line("BEGIN:VCALENDAR");
    line("VERSION:2.0");
    line("PRODID:-//Techo//Vaccine record//EN");
    for event in events {
        line("BEGIN:VEVENT");
        line(&format!("UID:{}", escaped(&event.uid)));
        line(&format!("DTSTAMP:{stamp}"));
        line(&format!("DTSTART;VALUE=DATE:{}", event.day.format("%Y%m%d")));
        // RFC 5545 lets it be left out for a whole day; a library that calendars stand on then throws when it is asked for the end.
        if let Some(end) = event.day.succ_opt() {
            line(&format!("DTEND;VALUE=DATE:{}", end.format("%Y%m%d")));
        }
        line(&format!("SUMMARY:{}", escaped(&event.title)));
        line(&format!("DESCRIPTION:{}", escaped(&event.description)));
        line("CLASS:PRIVATE");
        line("TRANSP:TRANSPARENT");
        line("BEGIN:VALARM");
        line("ACTION:DISPLAY");
        line(&format!("DESCRIPTION:{}", escaped(&event.title)));
        line(&format!("TRIGGER:{}", trigger(event, now)));
        line("END:VALARM");
        line("END:VEVENT");
    }
    line("END:VCALENDAR");
    out
}

/// When the alarm rings, as a time from the beginning of the event's day (section 3.8.6.3). Midnight rings by night, so it is at nine; and an
/// alarm that lies in the past never rings, so it is on the first morning from now on at the earliest.
fn trigger(event: &Event, now: i64) -> String {
    let today = japan_day::day(now);
    let has_rung = now >= japan_day::start_of(today).saturating_add(MORNING_HOUR * HOUR_SECONDS);
    let first = today.saturating_add(i64::from(has_rung));
    let day = japan_day::day_of(event.day);
    let alarm = day.saturating_sub(event.alarm_days.into()).max(first);
    let hours = alarm.saturating_sub(day).saturating_mul(24).saturating_add(MORNING_HOUR);
    // Hours alone say the same as days and hours, in fewer parts; that libraries read it is tried by tests/readers/calendar.sh.
    let sign = if hours < 0 { "-" } else { "" };
    format!("{sign}PT{}H", hours.unsigned_abs())
}

/// A TEXT value (section 3.3.11). Control characters but the line break have no place in one.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' | '\r' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Adds a content line, folded between characters: a break and a space after at most 75 octets.
fn fold(text: &str, out: &mut String) {
    let mut length = 0;
    for c in text.chars() {
        if length + c.len_utf8() > LONGEST_LINE {
            out.push_str("\r\n ");
            length = 1;
        }
        out.push(c);
        length += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(title: &str) -> Event {
        Event {
            uid: "a-2@techo.invalid".into(),
            day: "2021-07-22".parse().unwrap(),
            title: title.into(),
            description: String::new(),
            alarm_days: 7,
        }
    }

    #[test]
    fn a_file_is_as_the_rfc_says() {
        let file = write(&[event("Aki, dose 2; \"Pfizer\"\\\nearly")], 1_625_104_800);
        let expected = concat!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Techo//Vaccine record//EN\r\nBEGIN:VEVENT\r\nUID:a-2@techo.invalid\r\n",
            "DTSTAMP:20210701T020000Z\r\nDTSTART;VALUE=DATE:20210722\r\nDTEND;VALUE=DATE:20210723\r\nSUMMARY:Aki\\, dose 2\\; \"Pfizer\"\\\\\\nearly\r\nDESCRIPTION:\r\n",
            "CLASS:PRIVATE\r\nTRANSP:TRANSPARENT\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Aki\\, dose 2\\; \"Pfizer\"\\\\\\nearly\r\n",
            "TRIGGER:-PT159H\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        assert_eq!(file, expected);
    }

    #[test]
    fn an_alarm_rings_at_nine_and_never_in_the_past() {
        // 2021-07-22 at nine in Japan.
        let morning = 1_626_912_000;
        let at = |now| trigger(&event("x"), now);
        assert_eq!(at(morning - 8 * 86_400), "-PT159H");
        assert_eq!(at(morning - 7 * 86_400 - 1), "-PT159H", "a second before it would ring");
        assert_eq!(at(morning - 7 * 86_400), "-PT135H", "the next morning");
        assert_eq!(at(morning - 86_400), "PT9H");
        assert_eq!(at(morning - 86_401), "-PT15H");
        assert_eq!(at(morning - 1), "PT9H");
        assert_eq!(at(morning), "PT33H", "the day is here, and its morning is over");
        assert_eq!(at(morning + 30 * 86_400), "PT753H", "late doses are given too");
    }

    proptest! {
        /// Whatever somebody is called, no line is too long, none is added, and unfolding and unescaping give the title back.
        #[test]
        fn any_title_comes_back(title in "\\PC{0,120}") {
            let file = write(&[event(&title)], 0);
            prop_assert!(file.split("\r\n").all(|line| line.len() <= LONGEST_LINE && !line.contains(['\r', '\n'])));
            let unfolded = file.replace("\r\n ", "");
            prop_assert_eq!(unfolded.matches("BEGIN:").count(), 3 + title.matches("BEGIN:").count() * 2);
            let line = unfolded.split("\r\n").find_map(|line| line.strip_prefix("SUMMARY:")).unwrap();
            let mut back = String::new();
            let mut chars = line.chars();
            while let Some(c) = chars.next() {
                back.push(if c == '\\' { chars.next().unwrap() } else { c });
            }
            prop_assert_eq!(back, title);
        }
    }
}
