//! Who runs a relay: checking, copying, putting back, and moving to PostgreSQL.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use techo_tests::{Profile, Server};

const NOW: &str = "2026-11-20T12:00:00+09:00";
static SCHEMAS: AtomicU32 = AtomicU32::new(0);

fn serve(profile: &Profile, more: &[&str]) -> Server {
    profile.serve(&[&["relay", "serve", "--listen", "127.0.0.1:0"][..], more].concat())
}

fn add(device: &Profile, hour: u8) {
    let [from, to] = [0, 50].map(|minute| format!("2026-11-18T{hour}:{minute:02}:00+09:00"));
    device.run(&["diary", "add", "--name", "Kanaria", "--from", &from, "--to", &to]);
}

/// A device whose diary is at a relay of this profile.
fn synced(folder: &Path) -> (Profile, Profile) {
    let [relay, phone] = ["relay", "phone"].map(|name| Profile::new(folder, name).at(NOW));
    let server = serve(&relay, &[]);
    add(&phone, 12);
    phone.run(&["sync", "--relay", &server.url]);
    server.stop();
    (relay, phone)
}

fn checked(relay: &Profile, more: &[&str]) -> Value {
    relay.run(&[&["relay", "check"][..], more].concat()).first().clone()
}

/// A schema of the server for tests, which goes with this; `None` where there is none.
struct Schema(String, String);

impl Schema {
    fn new() -> Option<Self> {
        let Ok(server) = std::env::var("TECHO_POSTGRES") else {
            eprintln!("LEFT OUT: nothing was tested on PostgreSQL, because TECHO_POSTGRES names no server");
            return None;
        };
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        let schema = Self(server, format!("operator_{}_{number}", std::process::id()));
        schema.run(&format!("CREATE SCHEMA {}", schema.1));
        Some(schema)
    }

    fn url(&self) -> String {
        format!("{}?options=-csearch_path%3D{}", self.0, self.1)
    }

    fn run(&self, sql: &str) {
        postgres::Client::connect(&self.0, postgres::NoTls)
            .unwrap()
            .batch_execute(sql)
            .unwrap();
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        self.run(&format!("DROP SCHEMA {} CASCADE", self.1));
    }
}

#[test]
fn a_store_is_looked_through_and_faults_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (relay, _) = synced(folder.path());
    let whole = checked(&relay, &[]);
    assert_eq!((&whole["accounts"], &whole["faults"]), (&1.into(), &0.into()));
    assert!(whole["chunks"].as_u64().unwrap() > 0);
    let database = rusqlite::Connection::open(relay.folder.join("relay.sqlite")).unwrap();
    database
        .execute_batch("UPDATE accounts SET bytes = bytes + 1; DELETE FROM keyrings")
        .unwrap();
    let answer = relay.ask(&["relay", "check"]);
    assert_eq!(answer.status, 1, "{answer:?}");
    let faults: Vec<&str> = answer.lines.iter().filter_map(|line| line["fault"].as_str()).collect();
    assert_eq!(faults, ["relay_fault.bytes", "relay_fault.keyring"]);
    assert_eq!(answer.lines.last().unwrap()["faults"], 2);
    let none = Profile::new(folder.path(), "nothing");
    assert_eq!(none.fails(&["relay", "check"]), "profile.missing");
}

#[test]
fn a_copy_is_put_back_and_devices_fill_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let (relay, phone) = synced(folder.path());
    let server = serve(&relay, &[]);
    let copy = folder.path().join("copy");
    let copy = copy.to_str().unwrap();
    // While it serves.
    relay.run(&["relay", "backup", copy]);
    assert_eq!(relay.fails(&["relay", "backup", copy]), "relay.file_there");
    for hour in 13..16 {
        add(&phone, hour);
        phone.run(&["sync", "--relay", &server.url]);
    }
    let address = server.url.clone();
    server.stop();
    let before = checked(&relay, &[])["chunks"].as_u64();
    assert_eq!(relay.fails(&["relay", "restore", copy]), "relay.file_there");
    let again = Profile::new(folder.path(), "again").at(NOW);
    again.run(&["relay", "restore", copy]);
    assert!(checked(&again, &[])["chunks"].as_u64() < before);
    // At the address where devices know it.
    let server = again.serve(&["relay", "serve", "--listen", address.strip_prefix("http://").unwrap()]);
    let sync = || phone.run(&["sync", "--relay", &server.url]).first().clone();
    let filled = sync();
    assert_eq!(
        (&filled["refilled"], &filled["caught"]),
        (&true.into(), &Value::Null),
        "no lying relay, a restored one"
    );
    assert!(filled["sent"].as_u64().unwrap() >= 3, "{filled}");
    let quiet = sync();
    assert_eq!(
        (&quiet["sent"], &quiet["refilled"], &quiet["caught"]),
        (&0.into(), &false.into(), &Value::Null)
    );
    assert_eq!(checked(&again, &[])["faults"], 0);
}

#[test]
fn a_relay_moves_to_postgresql_and_devices_notice_nothing() {
    let Some(schema) = Schema::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (relay, phone) = synced(folder.path());
    let whole = checked(&relay, &[]);
    let before = std::fs::read(relay.folder.join("relay.sqlite")).unwrap();
    let moved = relay.run(&["relay", "migrate", "--to", &schema.url()]);
    assert_eq!(moved.first()["tables"]["accounts"], 1);
    assert_eq!(std::fs::read(relay.folder.join("relay.sqlite")).unwrap(), before, "as it was");
    assert_eq!(
        relay.fails(&["relay", "migrate", "--to", &schema.url()]),
        "relay.store_not_empty"
    );
    let new = Profile::new(folder.path(), "new")
        .at(NOW)
        .with("TECHO_DATABASE", &schema.url());
    let [one, two] = [serve(&new, &[]), serve(&new, &[])];
    assert_eq!(checked(&new, &[]), whole);
    for server in [&one, &two] {
        let synced = phone.run(&["sync", "--relay", &server.url]);
        assert_eq!((&synced.first()["received"], &synced.first()["sent"]), (&0.into(), &0.into()));
    }
    assert_eq!(new.fails(&["relay", "backup", "copy"]), "relay.copied_by_pg_dump");
    new.run(&["relay", "restore", "--database", &schema.url()]);
    // What PostgreSQL itself put back is another filling too.
    let server = serve(&new, &[]);
    add(&phone, 18);
    phone.run(&["sync", "--relay", &server.url]);
    assert_eq!(checked(&new, &[])["faults"], 0);
}
