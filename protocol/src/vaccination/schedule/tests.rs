use chrono::Days;
use proptest::prelude::*;

use super::*;
use crate::Coded;

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn dose(text: &str) -> GivenDose<'_> {
    let (product, rest) = text.split_once(':').unwrap();
    let (day, number) = rest
        .split_once('#')
        .map_or((rest, None), |(day, number)| (day, number.parse().ok()));
    GivenDose {
        date: date(day),
        product: Some(product),
        number,
    }
}

fn doses(text: &str) -> Vec<GivenDose<'_>> {
    text.split(',').filter(|text| *text != "-").map(dose).collect()
}

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

#[test]
fn the_worked_cases_hold() {
    let schedule = Schedule::japan_covid_19();
    let mut cases = 0;
    for line in include_str!("cases.csv").lines().filter(|line| !line.starts_with('#')) {
        let [name, born, given, today, number, earliest, recommended, overdue, rule] = line
            .split(';')
            .collect::<Vec<_>>()
            .try_into()
            .unwrap_or_else(|_| panic!("{line}"));
        let born = (born != "-").then(|| date(born));
        let answer = schedule.next(&doses(given), born, date(today));
        let found = match &answer.due {
            Ok(next) => [
                next.earliest.to_string(),
                next.recommended.to_string(),
                next.overdue.map_or("-".into(), |day| day.to_string()),
                next.rule.clone(),
            ],
            Err(why) => ["-".into(), "-".into(), "-".into(), why.code().to_string()],
        };
        assert_eq!(found, [earliest, recommended, overdue, rule], "{name}");
        assert_eq!(answer.dose.to_string(), number, "{name}");
        cases += 1;
    }
    assert!(cases >= 40, "{cases}");
}

#[test]
fn a_site_may_give_what_the_schedule_permits() {
    let schedule = Schedule::japan_covid_19();
    let born = Some(date("1980-01-01"));
    let first = doses("pfizer:2021-07-01");
    let may =
        |doses: &[GivenDose<'_>], born, on: &str, product| schedule.permits(doses, born, date(on), product).map(str::to_string);
    assert_eq!(may(&first, born, "2021-07-20", "pfizer"), Ok("pfizer-2".into()));
    let earliest = date("2021-07-20");
    assert_eq!(may(&first, born, "2021-07-06", "pfizer"), Err(NoDose::TooEarly { earliest }));
    assert_eq!(may(&first, born, "2021-07-19", "pfizer"), Err(NoDose::TooEarly { earliest }));
    assert_eq!(
        may(&first, born, "2021-12-24", "pfizer"),
        Ok("pfizer-2".into()),
        "late is allowed"
    );
    assert_eq!(may(&first, born, "2021-08-01", "moderna"), Err(NoDose::OtherMaker));
    assert_eq!(may(&[], born, "2021-07-01", "pfizer"), Ok("pfizer-1".into()));
    assert_eq!(
        may(&[], born, "2021-02-16", "pfizer"),
        Err(NoDose::NotGiven),
        "before it began"
    );
    assert_eq!(may(&[], born, "2021-07-01", "sputnik"), Err(NoDose::NotGiven));
    assert_eq!(
        may(&[], None, "2021-07-01", "pfizer"),
        Ok("pfizer-1".into()),
        "the age is not known"
    );
    let first = doses("astrazeneca:2021-09-01");
    assert_eq!(may(&first, None, "2021-10-27", "astrazeneca"), Ok("astrazeneca-2".into()));
    assert_eq!(may(&[], None, "2021-09-01", "astrazeneca"), Ok("astrazeneca-1".into()));
    assert_eq!(may(&[], Some(date("2015-01-01")), "2021-07-01", "pfizer"), Err(NoDose::Age));
    let two = doses("astrazeneca:2021-09-01,astrazeneca:2021-10-27");
    assert_eq!(may(&two, born, "2022-07-01", "moderna"), Ok("booster-1-5-months".into()));
    assert_eq!(may(&two, born, "2022-07-01", "astrazeneca"), Err(NoDose::NotGiven));
    let four = doses("pfizer:2021-07-01,pfizer:2021-07-22,moderna:2022-03-05,pfizer:2022-11-01");
    assert_eq!(may(&four, born, "2023-03-01", "pfizer"), Err(NoDose::Given));
}

#[test]
fn only_who_is_named_signs_it() {
    let schedule = Schedule::japan_covid_19();
    let file = schedule.write(&key(1)).unwrap();
    assert_eq!(Schedule::read(&file, [&key(1).public()]), Ok(schedule));
    assert_eq!(
        Schedule::read(&file, [&key(2).public()]),
        Err(ScheduleError::SignatureInvalid)
    );
    assert_eq!(Schedule::read(&file, []), Err(ScheduleError::SignatureInvalid));
    assert_eq!(Schedule::read(b"TTRL", [&key(1).public()]), Err(ScheduleError::NotASchedule));
    assert_eq!(
        Schedule::read(b"TSCH\x03", [&key(1).public()]),
        Err(ScheduleError::NewerVersion)
    );
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        assert!(Schedule::read(&damaged, [&key(1).public()]).is_err(), "byte {at}");
    }
}

