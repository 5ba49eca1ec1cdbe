//! What no client of ours would send.

use techo_protocol::basics::random::{Random, SeededRandom};
use techo_protocol::exposure::relay_api::manifest_path;

use crate::authority::Authority;
use crate::client::{Wire, refused};
use crate::setting::Setting;

#[test]
fn garbage_on_the_wire_harms_nobody() {
    let relay = Setting::with(&[]).start();
    for seed in 0..40 {
        let mut wire = Wire::open(relay.address());
        let mut garbage = SeededRandom::new(seed).bytes::<600>().unwrap().to_vec();
        if seed % 2 == 0 {
            garbage.splice(0..0, *b"PUT /v1/authorities/");
        }
        garbage.extend_from_slice(b"\r\n\r\n");
        wire.send(&garbage);
        if let Some(answer) = wire.answer("GET") {
            assert!((400..500).contains(&answer.status), "{}", answer.status);
        }
    }
    assert_eq!(relay.get("/healthz").status, 200);
}

#[test]
fn a_head_without_end_is_refused() {
    let relay = Setting::with(&[]).start();
    let mut wire = Wire::open(relay.address());
    wire.send(b"GET /healthz HTTP/1.1\r\n");
    while wire.send(format!("X-Filler: {}\r\n", "x".repeat(4_000)).as_bytes()) {}
    assert_eq!(relay.get("/healthz").status, 200);
}

#[test]
fn a_body_that_breaks_off_changes_nothing() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let manifest = osaka.manifest(1, b"", &[]);
    let mut wire = Wire::open(relay.address());
    wire.head(
        "PUT",
        &manifest_path(osaka.id()),
        &[("Content-Length", &manifest.len().to_string())],
    );
    wire.send(&manifest[..100]);
    drop(wire);
    let mut chunked = Wire::open(relay.address());
    chunked.head("PUT", &manifest_path(osaka.id()), &[("Transfer-Encoding", "chunked")]);
    chunked.send(b"5\r\nhello\r\nthis is no length\r\n");
    assert_eq!(chunked.answer("PUT").unwrap().problem(), refused(400, "relay.body_broken"));
    assert_eq!(relay.manifest(&osaka).problem(), refused(404, "relay.nothing_published"));
}

#[test]
fn two_at_once_leave_one_manifest() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let (segment, first) = relay.published(&osaka);
    // Two heads for one sequence number: an authority's profile that was copied.
    let rivals: Vec<_> = (0..8_u64)
        .map(|n| {
            let mut manifest = osaka.manifest_of(2, &first, &[&segment]);
            manifest.audit_head = [u8::try_from(n).unwrap(); 32];
            manifest.write(&osaka.manifest)
        })
        .collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let sent: Vec<_> = rivals
            .iter()
            .map(|file| scope.spawn(|| relay.put_manifest(&osaka, file).status))
            .collect();
        sent.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|&&status| status == 204).count(), 1, "{statuses:?}");
    let winner = statuses.iter().position(|&status| status == 204).unwrap();
    assert_eq!(relay.manifest(&osaka).body, rivals[winner]);
}
