use super::*;

fn tablet(check_in: i64, hours: u32) -> NewVisit {
    let first = u32::try_from(check_in / HOUR).unwrap();
    let keys = (first..first + hours)
        .map(|slot| (slot, [u8::try_from(slot % 251).unwrap(); 16].into()))
        .collect();
    NewVisit {
        source: Source::Code {
            authority: [0xaa; 16],
            kind: CodeKind::Rotating,
        },
        keys: VisitKeys::Slots(keys),
        default_stay_min: 60,
        ..poster("Hall", check_in)
    }
}

const START: i64 = NOW - 10 * HOUR;

#[test]
fn scanning_again_adds_keys_and_prolongs() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let first = diary.check_in(&tablet(START, 2)).unwrap();
    let again = diary
        .check_in(&NewVisit {
            with: vec!["Aki".into()],
            ..tablet(START + 50 * 60, 2)
        })
        .unwrap();
    assert_eq!(again.id, first.id);
    assert_eq!((again.check_in, again.out), (START, START + 110 * 60));
    assert_eq!(again.keys.as_slice().len(), 2);
    assert_eq!(again.people.len(), 1);
    let hour_later = START + 110 * 60;
    let third = diary.check_in(&tablet(hour_later, 2)).unwrap();
    assert_eq!(third.id, first.id);
    assert_eq!((third.out, third.keys.as_slice().len()), (hour_later + HOUR, 3));
    assert_eq!(all(&mut phone.reopened()), [third]);
}

#[test]
fn after_leaving_it_is_a_new_visit() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let first = diary.check_in(&tablet(START, 2)).unwrap();
    diary.check_out(&first.id, START + 20 * 60).unwrap();
    let second = diary.check_in(&tablet(START + 30 * 60, 2)).unwrap();
    assert_ne!(second.id, first.id);
    // Somewhere else in between: the first visit is over.
    diary.check_in(&poster("Elsewhere", START + 40 * 60)).unwrap();
    assert_ne!(diary.check_in(&tablet(START + 50 * 60, 2)).unwrap().id, second.id);
    // Hours that the codes do not join are not one stay.
    assert_eq!(all(&mut diary).len(), 4);
    diary.check_in(&tablet(START + 5 * HOUR, 2)).unwrap();
    assert_eq!(all(&mut diary).len(), 5);
}

#[test]
fn another_tablet_is_another_visit() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    diary.check_in(&tablet(START, 2)).unwrap();
    diary
        .check_in(&NewVisit {
            name: "Annex".into(),
            ..tablet(START + 600, 2)
        })
        .unwrap();
    diary
        .check_in(&NewVisit {
            source: Source::Code {
                authority: [0xbb; 16],
                kind: CodeKind::Rotating,
            },
            ..tablet(START + 1_200, 2)
        })
        .unwrap();
    assert_eq!(names(&mut diary), ["Hall", "Annex", "Hall"]);
    // A poster scanned twice is two check-ins, the second of which ends the first.
    diary.check_in(&poster("Bar", START + 2 * HOUR)).unwrap();
    diary.check_in(&poster("Bar", START + 2 * HOUR + 60)).unwrap();
    assert_eq!(all(&mut diary).len(), 5);
}

#[test]
fn a_stay_longer_than_its_keys_says_so() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let start = START.div_euclid(HOUR) * HOUR;
    let visit = diary.check_in(&tablet(start, 2)).unwrap();
    assert_eq!(visit.uncovered_from(), None);
    assert_eq!(diary.check_out(&visit.id, start + 2 * HOUR).unwrap().uncovered_from(), None);
    assert_eq!(
        diary.check_out(&visit.id, start + 3 * HOUR).unwrap().uncovered_from(),
        Some(start + 2 * HOUR)
    );
    let day = (NOW - 5 * DAY).div_euclid(DAY) * DAY;
    let posted = diary.check_in(&poster("Bar", day + 12 * HOUR)).unwrap();
    assert_eq!(diary.check_out(&posted.id, day + 36 * HOUR).unwrap().uncovered_from(), None);
    assert_eq!(
        diary.check_in(&typed("Home", day, day + HOUR)).unwrap().uncovered_from(),
        None
    );
}
