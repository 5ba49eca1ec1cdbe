//! A dose slip: what a vaccination site hands to the person, as a QR code. It names the ticket and not the person.
//!
//! ```text
//! text        "TECHO-D1:" Base45(COSE_Sign1)                    at most 273 bytes before Base45: QR version 12 at level M
//! COSE_Sign1  RFC 9052, section 4.2: tag 18 [h'a10127', {}, payload, signature]; EdDSA by the site's key, external data "techo dose slip v1"
//! payload     CBOR array [1, licence, ticket number, dose number, at, product, lot, revision]
//! ```
//! The licence inside says whose key the site's is, so that a phone trusts the municipality's keys only. It proves that a licensed site gave
//! this dose to whoever held this ticket: a ticket, not a person, and so it is nothing for a door.

use ciborium::Value;

use crate::basics::base45;
use crate::basics::keys::{SIGNATURE_BYTES, SigningKey};
use crate::basics::municipality_code::MunicipalityCode;
use crate::trust::TrustList;
use crate::vaccination::product::Product;
use crate::vaccination::site_licence::SiteLicence;
use crate::vaccination::ticket::TicketNumber;

/// How every slip's text begins.
pub const PREFIX: &str = "TECHO-D1:";
/// Largest COSE_Sign1 in bytes: with the prefix, 419 characters, which is version 12 at level M.
pub const LARGEST_BYTES: usize = 273;
/// Longest lot in bytes: what Japan's vaccination record system keeps.
pub const LONGEST_LOT_BYTES: usize = 20;

const EXTERNAL: &[u8] = b"techo dose slip v1";
const VERSION: u64 = 1;
const SIGN1_TAG: u64 = 18;
/// `{1: -8}`: EdDSA and nothing else (RFC 9053, section 2.2).
const PROTECTED: [u8; 3] = [0xa1, 0x01, 0x27];
/// A site's clock may run ahead of the reader's by so much, in seconds.
const CLOCKS_APART: i64 = 10 * 60;

crate::coded_errors! {
    /// What can be wrong with a dose slip.
    pub enum DoseSlipError {
        /// The text does not begin like a slip.
        NotASlip = "dose_slip.not_a_slip", "This is not a dose slip.", "Use the code of the slip that the vaccination site gave out.";
        /// It begins like one and cannot be read.
        Malformed = "dose_slip.malformed", "This dose slip cannot be read.", "Take a picture of the whole code again.";
        /// It is of a later format.
        NewerVersion = "dose_slip.newer_version", "This dose slip is of a newer version than this program knows.", "Update Techo.";
        /// The site did not sign it.
        SignatureInvalid = "dose_slip.signature_invalid", "This dose slip was not signed by the site that it names.", "Do not use it. Ask the vaccination site for the slip again.";
        /// A municipality that is not followed.
        UnknownTown = "dose_slip.unknown_town", "This dose slip is of a municipality that is not followed here.", "Add the municipality's trust file.";
        /// The municipality did not license the site.
        LicenceInvalid = "dose_slip.licence_invalid", "The municipality did not license the site of this dose slip.", "Do not use it. Update the municipality's trust list, or ask the municipality.";
        /// Outside the time of the licence.
        LicenceEnded = "dose_slip.licence_ended", "The site had no licence when it gave this dose.", "Ask the municipality to look the dose up.";
        /// The licence was revoked before the dose.
        LicenceRevoked = "dose_slip.licence_revoked", "The site's licence was revoked before this dose.", "Ask the municipality to look the dose up.";
        /// A time that has not come.
        InTheFuture = "dose_slip.in_the_future", "This dose slip is dated in the future.", "Check this device's clock.";
        /// A value that no slip holds.
        CannotBeWritten = "dose_slip.cannot_be_written", "No dose slip can hold this dose.", "Check dose number, time and lot; a lot has 1 to 20 printable ASCII characters.";
    }
}

/// A dose that a slip says was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlipDose {
    /// The ticket's number in the licence's municipality.
    pub ticket: TicketNumber,
    /// Which dose, 1 to 9.
    pub dose: u8,
    /// When it was given, in Unix seconds.
    pub at: i64,
    /// The vaccine that was given.
    pub product: Product,
    /// The lot, in printable ASCII.
    pub lot: String,
    /// 0 at first; a corrected slip of the same dose has a higher one.
    pub revision: u8,
}

