//! A family's vaccine record: on two phones, gone when it is deleted, back after a loss, and what tells them of the next dose and of a recall.

use std::path::PathBuf;

use serde_json::{Value, json};
use techo_tests::{Profile, files_holding};

use crate::household::pair;
use crate::story::NOW;
use crate::town::{MORNING, Town, ask};

/// The day after the first doses.
const NEXT_DAY: &str = "2021-07-02T10:00:00+09:00";

/// The slip of a first dose, as a picture, and its text.
fn slip(world: &Town) -> (String, String) {
    let slip = world.path("slip.png");
    assert_eq!(ask(&world.site, "112714030000000001", MORNING, &["--slip", &slip]).status, 0);
    let text = world.site.run(&["scan", &slip]).first()["codes"][0]["text"].clone();
    (slip, text.as_str().unwrap().to_owned())
}

/// A phone that follows the town.
fn phone(world: &Town, name: &str, at: &str) -> Profile {
    let phone = Profile::new(world.folder.path(), name).at(at);
    phone.run(&["trust", "add", &world.path("town.trust")]);
    phone
}

/// Enters a dose by hand.
fn type_in(phone: &Profile, date: &str, lot: &str) {
    let dose = ["vaccine", "dose", "add", "--person", "Aki", "--date", date];
    phone.run(&[&dose[..], &["--product", "pfizer", "--lot", lot]].concat());
}

fn list(phone: &Profile) -> Vec<Value> {
    phone.run(&["vaccine", "list"]).lines
}

fn lots(phone: &Profile) -> Vec<String> {
    list(phone)
        .iter()
        .map(|dose| dose["lot"].as_str().unwrap().to_owned())
        .collect()
}

fn next(phone: &Profile) -> Value {
    phone.run(&["vaccine", "next"]).first().clone()
}

#[test]
fn two_phones_of_a_household_have_one_record_and_what_is_deleted_is_gone_on_both() {
    let world = Town::new();
    let (slip, text) = slip(&world);
    let server = Profile::new(world.folder.path(), "relay").serve(&["relay", "serve", "--listen", "127.0.0.1:0", "--now", NOW]);
    let relay = server.url.clone();
    let [aki, tablet] = ["aki", "tablet"].map(|name| Profile::new(world.folder.path(), name).at(NOW));
    let (paired, mut joiner) = pair(&relay, &aki, &tablet, str::to_owned);
    assert_eq!((paired, joiner.process.wait().unwrap().code()), (Some(0), Some(0)));
    let sync = |devices: &[&Profile]| {
        for device in devices {
            device.run(&["sync", "--relay", &relay]);
        }
    };
    for device in [&aki, &tablet] {
        device.run(&["trust", "add", &world.path("town.trust")]);
    }
    aki.run(&["vaccine", "person", "add", "Aki", "--born", "1980-01-01"]);
    aki.run(&["vaccine", "add", &slip, "--person", "Aki"]);
    sync(&[&aki, &tablet]);
    assert_eq!(lots(&tablet), ["EX3617"]);
    assert_eq!(list(&tablet), list(&aki));
    assert_eq!(list(&tablet)[0]["records"][0]["verdict"], "valid");

    // Each writes before they meet.
    type_in(&aki, "2021-07-22", "KANARIA1");
    type_in(&tablet, "2022-03-05", "SUZUME2");
    sync(&[&aki, &tablet, &aki]);
    assert_eq!(lots(&aki), ["EX3617", "KANARIA1", "SUZUME2"]);
    assert_eq!(list(&tablet), list(&aki));

    // Without the relay.
    type_in(&tablet, "2022-11-01", "HIBARI3");
    let stick = world.path("stick.techo");
    for device in [&tablet, &aki] {
        device.run(&["sync", "--file", &stick]);
    }
    assert_eq!(lots(&aki), ["EX3617", "KANARIA1", "SUZUME2", "HIBARI3"]);

    let record = |lot: &str| {
        let doses = list(&tablet);
        let dose = doses.iter().find(|dose| dose["lot"] == lot).unwrap();
        dose["records"][0]["record"].as_str().unwrap().to_owned()
    };
    let ids = [record("EX3617"), record("KANARIA1")];
    tablet.run(&["vaccine", "delete", &ids[0]]);
    sync(&[&tablet, &aki, &tablet]);
    aki.run(&["vaccine", "delete", &ids[1]]);
    for device in [&aki, &tablet, &aki] {
        device.run(&["sync", "--file", &stick]);
    }
    sync(&[&aki, &tablet]);
    for device in [&aki, &tablet] {
        assert_eq!(lots(device), ["SUZUME2", "HIBARI3"]);
        assert_eq!(device.fails(&["vaccine", "delete", &ids[0]]), "vaccine.no_such_record");
    }
    let export = world.path("export.json");
    aki.run(&["vaccine", "export", &export]);
    let words = ["KANARIA1", &text, &ids[1]];
    assert!(files_holding(world.folder.path(), &["SUZUME2"]).contains(&PathBuf::from(&export)));
    assert_eq!(files_holding(world.folder.path(), &words), Vec::<PathBuf>::new());
    std::fs::remove_file(export).unwrap();
    assert_eq!(
        files_holding(world.folder.path(), &["SUZUME2", "HIBARI3"]),
        Vec::<PathBuf>::new()
    );
    let (_, log) = server.stop();
    assert!(
        ["KANARIA1", "SUZUME2", "HIBARI3", "EX3617"]
            .iter()
            .all(|word| !log.contains(word))
    );
}

