//! Devices that write, delete and sync over a relay that delays, drops, duplicates and reorders, and over files. After quiet all agree, nothing
//! acknowledged is lost, and nothing deleted is back.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use serde_bytes::ByteBuf;
use techo_protocol::chunk::Envelope;
use techo_protocol::keys::SigningKey;
use techo_protocol::pairing::NewDevice;
use techo_protocol::sync_api::{Call, SyncAnswer, SyncRequest};

use super::exchange::{StreamRelay, exchange};
use super::household::{ensure, household, rename};
use super::{SyncError, engine, pairing};
use crate::diary::{Diary, Edit, EntryId, Filter, NewVisit, Source, VisitKeys};
use crate::ports::testing::MemoryKeeper;
use crate::ports::{FixedClock, Random, SeededRandom};

const NOW: i64 = 1_795_169_100;
/// `TECHO_SCHEDULES` asks for more.
const SCHEDULES: u64 = 100;

#[derive(Debug)]
enum Trouble {
    Lost,
    Sync(SyncError),
}

impl From<SyncError> for Trouble {
    fn from(error: SyncError) -> Self {
        Self::Sync(error)
    }
}

struct Dice(SeededRandom);

impl Dice {
    fn below(&self, most: u64) -> u64 {
        u64::from_be_bytes(self.0.bytes().unwrap()) % most
    }

    fn shuffle<T>(&self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, usize::try_from(self.below(at as u64 + 1)).unwrap());
        }
    }
}

#[derive(Default)]
struct Kept {
    chunks: Vec<(u64, Vec<u8>)>,
    cursor: u64,
    last_swap: u64,
    /// Every byte that it ever saw.
    seen: Vec<Vec<u8>>,
}

struct MemoryRelay {
    kept: RefCell<Kept>,
    dice: Dice,
    faults: Cell<bool>,
    counted: Cell<[usize; 4]>,
}

impl MemoryRelay {
    fn new(seed: u64) -> Self {
        Self {
            kept: RefCell::default(),
            dice: Dice(SeededRandom::new(seed ^ 0xfeed)),
            faults: Cell::new(false),
            counted: Cell::default(),
        }
    }

    fn happens(&self, fault: usize) -> bool {
        let happens = self.faults.get() && self.dice.below(6) == 0;
        if happens {
            let mut counted = self.counted.get();
            counted[fault] += 1;
            self.counted.set(counted);
        }
        happens
    }

    fn store(&self, chunks: &[ByteBuf]) {
        let mut kept = self.kept.borrow_mut();
        for chunk in chunks {
            let id = Envelope::read(chunk).unwrap().chunk_id;
            kept.seen.push(chunk.to_vec());
            if kept
                .chunks
                .iter()
                .all(|(_, other)| Envelope::read(other).unwrap().chunk_id != id)
            {
                kept.cursor += 1;
                let cursor = kept.cursor;
                kept.chunks.push((cursor, chunk.to_vec()));
            }
        }
    }

    fn answer(&self) -> SyncAnswer {
        let kept = self.kept.borrow();
        SyncAnswer {
            generation: [1; 16],
            epoch: 0,
            last_swap: kept.last_swap,
            cursor: kept.cursor,
            chunks: Vec::new(),
            more: false,
            ..SyncAnswer::default()
        }
    }
}

impl StreamRelay for MemoryRelay {
    type Error = Trouble;

    fn call(&self, request: &SyncRequest, _: Vec<u8>) -> Result<Option<SyncAnswer>, Trouble> {
        // Dropped on the way there.
        if self.happens(0) {
            return Err(Trouble::Lost);
        }
        let mut answer = self.answer();
        match &request.call {
            Call::Push { last_swap, chunks, .. } => {
                if *last_swap != answer.last_swap {
                    return Ok(None);
                }
                self.store(chunks);
            }
            Call::Pull { cursor, .. } => {
                let kept = self.kept.borrow();
                let mut page: Vec<_> = kept.chunks.iter().filter(|(at, _)| at > cursor).cloned().collect();
                // Delayed: the newest are not shown yet.
                if self.happens(1) {
                    page.truncate(page.len() / 2);
                }
                answer.cursor = page.last().map_or(*cursor, |(at, _)| *at);
                if self.happens(2) {
                    page.extend(page.clone());
                }
                if self.happens(3) {
                    self.dice.shuffle(&mut page);
                }
                answer.chunks = page.into_iter().map(|(_, chunk)| ByteBuf::from(chunk)).collect();
            }
            Call::Swap { cursor, add, remove, .. } => {
                if *cursor != answer.cursor {
                    return Ok(None);
                }
                self.store(add);
                let mut kept = self.kept.borrow_mut();
                kept.chunks
                    .retain(|(_, chunk)| remove.iter().all(|id| id.0 != Envelope::read(chunk).unwrap().chunk_id));
                kept.last_swap = kept.cursor;
            }
            _ => {}
        }
        // Dropped on the way back: it was done.
        if self.happens(0) {
            return Err(Trouble::Lost);
        }
        Ok(Some(answer))
    }
}

