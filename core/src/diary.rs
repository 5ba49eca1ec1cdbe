//! The diary: where its people have been.
//!
//! A [`Diary`] is opened over the vault and a clock, and every function of it is one transaction. Times are Unix seconds
//! in UTC; the shells format them. What nobody said is not stored but computed when reading: when a stay ended, what is
//! too old to be shown.

mod check_in;
mod edit;
mod error;
mod export;
mod import;
mod people;
pub(crate) mod retention;
mod stay;
pub(crate) mod text;
mod visit;

use std::ops::RangeInclusive;
use techo_protocol::basics::folding::searchable;
use techo_protocol::basics::secret::Secret;

pub use crate::documents::EntryId;
pub use crate::documents::settings::Person;
pub use crate::documents::week::{CodeKind, ForeignPoster, Source, VisitKeys};
pub use error::{DiaryError, Refusal};
pub use export::Exported;
pub(crate) use export::time_text;
pub use import::{Imported, is_export};
pub use retention::{DEFAULT_KEEP_DAYS, KEEP_DAYS};
pub use text::{LONGEST_ADDRESS, LONGEST_NAME, LONGEST_NOTE};
pub use visit::{Arrived, Companion, Edit, EndedBy, Filter, Listing, NewVisit, Visit};

use crate::documents::week::{VisitEntry, week_of};
use crate::documents::{Document, Documents, settings};
use crate::ports::Clock;
use crate::vault::{DocumentName, StoreError, Vault, VaultError, Writer};

/// After how many minutes a visit ends whose venue says nothing.
pub const DEFAULT_STAY_MIN: u16 = 60;

/// A diary, opened over a vault, with its documents in memory.
pub struct Diary {
    vault: Vault,
    clock: Box<dyn Clock>,
    documents: Documents,
}

impl Diary {
    /// Opens the diary of a vault, and destroys the weeks whose visits have all expired. Where the disk is full or another
    /// process is writing, that is left to the next time.
    ///
    /// # Errors
    /// A [`DiaryError::Vault`]. Damaged rows are no error: [`Self::list`] names them.
    pub fn open(vault: Vault, clock: Box<dyn Clock>) -> Result<Self, DiaryError> {
        let mut diary = Self {
            vault,
            clock,
            documents: Documents::default(),
        };
        diary.refresh()?;
        match diary.forget_expired() {
            // They are hidden already; a full disk or a busy one must not keep a person from reading the others.
            Ok(())
            | Err(DiaryError::Vault(VaultError::Store(StoreError::Full | StoreError::Busy | StoreError::NotYetForgotten))) => {}
            Err(error) => return Err(error),
        }
        diary.refresh()?;
        Ok(diary)
    }

    /// The vault that the diary is kept in, for what is not the diary's.
    pub fn vault(&mut self) -> &mut Vault {
        &mut self.vault
    }

    /// Closes the diary and gives its vault back.
    pub fn into_vault(self) -> Vault {
        self.vault
    }

    /// The time, in Unix seconds.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// The visits that are not expired, and what could not be read.
    ///
    /// ```
    /// use techo_core::diary::Filter;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut diary = techo_testing::diary(folder.path())?;
    /// let visit = diary.check_in(&techo_testing::visit("Bar Yoru"))?;
    /// let search = |text: &str| Filter {
    ///     search: Some(text.into()),
    ///     ..Filter::default()
    /// };
    /// assert_eq!(diary.list(&search("yoru"))?.visits, [visit]);
    /// assert!(diary.list(&search("Umeda"))?.visits.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`DiaryError::Vault`].
    pub fn list(&mut self, filter: &Filter) -> Result<Listing, DiaryError> {
        self.refresh()?;
        let (visits, newer) = self.visits(0..=u32::MAX);
        let kept_from = self.kept_from();
        let visits = visits
            .into_iter()
            .filter(|visit| visit.recorded >= kept_from && matches(visit, filter))
            .collect();
        Ok(Listing {
            visits,
            newer,
            damaged: self.documents.damaged(),
        })
    }

