//! `verify`: a DCC from its text to its verdict, against decoding it and checking the signature alone in the same run; and a trust bundle of
//! as many keys as the EU had, of the same types.

use std::hint::black_box;
use std::time::Instant;

use ciborium::Value as Cbor;
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey};
use serde_json::{Value, json};
use techo_core::certificates::{Trust, Verdict, verify};
use techo_protocol::basics::base45;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::certificates::issuer_key::{IssuerKey, IssuerPublicKey, Uses};
use techo_protocol::certificates::trust_bundle::TrustBundle;
use techo_protocol::trust::{Role, Root, TrustList, TrustedKey};

use crate::stopwatch::median_ms;

const NOW: i64 = 1_640_000_000;
/// The EU's list of signers when Germany's apps last published it: keys on P-256, RSA keys of 2048 and of 4096 bits.
const EU_KEYS: [(usize, usize); 3] = [(791, 0), (35, 256), (3, 512)];
const COUNTRIES: usize = 60;
const ROUNDS: usize = 2_001;
const KEY_ID: [u8; 8] = *b"\xFEbenchme";

pub fn run() -> Result<Value, Box<dyn std::error::Error>> {
    let random = SystemRandom::new();
    let failed = |_| "the generator of random numbers fails";
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(failed)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)?;
    let point = pair.public_key().as_ref().to_vec();
    let message = message(|structure| Ok(pair.sign(&random, structure).map_err(failed)?.as_ref().to_vec()))?;
    let text = format!("HC1:{}", base45::encode(&compress_to_vec_zlib(&message, 9)));

    let file = bundle(&point)?;
    let (trust_load_ms, trust) = median_ms(101, || TrustBundle::read(&file).map(|bundle| Trust::new(bundle.keys)));
    let trust = trust?;

    let (mut full, mut alone) = (Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let verified = verify(black_box(&text), &trust, NOW);
        full.push(started.elapsed());
        if verified.verdict() != Verdict::Valid {
            return Err(format!("the certificate should be valid: {:?}", verified.reasons).into());
        }
        let started = Instant::now();
        let is_right = bare(black_box(&text), &point);
        alone.push(started.elapsed());
        if is_right != Some(true) {
            return Err("the signature should be right".into());
        }
    }
    let (full_us, bare_us) = (median_us(full), median_us(alone));
    Ok(json!({
        "full_us": full_us,
        "bare_us": bare_us,
        "ratio": full_us / bare_us,
        "text_bytes": text.len(),
        "trust_keys": EU_KEYS.iter().map(|(count, _)| count).sum::<usize>(),
        "trust_bytes": file.len(),
        "trust_load_ms": trust_load_ms,
    }))
}

fn median_us(mut times: Vec<std::time::Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// Decoding and the signature alone: Base45, zlib, COSE by ciborium, ring. No key is looked up, and the content is not looked at.
fn bare(text: &str, point: &[u8]) -> Option<bool> {
    let packed = base45::decode(text.strip_prefix("HC1:")?)?;
    let message = decompress_to_vec_zlib_with_limit(&packed, 64 << 10).ok()?;
    let message: Cbor = ciborium::from_reader(&message[..]).ok()?;
    let Cbor::Tag(18, parts) = message else { return None };
    let [Cbor::Bytes(protected), _, Cbor::Bytes(payload), Cbor::Bytes(signature)] =
        <[Cbor; 4]>::try_from(parts.into_array().ok()?).ok()?
    else {
        return None;
    };
    let _: Cbor = ciborium::from_reader(&protected[..]).ok()?;
    let _: Cbor = ciborium::from_reader(&payload[..]).ok()?;
    let structure = structure(protected, payload);
    Some(
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(&structure, &signature)
            .is_ok(),
    )
}

fn cbor(value: &Cbor) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = ciborium::into_writer(value, &mut out);
    out
}

/// What a COSE_Sign1 signs (RFC 9052, section 4.4).
fn structure(protected: Vec<u8>, payload: Vec<u8>) -> Vec<u8> {
    cbor(&Cbor::Array(vec![
        "Signature1".into(),
        Cbor::Bytes(protected),
        Cbor::Bytes(vec![]),
        Cbor::Bytes(payload),
    ]))
}

