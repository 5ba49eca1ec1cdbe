//! A vaccination site's request for a licence, and the licence that its municipality gives.
//!
//! The licence stands in every dose slip of the site, so a phone that trusts the municipality's key needs to know no site.
//!
//! ```text
//! licence      "TSLI" version:1 authority:16 CBOR array [municipality, site, key, place, from, until, signer, signature]
//! signature    by a licence key of the municipality, over "techo site licence v1" || CBOR array of the first six
//! ```

use ciborium::Value;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::basics::keys::{KeyId, PublicKey, SIGNATURE_BYTES, SigningKey};
use crate::basics::municipality_code::MunicipalityCode;
use crate::basics::reader::{ByteReader, Unreadable};
use crate::basics::signed::Kind;
use crate::trust::{AuthorityId, Role, TrustList};

/// Longest place on a licence, in bytes of UTF-8.
pub const LONGEST_PLACE_BYTES: usize = 30;

const REQUEST: Kind = Kind {
    magic: b"TSRQ",
    version: 1,
    label: b"techo site request v1",
    largest: 4 * 1024,
};
const MAGIC: &[u8; 4] = b"TSLI";
const VERSION: u8 = 1;
const LABEL: &[u8] = b"techo site licence v1";
const LARGEST_LICENCE_BYTES: usize = 1_024;

crate::coded_errors! {
    /// What can be wrong with a site's request or licence.
    pub enum SiteLicenceError {
        /// It is no request.
        NotARequest = "site_licence.not_a_request", "This file is not a vaccination site's request.", "Ask the site for the request that it wrote when it was set up.";
        /// It is no licence.
        NotALicence = "site_licence.not_a_licence", "This file is not a vaccination site's licence.", "Ask the municipality for the licence that it wrote for this site.";
        /// It is of a later format.
        NewerVersion = "site_licence.newer_version", "This file is of a newer version than this program knows.", "Update Techo.";
        /// It cannot be read.
        Damaged = "site_licence.damaged", "This file is damaged.", "Copy it again from where it came.";
        /// A request that its own key did not sign.
        RequestSignature = "site_licence.request_signature", "This request was not signed by the key that it names.", "Ask the site to make it anew.";
        /// No municipality that is trusted here signed it.
        SignatureInvalid = "site_licence.signature_invalid", "This licence was not signed by the municipality.", "Do not use it. Ask the municipality for it again.";
        /// It is of another site.
        OtherSite = "site_licence.other_site", "This licence is another site's.", "Ask the municipality for the licence that answers this site's request.";
        /// The place is empty or holds control characters.
        Place = "site_licence.place", "A site needs a name without control characters.", "Give another name.";
        /// Times that cannot be.
        Times = "site_licence.times", "A licence ends after it begins.", "Give another end.";
    }
}

/// What a site asks its municipality for.
///
/// ```
/// use techo_protocol::{basics::keys::SigningKey, trust::AuthorityId, vaccination::site_licence::{SiteLicenceError, SiteRequest}};
/// let [site, other] = [1, 2].map(|seed| SigningKey::from_seed(&[seed; 32]));
/// let request = SiteRequest { town: AuthorityId([1; 16]), place: "Sakai City Hall".into(), key: site.public(), made_at: 1_620_000_000 };
/// assert_eq!(SiteRequest::read(&request.write(&site)), Ok(request.clone()));
/// assert_eq!(SiteRequest::read(&request.write(&other)), Err(SiteLicenceError::RequestSignature));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteRequest {
    /// The authority of the municipality that is asked.
    pub town: AuthorityId,
    /// The site's name, as it should stand on slips.
    pub place: String,
    /// The site's key, which signs the request.
    pub key: PublicKey,
    /// When it was made, in Unix seconds.
    pub made_at: i64,
}

impl SiteRequest {
    /// Signs the request. The signer's public half must be [`Self::key`].
    pub fn write(&self, signer: &SigningKey) -> Vec<u8> {
        REQUEST.write(self, signer)
    }