    /// The visit of an id; `None` where the diary has no such visit, or it has expired.
    ///
    /// # Errors
    /// A [`DiaryError::Vault`].
    pub fn visit(&mut self, id: &EntryId) -> Result<Option<Visit>, DiaryError> {
        Ok(self
            .list(&Filter::default())?
            .visits
            .into_iter()
            .find(|visit| visit.id == *id))
    }

    /// The ids of all visits that are here, those that have expired and are not destroyed yet too.
    pub(crate) fn ids(&mut self) -> Result<Vec<EntryId>, DiaryError> {
        self.refresh()?;
        let (entries, newer) = entries(&self.documents, 0..=u32::MAX);
        Ok(entries.iter().map(|entry| entry.id).chain(newer).collect())
    }

    /// Takes over what other processes have written.
    fn refresh(&mut self) -> Result<(), DiaryError> {
        let Self { vault, documents, .. } = self;
        let actor = vault.actor();
        Ok(vault.read(|reader| documents.refresh(reader, actor))?)
    }

    /// The visits of these weeks, expired ones too, and the rows of newer versions.
    fn visits(&self, weeks: RangeInclusive<u32>) -> (Vec<Visit>, Vec<EntryId>) {
        let (entries, newer) = entries(&self.documents, weeks);
        let names = self
            .documents
            .get(&DocumentName::Settings)
            .map(settings::people)
            .unwrap_or_default();
        let visits = stay::stays(&entries)
            .into_iter()
            .zip(entries)
            .map(|(stay, entry)| view(entry, stay, &names))
            .collect();
        (visits, newer)
    }

    /// Changes documents in one transaction that begins by taking over what others have written.
    fn write<T>(&mut self, body: impl FnOnce(&mut Change<'_, '_>) -> Result<T, DiaryError>) -> Result<T, DiaryError> {
        let now = self.now();
        let Self { vault, documents, .. } = self;
        let result = vault.write(|writer| {
            documents.refresh(&writer.reader(), writer.actor())?;
            body(&mut Change { documents, writer, now })
        });
        match &result {
            Ok(_) => documents.written_at(vault.stamp()),
            Err(_) => documents.forget(),
        }
        result
    }
}

/// One transaction of the diary.
struct Change<'c, 'w> {
    documents: &'c mut Documents,
    writer: &'c mut Writer<'w>,
    now: i64,
}

impl Change<'_, '_> {
    fn settings(&mut self) -> &mut Document {
        self.documents.change(&DocumentName::Settings, self.writer.actor())
    }

    /// The document of a check-in's week.
    fn week(&mut self, check_in: i64) -> Result<&mut Document, DiaryError> {
        let week = week_of(check_in).ok_or(Refusal::TooOld { days: self.keep_days() })?;
        Ok(self.documents.change(&DocumentName::Week(week), self.writer.actor()))
    }

    /// The name of the document that holds a visit.
    fn document_of(&self, id: &EntryId) -> Result<DocumentName, Refusal> {
        week_of_visit(self.documents, id)
            .map(DocumentName::Week)
            .ok_or(Refusal::NoSuchVisit)
    }

    /// The entry of the visit that has an id.
    fn entry(&self, id: &EntryId) -> Result<VisitEntry, Refusal> {
        let week = week_of_visit(self.documents, id).ok_or(Refusal::NoSuchVisit)?;
        let (entries, _) = entries(self.documents, week..=week);
        entries.into_iter().find(|entry| entry.id == *id).ok_or(Refusal::NoSuchVisit)
    }

    /// Stores one document: as a change, or without its history if something in it is to be forgotten.
    fn save(&mut self, name: &DocumentName, forget: bool) -> Result<(), DiaryError> {
        let document = self.documents.change(name, self.writer.actor());
        if forget {
            document.rewrite(self.writer)?;
        } else {
            document.save(self.writer)?;
        }
        Ok(())
    }
}

