//! One suite for every store: what holds of one holds of all.

use std::path::Path;

use proptest::prelude::*;
use techo_protocol::basics::keys::sha256;
use tempfile::TempDir;

use super::testing::{Schema, databases};
use super::*;

const OSAKA: AuthorityId = AuthorityId([1; 16]);
const KYOTO: AuthorityId = AuthorityId([2; 16]);
const ROOM: u64 = 10_000_000;
const NOW: i64 = 1_700_000_000;

fn places(folder: &Path, schema: Option<&Schema>) -> Vec<Place> {
    let files = Place::Folder(folder.join("sub/files"));
    databases(folder, schema).into_iter().chain([files]).collect()
}

/// Runs a test against each kind of store, with a way to open it again.
fn each(test: impl Fn(&dyn Fn() -> Arc<dyn Store>)) {
    let folder = TempDir::new().unwrap();
    let schema = Schema::new();
    for place in places(folder.path(), schema.as_ref()) {
        test(&|| open(&place, &crate::log::none()).unwrap());
    }
}

fn publish(store: &dyn Store, authority: AuthorityId, manifest: &[u8], listed: &[&[u8]], now: i64) -> Replaced {
    let held = store.published(authority).unwrap();
    let listed: Vec<_> = listed.iter().map(|file| (sha256(file), file.len() as u64)).collect();
    let next = Publication {
        trust_list: b"trust",
        manifest,
        listed: &listed,
    };
    store.publish(authority, &held, next, now).unwrap()
}

fn put(store: &dyn Store, authority: AuthorityId, file: &[u8], now: i64) -> Put {
    store.put_segment(authority, &sha256(file), file, now, ROOM).unwrap()
}

fn read(store: &dyn Store, file: &[u8]) -> Option<Vec<u8>> {
    let hash = sha256(file);
    let found = store.segment(&hash).unwrap()?;
    let mut out = Vec::new();
    for part in 0.. {
        match store.segment_part(&hash, part).unwrap() {
            Some(content) => out.extend(content),
            None => break,
        }
    }
    assert_eq!(out.len() as u64, found.bytes);
    Some(out)
}

fn diary(mailbox: u8, content: &[u8]) -> StoredDiary {
    StoredDiary {
        mailbox: [mailbox; 16],
        hash: sha256(content),
    }
}

fn deposit(store: &dyn Store, mailbox: u8, content: &[u8], day: i64) -> Put {
    store.put_diary(OSAKA, &diary(mailbox, content), content, day, 1_000).unwrap()
}

fn take(store: &dyn Store, number: u64, stored: &[StoredDiary], most: usize) -> Option<(Vec<u8>, bool)> {
    let page = store.take_diaries(OSAKA, number, stored, 0, most).unwrap()?;
    Some((page.diaries.iter().map(|diary| diary.mailbox[0]).collect(), page.more))
}

#[test]
fn what_the_clock_said_is_there_after_a_restart() {
    each(|open| {
        open().read_clock(NOW).unwrap();
        open().read_clock(NOW + DAY).unwrap();
        let time = open().read_clock(NOW + DAY).unwrap();
        assert_eq!(time.up_to(NOW + DAY), NOW);
        // Another relay that shares the store, 60 days ahead, and this one again.
        let ahead = open().read_clock(NOW + 60 * DAY).unwrap();
        assert_eq!(ahead.up_to(NOW + 60 * DAY), 0);
        let here = open().read_clock(NOW + 2 * DAY).unwrap();
        assert_eq!(here.up_to(NOW + 2 * DAY), 0, "they confirm nothing to each other");
        assert_eq!(here.at_least(0), NOW);
    });
}

#[test]
fn an_empty_store_holds_nothing() {
    each(|open| {
        let store = open();
        store.check().unwrap();
        assert_eq!(store.published(OSAKA).unwrap(), Published::default());
        assert_eq!(store.segment(&[0; 32]).unwrap(), None);
        assert_eq!(store.segment_part(&[0; 32], 0).unwrap(), None);
        assert_eq!(store.totals().unwrap(), Totals::default());
        assert_eq!(store.forget(NOW).unwrap(), Forgotten::default());
        assert_eq!(take(&*store, 0, &[], 10), Some((vec![], false)));
    });
}

