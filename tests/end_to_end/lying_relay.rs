//! A relay that loses everything, one that goes back, ones that answer nonsense; and what all of them saw.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use techo_tests::{Profile, Server};

use crate::household::{add, names, pair};
use crate::story::NOW;

const DATABASE: [&str; 3] = ["relay.sqlite", "relay.sqlite-wal", "relay.sqlite-shm"];

fn serve(folder: &Path, listen: &str) -> Server {
    Profile::new(folder, "relay").serve(&["relay", "serve", "--listen", listen])
}

fn remove_database(folder: &Path) {
    for name in DATABASE {
        let _ = std::fs::remove_file(folder.join("relay").join(name));
    }
}

#[test]
fn a_wiped_relay_is_filled_again_and_one_that_was_set_back_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), "127.0.0.1:0");
    let relay = server.url.clone();
    let listen = relay.trim_start_matches("http://").to_owned();
    let [phone, tablet] = ["phone", "tablet"].map(|name| Profile::new(folder.path(), name).at(NOW));
    pair(&relay, &phone, &tablet, str::to_owned).1.process.wait().unwrap();
    let sync = |device: &Profile| device.run(&["sync", "--relay", &relay]).lines[0].clone();
    add(&phone, "Kanaria Tei", 12);
    for device in [&phone, &tablet, &phone] {
        assert_eq!(
            (&sync(device)["caught"], &tablet.run(&["sync", "status"]).first()["caught"]),
            (&Value::Null, &Value::Null)
        );
    }
    server.stop();
    remove_database(folder.path());
    let server = serve(folder.path(), &listen);
    let line = sync(&phone);
    assert_eq!((&line["refilled"], &line["caught"]), (&Value::Bool(true), &Value::Null));
    sync(&tablet);
    server.stop();
    let database = folder.path().join("relay").join(DATABASE[0]);
    let old = std::fs::read(&database).unwrap();
    let server = serve(folder.path(), &listen);
    add(&phone, "Suzume An", 14);
    sync(&phone);
    server.stop();
    remove_database(folder.path());
    std::fs::write(&database, old).unwrap();
    let _server = serve(folder.path(), &listen);
    assert_eq!(sync(&phone)["caught"], "rolled-back");
    assert_eq!(phone.run(&["sync", "status"]).first()["caught"], "rolled-back");
    assert_eq!(sync(&tablet)["caught"], Value::Null);
    assert_eq!(names(&tablet), ["Kanaria Tei", "Suzume An"]);
    assert_eq!(sync(&phone)["caught"], Value::Null);
}

#[test]
fn nonsense_slowness_and_answers_without_end_change_nothing_here() {
    let folder = tempfile::tempdir().unwrap();
    let phone = Profile::new(folder.path(), "phone").at(NOW);
    add(&phone, "Kanaria Tei", 12);
    let answers: [(&str, &[u8], bool); 4] = [
        (
            "http.answer_damaged",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            false,
        ),
        (
            "http.answer_damaged",
            b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello",
            false,
        ),
        ("http.unreachable", b"what?\r\n\r\n", false),
        (
            "http.too_large",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            true,
        ),
    ];
    for (code, answer, without_end) in answers {
        let relay = liar(answer, without_end);
        assert_eq!(phone.fails(&["sync", "--relay", &relay]), code);
    }
    assert_eq!(names(&phone), ["Kanaria Tei"]);
    let server = serve(folder.path(), "127.0.0.1:0");
    assert_eq!(phone.run(&["sync", "--relay", &server.url]).lines[0]["caught"], Value::Null);
}

/// Answers every connection with the same bytes; `without_end`: and then with 64 KiB chunks for ever.
fn liar(answer: &'static [u8], without_end: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 4096]);
            let chunk = [&b"10000\r\n"[..], &vec![7; 0x1_0000], b"\r\n"].concat();
            let mut going = client.write_all(answer).is_ok() && without_end;
            while going {
                going = client.write_all(&chunk).is_ok();
            }
        }
    });
    url
}

#[test]
fn what_goes_over_the_wire_names_nothing_and_no_device() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), "127.0.0.1:0");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let relay = tap(&server.url, &seen);
    let [phone, tablet] = ["phone", "tablet"].map(|name| Profile::new(folder.path(), name).at(NOW));
    pair(&relay, &phone, &tablet, str::to_owned).1.process.wait().unwrap();
    let visit = add(&phone, "Kanaria Tei", 12);
    phone.run(&["device", "rename", "0", "Akis phone"]);
    for device in [&phone, &tablet, &phone] {
        device.run(&["sync", "--relay", &relay]);
    }
    phone.run(&["diary", "delete", &visit]);
    phone.run(&["sync", "--relay", &relay]);
    let seen = seen.lock().unwrap();
    let holds = |word: &[u8]| seen.windows(word.len()).any(|part| part == word);
    assert!(holds(b"/v1/streams/"), "the tap listens");
    for word in ["Kanaria", "Akis phone", &visit, "techo/", "User-Agent", "user-agent"] {
        assert!(!holds(word.as_bytes()), "{word}");
    }
}

/// Passes everything on, and keeps a copy.
fn tap(server: &str, seen: &Arc<Mutex<Vec<u8>>>) -> String {
    let server = server.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::clone(seen);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&server).unwrap();
            let pairs = [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)];
            for (mut from, mut to) in pairs {
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || {
                    let mut buffer = [0; 16_384];
                    while let Ok(read @ 1..) = from.read(&mut buffer) {
                        seen.lock().unwrap().extend_from_slice(&buffer[..read]);
                        if to.write_all(&buffer[..read]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    url
}
