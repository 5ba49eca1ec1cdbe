use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};
use techo_protocol::certificates::issuer_key::IssuerPublicKey;

use super::*;
use crate::certificates::tests::issuing::Issuer;

/// The signer of ICAO's samples of the made-up Utopia (KDE KHealthCertificate, CC0-1.0).
const UTOPIA: &str = "MIIBYDCCAQYCEQCAG8uscdLb0ppaneNN5sB7MAoGCCqGSM49BAMCMDIxIzAhBgNVBAMMGk5hdGlvbmFsIENTQ0Egb2YgRnJpZXNsYW5kMQswCQYDVQQGEwJGUjAeFw0yMTA0Mjcy\
    MDQ3MDVaFw0yNjAzMTIyMDQ3MDVaMDYxJzAlBgNVBAMMHkRTQyBudW1iZXIgd29ya2VyIG9mIEZyaWVzbGFuZDELMAkGA1UEBhMCRlIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARkJeqyO85d\
    yR+UrQ5Ey8EdgLyf9NtsCrwORAj6T68/elL19aoISQDbzaNYJjdD77XdHtd+nFGTQVpB88wPTwgbMAoGCCqGSM49BAMCA0gAMEUCIQDvDacGFQO3tuATpoqf40CBv09nfglL3wh5wBwA1uA7lAIg\
    Z4sOK2iaaTsFNqENAF7zi+d862ePRQ9Lwymr7XfwVm0=";

fn jwk(issuer: &Issuer) -> Value {
    let IssuerPublicKey::P256(point) = &issuer.key else {
        unreachable!("issuers of tests are on P-256");
    };
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({ "kty": "EC", "crv": "P-256", "x": part(&point[..32]), "y": part(&point[32..]), "kid": "k", "use": "sig", "alg": "ES256" })
}

fn of_json(value: &Value) -> Result<Vec<IssuerKey>, KeySourceError> {
    read(value.to_string().as_bytes(), None)
}

#[test]
fn a_certificate_is_read_in_every_form() {
    let der = STANDARD.decode(UTOPIA).unwrap();
    let lines: Vec<&str> = UTOPIA
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let pem = format!(
        "Subject: CN=x\r\n-----BEGIN CERTIFICATE-----\r\n{}\r\n-----END CERTIFICATE-----\r\n",
        lines.join("\r\n")
    );
    let keys = read(&der, None).unwrap();
    assert_eq!((keys.len(), keys[0].issuer.as_str()), (1, "FR"));
    assert_eq!((keys[0].not_before, keys[0].not_after), (1_619_556_425, 1_773_348_425));
    for text in [
        pem.as_str(),
        UTOPIA,
        &format!("\u{feff}{}\n", lines.join("\n")),
        &URL_SAFE_NO_PAD.encode(&der),
    ] {
        assert_eq!(read(text.as_bytes(), None), Ok(keys.clone()), "{text}");
    }
    assert_eq!(read(format!("{pem}{pem}").as_bytes(), None).unwrap().len(), 2);
    for cut in 1..der.len() {
        assert!(read(&der[..cut], None).is_err(), "{cut}");
    }
}

#[test]
fn a_certificate_authority_signs_no_people_s_certificates_for_a_bundle() {
    let of = |uses: Uses| {
        let key = Issuer::new().listed(b"id", "FR", uses);
        narrowed(key).uses
    };
    assert_eq!(of(Uses::DCC.and(Uses::VDS_NC_AUTHORITY)), Uses::VDS_NC_AUTHORITY);
    assert_eq!(of(Uses::DCC.and(Uses::SHC).and(Uses::NZCP)), Uses::SHC);
    assert_eq!(of(Uses::DCC.and(Uses::TEST)), Uses::DCC.and(Uses::TEST));
}

#[test]
fn what_is_no_key_says_why() {
    let issuer = Issuer::new();
    let with = |name: &str, value: Value| {
        let mut jwk = jwk(&issuer);
        jwk[name] = value;
        of_json(&jwk)
    };
    assert!(of_json(&jwk(&issuer)).is_ok());
    assert_eq!(with("d", "AA".into()), Err(KeySourceError::Private));
    assert_eq!(with("crv", "P-384".into()), Err(KeySourceError::Curve));
    assert_eq!(with("kty", "OKP".into()), Err(KeySourceError::KeyType));
    assert_eq!(with("use", "enc".into()), Err(KeySourceError::KeyUse));
    assert_eq!(with("alg", "ES384".into()), Err(KeySourceError::Algorithm));
    assert_eq!(with("x", "AA".into()), Err(KeySourceError::Jwk));
    let short = json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0xFF; 128]), "e": "AQAB" });
    assert_eq!(of_json(&short), Err(KeySourceError::TooShort));
    for text in [
        "",
        "hello",
        "{}",
        "[]",
        "[1]",
        "{\"keys\":[]}",
        "-----BEGIN PUBLIC KEY-----",
        "AAAA",
    ] {
        assert!(read(text.as_bytes(), None).is_err(), "{text}");
    }
    assert_eq!(
        read(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", None),
        Err(KeySourceError::Private)
    );
}