fn message(sign: impl Fn(&[u8]) -> Result<Vec<u8>, &'static str>) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let content = json!({
        "ver": "1.3.0", "dob": "1980-01-01", "nam": { "fn": "Musterfrau-Gößinger", "fnt": "MUSTERFRAU<GOESSINGER", "gn": "Gabriele", "gnt": "GABRIELE" },
        "v": [{ "tg": "840539006", "vp": "1119349007", "mp": "EU/1/20/1528", "ma": "ORG-100030215", "dn": 2, "sd": 2, "dt": "2021-08-01",
            "co": "AT", "is": "Ministry of Health, Austria", "ci": "URN:UVCI:01:AT:10807843F94AEE0EE5093FBC254BD813#B" }],
    });
    let health = Cbor::Map(vec![(1.into(), Cbor::serialized(&content)?)]);
    let claims = Cbor::Map(vec![
        (1.into(), "AT".into()),
        (4.into(), (NOW + 1_000).into()),
        (6.into(), (NOW - 1_000).into()),
        ((-260).into(), health),
    ]);
    let protected = cbor(&Cbor::Map(vec![
        (1.into(), (-7).into()),
        (4.into(), Cbor::Bytes(KEY_ID.to_vec())),
    ]));
    let payload = cbor(&claims);
    let signature = sign(&structure(protected.clone(), payload.clone()))?;
    let parts = vec![
        Cbor::Bytes(protected),
        Cbor::Map(vec![]),
        Cbor::Bytes(payload),
        Cbor::Bytes(signature),
    ];
    Ok(cbor(&Cbor::Tag(18, Box::new(Cbor::Array(parts)))))
}

/// A bundle like the EU's, the certificate's own key in it.
fn bundle(point: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let (root, manifest) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
    let list = TrustList {
        name: "Osaka Prefecture".into(),
        host: "techo.example".into(),
        number: 1,
        issued_at: NOW,
        expires_at: NOW + 1,
        roots: vec![Root {
            key: root.public(),
            signed_by_previous: vec![],
        }],
        keys: vec![TrustedKey {
            role: Role::Manifest,
            key: manifest.public(),
            revoked: false,
        }],
        relays: vec![],
        municipality: None,
    };
    let kinds = EU_KEYS
        .iter()
        .flat_map(|&(count, modulus)| std::iter::repeat_n(modulus, count));
    let mut keys = Vec::new();
    for (at, modulus) in kinds.enumerate() {
        // Bytes without a pattern, so that nothing about them is cheaper than about real ones.
        let bytes = |length: usize| -> Vec<u8> {
            let blocks =
                (0..length.div_ceil(32)).map(|block| techo_protocol::basics::keys::sha256(format!("{at} {block}").as_bytes()));
            blocks.flatten().take(length).collect()
        };
        let is_own = at == 0;
        let key = match modulus {
            0 if is_own => IssuerPublicKey::P256(point.get(1..).ok_or("no point")?.try_into()?),
            0 => IssuerPublicKey::P256(bytes(64).try_into().map_err(|_| "no point")?),
            length => IssuerPublicKey::Rsa {
                modulus: bytes(length),
                exponent: vec![1, 0, 1],
            },
        };
        let country = at % COUNTRIES;
        let uses = [Uses::TEST, Uses::VACCINATION, Uses::RECOVERY, Uses::default()][at / COUNTRIES % 4];
        keys.push(IssuerKey {
            key,
            id: if is_own { KEY_ID.to_vec() } else { bytes(8) },
            issuer: format!(
                "{}{}",
                char::from(b'A' + u8::try_from(country / 26)?),
                char::from(b'A' + u8::try_from(country % 26)?)
            ),
            uses: if is_own { Uses::DCC } else { uses.and(Uses::DCC) },
            not_before: NOW - 100_000,
            not_after: NOW + 100_000,
            seen_at: Some(NOW),
        });
    }
    let bundle = TrustBundle {
        name: "EU".into(),
        signed_at: NOW,
        keys,
        trust_list: list.write(&root),
    };
    Ok(bundle.write(&manifest))
}
