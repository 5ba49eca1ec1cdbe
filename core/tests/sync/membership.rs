use crate::forgetting::{holds, readable};
use techo_core::sync::household::{Proposal, propose};
use techo_core::sync::{HouseholdRefusal, SyncError, file};
use techo_testing::memory_relay::{MemoryRelay, Trouble};
use techo_testing::phone::NOW;
use techo_testing::{Phone, let_in, pair};

fn remove(device: &mut Phone, index: u8) {
    let key = device.household().list.device(index).unwrap().key;
    propose(device.diary.vault(), Proposal::Remove(index, key)).unwrap();
}

#[test]
fn a_removed_device_reads_nothing_new_and_the_others_go_on() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    pair(&relay, &mut phone, &mut laptop);
    tablet.add("before", 3);
    for _ in 0..2 {
        tablet.sync(&relay);
        phone.sync(&relay);
        laptop.sync(&relay);
    }
    remove(&mut phone, 1);
    phone.sync(&relay);
    laptop.sync(&relay);
    phone.add("Kanaria Tei", 2);
    laptop.add("Suzume An", 2);
    for _ in 0..2 {
        phone.sync(&relay);
        laptop.sync(&relay);
    }
    assert_eq!(phone.names(), ["Kanaria Tei", "Suzume An", "before"]);
    assert_eq!(laptop.names(), phone.names());
    assert_eq!(phone.household().list.devices.len(), 2);
    // With all that it has, and all that the relay ever saw.
    assert!(!holds(&readable(&relay, &mut [&mut tablet]), "Kanaria Tei"));
    assert!(!holds(&readable(&relay, &mut [&mut tablet]), "Suzume An"));
    let refused = tablet.try_sync(&relay);
    assert!(
        matches!(refused, Err(Trouble::Sync(SyncError::Refused(HouseholdRefusal::LockedOut)))),
        "{refused:?}"
    );
    assert_eq!(tablet.names(), ["before"], "its diary stays");
    // What it signs beyond its last is refused wherever it turns up.
    tablet.add("after", 1);
    let chunks = tablet.everything();
    let report = techo_core::sync::engine::incoming(
        phone.diary.vault(),
        &chunks,
        techo_core::sync::engine::ChunkSource::direct(NOW),
    )
    .unwrap();
    assert_eq!(report.taken, 0);
    assert_eq!(phone.names().len(), 3);
}

#[test]
fn a_device_that_was_away_for_epochs_finds_its_way() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    tablet.add("written offline", 2);
    for epoch in 0..3 {
        propose(phone.diary.vault(), Proposal::Rotate(epoch)).unwrap();
        phone.add("meanwhile", 1);
        phone.sync(&relay);
    }
    assert_eq!(phone.household().epoch(), 3);
    for _ in 0..2 {
        tablet.sync(&relay);
        phone.sync(&relay);
    }
    assert_eq!(tablet.names(), ["meanwhile", "meanwhile", "meanwhile", "written offline"]);
    assert_eq!(phone.names(), tablet.names());
    assert_eq!(tablet.household().epoch(), 3);
    assert_eq!(tablet.epoch_keys(), 1, "old keys are destroyed");
}

#[test]
fn two_that_remove_each_other_through_the_relay_the_first_decides() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    remove(&mut phone, 1);
    remove(&mut tablet, 0);
    tablet.sync(&relay);
    assert!(phone.try_sync(&relay).is_err());
    assert_eq!(tablet.household().list.devices.len(), 1);
    assert!(phone.household().locked_out);
}

#[test]
fn an_epoch_ends_with_its_month() {
    let relay = MemoryRelay::new(1);
    let mut phone = Phone::new();
    for (days, epoch) in [(0, 0), (29, 0), (30, 1), (59, 1), (61, 2)] {
        phone.now = NOW + days * 86_400;
        phone.sync(&relay);
        assert_eq!(phone.household().epoch(), epoch, "after {days} days");
    }
}

