//! Installations that are refused, and change nothing.

use super::*;

#[test]
fn records_that_do_not_follow_are_refused() {
    let relay = Setting::with(&[]).start();
    let (home, chain) = at_epoch_2(&relay);
    let other = Home::new(2);
    let good = home.next(&chain[2], 3, None);
    let after_good = home.next(&good, 4, None);
    let branch = home.next(&home.next(&chain[1], 2, Some(&words(9))), 3, None);
    let foreign = other.first(1, 0, None);
    let mut damaged = good.write();
    let end = damaged.len() - 1;
    damaged[end] ^= 1;
    let cases: [(&str, Vec<Vec<u8>>); 10] = [
        (
            "signed by a stranger",
            vec![home.signed_by(&words(8).key, &chain[2], 3, None).write()],
        ),
        (
            "signed by the key before the present one",
            vec![home.signed_by(&home.key(1), &chain[2], 3, None).write()],
        ),
        ("of another branch", vec![branch.write()]),
        ("a gap", vec![after_good.write()]),
        ("the wrong order", vec![after_good.without_slots().write(), good.write()]),
        ("an epoch left out", vec![home.next(&chain[2], 4, None).write()]),
        ("of another household", vec![foreign.write()]),
        ("the last without its slots", vec![good.without_slots().write()]),
        ("one before the last with its slots", vec![good.write(), after_good.write()]),
        ("damaged", vec![damaged]),
    ];
    for (what, records) in cases {
        let epoch = EpochRecord::read(records.last().unwrap()).unwrap().head.epoch;
        let call = install(&[], home.0.chunk_at(9, epoch), |asked| {
            (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
            asked.records = records;
        });
        assert_eq!(
            home.ask(&relay, 2, call).problem(),
            refused(422, "sync.record_refused"),
            "{what}"
        );
    }
    let garbage = install(&[], home.0.chunk_at(9, 2), |asked| {
        (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
        asked.records = vec![b"TEPR".to_vec()];
    });
    assert_eq!(home.ask(&relay, 2, garbage).problem(), refused(422, "sync.record_refused"));
    assert_eq!(installed(&home.call(&relay, 2, ALL)), chain, "nothing was changed");
    let both = install(&[good.without_slots(), after_good], home.0.chunk_at(9, 4), |asked| {
        (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
    });
    assert_eq!(home.call(&relay, 2, both).epoch, 4);
}

#[test]
fn nobody_installs_a_foreign_chain() {
    let relay = Setting::with(&[]).start();
    let home = Home::opened(1, &relay);
    // Another household's key under this stream: the chain is whole, and the account's key is nowhere in it.
    let strange = home.first(1, 5, None);
    let next = home.next(&strange, 6, None);
    let call = install(&[strange.without_slots(), next], home.0.chunk_at(1, 6), |_| {});
    assert_eq!(home.ask(&relay, 0, call).problem(), refused(422, "sync.record_refused"));
    assert_eq!(home.call(&relay, 0, ALL).record, None);
}

#[test]
fn what_an_installation_adds_is_of_its_epoch_and_there_is_some() {
    let relay = Setting::with(&[]).start();
    let (home, chain) = at_epoch_2(&relay);
    let next = home.next(&chain[2], 3, None);
    let at = |asked: &mut Asked| (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
    let old_epoch = install(std::slice::from_ref(&next), home.0.chunk_at(9, 2), at);
    assert_eq!(home.ask(&relay, 2, old_epoch).problem(), refused(422, "sync.chunk_refused"));
    let ahead = install(&[], home.0.chunk_at(9, 3), at);
    assert_eq!(home.ask(&relay, 2, ahead).problem(), refused(409, "sync.epoch_ahead"));
    let nothing = install(std::slice::from_ref(&next), vec![], |asked| {
        at(asked);
        asked.add.clear();
    });
    assert_eq!(home.ask(&relay, 2, nothing).problem(), refused(400, "sync.not_a_request"));
    let itself = install(std::slice::from_ref(&next), home.0.chunk_at(9, 3), |asked| {
        at(asked);
        asked.remove = vec![9];
    });
    assert_eq!(home.ask(&relay, 2, itself).problem(), refused(400, "sync.not_a_request"));
    let many = install(&[], home.0.chunk_at(9, 2), |asked| {
        at(asked);
        asked.records = vec![next.write(); 129];
    });
    assert_eq!(home.ask(&relay, 2, many).problem(), refused(400, "sync.not_a_request"));
    let too_many_chunks = install(std::slice::from_ref(&next), vec![], |asked| {
        at(asked);
        asked.add = vec![home.0.chunk_at(9, 3); MOST_CHUNKS + 1];
    });
    assert_eq!(
        home.ask(&relay, 2, too_many_chunks).problem(),
        refused(422, "sync.chunk_refused")
    );
    assert_eq!(home.call(&relay, 2, pull(0)).cursor, 1);
    // A keyring alone: a deletion changes no epoch.
    let keyring = install(&[], home.0.chunk_at(9, 2), |asked| {
        at(asked);
        asked.new_keyring = Some(home.keyring(8));
    });
    let answer = home.call(&relay, 2, keyring);
    assert_eq!((answer.epoch, answer.last_swap), (2, 0), "nothing was removed");
    assert_eq!(answer.keyring.map(|mark| mark.number), Some(8));
    assert_eq!(answer.record, Some(chain[2].mark()));
}

#[test]
fn a_keyring_is_above_the_one_before() {
    let relay = Setting::with(&[]).start();
    let (home, _) = at_epoch_2(&relay);
    let other = Home::new(2);
    for keyring in [
        home.keyring(7),
        home.keyring(3),
        other.keyring(8),
        home.keyring(u64::MAX),
        b"TKYR".to_vec(),
    ] {
        let call = install(&[], home.0.chunk_at(9, 2), |asked| {
            (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
            asked.new_keyring = Some(keyring);
        });
        assert_eq!(home.ask(&relay, 2, call).problem(), refused(422, "sync.record_refused"));
    }
    let fresh = Home::opened(3, &relay);
    let highest = install(&fresh.chain(1, None), fresh.0.chunk_at(1, 0), |asked| {
        asked.new_keyring = Some(fresh.keyring(u64::MAX));
    });
    assert_eq!(fresh.ask(&relay, 0, highest).problem(), refused(422, "sync.record_refused"));
}

#[test]
fn a_forged_or_cut_off_installation_changes_nothing() {
    let relay = Setting::with(&[]).limits(|limits| limits.burst = u32::MAX).start();
    let home = Home::opened(1, &relay);
    let chain = home.chain(2, None);
    let stream = home.0.stream;
    let call = install(&chain, home.0.chunk_at(1, 1), |asked| {
        asked.new_keyring = Some(home.keyring(1));
    });
    let file = SyncRequest { stream, call }.write(&home.key(0));
    for at in (0..file.len()).step_by(131) {
        let mut forged = file.clone();
        forged[at] ^= 1;
        for sent in [&forged[..], &file[..at]] {
            let status = home.0.send(&relay, sent).status;
            assert!((400..500).contains(&status), "{at}: {status}");
        }
    }
    let other = Household::opened(2, &relay);
    let path = stream_path(other.stream);
    let elsewhere = request(relay.address(), "POST", &path, &[], &file);
    assert_eq!(elsewhere.problem(), refused(422, "sync.other_stream"));
    assert_eq!(home.call(&relay, 0, ALL).record, None);
    assert_eq!(home.0.send(&relay, &file).status, 200);
    assert_eq!(
        home.0.send(&relay, &file).problem(),
        refused(409, "sync.epoch_behind"),
        "a replay"
    );
}
