//! Keys of a venue, and the tags and masks that only their holders can compute (docs/exposure.md#tags).
//!
//! ```text
//! venue_seed = HKDF-SHA256(salt "techo venue v1", signature)
//! day_key    = HMAC-SHA256(venue_seed, "techo day v1"  || day)[..16]
//! slot_key   = HMAC-SHA256(day_key,    "techo slot v1" || slot)[..16]
//! tag        = HMAC-SHA256(slot_key,   "tag"  || salt || i)[..7]
//! ```
//! Numbers are 32 bits, big endian. ADR 0002 says why a tag has 7 bytes.

use ring::{hkdf, hmac};
use serde::{Deserialize, Serialize};

use crate::basics::keys::SIGNATURE_BYTES;
use crate::basics::secret::{self, Secret};
use crate::exposure::notice::BODY_BYTES;
use crate::exposure::slot::day_of_slot;

/// Bits of a tag.
pub const TAG_BITS: u32 = 56;
/// Length of a segment's salt in bytes.
pub const SALT_BYTES: usize = 16;
/// Length of a key that opens a text, in bytes.
pub const TEXT_KEY_BYTES: usize = 16;

/// What the signature of a venue's poster gives to whoever holds the code. Dropped at check-in, never stored by a device.
///
/// ```
/// use techo_protocol::exposure::tag::VenueSeed;
/// let seed = VenueSeed::from_signature(&[9; 64]);
/// let monday = seed.day_key(20_416);
/// assert_eq!(monday.slot_key(20_416 * 24 + 19), seed.slot_key(20_416 * 24 + 19));
/// assert_ne!(monday.slot_key(20_417 * 24), seed.slot_key(20_417 * 24), "a day's key opens no other day");
/// ```
#[derive(Debug, Clone)]
pub struct VenueSeed(Secret<32>);

/// Opens the slots of one UTC day at one venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayKey(pub Secret<16>);

/// Opens one hour at one venue.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SlotKey(#[serde(with = "secret::as_bytes")] pub Secret<16>);

impl VenueSeed {
    /// The seed of a poster with this signature.
    pub fn from_signature(signature: &[u8; SIGNATURE_BYTES]) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"techo venue v1").extract(signature);
        let okm = prk.expand(&[], hkdf::HKDF_SHA256);
        let seed = okm.and_then(|okm| Secret::filled(|out| okm.fill(out)));
        Self(seed.expect("32 bytes is one block of HKDF-SHA256"))
    }

    /// The key of a UTC day, counted from 1970-01-01.
    pub fn day_key(&self, day: u32) -> DayKey {
        DayKey(keyed(self.0.expose(), b"techo day v1", day))
    }

    /// The key of one slot.
    pub fn slot_key(&self, slot: u32) -> SlotKey {
        self.day_key(day_of_slot(slot)).slot_key(slot)
    }
}

impl DayKey {
    /// The key of one slot of this day. For a slot of another day the result is a key that nothing is published under.
    pub fn slot_key(&self, slot: u32) -> SlotKey {
        SlotKey(keyed(self.0.expose(), b"techo slot v1", slot))
    }
}

fn keyed(key: &[u8], label: &[u8], number: u32) -> Secret<16> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(label);
    context.update(&number.to_be_bytes());
    Secret::new(first(context.sign().as_ref()))
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    out
}

/// A slot key made ready for many segments: both halves of HMAC's key are hashed once.
///
/// ```
/// use techo_protocol::exposure::tag::{SlotKey, SlotMac};
/// let hour = SlotMac::new(&SlotKey([3; 16].into()));
/// assert!(hour.tag(&[1; 16], 0) < 1 << 56);
/// assert_ne!(hour.tag(&[1; 16], 0), hour.tag(&[2; 16], 0), "one hour in two lists cannot be joined");
/// ```
#[derive(Clone)]
pub struct SlotMac(hmac::Key);