/// The file of version 1 as it was first written: what is out there stays readable.
#[test]
fn a_file_of_version_1_stays_readable() {
    let schedule = Schedule::read(include_bytes!("version-1.schedule"), [&key(7).public()]).unwrap();
    assert_eq!((schedule.code.as_str(), schedule.version), ("jp-covid-19", 1));
    let due = schedule
        .next(&doses("pfizer:2021-07-01"), None, date("2021-07-02"))
        .due
        .unwrap();
    assert_eq!(due.recommended, date("2021-07-22"));
    assert!(due.age_assumed);
}

#[test]
fn what_is_not_sound_is_refused_with_its_reason() {
    let sound = include_str!("../../../schedules/japan-covid-19.json");
    let refused = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        Schedule::from_json(&sound.replacen(from, to, 1)).unwrap_err()
    };
    let invalid = |what| ScheduleError::Invalid { what };
    assert_eq!(
        refused("\"version\": 2", "\"version\": 0"),
        invalid("its code, name or version")
    );
    assert_eq!(
        refused("[\"mhlw-36\", ", "[\"hearsay\", "),
        invalid("a rule has no source, or one that is not listed")
    );
    assert_eq!(
        refused("\"sources\": [\"mainichi-2021-12-02\"]", "\"sources\": []"),
        invalid("a rule has no source, or one that is not listed")
    );
    assert_eq!(refused("\"pfizer-2\"", "\"pfizer-1\""), invalid("a rule is named twice"));
    assert_eq!(
        refused(
            "\"from\": \"2021-06-01\", \"until\": \"2024-04-01\"",
            "\"from\": \"2024-04-01\", \"until\": \"2024-04-01\""
        ),
        invalid("a rule's dates")
    );
    assert_eq!(
        refused("\"give\": [\"novavax\"]", "\"give\": [\"placebo\"]"),
        invalid("a rule gives a product that is not listed")
    );
    assert!(matches!(
        refused("\"3 weeks\"", "\"3 fortnights\""),
        ScheduleError::Unreadable { .. }
    ));
    assert!(
        matches!(refused("\"same_maker\"", "\"some_maker\""), ScheduleError::Unreadable { .. }),
        "a misspelt rule is no rule"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Schedule::read(&[b"TSCH\x01".as_slice(), &bytes].concat(), [&key(1).public()]).is_err());
    }

    /// For any doses, days and births: no panic, the days are in their order, and what `next` says `permits` agrees with.
    #[test]
    fn next_and_permits_agree(
        given in prop::collection::vec((0..1_300_u64, 0..5_usize, prop::option::of(1..6_u8)), 0..6),
        born in prop::option::of(0..40_000_u64),
        today in 0..1_500_u64,
    ) {
        let schedule = Schedule::japan_covid_19();
        let start = date("2021-01-01");
        let products = ["pfizer", "moderna", "astrazeneca", "novavax", "other"];
        let doses: Vec<_> = given.iter().map(|(day, product, number)| GivenDose {
            date: start + Days::new(*day),
            product: Some(products[*product]),
            number: *number,
        }).collect();
        let born = born.map(|days| date("1915-01-01") + Days::new(days));
        let today = start + Days::new(today);
        if let Ok(next) = schedule.next(&doses, born, today).due {
            prop_assert!(next.earliest <= next.recommended);
            prop_assert!(next.overdue.is_none_or(|day| day >= next.recommended));
            prop_assert!(doses.iter().all(|dose| dose.date <= next.earliest));
            if born.is_some() {
                let permits = |day: NaiveDate| next.products.iter().any(|product| schedule.permits(&doses, born, day, product).is_ok());
                prop_assert!(permits(next.earliest), "{next:?}");
            }
        }
    }

    #[test]
    fn far_away_days_do_not_overflow(given in any::<i32>(), birth in any::<i32>(), today in any::<i32>()) {
        let day = |days: i32| NaiveDate::from_num_days_from_ce_opt(days % 96_000_000).unwrap_or(NaiveDate::MAX);
        let doses = [GivenDose { date: day(given), product: Some("pfizer"), number: None }];
        let schedule = Schedule::japan_covid_19();
        let _ = schedule.next(&doses, Some(day(birth)), day(today));
        let _ = schedule.permits(&doses, Some(day(birth)), day(today), "pfizer");
    }
}

