//! Reading issuers' keys as they are handed out: X.509 certificates (PEM, DER or Base64), JWKs and sets of them, DID documents, and the
//! lists that some countries and projects publish.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, engine};
use techo_protocol::certificates::issuer_key::{IssuerKey, Uses};

pub mod jwk;
mod lists;
pub mod x509;

use x509::Certificate;

techo_protocol::coded_errors! {
    /// What can be wrong with an issuer's key.
    pub enum KeySourceError {
        /// The file is of none of the forms.
        NotAKey = "issuer_key.not_a_key", "This file holds no issuer's key.", "Give an X.509 certificate (PEM, DER or Base64), a JWK or JWK set, or a DID document.";
        /// An X.509 certificate cannot be read.
        Certificate = "issuer_key.certificate_damaged", "The X.509 certificate cannot be read.", "Fetch it again from its source.";
        /// A JWK lacks a part, or has one that is not in its form.
        Jwk = "issuer_key.jwk_damaged", "The JWK cannot be read.", "Fetch it again from its source.";
        /// The key is not EC, nor RSA where RSA is allowed.
        KeyType = "issuer_key.type", "The key is of a type that signs no such certificates.", "Only EC keys on P-256, and RSA keys of 2048 bits and more for EU certificates, are used.";
        /// The key is on another curve than P-256.
        Curve = "issuer_key.curve", "The key is on another curve.", "Only P-256 is used for people's certificates.";
        /// The RSA key has fewer than 2048 bits.
        TooShort = "issuer_key.too_short", "The RSA key is shorter than 2048 bits.", "Do not trust it.";
        /// The JWK says that its key is not for signatures (`use`).
        KeyUse = "issuer_key.use", "The key is not for signatures.", "Ask the issuer for the key that it signs with.";
        /// The JWK names another algorithm than its type of key has here (`alg`).
        Algorithm = "issuer_key.algorithm", "The key is for another algorithm than its type has here.", "Ask the issuer for its key for ES256.";
        /// The file holds the private half of a key.
        Private = "issuer_key.private", "This file holds a private key, so whoever has seen the file can sign with it.", "Do not trust it, and tell the issuer.";
        /// A card issuer's key has an id that is not its thumbprint (RFC 7638).
        KeyId = "issuer_key.id", "The key's id is not its thumbprint.", "Ask the issuer for its published key set.";
        /// The certificate beside a JWK (`x5c`) is of another key.
        CertificateMismatch = "issuer_key.certificate_mismatch", "The certificate beside the key is of another key.", "Do not trust it, and tell the issuer.";
        /// The certificate beside a JWK (`x5c`) does not name the issuer's address.
        CertificateName = "issuer_key.certificate_name", "The certificate beside the key does not name the issuer.", "Do not trust it, and tell the issuer.";
    }
}

/// Reads every key that `content` holds, whatever its form. Of a set, those that sign no such certificates are left out; `seen_at`
/// (Unix seconds) is when the source listed them, where that is known.
///
/// ```
/// use techo_core::certificates::key_source::{self, KeySourceError};
///
/// let keys = key_source::read(techo_testing::ISSUER.as_bytes(), Some(techo_testing::NOW))?;
/// assert_eq!((keys[0].issuer.as_str(), keys[0].seen_at), ("XX", Some(techo_testing::NOW)));
/// let private = r#"{"kty": "EC", "crv": "P-256", "x": "", "y": "", "d": ""}"#;
/// assert_eq!(key_source::read(private.as_bytes(), None), Err(KeySourceError::Private));
/// # Ok::<(), KeySourceError>(())
/// ```
///
/// # Errors
/// [`KeySourceError`]: the content holds no key, the only one cannot be used, or one is private.
pub fn read(content: &[u8], seen_at: Option<i64>) -> Result<Vec<IssuerKey>, KeySourceError> {
    const SEQUENCE: u8 = 0x30;
    if content.first() == Some(&SEQUENCE)
        && let Ok(certificate) = Certificate::read(content)
    {
        return Ok(vec![certificate.issuer_key(seen_at)?]);
    }
    let text = std::str::from_utf8(content).map_err(|_| KeySourceError::NotAKey)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.contains("-----BEGIN ") {
        pem(text).map(|der| Certificate::read(&der?)?.issuer_key(seen_at)).collect()
    } else if text.starts_with(['{', '[']) {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|_| KeySourceError::NotAKey)?;
        let keys = match lists::read(&value, seen_at) {
            Some(keys) => keys,
            None => whole_set(jwk::read(&value, seen_at))?,
        };
        usable(keys)
    } else {
        let der = base64(text).ok_or(KeySourceError::NotAKey)?;
        Ok(vec![Certificate::read(&der)?.issuer_key(seen_at)?])
    }
}

/// The key for what it is meant for, where its source alone does not say: a bundle is used for years and by many, so a certificate authority in it
/// signs nobody's certificate, and a JWK is a card issuer's.
///
/// ```
/// use techo_core::certificates::key_source::{narrowed, read};
/// use techo_protocol::certificates::issuer_key::Uses;
///
/// // A JWK does not say what it is for.
/// let key = read(techo_testing::CARD_ISSUER.as_bytes(), None)?.remove(0);
/// assert!(key.uses.has(Uses::SHC) && key.uses.has(Uses::NZCP));
/// assert_eq!(narrowed(key).uses, Uses::SHC);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn narrowed(key: IssuerKey) -> IssuerKey {
    let uses = key.uses;
    let uses = if uses.has(Uses::VDS_NC_AUTHORITY) {
        Uses::VDS_NC_AUTHORITY
    } else if uses.has(Uses::SHC) {
        Uses::SHC
    } else {
        uses
    };
    IssuerKey { uses, ..key }
}

type Found = Vec<Result<IssuerKey, KeySourceError>>;

/// The keys of one issuer. A private key among them spoils all: who let it out does not keep the others.
fn whole_set(found: Found) -> Result<Found, KeySourceError> {
    if found.contains(&Err(KeySourceError::Private)) {
        return Err(KeySourceError::Private);
    }
    Ok(found)
}

/// The keys that can be used; the first error where none can.
fn usable(found: Found) -> Result<Vec<IssuerKey>, KeySourceError> {
    let mut keys = Vec::new();
    let mut first = None;
    for key in found {
        match key {
            Ok(key) => keys.push(key),
            Err(error) => first = first.or(Some(error)),
        }
    }
    match (keys.is_empty(), first) {
        (true, Some(error)) => Err(error),
        (true, None) => Err(KeySourceError::NotAKey),
        _ => Ok(keys),
    }
}

/// The certificates of a PEM file (RFC 7468).
fn pem(text: &str) -> impl Iterator<Item = Result<Vec<u8>, KeySourceError>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let is_certificate = text.contains(BEGIN);
    text.split(BEGIN)
        .skip(usize::from(is_certificate))
        .map(move |block| match block.split_once(END) {
            Some((body, _)) if is_certificate => base64(body).ok_or(KeySourceError::Certificate),
            _ if text.contains("PRIVATE KEY-----") => Err(KeySourceError::Private),
            _ if is_certificate => Err(KeySourceError::Certificate),
            _ => Err(KeySourceError::NotAKey),
        })
}

/// Base64 of either alphabet, with white space and with or without padding.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let alphabet = if text.contains(['-', '_']) {
        &alphabet::URL_SAFE
    } else {
        &alphabet::STANDARD
    };
    GeneralPurpose::new(alphabet, CONFIG)
        .decode(text)
        .ok()
        .filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests;