#[test]
fn two_records_made_at_once_both_come_to_be() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    propose(phone.diary.vault(), Proposal::Rename(0, "phone".into())).unwrap();
    propose(tablet.diary.vault(), Proposal::Rename(1, "tablet".into())).unwrap();
    for _ in 0..2 {
        phone.sync(&relay);
        tablet.sync(&relay);
    }
    for device in [&mut phone, &mut tablet] {
        let names: Vec<String> = device
            .household()
            .list
            .devices
            .iter()
            .map(|device| device.name.clone())
            .collect();
        assert_eq!(names, ["phone", "tablet"]);
    }
}

#[test]
fn a_joiners_old_account_is_deleted() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    tablet.add("its own", 1);
    tablet.sync(&relay);
    assert_eq!(relay.accounts(), 1);
    pair(&relay, &mut phone, &mut tablet);
    assert_eq!(relay.accounts(), 1);
    assert_eq!(phone.names(), ["its own"]);
}

#[test]
fn a_device_that_has_not_met_the_relay_yet_leaves_records_to_it() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    let_in(&relay, &mut phone, &mut tablet);
    propose(tablet.diary.vault(), Proposal::Rotate(0)).unwrap();
    tablet.give(&mut phone);
    propose(phone.diary.vault(), Proposal::Rename(0, "phone".into())).unwrap();
    phone.sync(&relay);
    tablet.sync(&relay);
    phone.sync(&relay);
    assert_eq!((phone.household().epoch(), tablet.household().epoch()), (1, 1));
}

#[test]
fn who_joins_after_an_epoch_ended_misses_nothing_and_a_wiped_relay_is_filled() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    tablet.add("a", 3);
    tablet.sync(&relay);
    phone.sync(&relay);
    propose(phone.diary.vault(), Proposal::Rotate(0)).unwrap();
    phone.sync(&relay);
    // The tablet has said nothing under the new key yet.
    pair(&relay, &mut phone, &mut laptop);
    assert_eq!(laptop.sync(&relay).relay_fault, None);
    assert_eq!(laptop.names(), ["a"]);
    let wiped = MemoryRelay::new(2);
    for device in [&mut laptop, &mut tablet, &mut phone] {
        assert_eq!(device.sync(&wiped).relay_fault, None);
    }
}

#[test]
fn a_device_whose_clock_was_ahead_goes_on_giving_signs_of_life() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    for (days, heard) in [(5, 5), (1, 1), (2, 2)] {
        tablet.now = NOW + days * 86_400;
        tablet.sync(&relay);
        phone.sync(&relay);
        assert_eq!(
            phone.household().last_heard(1),
            Some(u32::try_from(NOW / 86_400).unwrap() + heard)
        );
    }
}

#[test]
fn a_stick_alone_locks_no_device_out() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    remove(&mut phone, 1);
    phone.sync(&relay);
    let stick = file::make_file(phone.diary.vault(), NOW).unwrap();
    let refused = file::take_file(tablet.diary.vault(), &stick, NOW);
    assert!(
        matches!(refused, Err(SyncError::Refused(HouseholdRefusal::LockedOut))),
        "{refused:?}"
    );
    assert!(!tablet.household().locked_out, "the relay decides");
    assert!(tablet.try_sync(&relay).is_err());
    assert!(tablet.household().locked_out);
}

#[test]
fn a_removed_device_that_is_paired_again_brings_what_only_it_has() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    phone.add("a", 2);
    phone.sync(&relay);
    tablet.sync(&relay);
    remove(&mut phone, 1);
    phone.sync(&relay);
    phone.add("b", 2);
    tablet.add("c", 2);
    assert!(tablet.try_sync(&relay).is_err());
    pair(&relay, &mut phone, &mut tablet);
    tablet.sync(&relay);
    assert_eq!(phone.names(), ["a", "b", "c"]);
    assert_eq!(tablet.names(), phone.names());
}

#[test]
fn what_a_removed_device_gave_directly_is_passed_on_by_who_took_it() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    pair(&relay, &mut phone, &mut laptop);
    let a = phone.add("a", 3);
    phone.add("b", 3);
    for device in [&mut phone, &mut tablet, &mut laptop] {
        device.sync(&relay);
    }
    laptop.diary.delete(&[a]).unwrap();
    laptop.add("c", 3);
    laptop.give(&mut tablet);
    remove(&mut phone, 2);
    phone.sync(&relay);
    for _ in 0..2 {
        tablet.sync(&relay);
        phone.sync(&relay);
    }
    assert_eq!(tablet.names(), ["b", "c"]);
    assert_eq!(phone.names(), tablet.names());
}

