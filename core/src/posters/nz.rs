//! New Zealand's posters: JSON in base64, unsigned (NZ COVID Tracer, "QR code specification" and "NFC").

use serde::Deserialize;

use super::label::{self, Lines};
use super::{PosterError, PosterKind, PosterSignature, ReadPoster, base64, bounded};

const PREFIX: &str = "NZCOVIDTRACER:";
/// What an NFC tag or a link opens; the poster's text follows in the fragment.
const LINK: &str = "https://tracing.covid19.govt.nz/scan";

/// All five are strings in every poster; the country's own app refuses one that lacks any.
#[derive(Deserialize)]
struct Poster {
    #[serde(rename = "typ")]
    _type: String,
    gln: String,
    opn: String,
    adr: String,
    #[serde(rename = "ver")]
    _version: String,
}

/// Reads a poster, a tag or a link of New Zealand; `None` where the text is none of them.
pub(super) fn read(text: &str) -> Option<Result<ReadPoster, PosterError>> {
    let payload = match text.strip_prefix(PREFIX) {
        Some(payload) => payload.to_owned(),
        None => from_link(text)?,
    };
    Some(bounded(&payload).and_then(from_payload))
}

fn from_link(text: &str) -> Option<String> {
    let (query, data) = text.strip_prefix(LINK)?.split_once("#data=")?;
    if !query.is_empty() && !query.starts_with('?') {
        return None;
    }
    let data = data.strip_prefix(PREFIX).unwrap_or(data);
    // The three signs of base64 that some writers escape in a URL (RFC 3986, section 2.1).
    Some(data.replace("%2B", "+").replace("%2F", "/").replace("%3D", "="))
}

fn from_payload(payload: &str) -> Result<ReadPoster, PosterError> {
    let json = base64::any(payload)?;
    let poster: Poster = serde_json::from_slice(&json).map_err(|_| PosterError::Malformed)?;
    Ok(ReadPoster {
        kind: PosterKind::Nz,
        name: label::required(&poster.opn, Lines::Many)?,
        address: label::optional(&poster.adr, Lines::Many)?,
        signature: PosterSignature::None,
        stay_minutes: None,
        valid: None,
        complaint: (!is_gln(&poster.gln)).then_some(PosterError::LocationNumber),
    })
}

/// Whether a text is a global location number: 13 digits, the last of which is the check digit (GS1 General
/// Specifications, section 7.9).
fn is_gln(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().map_while(|c| c.to_digit(10)).collect();
    let weighted: u32 = digits
        .iter()
        .zip([1, 3].iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    text.len() == 13 && digits.len() == 13 && weighted.is_multiple_of(10)
}

#[cfg(test)]
mod tests;
