//! What a pass can say, each by itself: in JSON for the standard's text, and in as few bytes as it needs for a code.

use crate::basics::reader::ByteReader;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

/// Longest name in bytes of UTF-8: with it and two other fields a code is still of version 18.
pub const LONGEST_NAME_BYTES: usize = 80;

/// What a person may ask to be shown. A field's number is its bit in a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Whether the person counts as vaccinated.
    Status,
    /// How many doses the municipality has.
    Doses,
    /// The day of the last one.
    LastDose,
    /// Until when the status holds.
    ValidUntil,
    /// The name, to be held beside an identity document.
    Name,
    /// The first letters of the name.
    Initials,
}

/// Whether a person counts as vaccinated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// At least one dose, and not yet [`Status::Vaccinated`].
    PartlyVaccinated,
    /// At least two doses, the second at least 14 days ago.
    Vaccinated,
}

/// A field and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "a variant's field says it")]
pub enum Value {
    Status(Status),
    Doses(u8),
    LastDose(NaiveDate),
    ValidUntil(NaiveDate),
    Name(String),
    Initials(String),
}

impl Field {
    /// Every field, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Status,
        Self::Doses,
        Self::LastDose,
        Self::ValidUntil,
        Self::Name,
        Self::Initials,
    ];

    /// The name in the standard's text, in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Doses => "doses",
            Self::LastDose => "last_dose",
            Self::ValidUntil => "valid_until",
            Self::Name => "name",
            Self::Initials => "initials",
        }
    }

    /// The field of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Its bit in a code.
    pub(super) fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Status {
    /// The name in the standard's text and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::PartlyVaccinated => "partly_vaccinated",
            Self::Vaccinated => "vaccinated",
        }
    }
}

impl Value {
    /// Which field it is of.
    pub fn field(&self) -> Field {
        match self {
            Self::Status(_) => Field::Status,
            Self::Doses(_) => Field::Doses,
            Self::LastDose(_) => Field::LastDose,
            Self::ValidUntil(_) => Field::ValidUntil,
            Self::Name(_) => Field::Name,
            Self::Initials(_) => Field::Initials,
        }
    }

    /// The value as text, without quotation marks.
    pub fn to_text(&self) -> String {
        match self {
            Self::Status(status) => status.name().to_owned(),
            Self::Doses(doses) => doses.to_string(),
            Self::LastDose(date) | Self::ValidUntil(date) => date.to_string(),
            Self::Name(text) | Self::Initials(text) => text.clone(),
        }
    }

    /// The value in JSON, in its one form: of characters that JSON allows, the quotation mark and the backslash alone are escaped.
    pub(super) fn to_json(&self) -> String {
        match self {
            Self::Doses(_) => self.to_text(),
            _ => format!("\"{}\"", self.to_text().replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }

    /// Whether a credential can hold it.
    pub(super) fn is_possible(&self) -> bool {
        match self {
            Self::Status(_) => true,
            Self::Doses(doses) => (1..=99).contains(doses),
            Self::LastDose(date) | Self::ValidUntil(date) => number_of(*date).is_some(),
            Self::Name(text) | Self::Initials(text) => {
                // Controls and what turns the direction of text could make a name look like another on a screen.
                let is_plain = |c: char| {
                    !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                };
                (1..=LONGEST_NAME_BYTES).contains(&text.len()) && text.trim() == text && text.chars().all(is_plain)
            }
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Status(status) => out.push(*status as u8),
            Self::Doses(doses) => out.push(*doses),
            // What a credential holds is possible.
            Self::LastDose(date) | Self::ValidUntil(date) => out.extend(number_of(*date).unwrap_or_default().to_be_bytes()),
            Self::Name(text) | Self::Initials(text) => {
                out.push(u8::try_from(text.len()).unwrap_or_default());
                out.extend_from_slice(text.as_bytes());
            }
        }
    }

    pub(super) fn read(field: Field, bytes: &mut ByteReader<'_>) -> Option<Self> {
        let value = match field {
            Field::Status => Self::Status(match bytes.byte()? {
                0 => Status::PartlyVaccinated,
                1 => Status::Vaccinated,
                _ => return None,
            }),
            Field::Doses => Self::Doses(bytes.byte()?),
            Field::LastDose => Self::LastDose(date(bytes)?),
            Field::ValidUntil => Self::ValidUntil(date(bytes)?),
            Field::Name => Self::Name(text(bytes)?),
            Field::Initials => Self::Initials(text(bytes)?),
        };
        value.is_possible().then_some(value)
    }
}

/// The first letters of a name's words: "Akihiko Kimura" gives "A. K.", and a name in one word its first letter.
///
/// ```
/// use techo_protocol::vaccination::status_pass::{Field, initials};
/// assert_eq!(initials("Akihiko Kimura"), "A. K.");
/// assert_eq!(Field::of_name("last_dose"), Some(Field::LastDose));
/// ```
pub fn initials(name: &str) -> String {
    let letters = name.split_whitespace().filter_map(|word| word.chars().next());
    letters.map(|letter| format!("{letter}.")).collect::<Vec<_>>().join(" ")
}

/// A date as days from 1970-01-01, to 2149.
fn number_of(date: NaiveDate) -> Option<u16> {
    u16::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

fn date(bytes: &mut ByteReader<'_>) -> Option<NaiveDate> {
    NaiveDate::default().checked_add_days(Days::new(u64::from(bytes.u16()?)))
}

fn text(bytes: &mut ByteReader<'_>) -> Option<String> {
    let length = usize::from(bytes.byte()?);
    String::from_utf8(bytes.take(length)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_are_each_fields_own() {
        assert_eq!(Field::ALL.iter().fold(0, |bits, field| bits | field.bit()), 0b11_1111);
        for field in Field::ALL {
            assert_eq!(Field::of_name(field.name()), Some(field));
        }
        assert_eq!(Field::of_name("born"), None);
    }

    #[test]
    fn initials_are_first_letters() {
        for (name, short) in [("Akihiko Kimura", "A. K."), ("木村 明彦", "木. 明."), ("Aki", "A."), ("", "")] {
            assert_eq!(initials(name), short);
        }
    }

    #[test]
    fn a_name_that_could_pass_for_another_is_refused() {
        for name in ["", " Aki", "Aki ", "A\nki", "A\u{202e}ki", &"a".repeat(81)] {
            assert!(!Value::Name(name.into()).is_possible(), "{name:?}");
        }
        for name in ["木村 明彦", "O'Neil \"Al\" \\", &"a".repeat(80)] {
            assert!(Value::Name(name.into()).is_possible(), "{name:?}");
        }
    }

    #[test]
    fn json_is_what_a_parser_reads_back() {
        let name = Value::Name("O'Neil \"Al\" \\ 明彦".into());
        let read: String = serde_json::from_str(&name.to_json()).unwrap();
        assert_eq!(read, name.to_text());
        assert_eq!(Value::Doses(2).to_json(), "2");
        assert_eq!(Value::LastDose(NaiveDate::default()).to_json(), "\"1970-01-01\"");
    }
}