#[test]
fn everything_is_there_after_opening_again() {
    each(|open| {
        let store = open();
        assert_eq!(store.replace_trust_list(OSAKA, None, b"old").unwrap(), Replaced::Done);
        put(&*store, OSAKA, b"segment", NOW);
        publish(&*store, OSAKA, b"manifest", &[b"segment"], NOW);
        deposit(&*store, 7, b"sealed", 5);
        take(&*store, 9, &[], 10);
        drop(store);

        let store = open();
        let held = store.published(OSAKA).unwrap();
        assert_eq!(
            (held.trust_list.as_deref(), held.manifest.as_deref()),
            (Some(&b"trust"[..]), Some(&b"manifest"[..]))
        );
        assert_eq!(read(&*store, b"segment").as_deref(), Some(&b"segment"[..]));
        assert_eq!(take(&*store, 9, &[], 10), None, "the number is remembered");
        assert_eq!(take(&*store, 10, &[], 10), Some((vec![7], false)));
    });
}

#[test]
fn what_is_held_is_replaced_only_by_who_has_seen_it() {
    each(|open| {
        let store = open();
        assert_eq!(
            store.replace_trust_list(OSAKA, Some(b"other"), b"a").unwrap(),
            Replaced::Raced
        );
        assert_eq!(store.replace_trust_list(OSAKA, None, b"a").unwrap(), Replaced::Done);
        assert_eq!(store.replace_trust_list(OSAKA, None, b"b").unwrap(), Replaced::Raced);
        let before = store.published(OSAKA).unwrap();
        assert_eq!(publish(&*store, OSAKA, b"first", &[], NOW), Replaced::Done);
        let next = Publication {
            trust_list: b"trust",
            manifest: b"second",
            listed: &[],
        };
        assert_eq!(store.publish(OSAKA, &before, next, NOW).unwrap(), Replaced::Raced);
        assert_eq!(store.published(OSAKA).unwrap().manifest.as_deref(), Some(&b"first"[..]));
        assert_eq!(
            store.published(KYOTO).unwrap(),
            Published::default(),
            "authorities have nothing in common"
        );
    });
}

#[test]
fn a_manifest_lists_only_what_is_there() {
    each(|open| {
        let store = open();
        put(&*store, OSAKA, b"mine", NOW);
        put(&*store, KYOTO, b"theirs", NOW);
        assert_eq!(
            publish(&*store, OSAKA, b"m", &[b"mine", b"absent"], NOW),
            Replaced::SegmentMissing
        );
        assert_eq!(publish(&*store, OSAKA, b"m", &[b"theirs"], NOW), Replaced::SegmentMissing);
        let shorter = [(sha256(b"mine"), 3)];
        let next = Publication {
            trust_list: b"trust",
            manifest: b"m",
            listed: &shorter,
        };
        let held = store.published(OSAKA).unwrap();
        assert_eq!(store.publish(OSAKA, &held, next, NOW).unwrap(), Replaced::SegmentMissing);
        assert_eq!(store.published(OSAKA).unwrap(), Published::default(), "nothing was changed");
        store.forget(NOW + UNLISTED_SECONDS).unwrap();
        assert_eq!(read(&*store, b"mine"), None, "a refused manifest lists nothing");
    });
}

#[test]
fn an_unlisted_segment_stays_for_a_day() {
    each(|open| {
        let store = open();
        for file in [&b"one"[..], b"two", b"three"] {
            assert_eq!(put(&*store, OSAKA, file, NOW), Put::New);
        }
        publish(&*store, OSAKA, b"m1", &[b"one", b"two"], NOW);
        publish(&*store, OSAKA, b"m2", &[b"one"], NOW + 100);
        // A later manifest does not give it a new day.
        publish(&*store, OSAKA, b"m3", &[b"one"], NOW + 50_000);

        assert_eq!(store.forget(NOW + UNLISTED_SECONDS - 1).unwrap().segments, 0);
        assert_eq!(
            store.forget(NOW + UNLISTED_SECONDS).unwrap().segments,
            1,
            "the one that was never listed"
        );
        assert_eq!(read(&*store, b"three"), None);
        assert!(read(&*store, b"two").is_some());
        assert_eq!(store.forget(NOW + 100 + UNLISTED_SECONDS).unwrap().segments, 1);
        assert_eq!(read(&*store, b"two"), None);
        assert_eq!(store.forget(i64::MAX).unwrap().segments, 0);
        assert!(read(&*store, b"one").is_some(), "what is listed stays");
    });
}

