use std::cell::Cell;

use techo_protocol::household::sync_api::{SyncAnswer, SyncRequest};

use techo_core::sync::engine::{self, ChunkSource};
use techo_core::sync::exchange::{StreamRelay, exchange};
use techo_core::sync::household::{Proposal, RelayFault, propose};
use techo_core::sync::{HouseholdRefusal, SyncError};
use techo_testing::memory_keeper::MemoryKeeper;
use techo_testing::memory_relay::{MemoryRelay, Trouble};
use techo_testing::phone::NOW;
use techo_testing::{Phone, let_in, pair};

#[test]
fn a_damaged_or_forged_chunk_changes_nothing() {
    let relay = MemoryRelay::new(3);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    phone.add("a", 3);
    let chunks = phone.everything();
    let stranger = Phone::new().everything();
    let mut bad: Vec<Vec<u8>> = chunks.clone();
    for chunk in &mut bad {
        let middle = chunk.len() / 2;
        chunk[middle] ^= 1;
    }
    let count = bad.len();
    let report = engine::incoming(tablet.diary.vault(), &bad, ChunkSource::direct(NOW)).unwrap();
    assert_eq!((report.refused, report.taken), (count, 0));
    let report = engine::incoming(tablet.diary.vault(), &stranger, ChunkSource::direct(NOW)).unwrap();
    assert_eq!((report.refused, report.taken), (stranger.len(), 0));
    let report = engine::incoming(tablet.diary.vault(), &chunks, ChunkSource::direct(NOW)).unwrap();
    assert_eq!(report.refused, 0);
    assert_eq!(phone.ids(), tablet.ids());
}

#[test]
fn a_copied_device_begins_anew_and_its_diary_stays() {
    let relay = MemoryRelay::new(4);
    let keeper = MemoryKeeper::default();
    let mut phone = Phone::in_folder(tempfile::tempdir().unwrap(), &keeper);
    let mut tablet = Phone::new();
    pair(&relay, &mut phone, &mut tablet);
    let mut twin = phone.copied(&keeper);
    phone.add("a", 3);
    phone.sync(&relay);
    twin.add("b", 3);
    let noticed = twin.try_sync(&relay);
    assert!(
        matches!(noticed, Err(Trouble::Sync(SyncError::Refused(HouseholdRefusal::Copied)))),
        "{noticed:?}"
    );
    assert_eq!(twin.names(), ["b"]);
    let (actor, other) = (phone.diary.vault().actor(), twin.diary.vault().actor());
    assert_ne!(actor, other);
    pair(&relay, &mut phone, &mut twin);
    phone.sync(&relay);
    assert_eq!(phone.names(), ["a", "b"]);
    assert_eq!(twin.names(), phone.names());
}

#[test]
fn a_copy_that_wrote_at_once_is_noticed_by_a_third() {
    let relay = MemoryRelay::new(4);
    let keeper = MemoryKeeper::default();
    let mut phone = Phone::in_folder(tempfile::tempdir().unwrap(), &keeper);
    let mut tablet = Phone::new();
    pair(&relay, &mut phone, &mut tablet);
    let mut twin = phone.copied(&keeper);
    phone.add("a", 3);
    twin.add("b", 3);
    let (ours, theirs) = (phone.everything(), twin.everything());
    let source = ChunkSource::direct(NOW);
    assert_eq!(engine::incoming(tablet.diary.vault(), &ours, source).unwrap().copied, 0);
    assert!(engine::incoming(tablet.diary.vault(), &theirs, source).unwrap().copied > 0);
}

#[test]
fn what_a_copy_wrote_beyond_its_last_is_not_missed_once_it_is_removed() {
    let relay = MemoryRelay::new(4);
    let keeper = MemoryKeeper::default();
    let (mut phone, mut laptop) = (Phone::new(), Phone::new());
    let mut tablet = Phone::in_folder(tempfile::tempdir().unwrap(), &keeper);
    pair(&relay, &mut phone, &mut tablet);
    let mut twin = tablet.copied(&keeper);
    tablet.add("a", 3);
    tablet.give(&mut phone);
    (0..3).for_each(|_| _ = twin.add("b", 3));
    twin.sync(&relay);
    assert!(phone.sync(&relay).received.copied > 0);
    let key = phone.household().list.device(1).unwrap().key;
    let_in(&relay, &mut phone, &mut laptop);
    propose(phone.diary.vault(), Proposal::Remove(1, key)).unwrap();
    phone.sync(&relay);
    assert_eq!(laptop.sync(&relay).relay_fault, None);
}

