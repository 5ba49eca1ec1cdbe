//! A visit as people see it, and what can be asked for and changed.

use crate::documents::EntryId;
use crate::documents::week::{Source, VisitKeys};
use crate::vault::DamagedRow;
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::clock::HOUR_SECONDS;

/// One stay at one venue. Times are Unix seconds (UTC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The visit's id, the same on all devices.
    pub id: EntryId,
    /// The name of the venue, as its code gave it or a person typed it.
    pub name: String,
    /// The address of the venue, where one is known; at most [`super::LONGEST_ADDRESS`] bytes.
    pub address: Option<String>,
    /// When the stay began.
    pub check_in: i64,
    /// When a person said that the stay ended. What the stay is taken to end by is [`Self::out`].
    pub check_out: Option<i64>,
    /// When the stay ended or will end, computed where nobody said so.
    pub out: i64,
    /// What `out` comes from.
    pub ended_by: EndedBy,
    /// After how many minutes a visit ends that nobody ends.
    pub default_stay_min: u16,
    /// Where the visit came from.
    pub source: Source,
    /// Whether the visit was taken from an exported file.
    pub imported: bool,
    /// What exposures are found with, those of later scans included.
    pub keys: VisitKeys,
    /// The people who were along, by name.
    pub people: Vec<Companion>,
    /// The person's own note.
    pub note: Option<String>,
    /// Whether two devices' edits left the end before the beginning: `out` is then computed, and a person should look.
    pub needs_repair: bool,
    /// The check-in as first recorded; the retention counts from its day.
    pub recorded: i64,
    /// When the venue's rotating code was last scanned again.
    pub scanned_again: Option<i64>,
}

impl Visit {
    /// The moment, in Unix seconds, from which this visit's keys open nothing any more; `None` where they reach to its end. Exposures from then on
    /// cannot be found.
    ///
    /// ```
    /// use techo_core::diary::{NewVisit, Source, VisitKeys};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let mut diary = techo_testing::diary(folder.path())?;
    /// // A tablet's code gave the key of one hour, and the stay is longer.
    /// let slot = u32::try_from(techo_testing::NOW / 3_600)? - 2;
    /// let visit = diary.check_in(&NewVisit {
    ///     name: "Bar Yoru".into(),
    ///     address: None,
    ///     check_in: i64::from(slot) * 3_600,
    ///     check_out: None,
    ///     default_stay_min: 90,
    ///     source: Source::Manual,
    ///     keys: VisitKeys::Slots(vec![(slot, [7; 16].into())]),
    ///     with: vec![],
    ///     note: None,
    /// })?;
    /// assert_eq!(visit.uncovered_from(), Some(i64::from(slot) * 3_600 + 3_600));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn uncovered_from(&self) -> Option<i64> {
        let last = self.keys.as_slice().iter().map(|(number, _)| i64::from(*number)).max()?;
        let end = match self.keys {
            VisitKeys::None => return None,
            VisitKeys::Days(_) => (last + 1) * DAY_SECONDS,
            VisitKeys::Slots(_) => (last + 1) * HOUR_SECONDS,
        };
        (self.out > end).then_some(end)
    }
}

/// Who says when a stay ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndedBy {
    /// A person said when it ended.
    Person,
    /// The next check-in ended the stay: nobody is at two places.
    NextCheckIn,
    /// The venue's default stay ran out.
    Automatic,
}

/// Somebody who was along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// The id of the person, the same on all devices.
    pub id: EntryId,
    /// The name; `None` while a visit has come from another device and its person has not ("someone").
    pub name: Option<String>,
}

/// A check-in to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVisit {
    /// The name of the venue, at most [`super::LONGEST_NAME`] bytes; the name that a code gives is cut to that.
    pub name: String,
    /// The address of the venue, where one is known; at most [`super::LONGEST_ADDRESS`] bytes.
    pub address: Option<String>,
    /// When the stay began, in Unix seconds.
    pub check_in: i64,
    /// When a person says that the stay ended, in Unix seconds.
    pub check_out: Option<i64>,
    /// After how many minutes the visit ends if nobody ends it; 0 for [`super::DEFAULT_STAY_MIN`].
    pub default_stay_min: u16,
    /// Where the visit comes from.
    pub source: Source,
    /// The keys that the venue's code gave.
    pub keys: VisitKeys,
    /// Names of people who are along; those who are new are added.
    pub with: Vec<String>,
    /// A note of the person's own.
    pub note: Option<String>,
}

/// What became of a check-in with a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The visit that was written, or prolonged.
    pub visit: Visit,
    /// Whether the code is of the visit that was going on, so that it was prolonged and no new one was made.
    pub again: bool,
    /// The visit that this check-in ended, with its end: nobody had said how long it is.
    pub ended: Option<Visit>,
}

/// What to change of a visit; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// The new check-in, in Unix seconds.
    pub check_in: Option<i64>,
    /// The new check-out, in Unix seconds; `Some(None)` leaves it to be computed again.
    pub check_out: Option<Option<i64>>,
    /// The new name, of a visit that was typed.
    pub name: Option<String>,
    /// The new address, of a visit that was typed; empty to take it away.
    pub address: Option<String>,
    /// The new note; empty to take it away.
    pub note: Option<String>,
    /// The names of all who were along.
    pub with: Option<Vec<String>>,
}

/// Which visits to list. The default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Visits that begin at this time or after it, in Unix seconds.
    pub from: Option<i64>,
    /// Visits that begin before this time, in Unix seconds.
    pub to: Option<i64>,
    /// Visits in whose name, address, note or people this text occurs, in capitals or not.
    pub search: Option<String>,
}

/// What the diary holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The visits, in the order of their check-ins.
    pub visits: Vec<Visit>,
    /// Rows from a newer version of Techo: kept and passed on, and unreadable here.
    pub newer: Vec<EntryId>,
    /// Rows that are damaged on the disk, and so are missing here.
    pub damaged: Vec<DamagedRow>,
}
