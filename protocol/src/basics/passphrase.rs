//! Sealing a secret under a passphrase: for key files, which lie on a disk that somebody may copy.
//!
//! ```text
//! "TPAS" version:1 memory_kib:4 passes:4 lanes:4 salt:16 nonce:12 sealed secret, with a tag of 16
//! ```
//! Numbers are big endian. The key is argon2id's (RFC 9106) of passphrase and salt; the secret is sealed with ChaCha20-Poly1305 (RFC 8439),
//! all that stands before it being its associated data.

use argon2::{Algorithm, Argon2, Params, Version};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::basics::random::{Random, RandomError, random_bytes};
use crate::basics::reader::{ByteReader, Unreadable};

const MAGIC: &[u8; 4] = b"TPAS";
const VERSION: u8 = 1;
const SALT_BYTES: usize = 16;
const HEADER_BYTES: usize = 17 + SALT_BYTES + NONCE_LEN;

/// Most memory that a file may ask for, in KiB, so that a damaged one cannot exhaust the machine.
const MOST_MEMORY_KIB: u32 = 1 << 20;
/// Most passes that a file may ask for.
const MOST_PASSES: u32 = 64;
/// Most lanes that a file may ask for.
const MOST_LANES: u32 = 16;

crate::coded_errors! {
    /// What can go wrong with a secret under a passphrase.
    pub enum PassphraseError {
        /// The passphrase is not the one it was sealed under, or the file was changed: the two cannot be told apart.
        Wrong = "passphrase.wrong", "The passphrase is wrong, or the file was changed.", "Type the passphrase again.";
        /// It does not begin like a sealed secret, or a length does not fit.
        Damaged = "passphrase.damaged", "The file under the passphrase is damaged.", "Take it from a backup.";
        /// It is of a later format.
        NewerVersion = "passphrase.newer_version", "The file under the passphrase is of a newer version than this program knows.", "Update Techo.";
        /// The cost asks for more memory than there is, or for numbers that argon2id does not take.
        TooCostly = "passphrase.too_costly", "This machine has not the memory that the passphrase's file asks for.", "Close other programs, or use a machine with more memory.";
        /// The source of randomness failed, so no salt could be drawn.
        NoRandomness = "passphrase.no_randomness", "This device cannot make random numbers now.", "Restart the device and try again.";
    }
}

impl From<RandomError> for PassphraseError {
    fn from(_: RandomError) -> Self {
        Self::NoRandomness
    }
}

/// What guessing a passphrase once costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory that one derivation takes, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Lanes that may be worked on side by side.
    pub lanes: u32,
}

impl Cost {
    /// For the keys of an authority: 256 MiB, three passes (docs/vault.md#secrets-under-a-passphrase).
    pub const AUTHORITY: Self = Self {
        memory_kib: 256 * 1024,
        passes: 3,
        lanes: 1,
    };
    /// For backups, which are made and opened on phones: 64 MiB, three passes (RFC 9106, section 4, the second recommended choice, for
    /// where memory is scarce; in one lane, because a phone that is asked to restore has one core to spare). An app may be ended by its
    /// system for taking much more memory at once; a guess costs some 0.1 s on a desktop's core, and as much memory for each guess that
    /// is tried side by side.
    pub const BACKUP: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };
    /// For tests, which have nothing to protect.
    pub const TEST: Self = Self {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };
}

/// What opening a sealed secret costs; `None` if it does not begin like one of this version. Whoever opens what others may have made asks
/// first: up to 1 GiB and 64 passes are read.
pub fn cost(sealed: &[u8]) -> Option<Cost> {
    let header = ByteReader::of_file(sealed.get(..HEADER_BYTES)?, MAGIC, VERSION).ok()?;
    split_header(header).map(|(cost, ..)| cost)
}

/// Whether `bytes` begin like a secret that [`seal`] sealed.
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Seals `secret` so that only `passphrase` opens it.
///
/// # Errors
/// [`PassphraseError`]: too costly for this machine, or no randomness.
///
/// ```
/// use techo_protocol::basics::passphrase::{Cost, open, seal};
/// let sealed = seal(b"secret", "a passphrase", Cost::TEST, &techo_protocol::basics::random::SystemRandom::new())?;
/// assert_eq!(*open(&sealed, "a passphrase")?, b"secret");
/// # Ok::<(), techo_protocol::basics::passphrase::PassphraseError>(())
/// ```
pub fn seal(secret: &[u8], passphrase: &str, cost: Cost, random: &dyn Random) -> Result<Vec<u8>, PassphraseError> {
    let salt: [u8; SALT_BYTES] = random_bytes(random)?;
    let nonce: [u8; NONCE_LEN] = random_bytes(random)?;
    let mut file = MAGIC.to_vec();
    file.push(VERSION);
    for number in [cost.memory_kib, cost.passes, cost.lanes] {
        file.extend_from_slice(&number.to_be_bytes());
    }
    file.extend_from_slice(&salt);
    file.extend_from_slice(&nonce);
    let mut sealed = secret.to_vec();
    sealing_key(passphrase, &salt, cost)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&file), &mut sealed)
        .map_err(|_| PassphraseError::Damaged)?;
    file.extend_from_slice(&sealed);
    Ok(file)
}

