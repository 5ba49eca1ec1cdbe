//! Households' streams: each rule of each call.

use std::time::Duration;

use serde_bytes::ByteBuf;
use techo_protocol::household::chunk::CELL_BYTES;
use techo_protocol::household::sync_api::{Call, SyncAnswer, stream_path};
use techo_relay::store::Place;

use crate::client::{Wire, refused, request};
use crate::household::{Household, chunks, pull, push, push_after, swap};
use crate::setting::{Setting, eventually};

const DAY: i64 = 86_400;

#[test]
fn what_was_pushed_is_pulled_in_its_order_and_after_a_restart() {
    let setting = Setting::with(&[]);
    let relay = setting.start();
    let home = Household::opened(1, &relay);
    let sent = [home.chunk(9), home.chunk(3), home.chunk(5)];
    let stored = home.call(&relay, push(&sent[..2]));
    assert_eq!((stored.cursor, stored.epoch, stored.last_swap), (2, 0, 0));
    home.call(&relay, push(&sent[2..]));
    let all = home.call(&relay, pull(0));
    assert_eq!((chunks(&all), all.cursor, all.more), (sent.to_vec(), 3, false));
    drop(relay);
    let relay = setting.start();
    let rest = home.call(&relay, pull(2));
    assert_eq!((chunks(&rest), rest.cursor), (sent[2..].to_vec(), 3));
    assert_eq!(rest.generation, all.generation);
}

#[test]
fn another_filling_of_the_store_has_another_generation() {
    let ask = || {
        let relay = Setting::with(&[]).start();
        let home = Household::new(1);
        home.call(&relay, home.open()).generation
    };
    assert_ne!(ask(), ask());
}

#[test]
fn a_household_needs_an_account_of_its_own_key() {
    let relay = Setting::with(&[]).start();
    let home = Household::new(1);
    assert_eq!(home.ask(&relay, pull(0)).problem(), refused(404, "sync.no_account"));
    let other = Household {
        stream: home.stream,
        key: Household::new(2).key,
    };
    // Opened with the signature of another key than it names.
    assert_eq!(other.ask(&relay, home.open()).problem(), refused(403, "sync.not_signed"));
    home.call(&relay, home.open());
    home.call(&relay, home.open());
    assert_eq!(other.ask(&relay, other.open()).problem(), refused(409, "sync.other_key"));
    for call in [
        pull(0),
        push(&[home.chunk(1)]),
        swap(0, &[], &[]),
        Call::Delete {
            opening: [0; 16],
            cursor: 0,
        },
        Call::OpenMailbox { mailbox: [1; 16] },
    ] {
        assert_eq!(other.ask(&relay, call).problem(), refused(403, "sync.not_signed"));
    }
    assert_eq!(home.call(&relay, pull(0)).cursor, 0, "nothing was changed");
}

#[test]
fn a_request_is_about_the_stream_of_its_path() {
    let relay = Setting::with(&[]).start();
    let (home, other) = (Household::opened(1, &relay), Household::opened(2, &relay));
    let file = home.sign(pull(0));
    let path = stream_path(other.stream);
    let answer = request(relay.address(), "POST", &path, &[], &file);
    assert_eq!(answer.problem(), refused(422, "sync.other_stream"));
    let nowhere = request(relay.address(), "POST", "/v1/streams/xyz", &[], &file);
    assert_eq!(nowhere.problem(), refused(404, "relay.no_such_path"));
}

#[test]
fn damaged_and_cut_requests_change_nothing() {
    let relay = Setting::with(&[]).limits(|limits| limits.burst = u32::MAX).start();
    let home = Household::opened(1, &relay);
    let file = home.sign(push(&[home.chunk(1)]));
    for at in (0..file.len()).step_by(13) {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        let status = home.send(&relay, &damaged).status;
        assert!((400..500).contains(&status), "byte {at}: {status}");
        let status = home.send(&relay, &file[..at]).status;
        assert!((400..500).contains(&status), "cut at {at}: {status}");
    }
    assert_eq!(home.send(&relay, b"").problem(), refused(400, "sync.not_a_request"));
    assert_eq!(home.call(&relay, pull(0)).cursor, 0);
}

