//! Limits on size, rate, time and number, each with its own answer.

use std::time::Duration;

use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::case_code::MailboxId;
use techo_protocol::exposure::diary_upload::SENT_BYTES;
use techo_protocol::exposure::relay_api::{diary_path, manifest_path, publish_segment_path, trust_path};

use crate::authority::Authority;
use crate::client::{Wire, refused, request};
use crate::setting::{Running, Setting, eventually};

#[test]
fn a_body_that_is_too_large_is_refused_sent_or_not() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).limits(|limits| {
        limits.segment_bytes = 100_000;
        limits.manifest_bytes = 5_000;
    });
    let relay = relay.start();
    let id = osaka.id();
    for (path, length) in [
        (publish_segment_path(id, &[7; 32]), 100_001),
        (manifest_path(id), 5_001),
        (trust_path(id), 64 * 1024 + 1),
        (diary_path(id, MailboxId([1; 16])), SENT_BYTES + 1),
    ] {
        for sent in [length, 0] {
            let mut wire = Wire::open(relay.address());
            wire.head("PUT", &path, &[("Content-Length", &length.to_string())]);
            wire.send(&vec![0; sent]);
            let answer = wire.answer("PUT").unwrap();
            assert_eq!(answer.problem(), refused(413, "relay.too_large"), "{path}");
            assert_eq!(answer.header("connection"), "close");
        }
    }
}

#[test]
fn a_body_without_a_length_is_measured_as_it_comes() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let mut wire = Wire::open(relay.address());
    wire.head(
        "PUT",
        &diary_path(osaka.id(), MailboxId([1; 16])),
        &[("Transfer-Encoding", "chunked")],
    );
    for _ in 0..5 {
        wire.send(b"2000\r\n");
        wire.send(&[0; 0x2000]);
        wire.send(b"\r\n");
    }
    wire.send(b"0\r\n\r\n");
    assert_eq!(wire.answer("PUT").unwrap().problem(), refused(413, "relay.too_large"));
}

#[test]
fn a_body_that_comes_too_slowly_is_given_up() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka])
        .limits(|limits| limits.body = Duration::from_millis(300))
        .start();
    let mut wire = Wire::open(relay.address());
    wire.head(
        "PUT",
        &diary_path(osaka.id(), MailboxId([1; 16])),
        &[("Content-Length", "32768")],
    );
    wire.send(&[0; 100]);
    assert_eq!(wire.answer("PUT").unwrap().problem(), refused(408, "relay.too_slow"));
    assert!(wire.is_closed());
}

#[test]
fn a_head_that_never_ends_is_hung_up_on() {
    let relay = Setting::with(&[])
        .limits(|limits| limits.head = Duration::from_millis(300))
        .start();
    let mut wire = Wire::open(relay.address());
    wire.send(b"GET /healthz HTTP/1.1\r\nHost: relay");
    assert!(wire.is_closed());
    let mut idle = Wire::open(relay.address());
    idle.head("GET", "/healthz", &[]);
    assert_eq!(idle.answer("GET").unwrap().status, 200);
    assert!(idle.is_closed(), "so is one that idles");
}

#[test]
fn a_connection_does_not_last_for_ever() {
    let relay = Setting::with(&[]).limits(|limits| {
        limits.connection = Duration::from_millis(300);
        limits.burst = u32::MAX;
    });
    let relay = relay.start();
    let mut wire = Wire::open(relay.address());
    eventually("the connection ends, however busy it is", || {
        wire.head("GET", "/healthz", &[]);
        wire.answer("GET").is_none()
    });
    assert_eq!(relay.get("/healthz").status, 200);
}

fn statuses(relay: &Running, forwarded: &str, requests: usize) -> Vec<u16> {
    let ask = |_| request(relay.address(), "GET", "/healthz", &[("X-Forwarded-For", forwarded)], b"").status;
    (0..requests).map(ask).collect()
}

#[test]
fn one_address_makes_so_many_requests() {
    let relay = Setting::with(&[]).limits(|limits| {
        limits.requests_per_second = 1;
        limits.burst = 3;
    });
    let relay = relay.start();
    // Nobody gets an allowance by naming another address.
    let statuses = statuses(&relay, "203.0.113.1", 3);
    assert_eq!(statuses, [200; 3]);
    let answer = (0..20)
        .map(|last| {
            request(
                relay.address(),
                "GET",
                "/healthz",
                &[("X-Forwarded-For", &format!("203.0.113.{last}"))],
                b"",
            )
        })
        .find(|answer| answer.status != 200)
        .unwrap();
    assert_eq!(answer.problem(), refused(429, "relay.too_many_requests"));
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    eventually("the allowance comes back", || relay.get("/healthz").status == 200);
}

#[test]
fn behind_a_proxy_each_client_counts_for_itself() {
    let mut setting = Setting::with(&[]).limits(|limits| {
        limits.requests_per_second = 1;
        limits.burst = 2;
        limits.connections_per_address = 1;
    });
    setting.proxies = vec!["127.0.0.1".parse().unwrap()];
    let relay = setting.start();
    let _idle = [Wire::open(relay.address()), Wire::open(relay.address())];
    for client in 1..20 {
        assert_eq!(statuses(&relay, &format!("203.0.113.{client}"), 2), [200, 200]);
    }
    assert!(statuses(&relay, "203.0.113.99", 20).contains(&429));
}

#[test]
fn one_address_has_so_many_connections() {
    let relay = Setting::with(&[]).limits(|limits| limits.connections_per_address = 2).start();
    let mut open = [Wire::open(relay.address()), Wire::open(relay.address())];
    for wire in &mut open {
        wire.head("GET", "/healthz", &[]);
        assert_eq!(wire.answer("GET").unwrap().status, 200);
    }
    assert_eq!(relay.get("/healthz").problem(), refused(429, "relay.too_many_connections"));
    drop(open);
    eventually("a closed connection makes room", || relay.get("/healthz").status == 200);
}

#[test]
fn the_relay_has_so_many_connections() {
    let relay = Setting::with(&[]).limits(|limits| limits.connections = 1).start();
    let mut open = Wire::open(relay.address());
    open.head("GET", "/healthz", &[]);
    assert_eq!(open.answer("GET").unwrap().status, 200);
    assert_eq!(relay.get("/healthz").problem(), refused(503, "relay.busy"));
    drop(open);
    eventually("a closed connection makes room", || relay.get("/healthz").status == 200);
}

#[test]
fn bodies_share_their_memory() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka])
        .limits(|limits| limits.body_memory_bytes = 40_000)
        .start();
    let segment = osaka.segment_with(1, 50_000, &osaka.notice);
    let path = publish_segment_path(osaka.id(), &sha256(&segment));
    assert_eq!(relay.put(&path, &segment).problem(), refused(503, "relay.busy"));
    assert_eq!(
        relay.put_segment(&osaka, &osaka.segment(1)).status,
        204,
        "what a refused body had is free again"
    );
}
