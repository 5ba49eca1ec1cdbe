//! One diary on two devices: pairing, merging, a deletion that reaches every byte, and a stick in place of a relay.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use techo_tests::{Profile, binary, files_holding};

use crate::story::NOW;

pub struct Waiting {
    pub process: Child,
    /// Kept open: it says more once it has waited.
    pub stdout: BufReader<ChildStdout>,
    pub first: Value,
}

/// Starts a command that says one thing and then waits.
pub fn start(profile: &Profile, arguments: &[&str]) -> Waiting {
    let mut process = Command::new(binary())
        .arg("--json")
        .arg("--data")
        .arg(&profile.folder)
        .args(["--now", NOW])
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    Waiting {
        process,
        stdout,
        first: serde_json::from_str(&first).unwrap_or_else(|_| panic!("{arguments:?} said {first:?}")),
    }
}

/// Pairs two devices through a relay; `change` is what the person makes of the code. Answers the owner's exit status, and the joiner.
pub fn pair(relay: &str, owner: &Profile, joiner: &Profile, change: impl Fn(&str) -> String) -> (Option<i32>, Waiting) {
    pair_by(&["--relay", relay], owner, joiner, change)
}

/// Pairs two devices that meet as the owner's flags say.
pub fn pair_by(flags: &[&str], owner: &Profile, joiner: &Profile, change: impl Fn(&str) -> String) -> (Option<i32>, Waiting) {
    let mut owner = start(owner, &[&["device", "pair"], flags].concat());
    let joiner = start(joiner, &["device", "join", owner.first["pairing"].as_str().unwrap()]);
    let code = change(joiner.first["confirm"].as_str().unwrap());
    writeln!(owner.process.stdin.take().unwrap(), "{code}").unwrap();
    (owner.process.wait().unwrap().code(), joiner)
}

pub fn names(device: &Profile) -> Vec<String> {
    let answer = device.run(&["diary", "list"]);
    let mut names: Vec<String> = answer
        .lines
        .iter()
        .filter_map(|line| line["name"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}

pub fn add(device: &Profile, name: &str, hour: u8) -> String {
    let (from, to) = (
        format!("2026-11-18T{hour}:00:00+09:00"),
        format!("2026-11-18T{hour}:50:00+09:00"),
    );
    let answer = device.run(&["diary", "add", "--name", name, "--from", &from, "--to", &to]);
    answer.first()["visit"].as_str().unwrap().to_owned()
}

#[test]
fn two_devices_share_a_diary_and_a_deletion_reaches_both() {
    let folder = tempfile::tempdir().unwrap();
    let server = Profile::new(folder.path(), "relay").serve(&["relay", "serve", "--listen", "127.0.0.1:0"]);
    let relay = server.url.clone();
    let [phone, tablet] = ["phone", "tablet"].map(|name| Profile::new(folder.path(), name).at(NOW));
    let sync = |device: &Profile| device.run(&["sync", "--relay", &relay]);
    // Each had a diary of its own before.
    let gone = add(&phone, "Kanaria Tei", 12);
    add(&tablet, "Suzume An", 14);
    let (paired, mut joiner) = pair(&relay, &phone, &tablet, str::to_owned);
    assert_eq!((paired, joiner.process.wait().unwrap().code()), (Some(0), Some(0)));
    let mut rest = String::new();
    joiner.stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "{\"joined\":true}\n");
    assert_eq!(phone.run(&["device", "list"]).lines.len(), 2);
    phone.run(&["device", "rename", "1", "Kitchen"]);
    for device in [&phone, &tablet, &phone, &tablet] {
        sync(device);
    }
    assert_eq!(names(&phone), ["Kanaria Tei", "Suzume An"]);
    assert_eq!(names(&phone), names(&tablet));
    assert_eq!(tablet.run(&["device", "list"]).lines[1]["name"], "Kitchen");
    // Both edit one visit, and each adds another, before they meet.
    phone.run(&["diary", "edit", &gone, "--note", "by the window"]);
    tablet.run(&["diary", "edit", &gone, "--note", "at the bar"]);
    add(&phone, "Hibari Ya", 16);
    add(&tablet, "Tsubame", 18);
    for device in [&phone, &tablet, &phone, &tablet] {
        sync(device);
    }
    let note = |device: &Profile| {
        let answer = device.run(&["diary", "list"]);
        let line = answer.lines.iter().find(|line| line["name"] == "Kanaria Tei").unwrap();
        line["note"].as_str().unwrap().to_owned()
    };
    assert_eq!(note(&phone), "at the bar\nby the window");
    assert_eq!(note(&phone), note(&tablet));
    tablet.run(&["diary", "delete", &gone]);
    for device in [&tablet, &phone, &tablet, &phone] {
        sync(device);
    }
    assert_eq!(names(&phone), ["Hibari Ya", "Suzume An", "Tsubame"]);
    assert_eq!(names(&phone), names(&tablet));
    let (_, log) = server.stop();
    let words = ["Kanaria", "Suzume", "Hibari", "Tsubame", "window", "Kitchen", &gone];
    assert_eq!(files_holding(folder.path(), &words), Vec::<std::path::PathBuf>::new());
    assert!(words.iter().all(|word| !log.contains(word)));
    // Without the relay.
    add(&phone, "Mejiro", 20);
    let stick = folder.path().join("stick.techo");
    let stick = stick.to_str().unwrap();
    phone.run(&["sync", "--file", stick]);
    tablet.run(&["sync", "--file", stick]);
    assert_eq!(names(&tablet), names(&phone));
    assert_eq!(files_holding(folder.path(), &["Mejiro"]), Vec::<std::path::PathBuf>::new());
    let stranger = Profile::new(folder.path(), "stranger").at(NOW);
    add(&stranger, "Karasu", 12);
    assert_eq!(stranger.fails(&["sync", "--file", stick]), "household.other");
}

#[test]
fn a_wrong_code_gives_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let server = Profile::new(folder.path(), "relay").serve(&["relay", "serve", "--listen", "127.0.0.1:0"]);
    let [phone, tablet] = ["phone", "tablet"].map(|name| Profile::new(folder.path(), name).at(NOW));
    add(&phone, "Kanaria Tei", 12);
    let wrong = |code: &str| {
        if code == "0000" {
            "0001".to_owned()
        } else {
            "0000".to_owned()
        }
    };
    let (paired, mut joiner) = pair(&server.url, &phone, &tablet, wrong);
    assert_eq!(paired, Some(3));
    joiner.process.kill().unwrap();
    joiner.process.wait().unwrap();
    assert_eq!(phone.run(&["device", "list"]).lines.len(), 1);
    assert!(!tablet.folder.exists());
    assert_eq!(tablet.fails(&["device", "join", "TECHO-PAIR:00"]), "pairing.newer_version");
    assert_eq!(tablet.fails(&["device", "join", "hello"]), "pairing.not_a_pairing");
}
