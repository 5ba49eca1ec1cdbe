//! The keyring: the keys of a household's living documents, sealed to each device alone and never under the epoch key (docs/sync.md#the-keyring).
//!
//! ```text
//! "TKYR" version:1 stream:16 number:8 slots: 17 of 80 bytes, then the content under the key that they give
//! content: length:4 CBOR author:1 signature:64, padded to a power of two
//! ```
//! A deletion makes a new key for its document and replaces the keyring. Whoever kept the old one needs a device's old HPKE key to open it, and
//! that is destroyed soon after: so what was deleted stays sealed for ever, whatever a relay has hoarded.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::basics::hpke_seal::{HpkePrivate, open_with, seal_slot};
use crate::basics::keys::{PublicKey, SIGNATURE_BYTES, SigningKey, sha256};
use crate::basics::random::{Random, RandomError};
use crate::basics::reader::{ByteReader, Unreadable};
use crate::basics::seal_once::OnceKey;
use crate::basics::secret::{self, Secret};
use crate::household::body::{GenerationKey, Lineage, Subject};
use crate::household::epoch_record::{DeviceList, RECOVERY_SLOT, SLOT_BYTES, SLOTS};
use crate::household::recovery::RecoveryPublic;
use crate::household::sync_api::{Mark, StreamId};

/// Largest keyring in bytes.
pub const LARGEST_KEYRING_BYTES: usize = 256 * 1024;

const MAGIC: &[u8; 4] = b"TKYR";
const VERSION: u8 = 1;
const AUTHOR_LABEL: &[u8] = b"techo keyring author v1";
const SLOT_INFO: &[u8] = b"techo keyring slot v1";
const SMALLEST_CONTENT_BYTES: usize = 2_048;

crate::coded_errors! {
    /// What can be wrong with a keyring.
    pub enum KeyringError {
        /// Its structure or its seal.
        Damaged = "keyring.damaged", "The household's keys came damaged.", "Sync again; if this stays, use another relay.";
        /// It is of a later format.
        NewerVersion = "keyring.newer_version", "Another device of the household uses a newer version of Techo.", "Update Techo on this device.";
        /// It has no slot that this device can open.
        NotForThisDevice = "keyring.not_for_this_device", "The newest keys of the diary were not given to this device yet.", "Sync another device of the household, then this one again.";
    }
}

/// The key of one writing of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentKey {
    /// The document that the key opens.
    pub subject: Subject,
    /// The generation of the lineage that the key opens.
    pub generation: u64,
    /// The generation began with nothing in it: a key made ahead, so that the first visit of a week changes no keyring. Whoever holds an older
    /// one enters it as it is; any other begins with a snapshot, which has to be met first.
    pub begins_empty: bool,
    /// The key of the document's lineage.
    pub key: GenerationKey,
}

impl DocumentKey {
    /// The lineage that it opens.
    pub fn lineage(&self) -> Lineage {
        Lineage {
            generation: self.generation,
            tag: self.key.tag(),
        }
    }
}

/// What a keyring says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keyring {
    /// The keys of the household's documents.
    pub keys: Vec<DocumentKey>,
    /// To which HPKE key of each device it is sealed, by index.
    pub sealed_to: Vec<(u8, [u8; 32])>,
}

/// A document's key as the keyring holds it: an array of four.
#[derive(Serialize, Deserialize)]
struct Row(Subject, u64, bool, #[serde(with = "secret::as_bytes")] Secret<32>);

#[derive(Serialize, Deserialize)]
struct Content {
    keys: Vec<Row>,
    sealed_to: Vec<(u8, serde_bytes::ByteArray<32>)>,
}

/// A keyring as it came: its structure was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringRecord {
    /// The household's stream at its relay.
    pub stream: StreamId,
    /// Rises with each keyring.
    pub number: u64,
    bytes: Vec<u8>,
}

/// A keyring that was opened, and who says that they wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedKeyring {
    /// The keys that the record held.
    pub keyring: Keyring,
    /// The index of the device that says it wrote the keyring.
    pub author: u8,
    message: Vec<u8>,
    signature: [u8; SIGNATURE_BYTES],
}

/// To whom a keyring is sealed.
pub struct Recipients<'r> {
    /// The devices; each with the HPKE key of its newest heartbeat in `hpke`.
    pub devices: &'r DeviceList,
    /// The public halves of the recovery words' keys, if the household has words.
    pub recovery: Option<&'r RecoveryPublic>,
}

const HEAD_BYTES: usize = 4 + 1 + 16 + 8;
const SLOTS_BYTES: usize = SLOTS * SLOT_BYTES;

