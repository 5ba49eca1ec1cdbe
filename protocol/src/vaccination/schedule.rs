//! Vaccination schedules as data: which dose is due when, by rules that have a date, a source and a signature.
//!
//! Shaped after the supporting data of the CDC's CDSi (Clinical Decision Support for Immunization, Logic Specification 4): series of doses,
//! each with ages, a minimum and a recommended interval, and the time in which that holds. A rule that changes is a new rule with a new
//! date, so nothing has to be changed in the program. Japan's COVID-19 schedule is `schedules/japan-covid-19.json`; it is built in, and a
//! signed file may take its place.
//!
//! "N months later" where that day does not exist is the 1st of the month after: City of Kyoto, 2023-04-28, as in CDSi.
//!
//! A schedule says by which law an age is reached ([`AgeLaw`]). Version 1 of the format could not: its schedules count by the birthday.
//!
//! ```text
//! "TSCH" version:1 length:4 body(CBOR) key_id:2 signature:64
//! ```

mod check;
mod next;
mod period;
mod permits;
mod person;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use next::{Answer, GivenDose, NextDose, NoDose};
pub use period::Period;

use crate::basics::keys::{PublicKey, SigningKey};
use crate::basics::reader::Unreadable;
use crate::basics::signed::Kind;

/// What says nothing of a law, and is read by programs that know of none.
const KIND_1: Kind = Kind {
    magic: b"TSCH",
    version: 1,
    label: b"techo vaccine schedule v1",
    largest: LARGEST_BYTES,
};

/// What says by which law an age is reached: an older program must not read it as if it did not.
const KIND_2: Kind = Kind {
    magic: b"TSCH",
    version: 2,
    label: b"techo vaccine schedule v2",
    largest: LARGEST_BYTES,
};

/// Largest schedule that is read, in bytes: the CDC's whole schedule is some 3 MB of JSON.
pub const LARGEST_BYTES: usize = 4 << 20;

const JAPAN_COVID_19: &str = include_str!("../../schedules/japan-covid-19.json");

crate::coded_errors! {
    /// What can be wrong with a schedule.
    pub enum ScheduleError {
        /// It does not begin like one.
        NotASchedule = "schedule.not_a_schedule", "This file is not a vaccination schedule.", "Ask the health authority for its schedule.";
        /// It is of a later format.
        NewerVersion = "schedule.newer_version", "This schedule is of a newer version than this program knows.", "Update Techo.";
        /// Lengths do not fit, or it cannot be read.
        Damaged = "schedule.damaged", "This schedule is damaged.", "Fetch it again from the authority.";
        /// None of the given keys signed it.
        SignatureInvalid = "schedule.signature_invalid", "This schedule was not signed by an authority that is trusted here.", "Do not use it. Add the authority's trust file first, if you know the authority.";
        /// One that is as new, or newer, is here.
        Older = "schedule.older", "This schedule is not newer than the one that is here.", "Nothing needs to be done; the newer one stays.";
        /// Its text is no JSON of this form.
        Unreadable { line: usize, column: usize } = "schedule.unreadable", "The schedule cannot be read at line {line}, column {column}.", "Correct it there.";
        /// A part contradicts another, or is out of bounds.
        Invalid { what: &'static str } = "schedule.invalid", "The schedule is not sound: {what}.", "Correct it and try again.";
    }
}

/// A schedule: all that one authority says about when doses are due against one disease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Its short name, the same in all versions.
    pub code: String,
    /// Its name, for people.
    pub name: String,
    /// Counts up from 1 with each change.
    pub version: u32,
    /// When this version was made.
    pub issued: NaiveDate,
    /// By which law an age in its rules is reached.
    #[serde(default, skip_serializing_if = "AgeLaw::is_birthday")]
    pub ages: AgeLaw,
    /// Where its rules come from.
    pub sources: Vec<Source>,
    /// The vaccines it speaks of.
    pub products: Vec<Product>,
    /// The series of doses, at least one.
    pub series: Vec<Series>,
}

/// On which day an age of so many years or months is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeLaw {
    /// On the birthday.
    #[default]
    Birthday,
    /// On the day before it, as in Japan: the day of birth counts as the first day of life, so a year is over with the day before the birthday
    /// (Act on Calculation of Ages, 1902; Civil Code, article 143).
    DayBeforeBirthday,
}

impl AgeLaw {
    // serde hands a reference over.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    fn is_birthday(&self) -> bool {
        *self == Self::Birthday
    }

    /// The first day on which somebody has an age. An age in weeks or days is counted from the birth under either law.
    ///
    /// ```
    /// use techo_protocol::vaccination::schedule::AgeLaw;
    /// let twelve = "12 years".parse()?;
    /// let born = "2009-07-02".parse()?;
    /// let reached = |law: AgeLaw| law.reached(twelve, born).map(|day| day.to_string());
    /// assert_eq!(reached(AgeLaw::Birthday).as_deref(), Some("2021-07-02"));
    /// assert_eq!(reached(AgeLaw::DayBeforeBirthday).as_deref(), Some("2021-07-01"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reached(self, age: Period, birth: NaiveDate) -> Option<NaiveDate> {
        let day = age.after(birth)?;
        match self {
            Self::DayBeforeBirthday if age.has_months() => day.pred_opt(),
            _ => Some(day),
        }
    }
}

/// Where a rule comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// By which rules name it.
    pub id: String,
    /// What it is and what it says.
    pub title: String,
    /// Where it can be read; empty if it cannot.
    pub url: String,
}