#[test]
fn a_push_again_stores_nothing_twice() {
    let relay = Setting::with(&[]).start();
    let home = Household::opened(1, &relay);
    let one = home.chunk(1);
    // Twice in a request, the request twice, and other bytes under the same name.
    let file = home.sign(push(&[one.clone(), one.clone()]));
    for _ in 0..2 {
        assert_eq!(home.send(&relay, &file).status, 200);
    }
    home.call(&relay, push(&[home.sized_chunk(1, 2 * CELL_BYTES)]));
    let all = home.call(&relay, pull(0));
    assert_eq!((chunks(&all), all.cursor), (vec![one], 1));
}

#[test]
fn a_replayed_push_does_not_bring_back_what_a_swap_removed() {
    let relay = Setting::with(&[]).start();
    let home = Household::opened(1, &relay);
    let file = home.sign(push(&[home.chunk(1), home.chunk(2)]));
    assert_eq!(home.send(&relay, &file).status, 200);
    let swapped = home.call(&relay, swap(2, &[home.chunk(3)], &[1]));
    assert_eq!((swapped.cursor, swapped.last_swap), (3, 1));
    assert_eq!(home.send(&relay, &file).problem(), refused(409, "sync.swap_missed"));
    let all = home.call(&relay, pull(0));
    assert_eq!(chunks(&all), [home.chunk(2), home.chunk(3)], "exactly what was named is gone");
    home.call(&relay, push_after(1, &[home.chunk(4)]));
}

#[test]
fn a_swap_is_refused_where_something_came_since() {
    let relay = Setting::with(&[]).start();
    let home = Household::opened(1, &relay);
    home.call(&relay, push(&[home.chunk(1)]));
    home.call(&relay, push(&[home.chunk(2)]));
    let late = home.sign(swap(1, &[home.chunk(3)], &[1]));
    assert_eq!(home.send(&relay, &late).problem(), refused(409, "sync.came_since"));
    let file = home.sign(swap(2, &[home.chunk(3)], &[1, 2, 99]));
    assert_eq!(home.send(&relay, &file).status, 200);
    assert_eq!(
        home.send(&relay, &file).problem(),
        refused(409, "sync.came_since"),
        "a replay"
    );
    assert_eq!(chunks(&home.call(&relay, pull(0))), [home.chunk(3)]);
    let itself = swap(3, &[home.chunk(4)], &[4]);
    assert_eq!(home.ask(&relay, itself).problem(), refused(400, "sync.not_a_request"));
}

#[test]
fn another_epoch_is_refused() {
    let setting = Setting::with(&[]);
    let relay = setting.start();
    let home = Household::opened(1, &relay);
    let at = |epoch: u32| {
        let mut chunk = home.chunk(1);
        chunk[33..37].copy_from_slice(&epoch.to_be_bytes());
        let chunks = vec![ByteBuf::from(chunk)];
        let push = Call::Push {
            epoch,
            last_swap: 0,
            chunks: chunks.clone(),
        };
        let swap = Call::Swap {
            epoch,
            cursor: 0,
            add: chunks,
            remove: vec![],
        };
        [push, swap]
    };
    for call in at(1) {
        assert_eq!(home.ask(&relay, call).problem(), refused(409, "sync.epoch_ahead"));
    }
    // A household's first record may begin at any epoch.
    let record = crate::records::record_of(&home, 2);
    let install = Call::Install {
        record: None,
        keyring: None,
        cursor: 0,
        records: vec![ByteBuf::from(record.write())],
        new_keyring: None,
        add: vec![ByteBuf::from(home.chunk_at(9, 2))],
        remove: vec![],
    };
    home.call(&relay, install);
    for call in at(1) {
        assert_eq!(home.ask(&relay, call).problem(), refused(409, "sync.epoch_behind"));
    }
    let [push, _] = at(2);
    assert_eq!(home.call(&relay, push).epoch, 2);
}

