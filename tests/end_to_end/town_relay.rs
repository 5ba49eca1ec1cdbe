//! Bundles and recalls through a relay, which carries sealed bytes and public lists alone; and a resident who moves.

use techo_tests::{Profile, files_holding};

use crate::town::{MORNING, Town, ask};

#[test]
fn a_relay_carries_a_bundle_it_cannot_read_beside_diaries() {
    let world = Town::new();
    let relay_profile = Profile::new(world.folder.path(), "relay").at(MORNING);
    let relay = relay_profile.serve(&[
        "relay",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--trust",
        &world.path("town.trust"),
    ]);
    for number in 1..=3 {
        assert_eq!(ask(&world.site, &format!("11271403{number:010}"), MORNING, &[]).status, 0);
    }
    let sent = world.site.run(&["clinic", "bundle", "--relay", &relay.url]);
    assert_eq!(
        (sent.first()["sequence"].as_u64(), sent.first()["doses"].as_u64()),
        (Some(1), Some(3))
    );
    assert!(files_holding(&relay_profile.folder, &["EX3617", "0000000001", "Dr. K"]).is_empty());
    let town = world.office.at("2021-07-01T18:00:00+09:00");
    // Whoever fetches first: a piece is no diary, and is not lost as a dummy.
    town.run(&["authority", "publish", "--relay", &relay.url]);
    town.run(&["authority", "case", "fetch", "--relay", &relay.url]);
    let taken = town.run(&["municipality", "import", "--relay", &relay.url]);
    let last = taken.lines.last().unwrap();
    assert_eq!(last["bundles"].as_u64(), Some(1), "{:?}", taken.lines);
    assert_eq!(world.ledger("2021-07-01T18:00:00+09:00").len(), 3);

    let lots = world.path("lots.csv");
    std::fs::write(&lots, "product,lot,doses\npfizer,EX3617,975\nmoderna,3004220,500\n").unwrap();
    town.run(&["municipality", "lots", "import", &lots]);
    town.run(&["authority", "recall", "add", "--product", "pfizer", "--lot", "EX3617"]);
    town.run(&["municipality", "site", "revoke", "1", "--from", "2021-07-03T00:00:00+09:00"]);
    let later = world.office.at("2021-07-01T19:00:00+09:00");
    later.run(&["authority", "publish", "--relay", &relay.url]);
    let updated = world
        .site
        .at("2021-07-01T19:30:00+09:00")
        .run(&["clinic", "update", "--relay", &relay.url]);
    assert_eq!(
        (updated.first()["lots"].as_u64(), updated.first()["recalled"].as_u64()),
        (Some(2), Some(1))
    );
    let by_the_list = [
        "clinic",
        "record",
        "112714030000000008",
        "--product",
        "pfizer",
        "--lot",
        "3004220",
        "--at",
        "2021-07-01T19:30:00+09:00",
        "--by",
        "K",
    ];
    assert_eq!(
        world.site.at("2021-07-01T19:30:00+09:00").fails(&by_the_list),
        "clinic.lot_of_another_product",
        "the lots came too"
    );
    assert_eq!(
        ask(&world.site, "112714030000000009", "2021-07-02T10:00:00+09:00", &[]).error_code(),
        "clinic.lot_recalled"
    );
    assert_eq!(
        ask(&world.site, "112714030000000009", "2021-07-03T10:00:00+09:00", &[]).error_code(),
        "clinic.licence_revoked"
    );
    let (status, log) = relay.stop();
    assert_eq!(status, 0);
    // As a text: a duration in the log may end in the same digits.
    assert!(!log.contains("\"0000000001") && !log.contains("2714030000000001") && !log.contains("EX3617"));
}

#[test]
fn the_new_town_sees_a_moved_resident_s_dose_the_same_day() {
    let world = Town::new();
    let slip = world.path("slip.png");
    assert_eq!(ask(&world.site, "112714030000000001", MORNING, &["--slip", &slip]).status, 0);
    let new = Profile::new(world.folder.path(), "new").at("2021-07-01T15:00:00+09:00");
    new.run(&["municipality", "init", "--code", "131041", "--name", "Shinjuku"]);
    let trust = world.path("town.trust");
    let import = ["municipality", "import", &slip, "--ticket", "0000000777", "--trust", &trust];
    assert_eq!(new.run(&import).first()["state"].as_str(), Some("new"));
    assert_eq!(new.run(&import).first()["state"].as_str(), Some("known"));
    let ledger = new.run(&["municipality", "ledger"]);
    assert_eq!(
        (
            ledger.lines.len(),
            ledger.first()["from_slip"].as_bool(),
            ledger.first()["ticket"].as_str()
        ),
        (1, Some(true), Some("0000000777"))
    );
    let confirmed = world.path("old.csv");
    std::fs::write(
        &confirmed,
        "ticket,dose,date,product,lot\n0000000777,1,2021-07-01,pfizer,EX3617\n",
    )
    .unwrap();
    new.run(&["municipality", "import", &confirmed]);
    let ledger = new.run(&["municipality", "ledger"]);
    assert_eq!((ledger.lines.len(), ledger.first().get("from_slip")), (1, None));
    let own = world.path("new.trust");
    new.run(&["municipality", "trust", "export", &own]);
    let foreign = ["municipality", "import", &slip, "--ticket", "0000000778", "--trust", &own];
    assert_eq!(new.fails(&foreign), "dose_slip.unknown_town");
}
