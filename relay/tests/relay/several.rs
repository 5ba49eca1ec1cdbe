//! Several relays on one PostgreSQL: what one writes, all serve.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use techo_protocol::household::sync_api::Call;

use crate::client::{Wire, refused, request};
use crate::household::{Household, chunks, message_path, pull, push, push_after, swap};
use crate::on_postgres::{Schema, is_left_out};
use crate::records::{ALL, Home, install, words};
use crate::setting::{Running, Setting, eventually};
use crate::syncing::is_waiting;

/// Two relays on one database.
fn two() -> Option<(Setting, [Running; 2])> {
    if is_left_out() {
        return None;
    }
    let mut setting = Setting::with(&[]).limits(|limits| limits.burst = u32::MAX);
    let schema = Schema::new().unwrap();
    setting.place = schema.place();
    setting.schema = Some(std::sync::Arc::new(schema));
    let relays = [setting.start(), setting.start()];
    Some((setting, relays))
}

fn received(wire: &mut Wire) -> techo_protocol::household::sync_api::SyncAnswer {
    crate::records::read(&wire.answer("POST").unwrap())
}

#[test]
fn what_one_writes_the_other_gives_and_is_woken_by() {
    let Some((_setting, [one, two])) = two() else { return };
    let home = Household::opened(1, &one);
    let first = home.call(&two, pull(0));
    assert_eq!(first.generation, home.call(&one, pull(0)).generation);
    let mut wire = home.begin(&two, Call::Pull { cursor: 0, wait: 55 });
    is_waiting(&two, 1);
    let asked = Instant::now();
    home.call(&one, push(&[home.chunk(1)]));
    assert_eq!(chunks(&received(&mut wire)), [home.chunk(1)]);
    assert!(asked.elapsed() < Duration::from_secs(5), "live: {:?}", asked.elapsed());

    home.call(&two, push(&[home.chunk(2)]));
    home.call(&one, swap(2, &[home.chunk(3)], &[1]));
    assert_eq!(
        home.ask(&two, push(&[home.chunk(4)])).problem(),
        refused(409, "sync.swap_missed")
    );
    home.call(&two, push_after(1, &[home.chunk(4)]));
    assert_eq!(
        chunks(&home.call(&one, pull(0))),
        [home.chunk(2), home.chunk(3), home.chunk(4)]
    );
}

#[test]
fn two_devices_pair_through_a_relay_each() {
    let Some((_setting, [one, two])) = two() else { return };
    let home = Household::opened(1, &one);
    home.call(&one, Call::OpenMailbox { mailbox: [7; 16] });
    // The one that joins reaches the other relay, and each waits for the other's word.
    let mut wire = Wire::open(one.address());
    wire.head("GET", &message_path(7, 0), &[]);
    let put = |relay: &Running, message: u8| request(relay.address(), "PUT", &message_path(7, message), &[], &[message; 100]);
    assert_eq!(put(&two, 0).status, 204);
    assert_eq!(wire.answer("GET").unwrap().body, [0; 100]);
    let mut wire = Wire::open(two.address());
    wire.head("GET", &message_path(7, 1), &[]);
    assert_eq!(put(&one, 1).status, 204);
    assert_eq!(wire.answer("GET").unwrap().body, [1; 100]);
    assert_eq!(put(&two, 1).problem(), refused(409, "sync.message_written"));
    assert_eq!(one.get(&message_path(7, 1)).problem(), refused(410, "sync.message_taken"));
}

#[test]
fn many_at_once_on_two_relays_lose_nothing() {
    let Some((_setting, relays)) = two() else { return };
    let homes: Vec<_> = (1..4).map(|number| Household::opened(number, &relays[0])).collect();
    std::thread::scope(|scope| {
        for home in &homes {
            for device in 0..4_u8 {
                let relay = &relays[usize::from(device % 2)];
                scope.spawn(move || {
                    for n in 0..10 {
                        home.call(relay, push(&[home.chunk(device * 10 + n)]));
                    }
                });
            }
        }
    });
    for home in &homes {
        let all = home.call(&relays[1], pull(0));
        let mut ids: Vec<u8> = chunks(&all).iter().map(|chunk| chunk[17]).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..40).collect::<Vec<_>>());
        assert_eq!(all.cursor, 40);
    }
}

#[test]
fn of_two_that_install_at_two_relays_one_wins() {
    let Some((_setting, relays)) = two() else { return };
    for round in 0..12_u8 {
        let home = Home::opened(20 + round, &relays[0]);
        let chain = home.chain(1, None);
        home.call(&relays[0], 0, install(&chain, home.0.chunk(1), |_| {}));
        let rivals: Vec<_> = (2..6).map(|id| (home.next(&chain[0], 1, Some(&words(id))), id)).collect();
        let won: Vec<bool> = std::thread::scope(|scope| {
            let threads: Vec<_> = rivals
                .iter()
                .map(|(record, id)| {
                    let call = install(std::slice::from_ref(record), home.0.chunk_at(*id, 1), |asked| {
                        (asked.record, asked.cursor) = (Some(1), 1);
                    });
                    let (home, relay) = (&home, &relays[usize::from(id % 2)]);
                    scope.spawn(move || home.ask(relay, 0, call).status == 200)
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
        let winner = won.iter().position(|won| *won).unwrap();
        for relay in &relays {
            assert_eq!(home.call(relay, 1, ALL).record, Some(rivals[winner].0.mark()));
        }
    }
}

#[test]
fn accounts_are_opened_at_both_at_once() {
    let Some((_setting, relays)) = two() else { return };
    for number in 1..20 {
        let home = Household::new(number);
        let openings: Vec<[u8; 16]> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|at| {
                    let (home, relay) = (&home, &relays[at % 2]);
                    scope.spawn(move || home.call(relay, home.open()).opening)
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(
            openings.iter().all(|opening| *opening == openings[0]),
            "one account, one opening"
        );
    }
}

#[test]
fn a_lost_connection_is_made_anew() {
    let Some((setting, [one, two])) = two() else { return };
    let home = Household::opened(1, &one);
    let schema = setting.schema.as_ref().unwrap();
    let cut = || {
        let sql =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()";
        schema.client().execute(sql, &[&schema.name]).unwrap()
    };
    assert!(cut() >= 3, "two relays, each of which listens too");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3 {
                std::thread::sleep(Duration::from_millis(150));
                cut();
            }
            stop.store(true, Ordering::Relaxed);
        });
        let mut id = 0_u8;
        while !stop.load(Ordering::Relaxed) && id < 200 {
            // A commit whose answer was lost is refused or done; either way the same push again is safe.
            eventually("it is pushed", || home.ask(&one, push(&[home.chunk(id)])).status == 200);
            id += 1;
        }
        let held = home.call(&two, Call::Inventory).ids;
        assert_eq!(held.len(), usize::from(id) * 16);
    });
    let cursor = home.call(&two, pull(0)).cursor;
    eventually("the other relay hears again", || {
        let mut wire = home.begin(&two, Call::Pull { cursor, wait: 3 });
        is_waiting(&two, 1);
        let answer = home.call(&one, push(&[home.chunk(250)]));
        let woken = received(&mut wire);
        answer.cursor == woken.cursor && !woken.chunks.is_empty()
    });
}