#[test]
fn a_record_comes_back_from_a_backup() {
    let world = Town::new();
    let (slip, text) = slip(&world);
    let with = |phone: Profile| phone.with("TECHO_BACKUP_PASSPHRASE", "correct horse battery staple");
    let old = with(phone(&world, "old", NEXT_DAY));
    old.run(&["vaccine", "person", "add", "Aki", "--born", "1980-01-01"]);
    old.run(&["vaccine", "person", "add", "Yui"]);
    old.run(&["vaccine", "add", &slip, "--person", "Aki"]);
    old.run(&["vaccine", "ticket", "add", "122714030000000001", "--person", "Aki"]);
    let backup = world.path("aki.techo-backup");
    old.run(&["backup", "export", &backup]);
    assert_eq!(
        files_holding(world.folder.path(), &[&text, "122714030000000001"]),
        Vec::<PathBuf>::new()
    );

    let new = with(phone(&world, "new", NEXT_DAY));
    new.run(&["backup", "restore", &backup]);
    let people = |phone: &Profile| phone.run(&["vaccine", "person", "list"]).lines;
    assert_eq!((list(&old).len(), people(&old).len()), (2, 2));
    assert_eq!((list(&new), people(&new)), (list(&old), people(&old)));
    assert_eq!(next(&new)["recommended"], "2021-07-22");
    new.run(&["backup", "restore", &backup]);
    assert_eq!(list(&new).len(), 2, "the same again is nothing new");
}

/// Kind and day of each reminder.
fn reminders(phone: &Profile, ics: &str) -> Vec<(String, String)> {
    let answer = phone.run(&["vaccine", "remind", "--ics", ics]);
    let lines = answer.lines.iter().filter(|line| line["kind"].is_string());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines
        .map(|line| (text(&line["kind"]), text(&line["at"])[..10].to_owned()))
        .collect()
}

fn is(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(kind, day)| ((*kind).to_owned(), (*day).to_owned()))
        .collect()
}

