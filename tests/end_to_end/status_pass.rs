//! Status passes from the town's ledger to a door, and what the town keeps of them.

use serde_json::{Value, json};
use techo_protocol::trust::TrustList;
use techo_protocol::vaccination::revocations::Revocations;
use techo_protocol::vaccination::status_pass::Pass;
use techo_tests::{Profile, files_holding};

use crate::story::path;
use crate::town::{Town, ask};

/// The day of the second doses, and days after it.
const SECOND_DOSE: &str = "2021-07-22T10:00:00+09:00";
const DAY_13: &str = "2021-08-04T12:00:00+09:00";
const DAY_14: &str = "2021-08-05T12:00:00+09:00";
const DAY_14_LATER: &str = "2021-08-05T12:00:20+09:00";
const NAME: &str = "Kanariyama Akihiko";

/// A town whose ledger has two doses of ticket 1 and one of ticket 2.
fn vaccinated() -> Town {
    let world = Town::new();
    let first = "2021-07-01T10:00:00+09:00";
    for (ticket, at) in [
        ("112714030000000001", first),
        ("112714030000000002", first),
        ("122714030000000001", SECOND_DOSE),
    ] {
        assert_eq!(ask(&world.site, ticket, at, &[]).status, 0, "{ticket}");
    }
    let bundle = world.path("all.techo-bundle");
    world.site.at(SECOND_DOSE).run(&["clinic", "bundle", &bundle]);
    world.office.at(SECOND_DOSE).run(&["municipality", "import", &bundle]);
    world
}

/// A phone that follows the town, and its request.
fn phone(world: &Town, name: &str, at: &str) -> (Profile, String) {
    let phone = Profile::new(world.folder.path(), name).at(at);
    let request = world.path(&format!("{name}.request"));
    phone.run(&["trust", "add", &world.path("town.trust")]);
    phone.run(&["vaccine", "person", "add", "Akihiko", "--born", "1980-01-01"]);
    phone.run(&["vaccine", "request", "--person", "Akihiko", "--out", &request]);
    (phone, request)
}

fn issue(world: &Town, at: &str, ticket: &str, more: &[&str], out: &str) -> Value {
    let base = ["municipality", "issue", ticket, "--out", out];
    let town = world.office.at(at);
    town.run(&[&base[..], more].concat()).first().clone()
}

/// What a door says at a time.
fn door(world: &Town, picture: &str, at: &str, more: &[&str]) -> (i32, Value) {
    let base = ["verify", picture, "--trust", &world.path("town.trust"), "--at", at];
    let answer = Profile::new(world.folder.path(), "door").ask(&[&base[..], more].concat());
    (answer.status, answer.first().clone())
}

#[test]
fn a_pass_goes_from_the_ledger_to_a_door() {
    let world = vaccinated();
    let (phone, request) = phone(&world, "aki", DAY_14);
    let (pass, code) = (world.path("aki.pass"), world.path("code.png"));
    let issued = issue(&world, DAY_14, "0000000001", &["--holder", &request, "--name", NAME], &pass);
    assert_eq!(
        (&issued["status"], &issued["doses"], &issued["copies"], &issued["bearer"]),
        (&json!("vaccinated"), &json!(2), &json!(30), &json!(false))
    );
    phone.run(&["vaccine", "add", &pass, "--person", "Akihiko"]);
    let show = ["vaccine", "show", "--person", "Akihiko", "--out", &code, "--fields"];
    phone.run(&[&show[..], &["status,valid_until"]].concat());

    let (status, said) = door(&world, &code, DAY_14_LATER, &["--door"]);
    assert_eq!(
        (status, &said["kind"], &said["verdict"]),
        (0, &json!("status"), &json!("valid"))
    );
    assert!(
        said.to_string().contains("vaccinated") && !said.to_string().contains("Akihiko"),
        "{said}"
    );
    let (status, again) = door(&world, &code, DAY_14_LATER, &["--door", &code]);
    assert_eq!(status, 1, "shown twice in one run: {again}");
    let (status, late) = door(&world, &code, "2021-08-05T12:02:00+09:00", &["--door"]);
    assert_eq!((status, &late["verdict"]), (1, &json!("invalid")));

    phone.run(&[&show[..], &["status,name", "--nonce", "7Kq2"]].concat());
    let (status, strict) = door(&world, &code, DAY_14_LATER, &["--nonce", "7Kq2"]);
    assert_eq!(status, 0, "{strict}");
    assert!(strict.to_string().contains(NAME), "{strict}");
    assert_eq!(door(&world, &code, DAY_14_LATER, &["--nonce", "other"]).0, 1);
    assert_eq!(
        door(&world, &code, DAY_14_LATER, &["--door"]).0,
        1,
        "a strict code is for its checker alone"
    );
    let untrusted = Profile::new(world.folder.path(), "door").ask(&["verify", &code, "--nonce", "7Kq2", "--at", DAY_14_LATER]);
    assert_eq!((untrusted.status, &untrusted.first()["verdict"]), (1, &json!("unknown")));
}

