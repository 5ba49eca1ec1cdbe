//! The code on a poster: fixed for up to a year. Whoever photographed it can recognise the venue's notices while it lives.

use super::VenueCodeError;
use super::payload::{self, Malformed, PayloadReader};
use crate::basics::clock::DAY_SECONDS;
use crate::basics::keys::{KeyId, PublicKey, SIGNATURE_BYTES, SigningKey};
use crate::basics::secret::Secret;
use crate::exposure::tag::VenueSeed;

/// Version 1, kind 1.
pub(super) const VERSION_AND_KIND: u8 = 0x11;
/// Codes expire within so many days.
pub(super) const LONGEST_LIFE_DAYS: u32 = 366;

const LABEL: &[u8] = b"techo venue code v1";
const MOST_SERIAL: u32 = 0xFF_FFFF;

/// A poster's code.
///
/// Payload: version and kind 1, key id 2, serial 3, expiry 2, default stay 1, name length 1, name, address, signature 64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poster {
    /// Host of the URL, in lower case.
    pub host: String,
    /// Which of the authority's code keys signed it.
    pub key_id: KeyId,
    /// The code's number within its authority, never used again. 24 bits.
    pub serial: u32,
    /// The last UTC day on which it is valid, counted from 1970-01-01.
    pub expires_day: u16,
    /// How long people usually stay, in minutes.
    pub stay_minutes: u32,
    /// The venue's name, cut to what a code carries.
    pub name: String,
    /// The venue's address, cut to what a code carries; it may be empty.
    pub address: String,
    /// Secret, since the venue's seed is made from it.
    signature: Secret<SIGNATURE_BYTES>,
}

/// What a poster's code is made from.
///
/// ```
/// use techo_protocol::basics::{clock::DAY_SECONDS, keys::SigningKey};
/// use techo_protocol::exposure::venue_code::{NewPoster, VenueCode, VenueCodeError};
/// let new = NewPoster {
///     host: "techo.example",
///     serial: 77,
///     issued_day: 20_000,
///     expires_day: 20_365,
///     stay_minutes: 65,
///     name: "Bar Yoru",
///     address: "Kita-ku, Osaka",
/// };
/// let poster = new.sign(&SigningKey::from_seed(&[5; 32]))?;
/// let read = VenueCode::read(&poster.to_text())?;
/// assert_eq!((read.name(), read.default_stay_minutes()), ("Bar Yoru", 70), "a stay is rounded up to ten minutes");
/// assert_eq!(read.check_time(20_366 * DAY_SECONDS - 1), Ok(()));
/// assert_eq!(read.check_time(20_366 * DAY_SECONDS), Err(VenueCodeError::Expired));
/// assert_eq!(read.check_signature([]), Err(VenueCodeError::UnknownAuthority), "nobody is followed");
/// # Ok::<(), VenueCodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct NewPoster<'a> {
    /// Host of the URL.
    pub host: &'a str,
    /// The code's number, under 2^24.
    pub serial: u32,
    /// The UTC day of issue, counted from 1970-01-01.
    pub issued_day: u32,
    /// The last UTC day on which it is valid; at most 366 days after the issue.
    pub expires_day: u32,
    /// How long people usually stay, in minutes; rounded up to ten.
    pub stay_minutes: u32,
    /// The venue's name; cut at a character where it is long.
    pub name: &'a str,
    /// The venue's address; cut at a character where it is long.
    pub address: &'a str,
}

impl NewPoster<'_> {
    /// Signs the code.
    ///
    /// # Errors
    /// [`VenueCodeError::CannotBeWritten`]: no name, a control character, a host that no code carries, a number out of range, or a life over 366 days.
    pub fn sign(&self, signer: &SigningKey) -> Result<Poster, VenueCodeError> {
        let life = self
            .expires_day
            .checked_sub(self.issued_day)
            .ok_or(VenueCodeError::CannotBeWritten)?;
        let (name, address) = payload::cut_texts(self.name, self.address);
        if life > LONGEST_LIFE_DAYS || self.serial > MOST_SERIAL || !payload::is_host(self.host) || !is_text(&name, &address) {
            return Err(VenueCodeError::CannotBeWritten);
        }
        let mut poster = Poster {
            host: self.host.to_owned(),
            key_id: signer.public().id(),
            serial: self.serial,
            expires_day: u16::try_from(self.expires_day).map_err(|_| VenueCodeError::CannotBeWritten)?,
            stay_minutes: u32::from(payload::stay_units(self.stay_minutes)?) * super::STAY_UNIT_MINUTES,
            name,
            address,
            signature: [0; SIGNATURE_BYTES].into(),
        };
        poster.signature = payload::sign(LABEL, &poster.host, &poster.unsigned(), signer).into();
        Ok(poster)
    }
}

/// Whether name and address can stand in a code.
pub(super) fn is_text(name: &str, address: &str) -> bool {
    !name.is_empty() && !name.chars().chain(address.chars()).any(char::is_control)
}

impl Poster {
    pub(super) fn read(host: &str, bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = PayloadReader::new(bytes)?;
        let key_id = reader.key_id()?;
        let serial = reader.u24()?;
        let expires_day = reader.u16()?;
        let stay_minutes = reader.stay_minutes()?;
        let name_length = reader.byte()?;
        let (name, address) = reader.texts(name_length, SIGNATURE_BYTES)?;
        Ok(Self {
            host: host.to_owned(),
            key_id,
            serial,
            expires_day,
            stay_minutes,
            name,
            address,
            signature: reader.signature()?.into(),
        })
    }

    fn unsigned(&self) -> Vec<u8> {
        let mut out = vec![VERSION_AND_KIND];
        out.extend_from_slice(&self.key_id.0);
        out.extend_from_slice(&self.serial.to_be_bytes()[1..]);
        out.extend_from_slice(&self.expires_day.to_be_bytes());
        // Both were checked or read: at most 144 units, at most 80 bytes.
        out.push(u8::try_from(self.stay_minutes / super::STAY_UNIT_MINUTES).unwrap_or(u8::MAX));
        out.push(u8::try_from(self.name.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(self.address.as_bytes());
        out
    }

    /// The text that the QR code holds.
    pub fn to_text(&self) -> String {
        payload::text(&self.host, &self.unsigned(), self.signature.expose())
    }

    /// Length of the payload in bytes, signature included.
    pub fn payload_bytes(&self) -> usize {
        self.unsigned().len() + SIGNATURE_BYTES
    }

    /// The first moment at which it is no longer valid, in Unix seconds.
    pub fn expires_at(&self) -> i64 {
        (i64::from(self.expires_day) + 1) * DAY_SECONDS
    }

    /// The seed that opens the venue's hours. A device makes the day keys it needs and drops it.
    pub fn seed(&self) -> VenueSeed {
        VenueSeed::from_signature(self.signature.expose())
    }

    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.id() == self.key_id && payload::verifies(LABEL, &self.host, &self.unsigned(), self.signature.expose(), key)
    }
}
