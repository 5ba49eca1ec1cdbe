//! Public files: the same bytes for everybody, with headers that a CDN can use.

use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::relay_api::{manifest_path, segment_path};

use crate::authority::Authority;
use crate::client::{refused, request};
use crate::setting::Setting;

#[test]
fn headers_let_a_cdn_carry_the_files() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let (segment, manifest) = relay.published(&osaka);

    let answer = relay.segment(&segment);
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.header("content-length"), segment.len().to_string());
    assert_eq!(answer.header("etag"), format!("\"{}\"", hex::encode(sha256(&segment))));

    let answer = relay.manifest(&osaka);
    assert_eq!(answer.header("cache-control"), "public, max-age=60");
    assert_eq!(answer.header("etag"), format!("\"{}\"", hex::encode(sha256(&manifest))));
    for name in ["set-cookie", "vary", "server"] {
        assert_eq!(answer.header(name), "", "{name}");
    }
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[test]
fn a_cache_may_ask_whether_its_copy_is_the_newest() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let (segment, manifest) = relay.published(&osaka);
    for (path, file) in [
        (manifest_path(osaka.id()), &manifest),
        (segment_path(&sha256(&segment)), &segment),
    ] {
        let etag = format!("\"{}\"", hex::encode(sha256(file)));
        let ask = |tags: &str| request(relay.address(), "GET", &path, &[("If-None-Match", tags)], b"");
        let answer = ask(&format!("\"old\", W/{etag}"));
        assert_eq!((answer.status, answer.body.len()), (304, 0));
        assert_eq!(answer.header("etag"), etag);
        assert_eq!(ask("\"old\"").body, *file);
    }
}

#[test]
fn head_says_what_get_would_and_sends_nothing() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let (segment, manifest) = relay.published(&osaka);
    for (path, file) in [
        (manifest_path(osaka.id()), &manifest),
        (segment_path(&sha256(&segment)), &segment),
    ] {
        let answer = request(relay.address(), "HEAD", &path, &[], b"");
        assert_eq!(
            (answer.status, answer.header("content-length")),
            (200, file.len().to_string().as_str())
        );
    }
}

#[test]
fn a_segment_of_many_parts_comes_whole() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let segment = osaka.segment_with(1, 1_500_000, &osaka.notice);
    assert_eq!(relay.put_segment(&osaka, &segment).status, 204);
    assert_eq!(relay.segment(&segment).body, segment);
}

#[test]
fn every_wrong_turn_has_a_problem_document() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let (segment, _) = relay.published(&osaka);
    let upper = format!("/v1/segments/{}", hex::encode(sha256(&segment)).to_uppercase());
    assert_eq!(
        relay.get(&upper).problem(),
        refused(404, "relay.no_such_segment"),
        "a file has one address"
    );
    for path in ["/", "/v2", "/v1/segments", "/v1/authorities", "/v1/../etc/passwd", "/%00"] {
        assert_eq!(relay.get(path).problem(), refused(404, "relay.no_such_path"), "{path}");
    }
    assert_eq!(relay.get("/v1/segments/00").problem(), refused(404, "relay.no_such_segment"));
    assert_eq!(relay.get("/v1/segments/%FF").problem(), refused(404, "relay.no_such_path"));
    assert_eq!(
        relay.get(&segment_path(&[7; 32])).problem(),
        refused(404, "relay.no_such_segment")
    );
    assert_eq!(
        relay.get("/v1/authorities/zz/manifest").problem(),
        refused(404, "relay.unknown_authority")
    );
    for (method, path, allowed) in [
        ("DELETE", manifest_path(osaka.id()), "GET,HEAD,PUT"),
        ("PUT", segment_path(&[7; 32]), "GET,HEAD"),
        ("POST", "/healthz".to_owned(), "GET,HEAD"),
        ("BREW", "/metrics".to_owned(), "GET,HEAD"),
    ] {
        let answer = request(relay.address(), method, &path, &[], b"");
        assert_eq!(answer.problem(), refused(405, "relay.method_not_allowed"), "{method} {path}");
        assert_eq!(answer.header("allow"), allowed);
    }
}
