use std::cell::RefCell;

use techo_protocol::household::sync_api::{SyncAnswer, SyncRequest};

use techo_core::ports::{SeededRandom, SystemRandom};
use techo_core::sync::exchange::StreamRelay;
use techo_core::sync::schedule::{STRETCH_SECONDS, next_upload, upload};
use techo_testing::memory_relay::{MemoryRelay, Trouble};
use techo_testing::phone::NOW;
use techo_testing::{Phone, pair};

/// Notes the sizes of requests and answers.
struct Watching<'r>(&'r MemoryRelay, RefCell<Vec<(usize, usize)>>);

impl StreamRelay for Watching<'_> {
    type Error = Trouble;

    fn call(&self, request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, Trouble> {
        let asked = signed.len();
        let answer = self.0.call(request, signed)?;
        let answered = answer.as_ref().map_or(0, |answer| answer.to_bytes().len());
        self.1.borrow_mut().push((asked, answered));
        Ok(answer)
    }
}

/// What a relay sees of two devices in ten days under the schedule: visits on the first are given by day.
fn seen(visits: &[i64]) -> Vec<(usize, usize)> {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let watching = Watching(&relay, RefCell::default());
    for turn in 0..40 {
        let now = NOW + turn * STRETCH_SECONDS;
        for _ in visits.iter().filter(|day| **day * 4 == turn) {
            phone.add("Kanaria Tei", 0);
        }
        for device in [&mut phone, &mut tablet] {
            upload(device.diary.vault(), &watching, "relay", now).unwrap();
        }
    }
    assert_eq!(tablet.names().len(), visits.len(), "and yet they arrive");
    watching.1.into_inner()
}

#[test]
fn a_visit_more_or_less_changes_no_request_and_no_answer() {
    let none = seen(&[]);
    assert!(none.len() > 80);
    for visits in [&[3][..], &[0, 3, 3, 7]] {
        assert_eq!(seen(visits), none);
    }
}

#[test]
fn more_than_four_cells_wait_for_the_next_turn() {
    let relay = MemoryRelay::new(1);
    let mut phone = Phone::new();
    phone.sync(&relay);
    for number in 0..6 {
        phone.add(&format!("visit {number}"), 1);
    }
    for (turn, left) in [(1, 2), (2, 0)] {
        let before = relay.chunks().len();
        upload(phone.diary.vault(), &relay, "relay", NOW + turn).unwrap();
        assert_eq!(relay.chunks().len() - before, 4);
        let outgoing = techo_core::sync::engine::outgoing(phone.diary.vault(), NOW).unwrap();
        assert_eq!(outgoing.push.len(), left);
    }
}

#[test]
fn every_stretch_has_one_upload_at_a_random_time() {
    let random = SystemRandom::new();
    let times: Vec<i64> = (0..50).map(|_| next_upload(NOW, &random).unwrap()).collect();
    let stretch = NOW.div_euclid(STRETCH_SECONDS) + 1;
    assert!(times.iter().all(|time| time.div_euclid(STRETCH_SECONDS) == stretch));
    assert!(times.iter().collect::<std::collections::BTreeSet<_>>().len() > 40);
    assert_eq!(
        next_upload(NOW, &SeededRandom::new(1)),
        next_upload(NOW, &SeededRandom::new(1))
    );
}