    /// Reads a request that its own key signed.
    ///
    /// # Errors
    /// [`SiteLicenceError`].
    pub fn read(file: &[u8]) -> Result<Self, SiteLicenceError> {
        let signed = REQUEST.read(file).map_err(|why| match why {
            Unreadable::Other => SiteLicenceError::NotARequest,
            Unreadable::Newer => SiteLicenceError::NewerVersion,
            Unreadable::TooLarge | Unreadable::Damaged => SiteLicenceError::Damaged,
        })?;
        let request: Self = signed.body().ok_or(SiteLicenceError::Damaged)?;
        if !signed.signed_by([&request.key]) {
            return Err(SiteLicenceError::RequestSignature);
        }
        if !is_place(&request.place) {
            return Err(SiteLicenceError::Place);
        }
        Ok(request)
    }
}

/// A licence, by which a municipality lets a site record doses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteLicence {
    /// The municipality that gave it.
    pub municipality: MunicipalityCode,
    /// The site's number in that municipality.
    pub site: u32,
    /// The key by which the site signs.
    pub key: PublicKey,
    /// The site's name, cut at a character.
    pub place: String,
    /// From when on the site may record, in Unix seconds.
    pub from: u32,
    /// Until when, in Unix seconds.
    pub until: u32,
    /// Which of the municipality's licence keys signed it.
    pub signer: KeyId,
    signature: [u8; SIGNATURE_BYTES],
}

/// What a licence is made from.
#[derive(Debug, Clone)]
pub struct NewSiteLicence<'a> {
    /// The municipality that gives it.
    pub municipality: MunicipalityCode,
    /// The site's number in that municipality, never given again.
    pub site: u32,
    /// The key by which the site signs.
    pub key: PublicKey,
    /// The site's name; cut at a character where it is longer than [`LONGEST_PLACE_BYTES`].
    pub place: &'a str,
    /// From when on the site may record, in Unix seconds.
    pub from: i64,
    /// Until when, in Unix seconds.
    pub until: i64,
}

impl NewSiteLicence<'_> {
    /// Signs the licence.
    ///
    /// # Errors
    /// [`SiteLicenceError::Place`], [`SiteLicenceError::Times`].
    pub fn sign(&self, signer: &SigningKey) -> Result<SiteLicence, SiteLicenceError> {
        let place = self.place.trim();
        let place = place
            .get(..place.floor_char_boundary(LONGEST_PLACE_BYTES))
            .unwrap_or_default()
            .trim_end();
        let time = |time| u32::try_from(time).map_err(|_| SiteLicenceError::Times);
        let (from, until) = (time(self.from)?, time(self.until)?);
        if !is_place(place) {
            return Err(SiteLicenceError::Place);
        }
        if until <= from {
            return Err(SiteLicenceError::Times);
        }
        let mut licence = SiteLicence {
            municipality: self.municipality,
            site: self.site,
            key: self.key,
            place: place.to_owned(),
            from,
            until,
            signer: signer.public().id(),
            signature: [0; SIGNATURE_BYTES],
        };
        licence.signature = signer.sign(&licence.message());
        Ok(licence)
    }
}

fn is_place(place: &str) -> bool {
    !place.trim().is_empty() && !place.chars().any(char::is_control)
}

impl SiteLicence {
    fn fields(&self) -> Vec<Value> {
        vec![
            self.municipality.number().into(),
            self.site.into(),
            Value::Bytes(self.key.0.to_vec()),
            self.place.as_str().into(),
            self.from.into(),
            self.until.into(),
        ]
    }

    fn message(&self) -> Vec<u8> {
        let mut out = LABEL.to_vec();
        ciborium::into_writer(&Value::Array(self.fields()), &mut out).expect("writing to memory does not fail");
        out
    }

    /// The licence as it stands in slips and bundles.
    pub(crate) fn to_value(&self) -> Value {
        let mut fields = self.fields();
        fields.push(Value::Bytes(self.signer.0.to_vec()));
        fields.push(Value::Bytes(self.signature.to_vec()));
        Value::Array(fields)
    }