/// The week whose document holds a visit that is not deleted.
fn week_of_visit(documents: &Documents, id: &EntryId) -> Option<u32> {
    let core = crate::documents::keys::core_key(id);
    // The newest first: that is where most changes are made.
    documents
        .weeks()
        .rev()
        .find(|(_, document)| document.get(&core).is_some() && !document.is_buried(id))
        .map(|(week, _)| week)
}

/// The weeks that decide when a visit of `week` ends: an edit moves a check-in by a day at most, and a stay is no longer.
fn weeks_around(week: u32) -> RangeInclusive<u32> {
    week.saturating_sub(1)..=week.saturating_add(1)
}

/// The entries of these weeks in the order of their check-ins, and the ids of rows that a newer version wrote.
fn entries(documents: &Documents, weeks: RangeInclusive<u32>) -> (Vec<VisitEntry>, Vec<EntryId>) {
    let (mut entries, mut newer) = (Vec::new(), Vec::new());
    for (_, document) in documents.weeks().filter(|(week, _)| weeks.contains(week)) {
        for row in document.rows() {
            match VisitEntry::from_row(&row) {
                Some(entry) => entries.push(entry),
                None => newer.push(row.id),
            }
        }
    }
    entries.sort_by_key(|entry| (stay::check_in(entry), entry.id));
    (entries, newer)
}

fn view(entry: VisitEntry, stay: stay::Stay, people: &[Person]) -> Visit {
    let typed = entry.core.source == Source::Manual;
    let (name, address) = if typed {
        (entry.name.unwrap_or_default(), entry.address)
    } else {
        (
            entry.core.name,
            Some(entry.core.address).filter(|address| !address.is_empty()),
        )
    };
    let mut along: Vec<EntryId> = Vec::new();
    for id in entry.people {
        let id = settings::who_is(people, id);
        if !along.contains(&id) {
            along.push(id);
        }
    }
    let companions = along.into_iter().map(|id| {
        let name = people.iter().find(|person| person.id == id).map(|person| person.name.clone());
        Companion { id, name }
    });
    Visit {
        id: entry.id,
        name,
        address: address.filter(|address| !address.is_empty()),
        check_in: stay.check_in,
        check_out: entry.check_out,
        out: stay.out,
        ended_by: stay.ended_by,
        default_stay_min: entry.core.default_stay_min,
        source: entry.core.source,
        imported: entry.core.imported,
        keys: with_later_slots(entry.core.keys, entry.slots),
        people: companions.collect(),
        note: entry.note.filter(|note| !note.is_empty()),
        needs_repair: stay.needs_repair,
        recorded: entry.core.check_in,
        scanned_again: entry.scanned_again,
    }
}

fn with_later_slots(keys: VisitKeys, later: Vec<(u32, Secret<16>)>) -> VisitKeys {
    match keys {
        VisitKeys::Slots(mut slots) => {
            slots.extend(later);
            slots.sort_unstable_by(|(one, key), (two, other)| (one, key.expose()).cmp(&(two, other.expose())));
            slots.dedup_by_key(|(slot, _)| *slot);
            VisitKeys::Slots(slots)
        }
        other => other,
    }
}

fn matches(visit: &Visit, filter: &Filter) -> bool {
    let in_range = filter.from.is_none_or(|from| visit.check_in >= from) && filter.to.is_none_or(|to| visit.check_in < to);
    let searched = filter.search.as_ref().is_none_or(|text| {
        let text = searchable(text);
        let companions = visit.people.iter().filter_map(|person| person.name.as_ref());
        std::iter::once(&visit.name)
            .chain(&visit.address)
            .chain(&visit.note)
            .chain(companions)
            .any(|field| searchable(field).contains(&text))
    });
    in_range && searched
}

#[cfg(test)]
mod tests;