#[test]
fn nobody_waits_without_end_for_a_snapshot_of_a_copy() {
    let relay = MemoryRelay::new(4);
    let keeper = MemoryKeeper::default();
    let mut phone = Phone::in_folder(tempfile::tempdir().unwrap(), &keeper);
    let mut tablet = Phone::new();
    pair(&relay, &mut phone, &mut tablet);
    let mut twin = phone.copied(&keeper);
    (0..5).for_each(|_| _ = phone.add("a", 3));
    phone.give(&mut tablet);
    let gone = [10, 20].map(|days_ago| twin.add("b", days_ago));
    twin.everything();
    twin.diary.delete(&gone).unwrap();
    twin.give(&mut tablet);
    let keyring = twin.keyring().number;
    assert_eq!(tablet.keyring().number, keyring, "the keyring came");
    // One week has a document, and of the other there is nothing here.
    tablet.add("c", 10);
    for _ in 0..3 {
        tablet.sync(&relay);
        phone.sync(&relay);
    }
    phone.add("d", 20);
    for _ in 0..2 {
        phone.sync(&relay);
        tablet.sync(&relay);
    }
    assert_eq!(phone.names(), ["a", "a", "a", "a", "a", "c", "d"]);
    assert_eq!(tablet.names(), phone.names());
}

#[test]
fn a_relay_that_was_set_back_is_noticed_and_filled_again() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let old = relay.kept.borrow().clone();
    phone.add("a", 3);
    phone.sync(&relay);
    *relay.kept.borrow_mut() = old.clone();
    assert_eq!(phone.sync(&relay).relay_fault, Some(RelayFault::RolledBack));
    assert_eq!(phone.household().relay_fault, Some(RelayFault::RolledBack));
    assert_eq!(tablet.sync(&relay).relay_fault, None);
    assert_eq!(tablet.names(), ["a"]);
    assert_eq!(phone.sync(&relay).relay_fault, None, "it is whole again");
    // Set back, and gone on from there by another before this device looks.
    phone.add("b", 3);
    phone.sync(&relay);
    let mut old = old;
    old.hoard.clear();
    *relay.kept.borrow_mut() = old;
    for number in 0..6 {
        tablet.add(&format!("more {number}"), 2);
    }
    tablet.sync(&relay);
    assert_eq!(phone.sync(&relay).relay_fault, Some(RelayFault::RolledBack));
    tablet.sync(&relay);
    assert_eq!(tablet.names(), phone.names());
}

#[test]
fn a_relay_that_hides_what_another_has_seen_is_noticed() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    // The tablet is shown a fork from here on.
    let fork = MemoryRelay::new(1);
    *fork.kept.borrow_mut() = relay.kept.borrow().clone();
    phone.add("a", 3);
    phone.sync(&relay);
    assert_eq!(tablet.sync(&fork).relay_fault, None, "nothing can be known yet");
    phone.give(&mut tablet);
    assert_eq!(tablet.sync(&fork).relay_fault, Some(RelayFault::Withholds));
}

#[test]
fn what_came_directly_proves_nothing_against_an_honest_relay() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    phone.add("a", 3);
    phone.give(&mut tablet);
    tablet.add("b", 3);
    tablet.give(&mut phone);
    assert_eq!(tablet.sync(&relay).relay_fault, None);
    assert_eq!(phone.sync(&relay).relay_fault, None);
    assert_eq!(tablet.names(), ["a", "b"]);
}

#[test]
fn what_two_devices_sealed_anew_is_one_chunk_and_no_loss() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    pair(&relay, &mut phone, &mut laptop);
    phone.add("a", 3);
    phone.give(&mut tablet);
    propose(laptop.diary.vault(), Proposal::Rotate(0)).unwrap();
    laptop.sync(&relay);
    for _ in 0..2 {
        for device in [&mut tablet, &mut phone, &mut laptop] {
            assert_eq!(device.sync(&relay).relay_fault, None);
        }
    }
    assert_eq!(laptop.names(), ["a"]);
}

