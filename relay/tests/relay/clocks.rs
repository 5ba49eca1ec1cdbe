//! A clock that is wrong: nothing that cannot be had again hangs on one reading of it (ADR 0024).

use std::time::Duration;

use techo_protocol::exposure::diary_upload::SENT_BYTES;
use techo_protocol::exposure::relay_api::Diaries;
use techo_protocol::household::sync_api::Call;
use techo_relay::store::Totals;

use crate::authority::{Authority, NOW};
use crate::household::{Household, push};
use crate::setting::{Running, Setting};

const DAY: i64 = 86_400;

fn sealed() -> Vec<u8> {
    vec![1; SENT_BYTES]
}

/// A clock that is far ahead for some hours, at once or over a restart, or goes back, costs nobody anything.
#[test]
fn one_reading_of_a_wrong_clock_erases_nothing() {
    let osaka = Authority::new(10);
    let mut setting = Setting::with(&[&osaka]).limits(|limits| limits.forget_every = Duration::from_millis(20));
    let relay = setting.start();
    let (home, deleted) = (Household::opened(1, &relay), Household::opened(2, &relay));
    home.call(&relay, push(&[home.chunk(1)]));
    let opening = deleted.call(&relay, push(&[deleted.chunk(1)])).opening;
    deleted.call(&relay, Call::Delete { opening, cursor: 1 });
    assert_eq!(relay.put_diary(osaka.id(), 1, &sealed()).status, 204);
    let segment = osaka.segment(7);
    assert_eq!(relay.put_segment(&osaka, &segment).status, 204);
    let mut number = 0;
    let mut diaries = |relay: &Running| {
        number += 1;
        let answer = relay.take(&osaka, &osaka.take(number, &[]));
        Diaries::from_bytes(&answer.body).unwrap().diaries.len()
    };
    relay.a_round();
    // As after a night's restart, by a machine that had not asked for the time yet.
    relay.wait(400 * DAY);
    relay.a_round();
    assert_eq!(diaries(&relay), 0, "what is due by the clock is not given");
    relay.wait(20 * 3_600);
    relay.a_round();
    drop(relay);
    setting.now = NOW + 401 * DAY - 1;
    let relay = setting.start();
    relay.a_round();
    relay.wait(NOW - setting.now);
    relay.a_round();
    let store = setting.store();
    assert_eq!(store.account_totals().unwrap().accounts, 2);
    assert_eq!(diaries(&relay), 1, "it comes back with the clock");
    assert_eq!(relay.segment(&segment).status, 200);
    // By a clock that stays there, all of it goes: after a day, and over a restart.
    relay.wait(400 * DAY);
    relay.a_round();
    drop(relay);
    setting.now = NOW + 401 * DAY;
    let relay = setting.start();
    relay.a_round();
    assert_eq!(store.account_totals().unwrap().accounts, 0);
    assert_eq!(store.totals().unwrap(), Totals::default());
}

/// What comes while the clock stands behind is not older than what came before it, and is kept as long.
#[test]
fn a_clock_that_stands_behind_makes_nothing_old() {
    let osaka = Authority::new(10);
    let setting = Setting::with(&[&osaka]).limits(|limits| limits.forget_every = Duration::from_millis(20));
    let relay = setting.start();
    relay.wait_and_stand(0);
    relay.wait(-20_000 * DAY);
    relay.a_round();
    let home = Household::opened(1, &relay);
    assert_eq!(relay.put_diary(osaka.id(), 1, &sealed()).status, 204);
    relay.wait(20_000 * DAY);
    relay.wait_and_stand(0);
    relay.wait(DAY);
    relay.a_round();
    let page = relay.take(&osaka, &osaka.take(1, &[]));
    assert_eq!(Diaries::from_bytes(&page.body).unwrap().diaries.len(), 1);
    let store = setting.store();
    assert!(store.account(home.stream).unwrap().is_some());
}
