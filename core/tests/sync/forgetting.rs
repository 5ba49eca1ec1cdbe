//! What is deleted is gone: everything that the relay ever saw is opened with every key that a device still has, and then searched.

use techo_protocol::household::keyring_record::KeyringRecord;

use techo_core::sync::engine::{self, ChunkSource};
use techo_core::sync::file;
use techo_core::sync::household::Proposal;
use techo_core::sync::seizure::{self, Seized};
use techo_core::vaccine::{self, Content, people};
use techo_testing::memory_keeper::MemoryKeeper;
use techo_testing::memory_relay::MemoryRelay;
use techo_testing::phone::NOW;
use techo_testing::{Phone, pair};

/// All that can be read of what the relay hoarded, by somebody who gets hold of all devices now.
pub fn readable(relay: &MemoryRelay, devices: &mut [&mut Phone]) -> Vec<Vec<u8>> {
    let mut seized = Seized::default();
    for device in devices.iter_mut() {
        seized.and(seizure::keys(device.diary.vault()).unwrap());
    }
    seized.read(&relay.kept.borrow().hoard)
}

pub fn holds(haystacks: &[Vec<u8>], needle: &str) -> bool {
    haystacks
        .iter()
        .any(|bytes| bytes.windows(needle.len()).any(|window| window == needle.as_bytes()))
}

#[test]
fn what_was_deleted_opens_with_no_key_that_anybody_still_has() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let canary = phone.add("Kanaria Tei", 3);
    phone.add("Suzume An", 3);
    for _ in 0..2 {
        phone.sync(&relay);
        tablet.sync(&relay);
    }
    assert!(
        holds(&readable(&relay, &mut [&mut phone, &mut tablet]), "Kanaria Tei"),
        "the search finds what is there"
    );
    tablet.diary.delete(&[canary]).unwrap();
    tablet.sync(&relay);
    phone.sync(&relay);
    tablet.sync(&relay);
    let plain = readable(&relay, &mut [&mut phone, &mut tablet]);
    assert!(!holds(&plain, "Kanaria Tei"));
    assert!(holds(&plain, "Suzume An"));
    assert!(tablet.household().still_holding().is_empty());
}

#[test]
fn a_device_that_is_away_keeps_the_door_open_until_it_is_back() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let canary = phone.add("Kanaria Tei", 3);
    phone.sync(&relay);
    tablet.sync(&relay);
    phone.diary.delete(&[canary]).unwrap();
    phone.sync(&relay);
    assert!(
        holds(&readable(&relay, &mut [&mut phone, &mut tablet]), "Kanaria Tei"),
        "a stated limit"
    );
    assert_eq!(phone.household().still_holding().len(), 1);
    assert!(
        !holds(&readable(&relay, &mut [&mut phone]), "Kanaria Tei"),
        "the phone alone opens nothing"
    );
    tablet.sync(&relay);
    phone.sync(&relay);
    assert!(!holds(&readable(&relay, &mut [&mut phone, &mut tablet]), "Kanaria Tei"));
    assert!(phone.household().still_holding().is_empty());
}

#[test]
fn the_old_chunks_are_removed_from_the_relay() {
    let relay = MemoryRelay::new(2);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let a = phone.add("a", 3);
    phone.add("b", 3);
    phone.sync(&relay);
    tablet.sync(&relay);
    let before = relay.chunks();
    tablet.diary.delete(&[a]).unwrap();
    tablet.sync(&relay);
    phone.sync(&relay);
    tablet.sync(&relay);
    let left = relay.chunks();
    assert_eq!(before.iter().filter(|chunk| left.contains(chunk)).count(), 0);
}

#[test]
fn a_keyring_of_somebody_who_has_not_heard_of_a_deletion_opens_nothing_later() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    pair(&relay, &mut phone, &mut laptop);
    let canary = phone.add("Kanaria Tei", 3);
    for _ in 0..2 {
        phone.sync(&relay);
        tablet.sync(&relay);
        laptop.sync(&relay);
    }
    phone.diary.delete(&[canary]).unwrap();
    // The phone's keyring for the stick and the laptop's at the relay bear one number.
    phone.give(&mut tablet);
    let proposal = Proposal::Rename(0, "phone".into());
    techo_core::sync::household::propose(laptop.diary.vault(), proposal).unwrap();
    laptop.sync(&relay);
    for _ in 0..3 {
        phone.sync(&relay);
        tablet.sync(&relay);
        laptop.sync(&relay);
    }
    let plain = readable(&relay, &mut [&mut phone, &mut tablet, &mut laptop]);
    assert!(!holds(&plain, "Kanaria Tei"));
}

#[test]
fn a_keyring_that_a_device_never_saw_opens_nothing_after_its_next_days_heartbeat() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    tablet.sync(&relay);
    let aki = people::add(phone.diary.vault(), "Aki", None, NOW).unwrap();
    let dose = Content::Certificate("HC1:KANARIA".into());
    let dose = vaccine::add(phone.diary.vault(), &aki.id, dose, NOW).unwrap();
    // The phone's keyring on the stick and the tablet's at the relay bear one number, and only the stick's names the key of the record.
    let stick = file::make_file(phone.diary.vault(), NOW).unwrap();
    let proposal = Proposal::Rename(1, "tablet".into());
    techo_core::sync::household::propose(tablet.diary.vault(), proposal).unwrap();
    tablet.sync(&relay);
    let number = KeyringRecord::read(stick.keyring.as_ref().unwrap()).unwrap().number;
    assert_eq!(tablet.keyring().number, number);
    vaccine::delete(phone.diary.vault(), &[dose.id], NOW).unwrap();
    // Whoever watches the relay has found the stick.
    relay
        .kept
        .borrow_mut()
        .hoard
        .extend(stick.keyring.into_iter().chain(stick.chunks));
    for (now, is_open) in [(NOW, true), (NOW + 86_400, false)] {
        (phone.now, tablet.now) = (now, now);
        for _ in 0..3 {
            phone.sync(&relay);
            tablet.sync(&relay);
        }
        let plain = readable(&relay, &mut [&mut phone, &mut tablet]);
        assert_eq!(holds(&plain, "HC1:KANARIA"), is_open);
    }
}

