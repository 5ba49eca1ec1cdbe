//! What recovery words alone can do.

use techo_protocol::basics::keys::SigningKey;
use techo_protocol::household::epoch_record::EpochRecord;
use techo_protocol::household::sync_api::{Call, RecoveryCall, RecoveryRequest, SyncAnswer, recovery_path};

use crate::client::{Answer, refused, request};
use crate::household::{chunks, pull};
use crate::records::{ALL, DAY, Home, Words, install, read, words};
use crate::setting::{Running, Setting};

fn ask(relay: &Running, locator: [u8; 16], key: &SigningKey, call: RecoveryCall) -> Answer {
    let file = RecoveryRequest { locator, call }.write(key);
    request(relay.address(), "POST", &recovery_path(&locator), &[], &file)
}

fn by(relay: &Running, words: &Words, call: RecoveryCall) -> Answer {
    ask(relay, words.public.locator, &words.key, call)
}

/// A household with a record that has these words.
fn with_words(number: u8, words: &Words, relay: &Running) -> (Home, EpochRecord) {
    let home = Home::opened(number, relay);
    let record = home.first(1, 0, Some(words));
    let call = install(std::slice::from_ref(&record), home.0.chunk(1), |asked| {
        asked.new_keyring = Some(home.keyring(1));
    });
    home.call(relay, 0, call);
    (home, record)
}

fn records(answer: &SyncAnswer) -> Vec<Vec<u8>> {
    answer.records.iter().map(|bytes| bytes.to_vec()).collect()
}

#[test]
fn words_alone_find_the_records() {
    let relay = Setting::with(&[]).start();
    let words = words(5);
    let (home, record) = with_words(1, &words, &relay);
    let answer = read(&by(&relay, &words, RecoveryCall::Records));
    assert_eq!(records(&answer), [record.write()]);
    assert_eq!(answer.record, Some(record.mark()));
    assert_eq!(
        answer.keyring_record.map(serde_bytes::ByteBuf::into_vec),
        Some(home.keyring(1))
    );
    assert!(answer.chunks.is_empty());
}

#[test]
fn an_unknown_locator_looks_like_a_wrong_signature() {
    let relay = Setting::with(&[]).start();
    let (mine, other) = (words(5), words(6));
    with_words(1, &mine, &relay);
    let wrong = ask(&relay, mine.public.locator, &other.key, RecoveryCall::Records);
    let unknown = by(&relay, &other, RecoveryCall::Records);
    assert_eq!(wrong.problem(), refused(403, "sync.words_unknown"));
    assert_eq!((wrong.status, &wrong.body), (unknown.status, &unknown.body));
    for answer in [&wrong, &unknown] {
        let mut names: Vec<&String> = answer.headers.keys().collect();
        names.sort();
        assert_eq!(names.len(), wrong.headers.len());
    }
    let revive = ask(&relay, mine.public.locator, &other.key, RecoveryCall::Revive { cursor: 1 });
    assert_eq!(revive.problem(), refused(403, "sync.words_unknown"));
}

#[test]
fn a_damaged_request_by_words_is_refused() {
    let relay = Setting::with(&[]).limits(|limits| limits.accounts_at_once = 1_000).start();
    let words = words(5);
    with_words(1, &words, &relay);
    let locator = words.public.locator;
    let call = RecoveryCall::Records;
    let file = RecoveryRequest { locator, call }.write(&words.key);
    let send = |path: &str, file: &[u8]| request(relay.address(), "POST", path, &[], file);
    let path = recovery_path(&locator);
    for at in (0..file.len()).step_by(5) {
        let mut forged = file.clone();
        forged[at] ^= 1;
        for sent in [&forged[..], &file[..at]] {
            let status = send(&path, sent).status;
            assert!((400..500).contains(&status), "{at}: {status}");
        }
    }
    assert_eq!(
        send(&recovery_path(&[7; 16]), &file).problem(),
        refused(422, "sync.other_stream")
    );
    assert_eq!(send("/v1/recovery/05", &file).problem(), refused(404, "relay.no_such_path"));
    assert_eq!(send(&path, &[0; 5_000]).problem(), refused(413, "relay.too_large"));
    assert_eq!(send(&path, &file).status, 200);
}