/// Where a text's key is found in a segment, and what hides it there.
pub struct TextPad {
    /// The tag under which the wrap lies in the segment's table.
    pub tag: u64,
    /// Hides the text's key.
    pub key: Secret<TEXT_KEY_BYTES>,
    /// Hides the text's number.
    pub number: [u8; 4],
}

impl SlotMac {
    /// Makes a slot's key ready: hashes both halves of HMAC's key once.
    pub fn new(key: &SlotKey) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.0.expose()))
    }

    /// The tag of this slot's entry number `i` in the segment with this salt: a number under 2^56.
    pub fn tag(&self, salt: &[u8; SALT_BYTES], i: u32) -> u64 {
        let mut message = [0; 3 + SALT_BYTES + 4];
        message[..3].copy_from_slice(b"tag");
        message[3..3 + SALT_BYTES].copy_from_slice(salt);
        message[3 + SALT_BYTES..].copy_from_slice(&i.to_be_bytes());
        let mac = hmac::sign(&self.0, &message);
        u64::from_be_bytes(first(mac.as_ref())) >> (64 - TAG_BITS)
    }

    /// The mask of that entry's body.
    pub fn body_pad(&self, salt: &[u8; SALT_BYTES], i: u32) -> [u8; BODY_BYTES] {
        first(self.labelled(b"body", salt, i).as_ref())
    }

    /// The mask of that entry's text.
    pub fn text_pad(&self, salt: &[u8; SALT_BYTES], i: u32) -> TextPad {
        let mac = self.labelled(b"text", salt, i);
        let bytes = mac.as_ref();
        TextPad {
            tag: u64::from_be_bytes(first(bytes)),
            key: Secret::new(first(&bytes[8..])),
            number: first(&bytes[24..]),
        }
    }

    fn labelled(&self, label: &[u8], salt: &[u8; SALT_BYTES], i: u32) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(label);
        context.update(salt);
        context.update(&i.to_be_bytes());
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> VenueSeed {
        VenueSeed::from_signature(&[9; SIGNATURE_BYTES])
    }

    #[test]
    fn vector() {
        // Computed apart with Python's hmac and hashlib from the formulas above.
        let key = seed().slot_key(490_000);
        assert_eq!(
            hex::encode(seed().0.expose()),
            "be4fb758cb021af8836d0e685774de9474e10f7f03ca25faef8ce5b9167b5696"
        );
        assert_eq!(
            hex::encode(seed().day_key(20_416).0.expose()),
            "fb49f95d703adbf0cd3267238f0558b4"
        );
        assert_eq!(hex::encode(key.0.expose()), "0eaf2feec3129b41df88a72ca5942726");
        let mac = SlotMac::new(&key);
        assert_eq!(format!("{:014x}", mac.tag(&[5; 16], 1)), "4d6307cf18ee0a");
        assert_eq!(hex::encode(mac.body_pad(&[5; 16], 1)), "273747cdc4297aa8b5");
        let text = mac.text_pad(&[5; 16], 1);
        assert_eq!(
            format!(
                "{:016x}{}{}",
                text.tag,
                hex::encode(text.key.expose()),
                hex::encode(text.number)
            ),
            "05eea72d4528de1aa3c8dd2bf3b939b9b6b18fd8d3a4e110fe34ccc4"
        );
    }

    #[test]
    fn nothing_repeats_between_slots_salts_or_numbers() {
        let tag = |slot, salt: u8, i| SlotMac::new(&seed().slot_key(slot)).tag(&[salt; 16], i);
        let all = [tag(1, 1, 0), tag(2, 1, 0), tag(1, 2, 0), tag(1, 1, 1), tag(25, 1, 0)];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn a_day_key_opens_its_own_day_only() {
        let (slot, day) = (490_000, 490_000 / 24);
        assert_eq!(seed().day_key(day).slot_key(slot), seed().slot_key(slot));
        assert_ne!(seed().day_key(day + 1).slot_key(slot), seed().slot_key(slot));
    }
}
