//! Damaged, foreign, forged and impossible input: each its own clear error, and nothing is lost.

use techo_tests::Profile;

use crate::command_line::BLANK_PNG;
use crate::story::{NOW, Prefecture, path};

#[test]
fn a_code_that_is_no_place_stores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let resident = Profile::new(folder.path(), "aki").at(NOW);
    let blank = path(folder.path(), "blank.png");
    std::fs::write(&blank, BLANK_PNG).unwrap();
    let torn = path(folder.path(), "torn.png");
    std::fs::write(&torn, &BLANK_PNG[..40]).unwrap();
    let noise = path(folder.path(), "noise.bin");
    std::fs::write(&noise, [0x00, 0xFF, 0xFE, 0x80].repeat(100)).unwrap();
    for (input, code) in [
        ("hello", "checkin.not_a_venue_code"),
        (blank.as_str(), "scan.no_code"),
        ("no-such-poster.png", "input.no_such_file"),
        ("./no-such-poster", "input.no_such_file"),
        (torn.as_str(), "scan.picture_corrupt"),
        (noise.as_str(), "scan.picture_format"),
        ("https://techo.example/v#123", "venue_code.newer_version"),
        ("UKC19TRACING:1:nonsense", "poster.malformed"),
    ] {
        assert_eq!(resident.fails(&["checkin", input]), code, "{input}");
    }
    assert!(!resident.folder.exists());
}

#[test]
fn forged_and_expired_codes_and_impossible_times_are_refused() {
    let world = Prefecture::new();
    let resident = world.resident("aki", "2026-11-20T19:10:00+09:00", "30");
    let poster = world.path("poster.png");
    let text = resident.run(&["scan", &poster]).first()["codes"][0]["text"]
        .as_str()
        .unwrap()
        .to_owned();
    let forged = text.replace("techo.example", "tech0.example");
    let before = resident.run(&["diary", "list"]).lines;
    assert_eq!(resident.fails(&["checkin", &forged]), "venue_code.signature_invalid");
    assert_eq!(
        resident.fails(&["checkin", &text, "--at", "2026-11-21T19:10:00+09:00"]),
        "diary.in_the_future"
    );
    assert_eq!(
        resident.fails(&["checkin", &text, "--at", "2026-10-01T19:10:00+09:00"]),
        "diary.too_old"
    );
    assert_eq!(
        resident.at("2028-01-01T00:00:00+09:00").fails(&["checkin", &text]),
        "venue_code.expired"
    );
    assert_eq!(
        resident.fails(&["diary", "edit", "nonsense", "--note", "x"]),
        "diary.not_a_visit_id"
    );
    assert_eq!(resident.run(&["diary", "list"]).lines, before);

    let stranger = Profile::new(world.folder.path(), "stranger").at(NOW);
    let answer = stranger.run(&["checkin", &text]);
    assert_eq!(answer.first()["warnings"][0], "venue_code.unknown_authority");
    assert_eq!(stranger.run(&["diary", "list"]).first()["source"], "manual");
}

#[test]
fn foreign_and_damaged_trust_files_are_refused() {
    let world = Prefecture::new();
    let resident = Profile::new(world.folder.path(), "aki").at(NOW);
    let good = std::fs::read(world.path("pref.trust")).unwrap();
    let file = world.path("bad.trust");
    for (content, code) in [
        (b"hello".to_vec(), "trust.not_a_trust_list"),
        (good[..good.len() - 1].to_vec(), "trust.damaged"),
        (
            [&good[..good.len() - 1], &[good[good.len() - 1] ^ 1]].concat(),
            "trust.signature_invalid",
        ),
    ] {
        std::fs::write(&file, content).unwrap();
        assert_eq!(resident.fails(&["trust", "add", &file]), code);
    }
    assert!(!resident.folder.exists());
}

#[test]
fn a_relay_that_is_away_or_unknown_says_so_and_what_is_here_stays() {
    let world = Prefecture::new();
    let resident = world.resident("aki", "2026-11-20T19:10:00+09:00", "30");
    assert_eq!(resident.fails(&["exposure", "fetch"]), "exposure.no_relay");
    assert_eq!(
        resident.fails(&["exposure", "fetch", "--relay", "http://127.0.0.1:9"]),
        "http.unreachable"
    );
    assert_eq!(
        resident.fails(&["exposure", "fetch", "--relay", "http://relay.example"]),
        "http.address_invalid"
    );
    assert_eq!(resident.run(&["diary", "list"]).lines.len(), 1);
}