#[test]
fn the_status_follows_the_doses() {
    let world = vaccinated();
    let out = world.path("a.pass");
    let one = issue(&world, DAY_14, "112714030000000002", &[], &out);
    assert_eq!((&one["status"], &one["doses"]), (&json!("partly_vaccinated"), &json!(1)));
    let early = issue(&world, DAY_13, "0000000001", &[], &out);
    assert_eq!((&early["status"], &early["doses"]), (&json!("partly_vaccinated"), &json!(2)));
    let due = issue(&world, DAY_14, "0000000001", &[], &out);
    assert_eq!((&due["status"], &due["bearer"]), (&json!("vaccinated"), &json!(true)));
    // Whoever has a bearer's file has the pass: nobody else should.
    assert!(Pass::open(&std::fs::read(&out).unwrap(), None).is_ok());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn what_gets_no_pass_has_its_code() {
    let world = vaccinated();
    let town = world.office.at(DAY_14);
    let out = world.path("none.pass");
    let fails = |ticket: &str, more: &[&str]| town.fails(&[&["municipality", "issue", ticket, "--out", &out][..], more].concat());
    assert_eq!(fails("0000000400", &[]), "pass.no_dose");
    assert_eq!(fails("0000000999", &[]), "pass.no_dose", "a ticket that was never given out");
    assert_eq!(fails("111300010000000001", &[]), "resident.other_town");
    assert_eq!(fails("123", &[]), "ticket.malformed");
    let wrong = world.path("town.trust");
    assert_eq!(fails("0000000001", &["--holder", &wrong]), "status_pass.not_a_request");
    assert_eq!(
        fails("0000000001", &["--name", &"n".repeat(81)]),
        "status_pass.cannot_be_written"
    );
    assert!(!std::path::Path::new(&out).exists(), "nothing was written");
    let nowhere = world.path("no/such/folder.pass");
    assert_eq!(
        town.fails(&["municipality", "issue", "0000000001", "--out", &nowhere]),
        "file.unwritable"
    );
    assert_eq!(
        town.fails(&["municipality", "revoke", "0000000001"]),
        "pass.none",
        "a pass that could not be written was not counted"
    );
    assert_eq!(
        world.site.fails(&["municipality", "revoke", "0000000001"]),
        "profile.wrong_kind"
    );
}

#[test]
fn a_revoked_pass_is_turned_away_by_whoever_has_the_list() {
    let world = vaccinated();
    let (phone, request) = phone(&world, "aki", DAY_14);
    let (pass, code) = (world.path("aki.pass"), world.path("code.png"));
    let (before, after) = (world.path("before.techo-revocations"), world.path("after.techo-revocations"));
    issue(&world, DAY_14, "0000000001", &["--holder", &request], &pass);
    issue(&world, DAY_14, "0000000002", &[], &world.path("other.pass"));
    phone.run(&["vaccine", "add", &pass, "--person", "Akihiko"]);
    phone.run(&["vaccine", "show", "--fields", "status", "--out", &code]);
    let town = world.office.at(DAY_14);
    town.run(&["municipality", "revocations", "export", &before]);
    assert_eq!(
        town.run(&["municipality", "revoke", "112714030000000001"]).first()["revoked"],
        json!(30)
    );
    town.run(&["municipality", "revocations", "export", &after]);

    assert_eq!(door(&world, &code, DAY_14_LATER, &["--door", "--trust", &before]).0, 0);
    let (status, said) = door(&world, &code, DAY_14_LATER, &["--door", "--trust", &after]);
    assert_eq!(
        (status, &said["verdict"], &said["reasons"]),
        (1, &json!("invalid"), &json!(["revoked.pass"]))
    );

    let (before, after) = (std::fs::read(&before).unwrap(), std::fs::read(&after).unwrap());
    assert_eq!(
        before.len(),
        after.len(),
        "its length does not say whether anybody's was revoked"
    );
    let trust = TrustList::read(&std::fs::read(world.path("town.trust")).unwrap()).unwrap();
    let list = Revocations::read(&after, [&trust]).unwrap();
    let kept = Pass::open(&std::fs::read(world.path("other.pass")).unwrap(), None).unwrap();
    // Noon of the day on which it was issued.
    let id = kept.credential(1_628_132_400).unwrap().id();
    assert!(!list.contains(id), "another ticket's pass stays good");
    assert_eq!(town.fails(&["municipality", "revoke", "0000000001"]), "pass.none");
    assert_eq!(
        world
            .office
            .at("2021-10-01T00:00:00+09:00")
            .fails(&["municipality", "revoke", "0000000002"]),
        "pass.none",
        "passes end by themselves"
    );
}

#[test]
fn the_name_is_on_no_disk_of_the_town() {
    let world = vaccinated();
    let (_phone, request) = phone(&world, "aki", DAY_14);
    let pass = world.path("aki.pass");
    issue(&world, DAY_14, "0000000001", &["--holder", &request, "--name", NAME], &pass);
    world.office.at(DAY_14).run(&["municipality", "revoke", "0000000001"]);
    let words = ["Kanariyama", "Akihiko"];
    assert_eq!(
        files_holding(&world.folder.path().join("town"), &words),
        Vec::<std::path::PathBuf>::new()
    );
    assert!(
        !files_holding(world.folder.path(), &words).contains(&pass.clone().into()),
        "a holder's pass is sealed"
    );
}

#[test]
fn a_health_card_beside_the_pass_is_verified_by_the_town_s_published_keys() {
    let base = tempfile::tempdir().unwrap();
    let town = Profile::new(base.path(), "town").at(DAY_14);
    let url = "https://sakai.example/";
    town.run(&["municipality", "init", "--code", "271403", "--name", "Sakai", "--url", url]);
    let (residents, doses) = (path(base.path(), "residents.csv"), path(base.path(), "doses.csv"));
    std::fs::write(&residents, "ticket,born\n0000000001,1980-01-01\n").unwrap();
    std::fs::write(
        &doses,
        "ticket,dose,date,product,lot\n0000000001,1,2021-07-01,pfizer,EX3617\n0000000001,2,2021-07-22,pfizer,EY0779\n",
    )
    .unwrap();
    town.run(&["municipality", "enrol", &residents]);
    town.run(&["municipality", "import", &doses]);
    let (trust, keys) = (path(base.path(), "town.trust"), path(base.path(), "jwks.json"));
    town.run(&["municipality", "trust", "export", &trust]);
    town.run(&["municipality", "key", "export", &keys]);

    let phone = Profile::new(base.path(), "aki").at(DAY_14);
    let (request, pass, card) = (
        path(base.path(), "aki.request"),
        path(base.path(), "aki.pass"),
        path(base.path(), "card.png"),
    );
    phone.run(&["trust", "add", &trust]);
    phone.run(&["vaccine", "person", "add", "Akihiko", "--born", "1980-01-01"]);
    phone.run(&["vaccine", "request", "--out", &request]);
    let issue = [
        "municipality",
        "issue",
        "0000000001",
        "--holder",
        &request,
        "--out",
        &pass,
        "--name",
        NAME,
    ];
    assert_eq!(town.run(&issue).first()["card"], json!(true));
    phone.run(&["vaccine", "add", &pass]);
    phone.run(&["vaccine", "show", "--card", "--out", &card]);

    let verify = ["verify", &card, "--at", DAY_14_LATER, "--trust-key"];
    let valid = Profile::new(base.path(), "checker").run(&[&verify[..], &[&keys]].concat());
    let line = valid.first();
    assert_eq!(
        (&line["kind"], &line["verdict"], &line["reasons"]),
        (&json!("shc"), &json!("valid"), &json!([]))
    );
    assert_eq!(
        (&line["issuer"], &line["holder"]["born"]),
        (&json!("https://sakai.example"), &json!("1980-01-01"))
    );
    assert_eq!(line["holder"]["name"], json!(NAME));
    let doses: Vec<_> = line["doses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dose| (&dose["date"], &dose["lot"]))
        .collect();
    assert_eq!(
        doses,
        [
            (&json!("2021-07-01"), &json!("EX3617")),
            (&json!("2021-07-22"), &json!("EY0779"))
        ]
    );

    // After the key was replaced and revoked, what it signed counts no more.
    town.run(&["municipality", "key", "rotate", "--revoke-old"]);
    town.run(&["municipality", "key", "export", &keys]);
    let revoked = Profile::new(base.path(), "checker").ask(&[&verify[..], &[&keys]].concat());
    assert_eq!(
        (revoked.status, &revoked.first()["reasons"]),
        (1, &json!(["signature.unknown_key"]))
    );
}
