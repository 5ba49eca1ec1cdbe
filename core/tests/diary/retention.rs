use techo_core::documents::settings::set_keep_days;
use techo_core::ports::KeyError;
use techo_core::vault::VaultError;
use techo_testing::memory_keeper::KeeperCall;
use techo_testing::memory_relay::MemoryRelay;

use super::*;

fn weeks(diary: &mut Diary) -> usize {
    let names = diary
        .vault()
        .read(|reader| Ok::<_, VaultError>(reader.document_names()))
        .unwrap();
    names.iter().filter(|(name, _)| matches!(name, DocumentName::Week(_))).count()
}

fn has_week_of(diary: &mut Diary, check_in: i64) -> bool {
    let week = DocumentName::Week(week_of(check_in).unwrap());
    let names = diary
        .vault()
        .read(|reader| Ok::<_, VaultError>(reader.document_names()))
        .unwrap();
    names.iter().any(|(name, _)| *name == week)
}

#[test]
fn a_clock_that_jumps_ahead_destroys_nothing_on_its_first_word() {
    let phone = Phone::at(NOW);
    phone.reopened().check_in(&poster("A", NOW)).unwrap();
    phone.clock.set(NOW + 400 * DAY);
    assert_eq!(all(&mut phone.reopened()), [], "hidden at once");
    phone.clock.set(NOW + 400 * DAY + DAY - 1);
    assert_eq!(weeks(&mut phone.reopened()), 1);
    phone.clock.set(NOW + DAY);
    assert_eq!(names(&mut phone.reopened()), ["A"], "back when the clock is right");
    // What a wrong clock said before does not count when the time has really come.
    phone.clock.set(NOW + 300 * DAY);
    assert_eq!(weeks(&mut phone.reopened()), 1);
    phone.clock.set(NOW + 301 * DAY);
    assert_eq!(weeks(&mut phone.reopened()), 0);
}

#[test]
fn a_clock_that_stood_ahead_for_one_entry_and_one_look_destroys_nothing() {
    let phone = Phone::at(NOW);
    for days in [2, 19] {
        phone
            .reopened()
            .check_in(&poster(&format!("{days} days ago"), NOW - days * DAY))
            .unwrap();
    }
    // Not all that is there would go: what was entered just now stays.
    phone.clock.set(NOW + 60 * DAY);
    phone
        .reopened()
        .check_in(&poster("by the wrong clock", NOW + 60 * DAY))
        .unwrap();
    phone.clock.set(NOW + 60 * DAY + 60);
    assert_eq!(names(&mut phone.reopened()), ["by the wrong clock"]);
    phone.clock.set(NOW);
    assert_eq!(names(&mut phone.reopened())[..2], ["19 days ago", "2 days ago"]);
    // Nor for a part of the diary, nor when it jumps on.
    for ahead in [20, 37, 55] {
        phone.clock.set(NOW + ahead * DAY);
        phone.reopened();
    }
    phone.clock.set(NOW);
    assert_eq!(names(&mut phone.reopened())[..2], ["19 days ago", "2 days ago"]);
}

#[test]
fn a_relay_or_a_signed_list_confirms_the_time_at_once() {
    let mut phone = Phone::at(NOW);
    phone.reopened().check_in(&poster("A", NOW)).unwrap();
    phone.clock.set(NOW + 40 * DAY);
    let mut diary = phone.reopened();
    assert_eq!(weeks(&mut diary), 1);
    phone.now = NOW + 40 * DAY;
    phone.sync(&MemoryRelay::new(1));
    diary.forget_expired().unwrap();
    assert_eq!(weeks(&mut diary), 0);
}

/// From the check-in to its destruction, day by day, for each day of a week.
#[test]
fn a_visit_is_hidden_on_its_day_and_destroyed_at_most_seven_days_later() {
    for weekday in 0..7 {
        let phone = Phone::at(NOW);
        let check_in = NOW + weekday * DAY;
        phone.clock.set(check_in);
        phone.reopened().check_in(&poster("A", check_in)).unwrap();
        let mut hidden = None;
        let mut destroyed = None;
        for day in 0..40 {
            phone.clock.set(check_in + day * DAY);
            let mut diary = phone.reopened();
            if day % 20 == 19 {
                // A person who goes on living: not everything expires at once.
                diary.check_in(&poster("B", check_in + day * DAY)).unwrap();
            }
            if !names(&mut diary).contains(&"A".to_owned()) {
                hidden.get_or_insert(day);
            }
            if !has_week_of(&mut diary, check_in) {
                destroyed.get_or_insert(day);
            }
        }
        assert_eq!(hidden, Some(29));
        let destroyed = destroyed.unwrap();
        assert!((30..=36).contains(&destroyed), "day {destroyed}");
    }
}

#[test]
fn what_cannot_be_destroyed_yet_does_not_keep_the_rest_shut() {
    let phone = Phone::at(NOW);
    phone.reopened().check_in(&poster("old", NOW - 20 * DAY)).unwrap();
    phone.reopened().check_in(&poster("young", NOW)).unwrap();
    phone.clock.set(NOW + 19 * DAY);
    phone.reopened();
    phone.clock.set(NOW + 20 * DAY);
    phone.keeper.watch(|call| match call {
        KeeperCall::Delete => Err(KeyError::Unavailable { reason: "full".into() }),
        KeeperCall::Store => Ok(()),
    });
    let mut diary = phone.reopened();
    assert_eq!((names(&mut diary), weeks(&mut diary)), (vec!["young".to_string()], 1));
    assert!(diary.vault().has_unfinished_deletion());
    phone.keeper.stop_watching();
    assert!(!phone.reopened().vault().has_unfinished_deletion());
}

#[test]
fn retention_is_a_choice_from_14_to_60() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    assert_eq!(diary.keep_days().unwrap(), DEFAULT_KEEP_DAYS);
    for days in [i64::MIN, 0, 13, 61, i64::MAX] {
        assert_eq!(refused(diary.set_keep_days(days)), Refusal::KeepOutOfRange);
    }
    diary.set_keep_days(60).unwrap();
    diary.check_in(&poster("old", NOW - 60 * DAY)).unwrap();
    diary.check_in(&poster("young", NOW - DAY)).unwrap();
    assert_eq!(names(&mut phone.reopened()), ["old", "young"]);
    assert_eq!(phone.reopened().keep_days().unwrap(), 60);
    diary.set_keep_days(14).unwrap();
    assert_eq!(
        (names(&mut diary), weeks(&mut diary)),
        (vec!["young".to_string()], 2),
        "hidden at once"
    );
    phone.clock.set(NOW + DAY);
    diary.forget_expired().unwrap();
    assert_eq!(weeks(&mut diary), 1);
    // Kept for longer again: what is destroyed stays so.
    diary.set_keep_days(60).unwrap();
    assert_eq!(names(&mut phone.reopened()), ["young"]);
}

#[test]
fn a_longer_retention_of_another_version_is_brought_into_range() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    write(&phone, DocumentName::Settings, |document| set_keep_days(document, 9_999));
    assert_eq!(diary.keep_days().unwrap(), 60);
}

#[test]
fn editing_times_does_not_prolong_a_visit_s_life() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let id = diary.check_in(&poster("A", NOW - 28 * DAY)).unwrap().id;
    diary
        .edit(
            &id,
            &Edit {
                check_in: Some(NOW - 27 * DAY),
                ..Edit::default()
            },
        )
        .unwrap();
    assert_eq!(names(&mut diary).len(), 1);
    phone.clock.set(NOW + DAY);
    assert_eq!(names(&mut phone.reopened()).len(), 0);
}
