//! Visits: checking in with a code, by hand, changing, ending and deleting.

use techo_protocol::trust::TrustList;

use super::{Device, DeviceError};
use crate::arrival::{self, Arrival, ArrivalError, EventWarning, Refused};
use crate::diary::{Edit, EndedBy, Filter, NewVisit, Source, Visit, VisitKeys};
use crate::documents::EntryId;
use crate::following;
use crate::recognise::Recognised;
use crate::scan::ScanError;
use crate::vault::DamagedRow;

/// A check-in with what was read from a code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckIn {
    /// The texts of the codes that a picture holds; exactly one is to be a place's.
    pub texts: Vec<String>,
    /// When the stay began, in Unix seconds; now, where it is not said.
    pub at: Option<i64>,
    /// How long the stay is, in minutes; what the venue says, where it is not said.
    pub stay_minutes: Option<u32>,
    /// Names of people who are along.
    pub with: Vec<String>,
    /// The person's own note.
    pub note: Option<String>,
}

impl CheckIn {
    /// Checks that a device which has not begun yet could check in with this: so that a code that is none begins no device. `now` is the time
    /// in Unix seconds.
    ///
    /// ```
    /// use techo_core::device::CheckIn;
    ///
    /// let text = |text: &str| CheckIn { texts: vec![text.into()], ..CheckIn::default() };
    /// assert!(text("hello").expect_place(techo_testing::NOW).is_err());
    /// let poster = techo_testing::Authority::named("Osaka Prefecture").poster("Bar Yoru")?;
    /// assert_eq!(text(&poster).expect_place(techo_testing::NOW), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What [`Device::check_in`] says of the code on a device that follows nobody.
    pub fn expect_place(&self, now: i64) -> Result<(), DeviceError> {
        Ok(self.arrive(&[], self.at.unwrap_or(now)).map(drop)?)
    }

    /// The arrival at the one place among the texts.
    fn arrive(&self, lists: &[TrustList], at: i64) -> Result<Arrival, Refused> {
        if self.texts.is_empty() {
            return Err(ScanError::NoCode.into());
        }
        let texts = self.texts.iter().map(|text| Recognised::of(text, lists));
        let mut places: Vec<Recognised> = texts.filter(Recognised::is_place).collect();
        places.dedup();
        if places.len() > 1 {
            return Err(ArrivalError::SeveralPlaces.into());
        }
        arrival::arrive(&places.pop().ok_or(ArrivalError::NotAPlace)?, at)
    }
}

/// A visit as it is shown. Times are Unix seconds (UTC). No key is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitView {
    /// Which visit: the same on all devices of the household.
    pub id: EntryId,
    /// The name of the venue.
    pub name: String,
    /// The address of the venue, where it has one.
    pub address: Option<String>,
    /// When the stay began.
    pub check_in: i64,
    /// When it ended or will end, computed where nobody said so.
    pub out: i64,
    /// Who says when it ended.
    pub ended_by: EndedBy,
    /// Where the visit came from.
    pub source: Source,
    /// Whether it was taken from an exported file.
    pub imported: bool,
    /// Whether an exposure can be found at all: the visit's code gave keys.
    pub warned: bool,
    /// From when on its keys do not reach, if it is longer than they do.
    pub keys_end: Option<i64>,
    /// Who was along; `None` for somebody whose name has not come to this device yet.
    pub with: Vec<Option<String>>,
    /// The person's own note.
    pub note: Option<String>,
    /// Two devices' edits left the end before the beginning: a person should look.
    pub needs_repair: bool,
}

impl From<Visit> for VisitView {
    fn from(visit: Visit) -> Self {
        Self {
            warned: visit.keys != crate::diary::VisitKeys::None,
            keys_end: visit.uncovered_from(),
            id: visit.id,
            name: visit.name,
            address: visit.address,
            check_in: visit.check_in,
            out: visit.out,
            ended_by: visit.ended_by,
            source: visit.source,
            imported: visit.imported,
            with: visit.people.into_iter().map(|person| person.name).collect(),
            note: visit.note,
            needs_repair: visit.needs_repair,
        }
    }
}

