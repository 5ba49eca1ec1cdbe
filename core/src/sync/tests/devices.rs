//! Devices of the tests: a diary in a temporary folder, and what a person sees of it.

use crate::diary::{Diary, Edit, Filter, NewVisit, Source, VisitKeys};
use crate::documents::EntryId;
use crate::ports::testing::{MemoryKeeper, copy_folder};
use crate::ports::{FixedClock, SystemRandom};
use crate::sync::exchange::{Exchanged, exchange};
use crate::sync::household::{Household, NewIdentity, ensure, household};
use crate::sync::memory_relay::{MemoryRelay, Trouble};
use crate::sync::{engine, file, pairing};

/// 2026-11-23T00:13:20+09:00.
pub const NOW: i64 = 1_795_360_400;

pub struct Device {
    pub diary: Diary,
    pub folder: tempfile::TempDir,
    pub now: i64,
}

impl Device {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::in_folder(folder, &MemoryKeeper::default())
    }

    pub fn in_folder(folder: tempfile::TempDir, keeper: &MemoryKeeper) -> Self {
        let mut diary = Diary::open(keeper.open(folder.path()), Box::new(FixedClock(NOW))).unwrap();
        ensure(diary.vault(), "device", NOW).unwrap();
        Self { diary, folder, now: NOW }
    }

    /// A copy of this device's folder, with its keys.
    pub fn copied(&self, keeper: &MemoryKeeper) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), folder.path());
        Self::in_folder(folder, keeper)
    }

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

    pub fn try_sync(&mut self, relay: &MemoryRelay) -> Result<Exchanged, Trouble> {
        exchange(self.diary.vault(), relay, "relay", self.now)
    }

    pub fn sync(&mut self, relay: &MemoryRelay) -> Exchanged {
        self.try_sync(relay).unwrap()
    }

    pub fn household(&mut self) -> Household {
        household(self.diary.vault()).unwrap().unwrap()
    }

    pub fn ids(&mut self) -> Vec<EntryId> {
        let visits = self.diary.list(&Filter::default()).unwrap().visits;
        visits.iter().map(|visit| visit.id).collect()
    }

    pub fn names(&mut self) -> Vec<String> {
        let visits = self.diary.list(&Filter::default()).unwrap().visits;
        let mut names: Vec<String> = visits.into_iter().map(|visit| visit.name).collect();
        names.sort();
        names
    }

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

    pub fn everything(&mut self) -> Vec<Vec<u8>> {
        engine::everything(self.diary.vault(), self.now).unwrap()
    }
}

/// Lets a device in that has not synced yet.
pub fn let_in(relay: &MemoryRelay, owner: &mut Device, joiner: &mut Device) {
    let identity = NewIdentity::generate("new", &SystemRandom::new()).unwrap();
    owner.sync(relay);
    let welcome = pairing::admit(owner.diary.vault(), relay, "relay", &identity.device, owner.now).unwrap();
    pairing::join(joiner.diary.vault(), relay, &identity, &welcome, joiner.now).unwrap();
}

pub fn pair(relay: &MemoryRelay, owner: &mut Device, joiner: &mut Device) {
    let_in(relay, owner, joiner);
    owner.sync(relay);
    joiner.sync(relay);
    owner.sync(relay);
}
