//! Venue codes: what a venue's poster or tablet shows, signed by its authority, read and checked without a network.
//!
//! A code is a URL, `https://<host>/v#<digits>`: any camera opens something useful, and what stands after `#` is not sent to the server. The
//! digits are the payload as one decimal number, so that a QR code takes its numeric mode. The signature covers a label, the URL up to and
//! with `#`, and the payload before the signature.

mod payload;
mod poster;
mod rotating;

use crate::basics::decimal;
use crate::basics::keys::{KeyId, PublicKey};
use crate::trust::{Role, TrustList};

pub use poster::{NewPoster, Poster};
pub use rotating::{MOST_KEYS, NewRotating, Rotating, keys_for_stay};

/// Longest name and address together in a code, in bytes of UTF-8.
pub const LONGEST_TEXT_BYTES: usize = 80;
/// Default stays are counted in units of so many minutes.
pub const STAY_UNIT_MINUTES: u32 = 10;
/// Longest default stay in minutes: the longest stay at all.
pub const LONGEST_STAY_MINUTES: u32 = 1_440;
/// Longest host of a code, in characters.
pub const LONGEST_HOST: usize = 60;

crate::coded_errors! {
    /// What can be wrong with a venue code.
    pub enum VenueCodeError {
        /// It is something else.
        NotAVenueCode = "venue_code.not_a_venue_code", "This is not a venue code.", "Scan the code on the venue's poster.";
        /// It is of a later format.
        NewerVersion = "venue_code.newer_version", "This venue code is of a newer version than this program knows.", "Update Techo.";
        /// The payload cannot be read.
        Damaged = "venue_code.damaged", "This venue code is damaged or incomplete.", "Scan it again, closer and with more light.";
        /// None of the trusted authorities has the key that it names.
        UnknownAuthority = "venue_code.unknown_authority", "No authority that is trusted here issued this venue code.", "It can be kept as an entry without warnings. To be warned, follow the authority.";
        /// A trusted authority has the key that it names, and did not sign this.
        SignatureInvalid = "venue_code.signature_invalid", "This venue code is forged or changed: its signature is wrong.", "Nothing was stored. Tell the venue, or enter the visit by hand.";
        /// The visit is later than the code allows.
        Expired = "venue_code.expired", "This venue code had expired by then.", "Tell the venue that its poster is out of date, and enter the visit by hand.";
        /// The visit is outside the hours of a rotating code.
        OutsideItsHours = "venue_code.outside_its_hours", "This rotating code is not for that hour.", "Scan the code that the tablet shows now.";
        /// A name, an address, a host or a number that no code can carry.
        CannotBeWritten = "venue_code.cannot_be_written", "A venue code cannot carry this name, host or number.", "Give a name, a host of letters, digits, dots and hyphens, and a stay of at most 24 hours.";
    }
}

/// A code as it was read. Nothing of it may be believed before [`VenueCode::check_signature`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VenueCode {
    /// A code on paper, fixed for up to a year.
    Poster(Poster),
    /// A code on a tablet, which counts for a few hours.
    Rotating(Rotating),
}

impl VenueCode {
    /// Reads the text of a code.
    ///
    /// # Errors
    /// [`VenueCodeError`]: not a venue code, of a newer version, or damaged.
    ///
    /// ```
    /// use techo_protocol::exposure::venue_code::{VenueCode, VenueCodeError};
    /// assert_eq!(VenueCode::read("https://example.org/"), Err(VenueCodeError::NotAVenueCode));
    /// ```
    pub fn read(text: &str) -> Result<Self, VenueCodeError> {
        let (prefix, digits) = text.split_once('#').ok_or(VenueCodeError::NotAVenueCode)?;
        let prefix = prefix.to_ascii_lowercase();
        let host = prefix
            .strip_prefix("https://")
            .and_then(|rest| rest.strip_suffix("/v"))
            .ok_or(VenueCodeError::NotAVenueCode)?;
        if !payload::is_host(host) || digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(VenueCodeError::NotAVenueCode);
        }
        let bytes = decimal::from_digits(digits).ok_or(VenueCodeError::Damaged)?;
        let code = match bytes.first() {
            Some(&poster::VERSION_AND_KIND) => Poster::read(host, &bytes).map(Self::Poster),
            Some(&rotating::VERSION_AND_KIND) => Rotating::read(host, &bytes).map(Self::Rotating),
            _ => return Err(VenueCodeError::NewerVersion),
        };
        code.map_err(|payload::Malformed| VenueCodeError::Damaged)
    }

    /// The text that the QR code holds.
    pub fn to_text(&self) -> String {
        match self {
            Self::Poster(poster) => poster.to_text(),
            Self::Rotating(rotating) => rotating.to_text(),
        }
    }

    /// The venue's name, cut to what a code carries.
    pub fn name(&self) -> &str {
        match self {
            Self::Poster(poster) => &poster.name,
            Self::Rotating(rotating) => &rotating.name,
        }
    }

    /// The venue's address, cut to what a code carries.
    pub fn address(&self) -> &str {
        match self {
            Self::Poster(poster) => &poster.address,
            Self::Rotating(rotating) => &rotating.address,
        }
    }

    /// How long people usually stay, in minutes.
    pub fn default_stay_minutes(&self) -> u32 {
        match self {
            Self::Poster(poster) => poster.stay_minutes,
            Self::Rotating(rotating) => rotating.stay_minutes,
        }
    }

    /// Which of the trusted authorities signed the code.
    ///
    /// # Errors
    /// [`VenueCodeError::UnknownAuthority`] where no list names its key, [`VenueCodeError::SignatureInvalid`] where one does and the signature is wrong or the key revoked.
    pub fn check_signature<'l>(&self, lists: impl IntoIterator<Item = &'l TrustList>) -> Result<&'l TrustList, VenueCodeError> {
        let mut named = false;
        for list in lists {
            if list.keys(Role::Code).any(|key| self.is_signed_by(key)) {
                return Ok(list);
            }
            named |= list.names_key(Role::Code, self.key_id());
        }
        Err(if named {
            VenueCodeError::SignatureInvalid
        } else {
            VenueCodeError::UnknownAuthority
        })
    }

    /// Whether the code may be used for a visit at `unix_seconds`: expiry is judged at the visit's time.
    ///
    /// # Errors
    /// [`VenueCodeError::Expired`] for a poster, [`VenueCodeError::OutsideItsHours`] for a rotating code.
    pub fn check_time(&self, unix_seconds: i64) -> Result<(), VenueCodeError> {
        match self {
            Self::Poster(poster) if unix_seconds >= poster.expires_at() => Err(VenueCodeError::Expired),
            Self::Rotating(rotating) if rotating.key_at(unix_seconds).is_none() => Err(VenueCodeError::OutsideItsHours),
            _ => Ok(()),
        }
    }

    fn key_id(&self) -> KeyId {
        match self {
            Self::Poster(poster) => poster.key_id,
            Self::Rotating(rotating) => rotating.key_id,
        }
    }

    fn is_signed_by(&self, key: &PublicKey) -> bool {
        match self {
            Self::Poster(poster) => poster.is_signed_by(key),
            Self::Rotating(rotating) => rotating.is_signed_by(key),
        }
    }
}

#[cfg(test)]
mod tests;