/// A visit that was written, and what the person is to be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedIn {
    /// The visit as it was written.
    pub visit: VisitView,
    /// Whether this is the visit that was going on, prolonged: the same code was read before, within the stay.
    pub again: bool,
    /// Another visit that this check-in ended, because nobody had said how long it is.
    pub ended: Option<VisitView>,
    /// What does not fit where the code is of an event: the check-in is before it or after it.
    pub event: Option<EventWarning>,
    /// The place cannot be warned about here: its authority is not followed, or it is of another country.
    pub without_warnings: bool,
    /// No authority is followed at all.
    pub follows_nobody: bool,
}

/// A visit that a person enters by hand. Times are Unix seconds (UTC).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddVisit {
    /// Name of the place.
    pub name: String,
    /// Address of the place.
    pub address: Option<String>,
    /// When the stay began.
    pub from: i64,
    /// When the stay ended.
    pub to: i64,
    /// Names of people who were along.
    pub with: Vec<String>,
    /// The person's own note.
    pub note: Option<String>,
}

/// What to do with the end of a visit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EndEdit {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is computed again, as if nobody had said it.
    Clear,
    /// The end is set to this.
    Set {
        /// The new end, in Unix seconds.
        at: i64,
    },
}

/// What to change of a visit; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditVisit {
    /// The new beginning, in Unix seconds.
    pub from: Option<i64>,
    /// What to do with the end.
    pub end: EndEdit,
    /// The new name, of a visit that was entered by hand.
    pub name: Option<String>,
    /// The new address, of a visit that was entered by hand; empty to take it away.
    pub address: Option<String>,
    /// The new note; empty to take it away.
    pub note: Option<String>,
    /// The names of all who were along.
    pub with: Option<Vec<String>>,
}

/// Visits, and what could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VisitList {
    /// The visits, by their beginning.
    pub visits: Vec<VisitView>,
    /// Rows of a newer version of Techo: kept and passed on, and unreadable here.
    pub newer: Vec<EntryId>,
    /// What is damaged on the disk, and so is missing here.
    pub damaged: Vec<DamagedRow>,
}

impl Device {
    /// The visits that a filter names, and what could not be read.
    ///
    /// ```
    /// use techo_core::device::{CheckIn, Device};
    /// use techo_core::diary::Filter;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let poster = techo_testing::Authority::named("Osaka Prefecture").poster("Bar Yoru")?;
    /// device.check_in(&CheckIn { texts: vec![poster], ..CheckIn::default() })?;
    /// let search = |text: &str| Filter { search: Some(text.into()), ..Filter::default() };
    /// assert_eq!(device.visits(&search("yoru"))?.visits.len(), 1);
    /// assert!(device.visits(&search("hiru"))?.visits.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DeviceError`] where the vault cannot be read. Damaged rows are no error.
    pub fn visits(&mut self, filter: &Filter) -> Result<VisitList, DeviceError> {
        self.tidy()?;
        let listing = self.diary.list(filter)?;
        Ok(VisitList {
            visits: listing.visits.into_iter().map(VisitView::from).collect(),
            newer: listing.newer,
            damaged: listing.damaged,
        })
    }

    /// Enters a visit without a code.
    ///
    /// ```
    /// use techo_core::device::{AddVisit, Device};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let from = techo_testing::NOW - 7_200;
    /// let visit = device.add_visit(&AddVisit { name: "Aunt Yoko".into(), from, to: from + 3_600, ..AddVisit::default() })?;
    /// assert!(!visit.warned, "nothing can be found without a code");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`crate::diary::Refusal`] where a time or a text breaks a rule; the vault cannot be written.
    pub fn add_visit(&mut self, request: &AddVisit) -> Result<VisitView, DeviceError> {
        let new = NewVisit {
            name: request.name.clone(),
            address: request.address.clone(),
            check_in: request.from,
            check_out: Some(request.to),
            default_stay_min: 0,
            source: Source::Manual,
            keys: VisitKeys::None,
            with: request.with.clone(),
            note: request.note.clone(),
        };
        Ok(self.diary.check_in(&new)?.into())
    }

    /// Ends a visit at a time in Unix seconds; now, where it is not said.
    ///
    /// ```
    /// use techo_core::device::{AddVisit, Device};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let from = techo_testing::NOW - 7_200;
    /// let visit = device.add_visit(&AddVisit { name: "Aunt Yoko".into(), from, to: from + 3_600, ..AddVisit::default() })?;
    /// assert_eq!(device.check_out(visit.id, None)?.out, techo_testing::NOW);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`crate::diary::Refusal`] where there is no such visit or the time breaks a rule; the vault cannot be written.
    pub fn check_out(&mut self, visit: EntryId, at: Option<i64>) -> Result<VisitView, DeviceError> {
        let at = at.unwrap_or_else(|| self.now());
        Ok(self.diary.check_out(&visit, at)?.into())
    }