impl KeyringRecord {
    /// Seals keys to the recipients, signed by the device at `author`.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn make(
        stream: StreamId,
        number: u64,
        keys: &[DocumentKey],
        to: &Recipients<'_>,
        (author, signer): (u8, &SigningKey),
        random: &dyn Random,
    ) -> Result<Self, RandomError> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend_from_slice(&stream.0);
        bytes.extend_from_slice(&number.to_be_bytes());
        let key = Secret::generate(random)?;
        for slot in 0..SLOTS {
            let device = to.devices.devices.iter().find(|device| usize::from(device.index) == slot);
            let words = to.recovery.filter(|_| slot == RECOVERY_SLOT);
            let public = device.map(|device| &device.hpke).or(words.map(|words| &words.sealing));
            let sealed = seal_slot(public, SLOT_INFO, &slot_place(stream, number, slot), key.expose(), random)?;
            bytes.extend_from_slice(&sealed);
        }
        let content = Content {
            keys: keys
                .iter()
                .map(|key| Row(key.subject, key.generation, key.begins_empty, key.key.0.clone()))
                .collect(),
            sealed_to: to
                .devices
                .devices
                .iter()
                .map(|device| (device.index, device.hpke.into()))
                .collect(),
        };
        let mut cbor = Zeroizing::new(Vec::new());
        ciborium::into_writer(&content, &mut *cbor).expect("writing to memory does not fail");
        let mut plain = u32::try_from(cbor.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
        plain.extend_from_slice(&cbor);
        plain.push(author);
        plain.extend_from_slice(&signer.sign(&author_message(&bytes, &cbor)));
        plain.resize(plain.len().next_power_of_two().max(SMALLEST_CONTENT_BYTES), 0);
        OnceKey::aes_256(&key)
            .seal(&bytes, &mut plain)
            .expect("a keyring is far under the 64 GB that AES-GCM seals");
        bytes.extend_from_slice(&plain);
        Ok(Self { stream, number, bytes })
    }

    /// Reads a keyring.
    ///
    /// # Errors
    /// [`KeyringError::Damaged`] or [`KeyringError::NewerVersion`].
    pub fn read(bytes: &[u8]) -> Result<Self, KeyringError> {
        let mut reader = ByteReader::of_file(bytes, MAGIC, VERSION).map_err(|why| match why {
            Unreadable::Newer => KeyringError::NewerVersion,
            Unreadable::Other | Unreadable::TooLarge | Unreadable::Damaged => KeyringError::Damaged,
        })?;
        let (stream, number) = reader.array().zip(reader.u64()).ok_or(KeyringError::Damaged)?;
        if reader.len() < SLOTS_BYTES + SMALLEST_CONTENT_BYTES || bytes.len() > LARGEST_KEYRING_BYTES {
            return Err(KeyringError::Damaged);
        }
        Ok(Self {
            stream: StreamId(stream),
            number,
            bytes: bytes.to_vec(),
        })
    }

    /// As it is written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The keyring's number and the SHA-256 of its bytes, by which a relay and devices speak of it.
    pub fn mark(&self) -> Mark {
        Mark {
            number: self.number,
            hash: sha256(&self.bytes),
        }
    }

    /// Opens it from the slot of a device or of the recovery words; whoever believes it asks [`OpenedKeyring::is_by`] first.
    ///
    /// # Errors
    /// [`KeyringError::NotForThisDevice`] where none of `keys` opens the slot, [`KeyringError::Damaged`] where the content does not open.
    pub fn open(&self, slot: usize, keys: &[HpkePrivate]) -> Result<OpenedKeyring, KeyringError> {
        let slots = self.bytes.get(HEAD_BYTES..HEAD_BYTES + SLOTS_BYTES).unwrap_or_default();
        let sealed = slots
            .chunks_exact(SLOT_BYTES)
            .nth(slot)
            .ok_or(KeyringError::NotForThisDevice)?;
        let place = slot_place(self.stream, self.number, slot);
        let key = keys
            .iter()
            .filter_map(|key| open_with(key, SLOT_INFO, &place, sealed))
            .find_map(|plain| Secret::of_slice(&plain))
            .ok_or(KeyringError::NotForThisDevice)?;
        self.content(&key).ok_or(KeyringError::Damaged)
    }

    fn content(&self, key: &Secret<32>) -> Option<OpenedKeyring> {
        let (clear, sealed) = self.bytes.split_at_checked(HEAD_BYTES + SLOTS_BYTES)?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let plain = OnceKey::aes_256(key).open(clear, &mut sealed)?;
        let mut reader = ByteReader::new(plain);
        let (cbor, author, signature) = (reader.counted()?, reader.byte()?, reader.array()?);
        let content: Content = ciborium::from_reader(cbor).ok()?;
        let key = |Row(subject, generation, begins_empty, key)| DocumentKey {
            subject,
            generation,
            begins_empty,
            key: GenerationKey(key),
        };
        Some(OpenedKeyring {
            keyring: Keyring {
                keys: content.keys.into_iter().map(key).collect(),
                sealed_to: content
                    .sealed_to
                    .into_iter()
                    .map(|(index, key)| (index, key.into_array()))
                    .collect(),
            },
            author,
            message: author_message(clear, cbor),
            signature,
        })
    }
}

impl OpenedKeyring {
    /// Whether `key` signed it.
    pub fn is_by(&self, key: &PublicKey) -> bool {
        key.verifies(&self.message, &self.signature)
    }
}

fn slot_place(stream: StreamId, number: u64, slot: usize) -> Vec<u8> {
    // A slot's number is below 17.
    let slot = u8::try_from(slot).unwrap_or(u8::MAX);
    [&stream.0[..], &number.to_be_bytes(), &[slot]].concat()
}

fn author_message(clear: &[u8], cbor: &[u8]) -> Vec<u8> {
    [AUTHOR_LABEL, clear, cbor].concat()
}

#[cfg(test)]
mod tests;