/// A vaccine that the schedule speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// By which rules and doses name it.
    pub code: String,
    /// By whom it is made: doses of one maker go together.
    pub maker: String,
    /// Its name, for people.
    pub name: String,
}

/// Doses that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// The series' short name, one in the whole schedule.
    pub code: String,
    /// What it is for.
    pub kind: SeriesKind,
    /// The products whose first dose begins it; of a booster series, those that may be given.
    pub products: Vec<String>,
    /// How old somebody is who begins it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_dose_age: Option<AgeRange>,
    /// Its doses, in their order.
    pub doses: Vec<SeriesDose>,
}

/// What a series is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesKind {
    /// The first doses that somebody has against the disease.
    Primary,
    /// Doses after any primary series is complete.
    Booster,
}

/// One dose of a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesDose {
    /// Whether it is given again and again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeats: bool,
    /// The rules; where several hold, what any of them permits is permitted.
    pub rules: Vec<Rule>,
}

/// When a dose is due, as long as this holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its short name, one in the whole schedule.
    pub id: String,
    /// The first day on which it holds.
    pub from: NaiveDate,
    /// The first day on which it holds no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
    /// The age at which the rule holds; every age where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<AgeRange>,
    /// How long after the dose before it may be given.
    #[serde(default)]
    pub earliest: Period,
    /// How long after the dose before it should be given.
    #[serde(default)]
    pub recommended: Period,
    /// From when on it is late. Late is still allowed; nothing is begun anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue: Option<Overdue>,
    /// Whether it has to be of the maker of the first dose.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub same_maker: bool,
    /// Who had a dose on or after this day gets none by this rule: one dose a person in a season.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none_since: Option<NaiveDate>,
    /// What may be given; the products of the series if nothing is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub give: Vec<String>,
    /// The ids of the sources.
    pub sources: Vec<String>,
}

/// An age, on the day of the dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeRange {
    /// From this age on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Period>,
    /// Before this age is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<Period>,
    /// The age from which on it is not only possible but recommended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommended_from: Option<Period>,
}

/// From when on a dose is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overdue {
    /// So long after the recommended day.
    AfterRecommended(Period),
    /// So long after the dose before.
    AfterPrevious(Period),
}

impl Schedule {
    /// Japan's COVID-19 schedule, as it is built in.
    pub fn japan_covid_19() -> Self {
        // A test reads it, and it is part of the program.
        Self::from_json(JAPAN_COVID_19).expect("the built-in schedule is sound")
    }

    /// Reads a schedule as people write it.
    ///
    /// # Errors
    /// [`ScheduleError::Unreadable`] with the place, or [`ScheduleError::Invalid`].
    pub fn from_json(text: &str) -> Result<Self, ScheduleError> {
        let schedule: Self = serde_json::from_str(text).map_err(|error| ScheduleError::Unreadable {
            line: error.line(),
            column: error.column(),
        })?;
        schedule.check()?;
        Ok(schedule)
    }

    /// Signs the schedule.
    ///
    /// ```
    /// use techo_protocol::{basics::keys::SigningKey, vaccination::schedule::{Schedule, ScheduleError}};
    /// let [key, other] = [1, 2].map(|seed| SigningKey::from_seed(&[seed; 32]));
    /// let schedule = Schedule::japan_covid_19();
    /// let file = schedule.write(&key)?;
    /// assert_eq!(Schedule::read(&file, [&key.public()]), Ok(schedule));
    /// assert_eq!(Schedule::read(&file, [&other.public()]), Err(ScheduleError::SignatureInvalid));
    /// # Ok::<(), ScheduleError>(())
    /// ```
    ///
    /// # Errors
    /// [`ScheduleError::Invalid`] for what nobody would read again.
    pub fn write(&self, signer: &SigningKey) -> Result<Vec<u8>, ScheduleError> {
        self.check()?;
        let kind = if self.ages.is_birthday() { &KIND_1 } else { &KIND_2 };
        let file = kind.write(self, signer);
        if file.len() > LARGEST_BYTES {
            return Err(ScheduleError::Invalid { what: "it is too long" });
        }
        Ok(file)
    }

    /// Reads a file that one of `keys` has signed.
    ///
    /// # Errors
    /// A [`ScheduleError`].
    pub fn read<'k>(file: &[u8], keys: impl IntoIterator<Item = &'k PublicKey>) -> Result<Self, ScheduleError> {
        let kind = if file.get(4) == Some(&KIND_1.version) {
            &KIND_1
        } else {
            &KIND_2
        };
        let signed = kind.read(file).map_err(|why| match why {
            Unreadable::Other => ScheduleError::NotASchedule,
            Unreadable::Newer => ScheduleError::NewerVersion,
            Unreadable::TooLarge | Unreadable::Damaged => ScheduleError::Damaged,
        })?;
        if !signed.signed_by(keys) {
            return Err(ScheduleError::SignatureInvalid);
        }
        let schedule: Self = signed.body().ok_or(ScheduleError::Damaged)?;
        // What version 1 does not have is no part of a file of version 1.
        if schedule.ages.is_birthday() != (kind.version == KIND_1.version) {
            return Err(ScheduleError::Damaged);
        }
        schedule.check()?;
        Ok(schedule)
    }

    /// Whether a file begins like a schedule.
    pub fn is_form(file: &[u8]) -> bool {
        file.starts_with(KIND_1.magic)
    }

    /// A product by its code.
    pub fn product(&self, code: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.code == code)
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
