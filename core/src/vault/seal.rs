//! How a row is sealed: AES-256-GCM under the row's key, with the row's identity as associated data.
//!
//! AES-256-GCM because every phone of the last ten years has it in hardware. Nonces are random 96-bit ones: a row key
//! seals some thousands of rows in its life, and 2^32 are safe (NIST SP 800-38D, section 8.3).

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use techo_protocol::basics::secret::Secret;

use super::VaultError;
use crate::ports::{Random, random_bytes};

/// A row key or wrapping key.
pub(super) type Key = Secret<32>;

/// What a sealed row is, and so where it belongs: a row moved to another place does not open there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// The record of all row keys, under the wrapping key of that name.
    Keyring(&'a [u8; 16]),
    /// A wrapping key in a key file, under the file's own key.
    WrappingKey(&'a [u8; 16]),
    /// The snapshot of a document, by its id in the tables.
    Snapshot(i64),
    /// A document's heads and counts.
    State(i64),
    /// One change of a document's tail.
    Change(i64, i64),
    /// A small named record, by its kind's and its name's tags.
    Record(i64, &'a [u8]),
    /// A downloaded segment, by its name's tag.
    Segment(&'a [u8]),
}

impl Place<'_> {
    fn associated_data(self) -> Vec<u8> {
        let mut out = b"techo vault row ".to_vec();
        match self {
            Self::Keyring(id) => {
                out.push(b'k');
                out.extend_from_slice(id);
            }
            Self::WrappingKey(id) => {
                out.push(b'w');
                out.extend_from_slice(id);
            }
            Self::Snapshot(document) => {
                out.push(b's');
                out.extend_from_slice(&document.to_be_bytes());
            }
            Self::State(document) => {
                out.push(b'h');
                out.extend_from_slice(&document.to_be_bytes());
            }
            Self::Change(document, number) => {
                out.push(b'c');
                out.extend_from_slice(&document.to_be_bytes());
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Record(kind, name) => {
                out.push(b'r');
                out.extend_from_slice(&kind.to_be_bytes());
                out.extend_from_slice(name);
            }
            Self::Segment(name) => {
                out.push(b'g');
                out.extend_from_slice(name);
            }
        }
        out
    }
}

fn aead(key: &Key) -> LessSafeKey {
    // The only reason for an error is a wrong length, and the type holds 32 bytes.
    let unbound = UnboundKey::new(&AES_256_GCM, key.expose()).unwrap_or_else(|_| unreachable!("a 32-byte key"));
    LessSafeKey::new(unbound)
}

/// Seals `plain` for its place: nonce 12, ciphertext, tag 16.
pub(super) fn seal(key: &Key, random: &dyn Random, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    let nonce = random_bytes::<NONCE_LEN>(random)?;
    let mut out = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let tag = aead(key)
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.associated_data()),
            // NONCE_LEN bytes were just pushed.
            &mut out[NONCE_LEN..],
        )
        .map_err(|_| VaultError::too_large())?;
    out.extend_from_slice(tag.as_ref());
    Ok(out)
}

/// Opens what [`seal`] made for the same key and place; `None` if a bit of it, the key or the place is another.
pub(super) fn open(key: &Key, place: Place<'_>, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE_LEN] = sealed.get(..NONCE_LEN)?.try_into().ok()?;
    let length = aead(key)
        .open_within(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.associated_data()),
            &mut sealed,
            NONCE_LEN..,
        )
        .ok()?
        .len();
    sealed.truncate(length);
    Some(sealed)
}

/// A name as the disk may show it: the first 16 bytes of an HMAC under a key of this vault only.
pub(super) fn tag(names: &Key, label: &str, parts: &[&[u8]]) -> [u8; 16] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, names.expose()));
    context.update(label.as_bytes());
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut out = [0; 16];
    // SHA-256 gives 32 bytes.
    out.copy_from_slice(&context.sign().as_ref()[..16]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SeededRandom;

    fn key(byte: u8) -> Key {
        Key::from([byte; 32])
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let random = SeededRandom::new(1);
        let place = Place::Change(7, 1);
        let sealed = seal(&key(1), &random, place, b"a visit").unwrap();
        assert_eq!(open(&key(1), place, sealed.clone()).as_deref(), Some(&b"a visit"[..]));
        assert_eq!(open(&key(2), place, sealed.clone()), None);
        for other in [Place::Change(7, 2), Place::Change(8, 1), Place::Snapshot(7), Place::State(7)] {
            assert_eq!(open(&key(1), other, sealed.clone()), None, "{other:?}");
        }
    }

    #[test]
    fn no_bit_can_be_changed_and_no_byte_cut() {
        let random = SeededRandom::new(2);
        let place = Place::Record(1, b"name");
        let sealed = seal(&key(1), &random, place, b"x").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&key(1), place, damaged), None);
        }
        for length in 0..sealed.len() {
            assert_eq!(open(&key(1), place, sealed[..length].to_vec()), None);
        }
    }

    #[test]
    fn the_same_content_never_looks_the_same() {
        let random = SeededRandom::new(3);
        let place = Place::Snapshot(1);
        assert_ne!(
            seal(&key(1), &random, place, b"x").unwrap(),
            seal(&key(1), &random, place, b"x").unwrap()
        );
    }

    #[test]
    fn tags_do_not_confuse_where_a_part_ends() {
        assert_ne!(tag(&key(1), "record", &[b"ab", b"c"]), tag(&key(1), "record", &[b"a", b"bc"]));
        assert_ne!(tag(&key(1), "record", &[b"ab"]), tag(&key(2), "record", &[b"ab"]));
    }
}
