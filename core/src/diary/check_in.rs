//! Checking in, and typing a visit in afterwards.

use techo_protocol::basics::clock::HOUR_SECONDS;
use techo_protocol::basics::folding::is_same;

use super::retention::check_length;
use super::{
    Arrived, Change, CodeKind, DEFAULT_STAY_MIN, Diary, DiaryError, EndedBy, EntryId, NewVisit, Refusal, Source, Visit,
    VisitKeys, stay, text, view, week_of_visit, weeks_around,
};
use crate::documents::keys::{core_key, field_key};
use crate::documents::week::{self, MOST_KEYS, VisitCore, person_field, slot_field};
use crate::vault::DocumentName;

impl Diary {
    /// Writes a check-in, durably once this returns.
    ///
    /// Scanning a tablet's rotating code again during the stay makes no second visit: it adds the new keys to the first
    /// and prolongs it, and that one is the answer.
    ///
    /// ```
    /// use techo_core::diary::{NewVisit, Source, VisitKeys};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut diary = techo_testing::diary(folder.path())?;
    /// let visit = diary.check_in(&NewVisit {
    ///     name: "Bar Yoru".into(),
    ///     address: None,
    ///     check_in: techo_testing::NOW - 7_200,
    ///     check_out: None,
    ///     default_stay_min: 60,
    ///     source: Source::Manual,
    ///     keys: VisitKeys::None,
    ///     with: vec!["Aki".into()],
    ///     note: None,
    /// })?;
    /// assert_eq!(visit.out, visit.check_in + 3_600, "nobody said when it ended");
    /// assert_eq!(diary.people()?[0].name, "Aki");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`Refusal`] where a time, a text or the keys break a rule, or a [`DiaryError::Vault`].
    pub fn check_in(&mut self, new: &NewVisit) -> Result<Visit, DiaryError> {
        let id = self.write(|change| {
            change.check_time(new.check_in)?;
            if let Some(out) = new.check_out {
                change.check_stay(new.check_in, out)?;
            }
            change.check_in(new)
        })?;
        self.written(&id)
    }

    /// Writes a check-in with a code, as [`Self::check_in`] does, but that its stated end may lie ahead, and says what it did to the visit that was going on: the same place's is prolonged
    /// (the camera fires twice, or a person is not sure that it worked), and another's is ended unless a person said how long it is.
    ///
    /// ```
    /// use techo_core::diary::NewVisit;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut diary = techo_testing::diary(folder.path())?;
    /// let bar = techo_testing::visit("Bar Yoru");
    /// let first = diary.arrive(&bar)?;
    /// let again = diary.arrive(&NewVisit { check_in: bar.check_in + 40, ..bar })?;
    /// assert_eq!((again.visit.id, again.again), (first.visit.id, true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::check_in`].
    pub fn arrive(&mut self, new: &NewVisit) -> Result<Arrived, DiaryError> {
        self.refresh()?;
        let before = self.visits_around(new.check_in);
        let again = before.iter().rfind(|visit| goes_on(visit, new)).map(|visit| visit.id);
        let id = self.write(|change| match again {
            Some(id) => change.prolong_scanned(&id, new),
            None => change.check_in(new),
        })?;
        let after = self.visits_around(new.check_in);
        let end_of = |visits: &[Visit], id| visits.iter().find(|visit| visit.id == id).map(|visit| visit.out);
        let ended = after.into_iter().find(|visit| {
            visit.id != id
                && visit.ended_by == EndedBy::NextCheckIn
                && end_of(&before, visit.id).is_some_and(|out| out > visit.out)
        });
        Ok(Arrived {
            visit: self.written(&id)?,
            again: before.iter().any(|visit| visit.id == id),
            ended,
        })
    }

    fn visits_around(&self, at: i64) -> Vec<Visit> {
        let Some(week) = week::week_of(at) else { return Vec::new() };
        self.visits(weeks_around(week)).0
    }

    /// Ends a visit at a time, in Unix seconds.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// let mut diary = techo_testing::diary(folder.path())?;
    /// let visit = diary.check_in(&techo_testing::visit("Bar Yoru"))?;
    /// let ended = diary.check_out(&visit.id, techo_testing::NOW - 5_400)?;
    /// assert_eq!(ended.out, techo_testing::NOW - 5_400);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`Refusal`] where there is no such visit or the time breaks a rule, or a [`DiaryError::Vault`].
    pub fn check_out(&mut self, id: &EntryId, at: i64) -> Result<Visit, DiaryError> {
        self.write(|change| {
            let entry = change.entry(id)?;
            change.check_stay(stay::check_in(&entry), at)?;
            let name = change.document_of(id)?;
            change.week(entry.core.check_in)?.set(&field_key(id, week::CHECK_OUT), at)?;
            change.save(&name, false)
        })?;
        self.written(id)
    }

