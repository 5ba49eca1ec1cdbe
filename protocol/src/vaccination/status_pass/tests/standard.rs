//! The standard's text, checked by a verifier that knows RFC 9901 and nothing of Techo.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

use super::*;
use crate::basics::keys::sha256;
use crate::basics::p256::P256Public;

fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn json(text: &str) -> Json {
    serde_json::from_slice(&decoded(text)).unwrap()
}

/// Header and payload of a JWT that `key` signed.
fn jwt(text: &str, key: &P256Public) -> (Json, Json) {
    let parts: Vec<&str> = text.split('.').collect();
    assert_eq!(parts.len(), 3);
    assert!(key.verifies(format!("{}.{}", parts[0], parts[1]).as_bytes(), &decoded(parts[2])));
    (json(parts[0]), json(parts[1]))
}

/// Verifies an SD-JWT with key binding (RFC 9901, section 7.3), and gives what is disclosed and the nonce.
fn verified(text: &str, issuer: &P256Public) -> (Json, Vec<(String, Json)>, String) {
    let (bound, binding) = text.rsplit_once('~').unwrap();
    let mut parts = bound.split('~');
    let (header, payload) = jwt(parts.next().unwrap(), issuer);
    assert_eq!(
        (header["alg"].as_str(), header["typ"].as_str()),
        (Some("ES256"), Some("dc+sd-jwt"))
    );
    assert_eq!(payload["_sd_alg"], "sha-256");
    let digests: Vec<&str> = payload["_sd"]
        .as_array()
        .unwrap()
        .iter()
        .map(|digest| digest.as_str().unwrap())
        .collect();
    assert_eq!(digests.len(), 8);
    let mut disclosed = Vec::new();
    for part in parts {
        let digest = URL_SAFE_NO_PAD.encode(sha256(part.as_bytes()));
        assert_eq!(digests.iter().filter(|known| **known == digest).count(), 1);
        let disclosure = json(part);
        assert_eq!(disclosure.as_array().unwrap().len(), 3);
        assert_eq!(decoded(disclosure[0].as_str().unwrap()).len(), 16);
        let name = disclosure[1].as_str().unwrap();
        assert!(payload.get(name).is_none());
        disclosed.push((name.to_owned(), disclosure[2].clone()));
    }
    let jwk = &payload["cnf"]["jwk"];
    assert_eq!((jwk["kty"].as_str(), jwk["crv"].as_str()), (Some("EC"), Some("P-256")));
    let point = [decoded(jwk["x"].as_str().unwrap()), decoded(jwk["y"].as_str().unwrap())].concat();
    let (header, binding) = jwt(binding, &P256Public(point.try_into().unwrap()));
    assert_eq!(
        (header["alg"].as_str(), header["typ"].as_str()),
        (Some("ES256"), Some("kb+jwt"))
    );
    assert_eq!(
        binding["sd_hash"],
        URL_SAFE_NO_PAD.encode(sha256(format!("{bound}~").as_bytes()))
    );
    assert_eq!(binding["aud"], "urn:techo:door");
    assert_eq!(binding["iat"], NOON);
    (payload, disclosed, binding["nonce"].as_str().unwrap().to_owned())
}

#[test]
fn a_verifier_of_the_standard_reads_it() {
    let world = World::new();
    let issuer = world.issuer();
    let shown = world.pass.present(&Field::ALL, Some("n-1"), NOON).unwrap();
    let (payload, disclosed, nonce) = verified(&shown.to_sd_jwt(&issuer, Some("n-1")), &issuer.key);
    assert_eq!(nonce, "n-1");
    assert_eq!(payload["iss"], format!("urn:techo:authority:{TOWN}"));
    assert_eq!(payload["vct"], "urn:techo:status:1");
    let (from, to) = (payload["nbf"].as_i64().unwrap(), payload["exp"].as_i64().unwrap());
    assert_eq!((from, to), (NOON - 12 * 3_600 - 600, NOON + 12 * 3_600 + 600));
    let text: Vec<(&str, String)> = disclosed
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_string()))
        .collect();
    let quoted = |text: &str| format!("\"{text}\"");
    assert_eq!(
        text,
        [
            ("status", quoted("vaccinated")),
            ("doses", "2".to_owned()),
            ("last_dose", quoted("2021-07-22")),
            ("valid_until", quoted("2022-04-30")),
            ("name", quoted("Akihiko K")),
            ("initials", quoted("A. K.")),
        ]
    );
}

#[test]
fn the_text_from_a_scanned_code_is_the_same_and_the_quick_nonce_is_the_minute() {
    let world = World::new();
    let issuer = world.issuer();
    let shown = world.pass.present(&USUAL, None, NOON).unwrap();
    let scanned = Presentation::read(&shown.to_text()).unwrap();
    let text = scanned.to_sd_jwt(&issuer, None);
    assert_eq!(text, shown.to_sd_jwt(&issuer, None));
    let (_, disclosed, nonce) = verified(&text, &issuer.key);
    assert_eq!(disclosed.len(), 3);
    assert_eq!(nonce, (NOON / 60).to_string());
}