/// Opens what [`seal`] sealed.
///
/// ```
/// use techo_protocol::basics::passphrase::{Cost, PassphraseError, cost, open, seal};
/// let sealed = seal(b"secret", "horse", Cost::TEST, &techo_protocol::basics::random::SystemRandom::new())?;
/// assert_eq!(cost(&sealed), Some(Cost::TEST), "whoever opens can ask for the price first");
/// assert_eq!(open(&sealed, "house"), Err(PassphraseError::Wrong));
/// # Ok::<(), PassphraseError>(())
/// ```
///
/// # Errors
/// [`PassphraseError`]: wrong passphrase, damaged, of a newer version, or too costly for this machine.
pub fn open(sealed: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
    let (header, content) = sealed.split_at_checked(HEADER_BYTES).ok_or(PassphraseError::Damaged)?;
    let reader = ByteReader::of_file(header, MAGIC, VERSION).map_err(|why| match why {
        Unreadable::Newer => PassphraseError::NewerVersion,
        Unreadable::Other | Unreadable::TooLarge | Unreadable::Damaged => PassphraseError::Damaged,
    })?;
    let (cost, salt, nonce) = split_header(reader).ok_or(PassphraseError::Damaged)?;
    if cost.memory_kib > MOST_MEMORY_KIB || cost.passes > MOST_PASSES || cost.lanes > MOST_LANES {
        return Err(PassphraseError::Damaged);
    }
    let mut content = Zeroizing::new(content.to_vec());
    let length = sealing_key(passphrase, &salt, cost)?
        .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(header), &mut content)
        .map_err(|_| PassphraseError::Wrong)?
        .len();
    content.truncate(length);
    Ok(content)
}

fn split_header(mut header: ByteReader<'_>) -> Option<(Cost, [u8; SALT_BYTES], [u8; NONCE_LEN])> {
    let cost = Cost {
        memory_kib: header.u32()?,
        passes: header.u32()?,
        lanes: header.u32()?,
    };
    Some((cost, header.array()?, header.array()?))
}

fn sealing_key(passphrase: &str, salt: &[u8], cost: Cost) -> Result<LessSafeKey, PassphraseError> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| PassphraseError::Damaged)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut key[..])
        .map_err(|why| match why {
            argon2::Error::OutOfMemory => PassphraseError::TooCostly,
            _ => PassphraseError::Damaged,
        })?;
    let key = UnboundKey::new(&CHACHA20_POLY1305, &key[..]).map_err(|_| PassphraseError::Damaged)?;
    Ok(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::basics::random::SeededRandom;

    fn sealed() -> Vec<u8> {
        seal(b"secret", "horse battery", Cost::TEST, &SeededRandom::new(1)).unwrap()
    }

    #[test]
    fn opens_with_its_passphrase_only() {
        assert_eq!(*open(&sealed(), "horse battery").unwrap(), b"secret");
        assert_eq!(open(&sealed(), "horse Battery"), Err(PassphraseError::Wrong));
        assert!(is_sealed(&sealed()));
        assert_eq!(cost(&sealed()), Some(Cost::TEST));
        assert_eq!(cost(&sealed()[..HEADER_BYTES - 1]), None);
    }

    #[test]
    fn two_seals_differ() {
        let again = seal(b"secret", "horse battery", Cost::TEST, &SeededRandom::new(2)).unwrap();
        assert_ne!(sealed()[17..], again[17..]);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        for at in 0..sealed().len() {
            let mut damaged = sealed();
            damaged[at] ^= 1;
            assert!(open(&damaged, "horse battery").is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_file_cannot_ask_for_any_memory() {
        let mut greedy = sealed();
        greedy[5..9].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(open(&greedy, "horse battery"), Err(PassphraseError::Damaged));
        let mut newer = sealed();
        newer[4] = 2;
        assert_eq!(open(&newer, "horse battery"), Err(PassphraseError::NewerVersion));
    }

    #[test]
    fn vector() {
        // The stream of `SeededRandom::new(1)` is fixed, and so is what it seals.
        assert_eq!(hex::encode(&sealed()[..17]), "5450415301000000080000000100000001");
        assert_eq!(
            hex::encode(&sealed()[HEADER_BYTES..]),
            "07c0f71e35562f188499a91e5f77dd0589a5ea512bab"
        );
    }

    proptest! {
        #[test]
        fn comes_back(secret in prop::collection::vec(any::<u8>(), 0..200), passphrase in ".*") {
            let sealed = seal(&secret, &passphrase, Cost::TEST, &SeededRandom::new(7)).unwrap();
            prop_assert_eq!(&*open(&sealed, &passphrase).unwrap(), &secret);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(open(&[b"TPAS\x01\0\0\0\x08\0\0\0\x01".as_slice(), &bytes].concat(), "").is_err());
        }
    }
}
