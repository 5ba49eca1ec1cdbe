//! A town and a site without a network: tickets to doses, and everything refused that went wrong elsewhere.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use techo_tests::{Answer, Profile, files_holding};
use tempfile::TempDir;

/// The morning of the first doses.
pub const MORNING: &str = "2021-07-01T10:00:00+09:00";

pub struct Town {
    pub folder: TempDir,
    pub office: Profile,
    pub site: Profile,
}

impl Town {
    /// Sakai with 500 residents, and a licensed site.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let office = Profile::new(folder.path(), "town").at("2021-06-01T09:00:00+09:00");
        office.run(&["municipality", "init", "--code", "271403", "--name", "Sakai"]);
        let mut residents = String::from("ticket,born\n");
        for number in 1..=500 {
            writeln!(residents, "{number:010},19{:02}-05-06", number % 80).unwrap();
        }
        std::fs::write(folder.path().join("residents.csv"), residents).unwrap();
        let this = Self {
            office,
            site: Profile::new(folder.path(), "site").at(MORNING),
            folder,
        };
        this.office.run(&["municipality", "enrol", &this.path("residents.csv")]);
        this.office
            .run(&["municipality", "trust", "export", &this.path("town.trust")]);
        this.licensed("site");
        this
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A licensed site of that name.
    pub fn licensed(&self, name: &str) -> Profile {
        let site = Profile::new(self.folder.path(), name).at(MORNING);
        let (request, licence) = (self.path(&format!("{name}.request")), self.path(&format!("{name}.licence")));
        site.run(&[
            "clinic",
            "init",
            "--trust",
            &self.path("town.trust"),
            "--name",
            name,
            "--request",
            &request,
        ]);
        self.office
            .at("2021-06-30T09:00:00+09:00")
            .run(&["municipality", "site", "add", &request, "--out", &licence]);
        site.run(&["clinic", "licence", &licence]);
        site
    }

    pub fn ledger(&self, at: &str) -> Vec<serde_json::Value> {
        self.office.at(at).run(&["municipality", "ledger"]).lines
    }
}

/// What recording a ticket at that time answers.
pub fn ask(site: &Profile, ticket: &str, at: &str, more: &[&str]) -> Answer {
    let base = [
        "clinic",
        "record",
        ticket,
        "--product",
        "pfizer",
        "--lot",
        "EX3617",
        "--at",
        at,
        "--by",
        "Dr. K",
    ];
    site.at(at).ask(&[&base[..], more].concat())
}

/// A picture of a ticket.
fn picture(path: &Path, digits: &str) {
    let code = techo_protocol::basics::qr::Qr::of(digits).unwrap();
    let (pixels, side) = code.to_grey(5);
    let side = u32::try_from(side).unwrap();
    image::GrayImage::from_raw(side, side, pixels).unwrap().save(path).unwrap();
}