#[test]
fn sending_a_segment_again_gives_it_another_day() {
    each(|open| {
        let store = open();
        put(&*store, OSAKA, b"one", NOW);
        assert_eq!(put(&*store, OSAKA, b"one", NOW + 80_000), Put::Present);
        store.forget(NOW + UNLISTED_SECONDS).unwrap();
        assert_eq!(
            publish(&*store, OSAKA, b"m", &[b"one"], NOW + UNLISTED_SECONDS),
            Replaced::Done
        );
        // Sent again once it is listed, it stays listed.
        assert_eq!(put(&*store, OSAKA, b"one", NOW), Put::Present);
        assert_eq!(store.forget(i64::MAX).unwrap().segments, 0);
    });
}

#[test]
fn a_large_segment_comes_back_in_parts() {
    each(|open| {
        let store = open();
        for length in [PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 900_000] {
            let file: Vec<u8> = (0..length).map(|at| u8::try_from(at * length % 251).unwrap()).collect();
            put(&*store, OSAKA, &file, NOW);
            assert_eq!(read(&*store, &file).unwrap(), file, "{length}");
            let first = store.segment_part(&sha256(&file), 0).unwrap().unwrap();
            assert_eq!(first.len(), length.min(PART_BYTES));
        }
    });
}

#[test]
fn an_authority_has_so_much_room() {
    each(|open| {
        let store = open();
        let put = |authority, file: &[u8]| store.put_segment(authority, &sha256(file), file, NOW, 10).unwrap();
        assert_eq!(put(OSAKA, b"123456"), Put::New);
        assert_eq!(put(OSAKA, b"12345"), Put::OverQuota);
        assert_eq!(put(OSAKA, b"1234"), Put::New);
        assert_eq!(put(OSAKA, b"123456"), Put::Present);
        assert_eq!(put(KYOTO, b"abcdef"), Put::New);
        assert_eq!(
            store.totals().unwrap(),
            Totals {
                segments: 3,
                segment_bytes: 16,
                diaries: 0
            }
        );
    });
}

#[test]
fn a_segment_has_one_owner() {
    each(|open| {
        let store = open();
        put(&*store, KYOTO, b"theirs", NOW);
        assert_eq!(
            store.segment(&sha256(b"theirs")).unwrap(),
            Some(StoredSegment {
                authority: KYOTO,
                bytes: 6
            })
        );
    });
}

#[test]
fn taking_removes_exactly_what_is_named() {
    each(|open| {
        let store = open();
        for mailbox in [3, 1, 2] {
            assert_eq!(deposit(&*store, mailbox, b"sealed", 5), Put::New);
        }
        assert_eq!(deposit(&*store, 1, b"other", 4), Put::New);
        assert_eq!(
            deposit(&*store, 1, b"other", 6),
            Put::Present,
            "the same one again, on another day"
        );

        assert_eq!(take(&*store, 1, &[], 3), Some((vec![1, 1, 2], true)));
        assert_eq!(
            take(&*store, 2, &[], 3),
            Some((vec![1, 1, 2], true)),
            "an answer that was lost"
        );
        let stored = [diary(1, b"sealed"), diary(2, b"sealed"), diary(3, b"unknown")];
        assert_eq!(take(&*store, 2, &stored, 3), None);
        assert_eq!(take(&*store, 1, &stored, 3), None);
        assert_eq!(
            take(&*store, 3, &stored, 3),
            Some((vec![1, 3], false)),
            "a replay removed nothing, this did"
        );
        let page = store.take_diaries(OSAKA, 4, &[], 0, 3).unwrap().unwrap();
        assert_eq!(page.diaries[0].sealed, b"other");
        assert_eq!(
            store.take_diaries(KYOTO, 1, &[diary(3, b"sealed")], 0, 3).unwrap(),
            Some(Diaries::default())
        );
        assert_eq!(
            take(&*store, 5, &[], 3),
            Some((vec![1, 3], false)),
            "another authority removes nothing here"
        );
        assert_eq!(take(&*store, u64::MAX, &[], 3), Some((vec![1, 3], false)));
    });
}

#[test]
fn a_box_takes_so_many() {
    each(|open| {
        let store = open();
        let put = |mailbox, authority| store.put_diary(authority, &diary(mailbox, b"x"), b"x", 5, 2).unwrap();
        assert_eq!(
            [put(1, OSAKA), put(2, OSAKA), put(3, OSAKA)],
            [Put::New, Put::New, Put::OverQuota]
        );
        assert_eq!(put(1, OSAKA), Put::Present);
        assert_eq!(put(3, KYOTO), Put::New);
        take(&*store, 1, &[diary(1, b"x")], 9);
        assert_eq!(put(3, OSAKA), Put::New, "what was taken makes room");
    });
}

