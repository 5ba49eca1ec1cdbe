//! A phone below the front door: a diary in a temporary folder, and what a person sees of it.

use ciborium::Value;
use techo_core::diary::{Diary, Edit, Filter, NewVisit, Source, Visit, VisitKeys};
use techo_core::documents::EntryId;
use techo_core::sync::beginning::ensure;
use techo_core::sync::exchange::{Exchanged, exchange};
use techo_core::sync::household::{Household, household};
use techo_core::sync::{engine, file};
use techo_core::vault::{RecordKind, VAULT_FILE};
use techo_protocol::household::keyring_record::KeyringRecord;

use crate::SetClock;
use crate::memory_keeper::{MemoryKeeper, copy_folder};
use crate::memory_relay::{MemoryRelay, Trouble};

/// The time of a new phone, in Unix seconds: 2026-11-23T00:13:20+09:00, a Monday just after midnight in Japan.
pub const NOW: i64 = 1_795_360_400;

/// A device of a household, whose relay the test carries to it.
///
/// ```
/// use techo_testing::Phone;
///
/// let mut phone = Phone::new();
/// phone.add("Bar Yoru", 1);
/// assert_eq!(phone.names(), ["Bar Yoru"]);
/// ```
pub struct Phone {
    /// The diary, and with it the vault.
    pub diary: Diary,
    /// The folder of its vault.
    pub folder: tempfile::TempDir,
    /// Who has its keys.
    pub keeper: MemoryKeeper,
    /// The clock of its diary.
    pub clock: SetClock,
    /// The time that it syncs at, in Unix seconds.
    pub now: i64,
}

impl Default for Phone {
    fn default() -> Self {
        Self::new()
    }
}

impl Phone {
    /// A phone with an empty diary, in a household of its own.
    pub fn new() -> Self {
        Self::at(NOW)
    }

    /// A phone as [`Phone::new`] makes it, at a time in Unix seconds.
    pub fn at(now: i64) -> Self {
        Self::in_folder_at(tempfile::tempdir().unwrap(), &MemoryKeeper::default(), now)
    }

    /// A phone in a folder, whose keys a keeper has.
    pub fn in_folder(folder: tempfile::TempDir, keeper: &MemoryKeeper) -> Self {
        Self::in_folder_at(folder, keeper, NOW)
    }

    fn in_folder_at(folder: tempfile::TempDir, keeper: &MemoryKeeper, now: i64) -> Self {
        let mut phone = Self::opened(folder, keeper, now);
        ensure(phone.diary.vault(), "device", now).unwrap();
        phone
    }

    fn opened(folder: tempfile::TempDir, keeper: &MemoryKeeper, now: i64) -> Self {
        let (keeper, clock) = (keeper.clone(), SetClock::at(now));
        let diary = Diary::open(keeper.open(folder.path()), Box::new(clock.clone())).unwrap();
        Self {
            diary,
            folder,
            keeper,
            clock,
            now,
        }
    }

    /// The same phone, started anew at another time in Unix seconds.
    #[must_use]
    pub fn restarted_at(self, now: i64) -> Self {
        let Self {
            folder, keeper, diary, ..
        } = self;
        drop(diary);
        Self::opened(folder, &keeper, now)
    }

    /// The diary as a process opens it that begins now: it has read nothing yet.
    pub fn reopened(&self) -> Diary {
        Diary::open(self.keeper.open(self.folder.path()), Box::new(self.clock.clone())).unwrap()
    }

    /// Runs SQL on the vault's file, as damage or a look from outside, and answers how many rows changed.
    pub fn sql(&self, sql: &str) -> usize {
        let file = rusqlite::Connection::open(self.folder.path().join(VAULT_FILE)).unwrap();
        file.execute(sql, []).unwrap()
    }

    /// A copy of this device's folder, with its keys.
    #[must_use]
    pub fn copied(&self, keeper: &MemoryKeeper) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), folder.path());
        Self::in_folder(folder, keeper)
    }

    /// Adds a visit of so many days ago.
    pub fn add(&mut self, name: &str, days_ago: i64) -> EntryId {
        let visit = NewVisit {
            name: name.into(),
            address: None,
            check_in: NOW - days_ago * 86_400,
            check_out: None,
            default_stay_min: 60,
            source: Source::Manual,
            keys: VisitKeys::None,
            with: vec![],
            note: None,
        };
        self.diary.check_in(&visit).unwrap().id
    }

    /// One session with a relay.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn try_sync(&mut self, relay: &MemoryRelay) -> Result<Exchanged, Trouble> {
        relay.met_by_a_phone_at(self.now);
        exchange(self.diary.vault(), relay, "relay", self.now)
    }

    /// One session with a relay that goes well.
    pub fn sync(&mut self, relay: &MemoryRelay) -> Exchanged {
        self.try_sync(relay).unwrap()
    }

    /// What the phone keeps of its household.
    pub fn household(&mut self) -> Household {
        household(self.diary.vault()).unwrap().unwrap()
    }

    /// All visits, in the order of the diary.
    pub fn visits(&mut self) -> Vec<Visit> {
        self.diary.list(&Filter::default()).unwrap().visits
    }

    /// The ids of all visits, in the order of the diary.
    pub fn ids(&mut self) -> Vec<EntryId> {
        self.visits().iter().map(|visit| visit.id).collect()
    }

    /// The names of all visits, sorted.
    pub fn names(&mut self) -> Vec<String> {
        let mut names: Vec<String> = self.visits().into_iter().map(|visit| visit.name).collect();
        names.sort();
        names
    }

    /// Gives a visit a note.
    pub fn note(&mut self, id: &EntryId, note: &str) {
        let edit = Edit {
            note: Some(note.into()),
            ..Edit::default()
        };
        self.diary.edit(id, &edit).unwrap();
    }

    /// Gives everything to another device on a stick.
    pub fn give(&mut self, other: &mut Self) {
        let made = file::make_file(self.diary.vault(), self.now).unwrap();
        file::take_file(other.diary.vault(), &made, other.now).unwrap();
    }

    /// The keyring that the phone has taken over last.
    pub fn keyring(&mut self) -> KeyringRecord {
        let keyring = self.stored("keyring");
        let Value::Bytes(record) = field(keyring, "record") else {
            panic!("the phone has no keyring yet");
        };
        KeyringRecord::read(&record).unwrap()
    }

    /// How many HPKE keys of its own the phone keeps.
    pub fn hpke_keys(&mut self) -> usize {
        self.stored("hpke").as_array().unwrap().len()
    }

    /// How many epochs' keys the phone keeps.
    pub fn epoch_keys(&mut self) -> usize {
        self.stored("epoch_keys").as_array().unwrap().len()
    }

    /// A field of the household's record as it lies in the vault. The engine shows none of these, and the stored form never changes.
    fn stored(&mut self, name: &str) -> Value {
        let record = self.diary.vault().record(RecordKind::Sync, b"household").unwrap().unwrap();
        field(ciborium::from_reader(&record[..]).unwrap(), name)
    }

    /// All chunks of the household that the phone holds.
    pub fn everything(&mut self) -> Vec<Vec<u8>> {
        engine::everything(self.diary.vault(), self.now).unwrap()
    }
}

fn field(map: Value, name: &str) -> Value {
    let mut fields = map.into_map().unwrap().into_iter();
    fields.find(|(key, _)| key.as_text() == Some(name)).unwrap().1
}
