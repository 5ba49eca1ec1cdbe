//! What scripts rely on: JSON Lines, exit statuses, codes, profiles.

use techo_tests::{Profile, binary};

use crate::story::Prefecture;

#[test]
fn profiles_know_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile::new(folder.path(), "p");
    assert_eq!(profile.fails(&["diary", "list"]), "profile.missing");
    assert!(!profile.folder.exists(), "reading makes no profile");
    profile.run(&["authority", "init", "--name", "A"]);
    assert_eq!(profile.fails(&["authority", "init", "--name", "A"]), "profile.wrong_kind");
    assert_eq!(profile.fails(&["diary", "keep", "20"]), "profile.wrong_kind");
    assert_eq!(
        profile.fails(&["relay", "serve", "--listen", "127.0.0.1:0"]),
        "profile.wrong_kind"
    );
}

#[test]
fn global_flags_stand_before_or_after() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("p");
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(binary())
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let data = data.to_str().unwrap();
    let before = run(&[
        "--json",
        "--data",
        data,
        "--now",
        "2026-11-20T12:00:00Z",
        "diary",
        "keep",
        "20",
    ]);
    let after = run(&[
        "diary",
        "keep",
        "20",
        "--json",
        "--data",
        data,
        "--now",
        "2026-11-20T12:00:00Z",
    ]);
    assert_eq!(before, after);
    assert_eq!(before, (Some(0), "{\"keep_days\":20}\n".to_owned()));
    assert_eq!(
        run(&["diary", "keep", "20", "--json", "--data", data, "--now", "soon"]).0,
        Some(3)
    );
    assert_eq!(run(&["nonsense"]).0, Some(2));
    assert_eq!(run(&["--help"]).0, Some(0));
}

#[test]
fn a_picture_without_a_code_is_a_no_and_a_text_is_read_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile::new(folder.path(), "p");
    let file = folder.path().join("code.txt");
    std::fs::write(&file, "  hello\n").unwrap();
    let scanned = profile.run(&["scan", file.to_str().unwrap()]);
    assert_eq!(
        (&scanned.first()["codes"][0]["text"], &scanned.first()["codes"][0]["kind"]),
        (&"hello".into(), &"unknown".into())
    );
    let blank = folder.path().join("blank.png");
    std::fs::write(&blank, BLANK_PNG).unwrap();
    let answer = profile.ask(&["scan", blank.to_str().unwrap()]);
    assert_eq!(
        (answer.status, answer.first()["codes"].as_array().map(Vec::len)),
        (1, Some(0))
    );
    assert!(!profile.folder.exists());
}

#[test]
fn a_check_in_answers_as_promised_and_the_diary_keeps_it_up() {
    let world = Prefecture::new();
    let resident = world.resident("aki", "2026-11-20T19:10:00+09:00", "30");
    let visit = resident.run(&["diary", "list"]);
    let id = visit.first()["visit"].as_str().unwrap();
    assert_eq!(visit.first()["source"], "code");
    resident.run(&[
        "diary",
        "edit",
        id,
        "--note",
        "by the window",
        "--with",
        "Yui",
        "--with",
        "Ren",
    ]);
    resident.run(&["diary", "checkout", id, "--at", "2026-11-20T20:15:00+09:00"]);
    let shown = resident.run(&["diary", "list", "--search", "window"]);
    assert_eq!(
        (&shown.first()["note"], shown.first()["with"].as_array().map(Vec::len)),
        (&"by the window".into(), Some(2))
    );
    let file = world.path("diary.json");
    resident.run(&["diary", "export", &file]);
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions()) & 0o777,
        0o600
    );

    let other = Profile::new(world.folder.path(), "other").at(crate::story::NOW);
    other.run(&["trust", "add", &world.path("pref.trust")]);
    assert_eq!(other.run(&["diary", "import", &file]).first()["added"], 1);
    assert_eq!(other.run(&["diary", "import", &file]).first()["added"], 0);
    assert_eq!(other.run(&["diary", "list"]).first()["source"], "import");
    world.notice("2026-11-20T19:00:00+09:00", "2026-11-20T22:00:00+09:00");
    world.publish();
    assert_eq!(world.look(&other), [("new".to_owned(), 65)]);

    resident.run(&["diary", "delete", id]);
    assert_eq!(resident.run(&["diary", "list"]).lines.len(), 0);
    assert_eq!(resident.fails(&["diary", "delete", id]), "diary.no_such_visit");
    resident.run(&["reset"]);
    assert_eq!(resident.fails(&["diary", "list"]), "profile.missing");
}

#[test]
fn a_profile_under_a_passphrase_opens_with_it_only() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("p");
    let run = |passphrase: Option<&str>| {
        let mut command = std::process::Command::new(binary());
        command
            .args(["--json", "--data", data.to_str().unwrap(), "diary", "keep", "20"])
            .env_remove("TECHO_PASSPHRASE");
        if let Some(passphrase) = passphrase {
            command.env("TECHO_PASSPHRASE", passphrase);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run(Some("correct horse")).0, Some(0));
    assert_eq!(run(Some("correct horse")).0, Some(0));
    for (passphrase, code) in [(Some("wrong"), "key.wrong_passphrase"), (None, "key.passphrase_needed")] {
        let (status, error) = run(passphrase);
        assert_eq!(status, Some(3));
        assert!(error.contains(code), "{error}");
    }
}

/// A white PNG of 8 by 8 pixels.
pub const BLANK_PNG: &[u8] = &[
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x08, 0x00,
    0x00, 0x00, 0x08, 0x01, 0x00, 0x00, 0x00, 0x00, 0xEC, 0x74, 0x83, 0x26, 0x00, 0x00, 0x00, 0x0C, 0x49, 0x44, 0x41, 0x54, 0x78,
    0x9C, 0x63, 0xF8, 0xCF, 0x80, 0x02, 0x01, 0x3F, 0xD0, 0x07, 0xF9, 0x59, 0xD0, 0x9A, 0x0D, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45,
    0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
];
