//! A bundle of doses on its way from a site to its municipality: a file on a stick, or pieces through a relay.
//!
//! ```text
//! file      "TECHOB" version:1 town:16 sealed          HPKE (hpke_seal) to the municipality's bundle key; aad: all before `sealed`
//! sealed    length:4 signed zeros                      to a Padmé size, so that the length says little of how many doses there are
//! signed    a signed file "TDBS" by the site's key: town, licence, sequence, time, doses
//! ```
//! Each site counts its bundles from 1, so that one that is missing can be named.

use serde::{Deserialize, Serialize};

use crate::basics::hpke_seal::{HpkePrivate, HpkeSealError, SEAL_BYTES, open_with, seal_to};
use crate::basics::keys::{PublicKey, SigningKey, sha256};
use crate::basics::padme::padme;
use crate::basics::random::Random;
use crate::basics::reader::{ByteReader, Unreadable};
use crate::basics::signed::Kind;
use crate::trust::{AuthorityId, TrustList};
use crate::vaccination::product::Product;
use crate::vaccination::site_licence::SiteLicence;
use crate::vaccination::ticket::TicketNumber;

pub mod piece;

/// Most doses in one bundle.
pub const MOST_DOSES: usize = 20_000;
/// Longest name of a vaccinator, in characters: what Japan's vaccination record system keeps.
pub const LONGEST_NAME: usize = 20;
/// Largest file in bytes.
pub const LARGEST_FILE_BYTES: usize = 16 << 20;

const SIGNED: Kind = Kind {
    magic: b"TDBS",
    version: 1,
    label: b"techo dose bundle v1",
    largest: LARGEST_FILE_BYTES,
};
const MAGIC: &[u8; 6] = b"TECHOB";
const VERSION: u8 = 1;
const HEADER_BYTES: usize = MAGIC.len() + 1 + 16;
const INFO: &[u8] = b"techo dose bundle v1";

crate::coded_errors! {
    /// What can be wrong with a bundle.
    pub enum DoseBundleError {
        /// It is something else.
        NotABundle = "dose_bundle.not_a_bundle", "This file is not a bundle of doses.", "Choose a bundle file that a vaccination site has written.";
        /// It is of a later format.
        NewerVersion = "dose_bundle.newer_version", "This bundle is of a newer version than this program knows.", "Update Techo.";
        /// It is of another municipality.
        OtherTown = "dose_bundle.other_town", "This bundle is for another municipality.", "Send it to the municipality that licensed the site.";
        /// It does not open: torn, changed, or sealed to a key that is not here.
        Damaged = "dose_bundle.damaged", "This bundle is damaged, or was sealed to a key that is not here. Nothing was taken from it.", "Copy it again from the site; the site can write it anew.";
        /// The site did not sign it.
        SignatureInvalid = "dose_bundle.signature_invalid", "This bundle was not signed by the site that it names.", "Do not use it. Ask the site.";
        /// The municipality did not license the site.
        LicenceInvalid = "dose_bundle.licence_invalid", "The site of this bundle has no licence of this municipality.", "Do not use it. Look the site up in the municipality's list of sites.";
        /// More than one bundle holds.
        TooLarge = "dose_bundle.too_large", "These are more doses than one bundle holds.", "Write several bundles.";
        /// The key that it is to be sealed to is none, or there is no randomness.
        CannotBeSealed = "dose_bundle.cannot_be_sealed", "The bundle could not be sealed to the municipality.", "Get the municipality's trust file again.";
    }
}

impl From<HpkeSealError> for DoseBundleError {
    fn from(_: HpkeSealError) -> Self {
        Self::CannotBeSealed
    }
}

/// One dose as a site recorded it, or what it says of it later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoseRecord {
    /// The record's number at its site, from 1; the same in all its revisions.
    pub number: u32,
    /// 0 at first, one more with each correction.
    pub revision: u8,
    /// It was a mistake: this dose was not given so.
    pub withdrawn: bool,
    /// The ticket's number in this municipality.
    pub ticket: TicketNumber,
    /// Which dose, 1 to 9.
    pub dose: u8,
    /// When it was given, in Unix seconds.
    pub at: i64,
    /// The vaccine that was given.
    pub product: Product,
    /// The vaccine's lot, in printable ASCII.
    pub lot: String,
    /// Who gave it; at most [`LONGEST_NAME`] characters.
    pub by: String,
    /// When this revision was recorded, in Unix seconds.
    pub recorded_at: i64,
}

/// What one bundle says: doses that a site recorded since its bundle before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoseBundle {
    /// The authority of the municipality that the bundle is for.
    pub town: AuthorityId,
    /// The licence of the site that signed the bundle.
    pub licence: SiteLicence,
    /// Counts up from 1 at each site.
    pub sequence: u32,
    /// When it was written, in Unix seconds.
    pub made_at: i64,
    /// The doses, at most [`MOST_DOSES`].
    pub doses: Vec<DoseRecord>,
}

