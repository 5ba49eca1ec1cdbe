//! The diary's rules, by area.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod again;
mod crash;
mod edits;
mod fixture;
mod retention;
mod rotating;
mod several;
mod transfer;

use techo_core::diary::*;
use techo_core::documents::Document;
use techo_core::documents::week::week_of;
use techo_core::vault::{DamagedKind, DocumentName, VaultError};
use techo_testing::Phone;

/// Friday, 2026-11-20T10:05:00Z.
const NOW: i64 = 1_795_169_100;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Writes into a document what the diary would not: what another version did, or what edits of two devices leave behind.
fn write(phone: &Phone, name: DocumentName, work: impl FnOnce(&mut Document) -> Result<(), VaultError>) {
    let wrote = phone.keeper.open(phone.folder.path()).write(|writer| {
        let mut document = match writer.reader().document(&name)? {
            Some(stored) => Document::load(stored, writer.actor()),
            None => Document::begin(name, writer.actor()),
        };
        work(&mut document)?;
        document.save(writer)
    });
    wrote.unwrap();
}

fn poster(name: &str, check_in: i64) -> NewVisit {
    let day = u32::try_from(check_in / DAY).unwrap();
    NewVisit {
        name: name.into(),
        address: Some("Kita-ku, Osaka".into()),
        check_in,
        check_out: None,
        default_stay_min: 90,
        source: Source::Code {
            authority: [0xaa; 16],
            kind: CodeKind::Poster,
        },
        keys: VisitKeys::Days(vec![(day, [1; 16].into()), (day + 1, [2; 16].into())]),
        with: vec![],
        note: None,
    }
}

fn typed(name: &str, check_in: i64, check_out: i64) -> NewVisit {
    NewVisit {
        address: None,
        check_out: Some(check_out),
        default_stay_min: 0,
        source: Source::Manual,
        keys: VisitKeys::None,
        ..poster(name, check_in)
    }
}

fn all(diary: &mut Diary) -> Vec<Visit> {
    diary.list(&Filter::default()).unwrap().visits
}

fn names(diary: &mut Diary) -> Vec<String> {
    all(diary).into_iter().map(|visit| visit.name).collect()
}

fn refused<T: std::fmt::Debug>(result: Result<T, DiaryError>) -> Refusal {
    match result {
        Err(DiaryError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_check_in_is_there_with_all_it_said_after_reopening() {
    let phone = Phone::at(NOW);
    let new = NewVisit {
        with: vec!["Aki".into(), " Ren ".into(), "Aki".into()],
        note: Some(" by the window ".into()),
        ..poster("Bar Yoru", NOW - HOUR)
    };
    let made = phone.reopened().check_in(&new).unwrap();
    let visit = all(&mut phone.reopened()).remove(0);
    assert_eq!(visit, made);
    assert_eq!(
        (visit.name.as_str(), visit.address.as_deref()),
        ("Bar Yoru", Some("Kita-ku, Osaka"))
    );
    assert_eq!(
        (visit.check_in, visit.check_out, visit.out, visit.ended_by),
        (NOW - HOUR, None, NOW - HOUR + 90 * 60, EndedBy::Automatic)
    );
    assert_eq!((visit.source, &visit.keys), (new.source, &new.keys));
    assert_eq!(visit.note.as_deref(), Some("by the window"));
    let mut with: Vec<_> = visit.people.iter().filter_map(|person| person.name.clone()).collect();
    with.sort();
    assert_eq!(with, ["Aki", "Ren"]);
    assert_eq!(phone.reopened().people().unwrap().len(), 2);
    assert!(!visit.imported && !visit.needs_repair);
}

#[test]
fn the_next_check_in_ends_the_visit_before_without_writing_it() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let first = diary.check_in(&poster("A", NOW - 2 * HOUR)).unwrap();
    let second = diary.check_in(&poster("B", NOW - HOUR)).unwrap();
    let visit = diary.visit(&first.id).unwrap().unwrap();
    assert_eq!(
        (visit.out, visit.ended_by, visit.check_out),
        (NOW - HOUR, EndedBy::NextCheckIn, None)
    );
    // It was not written: without the second, the first lasts as long as the venue says.
    diary.delete(&[second.id]).unwrap();
    assert_eq!(diary.visit(&first.id).unwrap().unwrap(), first);
}

#[test]
fn a_check_in_of_the_next_week_ends_a_visit_too() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    // Midnight, UTC, of a Thursday: there a week's document ends.
    let turn = NOW.div_euclid(7 * DAY) * 7 * DAY;
    let next = diary.check_in(&poster("B", turn + 60)).unwrap();
    let first = diary.check_in(&poster("A", turn - 60)).unwrap();
    assert_eq!((first.out, first.ended_by), (next.check_in, EndedBy::NextCheckIn));
    assert_eq!(diary.visit(&first.id).unwrap(), Some(first));
}

#[test]
fn times_outside_the_retention_are_refused() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    assert_eq!(refused(diary.check_in(&poster("A", NOW + 1))), Refusal::InTheFuture);
    assert_eq!(
        refused(diary.check_in(&poster("A", NOW - 28 * DAY - 1))),
        Refusal::TooOld { days: 28 }
    );
    for check_in in [i64::MIN, -1, i64::MAX] {
        let new = NewVisit {
            check_in,
            ..poster("A", NOW)
        };
        assert!(matches!(
            refused(diary.check_in(&new)),
            Refusal::TooOld { .. } | Refusal::InTheFuture
        ));
    }
    assert!(all(&mut diary).is_empty());
    // What is just young enough is shown too.
    diary.check_in(&poster("A", NOW - 28 * DAY)).unwrap();
    diary.check_in(&poster("B", NOW)).unwrap();
    assert_eq!(names(&mut diary), ["A", "B"]);
}