    /// Changes a visit. One that is moved by more than a day becomes another, whose id the answer has.
    ///
    /// ```
    /// use techo_core::device::{AddVisit, Device, EditVisit, EndEdit};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let from = techo_testing::NOW - 7_200;
    /// let visit = device.add_visit(&AddVisit { name: "Aunt Yoko".into(), from, to: from + 3_600, ..AddVisit::default() })?;
    /// let edit = EditVisit { end: EndEdit::Set { at: techo_testing::NOW }, note: Some("tea".into()), ..EditVisit::default() };
    /// assert_eq!(device.edit_visit(visit.id, &edit)?.out, techo_testing::NOW);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`crate::diary::Refusal`] where there is no such visit or the edit breaks a rule; the vault cannot be written.
    pub fn edit_visit(&mut self, visit: EntryId, edit: &EditVisit) -> Result<VisitView, DeviceError> {
        let edit = Edit {
            check_in: edit.from,
            check_out: match edit.end {
                EndEdit::Keep => None,
                EndEdit::Clear => Some(None),
                EndEdit::Set { at } => Some(Some(at)),
            },
            name: edit.name.clone(),
            address: edit.address.clone(),
            note: edit.note.clone(),
            with: edit.with.clone(),
        };
        let changed = self.diary.edit(&visit, &edit)?;
        // A visit that has moved has a new id, and the alerts of the old one go.
        self.tidy()?;
        Ok(changed.into())
    }

    /// Deletes visits, really, and what was seen of their alerts. All or none.
    ///
    /// ```
    /// use techo_core::device::{CheckIn, Device};
    /// use techo_core::diary::Filter;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let poster = techo_testing::Authority::named("Osaka Prefecture").poster("Bar Yoru")?;
    /// let done = device.check_in(&CheckIn { texts: vec![poster], ..CheckIn::default() })?;
    /// device.delete_visits(&[done.visit.id])?;
    /// assert!(device.visits(&Filter::default())?.visits.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::diary::Refusal::NoSuchVisit`]; the vault cannot be written.
    pub fn delete_visits(&mut self, visits: &[EntryId]) -> Result<(), DeviceError> {
        self.diary.delete(visits)?;
        self.tidy()
    }

    /// Checks in with the one place among what was read.
    ///
    /// ```
    /// use techo_core::device::{CheckIn, Device};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let poster = techo_testing::Authority::named("Osaka Prefecture").poster("Bar Yoru")?;
    /// let done = device.check_in(&CheckIn {
    ///     texts: vec![poster],
    ///     stay_minutes: Some(90),
    ///     ..CheckIn::default()
    /// })?;
    /// assert_eq!(done.visit.name, "Bar Yoru");
    /// assert_eq!(done.visit.out - done.visit.check_in, 90 * 60);
    /// assert!(done.without_warnings, "nobody is followed who could warn of it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ArrivalError::NotAPlace`] where none is one, [`ArrivalError::SeveralPlaces`] where several are; a code that is forged, expired or outside its hours; a time that the diary
    /// refuses. Nothing is stored then.
    pub fn check_in(&mut self, request: &CheckIn) -> Result<CheckedIn, DeviceError> {
        let at = request.at.unwrap_or_else(|| self.now());
        let lists = following::all(self.diary.vault())?;
        let mut arrival = request.arrive(&lists, at)?;
        arrival.visit.with.clone_from(&request.with);
        arrival.visit.note.clone_from(&request.note);
        // What a person says stands: the next check-in does not cut it.
        arrival.visit.check_out = request.stay_minutes.map(|stay| at.saturating_add(i64::from(stay) * 60));
        let arrived = self.diary.arrive(&arrival.visit)?;
        Ok(CheckedIn {
            visit: arrived.visit.into(),
            again: arrived.again,
            ended: arrived.ended.map(VisitView::from),
            event: arrival.event,
            without_warnings: arrival.without_warnings,
            follows_nobody: lists.is_empty(),
        })
    }
}
