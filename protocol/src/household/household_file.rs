//! The `.techo` file: a household's chunks on a stick, as sealed as at the relay.
//!
//! ```text
//! "TECHO" kind:1 ('H') version:1 stream:16 records      record: kind:1 length:4 content
//! ```
//! Record kind 2 is an epoch record, 3 the keyring, 1 a chunk. The records come first, so that a device that is some epochs behind opens the
//! file with its own slot. A reader passes over kinds that it does not know. The file has no checksum of its own: every record and every chunk
//! has one, and one that is damaged costs only itself.

use crate::basics::reader::{ByteReader, Unreadable};
use crate::household::chunk::LARGEST_CHUNK_BYTES;
use crate::household::sync_api::StreamId;

/// Largest file in bytes.
pub const LARGEST_FILE_BYTES: usize = 256 << 20;

const MAGIC: &[u8; 6] = b"TECHOH";
const VERSION: u8 = 1;
const CHUNK: u8 = 1;
const EPOCH_RECORD: u8 = 2;
const KEYRING: u8 = 3;

crate::coded_errors! {
    /// What can be wrong with a `.techo` file.
    pub enum HouseholdFileError {
        /// It is something else.
        Foreign = "household_file.foreign", "This is not a file by which a household syncs.", "Choose a .techo file, or a name that is not taken.";
        /// It is of a later format.
        NewerVersion = "household_file.newer_version", "This file was written by a newer version of Techo.", "Update Techo on this device.";
        /// The file breaks off, or a part of it is longer than any chunk.
        Damaged = "household_file.damaged", "The file is damaged or not whole.", "Copy it again, or write it anew on the other device.";
        /// It is too large.
        TooLarge = "household_file.too_large", "This is more than one file can hold.", "Sync through a relay instead.";
    }
}

/// Whether a file begins like one by which a household syncs.
pub fn is_form(file: &[u8]) -> bool {
    file.starts_with(MAGIC)
}

/// What one device wrote into a file for another.
///
/// ```
/// use techo_protocol::household::{household_file::{HouseholdFile, HouseholdFileError}, sync_api::StreamId};
/// let file = HouseholdFile { stream: StreamId([1; 16]), chunks: vec![vec![7; 617]], ..HouseholdFile::default() };
/// let bytes = file.write()?;
/// assert_eq!(HouseholdFile::read(&bytes), Ok(file));
/// assert_eq!(HouseholdFile::read(&bytes[..600]), Err(HouseholdFileError::Damaged), "a stick was pulled out");
/// # Ok::<(), HouseholdFileError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HouseholdFile {
    /// The household's stream at its relay.
    pub stream: StreamId,
    /// Epoch records in their order; the present one last, with its slots.
    pub records: Vec<Vec<u8>>,
    /// The newest keyring, where the writer has one.
    pub keyring: Option<Vec<u8>>,
    /// Chunks as they are sealed for a relay.
    pub chunks: Vec<Vec<u8>>,
}

impl HouseholdFile {
    /// Writes the file.
    ///
    /// # Errors
    /// [`HouseholdFileError::TooLarge`].
    pub fn write(&self) -> Result<Vec<u8>, HouseholdFileError> {
        let mut out = MAGIC.to_vec();
        out.push(VERSION);
        out.extend_from_slice(&self.stream.0);
        let records = self.records.iter().map(|record| (EPOCH_RECORD, record));
        let keyring = self.keyring.iter().map(|keyring| (KEYRING, keyring));
        let chunks = self.chunks.iter().map(|chunk| (CHUNK, chunk));
        for (kind, content) in records.chain(keyring).chain(chunks) {
            let length = u32::try_from(content.len()).map_err(|_| HouseholdFileError::TooLarge)?;
            out.push(kind);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(content);
        }
        if out.len() > LARGEST_FILE_BYTES {
            return Err(HouseholdFileError::TooLarge);
        }
        Ok(out)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`HouseholdFileError`].
    pub fn read(file: &[u8]) -> Result<Self, HouseholdFileError> {
        let mut reader = ByteReader::of_file(file, MAGIC, VERSION).map_err(|why| match why {
            Unreadable::Other => HouseholdFileError::Foreign,
            Unreadable::Newer => HouseholdFileError::NewerVersion,
            Unreadable::TooLarge => HouseholdFileError::TooLarge,
            Unreadable::Damaged => HouseholdFileError::Damaged,
        })?;
        if file.len() > LARGEST_FILE_BYTES {
            return Err(HouseholdFileError::TooLarge);
        }
        let stream = reader.array().ok_or(HouseholdFileError::Damaged)?;
        let mut read = Self {
            stream: StreamId(stream),
            ..Self::default()
        };
        while !reader.is_empty() {
            let (kind, content) = record(&mut reader).ok_or(HouseholdFileError::Damaged)?;
            match kind {
                CHUNK => read.chunks.push(content.to_vec()),
                EPOCH_RECORD => read.records.push(content.to_vec()),
                KEYRING => read.keyring = Some(content.to_vec()),
                _ => {}
            }
        }
        Ok(read)
    }
}

fn record<'a>(reader: &mut ByteReader<'a>) -> Option<(u8, &'a [u8])> {
    let (kind, content) = (reader.byte()?, reader.counted()?);
    (content.len() <= LARGEST_CHUNK_BYTES).then_some((kind, content))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fixed_vector() {
        let file = HouseholdFile {
            stream: StreamId([1; 16]),
            records: vec![vec![3]],
            keyring: Some(vec![4, 5]),
            chunks: vec![vec![7, 8]],
        };
        assert_eq!(
            hex::encode(file.write().unwrap()),
            "544543484f48 01 01010101010101010101010101010101 02 00000001 03 03 00000002 0405 01 00000002 0708".replace(' ', "")
        );
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let file = HouseholdFile {
            stream: StreamId([1; 16]),
            chunks: vec![vec![7; 40], vec![8; 3]],
            ..HouseholdFile::default()
        };
        let bytes = file.write().unwrap();
        assert_eq!(HouseholdFile::read(b"PK\x03\x04"), Err(HouseholdFileError::Foreign));
        assert_eq!(HouseholdFile::read(b"TECHOH\x02"), Err(HouseholdFileError::NewerVersion));
        // Cut at the end of a record it is a shorter file, and each chunk answers for itself.
        let ends = [bytes.len() - 8, bytes.len() - 53];
        for length in 6..bytes.len() {
            assert_eq!(
                HouseholdFile::read(&bytes[..length]).is_ok(),
                ends.contains(&length),
                "cut at {length}"
            );
        }
    }

    #[test]
    fn records_of_a_later_version_are_passed_over() {
        let file = HouseholdFile {
            stream: StreamId([1; 16]),
            chunks: vec![vec![7; 4]],
            ..HouseholdFile::default()
        };
        let mut bytes = file.write().unwrap();
        bytes.extend_from_slice(&[200, 0, 0, 0, 2, 1, 1]);
        assert_eq!(HouseholdFile::read(&bytes), Ok(file));
    }

    proptest! {
        #[test]
        fn files_come_back(
            stream in any::<[u8; 16]>(),
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..90), 0..3),
            keyring in any::<Option<Vec<u8>>>(),
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 0..6),
        ) {
            let file = HouseholdFile { stream: StreamId(stream), records, keyring, chunks };
            prop_assert_eq!(HouseholdFile::read(&file.write().unwrap()), Ok(file));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = HouseholdFile::read(&[b"TECHOH\x01".as_slice(), &bytes].concat());
        }
    }
}
