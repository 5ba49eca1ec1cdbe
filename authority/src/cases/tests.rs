use techo_protocol::Coded as _;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::exposure::diary_upload::{KEPT_SECONDS, SentVisit, dummy};
use techo_protocol::exposure::slot::slot_of;
use techo_protocol::exposure::tag::SlotKey;
use techo_protocol::trust::Role;
use tempfile::TempDir;

use super::*;
use crate::keys::KeyRole;
use crate::profile::tests::{NOW, authority};
use crate::publishing::fake_relay::FakeRelay;
use crate::venues::read_poster;
use crate::venues::tests::{BAR, text_of};

const HOUR: i64 = 3_600;

fn world() -> (TempDir, Authority, FakeRelay) {
    let (folder, authority) = authority();
    let relay = FakeRelay::new(&authority);
    (folder, authority, relay)
}

fn visit(keys: Vec<(u32, SlotKey)>) -> SentVisit {
    SentVisit {
        name: BAR.name.into(),
        address: None,
        from: NOW + HOUR,
        to: NOW + 2 * HOUR + 60,
        keys,
    }
}

fn sealed(authority: &Authority, code: &CaseCode, visits: Vec<SentVisit>) -> Vec<u8> {
    let list = authority.trust_list().unwrap();
    let key = list.keys(Role::Diary).last().unwrap();
    let diary = SentDiary {
        code: code.to_string(),
        visits,
    };
    diary.seal(authority.id(), key, &SeededRandom::new(20)).unwrap()
}

#[test]
fn a_diary_comes_to_its_case() {
    let (folder, mut authority, relay) = world();
    let case = authority.new_case(NOW, &SeededRandom::new(4)).unwrap();
    assert_eq!((case.id, case.expires_at), (1, NOW + 48 * HOUR));
    let sent = sealed(&authority, &case.code, vec![visit(vec![])]);
    relay.deposit(case.code.mailbox(), sent.clone());
    for seed in 0..70 {
        let random = SeededRandom::new(100 + seed);
        let anywhere = CaseCode::generate(&random).unwrap().mailbox();
        relay.deposit(anywhere, dummy(authority.id(), &random).unwrap());
    }
    let fetched = authority.fetch_diaries(&relay, NOW + HOUR).unwrap();
    assert_eq!((fetched.envelopes, fetched.cases), (71, vec![1]));
    assert!(relay.diaries.borrow().is_empty(), "dummies are taken too");
    assert_eq!(authority.cases().unwrap()[0].received_at, Some(NOW + HOUR));
    let shown = authority.show_case(1, NOW + HOUR).unwrap();
    assert_eq!((shown.len(), shown[0].name.as_str(), shown[0].held), (1, "Bar Yoru", None));
    assert_eq!(authority.fetch_diaries(&relay, NOW + HOUR).unwrap(), Fetched::default());

    let database = std::fs::read(folder.path().join(crate::store::DATABASE)).unwrap();
    let holds = |needle: &[u8]| database.windows(needle.len()).any(|window| window == needle);
    assert!(
        !holds(b"Bar Yoru") && !holds(case.code.to_string().as_bytes()),
        "neither diary nor code lies open"
    );
}

#[test]
fn what_is_not_a_case_s_diary_is_dropped_without_a_word() {
    let (_folder, mut authority, relay) = world();
    let case = authority.new_case(NOW, &SeededRandom::new(4)).unwrap();
    let other = authority.new_case(NOW, &SeededRandom::new(5)).unwrap();
    relay.deposit(case.code.mailbox(), dummy(authority.id(), &SeededRandom::new(6)).unwrap());
    relay.deposit(case.code.mailbox(), b"short".to_vec());
    relay.deposit(case.code.mailbox(), sealed(&authority, &other.code, vec![]));
    let fetched = authority.fetch_diaries(&relay, NOW).unwrap();
    assert_eq!(
        (fetched.envelopes, fetched.cases),
        (3, vec![]),
        "a relay cannot move a diary to another case"
    );
    assert_eq!(authority.show_case(1, NOW).unwrap_err().code(), "case.no_diary");
    assert_eq!(authority.show_case(3, NOW).unwrap_err().code(), "case.unknown");
}

#[test]
fn a_code_is_for_one_diary() {
    let (_folder, mut authority, relay) = world();
    let case = authority.new_case(NOW, &SeededRandom::new(4)).unwrap();
    relay.deposit(case.code.mailbox(), sealed(&authority, &case.code, vec![visit(vec![])]));
    authority.fetch_diaries(&relay, NOW).unwrap();
    relay.deposit(case.code.mailbox(), sealed(&authority, &case.code, vec![]));
    assert_eq!(authority.fetch_diaries(&relay, NOW).unwrap().cases.len(), 0);
    assert_eq!(authority.show_case(1, NOW).unwrap().len(), 1);
}