#[test]
fn nobody_waits_for_what_a_removed_device_would_have_sent() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    pair(&relay, &mut phone, &mut laptop);
    let a = phone.add("a", 3);
    phone.add("b", 3);
    for device in [&mut phone, &mut tablet, &mut laptop] {
        device.sync(&relay);
    }
    // A keyring with the key of a lineage whose chunks never come; more than once, so that it is above what the phone makes.
    laptop.diary.delete(&[a]).unwrap();
    laptop.everything();
    let c = laptop.add("c", 3);
    laptop.diary.delete(&[c]).unwrap();
    let stick = file::make_file(laptop.diary.vault(), NOW).unwrap();
    file::take_records(tablet.diary.vault(), &stick.records, stick.keyring.as_deref(), NOW).unwrap();
    remove(&mut phone, 2);
    phone.sync(&relay);
    tablet.add("d", 3);
    for _ in 0..2 {
        tablet.sync(&relay);
        phone.sync(&relay);
    }
    assert_eq!(tablet.names(), ["a", "b", "d"]);
    assert_eq!(phone.names(), tablet.names());
}

#[test]
fn a_relay_that_shows_an_older_record_takes_no_device_back() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    phone.sync(&relay);
    propose(phone.diary.vault(), Proposal::Rename(0, "phone".into())).unwrap();
    phone.sync(&relay);
    let before = relay.kept.borrow().clone();
    let_in(&relay, &mut phone, &mut tablet);
    // It is brought forward by the tablet, which it does not know yet, and then by the phone, which it shows a record that follows a known one.
    for _ in 0..2 {
        *relay.kept.borrow_mut() = before.clone();
        tablet.sync(&relay);
        phone.sync(&relay);
        for device in [&mut phone, &mut tablet] {
            assert!(!device.household().locked_out);
            assert_eq!(device.household().list.devices.len(), 2);
        }
        std::mem::swap(&mut phone, &mut tablet);
    }
}

#[test]
fn an_index_that_two_branches_gave_to_two_devices_mixes_nothing_up() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut laptop, mut tablet, mut watch) = (Phone::new(), Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut laptop);
    pair(&relay, &mut phone, &mut tablet);
    (0..3).for_each(|_| _ = tablet.add("from the tablet", 3));
    tablet.sync(&relay);
    phone.sync(&relay);
    // The relay is wiped before the laptop has heard of the tablet, and the laptop is there first.
    *relay.kept.borrow_mut() = MemoryRelay::new(2).kept.into_inner();
    watch.add("from the watch", 2);
    pair(&relay, &mut laptop, &mut watch);
    (0..3).for_each(|_| _ = watch.add("from the watch", 2));
    watch.sync(&relay);
    for _ in 0..3 {
        phone.sync(&relay);
        laptop.sync(&relay);
        watch.sync(&relay);
    }
    assert_eq!(phone.household().list, watch.household().list);
    let visits = ["from the tablet", "from the watch"];
    let expected: Vec<&str> = [visits[0]; 3].into_iter().chain([visits[1]; 4]).collect();
    for device in [&mut phone, &mut laptop, &mut watch] {
        assert_eq!(device.names(), expected);
    }
}

#[test]
fn who_has_left_a_branch_of_records_can_fill_another_relay() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    // The relay shows the tablet a view of its own for a time.
    let fork = MemoryRelay::new(1);
    *fork.kept.borrow_mut() = relay.kept.borrow().clone();
    for name in ["first", "second"] {
        propose(tablet.diary.vault(), Proposal::Rename(1, name.into())).unwrap();
        tablet.sync(&fork);
    }
    for name in ["first", "second", "third"] {
        propose(phone.diary.vault(), Proposal::Rename(0, name.into())).unwrap();
        phone.sync(&relay);
    }
    tablet.sync(&relay);
    assert_eq!(tablet.household().list, phone.household().list, "its own branch is left");
    let another = MemoryRelay::new(9);
    tablet.sync(&another);
    phone.sync(&another);
    assert_eq!(tablet.household().list, phone.household().list);
}
