//! The vaccine record: whose doses, from slips, certificates, tickets and by hand; which dose is next, and whether a lot was recalled.
//!
//! Each person has an Automerge document of their own (`documents::record`), shared with the household's devices and never expired. A record
//! keeps what was read as it was read, so that it can be shown and checked again; what it says is worked out each time anew
//! ([`doses`], [`next`]): nothing that could become untrue is stored.
//!
//! ```
//! use techo_core::certificates::Trust;
//! use techo_testing::{NOW, Town};
//! use techo_core::following;
//! use techo_core::vaccine::{self, Believing, Keep, people};
//!
//! let folder = tempfile::tempdir()?;
//! let mut vault = techo_testing::vault(folder.path())?;
//! let aki = people::add(&mut vault, "Aki", None, NOW)?;
//! let sakai = Town::named("Sakai");
//! following::add(&mut vault, &sakai.trust_file())?;
//!
//! let believing = Believing { lists: &following::all(&mut vault)?, issuers: &Trust::default() };
//! let slip = Keep { texts: vec![sakai.slip(1, NOW - 86_400)?], ..Keep::of(aki.id) };
//! vaccine::keep(&mut vault, &slip, &believing, NOW)?;
//! let records = vaccine::list(&mut vault)?.records;
//! let doses = vaccine::doses(&records, &believing, NOW);
//! assert_eq!(doses[0].place.as_deref(), Some("Kanaria Clinic"));
//! assert!(doses[0].is_believed());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
pub use doses::{Believing, Dose, Evidence, PartlyDated, Read, doses, partly_dated, read};
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
pub const JAPAN_SECONDS_AHEAD: i64 = techo_protocol::basics::japan_day::JAPAN_SECONDS;

/// The day in Japan at a moment in Unix seconds.
///
/// ```
/// use techo_core::vaccine::day_in_japan;
///
/// assert_eq!(day_in_japan(1_625_065_199).to_string(), "2021-06-30", "23:59:59 in Japan");
/// assert_eq!(day_in_japan(1_625_065_200).to_string(), "2021-07-01", "15:00 of the day before in UTC");
/// ```
pub fn day_in_japan(unix_seconds: i64) -> NaiveDate {
    let there = unix_seconds.saturating_add(JAPAN_SECONDS_AHEAD);
    // Outside chrono's range of some 260,000 years only the year is wrong.
    DateTime::from_timestamp(there, 0).unwrap_or_default().date_naive()
}

/// The dose that is next for somebody who was born on that day and had these doses. Doses that are not believed do not count.
///
/// ```
/// use techo_core::vaccine;
/// use techo_protocol::vaccination::schedule::Schedule;
///
/// let schedule = Schedule::japan_covid_19();
/// let today = "2021-07-01".parse()?;
/// let next = vaccine::next(&schedule, None, &[], today);
/// assert_eq!(next.dose, 1);
/// assert!(next.due?.age_assumed, "nobody said when the person was born, so an adult's rules are taken");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
