//! Issuers for tests: whatever a test wants to be signed, right or wrong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
};
use serde_json::{Value, json};
use techo_protocol::basics::base45;
use techo_protocol::certificates::issuer_key::{IssuerKey, IssuerPublicKey, NO_END, Uses};

use crate::certificates::Trust;

pub const ISSUED: i64 = 1_630_000_000;
pub const EXPIRES: i64 = 1_660_000_000;
pub const NOW: i64 = 1_640_000_000;
pub const KEY_ID: &[u8] = b"\x01\x02\x03\x04\x05\x06\x07\x08";
pub const CARD_ISSUER: &str = "https://cards.example/issuer";

/// A P-256 key that signs.
pub struct Issuer {
    pkcs8: Vec<u8>,
    pub key: IssuerPublicKey,
}

impl Issuer {
    pub fn new() -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &SystemRandom::new()).unwrap();
        Self {
            key: IssuerPublicKey::P256(pair.public_key().as_ref()[1..].try_into().unwrap()),
            pkcs8: pkcs8.as_ref().to_vec(),
        }
    }

    fn sign_as(&self, how: &'static EcdsaSigningAlgorithm, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(how, &self.pkcs8, &random).unwrap();
        pair.sign(&random, message).unwrap().as_ref().to_vec()
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.sign_as(&ECDSA_P256_SHA256_FIXED_SIGNING, message)
    }

    /// Right, but in DER.
    pub fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        self.sign_as(&ECDSA_P256_SHA256_ASN1_SIGNING, message)
    }

    pub fn listed(&self, id: &[u8], issuer: &str, uses: Uses) -> IssuerKey {
        IssuerKey {
            key: self.key.clone(),
            id: id.to_vec(),
            issuer: issuer.into(),
            uses,
            not_before: 0,
            not_after: NO_END,
            seen_at: None,
        }
    }

    /// Everybody who trusts this issuer's certificates of the EU.
    pub fn trusted(&self) -> Trust {
        Trust::new(vec![self.listed(KEY_ID, "techo_protocol", Uses::DCC)])
    }

    /// Everybody who trusts this issuer's cards.
    pub fn trusted_for_cards(&self) -> Trust {
        let id = self.key.thumbprint();
        Trust::new(vec![self.listed(id.as_bytes(), CARD_ISSUER, Uses::SHC)])
    }
}

pub fn cbor(value: &Cbor) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).unwrap();
    out
}

/// A DCC to be changed before it is signed.
pub struct NewDcc {
    pub protected: Vec<(Cbor, Cbor)>,
    pub claims: Vec<(Cbor, Cbor)>,
}

impl NewDcc {
    pub fn new() -> Self {
        Self::of(&json!({
            "ver": "1.3.0", "dob": "1980-01-01", "nam": { "fn": "Sato", "fnt": "SATO", "gn": "Aki", "gnt": "AKI" },
            "v": [vaccination()],
        }))
    }

    pub fn of(content: &Value) -> Self {
        let health = Cbor::Map(vec![(1.into(), Cbor::serialized(content).unwrap())]);
        Self {
            protected: vec![(1.into(), (-7).into()), (4.into(), Cbor::Bytes(KEY_ID.to_vec()))],
            claims: vec![
                (1.into(), "techo_protocol".into()),
                (4.into(), EXPIRES.into()),
                (6.into(), ISSUED.into()),
                ((-260).into(), health),
            ],
        }
    }

    /// Sets a claim.
    pub fn claim(mut self, number: i64, value: impl Into<Cbor>) -> Self {
        self.claims.retain(|(key, _)| *key != Cbor::from(number));
        self.claims.push((number.into(), value.into()));
        self
    }

    pub fn text(&self, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        packed(&self.message(sign))
    }

    pub fn message(&self, sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let (protected, payload) = (
            cbor(&Cbor::Map(self.protected.clone())),
            cbor(&Cbor::Map(self.claims.clone())),
        );
        message(protected, payload, sign)
    }
}

/// A COSE_Sign1.
pub fn message(protected: Vec<u8>, payload: Vec<u8>, sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let structure = [
        "Signature1".into(),
        Cbor::Bytes(protected.clone()),
        Cbor::Bytes(vec![]),
        Cbor::Bytes(payload.clone()),
    ];
    let signature = sign(&cbor(&Cbor::Array(structure.to_vec())));
    let parts = [
        Cbor::Bytes(protected),
        Cbor::Map(vec![]),
        Cbor::Bytes(payload),
        Cbor::Bytes(signature),
    ];
    cbor(&Cbor::Tag(18, Box::new(Cbor::Array(parts.to_vec()))))
}

pub fn packed(message: &[u8]) -> String {
    format!("HC1:{}", base45::encode(&compress_to_vec_zlib(message, 9)))
}

pub fn vaccination() -> Value {
    json!({ "tg": "840539006", "vp": "1119349007", "mp": "EU/1/20/1528", "ma": "ORG-100030215", "dn": 2, "sd": 2, "dt": "2021-08-01",
        "co": "XX", "is": "Ministry", "ci": "URN:UVCI:01:XX:1" })
}

/// A card's payload, valid at [`NOW`].
pub fn card() -> Value {
    json!({ "iss": CARD_ISSUER, "nbf": 1_630_000_000.5, "vc": { "type": ["https://smarthealth.cards#health-card"], "credentialSubject": {
        "fhirVersion": "4.0.1", "fhirBundle": { "resourceType": "Bundle", "type": "collection", "entry": [
            { "fullUrl": "resource:0", "resource": { "resourceType": "Patient", "name": [{ "family": "Sato", "given": ["Aki"] }], "birthDate": "1980-01-01" } },
        ] } } } })
}

/// A card's JWS over a payload as it is, under a header of the test's choice.
pub fn jws(header: &Value, payload: &[u8], sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub fn card_header(issuer: &Issuer) -> Value {
    json!({ "alg": "ES256", "zip": "DEF", "kid": issuer.key.thumbprint() })
}

/// A card of `payload` by `issuer`.
pub fn card_text(issuer: &Issuer, payload: &Value) -> String {
    let deflated = compress_to_vec(payload.to_string().as_bytes(), 9);
    jws(&card_header(issuer), &deflated, |message| issuer.sign(message))
}
