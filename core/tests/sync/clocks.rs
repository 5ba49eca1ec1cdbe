//! Clocks that are wrong: nothing that cannot be taken back comes of one reading of one of them.

use techo_core::diary::NewVisit;
use techo_core::sync::household::{Proposal, propose};
use techo_testing::memory_relay::MemoryRelay;
use techo_testing::{Phone, pair};

const DAY: i64 = 86_400;

fn two(relay: &MemoryRelay) -> (Phone, Phone) {
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(relay, &mut phone, &mut tablet);
    phone.add("Kanaria Tei", 3);
    for _ in 0..2 {
        phone.sync(relay);
        tablet.sync(relay);
    }
    relay.set_clock(phone.now);
    (phone, tablet)
}

#[test]
fn a_clock_that_is_far_ahead_removes_nobody() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = two(&relay);
    let now = tablet.now;
    for ahead in [200, 217, 218, 219, 235, 2_000] {
        tablet.now = now + ahead * DAY;
        tablet.sync(&relay);
    }
    assert_eq!(tablet.household().list.devices.len(), 2);
    tablet.now = now;
    tablet.sync(&relay);
    phone.sync(&relay);
    assert_eq!(phone.household().list.devices.len(), 2);
    assert_eq!(
        (phone.names(), tablet.names()),
        (vec!["Kanaria Tei".to_owned()], vec!["Kanaria Tei".to_owned()])
    );
    // The epoch that began by the wrong clock does not last until then.
    let epoch = phone.household().epoch();
    phone.sync(&relay);
    tablet.sync(&relay);
    assert!(
        phone.household().epoch() <= epoch + 1,
        "two clocks that agree do not change keys in turn"
    );
}

#[test]
fn who_was_silent_for_180_days_by_two_clocks_is_removed() {
    let relay = MemoryRelay::new(1);
    let (mut phone, _) = two(&relay);
    phone.now += 190 * DAY;
    relay.set_clock(phone.now);
    phone.sync(&relay);
    assert_eq!(phone.household().list.devices.len(), 1);
}

#[test]
fn a_relay_whose_clock_is_far_ahead_removes_nobody() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = two(&relay);
    relay.set_clock(phone.now + 400 * DAY);
    for device in [&mut phone, &mut tablet] {
        device.sync(&relay);
    }
    assert_eq!(phone.household().list.devices.len(), 2);
    // Nor together with a clock that jumps later.
    relay.set_clock(phone.now);
    tablet.now += 300 * DAY;
    tablet.sync(&relay);
    assert_eq!(tablet.household().list.devices.len(), 2);
}

#[test]
fn keys_that_a_clock_far_ahead_began_are_replaced_before_its_day_comes() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = two(&relay);
    let epoch = tablet.household().epoch();
    tablet.now += 100 * DAY;
    relay.set_clock(tablet.now);
    propose(tablet.diary.vault(), Proposal::Rotate(epoch)).unwrap();
    tablet.sync(&relay);
    assert_eq!(tablet.household().epoch(), epoch + 1);
    relay.set_clock(phone.now);
    phone.sync(&relay);
    assert_eq!(
        phone.household().epoch(),
        epoch + 2,
        "the relay says that the phone's clock is right"
    );
    let present = phone.household().epoch();
    phone.sync(&relay);
    assert_eq!(phone.household().epoch(), present);
}

#[test]
fn a_clock_that_the_relay_contradicts_ends_no_epoch_and_dates_none() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = two(&relay);
    let (epoch, now) = (tablet.household().epoch(), tablet.now);
    for days in [40, 400, -400] {
        tablet.now = now + days * DAY;
        tablet.sync(&relay);
        assert_eq!(tablet.household().epoch(), epoch);
    }
    // A person may still have another device removed, or want new keys, by such a clock.
    propose(tablet.diary.vault(), Proposal::Rotate(epoch)).unwrap();
    tablet.sync(&relay);
    for _ in 0..3 {
        phone.sync(&relay);
        tablet.sync(&relay);
    }
    assert_eq!(
        (phone.household().epoch(), tablet.household().epoch()),
        (epoch + 1, epoch + 1)
    );
}

#[test]
fn a_week_that_came_by_a_wrong_clock_is_not_passed_over() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = two(&relay);
    phone.add("Suzume An", 2);
    phone.sync(&relay);
    let now = tablet.now;
    tablet.now = now + 200 * DAY;
    tablet.sync(&relay);
    tablet.now = now;
    tablet.sync(&relay);
    assert_eq!(tablet.names(), ["Kanaria Tei", "Suzume An"]);
}

#[test]
fn who_is_heard_from_is_not_silent_though_its_clock_is_years_behind() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = two(&relay);
    let now = tablet.now;
    tablet.now = now - 800 * DAY;
    tablet.sync(&relay);
    tablet.now = now;
    let epoch = phone.household().epoch();
    phone.sync(&relay);
    propose(phone.diary.vault(), Proposal::Rotate(epoch)).unwrap();
    phone.sync(&relay);
    assert_eq!(phone.household().epoch(), epoch + 1);
    assert_eq!(phone.household().list.devices.len(), 2);
}

#[test]
fn a_week_that_a_clock_months_behind_wrote_is_let_go_of_and_accuses_nobody() {
    let relay = MemoryRelay::new(1);
    let mut phone = Phone::new();
    let behind = phone.now - 300 * DAY;
    let mut tablet = Phone::at(behind);
    tablet.now = phone.now;
    pair(&relay, &mut phone, &mut tablet);
    let gone = phone.add("gone", 1);
    let visit = NewVisit {
        check_in: behind - DAY,
        ..techo_testing::visit("written by a wrong clock")
    };
    tablet.diary.check_in(&visit).unwrap();
    // The phone has not taken the week in, and does not know that its time is over before two say so.
    tablet.now = behind;
    tablet.sync(&relay);
    relay.set_clock(phone.now);
    tablet.now = phone.now;
    // What the phone lets go of leaves the relay with its next deletion.
    phone.sync(&relay);
    phone.diary.delete(&[gone]).unwrap();
    for _ in 0..3 {
        assert_eq!(phone.sync(&relay).relay_fault, None);
        assert_eq!(tablet.sync(&relay).relay_fault, None);
    }
    let done = tablet.sync(&relay);
    assert_eq!((done.sent, done.removed), (0, 0), "nobody sends it in turn");
}