#[test]
fn stays_are_between_nothing_and_a_day() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let check_in = NOW - 2 * DAY;
    assert_eq!(
        refused(diary.check_in(&typed("A", check_in, check_in - 1))),
        Refusal::OutBeforeIn
    );
    assert_eq!(
        refused(diary.check_in(&typed("A", check_in, check_in + DAY + 1))),
        Refusal::StayTooLong
    );
    assert_eq!(refused(diary.check_in(&typed("A", NOW, NOW + 1))), Refusal::InTheFuture);
    assert_eq!(
        refused(diary.check_in(&NewVisit {
            default_stay_min: 1_441,
            ..poster("A", check_in)
        })),
        Refusal::StayTooLong
    );
    let visit = diary.check_in(&typed("A", check_in, check_in + DAY)).unwrap();
    assert_eq!((visit.out, visit.ended_by), (check_in + DAY, EndedBy::Person));
    let visit = diary
        .check_in(&NewVisit {
            check_out: None,
            ..typed("B", NOW - HOUR, 0)
        })
        .unwrap();
    assert_eq!(visit.out, NOW - HOUR + 60 * i64::from(DEFAULT_STAY_MIN));
}

#[test]
fn checking_out_follows_the_same_rules() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let id = diary.check_in(&poster("A", NOW - 3 * DAY)).unwrap().id;
    assert_eq!(refused(diary.check_out(&id, NOW - 3 * DAY - 1)), Refusal::OutBeforeIn);
    assert_eq!(refused(diary.check_out(&id, NOW - 2 * DAY + 1)), Refusal::StayTooLong);
    assert_eq!(refused(diary.check_out(&id, NOW + 1)), Refusal::InTheFuture);
    assert_eq!(refused(diary.check_out(&EntryId([1; 16]), NOW)), Refusal::NoSuchVisit);
    let visit = diary.check_out(&id, NOW - 2 * DAY).unwrap();
    assert_eq!(
        (visit.out, visit.check_out, visit.ended_by),
        (NOW - 2 * DAY, Some(NOW - 2 * DAY), EndedBy::Person)
    );
    // Set once more: the last word counts.
    assert_eq!(diary.check_out(&id, NOW - 3 * DAY).unwrap().out, NOW - 3 * DAY);
}

#[test]
fn texts_have_their_limits() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let long = "夜".repeat(700);
    assert_eq!(
        refused(diary.check_in(&typed(&long, NOW, NOW))),
        Refusal::TextTooLong { bytes: LONGEST_NAME }
    );
    assert_eq!(refused(diary.check_in(&typed("  ", NOW, NOW))), Refusal::NoName);
    let noted = NewVisit {
        note: Some(long.clone()),
        ..poster("A", NOW)
    };
    assert_eq!(refused(diary.check_in(&noted)), Refusal::TextTooLong { bytes: LONGEST_NOTE });
    assert_eq!(
        refused(diary.check_in(&NewVisit {
            with: vec![long.clone()],
            ..poster("A", NOW)
        })),
        Refusal::TextTooLong { bytes: LONGEST_NAME }
    );
    let keys = VisitKeys::Slots(vec![(0, [0; 16].into()); 49]);
    assert_eq!(
        refused(diary.check_in(&NewVisit {
            keys,
            ..poster("A", NOW)
        })),
        Refusal::TooManyKeys
    );
    assert!(all(&mut diary).is_empty());
    assert!(diary.people().unwrap().is_empty());
    // What a poster prints nobody here can shorten.
    let foreign = NewVisit {
        source: Source::Foreign(ForeignPoster::Nz),
        keys: VisitKeys::None,
        ..poster(&long, NOW)
    };
    assert_eq!(diary.check_in(&foreign).unwrap().name, "夜".repeat(66));
}

