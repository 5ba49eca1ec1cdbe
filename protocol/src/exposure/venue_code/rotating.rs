//! The code on a tablet: worthless once its hours are over. It carries the keys of a few hours and never the poster's signature, since the
//! venue's seed comes from that.

use super::VenueCodeError;
use super::payload::{self, Malformed, PayloadReader};
use super::poster::is_text;
use crate::basics::keys::{KeyId, PublicKey, SIGNATURE_BYTES, SigningKey};
use crate::basics::secret::Secret;
use crate::exposure::slot::slot_of;
use crate::exposure::tag::{SlotKey, VenueSeed};

/// Version 1, kind 2.
pub(super) const VERSION_AND_KIND: u8 = 0x12;
/// Most slot keys in a code: with six it still fits QR version 12 at level M.
pub const MOST_KEYS: usize = 6;

const LABEL: &[u8] = b"techo rotating code v1";
const KEY_BYTES: usize = 16;

/// A tablet's code.
///
/// Payload: version and kind 1, key id 2, first slot 4, default stay 1, number of keys 1, name length 1, name, address, keys 16 each, signature 64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotating {
    /// Host of the URL, in lower case.
    pub host: String,
    /// Which of the authority's code keys signed it.
    pub key_id: KeyId,
    /// The slot of the first key.
    pub first_slot: u32,
    /// How long people usually stay, in minutes.
    pub stay_minutes: u32,
    /// The venue's name, cut to what a code carries.
    pub name: String,
    /// The venue's address, cut to what a code carries; it may be empty.
    pub address: String,
    /// The keys of `first_slot` and the slots after it.
    pub keys: Vec<SlotKey>,
    signature: [u8; SIGNATURE_BYTES],
}

/// What a tablet's code is made from.
#[derive(Debug, Clone)]
pub struct NewRotating<'a> {
    /// Host of the URL.
    pub host: &'a str,
    /// The hour it is shown in.
    pub first_slot: u32,
    /// How long people usually stay, in minutes; rounded up to ten.
    pub stay_minutes: u32,
    /// The venue's name; cut at a character where it is long.
    pub name: &'a str,
    /// The venue's address; cut at a character where it is long.
    pub address: &'a str,
    /// How many keys to put in, 1 to 6; [`keys_for_stay`] says how many a stay needs.
    pub keys: usize,
}

/// How many slots a stay may touch that begins within an hour: at most six are given.
///
/// ```
/// use techo_protocol::exposure::venue_code::keys_for_stay;
/// assert_eq!(keys_for_stay(60), 2, "who comes at 10:50 leaves in the next hour");
/// assert_eq!(keys_for_stay(24 * 60), 6, "no code has more");
/// ```
pub fn keys_for_stay(stay_minutes: u32) -> usize {
    usize::try_from(stay_minutes.div_ceil(60)).map_or(MOST_KEYS, |hours| (hours + 1).min(MOST_KEYS))
}

impl NewRotating<'_> {
    /// Signs the code with the keys that `seed`, the venue's poster's, gives.
    ///
    /// # Errors
    /// [`VenueCodeError::CannotBeWritten`]: no name, a control character, a host that no code carries, or a number out of range.
    pub fn sign(&self, seed: &VenueSeed, signer: &SigningKey) -> Result<Rotating, VenueCodeError> {
        let (name, address) = payload::cut_texts(self.name, self.address);
        let count = u32::try_from(self.keys).map_err(|_| VenueCodeError::CannotBeWritten)?;
        let last = self.first_slot.checked_add(count).ok_or(VenueCodeError::CannotBeWritten)?;
        if !(1..=MOST_KEYS).contains(&self.keys) || !payload::is_host(self.host) || !is_text(&name, &address) {
            return Err(VenueCodeError::CannotBeWritten);
        }
        let mut rotating = Rotating {
            host: self.host.to_owned(),
            key_id: signer.public().id(),
            first_slot: self.first_slot,
            stay_minutes: u32::from(payload::stay_units(self.stay_minutes)?) * super::STAY_UNIT_MINUTES,
            name,
            address,
            keys: (self.first_slot..last).map(|slot| seed.slot_key(slot)).collect(),
            signature: [0; SIGNATURE_BYTES],
        };
        rotating.signature = payload::sign(LABEL, &rotating.host, &rotating.unsigned(), signer);
        Ok(rotating)
    }
}

impl Rotating {
    pub(super) fn read(host: &str, bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = PayloadReader::new(bytes)?;
        let key_id = reader.key_id()?;
        let first_slot = reader.u32()?;
        let stay_minutes = reader.stay_minutes()?;
        let count = usize::from(reader.byte()?);
        let name_length = reader.byte()?;
        if !(1..=MOST_KEYS).contains(&count) || usize::try_from(u32::MAX - first_slot).is_ok_and(|left| left < MOST_KEYS) {
            return Err(Malformed);
        }
        let (name, address) = reader.texts(name_length, count * KEY_BYTES + SIGNATURE_BYTES)?;
        let keys = (0..count)
            .map(|_| reader.array().map(|key| SlotKey(Secret::new(key))))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            host: host.to_owned(),
            key_id,
            first_slot,
            stay_minutes,
            name,
            address,
            keys,
            signature: reader.signature()?,
        })
    }

    fn unsigned(&self) -> Vec<u8> {
        let mut out = vec![VERSION_AND_KIND];
        out.extend_from_slice(&self.key_id.0);
        out.extend_from_slice(&self.first_slot.to_be_bytes());
        // All were checked or read: at most 144 units, 6 keys, 80 bytes.
        out.push(u8::try_from(self.stay_minutes / super::STAY_UNIT_MINUTES).unwrap_or(u8::MAX));
        out.push(u8::try_from(self.keys.len()).unwrap_or(u8::MAX));
        out.push(u8::try_from(self.name.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(self.address.as_bytes());
        for key in &self.keys {
            out.extend_from_slice(key.0.expose());
        }
        out
    }

    /// The text that the QR code holds.
    pub fn to_text(&self) -> String {
        payload::text(&self.host, &self.unsigned(), &self.signature)
    }

    /// Length of the payload in bytes, signature included.
    pub fn payload_bytes(&self) -> usize {
        self.unsigned().len() + SIGNATURE_BYTES
    }

    /// The slots it has keys for, with the keys.
    pub fn slots(&self) -> impl Iterator<Item = (u32, &SlotKey)> {
        (self.first_slot..).zip(&self.keys)
    }

    /// The key for a moment in Unix seconds.
    ///
    /// ```
    /// use techo_protocol::basics::keys::SigningKey;
    /// use techo_protocol::exposure::{tag::VenueSeed, venue_code::{NewRotating, VenueCodeError}};
    /// let seed = VenueSeed::from_signature(&[9; 64]);
    /// let new = NewRotating { host: "techo.example", first_slot: 490_000, stay_minutes: 60, name: "Bar Yoru", address: "", keys: 2 };
    /// let code = new.sign(&seed, &SigningKey::from_seed(&[5; 32]))?;
    /// assert_eq!(code.key_at(490_001 * 3_600), Some(&seed.slot_key(490_001)));
    /// assert_eq!(code.key_at(490_002 * 3_600), None, "worthless after its hours");
    /// # Ok::<(), VenueCodeError>(())
    /// ```
    pub fn key_at(&self, unix_seconds: i64) -> Option<&SlotKey> {
        let index = slot_of(unix_seconds)?.checked_sub(self.first_slot)?;
        self.keys.get(usize::try_from(index).ok()?)
    }

    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.id() == self.key_id && payload::verifies(LABEL, &self.host, &self.unsigned(), &self.signature, key)
    }
}