    /// Reads what [`Self::to_value`] made; `None` for anything else.
    pub(crate) fn of_value(value: Value) -> Option<Self> {
        let fields: [Value; 8] = value.into_array().ok()?.try_into().ok()?;
        let [municipality, site, key, place, from, until, signer, signature] = fields;
        let number = |value: Value| u32::try_from(value.into_integer().ok()?).ok();
        let licence = Self {
            municipality: number(municipality)?.try_into().ok()?,
            site: number(site)?,
            key: PublicKey(key.into_bytes().ok()?.try_into().ok()?),
            place: place.into_text().ok()?,
            from: number(from)?,
            until: number(until)?,
            signer: KeyId(signer.into_bytes().ok()?.try_into().ok()?),
            signature: signature.into_bytes().ok()?.try_into().ok()?,
        };
        let is_possible = licence.place.len() <= LONGEST_PLACE_BYTES && is_place(&licence.place) && licence.from < licence.until;
        is_possible.then_some(licence)
    }

    /// Writes the licence as a file. `town` is the municipality's authority.
    pub fn write(&self, town: AuthorityId) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.push(VERSION);
        out.extend_from_slice(&town.0);
        ciborium::into_writer(&self.to_value(), &mut out).expect("writing to memory does not fail");
        out
    }

    /// Reads a licence's file; whose authority it names, and the licence, whose signature was not checked yet.
    ///
    /// # Errors
    /// [`SiteLicenceError`].
    pub fn read(file: &[u8]) -> Result<(AuthorityId, Self), SiteLicenceError> {
        let mut reader = ByteReader::of_file(file, MAGIC, VERSION).map_err(|why| match why {
            Unreadable::Other => SiteLicenceError::NotALicence,
            Unreadable::Newer => SiteLicenceError::NewerVersion,
            Unreadable::TooLarge | Unreadable::Damaged => SiteLicenceError::Damaged,
        })?;
        let town = reader.array().ok_or(SiteLicenceError::Damaged)?;
        if file.len() > LARGEST_LICENCE_BYTES {
            return Err(SiteLicenceError::Damaged);
        }
        let mut rest = reader.rest();
        let value = ciborium::from_reader(&mut rest).map_err(|_| SiteLicenceError::Damaged)?;
        let licence = Self::of_value(value)
            .filter(|_| rest.is_empty())
            .ok_or(SiteLicenceError::Damaged)?;
        Ok((AuthorityId(town), licence))
    }

    /// Whether a licence key of this trust list, which must be the same municipality's, signed it.
    pub fn is_signed_by(&self, town: &TrustList) -> bool {
        let message = self.message();
        town.municipality
            .as_ref()
            .is_some_and(|section| section.code == self.municipality)
            && town
                .keys(Role::Licence)
                .any(|key| key.id() == self.signer && key.verifies(&message, &self.signature))
    }

    /// Whether the site may record a dose that is given at a moment, in Unix seconds.
    ///
    /// ```
    /// use techo_protocol::{basics::{keys::SigningKey, municipality_code::MunicipalityCode}, trust::AuthorityId};
    /// use techo_protocol::vaccination::site_licence::{NewSiteLicence, SiteLicence};
    /// let key = SigningKey::from_seed(&[1; 32]);
    /// let new = NewSiteLicence {
    ///     municipality: MunicipalityCode::read("271403")?,
    ///     site: 3,
    ///     key: key.public(),
    ///     place: "Sakai City Hall",
    ///     from: 1_620_000_000,
    ///     until: 1_650_000_000,
    /// };
    /// let (town, licence) = SiteLicence::read(&new.sign(&key)?.write(AuthorityId([1; 16])))?;
    /// assert_eq!((town, licence.site), (AuthorityId([1; 16]), 3));
    /// assert!(licence.covers(1_620_000_000) && !licence.covers(1_650_000_000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn covers(&self, at: i64) -> bool {
        (i64::from(self.from)..i64::from(self.until)).contains(&at)
    }
}

impl Serialize for SiteLicence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SiteLicence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::of_value(value).ok_or_else(|| D::Error::custom("not a licence"))
    }
}

#[cfg(test)]
pub(crate) mod tests;
