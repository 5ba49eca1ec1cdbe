//! Edges of what a command is given: local times around a change of the clocks, files that are too large, outputs that are gone.

use std::process::{Command, Stdio};

use serde_json::Value;
use techo_tests::{Profile, binary};

use crate::story::{NOW, path};

/// Runs a command in New York's zone and gives its JSON lines.
fn in_new_york(data: &str, arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(binary())
        .args(["--json", "--data", data, "--now", "2026-11-02T12:00:00Z"])
        .args(arguments)
        .env("TZ", "America/New_York")
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_time_that_was_twice_is_the_earlier_one_and_a_day_may_have_25_hours() {
    let folder = tempfile::tempdir().unwrap();
    let data = path(folder.path(), "p");
    let twice = in_new_york(
        &data,
        &[
            "diary",
            "add",
            "--name",
            "A",
            "--from",
            "2026-11-01T01:30",
            "--to",
            "2026-11-01T02:00",
        ],
    );
    assert_eq!(twice[0]["in"], "2026-11-01T01:30:00-04:00");
    assert_eq!(twice[0]["out"], "2026-11-01T02:00:00-05:00");
    in_new_york(
        &data,
        &[
            "diary",
            "add",
            "--name",
            "B",
            "--from",
            "2026-11-01T23:30",
            "--to",
            "2026-11-01T23:50",
        ],
    );
    let day = in_new_york(&data, &["diary", "list", "--from", "2026-11-01", "--to", "2026-11-01"]);
    assert_eq!(day.len(), 2);
}

#[test]
fn a_clock_that_no_format_can_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for now in ["1969-12-31T00:00:00Z", "9999-12-31T00:00:00Z"] {
        assert_eq!(
            Profile::new(folder.path(), "p")
                .at(now)
                .fails(&["authority", "init", "--name", "A"]),
            "time.invalid"
        );
    }
}

#[test]
fn a_stay_of_more_than_a_day_has_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let resident = Profile::new(folder.path(), "aki").at(NOW);
    let poster = path(folder.path(), "poster.png");
    let authority = Profile::new(folder.path(), "pref").at(NOW);
    authority.run(&["authority", "init", "--name", "A"]);
    authority.run(&[
        "authority",
        "venue",
        "add",
        "--name",
        "B",
        "--kind",
        "shop",
        "--poster",
        &poster,
    ]);
    for stay in ["1441", "70000"] {
        assert_eq!(resident.fails(&["checkin", &poster, "--stay", stay]), "diary.stay_too_long");
    }
    resident.run(&["checkin", &poster, "--stay", "1440"]);
}

#[test]
fn a_poster_that_cannot_be_written_registers_no_venue() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Profile::new(folder.path(), "pref").at(NOW);
    authority.run(&["authority", "init", "--name", "A"]);
    let nowhere = path(folder.path(), "nowhere/poster.png");
    let add = [
        "authority",
        "venue",
        "add",
        "--name",
        "B",
        "--kind",
        "shop",
        "--poster",
        &nowhere,
    ];
    assert_eq!(authority.fails(&add), "file.unwritable");
    assert_eq!(authority.run(&["authority", "venue", "list"]).lines.len(), 0);
}

#[test]
fn a_list_that_is_too_large_is_not_taken_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Profile::new(folder.path(), "pref").at(NOW);
    authority.run(&["authority", "init", "--name", "A"]);
    let file = path(folder.path(), "list.csv");
    let row = "1,Bar Yoru,Osaka,2026-11-20T19:00:00+09:00,2026-11-20T21:00:00+09:00,cluster,Take care\n";
    let mut content = format!("id,name,address,from,to,severity,text\n{row}");
    while content.len() <= 64 << 20 {
        content.push_str(
            "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
        );
    }
    std::fs::write(&file, content).unwrap();
    assert_eq!(authority.fails(&["authority", "import", &file]), "import.file_too_large");
    assert_eq!(authority.fails(&["scan", &file]), "scan.picture_too_large");
}

#[test]
fn documents_are_json_for_scripts_and_global_flags_may_come_twice() {
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile::new(folder.path(), "p");
    for (arguments, field) in [
        (&["completions", "bash"][..], "completions"),
        (&["manual"], "manual"),
        (&["errors", "--json"], "errors"),
    ] {
        let answer = profile.run(arguments);
        assert!(
            answer.first()[field].as_str().is_some_and(|text| text.contains("techo")),
            "{field}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full_is_an_error_and_no_panic() {
    let full = || Stdio::from(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    for arguments in [&["completions", "bash"][..], &["manual"], &["errors"]] {
        let output = Command::new(binary()).args(arguments).stdout(full()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), stderr.contains("output.gone")),
            (Some(3), true),
            "{stderr}"
        );
    }
    for arguments in [
        &["diary", "list", "--data", "/nowhere"][..],
        &["diary", "list", "--json", "--data", "/nowhere"],
    ] {
        let status = Command::new(binary()).args(arguments).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(3));
    }
}
