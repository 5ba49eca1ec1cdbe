//! Two vaults that talk directly.

use techo_core::sync::direct::{PeerExchange, PeerSession, VaultHoldings};
use techo_core::sync::household::{Proposal, propose};
use techo_core::sync::{HouseholdRefusal, SyncError};
use techo_testing::memory_relay::MemoryRelay;
use techo_testing::{Phone, pair};

/// Lets two devices talk until the connection is cut after so many messages: what each did, and how many there were.
fn talk(one: &mut Phone, two: &mut Phone, cut_after: usize) -> Result<([PeerExchange; 2], usize), SyncError> {
    let mut here = VaultHoldings::new(one.diary.vault(), one.now);
    let mut there = VaultHoldings::new(two.diary.vault(), two.now);
    let (mut first, message) = PeerSession::begin(&mut here)?;
    let mut second = PeerSession::wait();
    let (mut next, mut count) = (Some(message), 0);
    while let Some(message) = next.take().filter(|_| count < cut_after) {
        next = if count % 2 == 0 {
            second.take(&message, &mut there)?
        } else {
            first.take(&message, &mut here)?
        };
        count += 1;
    }
    assert!(cut_after < usize::MAX || (first.is_over() && second.is_over()));
    Ok(([first.exchanged(), second.exchanged()], count))
}

fn whole_talk(one: &mut Phone, two: &mut Phone) -> [PeerExchange; 2] {
    talk(one, two, usize::MAX).unwrap().0
}

fn two() -> (MemoryRelay, Phone, Phone) {
    let relay = MemoryRelay::default();
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    phone.add("a", 3);
    tablet.add("b", 3);
    pair(&relay, &mut phone, &mut tablet);
    (relay, phone, tablet)
}

#[test]
fn two_diaries_become_one_and_a_deletion_goes_over() {
    let (_relay, mut phone, mut tablet) = two();
    let gone = phone.ids();
    phone.add("c", 3);
    tablet.add("d", 2);
    whole_talk(&mut phone, &mut tablet);
    assert_eq!(phone.names(), ["a", "b", "c", "d"]);
    assert_eq!(tablet.names(), phone.names());
    // One deletes while the other writes, and it calls this time.
    tablet.diary.delete(&gone).unwrap();
    phone.add("e", 3);
    whole_talk(&mut tablet, &mut phone);
    assert_eq!(phone.names(), tablet.names());
    assert!(tablet.ids().iter().all(|id| !gone.contains(id)));
    assert!(phone.names().contains(&"e".into()));
    // And then it is quiet, but for what each says of itself, and for what the other said before that.
    whole_talk(&mut phone, &mut tablet);
    let (both, count) = talk(&mut phone, &mut tablet, usize::MAX).unwrap();
    assert!(
        both.iter().all(|side| side.sent <= 2) && count <= 14,
        "{both:?} in {count} messages"
    );
}

#[test]
fn vaults_survive_a_cut_at_every_message() {
    for cut in 0.. {
        let (_relay, mut phone, mut tablet) = two();
        whole_talk(&mut phone, &mut tablet);
        let gone = tablet.ids()[0];
        let kept = tablet.ids()[1];
        let new = phone.add("c", 3);
        tablet.diary.delete(&[gone]).unwrap();
        let (_, count) = talk(&mut phone, &mut tablet, cut).unwrap();
        assert!(phone.ids().contains(&new) && phone.ids().contains(&kept), "cut at {cut}");
        assert!(tablet.ids().contains(&kept) && !tablet.ids().contains(&gone), "cut at {cut}");
        whole_talk(&mut tablet, &mut phone);
        assert_eq!(phone.names(), tablet.names(), "cut at {cut}");
        assert!(phone.ids().len() == 2 && phone.ids().contains(&new), "cut at {cut}");
        if count < cut {
            assert!(cut > 8, "{cut}");
            return;
        }
    }
}

#[test]
fn a_peer_of_an_older_epoch_gets_the_record_first() {
    let (relay, mut phone, mut tablet) = two();
    let mut third = Phone::new();
    pair(&relay, &mut phone, &mut third);
    // The tablet has heard neither of the third device, nor that it was removed again.
    let key = phone.household().list.device(2).unwrap().key;
    propose(phone.diary.vault(), Proposal::Remove(2, key)).unwrap();
    propose(phone.diary.vault(), Proposal::Rename(1, "kitchen".into())).unwrap();
    phone.sync(&relay);
    assert_ne!(phone.household().epoch(), tablet.household().epoch());
    phone.add("later", 2);
    tablet.add("meanwhile", 2);
    whole_talk(&mut tablet, &mut phone);
    assert_eq!(phone.household().epoch(), tablet.household().epoch());
    assert_eq!(tablet.household().list.device(1).unwrap().name, "kitchen");
    assert_eq!(tablet.names(), ["a", "b", "later", "meanwhile"]);
    assert_eq!(phone.names(), tablet.names());
}

/// The handshake does not let it so far; should it come so far, it is told that it is out.
#[test]
fn a_removed_device_gets_nothing_that_it_can_read() {
    let (relay, mut phone, mut tablet) = two();
    let key = phone.household().list.device(1).unwrap().key;
    propose(phone.diary.vault(), Proposal::Remove(1, key)).unwrap();
    phone.sync(&relay);
    phone.add("secret", 2);
    let refused = talk(&mut tablet, &mut phone, usize::MAX).map(|_| ());
    assert_eq!(refused, Err(SyncError::Refused(HouseholdRefusal::LockedOut)));
    assert_eq!(tablet.names(), ["a", "b"]);
}
