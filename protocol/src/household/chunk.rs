//! Chunks: sealed pieces of a household's documents, as the relay and other devices carry them (docs/sync.md#chunks).
//!
//! ```text
//! version:1 stream:16 chunk_id:16 epoch:4 padded_length:4      clear to the relay, and the associated data
//! salt:32 commitment:16 ciphertext tag:16
//! ```
//! The chunk's key comes from salt and epoch key, so no nonce is ever used twice. The commitment binds the file to one key: a ciphertext that
//! opens under two would let somebody show two devices two truths.

use ring::aead::{AES_256_GCM, UnboundKey};
use ring::hkdf;

use crate::basics::random::{Random, RandomError, random_bytes};
use crate::basics::reader::ByteReader;
use crate::basics::seal_once::OnceKey;
use crate::basics::secret::Secret;

/// A change is padded to a multiple of this, in bytes.
pub const CELL_BYTES: usize = 512;
/// Cells of one scheduled upload, whatever there is to say (docs/sync.md#scheduled-uploads).
pub const UPLOAD_CELLS: usize = 4;
/// The smallest snapshot, in bytes; larger ones are powers of two.
pub const SMALLEST_SNAPSHOT_BYTES: usize = 16 * 1024;
/// What the envelope adds to the padded content, in bytes: one cell is 617 on the wire.
pub const ENVELOPE_BYTES: usize = CLEAR_BYTES + SALT_BYTES + COMMITMENT_BYTES + TAG_BYTES;
/// Largest chunk in bytes.
pub const LARGEST_CHUNK_BYTES: usize = (16 << 20) + ENVELOPE_BYTES;

const VERSION: u8 = 1;
const CLEAR_BYTES: usize = 41;
const SALT_BYTES: usize = 32;
const COMMITMENT_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
const LENGTH_BYTES: usize = 4;

crate::coded_errors! {
    /// What can be wrong with a chunk.
    pub enum ChunkError {
        /// It does not begin like a chunk, or its lengths do not fit.
        Damaged = "chunk.damaged", "A sealed piece of the diary is damaged.", "Sync again; another device or the relay may have it whole.";
        /// It is of a later format.
        NewerVersion = "chunk.newer_version", "Another device of the household uses a newer version of Techo.", "Update Techo on this device.";
        /// It was sealed under another key.
        WrongKey = "chunk.wrong_key", "A sealed piece of the diary is under a key that this device does not have.", "Sync again; if this stays, pair this device again.";
        /// Larger than any chunk.
        TooLarge = "chunk.too_large", "This is more than one sealed piece can hold.", "Delete what is no longer needed, or shorten long notes.";
    }
}

/// How many cells a chunk is, by its length on the wire.
///
/// ```
/// use techo_protocol::household::chunk::{CELL_BYTES, ENVELOPE_BYTES, cells_of};
///
/// assert_eq!(cells_of(&[0; ENVELOPE_BYTES + CELL_BYTES]), 1);
/// assert_eq!(cells_of(&[0; ENVELOPE_BYTES + CELL_BYTES + 1]), 2);
/// ```
pub const fn cells_of(chunk: &[u8]) -> usize {
    chunk.len().saturating_sub(ENVELOPE_BYTES).div_ceil(CELL_BYTES)
}

/// The key under which all chunks of an epoch are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochKey(pub Secret<32>);

/// What the relay sees of a chunk.
///
/// ```
/// use techo_protocol::basics::random::SystemRandom;
/// use techo_protocol::household::chunk::*;
/// let [key, other] = [1, 2].map(|byte| EpochKey([byte; 32].into()));
/// let envelope = Envelope { stream: [1; 16], chunk_id: [2; 16], epoch: 4 };
/// let chunk = envelope.seal(b"a change", Padding::Cells, &key, &SystemRandom::new()).unwrap();
/// assert_eq!(Envelope::read(&chunk), Ok(envelope), "what a relay sees");
/// assert_eq!(chunk.len(), CELL_BYTES + ENVELOPE_BYTES, "and a length that says little");
/// assert_eq!(Envelope::open(&chunk, &key), Ok((envelope, b"a change".to_vec())));
/// assert_eq!(Envelope::open(&chunk, &other), Err(ChunkError::WrongKey));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// The household's stream at the relay.
    pub stream: [u8; 16],
    /// Names the bytes at the relay; says nothing of what is inside.
    pub chunk_id: [u8; 16],
    /// Which epoch key opens it.
    pub epoch: u32,
}