#[test]
fn a_code_counts_as_long_as_it_may_have_been_used_in_time() {
    for (after, taken, late) in [
        (-24 * HOUR, true, false),
        (1, true, true),
        (KEPT_SECONDS, true, true),
        (KEPT_SECONDS + 1, false, false),
    ] {
        let (_folder, mut authority, relay) = world();
        let case = authority.new_case(NOW, &SeededRandom::new(4)).unwrap();
        relay.deposit(case.code.mailbox(), sealed(&authority, &case.code, vec![]));
        // The clock has stood there for a day, and seconds more.
        let at = case.expires_at + after;
        authority.fetch_diaries(&FakeRelay::new(&authority), at).unwrap();
        let fetched = authority.fetch_diaries(&relay, at + 24 * HOUR).unwrap();
        assert_eq!(!fetched.cases.is_empty(), taken, "{after}");
        assert_eq!(authority.cases().unwrap()[0].may_be_late(), late, "{after}");
    }
}

#[test]
fn one_reading_of_a_clock_that_is_ahead_drops_no_diary() {
    let (_folder, mut authority, relay) = world();
    let case = authority.new_case(NOW, &SeededRandom::new(4)).unwrap();
    relay.deposit(case.code.mailbox(), sealed(&authority, &case.code, vec![]));
    let fetched = authority.fetch_diaries(&relay, NOW + 60 * 24 * HOUR).unwrap();
    assert_eq!(fetched.cases, [1], "the relay has been told to forget it");
    assert!(authority.cases().unwrap()[0].may_be_late());
}

#[test]
fn a_code_that_a_clock_gives_out_which_has_gone_back_can_be_used() {
    let (_folder, mut authority, relay) = world();
    authority.fetch_diaries(&relay, NOW - 24 * HOUR).unwrap();
    authority.fetch_diaries(&relay, NOW).unwrap();
    let case = authority.new_case(0, &SeededRandom::new(4)).unwrap();
    assert_eq!(case.expires_at, NOW + 24 * HOUR);
}

#[test]
fn keys_of_the_visit_s_own_hours_show_that_the_code_was_held() {
    let (_folder, mut authority, relay) = world();
    let random = SeededRandom::new(4);
    let venue = authority.add_venue(&BAR, NOW, &random).unwrap();
    let seed = read_poster(&text_of(&venue)).unwrap().seed();
    let slot = slot_of(NOW + HOUR).unwrap();
    let key = |slot: u32| (slot, seed.slot_key(slot));
    let wrong = |slot: u32| (slot, SlotKey([1; 16].into()));
    let visits = vec![
        visit(vec![key(slot), key(slot + 1)]),
        visit(vec![key(slot + 1)]),
        visit(vec![]),
        visit(vec![wrong(slot), wrong(slot + 1)]),
        visit(vec![key(slot), wrong(slot + 1)]),
        visit(vec![key(slot + 24)]),
        visit(vec![(slot, key(slot + 1).1)]),
    ];
    let case = authority.new_case(NOW, &random).unwrap();
    relay.deposit(case.code.mailbox(), sealed(&authority, &case.code, visits));
    authority.fetch_diaries(&relay, NOW).unwrap();
    // A code that was replaced still proves that it was held.
    authority.reissue_code(venue.number, NOW, &random).unwrap();
    let shown: Vec<_> = authority
        .show_case(case.id, NOW)
        .unwrap()
        .into_iter()
        .map(|visit| (visit.held.is_some(), visit.hours))
        .collect();
    assert_eq!(
        shown,
        [
            (true, (2, 2)),
            (true, (2, 1)),
            (false, (2, 0)),
            (false, (2, 0)),
            (false, (2, 0)),
            (false, (2, 0)),
            (false, (2, 0)),
        ]
    );
}

#[test]
fn a_diary_sealed_to_the_key_before_still_opens() {
    let (_folder, mut authority, relay) = world();
    let case = authority.new_case(NOW, &SeededRandom::new(4)).unwrap();
    let sent = sealed(&authority, &case.code, vec![]);
    authority.rotate_key(KeyRole::Diary, NOW, &SeededRandom::new(5)).unwrap();
    relay.deposit(case.code.mailbox(), sent);
    assert_eq!(authority.fetch_diaries(&relay, NOW).unwrap().cases, [1]);
    assert!(authority.show_case(1, NOW).is_ok());
}

#[test]
fn an_answer_that_is_lost_loses_nothing() {
    let (_folder, mut authority, relay) = world();
    let case = authority.new_case(NOW, &SeededRandom::new(4)).unwrap();
    relay.deposit(case.code.mailbox(), sealed(&authority, &case.code, vec![]));
    relay.is_away.set(true);
    assert_eq!(authority.fetch_diaries(&relay, NOW).unwrap_err().code(), "http.unreachable");
    relay.is_away.set(false);
    assert_eq!(authority.fetch_diaries(&relay, NOW).unwrap().cases, [1]);
}