struct Device {
    diary: Diary,
    _folder: tempfile::TempDir,
}

impl Device {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = MemoryKeeper::default().open(folder.path());
        let mut diary = Diary::open(vault, Box::new(FixedClock(NOW))).unwrap();
        ensure(diary.vault(), "device").unwrap();
        Self { diary, _folder: folder }
    }

    fn add(&mut self, name: &str, days_ago: i64) -> EntryId {
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

    fn sync(&mut self, relay: &MemoryRelay) -> Result<(), Trouble> {
        exchange(self.diary.vault(), relay, "relay", NOW).map(|_| ())
    }

    fn ids(&mut self) -> Vec<EntryId> {
        self.diary
            .list(&Filter::default())
            .unwrap()
            .visits
            .iter()
            .map(|visit| visit.id)
            .collect()
    }

    /// All that a person sees.
    fn all(&mut self) -> Vec<String> {
        let visits = self.diary.list(&Filter::default()).unwrap().visits;
        let mut all: Vec<String> = visits
            .iter()
            .map(|visit| format!("{} {} {:?}", visit.id, visit.name, visit.note))
            .collect();
        all.sort();
        all
    }

    fn note(&mut self, id: &EntryId, note: &str) {
        let edit = Edit {
            note: Some(note.into()),
            ..Edit::default()
        };
        self.diary.edit(id, &edit).unwrap();
    }
}

fn pair(relay: &MemoryRelay, owner: &mut Device, joiner: &mut Device) {
    let signer = SigningKey::generate(&crate::ports::SystemRandom::new()).unwrap();
    owner.sync(relay).unwrap();
    let device = NewDevice {
        key: signer.public(),
        name: "new".into(),
    };
    let welcome = pairing::admit(owner.diary.vault(), &device).unwrap();
    owner.sync(relay).unwrap();
    pairing::join(joiner.diary.vault(), &signer, &welcome).unwrap();
}

fn run(seed: u64) -> [usize; 4] {
    let relay = MemoryRelay::new(seed);
    let dice = Dice(SeededRandom::new(seed));
    let mut devices: Vec<Device> = (0..2 + dice.below(2)).map(|_| Device::new()).collect();
    let (mut added, mut deleted) = (BTreeSet::new(), BTreeSet::new());
    for (at, device) in devices.iter_mut().enumerate() {
        added.insert(device.add(&format!("before {at}"), 3));
    }
    for joiner in 1..devices.len() {
        let (owners, joiners) = devices.split_at_mut(joiner);
        pair(&relay, &mut owners[0], &mut joiners[0]);
    }
    relay.faults.set(true);
    for step in 0..30 {
        let at = usize::try_from(dice.below(devices.len() as u64)).unwrap();
        match dice.below(10) {
            0..=2 => {
                added.insert(devices[at].add(&format!("visit {step}"), i64::try_from(dice.below(12)).unwrap()));
            }
            3 => {
                let ids = devices[at].ids();
                if let Some(id) = ids.get(usize::try_from(dice.below(ids.len().max(1) as u64)).unwrap()) {
                    devices[at].diary.delete(&[*id]).unwrap();
                    deleted.insert(*id);
                }
            }
            4 => {
                let ids = devices[at].ids();
                if let Some(id) = ids.first() {
                    let note = if dice.below(3) == 0 {
                        String::new()
                    } else {
                        format!("note {step}")
                    };
                    devices[at].note(id, &note);
                }
            }
            5 => {
                let mut chunks = engine::everything(devices[at].diary.vault()).unwrap();
                dice.shuffle(&mut chunks);
                chunks.truncate(chunks.len().saturating_sub(usize::from(dice.below(3) == 0)));
                let to = usize::try_from(dice.below(devices.len() as u64)).unwrap();
                engine::incoming(devices[to].diary.vault(), &chunks, false, NOW).unwrap();
            }
            _ => match devices[at].sync(&relay) {
                Ok(()) | Err(Trouble::Lost) => {}
                Err(Trouble::Sync(error)) => assert_eq!(error, SyncError::Refused(super::Refusal::Behind), "seed {seed}"),
            },
        }
    }
    relay.faults.set(false);
    for _ in 0..5 {
        for device in &mut devices {
            device.sync(&relay).unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
        }
    }
    let all: Vec<Vec<String>> = devices.iter_mut().map(Device::all).collect();
    assert!(
        all.iter().all(|seen| *seen == all[0]),
        "seed {seed}: they do not agree: {all:#?}"
    );
    let expected: BTreeSet<EntryId> = added.difference(&deleted).copied().collect();
    let found: BTreeSet<EntryId> = devices[0].ids().into_iter().collect();
    assert_eq!(expected.difference(&found).count(), 0, "seed {seed}: something is lost");
    assert_eq!(found.difference(&expected).count(), 0, "seed {seed}: something is back");
    // Quiet is quiet: nobody has anything to say any more.
    for device in &mut devices {
        assert_eq!(
            engine::outgoing(device.diary.vault()).unwrap(),
            engine::Outgoing::default(),
            "seed {seed}"
        );
    }
    relay.counted.get()
}

