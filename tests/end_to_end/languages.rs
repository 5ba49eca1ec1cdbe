//! What people are told in their own language: errors with their values, whoever made the error.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use techo_tests::binary;

use crate::story::{NOW, Prefecture};

/// A relay that answers 500 to everything, and its address.
fn broken_relay() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 8 * 1024]);
            let _ = stream.write_all(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    address
}

/// What a command that fails says to a person on a machine of this locale.
fn said(locale: &str, data: &Path, arguments: &[&str]) -> String {
    let output = Command::new(binary())
        .args(["--now", NOW, "--data"])
        .arg(data)
        .args(arguments)
        .env("LC_ALL", locale)
        .env_remove("TECHO_PASSPHRASE")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_relay_s_refusal_is_said_with_its_status_in_japanese_too() {
    let world = Prefecture::new();
    let resident = world.resident("aki", "2026-11-20T19:10:00+09:00", "60");
    let relay = broken_relay();
    let fetch = ["exposure", "fetch", "--relay", &relay];
    let publish = ["authority", "publish", "--relay", &relay];
    let commands: [(&Path, &[&str]); 2] = [(&resident.folder, &fetch), (&world.authority.folder, &publish)];
    for (data, arguments) in commands {
        let japanese = said("ja_JP.UTF-8", data, arguments);
        assert!(japanese.contains("中継サーバーに断られました(状態500)。"), "{japanese}");
        let english = said("C.UTF-8", data, arguments);
        assert!(english.contains("The relay refused with status 500."), "{english}");
        for text in [japanese, english] {
            assert!(!text.contains(['{', '$']) && text.contains("(http.refused)"), "{text}");
        }
    }
}
