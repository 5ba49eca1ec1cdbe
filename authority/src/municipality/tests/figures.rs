//! What is made of the ledger: late doses, coverage, stock.

use super::*;

#[test]
fn the_second_dose_is_late_by_the_rule_of_its_product() {
    let (_folder, mut town) = town();
    let file = b"ticket,dose,date,product,lot\n\
        0000000001,1,2021-07-01,pfizer,A1\n0000000002,1,2021-07-01,moderna,B1\n0000000003,1,2021-07-01,astrazeneca,C1\n\
        0000000004,1,2021-07-01,pfizer,A1\n0000000004,2,2021-07-22,pfizer,A1\n";
    let later = NOW + 90 * DAY;
    town.import_doses(file, &Mapping::own(), Taking::default(), later).unwrap();
    let schedule = Schedule::japan_covid_19();
    let late = |on: &str| {
        let date = chrono::NaiveDate::parse_from_str(on, "%Y-%m-%d").unwrap();
        let mut out = Vec::new();
        town.overdue(&schedule, days::start_of(days::day_of(date)), |overdue| {
            out.push(overdue.ticket.number());
            Ok::<(), Error>(())
        })
        .unwrap();
        out
    };
    assert_eq!(late("2021-08-04"), [] as [u64; 0]);
    assert_eq!(late("2021-08-05"), [1], "three weeks and 14 days");
    assert_eq!(late("2021-08-11"), [1]);
    assert_eq!(late("2021-08-12"), [1, 2], "four weeks and 14 days");
    assert_eq!(late("2021-09-22"), [1, 2]);
    assert_eq!(late("2021-09-25"), [1, 2, 3], "after twelve weeks");
    assert_eq!(late("2026-01-01"), [1, 2, 3], "a rule that has ended still says when it was");
}

#[test]
fn coverage_counts_by_age_and_stock_by_lot() {
    let (_folder, mut town) = town();
    let mut residents = String::from("ticket,born\n");
    let mut doses = String::from("ticket,dose,date,product,lot\n");
    for number in 1..=30 {
        let year = if number <= 12 { 1950 } else { 1990 };
        writeln!(residents, "{number:010},{year}-05-06").unwrap();
        if number % 2 == 0 {
            writeln!(doses, "{number:010},1,2021-07-0{},pfizer,EX3617", 1 + number % 3).unwrap();
        }
    }
    doses.push_str("0000009999,1,2021-07-01,moderna,3004220\n");
    town.enrol(residents.as_bytes(), Taking::default(), NOW, &SeededRandom::new(5))
        .unwrap();
    town.import_lots(
        "product,lot,doses\nファイザー,EX3617,975\npfizer,EY0779,195\nx,y,1\n".as_bytes(),
        false,
        NOW,
    )
    .unwrap();
    let imported = town
        .import_doses(doses.as_bytes(), &Mapping::own(), Taking::default(), NOW)
        .unwrap();
    assert_eq!((imported.new, imported.not_enrolled, imported.lots_unknown), (16, 1, 1));
    let coverage = town.coverage(NOW).unwrap();
    let people: Vec<_> = coverage
        .people
        .iter()
        .map(|((number, age), count)| (*number, age.to_string(), *count))
        .collect();
    assert_eq!(
        people,
        [(1, "30-39".into(), 9), (1, "65-74".into(), 6), (1, "unknown".into(), 1)]
    );
    let population: Vec<_> = coverage
        .population
        .iter()
        .map(|(age, count)| (age.to_string(), *count))
        .collect();
    assert_eq!(population, [("30-39".into(), 18), ("65-74".into(), 12)]);
    let public = coverage.for_public();
    assert_eq!((public.doses, public.population), (Some(16), Some(30)));
    assert!(public.people.values().all(|(people, _)| people.is_none()));
    let stock: Vec<_> = town
        .stock()
        .unwrap()
        .into_iter()
        .map(|lot| (lot.lot.lot, lot.distributed, lot.given))
        .collect();
    assert_eq!(
        stock,
        [
            ("EX3617".into(), Some(975), 15),
            ("EY0779".into(), Some(195), 0),
            ("3004220".into(), None, 1)
        ]
    );
    town.add_recall(
        "pfizer",
        "EX3617",
        &techo_protocol::exposure::notice::LocalisedText::default(),
        NOW,
    )
    .unwrap();
    let (update, _) = town.site_update(NOW).unwrap();
    assert_eq!((update.lots.len(), update.recalled.len(), update.number), (2, 1, 1));
    assert_eq!(town.site_update(NOW).unwrap().0.number, 2);
}