#[test]
fn newer_words_end_the_old_ones() {
    let relay = Setting::with(&[]).start();
    let (old, new) = (words(5), words(6));
    let (home, record) = with_words(1, &old, &relay);
    let next = home.next(&record, 0, Some(&new));
    let call = install(std::slice::from_ref(&next), home.0.chunk(2), |asked| {
        (asked.record, asked.keyring, asked.cursor) = (Some(1), Some(1), 1);
    });
    home.call(&relay, 0, call);
    assert_eq!(
        by(&relay, &old, RecoveryCall::Records).problem(),
        refused(403, "sync.words_unknown")
    );
    assert_eq!(records(&read(&by(&relay, &new, RecoveryCall::Records))), [next.write()]);
    // And none end all.
    let none = home.next(&next, 0, None);
    let call = install(std::slice::from_ref(&none), home.0.chunk(3), |asked| {
        (asked.record, asked.keyring, asked.cursor) = (Some(2), Some(1), 2);
    });
    home.call(&relay, 0, call);
    assert_eq!(
        by(&relay, &new, RecoveryCall::Records).problem(),
        refused(403, "sync.words_unknown")
    );
}

#[test]
fn nobody_s_words_lead_to_another_household() {
    let relay = Setting::with(&[]).start();
    let words = words(5);
    let (_, record) = with_words(1, &words, &relay);
    // Somebody who knows the public halves names them in a record of their own.
    let (thief, theirs) = with_words(2, &words, &relay);
    assert_eq!(records(&read(&by(&relay, &words, RecoveryCall::Records))), [record.write()]);
    assert_eq!(records(&thief.call(&relay, 0, ALL)), [theirs.write()]);
}

#[test]
fn words_bring_a_deleted_account_back_for_seven_days() {
    let relay = Setting::with(&[]).start();
    let words = words(5);
    let (home, record) = with_words(1, &words, &relay);
    let opening = home.call(&relay, 0, pull(0)).opening;
    let delete = |cursor| home.ask(&relay, 0, Call::Delete { opening, cursor });
    let revive = |cursor| by(&relay, &words, RecoveryCall::Revive { cursor });
    read(&delete(1));
    let deleted = read(&by(&relay, &words, RecoveryCall::Records));
    assert_eq!((deleted.records.len(), deleted.keyring_record, deleted.cursor), (0, None, 2));
    relay.wait(7 * DAY);
    let revived = read(&revive(2));
    assert_eq!((revived.opening, revived.record), (opening, Some(record.mark())));
    assert_eq!(chunks(&home.call(&relay, 0, pull(0))), [home.0.chunk(1)]);
    assert_eq!(revive(2).status, 200, "again is no error");
    read(&delete(3));
    relay.wait(8 * DAY);
    assert_eq!(revive(4).problem(), refused(404, "sync.no_account"));
}

#[test]
fn a_kept_deletion_and_what_ended_it_do_neither_again() {
    let relay = Setting::with(&[]).start();
    let words = words(5);
    let (home, _) = with_words(1, &words, &relay);
    let opening = home.call(&relay, 0, pull(0)).opening;
    let delete = |cursor| home.ask(&relay, 0, Call::Delete { opening, cursor });
    let revive = |cursor| by(&relay, &words, RecoveryCall::Revive { cursor });
    let mut cursor = 1;
    for _ in 0..2 {
        read(&delete(cursor));
        assert_eq!(delete(cursor).status, 200, "again is no error");
        for kept in 0..=cursor {
            assert_eq!(revive(kept).problem(), refused(409, "sync.came_since"), "{kept}");
        }
        read(&revive(cursor + 1));
        for kept in 0..=cursor + 1 {
            assert_eq!(delete(kept).problem(), refused(409, "sync.came_since"), "{kept}");
        }
        cursor += 2;
    }
    assert_eq!(chunks(&home.call(&relay, 0, pull(0))), [home.0.chunk(1)]);
}

#[test]
fn one_address_tries_so_many_words() {
    let relay = Setting::with(&[]).limits(|limits| limits.accounts_at_once = 3).start();
    let words = words(5);
    with_words(1, &words, &relay);
    for _ in 0..2 {
        assert_eq!(by(&relay, &words, RecoveryCall::Records).status, 200);
    }
    let answer = by(&relay, &words, RecoveryCall::Records);
    assert_eq!(answer.problem(), refused(429, "relay.too_many_requests"));
}