#[test]
fn keys_that_nobody_hears_of_do_not_pile_up() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    for day in 1..20 {
        phone.now = NOW + day * 86_400;
        phone.everything();
    }
    assert_eq!(phone.hpke_keys(), 2);
    phone.sync(&relay);
    assert_eq!(phone.hpke_keys(), 1);
}

#[test]
fn tombstones_of_people_die_after_half_a_year() {
    let relay = MemoryRelay::new(3);
    let mut phone = Phone::new();
    phone.diary.add_person("Aki").unwrap();
    let yui = phone.diary.add_person("Yui").unwrap().id;
    phone.diary.remove_person(&yui).unwrap();
    phone.sync(&relay);
    let buried = |phone: &mut Phone| {
        let actor = phone.diary.vault().actor();
        let name = techo_core::vault::DocumentName::Settings;
        let stored = phone.diary.vault().read(|reader| reader.document(&name)).unwrap().unwrap();
        techo_core::documents::Document::load(stored, actor).is_buried(&yui)
    };
    for (days, is_buried) in [(31, true), (170, true), (220, false)] {
        phone.now = NOW + days * 86_400;
        phone.sync(&relay);
        assert_eq!(buried(&mut phone), is_buried, "after {days} days");
    }
    assert_eq!(phone.diary.people().unwrap().len(), 1);
}

#[test]
fn a_text_that_a_later_one_overruled_opens_with_no_key() {
    let relay = MemoryRelay::new(1);
    let keeper = MemoryKeeper::default();
    let mut phone = Phone::in_folder(tempfile::tempdir().unwrap(), &keeper);
    let mut tablet = Phone::new();
    pair(&relay, &mut phone, &mut tablet);
    let id = phone.add("a", 3);
    phone.note(&id, "Kanaria");
    phone.sync(&relay);
    tablet.sync(&relay);
    let mut twin = phone.copied(&keeper);
    // What the copy wrote comes in beside what it replaces: the document had no need to be written anew until now.
    twin.note(&id, "Suzume");
    phone.add("b", 3);
    phone.sync(&relay);
    assert!(twin.try_sync(&relay).is_err(), "it was copied");
    pair(&relay, &mut phone, &mut twin);
    for _ in 0..3 {
        for device in [&mut twin, &mut phone, &mut tablet] {
            device.sync(&relay);
        }
    }
    let plain = readable(&relay, &mut [&mut phone, &mut tablet, &mut twin]);
    assert!(holds(&plain, "Suzume"));
    assert!(!holds(&plain, "Kanaria"));
}

#[test]
fn two_keyrings_with_one_number_keep_nobody_out() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let (a, b) = (phone.add("a", 3), phone.add("b", 12));
    phone.sync(&relay);
    tablet.sync(&relay);
    phone.sync(&relay);
    // Each is shown a view of its own, announces a new key there, and destroys the one that the other's keyring is sealed to.
    let fork = MemoryRelay::new(1);
    *fork.kept.borrow_mut() = relay.kept.borrow().clone();
    phone.diary.delete(&[a]).unwrap();
    tablet.diary.delete(&[b]).unwrap();
    phone.sync(&relay);
    tablet.sync(&fork);
    assert_eq!(phone.keyring().number, tablet.keyring().number);
    for _ in 0..3 {
        phone.sync(&fork);
        tablet.sync(&fork);
    }
    assert_eq!((phone.names(), tablet.names()), (vec![], vec![]));
    assert_eq!(phone.keyring().bytes().to_vec(), tablet.keyring().bytes().to_vec());
}

#[test]
fn what_a_copied_device_has_deleted_opens_no_more_once_it_is_back() {
    for deletes_before_it_is_noticed in [true, false] {
        let relay = MemoryRelay::new(1);
        let keeper = MemoryKeeper::default();
        let mut phone = Phone::in_folder(tempfile::tempdir().unwrap(), &keeper);
        let mut tablet = Phone::new();
        pair(&relay, &mut phone, &mut tablet);
        let mut twin = phone.copied(&keeper);
        let before = relay.kept.borrow().accounts.clone();
        let canary = phone.add("Kanaria Tei", 3);
        phone.sync(&relay);
        // The relay keeps it for itself, and nobody else has heard of it.
        relay.kept.borrow_mut().accounts = before;
        if deletes_before_it_is_noticed {
            phone.diary.delete(&[canary]).unwrap();
        }
        twin.add("b", 3);
        let report = engine::incoming(phone.diary.vault(), &twin.everything(), ChunkSource::direct(NOW)).unwrap();
        assert!(report.begun_anew);
        if !deletes_before_it_is_noticed {
            phone.diary.delete(&[canary]).unwrap();
        }
        twin.sync(&relay);
        tablet.sync(&relay);
        pair(&relay, &mut tablet, &mut phone);
        for _ in 0..2 {
            for device in [&mut tablet, &mut twin, &mut phone] {
                device.now += 86_400;
                device.sync(&relay);
            }
        }
        let plain = readable(&relay, &mut [&mut phone, &mut tablet, &mut twin]);
        assert!(!holds(&plain, "Kanaria Tei"), "{deletes_before_it_is_noticed}");
        assert_eq!(phone.names(), ["b"]);
    }
}