#[test]
fn a_ticket_s_picture_becomes_a_dose_a_slip_and_a_line_of_the_ledger() {
    let world = Town::new();
    let ticket = world.folder.path().join("ticket.png");
    picture(&ticket, "112714030000000009");
    let (ticket, slip) = (ticket.display().to_string(), world.path("slip.png"));
    let answer = ask(&world.site, &ticket, MORNING, &["--slip", &slip]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let line = answer.first();
    assert_eq!(
        (line["ticket"].as_str(), line["dose"].as_u64()),
        (Some("0000000009"), Some(1))
    );
    assert_eq!(line["warnings"], serde_json::json!(["lot.unknown"]));
    let scanned = world.site.run(&["scan", &slip]);
    let code = &scanned.first()["codes"][0];
    assert!(code["text"].as_str().unwrap().starts_with("TECHO-D1:"));
    assert!(code["version"].as_u64().unwrap() <= 12);

    // The same picture, as if the person before were read again.
    picture(&PathBuf::from(&ticket), "112714030000000009");
    assert_eq!(ask(&world.site, &ticket, MORNING, &[]).error_code(), "clinic.same_picture");

    let bundle = world.path("one.techo-bundle");
    world.site.run(&["clinic", "bundle", &bundle]);
    assert_eq!(
        files_holding(&world.folder.path().join("site"), &["EX3617", "0000000009"]),
        Vec::<PathBuf>::new()
    );
    assert!(!files_holding(world.folder.path(), &["EX3617"]).contains(&PathBuf::from(&bundle)));
    let evening = "2021-07-01T18:00:00+09:00";
    let first = world.office.at(evening).run(&["municipality", "import", &bundle]);
    assert_eq!(
        (first.first()["new"].as_u64(), first.first()["again"].as_bool()),
        (Some(1), Some(false))
    );
    let again = world.office.at(evening).run(&["municipality", "import", &bundle]);
    assert_eq!(
        (again.first()["new"].as_u64(), again.first()["known"].as_u64()),
        (Some(0), Some(1))
    );
    assert_eq!(again.first()["again"].as_bool(), Some(true));
    let ledger = world.ledger(evening);
    assert_eq!(
        (ledger.len(), ledger[0]["by"].as_str(), ledger[0]["place"].as_str()),
        (1, Some("Dr. K"), Some("site"))
    );
}

#[test]
fn what_is_wrong_is_refused_with_its_code_before_anything_is_saved() {
    let world = Town::new();
    let at = |ticket: &str, at: &str, more: &[&str]| {
        let answer = ask(&world.site, ticket, at, more);
        assert!(matches!(answer.status, 1 | 3), "{ticket}: {:?}", answer.lines);
        answer.error_code()
    };
    let code = |ticket: &str| at(ticket, MORNING, &[]);
    assert_eq!(ask(&world.site, "112714030000000001", MORNING, &[]).status, 0);
    assert_eq!(code("112714030000000001"), "clinic.ticket_used");
    assert_eq!(code("111300010000000009"), "clinic.other_town");
    assert_eq!(code("112714040000000009"), "ticket.check_digit");
    assert_eq!(code("11271403000000000"), "ticket.malformed");
    assert_eq!(code("102714030000000009"), "ticket.no_such_dose");
    assert_eq!(
        at("122714030000000001", "2021-07-06T10:00:00+09:00", &[]),
        "schedule.too_early"
    );
    assert_eq!(at("122714030000000001", MORNING, &[]), "clinic.dose_order");
}

#[test]
fn other_refusals_have_their_codes_too() {
    let world = Town::new();
    let record = |ticket: &str, product: &str, lot: &str, at: &str, now: &str, by: &str| {
        let answer = world.site.at(now).ask(&[
            "clinic",
            "record",
            ticket,
            "--product",
            product,
            "--lot",
            lot,
            "--at",
            at,
            "--by",
            by,
        ]);
        assert!(matches!(answer.status, 1 | 3), "{ticket}: {:?}", answer.lines);
        answer.error_code()
    };
    let ticket = "112714030000000009";
    assert_eq!(
        record(ticket, "pfizer", "EX3617", "2031-07-01T10:00:00+09:00", MORNING, "K"),
        "clinic.in_the_future"
    );
    assert_eq!(
        record(ticket, "pfizer", "EX3617", "2021-06-01T10:00:00+09:00", MORNING, "K"),
        "clinic.licence_ended"
    );
    assert_eq!(record(ticket, "pfizer", "ロット", MORNING, MORNING, "K"), "clinic.lot");
    assert_eq!(
        record(ticket, "pfizer", "EX3617", MORNING, MORNING, &"K".repeat(21)),
        "clinic.vaccinator"
    );
    let child = ask(&world.site, ticket, MORNING, &["--born", "2015-01-01"]);
    assert_eq!(child.error_code(), "schedule.age");
    assert_eq!(
        world
            .site
            .ask(&["clinic", "record", ticket, "--product", "sputnik", "--lot", "A", "--by", "K"])
            .status,
        2
    );

    let two = world.folder.path().join("two.txt");
    std::fs::write(&two, "nothing of a ticket").unwrap();
    assert_eq!(
        ask(&world.site, &two.display().to_string(), MORNING, &[]).error_code(),
        "ticket.malformed"
    );

    let stranger = Profile::new(world.folder.path(), "stranger").at(MORNING);
    let request = world.path("stranger.request");
    stranger.run(&[
        "clinic",
        "init",
        "--trust",
        &world.path("town.trust"),
        "--name",
        "S",
        "--request",
        &request,
    ]);
    assert_eq!(ask(&stranger, ticket, MORNING, &[]).error_code(), "clinic.no_licence");
    assert_eq!(
        stranger.fails(&["clinic", "licence", &world.path("site.licence")]),
        "site_licence.other_site"
    );
    assert_eq!(stranger.fails(&["clinic", "licence", &request]), "site_licence.not_a_licence");
    assert_eq!(
        stranger.fails(&["clinic", "bundle", &world.path("x.techo-bundle")]),
        "clinic.no_licence"
    );
    assert_eq!(world.office.fails(&["clinic", "list"]), "profile.wrong_kind");
    assert_eq!(
        stranger.fails(&[
            "clinic",
            "init",
            "--trust",
            &world.path("town.trust"),
            "--name",
            "S",
            "--request",
            &request
        ]),
        "profile.wrong_kind"
    );
    assert_eq!(world.site.fails(&["municipality", "ledger"]), "profile.wrong_kind");
    let bad = Profile::new(world.folder.path(), "bad");
    assert_eq!(
        bad.fails(&["municipality", "init", "--code", "271404", "--name", "X"]),
        "municipality_code.check_digit"
    );
    assert!(!bad.folder.exists(), "a wrong code leaves nothing behind");
}

#[test]
fn lots_recalls_and_a_revoked_licence_reach_the_site_by_a_file() {
    let world = Town::new();
    let lots = world.folder.path().join("lots.csv");
    std::fs::write(
        &lots,
        "product,lot,doses\npfizer,EX3617,975\nmoderna,3004220,500\npfizer,EX0001,100\n",
    )
    .unwrap();
    let june = world.office.at("2021-06-30T12:00:00+09:00");
    june.run(&["municipality", "lots", "import", &lots.display().to_string()]);
    june.run(&["authority", "recall", "add", "--product", "pfizer", "--lot", "EX0001"]);
    let update = world.path("sites.update");
    june.run(&["municipality", "lots", "export", &update]);
    world.site.run(&["clinic", "update", &update]);
    let answer = ask(&world.site, "112714030000000001", MORNING, &[]);
    assert_eq!((answer.status, answer.first().get("warnings")), (0, None));
    let lot = |product: &str, lot: &str| {
        let record = [
            "clinic",
            "record",
            "112714030000000002",
            "--product",
            product,
            "--lot",
            lot,
            "--at",
            MORNING,
            "--by",
            "K",
        ];
        world.site.fails(&record)
    };
    assert_eq!(lot("pfizer", "EX0001"), "clinic.lot_recalled");
    assert_eq!(lot("pfizer", "3004220"), "clinic.lot_of_another_product");

    let revoke = ["municipality", "site", "revoke", "1", "--from", "2021-07-02T00:00:00+09:00"];
    world.office.at("2021-07-02T08:00:00+09:00").run(&revoke);
    world
        .office
        .at("2021-07-02T08:00:00+09:00")
        .run(&["municipality", "lots", "export", &update]);
    world.site.at("2021-07-02T09:00:00+09:00").run(&["clinic", "update", &update]);
    assert_eq!(
        ask(&world.site, "112714030000000003", "2021-07-02T10:00:00+09:00", &[]).error_code(),
        "clinic.licence_revoked"
    );
    let stock = world.office.at("2021-07-03T08:00:00+09:00").run(&["municipality", "stock"]);
    assert_eq!(stock.lines.len(), 3);
    assert!(
        stock
            .lines
            .iter()
            .any(|lot| lot["lot"] == "EX0001" && lot["recalled"] == true)
    );
}

#[test]
fn a_missing_bundle_is_named_and_written_again_and_a_correction_is_seen() {
    let world = Town::new();
    for ticket in ["112714030000000001", "112714030000000002", "112714030000000003"] {
        assert_eq!(ask(&world.site, ticket, MORNING, &[]).status, 0);
        let file = world.path(&format!("{}.techo-bundle", &ticket[17..]));
        world.site.run(&["clinic", "bundle", &file]);
    }
    let corrected = world.site.run(&[
        "clinic",
        "correct",
        "3",
        "--ticket",
        "112714030000000030",
        "--slip",
        &world.path("new.png"),
    ]);
    assert_eq!(
        (corrected.first()["revision"].as_u64(), corrected.first()["ticket"].as_str()),
        (Some(1), Some("0000000030"))
    );
    world.site.run(&["clinic", "undo", "1"]);
    world.site.run(&["clinic", "bundle", &world.path("4.techo-bundle")]);
    assert_eq!(
        world.site.fails(&["clinic", "bundle", &world.path("5.techo-bundle")]),
        "clinic.nothing_new"
    );
    let evening = world.office.at("2021-07-01T18:00:00+09:00");
    for (bundle, missing) in [("1", vec![]), ("4", vec![2, 3]), ("3", vec![2])] {
        let taken = evening.run(&["municipality", "import", &world.path(&format!("{bundle}.techo-bundle"))]);
        assert_eq!(taken.first()["missing"], serde_json::json!(missing), "bundle {bundle}");
    }
    let listed = evening.run(&["municipality", "site", "list"]);
    assert_eq!(listed.first()["missing"], serde_json::json!([2]));
    world
        .site
        .run(&["clinic", "bundle", &world.path("again.techo-bundle"), "--again", "2"]);
    evening.run(&["municipality", "import", &world.path("again.techo-bundle")]);
    let tickets: Vec<String> = world
        .ledger("2021-07-01T18:00:00+09:00")
        .iter()
        .map(|line| line["ticket"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(tickets, ["0000000002", "0000000030"]);
    let history = evening.run(&["municipality", "ledger", "--history"]);
    assert_eq!(history.lines.len(), 5);

    let mut torn = std::fs::read(world.path("1.techo-bundle")).unwrap();
    let middle = torn.len() / 2;
    torn[middle] ^= 1;
    std::fs::write(world.path("torn.techo-bundle"), torn).unwrap();
    assert_eq!(
        evening.fails(&["municipality", "import", &world.path("torn.techo-bundle")]),
        "dose_bundle.damaged"
    );
}

#[test]
fn a_ticket_at_two_offline_sites_shows_when_both_bundles_are_in() {
    let world = Town::new();
    let other = world.licensed("other");
    let evening = "2021-07-02T18:00:00+09:00";
    for (site, at, file) in [(&world.site, MORNING, "a"), (&other, "2021-07-02T10:00:00+09:00", "b")] {
        assert_eq!(ask(site, "112714030000000001", at, &[]).status, 0);
        let file = world.path(&format!("{file}.techo-bundle"));
        site.at(evening).run(&["clinic", "bundle", &file]);
    }
    let first = world
        .office
        .at(evening)
        .run(&["municipality", "import", &world.path("a.techo-bundle")]);
    assert_eq!(first.lines.len(), 1);
    let second = world
        .office
        .at(evening)
        .run(&["municipality", "import", &world.path("b.techo-bundle")]);
    assert_eq!(
        (second.lines[0]["conflicts"].as_u64(), second.lines[1]["conflict"].as_str()),
        (Some(1), Some("0000000001"))
    );
    let conflicts = world.office.at(evening).run(&["municipality", "ledger", "--conflicts"]);
    assert_eq!(conflicts.lines.len(), 2);
    other.at(evening).run(&["clinic", "undo", "1"]);
    other.at(evening).run(&["clinic", "bundle", &world.path("c.techo-bundle")]);
    world
        .office
        .at(evening)
        .run(&["municipality", "import", &world.path("c.techo-bundle")]);
    assert!(
        world
            .office
            .at(evening)
            .run(&["municipality", "ledger", "--conflicts"])
            .lines
            .is_empty()
    );
    assert_eq!(world.ledger(evening).len(), 1);
}