    /// A visit that was just written.
    pub(super) fn written(&self, id: &EntryId) -> Result<Visit, DiaryError> {
        let week = week_of_visit(&self.documents, id).ok_or(Refusal::NoSuchVisit)?;
        let (visits, _) = self.visits(weeks_around(week));
        visits
            .into_iter()
            .find(|visit| visit.id == *id)
            .ok_or_else(|| Refusal::NoSuchVisit.into())
    }
}

/// Whether a code is of a visit that is going on: the same place's, and not over when the code was read. Where one of the codes' keys is the same, so is
/// the place; where a code gives none, its kind, name and address are.
fn goes_on(visit: &Visit, new: &NewVisit) -> bool {
    let is_there = (visit.check_in..=visit.out).contains(&new.check_in);
    let is_same = visit.source == new.source
        && is_same(&visit.name, text::printed(&new.name, text::LONGEST_NAME))
        && is_same(
            visit.address.as_deref().unwrap_or_default(),
            text::printed(new.address.as_deref().unwrap_or_default(), text::LONGEST_ADDRESS),
        );
    let has_key = || match (&visit.keys, &new.keys) {
        (VisitKeys::None, VisitKeys::None) => true,
        (VisitKeys::Days(held), VisitKeys::Days(given)) => given.iter().any(|key| held.contains(key)),
        // A tablet's codes change: `visit_going_on` knows when they join.
        _ => false,
    };
    is_there && is_same && !visit.imported && !visit.needs_repair && has_key()
}

impl Change<'_, '_> {
    /// Takes a code that is read again during its own visit: what was said the second time is added, and how long the stay is counts from then.
    fn prolong_scanned(&mut self, id: &EntryId, new: &NewVisit) -> Result<EntryId, DiaryError> {
        let entry = self.entry(id)?;
        let check_in = stay::check_in(&entry);
        self.check_time(new.check_in)?;
        if let Some(out) = new.check_out {
            check_length(check_in, out)?;
        }
        let people = self.people_called(&new.with)?;
        let note = match (entry.note.as_deref().filter(|note| !note.is_empty()), new.note.as_deref()) {
            (Some(held), Some(note)) if held != note => Some(format!("{held}\n{note}")),
            (None, Some(note)) => Some(note.to_owned()),
            _ => None,
        };
        let note = note
            .map(|note| text::typed(&note, text::LONGEST_NOTE).map(str::to_owned))
            .transpose()?;
        let name = self.document_of(id)?;
        let document = self.week(entry.core.check_in)?;
        let again = entry.scanned_again.unwrap_or(check_in).max(new.check_in);
        document.set(&field_key(id, week::SCANNED_AGAIN), again)?;
        if let Some(out) = new.check_out {
            document.set(&field_key(id, week::CHECK_OUT), out)?;
        }
        if let Some(note) = note {
            document.set(&field_key(id, week::NOTE), note)?;
        }
        for person in people {
            document.set(&field_key(id, &person_field(&person)), true)?;
        }
        self.save(&name, false)?;
        Ok(*id)
    }

    fn check_in(&mut self, new: &NewVisit) -> Result<EntryId, DiaryError> {
        self.check_time(new.check_in)?;
        if let Some(out) = new.check_out {
            check_length(new.check_in, out)?;
        }
        if i64::from(new.default_stay_min) * 60 > stay::LONGEST_STAY {
            return Err(Refusal::StayTooLong.into());
        }
        if let Some(visit) = self.visit_going_on(new) {
            return self.prolong(&visit, new);
        }
        let id = EntryId::random(self.writer.random())?;
        self.add(id, new, false)?;
        let week = self.week(new.check_in)?.name().clone();
        self.save(&week, false)?;
        Ok(id)
    }

