//! `code`: sizes of the QR codes that people scan, all at level M.

use serde_json::json;
use techo_protocol::basics::japan_day;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::basics::p256::P256Key;
use techo_protocol::basics::qr::Qr;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::exposure::venue_code::{MOST_KEYS, NewPoster, NewRotating};
use techo_protocol::trust::AuthorityId;
use techo_protocol::vaccination::dose_slip::{DoseSlip, LONGEST_LOT_BYTES, SlipDose};
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::site_licence::{LONGEST_PLACE_BYTES, NewSiteLicence};
use techo_protocol::vaccination::status_pass::{Field, LONGEST_NAME_BYTES, Pass, PassFile, Presentation, Status, Value};
use techo_protocol::vaccination::ticket::TicketNumber;

/// Host of the measured codes: with it the prefix has 24 characters.
const HOST: &str = "techo.example";

pub fn run() -> Result<Vec<serde_json::Value>, Box<dyn std::error::Error>> {
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
    for (place_bytes, lot_bytes) in [(14, 6), (LONGEST_PLACE_BYTES, LONGEST_LOT_BYTES)] {
        let slip = slip(place_bytes, lot_bytes, &signer)?;
        // A slip's place stands where a venue's name does, and its lot where the address does.
        lines.push(line(
            "dose_slip",
            place_bytes,
            lot_bytes,
            0,
            slip.cose_bytes(),
            &slip.to_text(),
        )?);
    }
    for name_bytes in [14, LONGEST_NAME_BYTES] {
        let shown = status(name_bytes)?;
        lines.push(line("status", name_bytes, 0, 0, shown.payload_bytes(), &shown.to_text())?);
    }
    Ok(lines)
}

/// A pass that shows three fields, of the six that it has.
fn status(name_bytes: usize) -> Result<Presentation, Box<dyn std::error::Error>> {
    const NOW: i64 = 1_633_143_600;
    let town = P256Key::generate()?;
    let name = "n".repeat(name_bytes);
    let until = japan_day::date(18_931).ok_or("no such day")?;
    let values = |_| {
        vec![
            Value::Status(Status::Vaccinated),
            Value::Doses(2),
            Value::LastDose(until),
            Value::ValidUntil(until),
            Value::Name(name.clone()),
            Value::Initials("N.".to_owned()),
        ]
    };
    let issued = PassFile::issue((AuthorityId([7; 16]), &town), None, &values, None, NOW, &SystemRandom::new())?;
    let fields = [Field::Status, Field::ValidUntil, Field::Name];
    Ok(Pass::open(&issued.file, None)?.present(&fields, None, NOW)?)
}

/// A slip whose numbers are as long as they can be.
fn slip(place_bytes: usize, lot_bytes: usize, signer: &SigningKey) -> Result<DoseSlip, Box<dyn std::error::Error>> {
    let licence = NewSiteLicence {
        municipality: MunicipalityCode::read("271403")?,
        site: u32::MAX,
        key: signer.public(),
        place: &"p".repeat(place_bytes),
        from: 1_625_000_000,
        until: 1_700_000_000,
    };
    let dose = SlipDose {
        ticket: TicketNumber::read("9999999999")?,
        dose: 9,
        at: 1_625_101_200,
        product: Product::Novavax,
        lot: "L".repeat(lot_bytes),
        revision: 255,
    };
    Ok(dose.sign(&licence.sign(signer)?, signer)?)
}

fn line(
    kind: &str,
    name_bytes: usize,
    address_bytes: usize,
    keys: usize,
    payload_bytes: usize,
    text: &str,
) -> Result<serde_json::Value, Box<dyn std::error::Error>> {
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
