//! What the operator relies on: health, counters, a log that tells nothing about anybody, and an end that cuts nobody off.

use std::time::Duration;

use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::diary_upload::SENT_BYTES;
use techo_protocol::exposure::relay_api::{Diaries, StoredDiary, publish_segment_path, segment_path};
use techo_protocol::trust::AuthorityId;
use techo_relay::store::{
    Forgotten, Publication, Published, Put, Replaced, Store, StoreError, StoredSegment, StreamStore, Totals,
};

use crate::authority::{Authority, NOW};
use crate::client::{Wire, refused, request};
use crate::setting::{Setting, eventually};

fn sealed() -> Vec<u8> {
    vec![1; SENT_BYTES]
}

#[test]
fn the_relay_says_that_it_is_well() {
    let relay = Setting::with(&[]).start();
    let answer = relay.get("/healthz");
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, br#"{"status":"ok"}"#.as_slice())
    );
}

#[test]
fn counters_name_routes_and_nothing_else() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let (segment, _) = relay.published(&osaka);
    relay.segment(&segment);
    relay.get("/no/such/path");
    relay.put_diary(osaka.id(), 1, &sealed());
    let answer = relay.get("/metrics");
    assert_eq!(
        answer.header("content-type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let text = String::from_utf8(answer.body).unwrap();
    for line in [
        r#"techo_relay_requests_total{route="/v1/segments/{hash}",method="GET",status="200"} 1"#,
        r#"techo_relay_requests_total{route="none",method="GET",status="404"} 1"#,
        r#"techo_relay_received_total{route="/v1/authorities/{authority}/diaries/{mailbox}"} 32768"#,
        &format!(r#"techo_relay_sent_total{{route="/v1/segments/{{hash}}"}} {}"#, segment.len()),
        "techo_relay_segments 1",
        &format!("techo_relay_segments_bytes {}", segment.len()),
        "techo_relay_diaries 1",
        "techo_relay_addresses 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    // The connections of the requests before end when the relay comes to it.
    let has_one_connection = || {
        let text = String::from_utf8(relay.get("/metrics").body).unwrap();
        text.lines().any(|found| found == "techo_relay_connections 1")
    };
    assert!((0..100).any(|_| {
        let is_one = has_one_connection();
        if !is_one {
            std::thread::sleep(Duration::from_millis(100));
        }
        is_one
    }));
    for secret in [
        osaka.id().to_string(),
        hex::encode(sha256(&segment)),
        hex::encode([1; 16]),
        "127.0.0.1".to_owned(),
    ] {
        assert!(!text.contains(&secret), "{secret}");
    }
}

/// Does everything once, under a name and an address that may be nowhere afterwards.
#[test]
fn the_log_tells_nothing_about_anybody() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka])
        .limits(|limits| limits.forget_every = Duration::from_millis(50))
        .start();
    let (segment, manifest) = relay.published(&osaka);
    let told = [
        ("User-Agent", "canary-agent"),
        ("X-Forwarded-For", "203.0.113.77"),
        ("Referer", "https://canary.example/"),
    ];
    let ask = |method: &str, path: &str, body: &[u8]| request(relay.address(), method, path, &told, body).status;
    assert_eq!(ask("GET", &segment_path(&sha256(&segment)), b""), 200);
    assert_eq!(ask("GET", "/canary/path?canary=1", b""), 404);
    assert_eq!(ask("DELETE", &segment_path(&sha256(&segment)), b""), 405);
    assert_eq!(relay.put_diary(osaka.id(), 0xab, &sealed()).status, 204);
    assert_eq!(relay.put_diary(osaka.id(), 0xab, b"canary").status, 422);
    assert_eq!(relay.put_diary(AuthorityId([0xcd; 16]), 0xab, b"canary").status, 404);
    assert_eq!(relay.take(&osaka, &osaka.take(1, &[])).status, 200);
    assert_eq!(relay.take(&osaka, b"canary").status, 403);
    assert_eq!(relay.put_segment(&osaka, b"canary").status, 400);
    assert_eq!(relay.put_manifest(&osaka, &manifest[..100]).status, 400);
    eventually("it forgets", || relay.log.text().contains("forgot"));

    let log = relay.log.clone();
    let port = relay.address().port();
    relay.relay.stop();
    let text = log.text();
    let secrets = [
        "127.0.0.1".to_owned(),
        format!("{port}"),
        "203.0.113".to_owned(),
        "canary".to_owned(),
        "Osaka".to_owned(),
        osaka.id().to_string(),
        "cdcdcdcd".to_owned(),
        "abababab".to_owned(),
        hex::encode(sha256(&segment)),
        hex::encode(sha256(&segment))[..8].to_owned(),
    ];
    for line in text.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let fields = event.as_object().unwrap();
        let known = [
            "timestamp",
            "level",
            "target",
            "message",
            "route",
            "method",
            "status",
            "received",
            "sent",
            "ms",
            "segments",
            "diaries",
            "accounts",
            "authorities",
            "all_answered",
        ];
        assert!(fields.keys().all(|key| known.contains(&key.as_str())), "{line}");
        // The time of day and a duration are digits of their own.
        let told = fields.iter().filter(|(key, _)| !["timestamp", "ms"].contains(&key.as_str()));
        let told = told
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>()
            .join(" ");
        for secret in &secrets {
            assert!(!told.contains(secret), "{secret} in {line}");
        }
    }
    assert!(text.lines().count() > 12, "each request has its line\n{text}");
    assert!(
        text.contains(r#""route":"/v1/authorities/{authority}/diaries/{mailbox}","method":"PUT","status":204,"received":32768"#)
    );
}

