//! An iCalendar file (RFC 5545) of days, for the calendar that a person keeps already.

use chrono::{DateTime, NaiveDate};

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
    /// How many days before the event the calendar reminds.
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
        line(&format!("SUMMARY:{}", escaped(&event.title)));
        line(&format!("DESCRIPTION:{}", escaped(&event.description)));
        line("CLASS:PRIVATE");
        line("TRANSP:TRANSPARENT");
        line("BEGIN:VALARM");
        line("ACTION:DISPLAY");
        line(&format!("DESCRIPTION:{}", escaped(&event.title)));
        line(&format!("TRIGGER:-P{}D", event.alarm_days));
        line("END:VALARM");
        line("END:VEVENT");
    }
    line("END:VCALENDAR");
    out
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
            "DTSTAMP:20210701T020000Z\r\nDTSTART;VALUE=DATE:20210722\r\nSUMMARY:Aki\\, dose 2\\; \"Pfizer\"\\\\\\nearly\r\nDESCRIPTION:\r\n",
            "CLASS:PRIVATE\r\nTRANSP:TRANSPARENT\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Aki\\, dose 2\\; \"Pfizer\"\\\\\\nearly\r\n",
            "TRIGGER:-P7D\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        assert_eq!(file, expected);
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
