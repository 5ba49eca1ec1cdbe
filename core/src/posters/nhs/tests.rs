use ::base64::Engine as _;
use ::base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::*;

/// A key of one test run: who signs is not what is tested, but that the right key is asked.
struct Signer(EcdsaKeyPair);

impl Signer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap())
    }

    fn key(&self) -> Es256Key<'static> {
        Es256Key {
            kid: "k",
            point: self.0.public_key().as_ref().try_into().unwrap(),
        }
    }

    fn poster(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("UKC19TRACING:1:{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

const HEADER: &str = r#"{"alg":"ES256","kid":"k"}"#;
const PAYLOAD: &str = r#"{"id":"4RJ3XV5Y","opn":"The Crown","vt":"015","adr":"1 High Street","pc":"E49RT"}"#;

fn read_one(text: &str, keys: &[Es256Key<'_>]) -> Result<ReadPoster, PosterError> {
    read(text, keys).unwrap()
}

fn signature(text: &str, keys: &[Es256Key<'_>]) -> PosterSignature {
    read_one(text, keys).unwrap().signature
}

#[test]
fn key_ids_are_the_keys_thumbprints() {
    for key in PRODUCTION_KEYS {
        let (x, y) = key.point[1..].split_at(32);
        let jwk = format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
            URL_SAFE_NO_PAD.encode(x),
            URL_SAFE_NO_PAD.encode(y)
        );
        assert_eq!(URL_SAFE_NO_PAD.encode(digest(&SHA256, jwk.as_bytes())), key.kid);
    }
}

#[test]
fn a_signed_poster() {
    let signer = Signer::new();
    let read = read_one(&signer.poster(HEADER, PAYLOAD), &[signer.key()]);
    let expected = ReadPoster {
        kind: PosterKind::Nhs,
        name: "The Crown".to_owned(),
        address: Some("1 High Street".to_owned()),
        signature: PosterSignature::Valid,
        stay_minutes: None,
        valid: None,
        complaint: None,
    };
    assert_eq!(read, Ok(expected));
}

#[test]
fn the_postcode_stands_in_for_an_address() {
    let signer = Signer::new();
    let address = |payload: &str| read_one(&signer.poster(HEADER, payload), &[signer.key()]).unwrap().address;
    assert_eq!(address(r#"{"id":"1","opn":"A","pc":"E49RT"}"#), Some("E49RT".to_owned()));
    assert_eq!(address(r#"{"id":"1","opn":"A"}"#), None);
}

#[test]
fn the_key_id_chooses_the_key() {
    let (signer, other) = (Signer::new(), Signer::new());
    let poster = signer.poster(HEADER, PAYLOAD);
    let unrelated = Es256Key {
        kid: "other",
        ..other.key()
    };
    assert_eq!(signature(&poster, &[unrelated, signer.key()]), PosterSignature::Valid);
    assert_eq!(signature(&poster, &[unrelated]), PosterSignature::UnknownKey);
    assert_eq!(signature(&poster, &[]), PosterSignature::UnknownKey);
    assert_eq!(signature(&poster, &[other.key()]), PosterSignature::Invalid);
    let nameless = signer.poster(r#"{"alg":"ES256"}"#, PAYLOAD);
    assert_eq!(signature(&nameless, &[signer.key()]), PosterSignature::UnknownKey);
}

#[test]
fn any_changed_byte_is_not_valid() {
    let signer = Signer::new();
    let poster = signer.poster(HEADER, PAYLOAD);
    let start = "UKC19TRACING:1:".len();
    for at in start..poster.len() {
        let mut bytes = poster.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        if let Ok(read) = read_one(&changed, &[signer.key()]) {
            assert_ne!(read.signature, PosterSignature::Valid, "byte {at}");
        }
    }
}

#[test]
fn the_header_cannot_choose_the_algorithm() {
    let signer = Signer::new();
    for header in [
        r#"{"alg":"none","kid":"k"}"#,
        r#"{"alg":"HS256","kid":"k"}"#,
        r#"{"alg":"es256","kid":"k"}"#,
        r#"{"alg":"ES256","kid":"k","crit":["exp"]}"#,
    ] {
        assert_eq!(
            signature(&signer.poster(header, PAYLOAD), &[signer.key()]),
            PosterSignature::Invalid,
            "{header}"
        );
    }
}

#[test]
fn a_signature_is_64_bytes() {
    let signer = Signer::new();
    let poster = signer.poster(HEADER, PAYLOAD);
    let (signed, _) = poster.rsplit_once('.').unwrap();
    for length in [0, 63, 65, 72] {
        let cut = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(vec![1; length]));
        assert_eq!(signature(&cut, &[signer.key()]), PosterSignature::Invalid, "{length}");
        assert_eq!(signature(&cut, &[]), PosterSignature::Invalid, "{length}");
    }
}

#[test]
fn versions() {
    let signer = Signer::new();
    let token = signer.poster(HEADER, PAYLOAD).replace("UKC19TRACING:1:", "");
    let read = |version: &str| read_one(&format!("UKC19TRACING:{version}:{token}"), &[signer.key()]);
    for version in ["1", "2", "99"] {
        assert!(read(version).is_ok(), "{version}");
    }
    for version in ["0", "00", "", "Z", "-1", "1.0"] {
        assert_eq!(read(version), Err(PosterError::Version), "{version}");
    }
}

#[test]
fn what_is_a_poster_made_wrongly() {
    let signer = Signer::new();
    for text in [
        "UKC19TRACING:".to_owned(),
        "UKC19TRACING:1:".to_owned(),
        "UKC19TRACING:1:a.b".to_owned(),
        "UKC19TRACING:1:a.b.c.d".to_owned(),
        signer.poster("[]", PAYLOAD),
        signer.poster(HEADER, r#"{"opn":"A"}"#),
        signer.poster(HEADER, r#"{"id":"1"}"#),
    ] {
        assert_eq!(read_one(&text, &[signer.key()]), Err(PosterError::Malformed), "{text}");
    }
    assert_eq!(
        read_one(&signer.poster(HEADER, r#"{"id":"1","opn":""}"#), &[]),
        Err(PosterError::TextMissing)
    );
    assert_eq!(read("UKC19TRACINGS:1:a.b.c", &[]), None);
    assert_eq!(
        read_one(&format!("UKC19TRACING:1:{}", "A".repeat(4_300)), &[]),
        Err(PosterError::TooLong)
    );
}

#[test]
fn the_rfc_s_example_verifies() {
    // RFC 7515, appendix A.3: an ES256 JWS made by others.
    let (x, y) = (
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    );
    let point = [vec![4], base64::jose(x).unwrap(), base64::jose(y).unwrap()].concat();
    let key = Es256Key {
        kid: "k",
        point: point.try_into().unwrap(),
    };
    let signed =
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature =
        base64::jose("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q").unwrap();
    let header = Header {
        alg: "ES256".to_owned(),
        kid: Some("k".to_owned()),
        crit: None,
    };
    assert_eq!(check(&header, signed.as_bytes(), &signature, &[key]), PosterSignature::Valid);
    assert_eq!(check(&header, b"other", &signature, &[key]), PosterSignature::Invalid);
}
