use techo_core::diary::{NewVisit, Source, VisitKeys};
use techo_core::sync::engine::{self, ChunkSource, Outgoing};
use techo_core::sync::file;
use techo_core::sync::household::{Proposal, propose};
use techo_testing::memory_relay::MemoryRelay;
use techo_testing::phone::NOW;
use techo_testing::{Phone, let_in, pair};

#[test]
fn what_a_snapshot_has_absorbed_is_not_taken_again_from_an_old_stick() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    for _ in 0..40 {
        phone.add("a", 3);
        phone.everything();
    }
    let old = file::make_file(phone.diary.vault(), phone.now).unwrap();
    for _ in 0..40 {
        phone.add("a", 3);
        phone.everything();
    }
    phone.sync(&relay);
    tablet.sync(&relay);
    let_in(&relay, &mut phone, &mut laptop);
    laptop.sync(&relay);
    assert_eq!(laptop.names().len(), 80);
    let taken = file::take_file(laptop.diary.vault(), &old, laptop.now).unwrap();
    assert_eq!(taken.taken, 0, "{taken:?}");
    for _ in 0..2 {
        for device in [&mut laptop, &mut phone, &mut tablet] {
            assert_eq!(device.sync(&relay).relay_fault, None);
        }
    }
}

#[test]
fn two_devices_come_to_the_same_and_then_are_quiet() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    phone.add("a", 3);
    tablet.add("b", 3);
    pair(&relay, &mut phone, &mut tablet);
    phone.add("c", 1);
    tablet.add("d", 1);
    for _ in 0..2 {
        phone.sync(&relay);
        tablet.sync(&relay);
    }
    assert_eq!(phone.names(), ["a", "b", "c", "d"]);
    assert_eq!(tablet.names(), phone.names());
    for device in [&mut phone, &mut tablet] {
        let done = device.sync(&relay);
        assert_eq!((done.sent, done.removed, done.relay_fault), (0, 0, None));
        assert_eq!(engine::outgoing(device.diary.vault(), NOW).unwrap(), Outgoing::default());
    }
}

#[test]
fn two_that_delete_at_once_and_a_third_that_writes_lose_nothing() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let [a, b] = [phone.add("a", 3), phone.add("b", 3)];
    phone.sync(&relay);
    tablet.sync(&relay);
    tablet.diary.delete(&[a]).unwrap();
    let c = phone.add("c", 3);
    phone.sync(&relay);
    phone.diary.delete(&[b]).unwrap();
    for _ in 0..3 {
        tablet.sync(&relay);
        phone.sync(&relay);
    }
    assert_eq!((phone.ids(), tablet.ids()), (vec![c], vec![c]));
}

#[test]
fn siblings_made_on_a_stick_merge() {
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    let relay = MemoryRelay::new(1);
    pair(&relay, &mut phone, &mut tablet);
    let ids: Vec<_> = ["a", "b", "c", "d"].map(|name| phone.add(name, 3)).into();
    phone.give(&mut tablet);
    phone.diary.delete(&ids[..1]).unwrap();
    tablet.diary.delete(&ids[1..2]).unwrap();
    phone.note(&ids[2], "by the window");
    tablet.note(&ids[3], "at the bar");
    for _ in 0..3 {
        phone.give(&mut tablet);
        tablet.give(&mut phone);
    }
    assert_eq!(phone.names(), ["c", "d"]);
    assert_eq!(tablet.names(), ["c", "d"]);
    assert_eq!(phone.ids(), tablet.ids());
}

#[test]
fn a_name_reaches_all_devices_and_a_wiped_relay_is_filled_again() {
    let relay = MemoryRelay::new(5);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let a = phone.add("a", 3);
    phone.sync(&relay);
    let proposal = techo_core::sync::household::Proposal::Rename(1, "tablet".into());
    techo_core::sync::household::propose(phone.diary.vault(), proposal).unwrap();
    let other = MemoryRelay::new(6);
    assert!(phone.sync(&other).refilled);
    let done = tablet.sync(&other);
    assert_eq!((tablet.ids(), done.relay_fault), (vec![a], None));
    assert_eq!(tablet.household().list.devices[1].name, "tablet");
}