/// A slip as a site hands it to a person: one dose, signed, with the licence of the site.
///
/// ```
/// use techo_protocol::basics::{keys::SigningKey, municipality_code::MunicipalityCode};
/// use techo_protocol::vaccination::{dose_slip::*, product::Product, site_licence::NewSiteLicence, ticket::TicketNumber};
/// let [town, site] = [1, 2].map(|seed| SigningKey::from_seed(&[seed; 32]));
/// let licence = NewSiteLicence {
///     municipality: MunicipalityCode::read("271403")?,
///     site: 3,
///     key: site.public(),
///     place: "Sakai City Hall",
///     from: 1_620_000_000,
///     until: 1_650_000_000,
/// }
/// .sign(&town)?;
/// let dose = |at| SlipDose {
///     ticket: TicketNumber::read("0000000009").unwrap(),
///     dose: 1,
///     at,
///     product: Product::Pfizer,
///     lot: "EX3617".into(),
///     revision: 0,
/// };
/// let slip = dose(1_625_000_000).sign(&licence, &site)?;
/// assert_eq!(DoseSlip::read(&slip.to_text()), Ok(slip.clone()));
/// assert_eq!(slip.check(&[], 1_625_000_000), Err(DoseSlipError::UnknownTown), "the site's signature is right");
/// let late = dose(1_650_000_000).sign(&licence, &site)?;
/// assert_eq!(late.check(&[], 1_650_000_000), Err(DoseSlipError::LicenceEnded));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoseSlip {
    /// The licence of the site that signed the slip.
    pub licence: SiteLicence,
    /// The dose that the slip is about.
    pub dose: SlipDose,
    payload: Vec<u8>,
    signature: [u8; SIGNATURE_BYTES],
}

/// Whether a text can be a lot: 1 to 20 printable ASCII characters, the first and the last of them no space.
///
/// ```
/// use techo_protocol::vaccination::dose_slip::is_lot;
/// assert!(is_lot("EX3617") && is_lot("A 1"));
/// assert!(!is_lot(" EX3617") && !is_lot("ＥＸ3617"), "as it is printed on the vial");
/// ```
pub fn is_lot(lot: &str) -> bool {
    (1..=LONGEST_LOT_BYTES).contains(&lot.len()) && lot.trim() == lot && lot.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

impl SlipDose {
    fn is_possible(&self) -> bool {
        (1..=9).contains(&self.dose) && (0..=0xFFFF_FFFF).contains(&self.at) && is_lot(&self.lot)
    }

    /// Signs the slip by the key of the site whose licence is given.
    ///
    /// # Errors
    /// [`DoseSlipError::CannotBeWritten`].
    pub fn sign(self, licence: &SiteLicence, site: &SigningKey) -> Result<DoseSlip, DoseSlipError> {
        if !self.is_possible() || site.public() != licence.key {
            return Err(DoseSlipError::CannotBeWritten);
        }
        let fields = vec![
            VERSION.into(),
            licence.to_value(),
            self.ticket.number().into(),
            self.dose.into(),
            self.at.into(),
            self.product.number().into(),
            self.lot.as_str().into(),
            self.revision.into(),
        ];
        let payload = cbor(&Value::Array(fields));
        let slip = DoseSlip {
            licence: licence.clone(),
            dose: self,
            signature: site.sign(&to_be_signed(&payload)),
            payload,
        };
        (slip.cose_sign1().len() <= LARGEST_BYTES)
            .then_some(slip)
            .ok_or(DoseSlipError::CannotBeWritten)
    }
}

impl DoseSlip {
    /// Reads a slip's text. Nothing is checked of its signatures: see [`Self::check`].
    ///
    /// # Errors
    /// [`DoseSlipError`]: no slip, malformed, or of a later version.
    pub fn read(text: &str) -> Result<Self, DoseSlipError> {
        let rest = text.trim().strip_prefix("TECHO-D").ok_or(DoseSlipError::NotASlip)?;
        let (version, encoded) = rest.split_once(':').ok_or(DoseSlipError::Malformed)?;
        if version != "1" {
            let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
            return Err(if is_version {
                DoseSlipError::NewerVersion
            } else {
                DoseSlipError::Malformed
            });
        }
        let bytes = base45::decode(encoded)
            .filter(|bytes| bytes.len() <= LARGEST_BYTES)
            .ok_or(DoseSlipError::Malformed)?;
        let (payload, signature) = open_sign1(&bytes).ok_or(DoseSlipError::Malformed)?;
        let (licence, dose) = read_payload(&payload)?;
        let slip = Self {
            licence,
            dose,
            payload,
            signature,
        };
        // One way to write a slip: what else would read the same is none.
        (slip.cose_sign1() == bytes).then_some(slip).ok_or(DoseSlipError::Malformed)
    }

    /// The text that the QR code holds.
    pub fn to_text(&self) -> String {
        format!("{PREFIX}{}", base45::encode(&self.cose_sign1()))
    }

    /// Length of the COSE_Sign1 in bytes.
    pub fn cose_bytes(&self) -> usize {
        self.cose_sign1().len()
    }

    /// The municipality that licensed the site.
    pub fn municipality(&self) -> MunicipalityCode {
        self.licence.municipality
    }

    fn cose_sign1(&self) -> Vec<u8> {
        cbor(&Value::Tag(
            SIGN1_TAG,
            Box::new(Value::Array(vec![
                Value::Bytes(PROTECTED.to_vec()),
                Value::Map(Vec::new()),
                Value::Bytes(self.payload.clone()),
                Value::Bytes(self.signature.to_vec()),
            ])),
        ))
    }

    /// Checks that the dose's time has come, at a moment in Unix seconds.
    ///
    /// # Errors
    /// [`DoseSlipError::InTheFuture`].
    pub fn check_time(&self, now: i64) -> Result<(), DoseSlipError> {
        if self.dose.at > now.saturating_add(CLOCKS_APART) {
            return Err(DoseSlipError::InTheFuture);
        }
        Ok(())
    }

    /// Checks who signed it at a moment in Unix seconds, and gives the trust list of the municipality that licensed the site.
    ///
    /// # Errors
    /// [`DoseSlipError`]. Where the municipality is unknown, the site's own signature is right.
    pub fn check<'l>(&self, lists: &'l [TrustList], now: i64) -> Result<&'l TrustList, DoseSlipError> {
        if !self.licence.key.verifies(&to_be_signed(&self.payload), &self.signature) {
            return Err(DoseSlipError::SignatureInvalid);
        }
        self.check_time(now)?;
        if !self.licence.covers(self.dose.at) {
            return Err(DoseSlipError::LicenceEnded);
        }
        let mut known = lists
            .iter()
            .filter(|list| {
                list.municipality
                    .as_ref()
                    .is_some_and(|town| town.code == self.licence.municipality)
            })
            .peekable();
        known.peek().ok_or(DoseSlipError::UnknownTown)?;
        let town = known
            .find(|list| self.licence.is_signed_by(list))
            .ok_or(DoseSlipError::LicenceInvalid)?;
        let revoked_from = town
            .municipality
            .as_ref()
            .and_then(|section| section.revoked_from(self.licence.site));
        if revoked_from.is_some_and(|from| self.dose.at >= from) {
            return Err(DoseSlipError::LicenceRevoked);
        }
        Ok(town)
    }
}

