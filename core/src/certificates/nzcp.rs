//! New Zealand's passes (NZ COVID Pass technical specification 1.0): `NZCP:/1/`, Base32, COSE, a CWT with a verifiable credential in it.

use ciborium::Value;
use techo_protocol::certificates::issuer_key::{IssuerKey, Uses};

use super::cbor;
use super::cose::Signed;
use super::reason::Reason;
use super::trust::{Trust, signer};
use super::verified::{DocumentKind, Holder, Verified};

mod base32;

const PREFIX: &str = "NZCP:/";
const VERSION: &str = "NZCP:/1/";
/// Longest text: what fits a QR code of the largest version.
const LONGEST: usize = 4_296;
const DID: &str = "did:web:";
const TYPES: [&str; 2] = ["VerifiableCredential", "PublicCovidPass"];
/// Length of the pass's id in bytes.
const ID_BYTES: usize = 16;

mod claim {
    pub const ISSUER: i64 = 1;
    pub const EXPIRES: i64 = 4;
    pub const NOT_BEFORE: i64 = 5;
    pub const ID: i64 = 7;
}

/// Whether a text says that it is a pass of some version.
pub(super) fn is_form(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// A pass that was decoded and not checked.
pub(super) struct Nzcp {
    signed: Signed,
    claims: Vec<(Value, Value)>,
}

impl Nzcp {
    /// Unpacks a text down to its claims.
    pub fn read(text: &str) -> Result<Self, Reason> {
        if text.len() > LONGEST {
            return Err(Reason::TooLong);
        }
        let rest = text.strip_prefix(VERSION).ok_or(Reason::Version)?;
        let signed = Signed::read(&base32::decode(rest).ok_or(Reason::Encoding)?)?;
        let claims = cbor::read(&signed.payload)?.into_map().map_err(|_| Reason::Envelope)?;
        Ok(Self { signed, claims })
    }

    /// Checks signature, issuer, times and content.
    pub fn verify(&self, trust: &Trust, now: i64) -> Verified {
        let mut verified = Verified::of(DocumentKind::Nzcp);
        let issuer = cbor::of_number(&self.claims, claim::ISSUER)
            .and_then(Value::as_text)
            .unwrap_or_default();
        verified.issuer = Some(issuer.to_owned()).filter(|issuer| !issuer.is_empty());
        match self.signer(trust, issuer) {
            Ok(key) => verified.key_seen_at = key.seen_at,
            Err(reason) => verified.check(Err(reason)),
        }
        verified.check(issuer.starts_with(DID).then_some(()).ok_or(Reason::IssuerName));
        verified.check(self.check_time(now));
        match self.holder() {
            Ok(holder) => verified.holder = Some(holder),
            Err(reason) => verified.check(Err(reason)),
        }
        verified.valid_until = self.time(claim::EXPIRES, "exp").ok();
        verified
    }

    fn signer<'t>(&self, trust: &'t Trust, issuer: &str) -> Result<&'t IssuerKey, Reason> {
        let id = self.signed.key_id().unwrap_or_default();
        let keys = trust
            .named(Uses::NZCP, id)
            .filter(|key| key.issuer.is_empty() || key.issuer == issuer);
        signer(
            keys,
            self.signed.algorithm()?,
            &self.signed.to_be_signed(),
            &self.signed.signature,
        )
    }

    fn time(&self, number: i64, field: &'static str) -> Result<i64, Reason> {
        cbor::time(cbor::of_number(&self.claims, number).ok_or(Reason::Schema { field })?)
    }

    fn check_time(&self, now: i64) -> Result<(), Reason> {
        if now >= self.time(claim::EXPIRES, "exp")? {
            Err(Reason::Expired)
        } else if now < self.time(claim::NOT_BEFORE, "nbf")? {
            Err(Reason::NotYetValid)
        } else {
            Ok(())
        }
    }

    fn holder(&self) -> Result<Holder, Reason> {
        let wrong = |field: &'static str| Reason::Schema { field };
        let id = cbor::of_number(&self.claims, claim::ID).and_then(Value::as_bytes);
        if id.is_none_or(|id| id.len() != ID_BYTES) {
            return Err(wrong("cti"));
        }
        let credential = cbor::of_text(&self.claims, "vc").and_then(Value::as_map).ok_or(wrong("vc"))?;
        let types = cbor::of_text(credential, "type")
            .and_then(Value::as_array)
            .ok_or(wrong("type"))?;
        if TYPES
            .iter()
            .any(|name| types.iter().all(|value| value.as_text() != Some(name)))
        {
            return Err(Reason::ContentType);
        }
        let subject = cbor::of_text(credential, "credentialSubject")
            .and_then(Value::as_map)
            .ok_or(wrong("credentialSubject"))?;
        let text = |name: &str| cbor::of_text(subject, name).and_then(Value::as_text);
        let given = text("givenName").filter(|name| !name.is_empty()).ok_or(wrong("givenName"))?;
        // Somebody may have one name only.
        let surname = text("familyName").unwrap_or_default();
        Ok(Holder {
            name: format!("{given} {surname}").trim().to_owned(),
            born: Some(text("dob").ok_or(wrong("dob"))?.to_owned()),
            surname: surname.to_owned(),
            given: given.to_owned(),
        })
    }
}