#[test]
fn a_search_finds_a_name_in_any_width_and_composition() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    diary
        .check_in(&typed("カ\u{3099}スト 堺店", NOW - 10 * DAY, NOW - 10 * DAY + HOUR))
        .unwrap();
    for text in ["ガスト", "ｶﾞｽﾄ", "カ\u{3099}スト"] {
        let filter = Filter {
            search: Some(text.into()),
            ..Filter::default()
        };
        let found: Vec<_> = diary
            .list(&filter)
            .unwrap()
            .visits
            .into_iter()
            .map(|visit| visit.name)
            .collect();
        assert_eq!(found, ["カ\u{3099}スト 堺店"], "{text}: a name stays as it was typed");
    }
}

#[test]
fn lists_are_by_time_and_searched_in_any_case() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    diary.check_in(&poster("Late", NOW - HOUR)).unwrap();
    diary
        .check_in(&NewVisit {
            note: Some("birthday of MOMO".into()),
            ..typed("Early", NOW - 20 * DAY, NOW - 20 * DAY)
        })
        .unwrap();
    diary
        .check_in(&NewVisit {
            with: vec!["Aki".into()],
            address: None,
            ..poster("Middle", NOW - DAY)
        })
        .unwrap();
    assert_eq!(names(&mut diary), ["Early", "Middle", "Late"]);
    let mut list = |filter: Filter| {
        diary
            .list(&filter)
            .unwrap()
            .visits
            .into_iter()
            .map(|visit| visit.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        list(Filter {
            from: Some(NOW - DAY),
            ..Filter::default()
        }),
        ["Middle", "Late"]
    );
    assert_eq!(
        list(Filter {
            to: Some(NOW - DAY),
            ..Filter::default()
        }),
        ["Early"]
    );
    assert_eq!(
        list(Filter {
            from: Some(NOW - DAY),
            to: Some(NOW - HOUR),
            ..Filter::default()
        }),
        ["Middle"]
    );
    for (text, found) in [("momo", "Early"), ("AKI", "Middle"), ("kita-KU", "Late"), ("LATE", "Late")] {
        assert_eq!(
            list(Filter {
                search: Some(text.into()),
                ..Filter::default()
            }),
            [found],
            "{text}"
        );
    }
    assert!(
        list(Filter {
            search: Some("nowhere".into()),
            ..Filter::default()
        })
        .is_empty()
    );
}

#[test]
fn rows_of_a_newer_version_are_listed_and_kept() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let visit = diary.check_in(&poster("A", NOW - DAY)).unwrap();
    let newer = EntryId([7; 16]);
    let keys = [newer.to_string(), format!("{newer}/zz")];
    let week = DocumentName::Week(week_of(NOW - DAY).unwrap());
    write(&phone, week, |document| {
        document.set(&keys[0], vec![2, 200, 1])?;
        document.set(&keys[1], "from the future")
    });
    let listing = phone.reopened().list(&Filter::default()).unwrap();
    assert_eq!((listing.visits.len(), listing.newer.as_slice()), (1, &[newer][..]));
    // A deletion writes the document anew; what this program cannot read goes on unchanged.
    diary.delete(&[visit.id]).unwrap();
    let week = DocumentName::Week(week_of(NOW - DAY).unwrap());
    let mut diary = phone.reopened();
    assert_eq!(diary.list(&Filter::default()).unwrap().newer, [newer]);
    let stored = diary.vault().read(|reader| reader.document(&week)).unwrap();
    let document = Document::load(stored.unwrap(), diary.vault().actor());
    assert_eq!(document.get(&keys[1]), Some("from the future".into()));
    assert_eq!(diary.export().unwrap().left_out, 1);
    // It can be deleted by its id.
    diary.delete(&[newer]).unwrap();
    assert!(diary.list(&Filter::default()).unwrap().newer.is_empty());
}

#[test]
fn damage_in_one_week_leaves_the_others() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    diary.check_in(&poster("whole", NOW - 14 * DAY)).unwrap();
    for (name, ago) in [("first", 3), ("second", 2), ("third", 1)] {
        diary.check_in(&poster(name, NOW - ago * HOUR)).unwrap();
    }
    drop(diary);
    assert_eq!(phone.sql("UPDATE change SET sealed = zeroblob(90) WHERE number = 2"), 1);
    let mut diary = phone.reopened();
    let listing = diary.list(&Filter::default()).unwrap();
    assert_eq!(listing.damaged.len(), 1);
    assert_eq!(listing.damaged[0].kind, DamagedKind::Change);
    assert_eq!(
        listing.visits.iter().map(|visit| visit.name.as_str()).collect::<Vec<_>>(),
        ["whole", "first"]
    );
    // Checking in goes on in the damaged week.
    diary.check_in(&poster("fourth", NOW)).unwrap();
    let listing = phone.reopened().list(&Filter::default()).unwrap();
    assert_eq!((listing.visits.len(), listing.damaged.len()), (3, 0));
}