fn to_be_signed(payload: &[u8]) -> Vec<u8> {
    // RFC 9052, section 4.4.
    cbor(&Value::Array(vec![
        "Signature1".into(),
        Value::Bytes(PROTECTED.to_vec()),
        Value::Bytes(EXTERNAL.to_vec()),
        Value::Bytes(payload.to_vec()),
    ]))
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).expect("writing to memory does not fail");
    out
}

fn read_value(mut bytes: &[u8]) -> Option<Value> {
    let value = ciborium::from_reader(&mut bytes).ok()?;
    bytes.is_empty().then_some(value)
}

fn open_sign1(bytes: &[u8]) -> Option<(Vec<u8>, [u8; SIGNATURE_BYTES])> {
    let (tag, inner) = read_value(bytes)?.into_tag().ok()?;
    let fields: [Value; 4] = inner.into_array().ok()?.try_into().ok()?;
    let [protected, unprotected, payload, signature] = fields;
    let is_ours = tag == SIGN1_TAG && protected.into_bytes().ok()? == PROTECTED && unprotected.into_map().ok()?.is_empty();
    let signature = signature.into_bytes().ok()?.try_into().ok()?;
    is_ours.then_some((payload.into_bytes().ok()?, signature))
}

fn read_payload(payload: &[u8]) -> Result<(SiteLicence, SlipDose), DoseSlipError> {
    let fields = read_value(payload)
        .and_then(|value| value.into_array().ok())
        .ok_or(DoseSlipError::Malformed)?;
    let version = fields.first().and_then(|version| u64::try_from(version.as_integer()?).ok());
    match version {
        Some(VERSION) => read_fields(fields).ok_or(DoseSlipError::Malformed),
        Some(later) if later > VERSION => Err(DoseSlipError::NewerVersion),
        _ => Err(DoseSlipError::Malformed),
    }
}

fn read_fields(fields: Vec<Value>) -> Option<(SiteLicence, SlipDose)> {
    let [_, licence, ticket, dose, at, product, lot, revision]: [Value; 8] = fields.try_into().ok()?;
    let number = |value: Value| u64::try_from(value.into_integer().ok()?).ok();
    let dose = SlipDose {
        ticket: number(ticket)?.try_into().ok()?,
        dose: u8::try_from(number(dose)?).ok()?,
        at: i64::try_from(number(at)?).ok()?,
        product: Product::of_number(number(product)?)?,
        lot: lot.into_text().ok()?,
        revision: u8::try_from(number(revision)?).ok()?,
    };
    dose.is_possible().then_some((SiteLicence::of_value(licence)?, dose))
}

#[cfg(test)]
mod tests;