/// How a chunk's content is padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// A change: to cells of 512 bytes.
    Cells,
    /// A snapshot: to a power of two from 16 kB.
    PowerOfTwo,
}

impl Padding {
    /// The padded length of `content` bytes and their length field.
    fn padded(self, content: usize) -> usize {
        match self {
            Self::Cells => (content + LENGTH_BYTES).next_multiple_of(CELL_BYTES),
            Self::PowerOfTwo => (content + LENGTH_BYTES).next_power_of_two().max(SMALLEST_SNAPSHOT_BYTES),
        }
    }
}

impl Envelope {
    fn clear(&self, padded_length: u32) -> [u8; CLEAR_BYTES] {
        let mut out = [0; CLEAR_BYTES];
        out[0] = VERSION;
        out[1..17].copy_from_slice(&self.stream);
        out[17..33].copy_from_slice(&self.chunk_id);
        out[33..37].copy_from_slice(&self.epoch.to_be_bytes());
        out[37..].copy_from_slice(&padded_length.to_be_bytes());
        out
    }

    /// Reads what is in the clear.
    ///
    /// # Errors
    /// [`ChunkError::Damaged`] or [`ChunkError::NewerVersion`].
    pub fn read(chunk: &[u8]) -> Result<Self, ChunkError> {
        let clear = chunk.get(..CLEAR_BYTES).ok_or(ChunkError::Damaged)?;
        let reader = ByteReader::of_version(clear, VERSION).map_err(|_| ChunkError::NewerVersion)?;
        let (envelope, padded) = Self::read_clear(reader).ok_or(ChunkError::Damaged)?;
        if chunk.len() > LARGEST_CHUNK_BYTES || chunk.len() - ENVELOPE_BYTES.min(chunk.len()) != padded {
            return Err(ChunkError::Damaged);
        }
        Ok(envelope)
    }

    fn read_clear(mut reader: ByteReader<'_>) -> Option<(Self, usize)> {
        let envelope = Self {
            stream: reader.array()?,
            chunk_id: reader.array()?,
            epoch: reader.u32()?,
        };
        Some((envelope, reader.length()?))
    }

    /// Seals `content`.
    ///
    /// # Errors
    /// [`SealError`]: larger than any chunk, or no randomness.
    pub fn seal(&self, content: &[u8], padding: Padding, key: &EpochKey, random: &dyn Random) -> Result<Vec<u8>, SealError> {
        let padded = padding.padded(content.len());
        if padded > LARGEST_CHUNK_BYTES - ENVELOPE_BYTES {
            return Err(ChunkError::TooLarge.into());
        }
        // Both fit 32 bits: they were measured above.
        let length = u32::try_from(content.len()).map_err(|_| ChunkError::TooLarge)?;
        let clear = self.clear(u32::try_from(padded).map_err(|_| ChunkError::TooLarge)?);
        let salt: [u8; SALT_BYTES] = random_bytes(random)?;
        let (sealing, commitment) = derive(key, &salt);
        let mut sealed = Vec::with_capacity(padded + TAG_BYTES);
        sealed.extend_from_slice(&length.to_be_bytes());
        sealed.extend_from_slice(content);
        sealed.resize(padded, 0);
        sealing.seal(&clear, &mut sealed).ok_or(ChunkError::TooLarge)?;
        Ok([clear.as_slice(), &salt, &commitment, &sealed].concat())
    }