#[test]
fn one_check_in_is_one_cell() {
    let relay = MemoryRelay::new(7);
    let mut phone = Phone::new();
    phone.add("a", 1);
    phone.sync(&relay);
    let before = relay.kept.borrow().hoard.len();
    let visit = NewVisit {
        name: "n".repeat(40),
        address: Some("a".repeat(40)),
        check_in: NOW,
        check_out: None,
        default_stay_min: 90,
        source: Source::Code {
            authority: [9; 16],
            kind: techo_core::diary::CodeKind::Poster,
        },
        keys: VisitKeys::Days(vec![(20_777, [3; 16].into()), (20_778, [4; 16].into())]),
        with: vec![],
        note: None,
    };
    phone.diary.check_in(&visit).unwrap();
    phone.sync(&relay);
    let sizes: Vec<usize> = relay.kept.borrow().hoard[before..].iter().map(Vec::len).collect();
    assert_eq!(sizes, [617]);
}

#[test]
fn the_first_visit_of_a_week_looks_like_any_other() {
    let relay = MemoryRelay::new(7);
    let mut phone = Phone::new();
    phone.sync(&relay);
    for days_ago in [0, 20, 1] {
        let before = relay.kept.borrow().hoard.len();
        phone.add("a", days_ago);
        phone.sync(&relay);
        let sizes: Vec<usize> = relay.kept.borrow().hoard[before..].iter().map(Vec::len).collect();
        assert_eq!(sizes, [617], "{days_ago} days ago");
    }
}

#[test]
fn chunks_in_any_order_and_twice_give_the_same() {
    let relay = MemoryRelay::new(8);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let ids: Vec<_> = (0..6).map(|day| phone.add("visit", day)).collect();
    phone.note(&ids[2], "a note");
    let mut chunks = phone.everything();
    chunks.reverse();
    let source = ChunkSource::direct(NOW);
    for chunk in chunks.iter().chain(&chunks) {
        engine::incoming(tablet.diary.vault(), std::slice::from_ref(chunk), source).unwrap();
    }
    assert_eq!(phone.ids(), tablet.ids());
    let again = engine::incoming(tablet.diary.vault(), &chunks, source).unwrap();
    assert_eq!((again.known, again.taken, again.waiting), (chunks.len(), 0, 0));
}

#[test]
fn a_joiners_rows_become_part_of_a_lineage_that_began_with_a_snapshot() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let a = phone.add("a", 1);
    phone.add("b", 1);
    phone.sync(&relay);
    phone.diary.delete(&[a]).unwrap();
    laptop.add("c", 1);
    pair(&relay, &mut phone, &mut laptop);
    for _ in 0..2 {
        laptop.sync(&relay);
        phone.sync(&relay);
        tablet.sync(&relay);
    }
    for device in [&mut phone, &mut tablet, &mut laptop] {
        assert_eq!(device.names(), ["b", "c"]);
    }
}

#[test]
fn a_week_whose_time_is_over_keeps_nobody_busy() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let [a, b] = [phone.add("a", 1), phone.add("b", 1)];
    phone.add("c", 1);
    phone.sync(&relay);
    tablet.sync(&relay);
    phone.diary.delete(&[a]).unwrap();
    tablet.diary.delete(&[b]).unwrap();
    for device in [&mut phone, &mut tablet] {
        device.now += 80 * 86_400;
    }
    for _ in 0..4 {
        phone.sync(&relay);
        tablet.sync(&relay);
    }
    for device in [&mut phone, &mut tablet] {
        let done = device.sync(&relay);
        assert_eq!((done.sent, done.removed), (0, 0));
    }
}

#[test]
fn a_document_that_was_written_anew_goes_above_a_lineage_that_begins_empty() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    pair(&relay, &mut phone, &mut laptop);
    for device in [&mut phone, &mut tablet, &mut laptop] {
        device.sync(&relay);
    }
    let a = phone.add("a", 3);
    phone.give(&mut laptop);
    phone.diary.delete(&[a]).unwrap();
    phone.add("b", 3);
    // The tablet makes new keys for weeks of which it has nothing, and the laptop enters one of them with the first visit.
    for epoch in 0..2 {
        propose(tablet.diary.vault(), Proposal::Rotate(epoch)).unwrap();
        tablet.sync(&relay);
    }
    laptop.sync(&relay);
    for _ in 0..3 {
        for device in [&mut phone, &mut tablet, &mut laptop] {
            device.sync(&relay);
        }
    }
    for device in [&mut phone, &mut tablet, &mut laptop] {
        assert_eq!(device.names(), ["b"]);
    }
}
