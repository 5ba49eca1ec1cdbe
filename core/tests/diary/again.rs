//! A code that is read again, and a code that is read somewhere else.

use super::*;

const START: i64 = NOW - 10 * HOUR;
/// The usual stay of the fixture's posters.
const STAY: i64 = 90 * 60;

#[test]
fn a_poster_that_is_read_three_times_is_one_visit() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let first = diary.arrive(&poster("Hall", START)).unwrap();
    assert!(!first.again);
    for seconds in [0, 5, 40] {
        let arrived = diary.arrive(&poster("Hall", START + seconds)).unwrap();
        assert_eq!((arrived.visit.id, arrived.again, arrived.ended), (first.visit.id, true, None));
    }
    let [visit] = &all(&mut diary)[..] else { panic!("one visit") };
    assert_eq!(
        (visit.check_in, visit.out),
        (START, START + 40 + STAY),
        "prolonged, and begun when it began"
    );
    assert_eq!(all(&mut phone.reopened()).len(), 1);
}

#[test]
fn what_is_said_the_second_time_is_added() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let told = |at: i64, note: &str, with: &str| NewVisit {
        note: Some(note.into()),
        with: vec![with.into()],
        ..poster("Hall", at)
    };
    diary.arrive(&told(START, "by the window", "Aki")).unwrap();
    let again = diary.arrive(&told(START + 60, "left my hat", "Ken")).unwrap().visit;
    assert_eq!(again.note.as_deref(), Some("by the window\nleft my hat"));
    assert_eq!(again.people.len(), 2);
    let stated = NewVisit {
        check_out: Some(START + 3 * HOUR),
        ..poster("Hall", START + 120)
    };
    let stated = diary.arrive(&stated).unwrap().visit;
    assert_eq!((stated.out, stated.ended_by), (START + 3 * HOUR, EndedBy::Person));
    let later = diary.arrive(&poster("Hall", START + 2 * HOUR)).unwrap();
    assert_eq!(
        (later.again, later.visit.out),
        (true, START + 3 * HOUR),
        "what a person said stands"
    );
}

#[test]
fn after_the_stay_and_at_another_place_of_that_name_it_is_a_new_visit() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    diary.arrive(&poster("Hall", START)).unwrap();
    assert!(!diary.arrive(&poster("Hall", START + STAY + 1)).unwrap().again);
    let day = u32::try_from(START / DAY).unwrap();
    let namesake = NewVisit {
        keys: VisitKeys::Days(vec![(day, [99; 16].into())]),
        ..poster("Hall", START + STAY + 2)
    };
    assert!(
        !diary.arrive(&namesake).unwrap().again,
        "the code of another place has other keys"
    );
    assert_eq!(all(&mut diary).len(), 3);
}

#[test]
fn a_stated_stay_is_not_cut_and_one_that_is_cut_is_named() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let mall = NewVisit {
        check_out: Some(START + 2 * HOUR),
        ..poster("Mall", START)
    };
    let mall = diary.arrive(&mall).unwrap().visit;
    let shop = diary.arrive(&poster("Shop", START + HOUR / 2)).unwrap();
    assert_eq!(shop.ended, None);
    assert_eq!(diary.visit(&mall.id).unwrap().unwrap().out, START + 2 * HOUR);
    let cafe = diary.arrive(&poster("Cafe", START + HOUR)).unwrap();
    let ended = cafe.ended.unwrap();
    assert_eq!((ended.name.as_str(), ended.out), ("Shop", START + HOUR));
    let back = diary.arrive(&poster("Mall", START + HOUR + 600)).unwrap();
    assert_eq!((back.again, back.visit.id), (true, mall.id), "back from the shop");
}

#[test]
fn how_long_somebody_means_to_stay_may_lie_ahead() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let planned = |hours: i64| NewVisit {
        check_out: Some(NOW + hours * HOUR),
        ..poster("Hall", NOW)
    };
    let visit = diary.arrive(&planned(2)).unwrap().visit;
    assert_eq!((visit.out, visit.ended_by), (NOW + 2 * HOUR, EndedBy::Person));
    assert_eq!(diary.arrive(&planned(25)), Err(Refusal::StayTooLong.into()));
    let earlier = Edit {
        check_in: Some(NOW - 600),
        ..Edit::default()
    };
    assert_eq!(diary.edit(&visit.id, &earlier).unwrap().out, NOW + 2 * HOUR);
    assert_eq!(
        diary.check_in(&planned(2)),
        Err(Refusal::InTheFuture.into()),
        "what is typed afterwards has ended"
    );
}