#[test]
fn reminders_follow_the_doses_and_the_schedule() {
    let world = Town::new();
    let (slip, _) = slip(&world);
    let aki = phone(&world, "aki", NEXT_DAY);
    let ics = world.path("doses.ics");
    aki.run(&["vaccine", "person", "add", "Aki", "--born", "1980-01-01"]);
    aki.run(&["vaccine", "add", &slip, "--person", "Aki"]);
    let first = [
        ("ahead", "2021-07-15"),
        ("earliest", "2021-07-20"),
        ("recommended", "2021-07-22"),
        ("overdue", "2021-08-05"),
    ];
    assert_eq!(reminders(&aki, &ics), is(&first));
    let calendar = || std::fs::read_to_string(&ics).unwrap();
    let uid = |calendar: &str| calendar.lines().find_map(|line| line.strip_prefix("UID:").map(str::to_owned));
    let before = uid(&calendar());
    assert!(calendar().contains("DTSTART;VALUE=DATE:20210722\r\n"));

    // A newer schedule, signed by the town: the same event on another day.
    let built_in = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../protocol/schedules/japan-covid-19.json"
    ))
    .unwrap();
    let mut newer: Value = serde_json::from_str(&built_in).unwrap();
    let rule = newer["series"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .flat_map(|series| series["doses"].as_array_mut().unwrap());
    let mut rules = rule.flat_map(|dose| dose["rules"].as_array_mut().unwrap());
    rules.find(|rule| rule["id"] == "pfizer-2").unwrap()["recommended"] = json!("6 weeks");
    newer["version"] = json!(3);
    let (text, file) = (world.path("newer.json"), world.path("newer.schedule"));
    std::fs::write(&text, newer.to_string()).unwrap();
    let signed = world.office.run(&["authority", "schedule", "sign", &text, "--out", &file]);
    assert_eq!(
        (&signed.first()["schedule"], &signed.first()["version"]),
        (&json!("jp-covid-19"), &json!(3))
    );
    assert_eq!(next(&aki)["schedule_version"], 2);
    let taken = aki.run(&["vaccine", "schedule", "add", &file]);
    assert_eq!(
        (&taken.first()["version"], &taken.first()["signed_by"]),
        (&json!(3), &json!("Sakai"))
    );
    let due = next(&aki);
    assert_eq!(
        (&due["recommended"], &due["rule"], &due["schedule_version"]),
        (&json!("2021-08-12"), &json!("pfizer-2"), &json!(3))
    );
    let moved = [
        ("earliest", "2021-07-20"),
        ("ahead", "2021-08-05"),
        ("recommended", "2021-08-12"),
        ("overdue", "2021-08-26"),
    ];
    assert_eq!(reminders(&aki, &ics), is(&moved));
    assert!(calendar().contains("DTSTART;VALUE=DATE:20210812\r\n"));
    assert_eq!(uid(&calendar()), before, "a calendar moves the event in place of adding one");
    // The site asks by the same rules, once it has them.
    let site = world.site.run(&["clinic", "update", &file]);
    assert_eq!(site.first()["version"], 3);

    let later = aki.at("2021-07-24T10:00:00+09:00");
    type_in(&later, "2021-07-23", "EY0779");
    assert_eq!(reminders(&later, &ics), []);
    assert!(!calendar().contains("BEGIN:VEVENT"));
    assert_eq!(next(&later)["dose"], 3);
    let booster = next(&aki.at("2022-02-01T10:00:00+09:00"));
    assert_eq!((&booster["dose"], &booster["recommended"]), (&json!(3), &json!("2022-03-23")));
}

#[test]
fn only_a_followed_authority_s_newer_schedule_counts() {
    let world = Town::new();
    let aki = phone(&world, "aki", NEXT_DAY);
    let json = concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol/schedules/japan-covid-19.json");
    let stranger = Profile::new(world.folder.path(), "stranger").at(MORNING);
    stranger.run(&["authority", "init", "--name", "Stranger"]);
    let (own, foreign, torn) = (
        world.path("own.schedule"),
        world.path("foreign.schedule"),
        world.path("torn.json"),
    );
    world.office.run(&["authority", "schedule", "sign", json, "--out", &own]);
    stranger.run(&["authority", "schedule", "sign", json, "--out", &foreign]);
    assert_eq!(
        aki.fails(&["vaccine", "schedule", "add", &foreign]),
        "schedule.signature_invalid"
    );
    assert_eq!(
        aki.fails(&["vaccine", "schedule", "add", &world.path("town.trust")]),
        "schedule.not_a_schedule"
    );
    let shown = aki.run(&["vaccine", "schedule", "show"]);
    assert_eq!(
        (&shown.first()["version"], &shown.first()["authority"]),
        (&json!(2), &Value::Null)
    );
    // The same as is built in, and now signed.
    aki.run(&["vaccine", "schedule", "add", &own]);
    let content = std::fs::read_to_string(json).unwrap();
    std::fs::write(&torn, content.replacen("3 weeks", "4 weeks", 1)).unwrap();
    world.office.run(&["authority", "schedule", "sign", &torn, "--out", &own]);
    assert_eq!(aki.fails(&["vaccine", "schedule", "add", &own]), "schedule.older");
    std::fs::write(&torn, &content[..content.len() / 2]).unwrap();
    assert_eq!(
        world.office.fails(&["authority", "schedule", "sign", &torn, "--out", &own]),
        "schedule.unreadable"
    );
    let reset = aki.run(&["vaccine", "schedule", "reset"]);
    assert_eq!(reset.first()["authority"], Value::Null);
}

