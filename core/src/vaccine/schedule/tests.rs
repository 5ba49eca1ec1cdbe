use techo_protocol::Coded;
use techo_protocol::trust::TrustedKey;

use super::*;
use crate::exposure::fixture::vault;
use crate::vaccine::tests::{FIRST, all_doses, key, sakai, slip};
use crate::vaccine::{Content, add as add_record, day_in_japan, next, people};

/// The town's list, with a key for what it publishes.
fn town() -> TrustList {
    let mut list = sakai();
    list.keys.push(TrustedKey {
        role: Role::Notice,
        key: key(30).public(),
        revoked: false,
    });
    list
}

/// The built-in schedule with another interval.
fn changed(version: u32, recommended: &str) -> Schedule {
    let mut schedule = Schedule::japan_covid_19();
    schedule.version = version;
    for rule in schedule
        .series
        .iter_mut()
        .flat_map(|series| &mut series.doses)
        .flat_map(|dose| &mut dose.rules)
    {
        if rule.id == "pfizer-2" {
            rule.recommended = recommended.parse().unwrap();
        }
    }
    schedule
}

fn file(schedule: &Schedule) -> Vec<u8> {
    schedule.write(&key(30)).unwrap()
}

fn refusal(result: Result<InUse, TakeScheduleError>) -> &'static str {
    result.map(|taken| taken.schedule.version).unwrap_err().code()
}

#[test]
fn a_newer_schedule_counts_from_then_on() {
    let (_folder, mut vault) = vault();
    following::add(&mut vault, &town().write(&key(1))).unwrap();
    let aki = people::add(&mut vault, "Aki", None, FIRST).unwrap();
    add_record(&mut vault, &aki.id, Content::Slip(slip(1, FIRST, "EX3617")), FIRST).unwrap();
    let due = |vault: &mut Vault| {
        let doses = all_doses(vault, &[town()], FIRST);
        let schedule = in_use(vault).unwrap().schedule;
        let due = next(&schedule, None, &doses, day_in_japan(FIRST)).due.unwrap();
        (due.recommended.to_string(), due.rule, due.schedule_version)
    };
    assert_eq!(due(&mut vault), ("2021-07-22".into(), "pfizer-2".into(), 2));

    let taken = add(&mut vault, &file(&changed(3, "6 weeks"))).unwrap();
    assert_eq!(taken.signed_by.map(|list| list.name), Some("Sakai".into()));
    assert_eq!(due(&mut vault), ("2021-08-12".into(), "pfizer-2".into(), 3));
    assert!(add(&mut vault, &file(&changed(3, "6 weeks"))).is_ok(), "the same again");
    assert_eq!(refusal(add(&mut vault, &file(&changed(3, "5 weeks")))), "schedule.older");
    assert_eq!(refusal(add(&mut vault, &file(&changed(2, "5 weeks")))), "schedule.older");
    let other = Schedule {
        code: "jp-other".into(),
        ..changed(1, "5 weeks")
    };
    assert_eq!(add(&mut vault, &file(&other)).unwrap().schedule.code, "jp-other");
    assert_eq!(due(&mut vault).0, "2021-08-05");

    reset(&mut vault).unwrap();
    assert_eq!(due(&mut vault).2, 2);
}

#[test]
fn only_who_is_followed_changes_the_schedule() {
    let (_folder, mut vault) = vault();
    let newer = changed(3, "6 weeks");
    assert_eq!(refusal(add(&mut vault, &file(&newer))), "schedule.signature_invalid");
    assert_eq!(refusal(add(&mut vault, b"TTRL")), "schedule.not_a_schedule");
    following::add(&mut vault, &town().write(&key(1))).unwrap();
    let by_licence_key = newer.write(&key(20)).unwrap();
    assert_eq!(refusal(add(&mut vault, &by_licence_key)), "schedule.signature_invalid");
    add(&mut vault, &file(&newer)).unwrap();

    // A key that was revoked since, and an authority that is followed no longer.
    let mut revoked = town();
    revoked.number += 1;
    revoked.keys[1].revoked = true;
    let version = |vault: &mut Vault| in_use(vault).unwrap().schedule.version;
    assert_eq!(version(&mut vault), 3);
    following::add(&mut vault, &revoked.write(&key(1))).unwrap();
    assert_eq!(version(&mut vault), 2);

    let (_folder, mut vault) = crate::exposure::fixture::vault();
    following::add(&mut vault, &town().write(&key(1))).unwrap();
    add(&mut vault, &file(&newer)).unwrap();
    crate::device::stop_following(&mut vault, town().authority()).unwrap();
    assert_eq!(version(&mut vault), 2);
    following::add(&mut vault, &town().write(&key(1))).unwrap();
    assert_eq!(version(&mut vault), 2, "it went with its authority");
}