    /// Opens a chunk; first the commitment is checked, then the seal.
    ///
    /// # Errors
    /// [`ChunkError`]: damaged, of a newer version, or under another key.
    pub fn open(chunk: &[u8], key: &EpochKey) -> Result<(Self, Vec<u8>), ChunkError> {
        let envelope = Self::read(chunk)?;
        let mut reader = ByteReader::new(chunk);
        let clear = reader.take(CLEAR_BYTES).ok_or(ChunkError::Damaged)?;
        let salt: [u8; SALT_BYTES] = reader.array().ok_or(ChunkError::Damaged)?;
        let commitment: [u8; COMMITMENT_BYTES] = reader.array().ok_or(ChunkError::Damaged)?;
        let (opening, expected) = derive(key, &salt);
        // Compared in plain: a commitment stands in the clear in every chunk.
        if commitment != expected {
            return Err(ChunkError::WrongKey);
        }
        let mut sealed = reader.rest().to_vec();
        let plain = opening.open(clear, &mut sealed).ok_or(ChunkError::Damaged)?;
        let content = ByteReader::new(plain).counted().ok_or(ChunkError::Damaged)?;
        Ok((envelope, content.to_vec()))
    }
}

crate::coded_union! {
    /// Why a chunk could not be sealed.
    pub enum SealError {
        /// The content does not fit.
        Chunk(ChunkError);
        /// The source of randomness failed, so no salt could be drawn.
        Random(RandomError);
    }
}

/// The sealing key and the commitment that salt and epoch key give.
fn derive(key: &EpochKey, salt: &[u8; SALT_BYTES]) -> (OnceKey, [u8; COMMITMENT_BYTES]) {
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key.0.expose());
    let sealing = secret
        .expand(&[b"techo chunk key v1"], &AES_256_GCM)
        .map(UnboundKey::from)
        .map(OnceKey::from);
    let mut commitment = [0; 32];
    secret
        .expand(&[b"techo chunk commitment v1"], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut commitment))
        .expect("32 bytes is one block of HKDF-SHA256");
    let mut short = [0; COMMITMENT_BYTES];
    short.copy_from_slice(&commitment[..COMMITMENT_BYTES]);
    (sealing.expect("an AEAD key is one block of HKDF-SHA256"), short)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::basics::random::SeededRandom;

    const ENVELOPE: Envelope = Envelope {
        stream: [1; 16],
        chunk_id: [2; 16],
        epoch: 3,
    };

    fn key(byte: u8) -> EpochKey {
        EpochKey([byte; 32].into())
    }

    fn sealed(content: &[u8], padding: Padding) -> Vec<u8> {
        ENVELOPE.seal(content, padding, &key(7), &SeededRandom::new(1)).unwrap()
    }

    #[test]
    fn one_cell_is_617_bytes() {
        assert_eq!(sealed(b"", Padding::Cells).len(), 617);
        assert_eq!(sealed(&[0; 508], Padding::Cells).len(), 617);
        assert_eq!(sealed(&[0; 509], Padding::Cells).len(), 617 + 512);
        assert_eq!(sealed(b"", Padding::PowerOfTwo).len(), 16_384 + 105);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let chunk = sealed(b"a visit", Padding::Cells);
        for at in 0..chunk.len() {
            let mut damaged = chunk.clone();
            damaged[at] ^= 1;
            assert!(Envelope::open(&damaged, &key(7)).is_err(), "byte {at}");
        }
    }

    #[test]
    fn another_key_is_told_from_damage() {
        assert_eq!(
            Envelope::open(&sealed(b"a visit", Padding::Cells), &key(8)),
            Err(ChunkError::WrongKey)
        );
    }

    proptest! {
        #[test]
        fn content_comes_back(content in prop::collection::vec(any::<u8>(), 0..3_000), snapshot in any::<bool>()) {
            let padding = if snapshot { Padding::PowerOfTwo } else { Padding::Cells };
            prop_assert_eq!(Envelope::open(&sealed(&content, padding), &key(7)), Ok((ENVELOPE, content)));
        }

        #[test]
        fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..800)) {
            prop_assert!(Envelope::open(&bytes, &key(7)).is_err());
        }
    }
}
