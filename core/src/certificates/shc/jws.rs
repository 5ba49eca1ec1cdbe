//! A compact JWS (RFC 7515, section 7.1) as SMART Health Cards have it: ES256, its payload deflated.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use techo_protocol::certificates::issuer_key::Algorithm;

use crate::certificates::reason::Reason;

/// A message that was taken apart, and whose signature was not checked yet.
pub(super) struct Jws {
    /// The id by which the header names the key: its thumbprint.
    pub key_id: String,
    /// The algorithm, of those that are allowed.
    pub algorithm: Algorithm,
    /// The text that is signed: header and payload in Base64, with the dot between.
    pub signed: String,
    /// The payload, still deflated (RFC 1951).
    pub payload: Vec<u8>,
    /// The signature's raw bytes.
    pub signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: Option<String>,
    kid: Option<String>,
    zip: Option<String>,
    crit: Option<serde_json::Value>,
}

/// Whether a text looks like one: `{"` in Base64, and two dots.
pub(super) fn is_form(text: &str) -> bool {
    text.starts_with("eyJ") && text.bytes().filter(|&b| b == b'.').count() == 2
}

impl Jws {
    pub fn read(text: &str) -> Result<Self, Reason> {
        let (signed, signature) = text.rsplit_once('.').ok_or(Reason::Envelope)?;
        let (header, payload) = signed.split_once('.').ok_or(Reason::Envelope)?;
        let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Reason::Encoding);
        let header: Header = serde_json::from_slice(&bytes(header)?).map_err(|error| json_reason(&error))?;
        if header.crit.is_some() {
            return Err(Reason::Critical);
        }
        let algorithm = match header.alg.as_deref() {
            Some("ES256") => Algorithm::Es256,
            Some(_) => return Err(Reason::Algorithm),
            None => return Err(Reason::Envelope),
        };
        if header.zip.as_deref() != Some("DEF") {
            return Err(Reason::Envelope);
        }
        Ok(Self {
            key_id: header.kid.ok_or(Reason::Envelope)?,
            algorithm,
            signed: signed.to_owned(),
            payload: bytes(payload)?,
            signature: bytes(signature)?,
        })
    }
}

/// What is wrong with a JSON text: its form, or what is in it.
pub(super) fn json_reason(error: &serde_json::Error) -> Reason {
    let text = error.to_string();
    if text.starts_with("duplicate field") {
        Reason::DuplicateKey
    } else if text.starts_with("number out of range") {
        Reason::Number
    } else if error.is_data() {
        Reason::Schema { field: "card" }
    } else {
        Reason::Json
    }
}
