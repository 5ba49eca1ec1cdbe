//! A change of the epoch, and what lies under the old one: it is written anew, whatever becomes of the device that changed it.

use techo_core::ports::SystemRandom;
use techo_core::sync::exchange::{StreamRelay, exchange};
use techo_core::sync::household::{NewIdentity, Proposal, propose};
use techo_core::sync::pairing;
use techo_protocol::household::chunk::Envelope;
use techo_protocol::household::direct::Salt;
use techo_protocol::household::sync_api::{Call, SyncAnswer, SyncRequest};
use techo_testing::memory_keeper::MemoryKeeper;
use techo_testing::memory_relay::{MemoryRelay, Trouble};
use techo_testing::{Phone, let_in, pair};

/// A way to the relay on which the answer to a new epoch record is lost, but not the record.
struct AnswerLost<'r>(&'r MemoryRelay);

impl StreamRelay for AnswerLost<'_> {
    type Error = Trouble;

    fn call(&self, request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, Trouble> {
        let answer = self.0.call(request, signed)?;
        match &request.call {
            Call::Install { records, .. } if !records.is_empty() => Err(Trouble::Lost),
            _ => Ok(answer),
        }
    }
}

/// A phone that has changed the epoch and was never told so, its tablet, and their relay.
fn changed_and_not_told() -> (MemoryRelay, Phone, Phone) {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    phone.add("Kanaria Tei", 3);
    tablet.add("Suzume An", 12);
    for _ in 0..2 {
        phone.sync(&relay);
        tablet.sync(&relay);
    }
    let epoch = phone.household().epoch();
    propose(phone.diary.vault(), Proposal::Rotate(epoch)).unwrap();
    let broken = exchange(phone.diary.vault(), &AnswerLost(&relay), "relay", phone.now);
    assert!(matches!(broken, Err(Trouble::Lost)), "{broken:?}");
    (relay, phone, tablet)
}

/// Chunks at the relay that are not of the present epoch.
fn under_old_keys(relay: &MemoryRelay, device: &mut Phone) -> usize {
    let epoch = device.household().epoch();
    let chunks = relay.chunks();
    chunks
        .iter()
        .filter(|chunk| Envelope::read(chunk).unwrap().epoch < epoch)
        .count()
}

#[test]
fn who_changed_the_epoch_writes_all_anew_though_the_answer_was_lost() {
    let (relay, mut phone, mut tablet) = changed_and_not_told();
    tablet.sync(&relay);
    assert!(
        under_old_keys(&relay, &mut tablet) > 0,
        "the tablet leaves it to the phone, which is to come back"
    );
    phone.sync(&relay);
    assert_eq!(under_old_keys(&relay, &mut phone), 0);
    tablet.sync(&relay);
    assert_eq!(
        (phone.epoch_keys(), tablet.epoch_keys()),
        (1, 1),
        "the old key opens nothing any more"
    );
}

#[test]
fn who_changed_the_epoch_may_never_come_back() {
    let (relay, _, mut tablet) = changed_and_not_told();
    tablet.sync(&relay);
    tablet.now += 2 * 86_400;
    tablet.sync(&relay);
    assert_eq!(under_old_keys(&relay, &mut tablet), 0);
    let done = tablet.sync(&relay);
    assert_eq!((done.sent, done.removed), (0, 0), "once is enough");
    assert_eq!(tablet.names(), ["Kanaria Tei", "Suzume An"]);
}

#[test]
fn a_newcomer_reads_all_and_accuses_nobody_though_the_epoch_was_just_changed() {
    let (relay, _, mut tablet) = changed_and_not_told();
    let mut laptop = Phone::new();
    let_in(&relay, &mut tablet, &mut laptop);
    assert_eq!(laptop.sync(&relay).relay_fault, None);
    assert_eq!(laptop.names(), tablet.names());
}

#[test]
fn a_newcomer_reads_all_though_the_epoch_changes_with_its_own_record() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet, mut laptop) = (Phone::new(), Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    phone.add("Kanaria Tei", 3);
    phone.sync(&relay);
    let epoch = phone.household().epoch();
    propose(phone.diary.vault(), Proposal::Rotate(epoch)).unwrap();
    let identity = NewIdentity::generate("laptop", &SystemRandom::new()).unwrap();
    let welcome = pairing::admit(phone.diary.vault(), &relay, "relay", &identity.device, phone.now).unwrap();
    pairing::join(laptop.diary.vault(), &relay, &identity, &welcome, laptop.now).unwrap();
    assert_eq!(laptop.household().epoch(), epoch + 1);
    assert_eq!(laptop.sync(&relay).relay_fault, None);
    assert_eq!(laptop.names(), ["Kanaria Tei"]);
}

#[test]
fn a_newcomer_without_a_relay_reads_all_though_the_epoch_was_just_changed() {
    let (relay, _, mut tablet) = changed_and_not_told();
    tablet.sync(&relay);
    let mut laptop = Phone::new();
    let identity = NewIdentity::generate("laptop", &SystemRandom::new()).unwrap();
    let salt = Salt::new(&SystemRandom::new()).unwrap();
    let welcome = pairing::admit_directly(tablet.diary.vault(), &identity.device, &salt, tablet.now).unwrap();
    pairing::join_directly(laptop.diary.vault(), &identity, &welcome, laptop.now).unwrap();
    tablet.give(&mut laptop);
    assert_eq!(laptop.names(), tablet.names());
}

#[test]
fn a_device_that_was_set_back_seals_to_the_newest_key_of_who_changed_the_epoch_twice() {
    let (relay, keeper) = (MemoryRelay::new(1), MemoryKeeper::default());
    let (mut phone, mut tablet, mut watch) = (Phone::new(), Phone::new(), Phone::new());
    let mut laptop = Phone::in_folder(tempfile::tempdir().unwrap(), &keeper);
    pair(&relay, &mut phone, &mut laptop);
    // The laptop goes on from a copy of before the tablet came.
    let mut laptop_set_back = laptop.copied(&keeper);
    drop(laptop);
    pair(&relay, &mut phone, &mut tablet);
    let rotate = |tablet: &mut Phone| {
        let epoch = tablet.household().epoch();
        propose(tablet.diary.vault(), Proposal::Rotate(epoch)).unwrap();
    };
    rotate(&mut tablet);
    tablet.sync(&relay);
    assert_eq!(tablet.hpke_keys(), 1, "what it announced first is destroyed");
    rotate(&mut tablet);
    let broken = exchange(tablet.diary.vault(), &AnswerLost(&relay), "relay", tablet.now);
    assert!(matches!(broken, Err(Trouble::Lost)), "{broken:?}");
    let_in(&relay, &mut laptop_set_back, &mut watch);
    tablet.sync(&relay);
    assert_eq!(tablet.household().list.devices.len(), 4);
}