#[test]
fn the_store_holds_no_address() {
    let osaka = Authority::new(10);
    let setting = Setting::with(&[&osaka]);
    let relay = setting.start();
    relay.published(&osaka);
    relay.put_diary(osaka.id(), 1, &sealed());
    drop(relay);
    for file in std::fs::read_dir(setting.folder.path()).unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!content.windows(9).any(|window| window == b"127.0.0.1"));
        assert!(!content.windows(4).any(|window| window == [127, 0, 0, 1]));
    }
}

#[test]
fn who_is_being_served_is_served_to_the_end() {
    let osaka = Authority::new(10);
    let setting = Setting::with(&[&osaka]);
    let mut relay = setting.start();
    let segment = osaka.segment(1);
    let mut wire = Wire::open(relay.address());
    let length = segment.len().to_string();
    wire.head(
        "PUT",
        &publish_segment_path(osaka.id(), &sha256(&segment)),
        &[("Content-Length", &length)],
    );
    wire.send(&segment[..100]);
    // An answer on another connection shows that the first request is under way too.
    assert_eq!(relay.get("/healthz").status, 200);
    relay.relay.ask_to_stop();
    let address = relay.address();
    eventually("nobody new is let in", || std::net::TcpStream::connect(address).is_err());
    wire.send(&segment[100..]);
    assert_eq!(wire.answer("PUT").unwrap().status, 204);
    let log = relay.log.clone();
    relay.relay.stop();
    assert!(log.text().contains(r#""all_answered":true"#), "{}", log.text());
    assert_eq!(setting.start().segment(&segment).body, segment);
}

#[test]
fn who_never_ends_does_not_keep_the_relay_up() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka])
        .limits(|limits| limits.shutdown = Duration::from_millis(300))
        .start();
    let mut wire = Wire::open(relay.address());
    wire.head(
        "PUT",
        &publish_segment_path(osaka.id(), &[7; 32]),
        &[("Content-Length", "1000")],
    );
    assert_eq!(relay.get("/healthz").status, 200);
    let log = relay.log.clone();
    relay.relay.stop();
    assert!(log.text().contains(r#""all_answered":false"#), "{}", log.text());
}

#[test]
fn a_full_disk_is_said_clearly() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start_on(Broken(|| Err(StoreError::Full)));
    let full = refused(507, "relay.full");
    assert_eq!(relay.put_diary(osaka.id(), 1, &sealed()).problem(), full);
    assert_eq!(relay.put_segment(&osaka, &osaka.segment(1)).problem(), full);
    assert_eq!(relay.put_manifest(&osaka, &osaka.manifest(1, b"", &[])).problem(), full);
}

#[test]
fn a_store_that_fails_is_said_clearly() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start_on(Broken(|| Err(StoreError::Failed)));
    let failed = refused(503, "relay.store_failed");
    assert_eq!(relay.get("/healthz").problem(), failed);
    assert_eq!(relay.get("/metrics").problem(), failed);
    assert_eq!(relay.put_diary(osaka.id(), 1, &sealed()).problem(), failed);
}

#[test]
fn a_fault_in_the_relay_ends_one_request_only() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start_on(Broken(|| panic!("canary")));
    for _ in 0..3 {
        assert_eq!(relay.get("/healthz").problem(), refused(500, "relay.internal"));
    }
    assert_eq!(relay.manifest(&osaka).problem(), refused(404, "relay.nothing_published"));
}

/// A store that holds one trust list and fails at all else.
struct Broken(fn() -> Result<(), StoreError>);

impl Broken {
    fn fail<T: Default>(&self) -> Result<T, StoreError> {
        self.0().map(|()| T::default())
    }
}

impl StreamStore for Broken {}

impl Store for Broken {
    fn check(&self) -> Result<(), StoreError> {
        self.fail()
    }

    fn published(&self, _: AuthorityId) -> Result<Published, StoreError> {
        Ok(Published {
            trust_list: Some(Authority::new(10).trust()),
            manifest: None,
        })
    }

    fn replace_trust_list(&self, _: AuthorityId, _: Option<&[u8]>, _: &[u8]) -> Result<Replaced, StoreError> {
        self.fail().map(|()| Replaced::Done)
    }

    fn publish(&self, _: AuthorityId, _: &Published, _: Publication<'_>, now: i64) -> Result<Replaced, StoreError> {
        assert_eq!(now, NOW);
        self.fail().map(|()| Replaced::Done)
    }

    fn put_segment(&self, _: AuthorityId, _: &[u8; 32], _: &[u8], _: i64, _: u64) -> Result<Put, StoreError> {
        self.fail().map(|()| Put::New)
    }

    fn segment(&self, _: &[u8; 32]) -> Result<Option<StoredSegment>, StoreError> {
        self.fail()
    }

    fn segment_part(&self, _: &[u8; 32], _: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.fail()
    }

    fn put_diary(&self, _: AuthorityId, _: &StoredDiary, _: &[u8], _: i64, _: usize) -> Result<Put, StoreError> {
        self.fail().map(|()| Put::New)
    }

    fn take_diaries(&self, _: AuthorityId, _: u64, _: &[StoredDiary], _: i64, _: usize) -> Result<Option<Diaries>, StoreError> {
        self.fail()
    }

    fn forget(&self, _: i64) -> Result<Forgotten, StoreError> {
        Ok(Forgotten::default())
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        self.fail()
    }
}
