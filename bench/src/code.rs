//! `code`: sizes of the QR codes that people scan, all at level M.

use serde_json::{Value, json};
use techo_protocol::keys::SigningKey;
use techo_protocol::qr::Qr;
use techo_protocol::venue_code::{MOST_KEYS, NewPoster, NewRotating};

/// Host of the measured codes: with it the prefix has 24 characters.
const HOST: &str = "techo.example";

pub fn run() -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let signer = SigningKey::from_seed(&[1; 32]);
    let mut lines = Vec::new();
    for (name_bytes, address_bytes) in [(10, 20), (24, 40), (40, 40)] {
        let (name, address) = ("n".repeat(name_bytes), "a".repeat(address_bytes));
        let new = NewPoster {
            host: HOST,
            serial: 0xAB_CDEF,
            issued_day: 20_000,
            expires_day: 20_365,
            stay_minutes: 60,
            name: &name,
            address: &address,
        };
        let poster = new.sign(&signer)?;
        lines.push(line(
            "venue",
            name_bytes,
            address_bytes,
            0,
            poster.payload_bytes(),
            &poster.to_text(),
        )?);
        for keys in 1..=MOST_KEYS {
            let new = NewRotating {
                host: HOST,
                first_slot: 490_000,
                stay_minutes: 60,
                name: &name,
                address: &address,
                keys,
            };
            let rotating = new.sign(&poster.seed(), &signer)?;
            lines.push(line(
                "rotating",
                name_bytes,
                address_bytes,
                keys,
                rotating.payload_bytes(),
                &rotating.to_text(),
            )?);
        }
    }
    Ok(lines)
}

fn line(
    kind: &str,
    name_bytes: usize,
    address_bytes: usize,
    keys: usize,
    payload_bytes: usize,
    text: &str,
) -> Result<Value, Box<dyn std::error::Error>> {
    let version = Qr::of(text)?.version();
    Ok(json!({
        "kind": kind,
        "name_bytes": name_bytes,
        "address_bytes": address_bytes,
        "keys": keys,
        "payload_bytes": payload_bytes,
        "version": version,
        "level": "M",
    }))
}