#[test]
fn a_box_s_room_is_known_after_opening_again() {
    each(|open| {
        deposit(&*open(), 1, b"x", 5);
        let store = open();
        assert_eq!(store.put_diary(OSAKA, &diary(2, b"x"), b"x", 5, 1).unwrap(), Put::OverQuota);
        assert_eq!(store.totals().unwrap().diaries, 1);
    });
}

#[test]
fn a_diary_is_kept_for_seven_days() {
    each(|open| {
        let store = open();
        let day = NOW / DAY;
        deposit(&*store, 1, b"x", day);
        deposit(&*store, 2, b"x", day + 1);
        // It may have come in the last second of its day.
        assert_eq!(store.forget((day + 8) * DAY - 1).unwrap().diaries, 0);
        assert_eq!(store.forget((day + 8) * DAY).unwrap().diaries, 1);
        assert_eq!(take(&*store, 1, &[], 9), Some((vec![2], false)));
        assert_eq!(store.totals().unwrap().diaries, 1);
    });
}

#[derive(Debug, Clone)]
enum Step {
    Trust(u8),
    Segment(u8, u8),
    Publish(u8, Vec<u8>),
    Deposit(u8, u8, u8),
    Take(u8, Vec<(u8, u8)>),
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..3_u8).prop_map(Step::Trust),
        (0..2_u8, 0..5_u8).prop_map(|(whose, file)| Step::Segment(whose, file)),
        (0..2_u8, prop::collection::vec(0..5_u8, 0..4)).prop_map(|(whose, listed)| Step::Publish(whose, listed)),
        (0..2_u8, 0..4_u8, 0..3_u8).prop_map(|(whose, mailbox, content)| Step::Deposit(whose, mailbox, content)),
        (0..6_u8, prop::collection::vec((0..4_u8, 0..3_u8), 0..3)).prop_map(|(number, stored)| Step::Take(number, stored)),
        (0..200_000_i64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..40)
}

/// What a step gives, and what can be seen after it.
fn run(store: &dyn Store, step: &Step, now: &mut i64) -> String {
    let whose = |index: &u8| [OSAKA, KYOTO][usize::from(*index)];
    // An authority signs its own files, so no two have one in common.
    let file = |whose: &u8, index: &u8| vec![10 * whose + index; 3 + usize::from(*index)];
    let outcome = match step {
        Step::Trust(content) => format!("{:?}", store.replace_trust_list(OSAKA, None, &[*content])),
        Step::Segment(authority, index) => {
            let file = file(authority, index);
            format!("{:?}", store.put_segment(whose(authority), &sha256(&file), &file, *now, 12))
        }
        Step::Publish(authority, listed) => {
            let files: Vec<_> = listed.iter().map(|index| file(authority, index)).collect();
            let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
            format!("{:?}", publish(store, whose(authority), listed, &files, *now))
        }
        Step::Deposit(authority, mailbox, content) => {
            let content = [*content; 8];
            format!(
                "{:?}",
                store.put_diary(whose(authority), &diary(*mailbox, &content), &content, *now / DAY, 6)
            )
        }
        Step::Take(number, stored) => {
            let stored: Vec<_> = stored
                .iter()
                .map(|(mailbox, content)| diary(*mailbox, &[*content; 8]))
                .collect();
            format!("{:?}", store.take_diaries(OSAKA, u64::from(*number), &stored, 0, 3))
        }
        Step::Wait(seconds) => {
            *now += seconds;
            format!("{:?}", store.forget(*now))
        }
    };
    let held = [store.published(OSAKA), store.published(KYOTO)];
    let segments: Vec<_> = (0..2)
        .flat_map(|whose| (0..5).map(move |index| file(&whose, &index)))
        .map(|file| read(store, &file))
        .collect();
    format!("{outcome} {held:?} {segments:?} {:?}", store.totals())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn stores_cannot_be_told_apart(steps in steps()) {
        let folder = TempDir::new().unwrap();
        let schema = Schema::new();
        let places = places(folder.path(), schema.as_ref());
        let mut stores: Vec<_> = places.iter().map(|place| (open(place, &crate::log::none()).unwrap(), NOW)).collect();
        for step in &steps {
            let seen: Vec<String> = stores.iter_mut().map(|(store, now)| run(&**store, step, now)).collect();
            for other in &seen[1..] {
                prop_assert_eq!(&seen[0], other, "{:?}", step);
            }
        }
    }
}
