//! What an installation puts in the place of what, or leaves as it is.

use super::*;

#[test]
fn records_are_installed_and_given() {
    let relay = Setting::with(&[]).start();
    let home = Home::opened(1, &relay);
    let empty = home.call(&relay, 0, ALL);
    assert_eq!(
        (empty.records.len(), empty.record, empty.keyring_record, empty.keyring),
        (0, None, None, None)
    );
    let chain = home.chain(3, None);
    let chunk = home.0.chunk_at(1, 2);
    let keyring = home.keyring(7);
    let answer = home.call(
        &relay,
        0,
        install(&chain, chunk.clone(), |asked| asked.new_keyring = Some(home.keyring(7))),
    );
    assert_eq!((answer.epoch, answer.cursor, answer.last_swap), (2, 1, 0));
    assert_eq!(answer.record, Some(chain[2].mark()));

    // Who signs with the new key is told by every answer what is there.
    let pulled = home.call(&relay, 2, pull(0));
    assert_eq!(chunks(&pulled), [chunk]);
    assert_eq!(pulled.record, Some(chain[2].mark()));
    assert_eq!(pulled.keyring.map(|mark: Mark| mark.number), Some(7));
    let all = home.call(&relay, 2, ALL);
    assert_eq!(installed(&all), chain, "those before without slots, the last whole");
    assert_eq!(all.keyring_record.map(ByteBuf::into_vec), Some(keyring));
    assert_eq!(installed(&home.call(&relay, 2, Call::Records { since: Some(2) })), chain[2..]);
    assert_eq!(installed(&home.call(&relay, 2, Call::Records { since: None })), chain[2..]);
    for beyond in [3, u64::MAX] {
        let none = home.call(&relay, 2, Call::Records { since: Some(beyond) });
        assert_eq!((none.records.len(), none.record), (0, Some(chain[2].mark())));
    }
    // One more, which replaces the present one.
    let next = home.next(&chain[2], 2, None);
    let chunk = home.0.chunk_at(2, 2);
    let call = install(std::slice::from_ref(&next), chunk, |asked| {
        (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
    });
    home.call(&relay, 2, call);
    let expected = vec![chain[0].clone(), chain[1].clone(), chain[2].without_slots(), next];
    assert_eq!(installed(&home.call(&relay, 2, ALL)), expected);
}

#[test]
fn an_installation_is_made_at_what_is_there_or_not_at_all() {
    let relay = Setting::with(&[]).start();
    let (home, chain) = at_epoch_2(&relay);
    let next = home.next(&chain[2], 3, None);
    let before = home.call(&relay, 2, ALL);
    let attempt = |record, keyring, cursor| {
        let call = install(std::slice::from_ref(&next), home.0.chunk_at(9, 3), |asked| {
            (asked.record, asked.keyring, asked.cursor) = (record, keyring, cursor);
            asked.new_keyring = Some(home.keyring(8));
            asked.remove = vec![1];
        });
        home.ask(&relay, 2, call)
    };
    for (record, keyring, cursor, code) in [
        (Some(2), Some(7), 1, "sync.record_replaced"),
        (Some(4), Some(7), 1, "sync.record_replaced"),
        (None, Some(7), 1, "sync.record_replaced"),
        (Some(3), Some(6), 1, "sync.record_replaced"),
        (Some(3), None, 1, "sync.record_replaced"),
        (Some(3), Some(7), 0, "sync.came_since"),
        (Some(3), Some(7), 2, "sync.came_since"),
    ] {
        assert_eq!(
            attempt(record, keyring, cursor).problem(),
            refused(409, code),
            "{record:?} {keyring:?} {cursor}"
        );
    }
    assert_eq!(home.call(&relay, 2, ALL), before);
    assert_eq!(chunks(&home.call(&relay, 2, pull(0))), [home.0.chunk_at(1, 2)]);
    let after = read(&attempt(Some(3), Some(7), 1));
    assert_eq!(
        (after.epoch, after.cursor, after.last_swap),
        (3, 2, 1),
        "what was removed makes it a swap"
    );
    // The same again, word by word.
    assert_eq!(attempt(Some(3), Some(7), 1).problem(), refused(409, "sync.epoch_behind"));
}

#[test]
fn a_wiped_relay_is_brought_forward() {
    let relay = Setting::with(&[]).start();
    let home = Home::opened(1, &relay);
    let chain = home.chain(6, None);
    // A device that was away opens the account and installs what it knows: its record of epoch 3 was whole then.
    let [body_0, body_1, body_2, third, body_4, record_5] = &chain[..] else {
        panic!("six")
    };
    let whole_3 = home.next(&home.next(&home.next(&home.first(1, 0, None), 1, None), 2, None), 3, None);
    assert_eq!(whole_3.without_slots(), third.without_slots());
    let filled = install(
        &[body_0.clone(), body_1.clone(), body_2.clone(), whole_3],
        home.0.chunk_at(1, 3),
        |_| {},
    );
    home.call(&relay, 0, filled);
    // One that is at epoch 5 signs with the key that the account has.
    let forward = install(&[body_4.clone(), record_5.clone()], home.0.chunk_at(2, 5), |asked| {
        (asked.record, asked.cursor) = (Some(4), 1);
    });
    assert_eq!(home.call(&relay, 3, forward).epoch, 5);
    // The one that was away learns exactly what it lacks.
    assert_eq!(home.ask(&relay, 3, pull(0)).problem(), refused(409, "sync.epoch_behind"));
    let lacking = home.call(&relay, 3, Call::Records { since: Some(4) });
    assert_eq!(installed(&lacking), [body_4.clone(), record_5.clone()]);

    // Opened with the newest key, the chain tells the old ones all the same.
    let home = Home::new(4);
    let chain = home.chain(3, None);
    let open = Call::Open {
        key: home.key(2).public(),
    };
    assert_eq!(home.ask(&relay, 2, open).status, 200);
    assert_eq!(home.ask(&relay, 0, ALL).problem(), refused(403, "sync.not_signed"));
    home.call(&relay, 2, install(&chain, home.0.chunk_at(1, 2), |_| {}));
    assert_eq!(installed(&home.call(&relay, 0, ALL)), chain);
}

#[test]
fn an_installation_is_measured_by_its_result() {
    let relay = Setting::with(&[])
        .limits(|limits| limits.stream_bytes_per_account = 2 * 617)
        .start();
    let home = Home::opened(1, &relay);
    home.0.call(&relay, push(&[home.0.chunk(1), home.0.chunk(2)]));
    let chain = home.chain(1, None);
    let attempt = |remove: &[u8]| {
        let call = install(&chain, home.0.chunk(3), |asked| {
            asked.cursor = 2;
            asked.remove = remove.to_vec();
        });
        home.ask(&relay, 0, call)
    };
    assert_eq!(attempt(&[9]).problem(), refused(507, "sync.account_full"));
    assert_eq!(home.call(&relay, 0, ALL).record, None, "all or nothing");
    assert_eq!(read(&attempt(&[1, 9])).last_swap, 1);
    assert_eq!(chunks(&home.call(&relay, 0, pull(0))), [home.0.chunk(2), home.0.chunk(3)]);
}

#[test]
fn an_inventory_names_every_chunk_and_no_other() {
    let relay = Setting::with(&[]).start();
    let home = Household::opened(1, &relay);
    assert_eq!(home.call(&relay, Call::Inventory).ids, b"");
    home.call(
        &relay,
        push(&[home.chunk(1), home.chunk(2), home.sized_chunk(3, 2 * CELL_BYTES)]),
    );
    home.call(&relay, crate::household::swap(3, &[home.chunk(4)], &[2]));
    let answer = home.call(&relay, Call::Inventory);
    assert_eq!(answer.ids, [[1; 16], [3; 16], [4; 16]].concat());
    assert_eq!((answer.cursor, answer.last_swap, answer.chunks.len()), (4, 1, 0));
    let unknown = Household::new(2);
    assert_eq!(
        unknown.ask(&relay, Call::Inventory).problem(),
        refused(404, "sync.no_account")
    );
}
