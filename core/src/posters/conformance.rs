//! The real posters and vectors of the four countries, read from `TECHO_VECTORS`.

use std::path::PathBuf;

use ::base64::Engine as _;
use ::base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::*;

fn vectors(file: &str) -> Option<String> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let root = std::env::var_os("TECHO_VECTORS").map_or_else(|| PathBuf::from(default), PathBuf::from);
    let path = root.join("venue").join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("NOT RUN: no vectors at {}", path.display());
    }
    text
}

fn json(file: &str) -> Option<Value> {
    vectors(file).map(|text| serde_json::from_str(&text).unwrap())
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    let list = value[key].as_array().unwrap();
    assert!(!list.is_empty(), "{key}");
    list
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

/// The point of a P-256 key in PEM: the last 65 bytes of its SubjectPublicKeyInfo.
fn point(pem: &str) -> [u8; 65] {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let info = STANDARD.decode(body).unwrap();
    *info.last_chunk().unwrap()
}

#[test]
fn new_zealand() {
    let Some(file) = json("nz/nz-qr-vectors.json") else { return };
    for vector in list(&file, "qr") {
        let code = text(vector, "qr");
        let poster = read(code).unwrap().unwrap();
        let decoded = &vector["decoded"];
        assert_eq!(poster.kind, PosterKind::Nz);
        assert_eq!(poster.name, text(decoded, "opn"));
        assert_eq!(poster.address.as_deref(), Some(text(decoded, "adr")));
        assert_eq!(
            poster.complaint.is_none(),
            vector["gs1CheckDigitValid"].as_bool().unwrap(),
            "{code}"
        );
        let link = code.replace("NZCOVIDTRACER:", "https://tracing.covid19.govt.nz/scan?source=url#data=");
        assert_eq!(read(&link), Some(Ok(poster)));
    }
}

#[test]
fn england_and_wales_production_posters() {
    let Some(file) = json("nhs/nhs-production-venue-tokens.json") else {
        return;
    };
    for vector in list(&file, "productionTokens") {
        let poster = read(text(vector, "qr")).unwrap().unwrap();
        let payload = &vector["payload"];
        assert_eq!(poster.kind, PosterKind::Nhs);
        assert_eq!(poster.signature, PosterSignature::Valid);
        assert_eq!(poster.name, text(payload, "opn"));
        let address = payload["adr"].as_str().or(payload["pc"].as_str());
        assert_eq!(poster.address.as_deref(), address);
    }
    for (kid, key) in file["recoveredPublicKeys"].as_object().unwrap() {
        let built_in = PRODUCTION_KEYS.iter().find(|built_in| built_in.kid == kid).unwrap();
        assert_eq!(built_in.point, point(text(key, "pem")));
    }
}

#[test]
fn england_and_wales_parser_cases() {
    let Some(file) = json("nhs/nhs-qr-parser-vectors.json") else {
        return;
    };
    let key = Es256Key {
        kid: text(&file, "testKeyId"),
        point: point(text(&file, "testPublicKeyPem")),
    };
    for case in list(&file, "cases") {
        let answer = read_with_keys(text(case, "qr"), &[key]);
        let accepted = matches!(&answer, Some(Ok(poster)) if poster.signature == PosterSignature::Valid);
        assert_eq!(
            accepted,
            text(case, "expected") == "accept",
            "{}: {answer:?}",
            text(case, "name")
        );
    }
}

#[test]
fn germany_urls() {
    let Some(file) = json("cwa/cwa-qr-url-vectors.json") else {
        return;
    };
    let expected = [
        (
            "My Birthday Party",
            "at my place",
            Some((2_687_955, 2_687_991)),
            None,
            Some(PosterError::Seed),
        ),
        ("Icecream Shop", "Main Street 1", None, Some(10), Some(PosterError::Seed)),
        ("Friseur", "Berlin", None, Some(120), None),
    ];
    for (index, url) in list(&file, "valid").iter().enumerate() {
        let poster = read(url.as_str().unwrap()).unwrap().unwrap();
        assert_eq!(poster.kind, PosterKind::Cwa);
        if let Some((name, address, valid, stay, complaint)) = expected.get(index) {
            assert_eq!(poster.name, *name);
            assert_eq!(poster.address.as_deref(), Some(*address));
            assert_eq!(
                (poster.valid, poster.stay_minutes, &poster.complaint),
                (*valid, *stay, complaint)
            );
        }
    }
    for url in list(&file, "invalid") {
        assert!(!matches!(read(url.as_str().unwrap()), Some(Ok(_))), "{url}");
    }
}

#[test]
fn germany_location_ids() {
    let Some(file) = json("cwa/cwa-trace-location-id-vectors.json") else {
        return;
    };
    for vector in list(&file, "locationId") {
        let payload = text(vector, "payloadBase64");
        // The id is the hash of the bytes, so equal ids say that the same bytes were decoded.
        let bytes = base64::any(payload).unwrap();
        let id = digest(&SHA256, &[b"CWA-GUID", bytes.as_slice()].concat());
        assert_eq!(hex::encode(id), text(vector, "locationIdHex"));
        let poster = read(&format!("https://e.coronawarn.app?v=1#{payload}")).unwrap().unwrap();
        assert!(poster.address.is_some());
    }
}

#[test]
fn crowd_notifier_payloads_that_are_no_message() {
    let Some(file) = json("crowdnotifier/crowdnotifier-v3-vectors.hex.json") else {
        return;
    };
    for vector in list(&file, "hkdf").iter().chain(list(&file, "identity")) {
        let payload = URL_SAFE_NO_PAD.encode(hex::decode(text(vector, "qrCodePayload")).unwrap());
        let answer = read(&format!("https://qr.notify-me.ch?v=3#{payload}"));
        assert_eq!(answer, Some(Err(PosterError::Malformed)));
    }
}