    /// Puts a new visit's row into its week's document, not yet stored.
    pub(super) fn add(&mut self, id: EntryId, new: &NewVisit, imported: bool) -> Result<(), DiaryError> {
        let typed = new.source == Source::Manual;
        let address = new.address.as_deref().unwrap_or_default();
        let note = new
            .note
            .as_deref()
            .map(|note| text::typed(note, text::LONGEST_NOTE))
            .transpose()?
            .unwrap_or_default();
        let (name, address) = if typed {
            (text::name(&new.name)?, text::typed(address, text::LONGEST_ADDRESS)?)
        } else {
            (
                text::printed(&new.name, text::LONGEST_NAME),
                text::printed(address, text::LONGEST_ADDRESS),
            )
        };
        if new.keys.as_slice().len() > MOST_KEYS {
            return Err(Refusal::TooManyKeys.into());
        }
        let core = VisitCore {
            check_in: new.check_in,
            default_stay_min: if new.default_stay_min == 0 {
                DEFAULT_STAY_MIN
            } else {
                new.default_stay_min
            },
            source: new.source,
            imported,
            // What was typed can be edited, so it is not in what never changes.
            name: if typed { String::new() } else { name.to_string() },
            address: if typed { String::new() } else { address.to_string() },
            keys: new.keys.clone(),
        };
        let core = core.to_bytes().ok_or(Refusal::TooManyKeys)?;
        let people = self.people_called(&new.with)?;
        let document = self.week(new.check_in)?;
        document.set(&core_key(&id), core)?;
        if typed {
            document.set(&field_key(&id, week::NAME), name)?;
            if !address.is_empty() {
                document.set(&field_key(&id, week::ADDRESS), address)?;
            }
        }
        if let Some(out) = new.check_out {
            document.set(&field_key(&id, week::CHECK_OUT), out)?;
        }
        if !note.is_empty() {
            document.set(&field_key(&id, week::NOTE), note)?;
        }
        for person in people {
            document.set(&field_key(&id, &person_field(&person)), true)?;
        }
        Ok(())
    }

    /// The visit that a rotating code is scanned for again: the same venue's, and the person has not left.
    ///
    /// After the automatic check-out it still goes on while the codes join: this hour is one the visit has a key for, or
    /// the one after.
    fn visit_going_on(&self, new: &NewVisit) -> Option<Visit> {
        let (
            Source::Code {
                kind: CodeKind::Rotating,
                ..
            },
            VisitKeys::Slots(_),
        ) = (new.source, &new.keys)
        else {
            return None;
        };
        let week = week::week_of(new.check_in)?;
        let (entries, _) = super::entries(self.documents, weeks_around(week));
        let mut visits = stay::stays(&entries)
            .into_iter()
            .zip(entries)
            .map(|(stay, entry)| view(entry, stay, &[]));
        let hour = new.check_in.div_euclid(HOUR_SECONDS);
        visits.rfind(|visit| {
            let same = visit.source == new.source
                && is_same(&visit.name, text::printed(&new.name, text::LONGEST_NAME))
                && is_same(
                    visit.address.as_deref().unwrap_or_default(),
                    text::printed(new.address.as_deref().unwrap_or_default(), text::LONGEST_ADDRESS),
                );
            let last = visit.keys.as_slice().iter().map(|(slot, _)| i64::from(*slot)).max();
            let joins = visit.ended_by == EndedBy::Automatic && last.is_some_and(|last| hour <= last + 1);
            let within_a_day = (0..stay::LONGEST_STAY).contains(&new.check_in.saturating_sub(visit.check_in));
            same && within_a_day && (new.check_in <= visit.out || joins)
        })
    }

    fn prolong(&mut self, visit: &Visit, new: &NewVisit) -> Result<EntryId, DiaryError> {
        if let Some(out) = new.check_out {
            check_length(visit.check_in, out)?;
        }
        let people = self.people_called(&new.with)?;
        let name = self.document_of(&visit.id)?;
        let document = self.week(visit.recorded)?;
        for (slot, key) in new.keys.as_slice() {
            if !visit.keys.as_slice().iter().any(|(held, _)| held == slot) {
                document.set(&field_key(&visit.id, &slot_field(*slot)), key.expose().to_vec())?;
            }
        }
        let again = visit.scanned_again.unwrap_or(visit.check_in).max(new.check_in);
        document.set(&field_key(&visit.id, week::SCANNED_AGAIN), again)?;
        if let Some(out) = new.check_out {
            document.set(&field_key(&visit.id, week::CHECK_OUT), out)?;
        }
        for person in people {
            document.set(&field_key(&visit.id, &person_field(&person)), true)?;
        }
        self.save(&name, false)?;
        Ok(visit.id)
    }

    /// Buries visits, each in its week's document, and answers which documents are to be rewritten.
    pub(super) fn bury(&mut self, ids: &[EntryId]) -> Result<std::collections::BTreeSet<DocumentName>, DiaryError> {
        let mut names = std::collections::BTreeSet::new();
        for id in ids {
            let name = self.document_of(id)?;
            self.documents.change(&name, self.writer.actor()).bury(id, true)?;
            names.insert(name);
        }
        Ok(names)
    }
}
