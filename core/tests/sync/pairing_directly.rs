use techo_protocol::household::direct::Salt;

use techo_core::ports::SystemRandom;
use techo_core::sync::household::{NewIdentity, Proposal, propose};
use techo_core::sync::pairing;
use techo_testing::memory_relay::MemoryRelay;
use techo_testing::{Phone, let_in, pair};

/// Lets a device in without a relay.
fn let_in_directly(owner: &mut Phone, joiner: &mut Phone) {
    let identity = NewIdentity::generate("new", &SystemRandom::new()).unwrap();
    let salt = Salt::new(&SystemRandom::new()).unwrap();
    let welcome = pairing::admit_directly(owner.diary.vault(), &identity.device, &salt, owner.now).unwrap();
    let to_call = pairing::join_directly(joiner.diary.vault(), &identity, &welcome, joiner.now).unwrap();
    assert_eq!(to_call.salt, salt);
    assert_eq!(to_call.key, owner.household().agreement().public());
}

#[test]
fn two_devices_share_a_diary_and_no_relay_was_ever_there() {
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    phone.add("Kanaria Tei", 3);
    tablet.add("Suzume An", 2);
    let_in_directly(&mut phone, &mut tablet);
    phone.give(&mut tablet);
    tablet.give(&mut phone);
    assert_eq!(phone.names(), ["Kanaria Tei", "Suzume An"]);
    assert_eq!(tablet.names(), phone.names());
    // A deletion reaches the other, whose key for it came directly.
    let id = phone.ids()[0];
    phone.diary.delete(&[id]).unwrap();
    phone.give(&mut tablet);
    assert_eq!(tablet.names().len(), 1);
}

#[test]
fn a_relay_takes_over_what_was_agreed_without_it() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    phone.add("Kanaria Tei", 3);
    phone.sync(&relay);
    let_in_directly(&mut phone, &mut tablet);
    tablet.add("Suzume An", 2);
    phone.sync(&relay);
    tablet.sync(&relay);
    phone.sync(&relay);
    assert_eq!(phone.names(), ["Kanaria Tei", "Suzume An"]);
    assert_eq!(tablet.names(), phone.names());
    assert!(
        phone.household().proposals.is_empty(),
        "what stands at the relay is not wanted any more"
    );
}

#[test]
fn who_was_let_in_directly_stays_in_though_another_changed_the_list_first() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let_in_directly(&mut phone, &mut laptop);
    propose(tablet.diary.vault(), Proposal::Rename(1, "tablet".into())).unwrap();
    tablet.sync(&relay);
    phone.sync(&relay);
    laptop.add("Suzume An", 2);
    for device in [&mut laptop, &mut tablet, &mut phone] {
        device.sync(&relay);
    }
    assert_eq!(phone.names(), ["Suzume An"]);
    assert_eq!(tablet.names(), phone.names());
    assert_eq!(phone.household().list, laptop.household().list);
    assert_eq!(phone.household().list.device(1).unwrap().name, "tablet");
}

#[test]
fn who_was_removed_is_not_let_in_again_by_an_old_wish() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let_in_directly(&mut phone, &mut laptop);
    // The tablet hears of the laptop from a stick, and removes it before the phone is at the relay again.
    phone.give(&mut tablet);
    let index = laptop.household().index;
    let key = tablet.household().list.device(index).unwrap().key;
    propose(tablet.diary.vault(), Proposal::Remove(index, key)).unwrap();
    tablet.sync(&relay);
    phone.sync(&relay);
    tablet.sync(&relay);
    phone.sync(&relay);
    assert!(phone.household().list.device(index).is_none());
    assert!(tablet.household().list.device(index).is_none());
    assert!(laptop.try_sync(&relay).is_err());
}

#[test]
fn two_that_were_let_in_at_two_places_have_two_places_in_the_list() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop, mut watch) = (Phone::new(), Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let_in_directly(&mut phone, &mut laptop);
    let_in(&relay, &mut tablet, &mut watch);
    phone.sync(&relay);
    tablet.sync(&relay);
    let list = tablet.household().list;
    assert_eq!(list.devices.len(), 4);
    assert_eq!(phone.household().list, list);
    // The laptop's place was given to the watch: it has to be paired again, and says so.
    assert!(laptop.try_sync(&relay).is_err());
    watch.sync(&relay);
}