#[test]
fn after_quiet_all_agree_nothing_is_lost_and_nothing_is_back() {
    let mut counted = [0; 4];
    let asked = std::env::var("TECHO_SCHEDULES").ok().and_then(|count| count.parse().ok());
    for seed in 0..asked.unwrap_or(SCHEDULES) {
        for (sum, one) in counted.iter_mut().zip(run(seed)) {
            *sum += one;
        }
    }
    assert!(
        counted.iter().all(|count| *count > 0),
        "a kind of fault never occurred: {counted:?}"
    );
}

#[test]
fn two_that_delete_at_once_and_a_third_that_writes_lose_nothing() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Device::new(), Device::new());
    pair(&relay, &mut phone, &mut tablet);
    let [a, b] = [phone.add("a", 3), phone.add("b", 3)];
    phone.sync(&relay).unwrap();
    tablet.sync(&relay).unwrap();
    tablet.diary.delete(&[a]).unwrap();
    let c = phone.add("c", 3);
    phone.sync(&relay).unwrap();
    phone.diary.delete(&[b]).unwrap();
    for _ in 0..3 {
        tablet.sync(&relay).unwrap();
        phone.sync(&relay).unwrap();
    }
    assert_eq!((phone.ids(), tablet.ids()), (vec![c], vec![c]));
}

#[test]
fn a_deletion_removes_the_old_chunks_from_the_relay() {
    let relay = MemoryRelay::new(2);
    let (mut phone, mut tablet) = (Device::new(), Device::new());
    pair(&relay, &mut phone, &mut tablet);
    let a = phone.add("a", 3);
    phone.add("b", 3);
    phone.sync(&relay).unwrap();
    tablet.sync(&relay).unwrap();
    let before: Vec<Vec<u8>> = relay.kept.borrow().chunks.iter().map(|(_, chunk)| chunk.clone()).collect();
    tablet.diary.delete(&[a]).unwrap();
    tablet.sync(&relay).unwrap();
    phone.sync(&relay).unwrap();
    tablet.sync(&relay).unwrap();
    let kept = relay.kept.borrow();
    // The device lists stay; of the week's chunks none.
    let left = kept.chunks.iter().filter(|(_, chunk)| before.contains(chunk)).count();
    assert!(left < before.len(), "{left} of {}", before.len());
    drop(kept);
    // Nothing that a device still holds opens what is gone: its chunks are not among those that it would give away.
    for device in [&mut phone, &mut tablet] {
        let held = engine::everything(device.diary.vault()).unwrap();
        let relayed: Vec<Vec<u8>> = relay.kept.borrow().chunks.iter().map(|(_, chunk)| chunk.clone()).collect();
        assert!(held.iter().all(|chunk| relayed.contains(chunk)));
    }
}

