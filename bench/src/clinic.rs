//! `clinic`: from the picture of a ticket to a dose that is checked, durable and signed, with its slip drawn.
//!
//! Each picture is 1280 x 960 with a ticket's code somewhere in it, on grey paper with noise. The site's vault is on this machine's disk,
//! and each record is on it before the time is taken.

use std::time::Instant;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder as _};
use serde_json::{Value, json};
use techo_authority::Authority;
use techo_authority::profile::NewAuthority;
use techo_core::clinic::{Clinic, NewDose};
use techo_core::scan::{Options, picture, scan};
use techo_core::vault::Vault;
use techo_core::vault::key_file::KeyFile;
use techo_protocol::basics::keys::sha256;
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::basics::qr::Qr;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::ticket::TicketText;

/// 2021-07-01T10:00+09:00.
const NOW: i64 = 1_625_101_200;
const PEOPLE: usize = 400;
const WIDTH: usize = 1_280;
const HEIGHT: usize = 960;

pub fn run() -> Result<Value, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let random = SystemRandom::new();
    let new = NewAuthority {
        name: "Sakai",
        host: "techo.example",
    };
    let mut town = Authority::init(&folder.path().join("town"), &new, None, NOW, &random)?;
    town.become_municipality(MunicipalityCode::read("271403")?, None, NOW, &random)?;
    let place = folder.path().join("site");
    let keeper = KeyFile::new(&place, None, Box::new(SystemRandom::new()));
    let mut vault = Vault::open(&place, Box::new(keeper), Box::new(SystemRandom::new()))?;
    let request = Clinic::init(&mut vault, &town.export_trust(&[], NOW)?, "Kanaria Clinic", NOW, &random)?;
    let mut clinic = Clinic::open(vault, NOW)?;
    clinic.license(&town.add_site(&request, None, NOW)?.1)?;

    let mut times = Vec::with_capacity(PEOPLE);
    for person in 0..PEOPLE {
        let picture = photo(person)?;
        let start = Instant::now();
        let luminance = picture::decode(&picture)?;
        let found = scan(&luminance, &Options::default());
        let code = found.first().ok_or("a ticket was not read")?;
        let recorded = clinic.record(&NewDose {
            ticket: TicketText::read(&code.text)?,
            dose: None,
            product: Product::Pfizer,
            lot: "EX3617",
            at: NOW,
            by: "Dr. K",
            born: None,
            picture: Some(sha256(&picture)),
            despite: &[],
        })?;
        let slip = recorded.slip.ok_or("a dose without its slip")?;
        std::hint::black_box(Qr::of(&slip.to_text())?.to_grey(6));
        times.push(start.elapsed().as_secs_f64() * 1e3);
        if recorded.record.ticket.number() != person as u64 {
            return Err("a ticket was read as another".into());
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(json!({
        "people": PEOPLE,
        "p50_ms": times[PEOPLE / 2],
        "p99_ms": times[PEOPLE * 99 / 100],
        "max_ms": times[PEOPLE - 1],
    }))
}

/// A photo of a ticket's code, as PNG.
fn photo(person: usize) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let (code, side) = Qr::of(&format!("11271403{person:010}"))?.to_grey(4 + person % 4);
    let (left, top) = (100 + person * 7 % 700, 80 + person * 11 % 500);
    let mut noise = 12_345_u32.wrapping_add(u32::try_from(person)?);
    let mut pixels = vec![0_u8; WIDTH * HEIGHT];
    for (at, pixel) in pixels.iter_mut().enumerate() {
        let (x, y) = (at % WIDTH, at / WIDTH);
        let paper = match (x.checked_sub(left), y.checked_sub(top)) {
            (Some(x), Some(y)) if x < side && y < side => code[y * side + x] / 2 + 60,
            _ => 190,
        };
        // A linear congruential generator (Numerical Recipes): grain, not chance.
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *pixel = paper.saturating_add(noise.to_be_bytes()[0] / 16);
    }
    let mut out = Vec::new();
    PngEncoder::new(&mut out).write_image(&pixels, u32::try_from(WIDTH)?, u32::try_from(HEIGHT)?, ExtendedColorType::L8)?;
    Ok(out)
}