impl DoseRecord {
    fn is_possible(&self) -> bool {
        (1..=9).contains(&self.dose)
            && self.number > 0
            && (0..=0xFFFF_FFFF).contains(&self.at)
            && (0..=0xFFFF_FFFF).contains(&self.recorded_at)
            && crate::vaccination::dose_slip::is_lot(&self.lot)
            && is_vaccinator(&self.by)
    }
}

/// Whether a text can be a vaccinator's name.
///
/// ```
/// use techo_protocol::vaccination::dose_bundle::is_vaccinator;
/// assert!(is_vaccinator("Dr. Sato"));
/// assert!(!is_vaccinator(" ") && !is_vaccinator("Dr.\nSato"));
/// ```
pub fn is_vaccinator(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control)
}

impl DoseBundle {
    fn is_possible(&self) -> bool {
        self.sequence > 0
            && (0..=0xFFFF_FFFF).contains(&self.made_at)
            && self.doses.len() <= MOST_DOSES
            && self.doses.iter().all(DoseRecord::is_possible)
    }

    /// SHA-256 of what the bundle says, whichever licence of the site it carries and however often it is sealed.
    pub fn content_hash(&self) -> [u8; 32] {
        let mut content = Vec::new();
        ciborium::into_writer(&(self.sequence, self.made_at, &self.doses), &mut content)
            .expect("writing to memory does not fail");
        sha256(&content)
    }

    /// Signs the bundle by the site's key and seals it to the municipality's bundle key.
    ///
    /// # Errors
    /// [`DoseBundleError::TooLarge`] for more doses than it holds or a dose that cannot be, [`DoseBundleError::CannotBeSealed`].
    pub fn seal(&self, site: &SigningKey, key: &PublicKey, random: &dyn Random) -> Result<Vec<u8>, DoseBundleError> {
        let signed = SIGNED.write(self, site);
        let length = u32::try_from(signed.len()).map_err(|_| DoseBundleError::TooLarge)?;
        let padded = padme(u64::from(length) + 4);
        let padded = usize::try_from(padded).map_err(|_| DoseBundleError::TooLarge)?;
        if !self.is_possible() || HEADER_BYTES + SEAL_BYTES + padded > LARGEST_FILE_BYTES {
            return Err(DoseBundleError::TooLarge);
        }
        let mut plain = length.to_be_bytes().to_vec();
        plain.extend_from_slice(&signed);
        plain.resize(padded, 0);
        let mut file = MAGIC.to_vec();
        file.push(VERSION);
        file.extend_from_slice(&self.town.0);
        let sealed = seal_to(&key.0, INFO, &file, &plain, random)?;
        file.extend_from_slice(&sealed);
        Ok(file)
    }

    /// Opens a bundle that a licensed site of this municipality signed. `keys` are the municipality's bundle keys, older ones too.
    ///
    /// # Errors
    /// [`DoseBundleError`].
    pub fn open<'k>(
        file: &[u8],
        town: &TrustList,
        keys: impl IntoIterator<Item = &'k HpkePrivate>,
    ) -> Result<Self, DoseBundleError> {
        let mut reader = ByteReader::of_file(file, MAGIC, VERSION).map_err(|why| match why {
            Unreadable::Other => DoseBundleError::NotABundle,
            Unreadable::Newer => DoseBundleError::NewerVersion,
            Unreadable::TooLarge | Unreadable::Damaged => DoseBundleError::Damaged,
        })?;
        let named = reader.array().ok_or(DoseBundleError::Damaged)?;
        if file.len() > LARGEST_FILE_BYTES {
            return Err(DoseBundleError::Damaged);
        }
        if AuthorityId(named) != town.authority() {
            return Err(DoseBundleError::OtherTown);
        }
        let header = file.get(..HEADER_BYTES).unwrap_or_default();
        let plain = keys
            .into_iter()
            .find_map(|key| open_with(key, INFO, header, reader.rest()))
            .ok_or(DoseBundleError::Damaged)?;
        let signed = unpad(&plain).ok_or(DoseBundleError::Damaged)?;
        let signed = SIGNED.read(signed).map_err(|why| match why {
            Unreadable::Newer => DoseBundleError::NewerVersion,
            Unreadable::Other | Unreadable::TooLarge | Unreadable::Damaged => DoseBundleError::Damaged,
        })?;
        let bundle: Self = signed.body().ok_or(DoseBundleError::Damaged)?;
        if !signed.signed_by([&bundle.licence.key]) {
            return Err(DoseBundleError::SignatureInvalid);
        }
        if bundle.town != town.authority() {
            return Err(DoseBundleError::OtherTown);
        }
        if !bundle.licence.is_signed_by(town) {
            return Err(DoseBundleError::LicenceInvalid);
        }
        bundle.is_possible().then_some(bundle).ok_or(DoseBundleError::Damaged)
    }
}

fn unpad(plain: &[u8]) -> Option<&[u8]> {
    let mut reader = ByteReader::new(plain);
    let signed = reader.counted()?;
    reader.rest().iter().all(|byte| *byte == 0).then_some(signed)
}

#[cfg(test)]
mod tests;
