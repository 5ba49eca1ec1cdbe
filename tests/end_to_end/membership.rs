//! Who is in the household: removal, recovery words, the end of an account, and a device that only watches.

use std::io::{BufRead, Read};
use std::path::PathBuf;

use techo_tests::{Profile, Server, files_holding};

use crate::household::{add, names, pair, start};
use crate::story::NOW;

fn serve(folder: &std::path::Path) -> Server {
    Profile::new(folder, "relay").serve(&["relay", "serve", "--listen", "127.0.0.1:0", "--now", NOW])
}

fn two(folder: &std::path::Path, relay: &str) -> [Profile; 2] {
    let devices = ["phone", "tablet"].map(|name| Profile::new(folder, name).at(NOW));
    let (paired, mut joiner) = pair(relay, &devices[0], &devices[1], str::to_owned);
    assert_eq!((paired, joiner.process.wait().unwrap().code()), (Some(0), Some(0)));
    devices
}

#[test]
fn a_removed_device_is_told_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path());
    let relay = server.url.clone();
    let [phone, tablet] = two(folder.path(), &relay);
    add(&phone, "Kanaria Tei", 12);
    for device in [&phone, &tablet] {
        device.run(&["sync", "--relay", &relay]);
    }
    assert_eq!(tablet.fails(&["device", "remove", "1"]), "household.this_device");
    assert_eq!(phone.fails(&["device", "remove", "9"]), "household.no_such_device");
    let removed = phone.run(&["device", "remove", "1"]);
    assert_eq!(removed.first()["done"], true);
    add(&phone, "Suzume An", 14);
    phone.run(&["sync", "--relay", &relay]);
    assert_eq!(tablet.fails(&["sync", "--relay", &relay]), "household.locked_out");
    assert_eq!(names(&tablet), ["Kanaria Tei"]);
    assert_eq!(phone.run(&["device", "list"]).lines.len(), 1);
    // It may be paired again, and brings what only it has.
    add(&tablet, "Hibari Ya", 16);
    let (paired, mut joiner) = pair(&relay, &phone, &tablet, str::to_owned);
    assert_eq!((paired, joiner.process.wait().unwrap().code()), (Some(0), Some(0)));
    for device in [&tablet, &phone, &tablet] {
        device.run(&["sync", "--relay", &relay]);
    }
    assert_eq!(names(&phone), ["Hibari Ya", "Kanaria Tei", "Suzume An"]);
    assert_eq!(names(&tablet), names(&phone));
}

#[test]
fn twelve_words_bring_the_diary_back_after_the_last_device_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path());
    let relay = server.url.clone();
    let phone = Profile::new(folder.path(), "phone").at(NOW);
    add(&phone, "Kanaria Tei", 12);
    assert_eq!(phone.fails(&["recovery", "show"]), "household.no_relay");
    let of = |answer: techo_tests::Answer| answer.first()["words"].as_str().unwrap().to_owned();
    let old = of(phone.run(&["recovery", "show", "--relay", &relay, "--language", "ja"]));
    let words = of(phone.run(&["recovery", "show"]));
    assert_eq!(words.split_whitespace().count(), 12);
    let status = phone.run(&["sync", "status"]);
    assert_eq!(status.first()["to_send"], 0);
    // The account is deleted, and the device is lost.
    phone.run(&["sync", "account", "delete"]);
    std::fs::remove_dir_all(&phone.folder).unwrap();
    let found = Profile::new(folder.path(), "found").at(NOW);
    let restore = ["recovery", "restore", "--relay", &relay, "--name", "found"];
    assert_eq!(found.fails(&restore), "recovery.words_missing");
    assert_eq!(
        found.with("TECHO_WORDS", "abandon abandon").fails(&restore),
        "recovery.wrong_count"
    );
    assert_eq!(found.with("TECHO_WORDS", &old).fails(&restore), "household.words_unknown");
    found.with("TECHO_WORDS", &words.to_uppercase()).run(&restore);
    assert_eq!(names(&found), ["Kanaria Tei"]);
    let list = found.run(&["device", "list"]).lines;
    assert_eq!((&list[1]["name"], &list[1]["by_words"]), (&"found".into(), &true.into()));
    let (_, log) = server.stop();
    let seen = [&words[..], &old, "Kanaria", "found again"];
    assert_eq!(files_holding(folder.path(), &seen), Vec::<PathBuf>::new());
    assert!(!log.contains("Kanaria"));
}

#[test]
fn a_device_that_watches_receives_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path());
    let relay = server.url.clone();
    let [phone, tablet] = two(folder.path(), &relay);
    for device in [&phone, &tablet, &phone] {
        device.run(&["sync", "--relay", &relay]);
    }
    let mut watching = start(&tablet, &["sync", "--watch"]);
    assert!(watching.first["next_upload"].is_string());
    add(&phone, "Kanaria Tei", 12);
    phone.run(&["sync", "--relay", &relay]);
    // It waits at the relay: nothing but the push ends that.
    let mut line = String::new();
    while !line.contains("received") {
        line.clear();
        assert!(watching.stdout.read_line(&mut line).unwrap() > 0, "it has ended");
    }
    assert_eq!(names(&tablet), ["Kanaria Tei"]);
    watching.process.kill().unwrap();
    watching.process.wait().unwrap();
    let mut rest = String::new();
    watching.stdout.read_to_string(&mut rest).unwrap();
    assert!(rest.lines().all(|line| line.starts_with('{')), "{rest}");
}
