//! Becoming a municipality, and who lives there.

use super::*;

#[test]
fn an_authority_becomes_a_municipality_once() {
    let (folder, mut town) = town();
    let list = town.trust_list().unwrap();
    assert_eq!(list.municipality.as_ref().map(|section| section.code.number()), Some(271_403));
    assert_eq!((list.keys(Role::Licence).count(), list.keys(Role::Bundle).count()), (1, 1));
    let code = MunicipalityCode::read("131041").unwrap();
    let again = town.become_municipality(code, None, NOW, &SeededRandom::new(3));
    assert_eq!(again.unwrap_err().code(), "municipality.already_one");
    drop(town);
    assert_eq!(
        Authority::open(folder.path(), None)
            .unwrap()
            .municipality_code()
            .unwrap()
            .number(),
        271_403
    );

    let (_other, mut authority) = crate::profile::tests::authority();
    assert_eq!(
        authority
            .enrol(b"ticket,born\n", Taking::default(), NOW, &SeededRandom::new(1))
            .unwrap_err()
            .code(),
        "municipality.not_one"
    );
    let url = authority.become_municipality(code, Some("http://x"), NOW, &SeededRandom::new(3));
    assert_eq!(url.unwrap_err().code(), "municipality.url");
}

#[test]
fn birth_dates_are_sealed_and_bad_rows_cost_no_good_one() {
    let (folder, mut town) = town();
    let file = "ticket,born\n0000000001,1950-05-06\n112714030000000002,19600101\n0000000003,2031-01-01\n1,1970-01-01\n112714040000000004,1970-01-01\n111310410000000005,1970-01-01\n0000000001,1951-05-06\n0000000006,1899-01-01\n";
    let enrolled = town
        .enrol(file.as_bytes(), Taking::default(), NOW, &SeededRandom::new(9))
        .unwrap();
    let rejected: Vec<_> = enrolled.rejected.iter().map(|row| (row.row, row.code)).collect();
    assert_eq!(
        rejected,
        [
            (4, "resident.born"),
            (5, "spreadsheet.zeros_lost"),
            (6, "ticket.check_digit"),
            (7, "resident.other_town"),
            (8, "resident.contradicts"),
            (9, "resident.born"),
        ]
    );
    assert_eq!((enrolled.rows, enrolled.new, enrolled.changed), (8, 2, 0));
    let again = town
        .enrol(
            b"ticket,born\n0000000001,1950-05-06\n0000000002,1961-01-01\n",
            Taking::default(),
            NOW,
            &SeededRandom::new(10),
        )
        .unwrap();
    assert_eq!((again.new, again.changed, town.residents().unwrap()), (0, 1, 2));
    drop(town);
    let database = std::fs::read(folder.path().join(crate::store::DATABASE)).unwrap();
    for shape in [&b"1950"[..], b"19500506"] {
        assert!(!database.windows(shape.len()).any(|window| window == shape));
    }
    // Sealed to its own ticket: moved to another it does not open.
    let town = Authority::open(folder.path(), None).unwrap();
    town.db
        .execute(
            "UPDATE resident SET born = (SELECT born FROM resident WHERE ticket = 1) WHERE ticket = 2",
            [],
        )
        .unwrap();
    assert_eq!(town.coverage(NOW).unwrap_err().code(), "authority.damaged");
}

#[test]
fn a_dry_run_changes_nothing() {
    let (_folder, mut town) = town();
    assert_eq!(
        town.enrol(
            b"ticket,born\n0000000001,1950-05-06\n",
            Taking::DRY_RUN,
            NOW,
            &SeededRandom::new(9)
        )
        .unwrap()
        .new,
        1
    );
    assert_eq!(town.residents().unwrap(), 0);
    let file = b"ticket,dose,date,product,lot\n0000000001,1,2021-07-01,pfizer,EX3617\n";
    assert_eq!(town.import_doses(file, &Mapping::own(), Taking::DRY_RUN, NOW).unwrap().new, 1);
    assert_eq!(
        town.import_lots(b"product,lot,doses\npfizer,EX3617,975\n", true, NOW)
            .unwrap()
            .changed,
        1
    );
    assert!(entries(&town, ALL).is_empty() && town.stock().unwrap().is_empty());
}