#[test]
fn an_envelope_that_does_not_fit_is_refused() {
    let relay = Setting::with(&[]).start();
    let home = Household::opened(1, &relay);
    let whole = home.chunk(1);
    let mut other_epoch = whole.clone();
    other_epoch[36] = 1;
    let mut odd = whole.clone();
    odd.truncate(whole.len() - 1);
    odd[37..41].copy_from_slice(&511_u32.to_be_bytes());
    let mut empty = whole[..105].to_vec();
    empty[37..41].copy_from_slice(&0_u32.to_be_bytes());
    let bad = [
        Household::new(2).chunk(1),
        other_epoch,
        whole[..616].to_vec(),
        vec![],
        odd,
        empty,
        b"garbage".to_vec(),
    ];
    for chunk in bad {
        for call in [
            push(&[whole.clone(), chunk.clone()]),
            swap(0, std::slice::from_ref(&chunk), &[]),
        ] {
            assert_eq!(
                home.ask(&relay, call).problem(),
                refused(422, "sync.chunk_refused"),
                "{}",
                chunk.len()
            );
        }
    }
    assert_eq!(home.call(&relay, pull(0)).cursor, 0, "one bad chunk and none is stored");
}

#[test]
fn a_household_has_so_much_room_and_a_swap_is_measured_by_its_result() {
    let relay = Setting::with(&[])
        .limits(|limits| limits.stream_bytes_per_account = 2 * 617)
        .start();
    let home = Household::opened(1, &relay);
    let full = refused(507, "sync.account_full");
    assert_eq!(
        home.ask(&relay, push(&[home.chunk(1), home.chunk(2), home.chunk(3)]))
            .problem(),
        full
    );
    assert_eq!(home.call(&relay, pull(0)).cursor, 0, "all or nothing");
    home.call(&relay, push(&[home.chunk(1), home.chunk(2)]));
    assert_eq!(home.ask(&relay, push(&[home.chunk(3)])).problem(), full);
    home.call(&relay, push(&[home.chunk(2)]));
    assert_eq!(home.ask(&relay, swap(2, &[home.chunk(3)], &[9, 9])).problem(), full);
    home.call(&relay, swap(2, &[home.chunk(3)], &[1, 1]));
    assert_eq!(chunks(&home.call(&relay, pull(0))), [home.chunk(2), home.chunk(3)]);
    let other = Household::opened(2, &relay);
    other.call(&relay, push(&[other.chunk(1)]));
}

#[test]
fn a_long_stream_comes_in_pages() {
    let relay = Setting::with(&[]).start();
    let home = Household::opened(1, &relay);
    let large = |id| home.sized_chunk(id, 800 * CELL_BYTES);
    let sent: Vec<_> = (1..6).map(large).collect();
    home.call(&relay, push(&sent));
    // Larger than a page: it comes alone.
    let huge = home.sized_chunk(6, 4_000 * CELL_BYTES);
    home.call(&relay, push(std::slice::from_ref(&huge)));
    let (mut cursor, mut pages) = (0, Vec::new());
    loop {
        let page = home.call(&relay, pull(cursor));
        cursor = page.cursor;
        pages.push(chunks(&page));
        if !page.more {
            break;
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1, 1]);
    assert_eq!(pages.concat(), [sent, vec![huge]].concat());
}

fn received(wire: &mut Wire) -> SyncAnswer {
    SyncAnswer::from_bytes(&wire.answer("POST").unwrap().body).unwrap()
}

pub fn is_waiting(relay: &crate::setting::Running, count: u32) {
    eventually("it waits", || {
        let text = String::from_utf8(relay.get("/metrics").body).unwrap();
        text.lines().any(|line| line == format!("techo_relay_waiting {count}"))
    });
}

#[test]
fn a_pull_waits_for_what_comes() {
    let relay = Setting::with(&[]).start();
    let (home, other) = (Household::opened(1, &relay), Household::opened(2, &relay));
    let mut wire = home.begin(&relay, Call::Pull { cursor: 0, wait: 55 });
    is_waiting(&relay, 1);
    other.call(&relay, push(&[other.chunk(1)]));
    is_waiting(&relay, 1);
    home.call(&relay, push(&[home.chunk(1)]));
    assert_eq!(chunks(&received(&mut wire)), [home.chunk(1)]);
    // A swap that only removes is news as well.
    let mut wire = home.begin(&relay, Call::Pull { cursor: 1, wait: 55 });
    is_waiting(&relay, 1);
    home.call(&relay, swap(1, &[], &[1]));
    assert_eq!(received(&mut wire).last_swap, 1);
    // Time that runs out, and a cursor of another filling.
    assert_eq!(home.call(&relay, Call::Pull { cursor: 1, wait: 1 }).cursor, 1);
    assert_eq!(
        home.call(
            &relay,
            Call::Pull {
                cursor: u64::MAX,
                wait: 55
            }
        )
        .cursor,
        1
    );
}

