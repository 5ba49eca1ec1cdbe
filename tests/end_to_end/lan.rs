//! Two devices on one network, without a relay: over loopback, with no multicast.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use techo_tests::{Profile, binary};

use crate::household::{add, names, pair, pair_by};
use crate::story::NOW;

/// A device that listens, and what it printed to be given to `--peer`.
struct Listening {
    process: Child,
    stdout: BufReader<ChildStdout>,
    at: String,
}

fn listen(profile: &Profile, wait: &str) -> Listening {
    let mut process = Command::new(binary())
        .arg("--json")
        .arg("--data")
        .arg(&profile.folder)
        .args(["--now", NOW, "sync", "--lan", "--listen", "127.0.0.1:0", "--wait", wait])
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    let first: Value = serde_json::from_str(&first).unwrap();
    Listening {
        process,
        stdout,
        at: first["listening"].as_str().unwrap().to_owned(),
    }
}

impl Listening {
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).unwrap();
        (self.process.wait().unwrap().code(), said)
    }
}

#[test]
fn two_devices_sync_directly_and_a_stranger_is_told_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Profile::new(folder.path(), "relay").serve(&["relay", "serve", "--listen", "127.0.0.1:0"]);
    let [phone, tablet, stranger] = ["phone", "tablet", "stranger"].map(|name| Profile::new(folder.path(), name).at(NOW));
    let gone = add(&phone, "Kanaria Tei", 12);
    add(&tablet, "Suzume An", 14);
    let (paired, mut joiner) = pair(&server.url, &phone, &tablet, str::to_owned);
    assert_eq!((paired, joiner.process.wait().unwrap().code()), (Some(0), Some(0)));
    // From here on without a relay.
    server.stop();
    let listening = listen(&phone, "120");
    let mut probe = TcpStream::connect(listening.at.split('/').next().unwrap()).unwrap();
    probe.write_all(&[1; 73]).unwrap();
    let mut answer = Vec::new();
    let _ = probe.read_to_end(&mut answer);
    assert_eq!(answer, Vec::<u8>::new());
    let met = tablet.run(&["sync", "--lan", "--peer", &listening.at]);
    assert_eq!(
        (met.first()["device"].as_u64(), met.first()["refused"].as_u64()),
        (Some(0), Some(0))
    );
    let (status, said) = listening.end();
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(names(&phone), ["Kanaria Tei", "Suzume An"]);
    assert_eq!(names(&tablet), names(&phone));
    // A deletion goes over too, whoever listens.
    tablet.run(&["diary", "delete", &gone]);
    let listening = listen(&tablet, "120");
    // Of another household: it has one of its own, and one other device.
    add(&stranger, "Karasu", 12);
    assert_eq!(stranger.fails(&["sync", "--lan", "--peer", &listening.at]), "lan.no_peers");
    phone.run(&["sync", "--lan", "--peer", &listening.at]);
    assert_eq!(listening.end().0, Some(0));
    assert_eq!(names(&phone), ["Suzume An"]);
    assert_eq!(names(&tablet), names(&phone));
    // Nobody comes.
    let (status, _) = listen(&phone, "1").end();
    assert_eq!(status, Some(3));
}

#[test]
fn two_devices_pair_and_share_a_diary_though_no_relay_was_ever_there() {
    let folder = tempfile::tempdir().unwrap();
    let [phone, tablet] = ["phone", "tablet"].map(|name| Profile::new(folder.path(), name).at(NOW));
    add(&phone, "Kanaria Tei", 12);
    let flags = ["--lan", "--listen", "127.0.0.1:0"];
    let (refused, mut joiner) = pair_by(&flags, &phone, &tablet, |code| {
        format!("{:04}", (code.parse::<u32>().unwrap() + 1) % 10_000)
    });
    assert_eq!((refused, joiner.process.wait().unwrap().code()), (Some(3), Some(3)));
    assert_eq!(phone.run(&["device", "list"]).lines.len(), 1, "a wrong code lets nobody in");
    add(&tablet, "Suzume An", 14);
    let (paired, mut joiner) = pair_by(&flags, &phone, &tablet, str::to_owned);
    assert_eq!((paired, joiner.process.wait().unwrap().code()), (Some(0), Some(0)));
    assert_eq!(
        names(&tablet),
        ["Kanaria Tei", "Suzume An"],
        "the diary came over the same connection"
    );
    assert_eq!(names(&phone), names(&tablet));
    // A relay that comes later has the household as it is.
    let server = Profile::new(folder.path(), "relay").serve(&["relay", "serve", "--listen", "127.0.0.1:0"]);
    add(&phone, "Hibari Ya", 16);
    for device in [&phone, &tablet] {
        device.run(&["sync", "--relay", &server.url]);
    }
    assert_eq!(names(&tablet).len(), 3);
}
