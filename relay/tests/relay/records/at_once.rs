//! Installations while others wait, or install too.

use super::*;

#[test]
fn who_waits_is_woken_by_an_installation() {
    let relay = Setting::with(&[]).start();
    let (home, chain) = at_epoch_2(&relay);
    let begin = |epoch: u32| {
        let stream = home.0.stream;
        let call = Call::Pull { cursor: 1, wait: 55 };
        let file = SyncRequest { stream, call }.write(&home.key(epoch));
        let mut wire = crate::client::Wire::open(relay.address());
        wire.head("POST", &stream_path(stream), &[("Content-Length", &file.len().to_string())]);
        wire.send(&file);
        wire
    };
    let mut waiting = begin(2);
    crate::syncing::is_waiting(&relay, 1);
    let keyring = install(&[], home.0.chunk_at(2, 2), |asked| {
        (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
        asked.new_keyring = Some(home.keyring(8));
    });
    home.call(&relay, 2, keyring);
    let woken = read(&waiting.answer("POST").unwrap());
    assert_eq!(
        (chunks(&woken), woken.keyring.map(|mark| mark.number)),
        (vec![home.0.chunk_at(2, 2)], Some(8))
    );

    let stream = home.0.stream;
    let call = Call::Pull { cursor: 2, wait: 55 };
    let file = SyncRequest { stream, call }.write(&home.key(2));
    let mut removed = crate::client::Wire::open(relay.address());
    removed.head("POST", &stream_path(stream), &[("Content-Length", &file.len().to_string())]);
    removed.send(&file);
    crate::syncing::is_waiting(&relay, 1);
    let next = install(&[home.next(&chain[2], 3, None)], home.0.chunk_at(3, 3), |asked| {
        (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(8), 2);
    });
    home.call(&relay, 2, next);
    let told = removed.answer("POST").unwrap();
    assert_eq!(
        told.problem(),
        refused(409, "sync.epoch_behind"),
        "whoever was removed while waiting gets nothing"
    );
}

#[test]
fn of_two_that_install_at_once_one_wins() {
    let relay = Setting::with(&[]).start();
    for round in 0..8_u8 {
        let home = Home::opened(20 + round, &relay);
        let chain = home.chain(1, None);
        home.call(&relay, 0, install(&chain, home.0.chunk(1), |_| {}));
        let rivals: Vec<(EpochRecord, u8)> = (2..6).map(|id| (home.next(&chain[0], 1, Some(&words(id))), id)).collect();
        let statuses: Vec<Answer> = std::thread::scope(|scope| {
            let threads: Vec<_> = rivals
                .iter()
                .map(|(record, id)| {
                    let call = install(std::slice::from_ref(record), home.0.chunk_at(*id, 1), |asked| {
                        (asked.record, asked.cursor) = (Some(1), 1);
                    });
                    let (home, relay) = (&home, &relay);
                    scope.spawn(move || home.ask(relay, 0, call))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winners: Vec<usize> = (0..rivals.len()).filter(|&at| statuses[at].status == 200).collect();
        let [winner] = winners[..] else {
            panic!("one wins: {winners:?}")
        };
        for loser in statuses.iter().filter(|answer| answer.status != 200) {
            let (status, code) = loser.problem();
            assert!(
                status == 409 && ["sync.record_replaced", "sync.epoch_behind"].contains(&code.as_str()),
                "{status} {code}"
            );
        }
        let held = home.call(&relay, 1, ALL);
        assert_eq!(held.record, Some(rivals[winner].0.mark()));
        assert_eq!(chunks(&home.call(&relay, 1, pull(1))), [home.0.chunk_at(rivals[winner].1, 1)]);
    }
}
