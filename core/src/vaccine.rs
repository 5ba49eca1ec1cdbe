//! The vaccine record: whose doses, from slips, certificates, tickets and by hand; which dose is next, and whether a lot was recalled.
//!
//! Each person has an Automerge document of their own (`documents::record`), shared with the household's devices and never expired. A record
//! keeps what was read as it was read, so that it can be shown and checked again; what it says is worked out each time anew
//! ([`doses`], [`next`]): nothing that could become untrue is stored.

mod calendar;
mod checker;
mod doses;
mod error;
mod export;
mod keep;
pub mod pass;
pub mod people;
mod recall;
mod record;
mod reminder;
pub mod revocations;
pub mod schedule;
mod slip;
mod status;
mod stored;
mod whose;

pub use crate::documents::EntryId;
pub use crate::documents::record::{Content, TypedDose};
pub use crate::documents::settings::Person;
pub use calendar::{Event, write as calendar};
pub(crate) use checker::Believed;
pub use checker::{Check, CheckError, CheckedDocument, Checker};
pub use doses::{Believing, Dose, Evidence, Read, doses, read};
pub use error::{VaccineError, VaccineRefusal};
pub use export::export;
pub use keep::{Keep, Kept, keep};
pub use recall::{Recalled, recalled};
pub use record::{Added, Record, RecordList, add, add_all, delete, list};
pub use reminder::{Reminder, ReminderKind, reminders};
pub use slip::verify as verify_slip;
pub use whose::RecordWarning;

use chrono::{DateTime, NaiveDate};
use techo_protocol::vaccination::schedule::{Answer, GivenDose, Schedule};

/// Japan's time is 9 hours ahead of UTC all year round. A dose slip's day is the day there, wherever the phone is.
pub const JAPAN_SECONDS_AHEAD: i64 = 9 * 3_600;

/// The day in Japan at a moment in Unix seconds.
pub fn day_in_japan(unix_seconds: i64) -> NaiveDate {
    let there = unix_seconds.saturating_add(JAPAN_SECONDS_AHEAD);
    // Outside chrono's range of some 260,000 years only the year is wrong.
    DateTime::from_timestamp(there, 0).unwrap_or_default().date_naive()
}

/// The dose that is next for somebody who was born then and had these doses. Those that are not believed do not count.
pub fn next(schedule: &Schedule, born: Option<NaiveDate>, doses: &[Dose], today: NaiveDate) -> Answer {
    let given: Vec<GivenDose<'_>> = doses
        .iter()
        .filter(|dose| dose.is_believed())
        .map(|dose| GivenDose {
            date: dose.date,
            product: dose.product.as_deref(),
            number: dose.number,
        })
        .collect();
    schedule.next(&given, born, today)
}

#[cfg(test)]
pub(crate) mod tests;
