//! What a phone shows: one credential, the chosen fields, and the holder's signature of this moment.

use super::credential::{Credential, CredentialId, Disclosure, Issuer, signing_input};
use super::field::Value;
use super::{DIGESTS, Field, StatusPassError};
use crate::basics::decimal;
use crate::basics::jwk::base64url;
use crate::basics::keys::sha256;
use crate::basics::p256::{P256_SIGNATURE_BYTES, P256Key, P256Public};
use crate::basics::reader::ByteReader;

/// First digits of every code: tickets are shorter, and venue codes are addresses.
const MARKER: &str = "8471";
const VERSION: u8 = 1;
/// The nonce is the checker's, and not the minute.
const NONCE_IS_GIVEN: u8 = 0x80;
/// Longest nonce of a checker, in characters.
const LONGEST_NONCE: usize = 64;
/// Fewest digits of a code, so that a ticket's 10 or 18 that happen to begin alike are none.
const FEWEST_DIGITS: usize = 500;

/// What a code holds. Nothing of it may be believed before a [`super::Door`] has looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presentation {
    pub(super) is_nonce_given: bool,
    pub(super) key_id: [u8; 4],
    pub(super) day: u16,
    pub(super) id: CredentialId,
    holder: P256Public,
    issuer_signature: [u8; P256_SIGNATURE_BYTES],
    hidden: Vec<[u8; 32]>,
    shown: Vec<Disclosure>,
    pub(super) signed_at: u32,
    holder_signature: [u8; P256_SIGNATURE_BYTES],
}

