//! A bundle through a relay: cut into pieces that look like sent diaries, in the same mailboxes, so that the relay learns nothing of them.
//!
//! ```text
//! piece     HPKE to the municipality's bundle key, always as long as a sent diary (diary_upload::SENT_BYTES)
//! plain     "TDBP" version:1 bundle:32 index:2 of:2 length:4 content zeros       bundle: SHA-256 of the whole file
//! ```

use std::collections::BTreeMap;

use crate::basics::hpke_seal::{HpkePrivate, SEAL_BYTES, open_with, seal_to};
use crate::basics::keys::{PublicKey, sha256};
use crate::basics::random::Random;
use crate::basics::reader::ByteReader;
use crate::exposure::case_code::MailboxId;
use crate::exposure::diary_upload::SENT_BYTES;
use crate::trust::AuthorityId;

use super::DoseBundleError;

const MAGIC: &[u8; 5] = b"TDBP\x01";
const HEADER_BYTES: usize = MAGIC.len() + 32 + 2 + 2 + 4;
const PLAIN_BYTES: usize = SENT_BYTES - SEAL_BYTES;
const CONTENT_BYTES: usize = PLAIN_BYTES - HEADER_BYTES;
const INFO: &[u8] = b"techo dose bundle piece v1";

/// A piece before it is sealed, or after it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// SHA-256 of the whole file.
    pub bundle: [u8; 32],
    /// Its place, from 0.
    pub index: u16,
    /// How many there are.
    pub of: u16,
    /// Its part of the file.
    pub content: Vec<u8>,
}

impl Piece {
    /// Cuts a file into its pieces.
    ///
    /// # Errors
    /// [`DoseBundleError::TooLarge`].
    pub fn cut(file: &[u8]) -> Result<Vec<Self>, DoseBundleError> {
        let bundle = sha256(file);
        let of = u16::try_from(file.len().div_ceil(CONTENT_BYTES)).map_err(|_| DoseBundleError::TooLarge)?;
        let pieces = file.chunks(CONTENT_BYTES).zip(0..of).map(|(content, index)| Self {
            bundle,
            index,
            of,
            content: content.to_vec(),
        });
        Ok(pieces.collect())
    }

    /// The mailbox that it goes to: the same whenever this piece is sent, and of no meaning to anybody else.
    pub fn mailbox(&self) -> MailboxId {
        let hash = sha256(&[INFO, &self.bundle, &self.index.to_be_bytes()].concat());
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        MailboxId(id)
    }

    /// Seals the piece; the result is always [`SENT_BYTES`] long.
    ///
    /// # Errors
    /// [`DoseBundleError::CannotBeSealed`], [`DoseBundleError::TooLarge`].
    pub fn seal(&self, town: AuthorityId, key: &PublicKey, random: &dyn Random) -> Result<Vec<u8>, DoseBundleError> {
        let length = u32::try_from(self.content.len()).map_err(|_| DoseBundleError::TooLarge)?;
        let mut plain = MAGIC.to_vec();
        plain.extend_from_slice(&self.bundle);
        plain.extend_from_slice(&self.index.to_be_bytes());
        plain.extend_from_slice(&self.of.to_be_bytes());
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(&self.content);
        if plain.len() > PLAIN_BYTES {
            return Err(DoseBundleError::TooLarge);
        }
        plain.resize(PLAIN_BYTES, 0);
        Ok(seal_to(&key.0, INFO, &town.0, &plain, random)?)
    }

    /// Opens a piece; `None` for a diary, a dummy, or what is not for us.
    pub fn open<'k>(sealed: &[u8], town: AuthorityId, keys: impl IntoIterator<Item = &'k HpkePrivate>) -> Option<Self> {
        let plain = keys.into_iter().find_map(|key| open_with(key, INFO, &town.0, sealed))?;
        let mut reader = ByteReader::new(plain.strip_prefix(MAGIC.as_slice())?);
        let bundle = reader.array()?;
        let (index, of) = (reader.u16()?, reader.u16()?);
        let content = reader.counted()?;
        (index < of).then(|| Self {
            bundle,
            index,
            of,
            content: content.to_vec(),
        })
    }
}

/// Puts a bundle's pieces together; `None` while one is missing, and for pieces that do not give the bundle that they name.
///
/// ```
/// use techo_protocol::{basics::keys::sha256, vaccination::dose_bundle::piece::{Piece, join}};
/// let file = vec![7; 100_000];
/// let mut pieces = Piece::cut(&file).unwrap();
/// pieces.reverse();
/// assert_eq!(join(&sha256(&file), &pieces), Some(file.clone()), "in any order");
/// assert_eq!(join(&sha256(&file), &pieces[1..]), None, "one is missing");
/// ```
pub fn join<'p>(bundle: &[u8; 32], pieces: impl IntoIterator<Item = &'p Piece>) -> Option<Vec<u8>> {
    let by_place: BTreeMap<u16, &Piece> = pieces
        .into_iter()
        .filter(|piece| piece.bundle == *bundle)
        .map(|piece| (piece.index, piece))
        .collect();
    let file: Vec<u8> = by_place.values().flat_map(|piece| piece.content.iter().copied()).collect();
    (sha256(&file) == *bundle).then_some(file)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::basics::random::SeededRandom;

    const TOWN: AuthorityId = AuthorityId([3; 16]);

    fn key() -> HpkePrivate {
        HpkePrivate::from_seed(&[30; 32])
    }

    #[test]
    fn pieces_look_like_sent_diaries_and_give_the_file_in_any_order() {
        let file: Vec<u8> = (0..100_000_u32).map(|at| at.to_le_bytes()[1]).collect();
        let pieces = Piece::cut(&file).unwrap();
        assert_eq!(pieces.len(), 4);
        let public = PublicKey(key().public());
        let mut opened: Vec<Piece> = pieces
            .iter()
            .map(|piece| {
                let sealed = piece.seal(TOWN, &public, &SeededRandom::new(u64::from(piece.index))).unwrap();
                assert_eq!(sealed.len(), SENT_BYTES);
                assert_eq!(Piece::open(&sealed, AuthorityId([4; 16]), [&key()]), None);
                Piece::open(&sealed, TOWN, [&HpkePrivate::from_seed(&[1; 32]), &key()]).unwrap()
            })
            .collect();
        opened.reverse();
        assert_eq!(join(&sha256(&file), &opened), Some(file.clone()));
        assert_eq!(join(&sha256(&file), &opened[1..]), None);
        let mailboxes: std::collections::BTreeSet<_> = pieces.iter().map(|piece| piece.mailbox().0).collect();
        assert_eq!(mailboxes.len(), 4);
    }

    #[test]
    fn a_diary_is_no_piece() {
        let dummy = crate::exposure::diary_upload::dummy(TOWN, &SeededRandom::new(1)).unwrap();
        assert_eq!(Piece::open(&dummy, TOWN, [&key()]), None);
    }

    proptest! {
        #[test]
        fn pieces_come_back(content in prop::collection::vec(any::<u8>(), 0..300), index in 0_u16..5) {
            let piece = Piece { bundle: [1; 32], index, of: 5, content };
            let sealed = piece.seal(TOWN, &PublicKey(key().public()), &SeededRandom::new(1)).unwrap();
            prop_assert_eq!(Piece::open(&sealed, TOWN, [&key()]), Some(piece));
        }
    }
}
