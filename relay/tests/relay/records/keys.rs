//! What old keys and recovery words may do, and for how long.

use super::*;

#[test]
fn an_old_key_fetches_the_records_and_nothing_else() {
    let relay = Setting::with(&[]).start();
    let (home, chain) = at_epoch_2(&relay);
    for epoch in [0, 1] {
        assert_eq!(installed(&home.call(&relay, epoch, ALL)), chain);
        for call in [
            pull(0),
            push(&[home.0.chunk_at(9, 2)]),
            Call::Inventory,
            Call::Delete {
                opening: [0; 16],
                cursor: 0,
            },
            Call::OpenMailbox { mailbox: [1; 16] },
            Call::Open {
                key: home.key(epoch).public(),
            },
            install(&[home.next(&chain[2], 3, None)], home.0.chunk_at(9, 3), |asked| {
                asked.record = Some(3);
            }),
        ] {
            assert_eq!(home.ask(&relay, epoch, call).problem(), refused(409, "sync.epoch_behind"));
        }
    }
    let stranger = Home::new(7);
    let open = Call::Open {
        key: stranger.key(0).public(),
    };
    assert_eq!(
        home.ask_by(&relay, &stranger.key(0), open).problem(),
        refused(409, "sync.other_key")
    );
    assert_eq!(
        home.ask_by(&relay, &stranger.key(0), ALL).problem(),
        refused(403, "sync.not_signed")
    );
    home.call(
        &relay,
        2,
        Call::Open {
            key: home.key(2).public(),
        },
    );
    relay.wait(FOLLOWED_DAYS * DAY);
    assert_eq!(home.ask(&relay, 0, ALL).status, 200);
    relay.wait(DAY);
    assert_eq!(home.ask(&relay, 0, ALL).problem(), refused(403, "sync.not_signed"));
}

#[test]
fn what_was_replaced_is_forgotten_in_time() {
    let setting = Setting::with(&[]).limits(|limits| {
        limits.forget_every = std::time::Duration::from_millis(20);
        limits.unread_days = 10_000;
    });
    let relay = setting.start();
    let home = Home::opened(1, &relay);
    let (old, new) = (words(5), words(6));
    let first = home.first(1, 0, Some(&old));
    home.call(&relay, 0, install(std::slice::from_ref(&first), home.0.chunk(1), |_| {}));
    let next = home.next(&first, 1, Some(&new));
    let call = install(std::slice::from_ref(&next), home.0.chunk_at(2, 1), |asked| {
        (asked.record, asked.cursor) = (Some(1), 1);
    });
    home.call(&relay, 0, call);
    let store = setting.store();
    let held = || {
        let keys = store.keys(home.0.stream).unwrap();
        let records = store.records(home.0.stream, Some(0)).unwrap().unwrap().records;
        (records.len(), keys.old.len(), keys.words.len())
    };
    assert_eq!(held(), (2, 1, 2));
    // A day more than they are kept, for the clock to stand there.
    relay.wait_and_stand(OLD_WORDS_DAYS * DAY);
    assert_eq!(held(), (2, 1, 2));
    relay.wait(DAY);
    eventually("old words are forgotten", || held() == (2, 1, 1));
    relay.wait_and_stand((FOLLOWED_DAYS - OLD_WORDS_DAYS - 2) * DAY);
    assert_eq!(held(), (2, 1, 1));
    relay.wait(DAY);
    eventually("old keys and records are forgotten", || held() == (1, 0, 1));
    assert_eq!(installed(&home.call(&relay, 1, ALL)), [next]);
}

#[test]
fn recovery_words_fetch_and_install_and_do_nothing_else() {
    let relay = Setting::with(&[]).start();
    let home = Home::opened(1, &relay);
    let (mine, hostile) = (words(5), words(6));
    let first = home.first(1, 0, Some(&mine));
    home.call(&relay, 0, install(std::slice::from_ref(&first), home.0.chunk(1), |_| {}));
    assert_eq!(
        installed(&read(&home.ask_by(&relay, &mine.key, ALL))),
        std::slice::from_ref(&first)
    );
    for call in [
        pull(0),
        push(&[home.0.chunk(9)]),
        Call::Inventory,
        Call::Delete {
            opening: [0; 16],
            cursor: 0,
        },
        Call::OpenMailbox { mailbox: [1; 16] },
    ] {
        assert_eq!(
            home.ask_by(&relay, &mine.key, call).problem(),
            refused(403, "sync.not_signed")
        );
    }
    assert_eq!(
        home.ask_by(&relay, &hostile.key, ALL).problem(),
        refused(403, "sync.not_signed")
    );

    // A device goes astray and puts its own words in the place of these.
    let astray = home.next(&first, 1, Some(&hostile));
    let call = install(std::slice::from_ref(&astray), home.0.chunk_at(2, 1), |asked| {
        (asked.record, asked.cursor) = (Some(1), 1);
    });
    home.call(&relay, 0, call);
    let over = home.signed_by(&mine.key, &astray, 2, Some(&mine));
    let override_it = || {
        install(std::slice::from_ref(&over), home.0.chunk_at(3, 2), |asked| {
            (asked.record, asked.cursor) = (Some(2), 2);
        })
    };
    relay.wait((OLD_WORDS_DAYS + 1) * DAY);
    assert_eq!(
        home.ask_by(&relay, &mine.key, override_it()).problem(),
        refused(403, "sync.not_signed")
    );
    assert_eq!(
        home.ask(&relay, 1, override_it()).problem(),
        refused(422, "sync.record_refused")
    );
    relay.wait(-DAY);
    assert_eq!(read(&home.ask_by(&relay, &mine.key, override_it())).epoch, 2);
    assert_eq!(home.ask(&relay, 1, pull(0)).problem(), refused(409, "sync.epoch_behind"));
    assert_eq!(home.call(&relay, 2, pull(0)).cursor, 3);
}
