use techo_protocol::household::recovery::{Language, RecoveryWords};

use crate::forgetting::{holds, readable};
use techo_core::ports::SystemRandom;
use techo_core::sync::exchange::{ask, delete_account};
use techo_core::sync::household::{Proposal, propose};
use techo_core::sync::recovery::{Restored, renew_words, restore};
use techo_core::sync::{HouseholdRefusal, SyncError};
use techo_protocol::household::sync_api::Call;
use techo_testing::memory_relay::{MemoryRelay, Trouble};
use techo_testing::phone::NOW;
use techo_testing::{Phone, pair};

fn words() -> RecoveryWords {
    RecoveryWords::generate(Language::Japanese, &SystemRandom::new()).unwrap()
}

fn restored(device: &mut Phone, relay: &MemoryRelay, words: &RecoveryWords) -> Result<Restored, Trouble> {
    restore(device.diary.vault(), relay, words, "found again", NOW, &SystemRandom::new())
}

#[test]
fn twelve_words_bring_the_diary_back_and_newer_ones_end_them() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    phone.add("a", 3);
    tablet.add("b", 3);
    let [old, new] = [words(), words()];
    renew_words(phone.diary.vault(), &relay, "relay", &old, NOW).unwrap();
    renew_words(phone.diary.vault(), &relay, "relay", &new, NOW).unwrap();
    tablet.sync(&relay);
    let mut found = Phone::new();
    found.add("its own", 1);
    let refused = restored(&mut found, &relay, &old);
    assert!(
        matches!(
            refused,
            Err(Trouble::Sync(SyncError::Refused(HouseholdRefusal::WordsUnknown)))
        ),
        "{refused:?}"
    );
    assert_eq!(found.names(), ["its own"]);
    assert_eq!(restored(&mut found, &relay, &new).unwrap(), Restored::Joined);
    found.sync(&relay);
    assert_eq!(found.names(), ["a", "b", "its own"]);
    for device in [&mut phone, &mut tablet] {
        device.sync(&relay);
        assert_eq!(device.names(), ["a", "b", "its own"]);
        let list = device.household().list;
        assert!(list.devices.iter().any(|device| device.by_words), "the others are told");
    }
    // The words stay good: they were not replaced.
    assert_eq!(restored(&mut Phone::new(), &relay, &new).unwrap(), Restored::Joined);
}

#[test]
fn a_deleted_account_comes_back_by_its_words() {
    let relay = MemoryRelay::new(1);
    let mut phone = Phone::new();
    phone.add("a", 3);
    let words = words();
    renew_words(phone.diary.vault(), &relay, "relay", &words, NOW).unwrap();
    let household = phone.household();
    let known = household.relay.clone().unwrap();
    let delete = |opening, cursor| ask(&relay, &household, Call::Delete { opening, cursor });
    assert!(delete([7; 16], known.cursor).is_err());
    assert_eq!(relay.accounts(), 1, "a deletion names the opening");
    delete_account(phone.diary.vault(), &relay).unwrap();
    assert_eq!(relay.accounts(), 0);
    let mut found = Phone::new();
    restored(&mut found, &relay, &words).unwrap();
    found.sync(&relay);
    assert_eq!(found.names(), ["a"]);
    for cursor in 0..=known.cursor + 2 {
        assert_eq!(delete(known.opening, cursor).unwrap(), None, "one that somebody kept");
    }
    assert_eq!(relay.accounts(), 1);
}

#[test]
fn the_words_open_nothing_that_was_deleted_before_they_were_made() {
    let relay = MemoryRelay::new(1);
    let mut phone = Phone::new();
    let canary = phone.add("Kanaria Tei", 3);
    phone.add("Suzume An", 3);
    phone.sync(&relay);
    phone.diary.delete(&[canary]).unwrap();
    phone.sync(&relay);
    let words = words();
    renew_words(phone.diary.vault(), &relay, "relay", &words, NOW).unwrap();
    let mut found = Phone::new();
    restored(&mut found, &relay, &words).unwrap();
    found.sync(&relay);
    phone.sync(&relay);
    assert_eq!(found.names(), ["Suzume An"]);
    assert!(!holds(&readable(&relay, &mut [&mut phone, &mut found]), "Kanaria Tei"));
}

#[test]
fn a_device_that_shut_the_others_out_is_overridden_by_the_words() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut thief) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut thief);
    let words = words();
    renew_words(phone.diary.vault(), &relay, "relay", &words, NOW).unwrap();
    phone.add("a", 3);
    phone.sync(&relay);
    thief.sync(&relay);
    let key = thief.household().list.device(0).unwrap().key;
    propose(thief.diary.vault(), Proposal::Remove(0, key)).unwrap();
    thief.sync(&relay);
    assert!(phone.try_sync(&relay).is_err());
    assert_eq!(restored(&mut phone, &relay, &words).unwrap(), Restored::Joined);
    let key = phone.household().list.device(1).unwrap().key;
    propose(phone.diary.vault(), Proposal::Remove(1, key)).unwrap();
    phone.sync(&relay);
    assert_eq!(phone.names(), ["a"]);
    assert!(thief.try_sync(&relay).is_err());
}

#[test]
fn words_whose_slot_was_filled_with_junk_take_the_household_over() {
    let relay = MemoryRelay::new(1);
    let mut phone = Phone::new();
    phone.add("a", 3);
    let (words, other) = (words(), words());
    renew_words(phone.diary.vault(), &relay, "relay", &words, NOW).unwrap();
    // A record that names these words and seals its key to others.
    let mut hostile = words.keys().public();
    hostile.sealing = other.keys().public().sealing;
    propose(phone.diary.vault(), Proposal::Words(hostile)).unwrap();
    phone.sync(&relay);
    let mut found = Phone::new();
    found.add("b", 1);
    assert_eq!(restored(&mut found, &relay, &words).unwrap(), Restored::TakenOver);
    found.sync(&relay);
    assert_eq!(found.names(), ["b"]);
    assert!(phone.try_sync(&relay).is_err(), "it has no key of the new epoch");
}