#[test]
fn a_profile_without_its_key_or_of_a_newer_version_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let resident = Profile::new(folder.path(), "aki").at(NOW);
    resident.run(&["diary", "keep", "20"]);
    let key = resident.folder.join("vault.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    assert_eq!(resident.fails(&["diary", "list"]), "key.missing");
    std::fs::write(&key, b"{").unwrap();
    assert_eq!(resident.fails(&["diary", "list"]), "key.damaged");
    std::fs::write(&key, kept).unwrap();
    resident.run(&["diary", "list"]);

    std::fs::write(resident.folder.join("profile.json"), r#"{"kind":"device","version":99}"#).unwrap();
    assert_eq!(resident.fails(&["diary", "list"]), "profile.newer_version");
    std::fs::write(resident.folder.join("profile.json"), "{").unwrap();
    assert_eq!(resident.fails(&["diary", "list"]), "profile.damaged");
}

#[test]
fn a_foreign_poster_is_kept_without_warnings() {
    let Some(folder) = techo_tests::vectors("venue/nhs") else {
        return;
    };
    let base = tempfile::tempdir().unwrap();
    let resident = Profile::new(base.path(), "aki").at(NOW);
    let poster = folder.join("qr_code_help_poster.png");
    let answer = resident.run(&["checkin", poster.to_str().unwrap()]);
    assert_eq!(answer.first()["warnings"][0], "venue_code.unknown_authority");
    assert_eq!(resident.run(&["diary", "list"]).first()["foreign"], "nhs");
}

#[test]
fn a_profile_that_cannot_be_opened_can_still_be_destroyed() {
    let folder = tempfile::tempdir().unwrap();
    let resident = Profile::new(folder.path(), "aki").at(NOW);
    for lost in ["vault.key", "vault.db"] {
        resident.run(&["diary", "keep", "20"]);
        let whole = resident.folder.join(lost);
        std::fs::remove_file(&whole).unwrap();
        let code = if lost == "vault.db" { "vault.missing" } else { "key.missing" };
        assert_eq!(resident.fails(&["diary", "list"]), code);
        resident.run(&["reset"]);
        assert_eq!(std::fs::read_dir(&resident.folder).unwrap().count(), 0, "nothing is left");
    }
}

#[test]
fn an_empty_text_is_not_published() {
    let world = Prefecture::new();
    let text = world.path("ja.txt");
    std::fs::write(&text, " \n").unwrap();
    let flag = format!("ja={text}");
    let recall = [
        "authority",
        "recall",
        "add",
        "--product",
        "pfizer",
        "--lot",
        "EX3617",
        "--text",
        &flag,
    ];
    assert_eq!(world.authority.fails(&recall), "text.empty");
}

#[test]
fn several_venue_codes_in_one_picture_are_listed_and_none_is_taken() {
    let world = Prefecture::new();
    let second = world.path("second.png");
    let add = [
        "authority",
        "venue",
        "add",
        "--name",
        "Suzume An",
        "--kind",
        "restaurant",
        "--poster",
        &second,
    ];
    world.authority.run(&add);
    let left = image::open(world.path("poster.png")).unwrap().to_luma8();
    let right = image::open(&second).unwrap().to_luma8();
    let mut both = image::GrayImage::new(left.width() + right.width(), left.height());
    image::imageops::replace(&mut both, &left, 0, 0);
    image::imageops::replace(&mut both, &right, i64::from(left.width()), 0);
    let picture = world.path("both.png");
    both.save(&picture).unwrap();

    let resident = Profile::new(world.folder.path(), "aki").at(NOW);
    let answer = resident.ask(&["checkin", &picture]);
    assert_eq!((answer.status, answer.error_code().as_str()), (3, "checkin.several_codes"));
    assert!(
        answer.stderr.contains("Suzume An") && answer.stderr.contains("Kanaria Tei"),
        "{}",
        answer.stderr
    );
    assert!(!resident.folder.exists(), "nothing was stored");
}
