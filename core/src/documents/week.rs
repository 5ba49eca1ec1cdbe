//! Rows of a week's document: visits.
//!
//! A visit's core, version 1 (numbers big endian): version 1, source 1 (with `IMPORTED`), check-in 8, default stay in
//! minutes 2, name and address each as length 2 and UTF-8, then for a Techo code the authority's id 16, then the keys as
//! kind 1, count 1 and for each its day or slot 4 and 16 bytes.

use techo_protocol::basics::clock::DAY_SECONDS;

mod core;
mod entry;

pub use self::core::{CodeKind, ForeignPoster, MOST_KEYS, Source, VisitCore, VisitKeys};
pub use self::entry::{ADDRESS, CHECK_IN, CHECK_OUT, NAME, NOTE, SCANNED_AGAIN, VisitEntry, person_field, slot_field};

/// Days in a week's document.
pub const DAYS: i64 = 7;

/// The week that a check-in at `unix_seconds` belongs to for life; `None` before 1970 or after the year 82 million.
///
/// ```
/// use techo_core::documents::week::{last_day, week_of};
///
/// assert_eq!(week_of(0), Some(0));
/// assert_eq!(week_of(7 * 86_400), Some(1));
/// assert_eq!(last_day(1), 13);
/// assert_eq!(week_of(-1), None);
/// ```
pub fn week_of(unix_seconds: i64) -> Option<u32> {
    u32::try_from(unix_seconds.div_euclid(DAYS * DAY_SECONDS)).ok()
}

/// The last UTC day of a week, counted from 1970-01-01.
pub fn last_day(week: u32) -> i64 {
    i64::from(week) * DAYS + DAYS - 1
}

#[cfg(test)]
mod tests;