#[test]
fn a_damaged_or_forged_chunk_changes_nothing() {
    let relay = MemoryRelay::new(3);
    let (mut phone, mut tablet) = (Device::new(), Device::new());
    pair(&relay, &mut phone, &mut tablet);
    phone.add("a", 3);
    let chunks = engine::everything(phone.diary.vault()).unwrap();
    let stranger = engine::everything(Device::new().diary.vault()).unwrap();
    let mut bad: Vec<Vec<u8>> = chunks.clone();
    for chunk in &mut bad {
        let middle = chunk.len() / 2;
        chunk[middle] ^= 1;
    }
    let count = bad.len();
    let report = engine::incoming(tablet.diary.vault(), &bad, false, NOW).unwrap();
    assert_eq!((report.refused, report.taken), (count, 0));
    let report = engine::incoming(tablet.diary.vault(), &stranger, false, NOW).unwrap();
    assert_eq!((report.refused, report.taken), (stranger.len(), 0));
    let report = engine::incoming(tablet.diary.vault(), &chunks, false, NOW).unwrap();
    assert_eq!(report.refused, 0);
    assert_eq!(phone.ids(), tablet.ids());
    let again = engine::incoming(tablet.diary.vault(), &chunks, false, NOW).unwrap();
    assert_eq!((again.known, again.taken), (chunks.len(), 0));
}

#[test]
fn a_copied_device_is_noticed() {
    let relay = MemoryRelay::new(4);
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let keeper = MemoryKeeper::default();
    let open = |path: &std::path::Path| Diary::open(keeper.open(path), Box::new(FixedClock(NOW))).unwrap();
    let mut phone = Device {
        diary: open(folder.path()),
        _folder: tempfile::tempdir().unwrap(),
    };
    ensure(phone.diary.vault(), "phone").unwrap();
    let mut tablet = Device::new();
    pair(&relay, &mut phone, &mut tablet);
    crate::ports::testing::copy_folder(folder.path(), copy.path());
    let mut twin = Device {
        diary: open(copy.path()),
        _folder: tempfile::tempdir().unwrap(),
    };
    phone.add("a", 3);
    twin.add("b", 3);
    let (ours, theirs) = (
        engine::everything(phone.diary.vault()).unwrap(),
        engine::everything(twin.diary.vault()).unwrap(),
    );
    assert_eq!(engine::incoming(tablet.diary.vault(), &ours, false, NOW).unwrap().copied, 0);
    assert!(engine::incoming(tablet.diary.vault(), &theirs, false, NOW).unwrap().copied > 0);
}

#[test]
fn a_name_reaches_all_devices_and_a_wiped_relay_is_filled_again() {
    let relay = MemoryRelay::new(5);
    let (mut phone, mut tablet) = (Device::new(), Device::new());
    pair(&relay, &mut phone, &mut tablet);
    let a = phone.add("a", 3);
    phone.sync(&relay).unwrap();
    rename(phone.diary.vault(), 1, "tablet").unwrap();
    let other = MemoryRelay::new(6);
    exchange(phone.diary.vault(), &other, "another relay", NOW).unwrap();
    exchange(tablet.diary.vault(), &other, "another relay", NOW).unwrap();
    assert_eq!(tablet.ids(), [a]);
    let members = household(tablet.diary.vault()).unwrap().unwrap().members;
    assert_eq!(members[1].name, "tablet");
}

#[test]
fn one_check_in_is_one_cell() {
    let relay = MemoryRelay::new(7);
    let mut phone = Device::new();
    phone.add("a", 1);
    phone.sync(&relay).unwrap();
    let before = relay.kept.borrow().seen.len();
    let visit = NewVisit {
        name: "n".repeat(40),
        address: Some("a".repeat(40)),
        check_in: NOW,
        check_out: None,
        default_stay_min: 90,
        source: Source::Code {
            authority: [9; 16],
            kind: crate::diary::CodeKind::Poster,
        },
        keys: VisitKeys::Days(vec![(20_777, [3; 16]), (20_778, [4; 16])]),
        with: vec![],
        note: None,
    };
    phone.diary.check_in(&visit).unwrap();
    phone.sync(&relay).unwrap();
    let sizes: Vec<usize> = relay.kept.borrow().seen[before..].iter().map(Vec::len).collect();
    assert_eq!(sizes, [617]);
}
