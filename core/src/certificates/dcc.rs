//! EU Digital COVID Certificates: `HC1:`, Base45, zlib, COSE, CBOR ("Electronic Health Certificates", version 1.0.5, of the eHealth Network).

use ciborium::Value;
use techo_protocol::basics::base45;
use techo_protocol::certificates::issuer_key::{IssuerKey, Uses};

use super::cose::Signed;
use super::reason::Reason;
use super::trust::{Trust, signer};
use super::verified::{DocumentKind, Verified};
use super::{cbor, inflate};

pub(super) mod content;

/// What the text of every version begins with, before the version's number.
const PREFIX: &str = "HC";
const VERSION: &str = "HC1:";
/// Longest text: what fits a QR code of the largest version (40-L, alphanumeric).
const LONGEST: usize = 4_296;
/// Most bytes that are unpacked. The largest certificate of the countries' test data has under 3,000.
const LARGEST: usize = 64 << 10;

mod claim {
    pub const ISSUER: i64 = 1;
    pub const EXPIRES: i64 = 4;
    pub const NOT_BEFORE: i64 = 5;
    pub const ISSUED: i64 = 6;
    pub const HEALTH: i64 = -260;
    /// The version of the health certificate, within [`HEALTH`].
    pub const FIRST: i64 = 1;
}

/// Whether a text says that it is a DCC of some version.
pub(super) fn is_form(text: &str) -> bool {
    text.strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_prefix(|c: char| c.is_ascii_digit()))
        .is_some_and(|rest| rest.starts_with(':'))
}

/// A certificate that was decoded and not checked.
pub(super) struct Dcc {
    signed: Signed,
    claims: Vec<(Value, Value)>,
}

impl Dcc {
    /// Unpacks a text down to its claims.
    pub fn read(text: &str) -> Result<Self, Reason> {
        if text.len() > LONGEST {
            return Err(Reason::TooLong);
        }
        let rest = text.strip_prefix(VERSION).ok_or(Reason::Version)?;
        let packed = base45::decode(rest).ok_or(Reason::Encoding)?;
        let signed = Signed::read(&inflate::zlib(&packed, LARGEST)?)?;
        let claims = cbor::read(&signed.payload)?.into_map().map_err(|_| Reason::Envelope)?;
        Ok(Self { signed, claims })
    }

    /// Checks signature, times, the key's use and the content.
    pub fn verify(&self, trust: &Trust, now: i64) -> Verified {
        let mut verified = Verified::of(DocumentKind::Dcc);
        let claimed = cbor::of_number(&self.claims, claim::ISSUER).and_then(Value::as_text);
        verified.issuer = claimed.map(str::to_owned);
        let key = self.signer(trust);
        let content = self.content();
        let said = match &content {
            Ok(map) => content::read(map, &mut verified),
            Err(reason) => Err(reason.clone()),
        };
        match key {
            Ok(key) => {
                if !key.issuer.is_empty() {
                    verified.issuer = Some(key.issuer.clone());
                }
                verified.key_seen_at = key.seen_at;
                if let Ok(uses) = said {
                    verified.check(key.uses.may_say(uses).then_some(()).ok_or(Reason::IssuerKeyUse));
                }
                verified.check(self.check_key_time(key));
            }
            Err(reason) => verified.check(Err(reason)),
        }
        verified.check(self.check_time(now));
        verified.check(said.map(|_: Uses| ()));
        verified.valid_until = self.time(claim::EXPIRES).ok().flatten();
        verified
    }

    fn signer<'t>(&self, trust: &'t Trust) -> Result<&'t IssuerKey, Reason> {
        let algorithm = self.signed.algorithm()?;
        let keys = trust.named(Uses::DCC, self.signed.key_id().unwrap_or_default());
        signer(keys, algorithm, &self.signed.to_be_signed(), &self.signed.signature)
    }

    fn content(&self) -> Result<&[(Value, Value)], Reason> {
        cbor::of_number(&self.claims, claim::HEALTH)
            .and_then(Value::as_map)
            .and_then(|health| cbor::of_number(health, claim::FIRST))
            .and_then(Value::as_map)
            .map(Vec::as_slice)
            .ok_or(Reason::ContentType)
    }

    fn time(&self, number: i64) -> Result<Option<i64>, Reason> {
        cbor::of_number(&self.claims, number).map(cbor::time).transpose()
    }

    /// At its end it has expired (RFC 8392, section 3.1.4, and RFC 7519, section 4.1.4); before it was issued it is not valid (test case CO16).
    fn check_time(&self, now: i64) -> Result<(), Reason> {
        let (issued, from, expires) = (
            self.time(claim::ISSUED)?,
            self.time(claim::NOT_BEFORE)?,
            self.time(claim::EXPIRES)?,
        );
        let Some(expires) = expires else {
            return Err(Reason::Schema { field: "exp" });
        };
        if now >= expires {
            Err(Reason::Expired)
        } else if issued.max(from).is_some_and(|from| now < from) {
            Err(Reason::NotYetValid)
        } else {
            Ok(())
        }
    }

    /// A key signs within the time of its certificate.
    fn check_key_time(&self, key: &IssuerKey) -> Result<(), Reason> {
        match self.time(claim::ISSUED)? {
            Some(issued) if !(key.not_before..=key.not_after).contains(&issued) => Err(Reason::IssuerKeyTime),
            _ => Ok(()),
        }
    }
}