#[test]
fn a_recalled_lot_warns_the_phone_that_has_it_and_no_other() {
    let world = Town::new();
    let (slip, _) = slip(&world);
    let relay_profile = Profile::new(world.folder.path(), "relay").at(MORNING);
    let relay = relay_profile.serve(&[
        "relay",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--trust",
        &world.path("town.trust"),
    ]);
    let [aki, yui] = ["aki", "yui"].map(|name| phone(&world, name, NEXT_DAY));
    aki.run(&["vaccine", "person", "add", "Aki"]);
    aki.run(&["vaccine", "add", &slip, "--person", "Aki"]);
    yui.run(&["vaccine", "person", "add", "Aki"]);
    type_in(&yui, "2021-07-01", "EY0779");
    let town = world.office.at(MORNING);
    town.run(&["authority", "recall", "add", "--product", "pfizer", "--lot", "EX3617"]);
    town.run(&["authority", "publish", "--relay", &relay.url]);
    let recalled = |phone: &Profile| {
        phone.run(&["exposure", "fetch", "--relay", &relay.url]);
        next(phone)["recalled"].as_array().unwrap().len()
    };
    assert_eq!((recalled(&aki), recalled(&yui)), (1, 0));
    assert_eq!(list(&aki)[0]["recalled"][0]["lot"], "EX3617");

    let evening = town.at("2021-07-02T09:00:00+09:00");
    evening.run(&["authority", "recall", "withdraw", "1"]);
    evening.run(&["authority", "publish", "--relay", &relay.url]);
    assert_eq!((recalled(&aki), recalled(&yui)), (0, 0));
}

#[test]
fn a_scanned_slip_is_as_good_as_the_towns_that_are_followed_say() {
    let world = Town::new();
    let (slip, text) = slip(&world);
    let said = |phone: &Profile, arguments: &[&str]| {
        let answer = phone.run(&[&["scan"], arguments].concat());
        let code = answer.first()["codes"][0].clone();
        ["kind", "signature", "name"].map(|field| code[field].as_str().unwrap_or("-").to_owned())
    };
    let aki = phone(&world, "aki", NEXT_DAY);
    assert_eq!(said(&aki, &[&slip]), ["dose_slip", "valid", "site"]);
    let nobody = Profile::new(world.folder.path(), "nobody").at(NEXT_DAY);
    assert_eq!(said(&nobody, &[&slip]), ["dose_slip", "unknown_authority", "site"]);
    assert_eq!(
        said(&nobody, &[&slip, "--trust", &world.path("town.trust")]),
        ["dose_slip", "valid", "site"]
    );
    assert!(!nobody.folder.exists(), "it needs no profile and makes none");
    assert_eq!(said(&aki.at("2021-06-30T10:00:00+09:00"), &[&slip])[1], "expired");
    let torn = aki.run(&["scan", &text[..text.len() - 9]]);
    let code = &torn.first()["codes"][0];
    assert_eq!(
        (&code["kind"], &code["signature"], &code["reason"]),
        (&json!("dose_slip"), &json!("none"), &json!("dose_slip.malformed"))
    );
    assert_eq!(aki.fails(&["checkin", &slip]), "checkin.not_a_venue_code");
}

#[test]
fn a_revoked_pass_is_known_to_every_phone_that_fetches() {
    let world = Town::new();
    assert_eq!(ask(&world.site, "112714030000000001", MORNING, &[]).status, 0);
    let bundle = world.path("one.techo-bundle");
    world.site.run(&["clinic", "bundle", &bundle]);
    let relay_profile = Profile::new(world.folder.path(), "relay").at(MORNING);
    let relay = relay_profile.serve(&[
        "relay",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--trust",
        &world.path("town.trust"),
    ]);
    let town = world.office.at("2021-07-01T18:00:00+09:00");
    town.run(&["municipality", "import", &bundle]);
    let pass = world.path("aki.pass");
    town.run(&["municipality", "issue", "0000000001", "--out", &pass]);
    let publish = |at: &str| {
        world.office.at(at).run(&["authority", "publish", "--relay", &relay.url]);
    };
    publish("2021-07-01T18:01:00+09:00");
    let shown = "2021-07-02T10:00:00+09:00";
    let aki = phone(&world, "aki", shown);
    aki.run(&["vaccine", "person", "add", "Aki"]);
    aki.run(&["vaccine", "add", &pass, "--person", "Aki"]);
    let door = phone(&world, "door", shown);
    let code = world.path("code.png");
    let check = |at: &str| {
        aki.at(at)
            .run(&["vaccine", "show", "--person", "Aki", "--fields", "status", "--out", &code]);
        door.at(at).run(&["exposure", "fetch", "--relay", &relay.url]);
        let answer = door.at(at).ask(&["verify", &code, "--door"]);
        (answer.status, answer.first()["reasons"].clone())
    };
    assert_eq!(check(shown), (0, json!([])));
    world
        .office
        .at("2021-07-02T11:00:00+09:00")
        .run(&["municipality", "revoke", "0000000001"]);
    publish("2021-07-02T11:01:00+09:00");
    assert_eq!(check("2021-07-02T12:00:00+09:00"), (1, json!(["revoked.pass"])));
    assert!(files_holding(&relay_profile.folder, &["0000000001"]).is_empty());
}