#[test]
fn who_hangs_up_waits_no_more() {
    let relay = Setting::with(&[]).limits(|limits| limits.waiting = 1).start();
    let home = Household::opened(1, &relay);
    let wire = home.begin(&relay, Call::Pull { cursor: 0, wait: 55 });
    is_waiting(&relay, 1);
    let second = home.ask(&relay, Call::Pull { cursor: 0, wait: 55 });
    assert_eq!(second.problem(), refused(503, "relay.busy"));
    home.call(&relay, pull(0));
    drop(wire);
    is_waiting(&relay, 0);
}

#[test]
fn waiting_ends_at_shutdown() {
    let relay = Setting::with(&[]).start();
    let home = Household::opened(1, &relay);
    home.call(&relay, Call::OpenMailbox { mailbox: [1; 16] });
    let mut pulling = home.begin(&relay, Call::Pull { cursor: 0, wait: 55 });
    let mut pairing = Wire::open(relay.address());
    pairing.head("GET", &crate::household::message_path(1, 0), &[]);
    is_waiting(&relay, 1);
    let log = relay.log.clone();
    relay.relay.stop();
    assert_eq!(received(&mut pulling).cursor, 0);
    assert_eq!(pairing.answer("GET").unwrap().status, 204);
    assert!(log.text().contains(r#""all_answered":true"#), "{}", log.text());
}

#[test]
fn a_deleted_account_is_unserved_at_once_and_erased_after_seven_days() {
    let setting = Setting::with(&[]);
    let relay = setting.start();
    let home = Household::opened(1, &relay);
    home.call(&relay, push(&[home.chunk(1)]));
    let mut waiting = home.begin(&relay, Call::Pull { cursor: 1, wait: 55 });
    is_waiting(&relay, 1);
    let opening = home.call(&relay, pull(0)).opening;
    let too_old = home.ask(&relay, Call::Delete { opening, cursor: 0 });
    assert_eq!(too_old.problem(), refused(409, "sync.came_since"));
    let delete = home.sign(Call::Delete { opening, cursor: 1 });
    assert_eq!(home.send(&relay, &delete).status, 200);
    assert_eq!(
        waiting.answer("POST").unwrap().problem(),
        refused(410, "sync.account_deleted")
    );
    assert_eq!(home.send(&relay, &delete).status, 200, "again is no error");
    for call in [
        pull(0),
        push(&[home.chunk(2)]),
        swap(1, &[], &[1]),
        home.open(),
        Call::OpenMailbox { mailbox: [1; 16] },
    ] {
        assert_eq!(home.ask(&relay, call).problem(), refused(410, "sync.account_deleted"));
    }
    drop(relay);
    let store = setting.store();
    let day = crate::authority::NOW.div_euclid(DAY);
    assert_eq!(store.forget_accounts(day + 7, 180), Ok(0));
    assert_eq!(store.forget_accounts(day + 8, 180), Ok(1));
    drop(store);
    // PostgreSQL promises no more than that it is in no table.
    if let Place::Sqlite(file) = &setting.place {
        let content = std::fs::read(file).unwrap();
        let canary = &home.chunk(1)[100..132];
        assert!(
            !content.windows(32).any(|window| window == canary),
            "erased, and not only unlinked"
        );
    }
    let relay = setting.start();
    assert_eq!(home.ask(&relay, pull(0)).problem(), refused(404, "sync.no_account"));
    let again = home.call(&relay, home.open());
    assert_eq!(again.cursor, 0);
    assert_ne!(again.opening, opening);
    home.call(&relay, push(&[home.chunk(1)]));
    assert_eq!(
        home.send(&relay, &delete).problem(),
        refused(409, "sync.other_opening"),
        "a request that somebody kept"
    );
    assert_eq!(chunks(&home.call(&relay, pull(0))), [home.chunk(1)]);
}

#[test]
fn an_account_that_nobody_reads_is_erased() {
    let setting = Setting::with(&[]).limits(|limits| {
        limits.forget_every = Duration::from_millis(20);
        limits.unread_days = 10;
    });
    let relay = setting.start();
    let (read, unread) = (Household::opened(1, &relay), Household::opened(2, &relay));
    let store = setting.store();
    let day = |home: &Household| store.account(home.stream).unwrap().map(|account| account.read_day);
    let opened = day(&read).unwrap();
    relay.wait(9 * DAY);
    read.call(&relay, pull(0));
    eventually("the day is noted", || day(&read) == Some(opened + 9));
    unread.call(&relay, push(&[unread.chunk(1)]));
    relay.wait_and_stand(2 * DAY);
    eventually("nobody read it", || day(&unread).is_none());
    assert_eq!(day(&read), Some(opened + 9));
}

#[test]
fn one_address_opens_so_many_accounts() {
    let relay = Setting::with(&[]).limits(|limits| limits.accounts_at_once = 2).start();
    let [one, _] = [1, 2].map(|number| Household::opened(number, &relay));
    let third = Household::new(3);
    assert_eq!(
        third.ask(&relay, third.open()).problem(),
        refused(429, "sync.too_many_accounts")
    );
    one.call(&relay, one.open());
}

#[test]
fn a_stranger_s_large_request_is_not_received() {
    let relay = Setting::with(&[]).start();
    let home = Household::new(1);
    let mut wire = Wire::open(relay.address());
    wire.head("POST", &stream_path(home.stream), &[("Content-Length", "20000000")]);
    assert_eq!(wire.answer("POST").unwrap().problem(), refused(404, "sync.no_account"));
    let known = Household::opened(2, &relay);
    let mut wire = Wire::open(relay.address());
    wire.head("POST", &stream_path(known.stream), &[("Content-Length", "30000000")]);
    assert_eq!(wire.answer("POST").unwrap().problem(), refused(413, "relay.too_large"));
}

#[test]
fn a_plain_folder_says_that_it_carries_no_streams() {
    let mut setting = Setting::with(&[]);
    setting.place = Place::Folder(setting.folder.path().join("files"));
    let relay = setting.start();
    let home = Household::new(1);
    assert_eq!(home.ask(&relay, home.open()).problem(), refused(501, "relay.no_streams"));
    assert_eq!(relay.get("/metrics").status, 200);
}

#[test]
fn many_at_once_lose_nothing() {
    let relay = Setting::with(&[]).start();
    let homes: Vec<_> = (1..5).map(|number| Household::opened(number, &relay)).collect();
    std::thread::scope(|scope| {
        for home in &homes {
            for device in 0..4_u8 {
                let relay = &relay;
                scope.spawn(move || {
                    for n in 0..10 {
                        home.call(relay, push(&[home.chunk(device * 10 + n)]));
                    }
                });
            }
        }
    });
    for home in &homes {
        let mut ids: Vec<u8> = chunks(&home.call(&relay, pull(0))).iter().map(|chunk| chunk[17]).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..40).collect::<Vec<_>>());
    }
}

#[test]
fn nothing_of_a_household_is_in_log_or_counters() {
    let relay = Setting::with(&[]).start();
    let home = Household::opened(0xab, &relay);
    home.call(&relay, push(&[home.chunk(0xcd)]));
    home.call(&relay, Call::OpenMailbox { mailbox: [0xef; 16] });
    relay.put(&crate::household::message_path(0xef, 0), b"canary");
    let counters = String::from_utf8(relay.get("/metrics").body).unwrap();
    let log = relay.log.text();
    for route in ["/v1/streams/{stream}", "/v1/rendezvous/{mailbox}/{message}"] {
        assert!(counters.contains(route) && log.contains(route), "{route}");
    }
    assert!(counters.contains("techo_relay_accounts 1\n") && counters.contains("techo_relay_accounts_bytes 617\n"));
    for secret in ["abab", "cdcd", "efef", "canary", "127.0.0.1"] {
        assert!(!counters.contains(secret) && !log.contains(secret), "{secret}");
    }
}