/// Whether a text has the form of a code: it begins and ends like one. Nothing of it is read.
pub fn is_form(text: &str) -> bool {
    text.len() >= FEWEST_DIGITS && text.starts_with(MARKER) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a checker may use this nonce: 1 to 64 letters, digits, hyphens and underscores.
///
/// ```
/// use techo_protocol::vaccination::status_pass::is_nonce;
/// assert!(is_nonce("door-7_x"));
/// assert!(!is_nonce("") && !is_nonce("door 7"));
/// ```
pub fn is_nonce(nonce: &str) -> bool {
    (1..=LONGEST_NONCE).contains(&nonce.len()) && nonce.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

impl Credential {
    /// Shows some of the fields at `now` (Unix seconds): to whoever gave `nonce`, or else to anybody within the minute.
    ///
    /// # Errors
    /// [`StatusPassError`]: a field that is not there, a nonce that is none, a time that no code holds, another holder's key, no randomness.
    pub fn present(
        &self,
        issuer: &Issuer,
        fields: &[Field],
        nonce: Option<&str>,
        key: &P256Key,
        now: i64,
    ) -> Result<Presentation, StatusPassError> {
        let has = |field: &Field| self.disclosures.iter().any(|disclosure| disclosure.value.field() == *field);
        if !fields.iter().all(has) {
            return Err(StatusPassError::NoSuchField);
        }
        if key.public() != self.holder || !nonce.is_none_or(is_nonce) {
            return Err(StatusPassError::CannotBeWritten);
        }
        let (shown, others): (Vec<_>, Vec<_>) = self
            .disclosures
            .iter()
            .cloned()
            .partition(|disclosure| fields.contains(&disclosure.value.field()));
        let mut hidden: Vec<[u8; 32]> = self.decoys.iter().map(|decoy| **decoy).collect();
        hidden.extend(others.iter().map(Disclosure::digest));
        hidden.sort_unstable();
        let mut presentation = Presentation {
            is_nonce_given: nonce.is_some(),
            key_id: issuer.key_id(),
            day: self.day,
            id: self.id,
            holder: self.holder,
            issuer_signature: self.signature,
            hidden,
            shown,
            signed_at: u32::try_from(now).map_err(|_| StatusPassError::CannotBeWritten)?,
            holder_signature: [0; P256_SIGNATURE_BYTES],
        };
        presentation.holder_signature = key.sign(presentation.binding_input(issuer, nonce).as_bytes())?;
        Ok(presentation)
    }
}

impl Presentation {
    /// Reads the text of a code.
    ///
    /// # Errors
    /// [`StatusPassError`]: not a pass, of a newer version, or damaged.
    pub fn read(text: &str) -> Result<Self, StatusPassError> {
        if !is_form(text) {
            return Err(StatusPassError::NotAPass);
        }
        let digits = text.strip_prefix(MARKER).ok_or(StatusPassError::NotAPass)?;
        let bytes = decimal::from_digits(digits).ok_or(StatusPassError::Damaged)?;
        let mut body = ByteReader::of_version(&bytes, VERSION)?;
        Self::parse(&mut body).ok_or(StatusPassError::Damaged)
    }

    fn parse(bytes: &mut ByteReader<'_>) -> Option<Self> {
        let how = bytes.byte()?;
        let fields: Vec<Field> = Field::ALL.into_iter().filter(|field| how & field.bit() != 0).collect();
        let known = fields.iter().fold(NONCE_IS_GIVEN, |bits, field| bits | field.bit());
        (how | known == known).then_some(())?;
        let key_id = bytes.array()?;
        let day = bytes.u16()?;
        let id = CredentialId(bytes.array()?);
        let holder = P256Public(bytes.array()?);
        let issuer_signature = bytes.array()?;
        let mut hidden = Vec::new();
        for _ in fields.len()..DIGESTS {
            hidden.push(bytes.array()?);
        }
        let mut shown = Vec::new();
        for field in fields {
            shown.push(Disclosure {
                salt: bytes.array()?,
                value: Value::read(field, bytes)?,
            });
        }
        let read = Self {
            is_nonce_given: how & NONCE_IS_GIVEN != 0,
            key_id,
            day,
            id,
            holder,
            issuer_signature,
            hidden,
            shown,
            signed_at: bytes.u32()?,
            holder_signature: bytes.array()?,
        };
        (bytes.is_empty() && read.hidden.is_sorted()).then_some(read)
    }

    /// The text of the code: digits, so that a QR code takes its numeric mode.
    pub fn to_text(&self) -> String {
        format!("{MARKER}{}", decimal::to_digits(&self.to_bytes()))
    }

    fn to_bytes(&self) -> Vec<u8> {
        let how = self.shown.iter().fold(0, |bits, shown| bits | shown.value.field().bit());
        let how = if self.is_nonce_given { how | NONCE_IS_GIVEN } else { how };
        let mut out = vec![VERSION, how];
        out.extend(self.key_id);
        out.extend(self.day.to_be_bytes());
        out.extend(self.id.0);
        out.extend(self.holder.0);
        out.extend(self.issuer_signature);
        out.extend(self.hidden.iter().flatten());
        for disclosure in &self.shown {
            out.extend(disclosure.salt);
            disclosure.value.write(&mut out);
        }
        out.extend(self.signed_at.to_be_bytes());
        out.extend(self.holder_signature);
        out
    }

    /// Length of what the code holds in bytes, before it becomes digits.
    pub fn payload_bytes(&self) -> usize {
        self.to_bytes().len()
    }

    /// The number of the credential that is shown.
    pub fn id(&self) -> CredentialId {
        self.id
    }

    /// What is shown, in the order of the fields' numbers.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.shown.iter().map(|shown| &shown.value)
    }

    /// The RFC's text: an SD-JWT with key binding, for whoever knows that and not Techo's codes. `nonce` is the checker's, where one was given.
    pub fn to_sd_jwt(&self, issuer: &Issuer, nonce: Option<&str>) -> String {
        format!(
            "{}{}.{}",
            self.bound_text(issuer),
            self.binding_input(issuer, nonce),
            base64url(&self.holder_signature)
        )
    }

    pub(super) fn is_issued_by(&self, issuer: &Issuer) -> bool {
        issuer
            .key
            .verifies(self.issuer_input(issuer).as_bytes(), &self.issuer_signature)
    }

    pub(super) fn is_bound(&self, issuer: &Issuer, nonce: Option<&str>) -> bool {
        self.holder
            .verifies(self.binding_input(issuer, nonce).as_bytes(), &self.holder_signature)
    }

    fn issuer_input(&self, issuer: &Issuer) -> String {
        let mut digests = self.hidden.clone();
        digests.extend(self.shown.iter().map(Disclosure::digest));
        digests.sort_unstable();
        signing_input(issuer, self.id, self.day, &self.holder, &digests)
    }

    /// The issuer's JWT and the disclosures, with a tilde after each (RFC 9901, section 4).
    fn bound_text(&self, issuer: &Issuer) -> String {
        let mut text = format!("{}.{}~", self.issuer_input(issuer), base64url(&self.issuer_signature));
        for disclosure in &self.shown {
            text.push_str(&disclosure.to_text());
            text.push('~');
        }
        text
    }

    /// Header and payload of the key binding (RFC 9901, section 4.3).
    fn binding_input(&self, issuer: &Issuer, nonce: Option<&str>) -> String {
        let minute = (self.signed_at / 60).to_string();
        let payload = format!(
            r#"{{"iat":{},"aud":"urn:techo:door","nonce":"{}","sd_hash":"{}"}}"#,
            self.signed_at,
            nonce.unwrap_or(&minute),
            base64url(&sha256(self.bound_text(issuer).as_bytes()))
        );
        format!(
            "{}.{}",
            base64url(br#"{"alg":"ES256","typ":"kb+jwt"}"#),
            base64url(payload.as_bytes())
        )
    }
}