#[test]
fn what_a_snapshot_absorbed_that_was_itself_absorbed_is_not_missed() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    pair(&relay, &mut phone, &mut laptop);
    let many = |device: &mut Phone| (0..70).for_each(|_| _ = device.add("visit", 1));
    many(&mut phone);
    phone.sync(&relay);
    laptop.sync(&relay);
    for device in [&mut tablet, &mut phone] {
        device.sync(&relay);
        many(device);
        device.sync(&relay);
    }
    assert_eq!(laptop.sync(&relay).relay_fault, None);
    assert_eq!(laptop.names().len(), 210);
}

#[test]
fn a_device_that_was_set_back_learns_it_from_what_others_have_seen() {
    let relay = MemoryRelay::new(4);
    let keeper = MemoryKeeper::default();
    let mut phone = Phone::in_folder(tempfile::tempdir().unwrap(), &keeper);
    let mut tablet = Phone::new();
    pair(&relay, &mut phone, &mut tablet);
    let mut old = phone.copied(&keeper);
    phone.add("a", 3);
    phone.sync(&relay);
    tablet.sync(&relay);
    let before = tablet.everything();
    tablet.add("b", 1);
    let mut of_tablet = tablet.everything();
    of_tablet.retain(|chunk| !before.contains(chunk));
    let report = engine::incoming(old.diary.vault(), &of_tablet, ChunkSource::direct(NOW)).unwrap();
    assert!(report.begun_anew, "{report:?}");
}

#[test]
fn what_a_relay_hid_for_a_time_is_taken_in_when_it_is_shown() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    phone.add("a", 3);
    phone.sync(&relay);
    let whole = relay.kept.borrow().clone();
    phone.add("b", 20);
    phone.sync(&relay);
    // What came first is hidden, what came later is shown.
    let hidden: Vec<u64> = whole
        .accounts
        .values()
        .flat_map(|account| account.chunks.keys().copied())
        .collect();
    let now = relay.kept.borrow().clone();
    for account in relay.kept.borrow_mut().accounts.values_mut() {
        let last = hidden.last().copied().unwrap_or_default();
        account.chunks.remove(&last);
    }
    tablet.sync(&relay);
    assert_eq!(tablet.names(), ["b"]);
    for (stream, account) in &now.accounts {
        for (place, chunk) in &account.chunks {
            let mut kept = relay.kept.borrow_mut();
            let chunks = &mut kept.accounts.get_mut(stream).unwrap().chunks;
            chunks.entry(*place).or_insert_with(|| chunk.clone());
        }
    }
    tablet.sync(&relay);
    assert_eq!(tablet.names(), ["a", "b"]);
}

/// A way to the relay that breaks off after some calls.
struct Breaking<'r>(&'r MemoryRelay, Cell<usize>);

impl StreamRelay for Breaking<'_> {
    type Error = Trouble;

    fn call(&self, request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, Trouble> {
        self.1.set(self.1.get().checked_sub(1).ok_or(Trouble::Lost)?);
        self.0.call(request, signed)
    }
}

#[test]
fn a_relay_that_was_set_back_is_told_of_though_the_conversation_breaks_off() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    // Whether the relay counts backwards, or went on from there with what another has sent.
    for (goes_on, calls) in (0..5).flat_map(|calls| [(false, calls), (true, calls)]) {
        let old = relay.kept.borrow().clone();
        phone.add("a", 3);
        phone.sync(&relay);
        *relay.kept.borrow_mut() = old;
        if goes_on {
            (0..6).for_each(|_| _ = tablet.add("more", 2));
            tablet.sync(&relay);
        }
        let broken = exchange(phone.diary.vault(), &Breaking(&relay, Cell::new(calls)), "relay", NOW);
        assert!(matches!(broken, Err(Trouble::Lost)), "{broken:?}");
        assert_eq!(
            phone.sync(&relay).relay_fault,
            Some(RelayFault::RolledBack),
            "{goes_on} after {calls}"
        );
        for device in [&mut tablet, &mut phone] {
            assert_eq!(device.sync(&relay).relay_fault, None, "{goes_on} after {calls}");
        }
    }
}