#[test]
fn in_japan_an_age_is_reached_on_the_day_before_the_birthday() {
    let schedule = Schedule::japan_covid_19();
    let may = |born: &str, on: &str| schedule.permits(&[], Some(date(born)), date(on), "pfizer").map(str::to_owned);
    assert!(may("2009-07-15", "2021-07-14").is_ok());
    assert_eq!(
        may("2009-07-15", "2021-07-13"),
        Err(NoDose::TooYoung {
            earliest: date("2021-07-14")
        })
    );
    // Born on the 29th of February: twelve with the end of the 28th.
    assert!(may("2010-03-01", "2022-02-28").is_ok());
    // Six months, where the month has no such day.
    assert!(may("2022-08-31", "2023-02-28").is_ok());
    assert!(may("2022-08-31", "2023-02-27").is_err());
    let due = schedule.next(&[], Some(date("2009-07-15")), date("2021-06-15")).due.unwrap();
    assert_eq!(due.earliest, date("2021-07-14"));
    let birthday = Schedule {
        ages: AgeLaw::Birthday,
        ..schedule.clone()
    };
    assert_eq!(
        birthday
            .next(&[], Some(date("2009-07-15")), date("2021-06-15"))
            .due
            .unwrap()
            .earliest,
        date("2021-07-15")
    );
}

#[test]
fn a_law_of_ages_is_of_version_2_and_an_older_program_refuses_the_file() {
    let schedule = Schedule::japan_covid_19();
    let file = schedule.write(&key(1)).unwrap();
    assert_eq!(
        (file[4], Schedule::read(&file, [&key(1).public()])),
        (2, Ok(schedule.clone()))
    );
    let without = Schedule {
        ages: AgeLaw::Birthday,
        ..schedule
    };
    let file = without.write(&key(1)).unwrap();
    assert_eq!((file[4], Schedule::read(&file, [&key(1).public()])), (1, Ok(without)));
}

/// The file of version 2 as it was first written.
#[test]
fn a_file_of_version_2_stays_readable() {
    let schedule = Schedule::read(include_bytes!("version-2.schedule"), [&key(7).public()]).unwrap();
    assert_eq!(
        (schedule.code.as_str(), schedule.version, schedule.ages),
        ("jp-covid-19", 2, AgeLaw::DayBeforeBirthday)
    );
}
