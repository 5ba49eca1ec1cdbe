//! Devices that are killed at random moments, while they write and while they sync: what was answered is not lost, on this device or the other.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use techo_tests::{Profile, binary};

use crate::household::{names, pair};
use crate::story::NOW;

const ROUNDS: u64 = 40;

/// Starts a command, and kills it after so many milliseconds; what it had answered by then.
fn killed_after(profile: &Profile, arguments: &[&str], milliseconds: u64) -> Vec<Value> {
    let mut process = Command::new(binary())
        .args(["--json", "--now", NOW, "--data"])
        .arg(&profile.folder)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(milliseconds));
    // SIGKILL: it gets no chance to finish anything.
    process.kill().unwrap();
    process.wait().unwrap();
    let stdout = BufReader::new(process.stdout.take().unwrap());
    stdout
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str(&line).ok())
        .collect()
}

#[test]
fn what_a_killed_device_had_answered_is_on_both() {
    let folder = tempfile::tempdir().unwrap();
    let server = Profile::new(folder.path(), "relay").serve(&["relay", "serve", "--listen", "127.0.0.1:0"]);
    let relay = server.url.clone();
    let [phone, tablet] = ["phone", "tablet"].map(|name| Profile::new(folder.path(), name).at(NOW));
    pair(&relay, &phone, &tablet, str::to_owned).1.process.wait().unwrap();
    let (mut answered, mut killed) = (Vec::new(), 0);
    for round in 0..ROUNDS {
        let name = format!("visit {round:02}");
        let (from, to) = ("2026-11-18T12:00:00+09:00", "2026-11-18T12:30:00+09:00");
        let device = if round % 2 == 0 { &phone } else { &tablet };
        // From before it has opened its vault to after it has ended.
        let lines = killed_after(
            device,
            &["diary", "add", "--name", &name, "--from", from, "--to", to],
            (round * 7) % 60,
        );
        if lines.iter().any(|line| line["visit"].is_string()) {
            answered.push(name);
        } else {
            killed += 1;
        }
        if lines.is_empty() || round % 3 == 0 {
            killed_after(device, &["sync", "--relay", &relay], (round * 13) % 90);
        }
    }
    for _ in 0..2 {
        for device in [&phone, &tablet] {
            let line = &device.run(&["sync", "--relay", &relay]).lines[0];
            assert_eq!((&line["caught"], &line["copied"]), (&Value::Null, &Value::from(0)));
        }
    }
    assert_eq!(names(&phone), names(&tablet));
    let there = names(&phone);
    for name in &answered {
        assert!(there.contains(name), "{name} was answered and is lost");
    }
    assert!(
        !answered.is_empty() && killed > 0,
        "{} answered, {killed} killed before",
        answered.len()
    );
}