#[test]
fn of_a_set_what_can_be_used_is_used_but_a_private_key_spoils_it() {
    let (one, two) = (Issuer::new(), Issuer::new());
    let mut other = jwk(&two);
    other["crv"] = "P-521".into();
    assert_eq!(
        of_json(&json!({ "keys": [jwk(&one), other.clone(), jwk(&two)] }))
            .unwrap()
            .len(),
        2
    );
    assert_eq!(of_json(&json!({ "keys": [other] })), Err(KeySourceError::Curve));
    let mut private = jwk(&two);
    private["d"] = "AA".into();
    assert_eq!(
        of_json(&json!({ "keys": [jwk(&one), private] })),
        Err(KeySourceError::Private)
    );
}

#[test]
fn one_issuer_s_fault_is_not_the_other_s() {
    let (one, two) = (Issuer::new(), Issuer::new());
    let card = |issuer: &Issuer| {
        let mut key = jwk(issuer);
        key["kid"] = issuer.key.thumbprint().into();
        key
    };
    let mut private = card(&two);
    private["d"] = "AA".into();
    let list = json!({ "issuerInfo": [
        { "issuer": { "iss": "https://one.example" }, "keys": [card(&one)] },
        { "issuer": { "iss": "https://two.example" }, "keys": [card(&two), private] },
    ] });
    let keys = of_json(&list).unwrap();
    assert_eq!((keys.len(), keys[0].issuer.as_str()), (1, "https://one.example"));
}

#[test]
fn the_eu_s_list_gives_keys_for_its_certificates_alone_by_its_own_ids() {
    let entry = json!({ "kid": STANDARD.encode(b"12345678"), "rawData": UTOPIA, "country": "FR" });
    let list = json!({ "certificates": [entry, { "kid": "AAAA", "rawData": "AAAA" }] });
    for list in [
        list.clone(),
        json!({ "list": list, "signature": "" }),
        json!({ "list": list.to_string() }),
    ] {
        let keys = of_json(&list).unwrap();
        assert_eq!(
            (keys.len(), keys[0].id.as_slice(), keys[0].uses),
            (1, &b"12345678"[..], Uses::DCC)
        );
    }
    assert_eq!(of_json(&json!([UTOPIA, UTOPIA])).unwrap().len(), 2);
    assert!(of_json(&json!({ "list": { "list": {} } })).is_err());
}

#[test]
fn a_did_document_names_the_keys_that_sign() {
    let (one, two) = (Issuer::new(), Issuer::new());
    let method = |id: &str, issuer: &Issuer| json!({ "id": id, "controller": "did:web:x.example", "type": "JsonWebKey2020", "publicKeyJwk": jwk(issuer) });
    let document = |assertion: Value| {
        of_json(&json!({ "id": "did:web:x.example", "assertionMethod": assertion,
            "verificationMethod": [method("did:web:x.example#key-1", &one), method("#key-2", &two)] }))
    };
    let keys = document(json!(["did:web:x.example#key-1"])).unwrap();
    assert_eq!(
        (keys.len(), keys[0].id.as_slice(), keys[0].issuer.as_str()),
        (1, &b"key-1"[..], "did:web:x.example")
    );
    assert_eq!(keys[0].uses, Uses::NZCP);
    assert_eq!(document(json!(["#key-2"])).unwrap()[0].key, two.key);
    assert_eq!(
        document(json!([])),
        Err(KeySourceError::NotAKey),
        "a key that is listed for nothing signs nothing"
    );
    assert_eq!(
        document(json!([method("did:web:other.example#key-1", &one)])),
        Err(KeySourceError::KeyType),
        "another's key"
    );
}

#[test]
fn a_card_issuer_s_key_is_named_by_its_thumbprint() {
    let issuer = Issuer::new();
    let mut key = jwk(&issuer);
    let read = |key: &Value| jwk::of_card_issuer(key, "https://x.example", None);
    assert_eq!(read(&key), Err(KeySourceError::KeyId));
    key["kid"] = issuer.key.thumbprint().into();
    let listed = read(&key).unwrap();
    assert_eq!((listed.issuer.as_str(), listed.uses), ("https://x.example", Uses::SHC));
    key["x5c"] = json!([UTOPIA]);
    assert_eq!(read(&key), Err(KeySourceError::CertificateMismatch));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, None);
        let _ = read(&[&[0x30, 0x82][..], &bytes].concat(), None);
        let _ = read(STANDARD.encode(&bytes).as_bytes(), None);
    }

    /// A real certificate, changed at one place.
    #[test]
    fn any_changed_certificate_is_read_or_refused(at in 0..356_usize, byte: u8) {
        let mut der = STANDARD.decode(UTOPIA).unwrap();
        let at = at % der.len();
        der[at] = byte;
        let _ = read(&der, None);
    }
}
