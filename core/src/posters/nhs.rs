//! England's and Wales's posters: a compact JWS signed with ES256 (RFC 7515; RFC 7518, section 3.4).

use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::Deserialize;

use super::label::{self, Lines};
use super::{PosterError, PosterKind, PosterSignature, ReadPoster, base64, bounded};

const PREFIX: &str = "UKC19TRACING";

/// A public key that signs posters.
///
/// ```
/// use base64::Engine as _;
/// use techo_core::posters::{self, Es256Key, PosterSignature};
///
/// let part = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
/// let (header, payload) = (part(br#"{"alg":"ES256","kid":"2"}"#), part(br#"{"id":"1","opn":"Cafe","adr":""}"#));
/// let text = format!("UKC19TRACING:1:{header}.{payload}.{}", part(&[0; 64]));
/// let signature = |kid| {
///     let key = Es256Key { kid, ..posters::PRODUCTION_KEYS[0] };
///     posters::read_with_keys(&text, &[key]).expect("it begins like one").map(|poster| poster.signature)
/// };
/// assert_eq!(signature("1")?, PosterSignature::UnknownKey, "the key that it names is not here");
/// assert_eq!(signature("2")?, PosterSignature::Invalid);
/// # Ok::<(), posters::PosterError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Es256Key<'a> {
    /// The key id as the poster's header writes it.
    pub kid: &'a str,
    /// The point on P-256, uncompressed: 4, then x and y of 32 bytes each (SEC 1, section 2.3.3).
    pub point: [u8; 65],
}

/// The two keys that signed the posters in use. A key's id is its RFC 7638 thumbprint, which a test recomputes.
pub const PRODUCTION_KEYS: [Es256Key<'static>; 2] = [
    Es256Key {
        kid: "YrqeLTq8z-ofH5nzlaSGnYRfB9bu9yPlWYU_2b6qXOQ",
        point: [
            0x04, 0x57, 0x23, 0xd7, 0xe4, 0x2a, 0xb1, 0x49, 0xd8, 0x34, 0x24, 0x4f, 0xf6, 0x3b, 0x4c, 0x28, 0x83, 0x4a, 0xa6,
            0xbf, 0x36, 0xbf, 0x18, 0xb5, 0x40, 0xc4, 0xd9, 0x89, 0x44, 0xe4, 0x30, 0x32, 0x3b, 0x73, 0x93, 0x55, 0x39, 0x60,
            0x44, 0x81, 0xbe, 0x4e, 0xe7, 0x8e, 0x87, 0x74, 0x2c, 0x9c, 0x15, 0x4e, 0x6c, 0x3e, 0xc3, 0xf6, 0x88, 0x46, 0xfb,
            0xe7, 0x42, 0xc0, 0x75, 0xc3, 0x90, 0x96, 0xd6,
        ],
    },
    Es256Key {
        kid: "iR4wHTB1vAvkdclGBAepRZqK6RooFmSqpJCAWxjQoPQ",
        point: [
            0x04, 0x9d, 0x93, 0xd1, 0x0f, 0xdd, 0x01, 0x32, 0x0c, 0x85, 0x3c, 0x76, 0x09, 0xe1, 0x44, 0x9f, 0x1c, 0x60, 0x1f,
            0x07, 0xe4, 0x62, 0xa5, 0x33, 0xeb, 0xb8, 0xa1, 0xb8, 0x50, 0x43, 0x27, 0xc6, 0x47, 0x80, 0x61, 0x07, 0x34, 0x00,
            0xcd, 0xef, 0x1b, 0xfc, 0x52, 0xde, 0x57, 0x5a, 0xdc, 0x29, 0xe6, 0x12, 0x68, 0x84, 0xbc, 0xdb, 0x03, 0x4c, 0x22,
            0x36, 0x49, 0xfa, 0xb7, 0x8a, 0xeb, 0xbb, 0x1d,
        ],
    },
];

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that a reader must understand; none is understood here (RFC 7515, section 4.1.11).
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "id")]
    _id: String,
    opn: String,
    adr: Option<String>,
    pc: Option<String>,
}

/// Reads a poster of England or Wales; `None` where the text is not one.
pub(super) fn read(text: &str, keys: &[Es256Key<'_>]) -> Option<Result<ReadPoster, PosterError>> {
    let rest = text.strip_prefix(PREFIX)?.strip_prefix(':')?;
    Some(bounded(rest).and_then(|rest| from_parts(rest, keys)))
}

/// `VERSION:HEADER.PAYLOAD.SIGNATURE`. Later versions are read alike, as the country's own app does.
fn from_parts(rest: &str, keys: &[Es256Key<'_>]) -> Result<ReadPoster, PosterError> {
    let (version, token) = rest.split_once(':').ok_or(PosterError::Malformed)?;
    let digits_only = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
    if !digits_only || version.bytes().all(|b| b == b'0') {
        return Err(PosterError::Version);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(PosterError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(PosterError::Malformed)?;
    let header: Header = from_json(header)?;
    let payload: Payload = from_json(payload)?;
    let address = payload.adr.or(payload.pc).unwrap_or_default();
    Ok(ReadPoster {
        kind: PosterKind::Nhs,
        name: label::required(&payload.opn, Lines::Many)?,
        address: label::optional(&address, Lines::Many)?,
        signature: check(&header, signed.as_bytes(), &base64::jose(signature)?, keys),
        stay_minutes: None,
        valid: None,
        complaint: None,
    })
}

fn from_json<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, PosterError> {
    serde_json::from_slice(&base64::jose(part)?).map_err(|_| PosterError::Malformed)
}

/// The header chooses among the known keys only, never the algorithm: a poster that names another one is a forgery.
fn check(header: &Header, signed: &[u8], signature: &[u8], keys: &[Es256Key<'_>]) -> PosterSignature {
    if header.alg != "ES256" || header.crit.is_some() || signature.len() != 64 {
        return PosterSignature::Invalid;
    }
    let Some(key) = keys.iter().find(|key| Some(key.kid) == header.kid.as_deref()) else {
        return PosterSignature::UnknownKey;
    };
    match UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.point).verify(signed, signature) {
        Ok(()) => PosterSignature::Valid,
        Err(_) => PosterSignature::Invalid,
    }
}

#[cfg(test)]
mod tests;
