//! The epoch record: which devices are in the household, and under which key they write (docs/sync.md#epochs; ADR 0009).
//!
//! ```text
//! "TEPR" version:1 kind:1 length:4 head slots by_old:64 by_new:64      signatures over label || head
//! head: stream:16 number:8 epoch:4 previous:32 day:4 relay_key:32 recovery:1 [locator:16 signing:32 sealing:32] slots_hash:32
//!       length:4 list, sealed under the epoch key
//! slots: 17 of 80 bytes, kind 1; none, kind 0: a record that another has replaced
//! ```
//! Each record is the next of one chain: it names the one before by its hash, and is signed by the relay key of the epoch before and by its
//! own. So whoever knows any record of the chain, a relay or a device that was away, can follow it without opening one. The relay learns no
//! device's key, and from no record which device wrote it: the list, its author and the author's signature lie under the epoch key.
//!
//! A slot is the epoch key, sealed by HPKE to one device's newest key or, the last, to the recovery words. Slots that nobody has are sealed to
//! a key that was thrown away: all records look alike.

use ring::aead::{AES_256_GCM, UnboundKey};
use ring::hkdf;
use serde::{Deserialize, Serialize};

use crate::basics::agreement::AgreementPublic;
use crate::basics::hpke_seal::{HpkePrivate, open_with, seal_slot};
use crate::basics::keys::{PublicKey, SIGNATURE_BYTES, SigningKey, sha256};
use crate::basics::random::{Random, RandomError};
use crate::basics::reader::{ByteReader, Unreadable};
use crate::basics::seal_once::OnceKey;
use crate::basics::secret::Secret;
use crate::household::body::MOST_DEVICES;
use crate::household::chunk::EpochKey;
use crate::household::recovery::RecoveryPublic;
use crate::household::sync_api::{Mark, StreamId, relay_key};

/// Slots of a record: one a device, and one for the recovery words.
pub const SLOTS: usize = MOST_DEVICES as usize + 1;
/// The slot of the recovery words.
pub const RECOVERY_SLOT: usize = SLOTS - 1;
/// A slot in bytes: an encapsulated key, 32 sealed bytes and their tag.
pub const SLOT_BYTES: usize = 32 + 32 + 16;
/// Largest record in bytes.
pub const LARGEST_RECORD_BYTES: usize = 64 * 1024;

const MAGIC: &[u8; 4] = b"TEPR";
const VERSION: u8 = 1;
const LABEL: &[u8] = b"techo epoch record v1";
const AUTHOR_LABEL: &[u8] = b"techo epoch record author v1";
const SMALLEST_LIST_BYTES: usize = 2_048;
/// The author's index where the recovery words wrote the record.
const BY_WORDS: u8 = 0xFF;

crate::coded_errors! {
    /// What can be wrong with an epoch record.
    pub enum EpochRecordError {
        /// The record's structure is not that of an epoch record.
        Damaged = "epoch_record.damaged", "The household's device list is damaged.", "Sync again; if this stays, use another relay.";
        /// It is of a later format.
        NewerVersion = "epoch_record.newer_version", "Another device of the household uses a newer version of Techo.", "Update Techo on this device.";
        /// It does not follow the record before it.
        DoesNotFollow = "epoch_record.does_not_follow", "A device list came that does not follow the one that this device knows.", "Nothing was taken over. If this stays, use another relay.";
        /// It has no slot that this device can open.
        NotForThisDevice = "epoch_record.not_for_this_device", "The household's new key was not given to this device.", "If the other devices do not list this one any more, pair it again.";
        /// The list does not open under the key, or who wrote it did not sign it.
        ListInvalid = "epoch_record.list_invalid", "A device list came that no device of the household has signed.", "Nothing was taken over. If this stays, use another relay.";
    }
}

/// What everybody may read of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The household's stream at its relay.
    pub stream: StreamId,
    /// Rises by one with each record.
    pub number: u64,
    /// Which epoch key chunks are sealed under; rises when a device is removed, and monthly.
    pub epoch: u32,
    /// [`EpochRecord::hash`] of the record before; zeros in the first.
    pub previous: [u8; 32],
    /// The Unix day (UTC) on which it was made.
    pub day: u32,
    /// The key that signs for the household in this epoch.
    pub relay_key: PublicKey,
    /// The public halves of what the recovery words give, if there are words.
    pub recovery: Option<RecoveryPublic>,
}

/// A device of the household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its index, for as long as it is listed.
    pub index: u8,
    /// The device's signing key (Ed25519).
    pub key: PublicKey,
    /// Its key for talking to it directly.
    pub agreement: AgreementPublic,
    /// The newest HPKE key that it was known to have when the record was made.
    #[serde(with = "serde_bytes")]
    pub hpke: [u8; 32],
    /// Its name, for people.
    pub name: String,
    /// The number of the record that first listed it.
    pub since: u64,
    /// It came by recovery words, and no other device has let it in.
    pub by_words: bool,
}

/// A device that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// The index that it had.
    pub index: u8,
    /// The signing key that the device had.
    pub key: PublicKey,
    /// The number of the last chunk that is accepted of it; what it signs beyond is refused, wherever it turns up.
    pub last: u64,
    /// The chain hash after that chunk.
    #[serde(with = "serde_bytes")]
    pub after: [u8; 32],
    /// The Unix day on which it was removed: after [`crate::household::sync_api::FOLLOWED_DAYS`] its index is free again.
    pub day: u32,
}

/// The device list, which only devices read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceList {
    /// Who is in the household, by index.
    pub devices: Vec<Device>,
    /// Devices that were removed, each with the last chunk of it that counts.
    pub removed: Vec<Removed>,
}

/// Who wrote a record.
#[derive(Clone, Copy)]
pub enum Author<'k> {
    /// A device on the list.
    Device(u8, &'k SigningKey),
    /// Somebody with the recovery words.
    Words(&'k SigningKey),
}

/// A record as it came: its structure was read.
///
/// ```
/// use techo_protocol::basics::{keys::SigningKey, random::SystemRandom};
/// use techo_protocol::household::{chunk::EpochKey, epoch_record::*, sync_api::{StreamId, relay_key}};
/// let (random, phone) = (SystemRandom::new(), SigningKey::from_seed(&[7; 32]));
/// let [first, second] = [1, 2].map(|byte| EpochKey([byte; 32].into()));
/// let head = |number, previous, key| Head {
///     stream: StreamId([1; 16]),
///     number,
///     epoch: u32::try_from(number).unwrap(),
///     previous,
///     day: 20_416,
///     relay_key: relay_key(key).public(),
///     recovery: None,
/// };
/// let list = DeviceList::default();
/// let make = |head, key, old: &EpochKey| EpochRecord::make(head, &list, key, Author::Device(0, &phone), &relay_key(old), &random);
/// let one = make(head(0, [0; 32], &first), &first, &first)?;
/// let two = make(head(1, one.hash(), &second), &second, &first)?;
/// assert_eq!((one.is_first(), two.follows(&one)), (Ok(()), Ok(())));
/// // Whoever has no key of the epoch before cannot go on from it.
/// let forged = make(head(1, one.hash(), &second), &second, &second)?;
/// assert_eq!(forged.follows(&one), Err(EpochRecordError::DoesNotFollow));
/// # Ok::<(), techo_protocol::basics::random::RandomError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochRecord {
    /// What everybody may read.
    pub head: Head,
    signed: Vec<u8>,
    sealed_list: Vec<u8>,
    slots: Option<Vec<u8>>,
    by_old: [u8; SIGNATURE_BYTES],
    by_new: [u8; SIGNATURE_BYTES],
}

/// Who wrote a list, and that it was they.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedList {
    /// The device list that was opened.
    pub list: DeviceList,
    /// The author's index; `None` where the recovery words wrote it.
    pub author: Option<u8>,
    message: Vec<u8>,
    signature: [u8; SIGNATURE_BYTES],
}

impl Head {
    fn write(&self, slots_hash: &[u8; 32]) -> Vec<u8> {
        let mut out = self.stream.0.to_vec();
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.previous);
        out.extend_from_slice(&self.day.to_be_bytes());
        out.extend_from_slice(&self.relay_key.0);
        match &self.recovery {
            None => out.push(0),
            Some(recovery) => {
                out.push(1);
                out.extend_from_slice(&recovery.locator);
                out.extend_from_slice(&recovery.signing.0);
                out.extend_from_slice(&recovery.sealing);
            }
        }
        out.extend_from_slice(slots_hash);
        out
    }

    fn read(rest: &mut ByteReader<'_>) -> Option<(Self, [u8; 32])> {
        let head = Self {
            stream: StreamId(rest.array()?),
            number: rest.u64()?,
            epoch: rest.u32()?,
            previous: rest.array()?,
            day: rest.u32()?,
            relay_key: PublicKey(rest.array()?),
            recovery: match rest.byte()? {
                0 => None,
                1 => Some(RecoveryPublic {
                    locator: rest.array()?,
                    signing: PublicKey(rest.array()?),
                    sealing: rest.array()?,
                }),
                _ => return None,
            },
        };
        Some((head, rest.array()?))
    }
}

impl EpochRecord {
    /// Makes a record: `list` sealed under `key`, which the slots of its devices and of the recovery words give. `old` signs for the epoch
    /// before; it is the key of this one where the epoch stays, and the recovery key where the words override what is there.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn make(
        head: Head,
        list: &DeviceList,
        key: &EpochKey,
        author: Author<'_>,
        old: &SigningKey,
        random: &dyn Random,
    ) -> Result<Self, RandomError> {
        let mut slots = Vec::with_capacity(SLOTS * SLOT_BYTES);
        for slot in 0..SLOTS {
            let device = list.devices.iter().find(|device| usize::from(device.index) == slot);
            let words = head.recovery.as_ref().filter(|_| slot == RECOVERY_SLOT);
            let to = device.map(|device| &device.hpke).or(words.map(|words| &words.sealing));
            slots.extend_from_slice(&seal_slot(to, SLOT_INFO, &slot_place(&head, slot), key.0.expose(), random)?);
        }
        let clear = head.write(&sha256(&slots));
        let sealed_list = seal_list(&clear, list, key, author);
        let length = u32::try_from(sealed_list.len()).unwrap_or(u32::MAX);
        let signed = [&clear[..], &length.to_be_bytes(), &sealed_list].concat();
        let message = [LABEL, &signed].concat();
        Ok(Self {
            by_old: old.sign(&message),
            by_new: relay_key(key).sign(&message),
            head,
            signed,
            sealed_list,
            slots: Some(slots),
        })
    }

    /// The record's name: SHA-256 of what is signed, slots or not.
    pub fn hash(&self) -> [u8; 32] {
        sha256(&self.signed)
    }

    /// The record's number and its name ([`EpochRecord::hash`]), by which a relay and devices speak of it.
    pub fn mark(&self) -> Mark {
        Mark {
            number: self.head.number,
            hash: self.hash(),
        }
    }

    /// Writes it, with its slots if it has them.
    pub fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.push(VERSION);
        out.push(u8::from(self.slots.is_some()));
        out.extend_from_slice(&u32::try_from(self.signed.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(&self.signed);
        out.extend_from_slice(self.slots.as_deref().unwrap_or_default());
        out.extend_from_slice(&self.by_old);
        out.extend_from_slice(&self.by_new);
        out
    }

    /// The record without its slots: what is kept of one that another has replaced.
    #[must_use]
    pub fn without_slots(&self) -> Self {
        Self {
            slots: None,
            ..self.clone()
        }
    }

    /// Whether it has its slots.
    pub fn has_slots(&self) -> bool {
        self.slots.is_some()
    }

    /// Reads a record, whose signatures are checked by [`Self::follows`] or [`Self::is_first`].
    ///
    /// # Errors
    /// [`EpochRecordError::Damaged`] or [`EpochRecordError::NewerVersion`].
    pub fn read(bytes: &[u8]) -> Result<Self, EpochRecordError> {
        let reader = ByteReader::of_file(bytes, MAGIC, VERSION).map_err(|why| match why {
            Unreadable::Newer => EpochRecordError::NewerVersion,
            Unreadable::Other | Unreadable::TooLarge | Unreadable::Damaged => EpochRecordError::Damaged,
        })?;
        let is_small = bytes.len() <= LARGEST_RECORD_BYTES;
        is_small
            .then(|| Self::split(reader))
            .flatten()
            .ok_or(EpochRecordError::Damaged)
    }

    fn split(mut rest: ByteReader<'_>) -> Option<Self> {
        let has_slots = match rest.byte()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let signed = rest.counted()?;
        let mut inside = ByteReader::new(signed);
        let (head, slots_hash) = Head::read(&mut inside)?;
        let sealed_list = inside.counted()?;
        inside.end()?;
        let slots = if has_slots {
            let slots = rest.take(SLOTS * SLOT_BYTES)?;
            if sha256(slots) != slots_hash {
                return None;
            }
            Some(slots.to_vec())
        } else {
            None
        };
        let record = Self {
            head,
            signed: signed.to_vec(),
            sealed_list: sealed_list.to_vec(),
            slots,
            by_old: rest.array()?,
            by_new: rest.array()?,
        };
        rest.end().map(|()| record)
    }

    /// Whether it is the next after `before`: its number and epoch, the hash, and both signatures.
    ///
    /// # Errors
    /// [`EpochRecordError::DoesNotFollow`].
    pub fn follows(&self, before: &Self) -> Result<(), EpochRecordError> {
        let recovery = before.head.recovery.as_ref().map(|recovery| recovery.signing);
        self.follows_mark(&before.head, before.hash(), recovery.as_slice())
    }

    /// As [`Self::follows`], where of the one before only the head is kept; `words` are the recovery keys that may override it.
    ///
    /// # Errors
    /// [`EpochRecordError::DoesNotFollow`].
    pub fn follows_mark(&self, before: &Head, hash: [u8; 32], words: &[PublicKey]) -> Result<(), EpochRecordError> {
        let (head, message) = (&self.head, [LABEL, &self.signed].concat());
        let is_next = head.stream == before.stream
            && before.number.checked_add(1) == Some(head.number)
            && head.previous == hash
            && (head.epoch == before.epoch || before.epoch.checked_add(1) == Some(head.epoch))
            && (head.epoch != before.epoch || head.relay_key == before.relay_key);
        let mut old = std::iter::once(&before.relay_key).chain(words);
        let is_signed = old.any(|key| key.verifies(&message, &self.by_old)) && head.relay_key.verifies(&message, &self.by_new);
        if is_next && is_signed {
            Ok(())
        } else {
            Err(EpochRecordError::DoesNotFollow)
        }
    }

    /// Whether it may stand where there is none: its own key has signed it.
    ///
    /// # Errors
    /// [`EpochRecordError::DoesNotFollow`].
    pub fn is_first(&self) -> Result<(), EpochRecordError> {
        let message = [LABEL, &self.signed].concat();
        if self.head.relay_key.verifies(&message, &self.by_new) {
            Ok(())
        } else {
            Err(EpochRecordError::DoesNotFollow)
        }
    }

    /// The epoch key, from the slot of a device or of the recovery words.
    ///
    /// # Errors
    /// [`EpochRecordError::NotForThisDevice`] where none of `keys` opens it, or it has no slots, or the key is not the record's.
    pub fn open_slot(&self, slot: usize, keys: &[HpkePrivate]) -> Result<EpochKey, EpochRecordError> {
        let slots = self.slots.as_deref().unwrap_or_default();
        let sealed = slots
            .chunks_exact(SLOT_BYTES)
            .nth(slot)
            .ok_or(EpochRecordError::NotForThisDevice)?;
        let place = slot_place(&self.head, slot);
        keys.iter()
            .filter_map(|key| open_with(key, SLOT_INFO, &place, sealed))
            .filter_map(|plain| Secret::of_slice(&plain).map(EpochKey))
            .find(|key| relay_key(key).public() == self.head.relay_key)
            .ok_or(EpochRecordError::NotForThisDevice)
    }

    /// Opens the list; whoever takes it over asks [`OpenedList::is_by`] first.
    ///
    /// # Errors
    /// [`EpochRecordError::ListInvalid`].
    pub fn open_list(&self, key: &EpochKey) -> Result<OpenedList, EpochRecordError> {
        self.list_under(key).ok_or(EpochRecordError::ListInvalid)
    }

    fn list_under(&self, key: &EpochKey) -> Option<OpenedList> {
        let clear = self
            .signed
            .get(..self.signed.len().checked_sub(self.sealed_list.len() + 4)?)?;
        let mut sealed = self.sealed_list.clone();
        let plain = list_key(key, clear).open(clear, &mut sealed)?;
        let mut rest = ByteReader::new(plain);
        let (bytes, author, signature) = (rest.counted()?, rest.byte()?, rest.array()?);
        let list: DeviceList = ciborium::from_reader(bytes).ok()?;
        let ordered = list.devices.windows(2).all(|pair| pair[0].index < pair[1].index);
        let in_range = list.devices.iter().all(|device| device.index < MOST_DEVICES);
        (ordered && in_range).then_some(OpenedList {
            list,
            author: (author != BY_WORDS).then_some(author),
            message: author_message(clear, bytes),
            signature,
        })
    }
}

impl OpenedList {
    /// Whether `key` signed the list.
    pub fn is_by(&self, key: &PublicKey) -> bool {
        key.verifies(&self.message, &self.signature)
    }
}

impl DeviceList {
    /// The device at an index.
    pub fn device(&self, index: u8) -> Option<&Device> {
        self.devices.iter().find(|device| device.index == index)
    }
}

const SLOT_INFO: &[u8] = b"techo epoch slot v1";

fn slot_place(head: &Head, slot: usize) -> Vec<u8> {
    // A slot's number is below 17.
    let slot = u8::try_from(slot).unwrap_or(u8::MAX);
    [&head.stream.0[..], &head.number.to_be_bytes(), &head.previous, &[slot]].concat()
}

fn seal_list(clear: &[u8], list: &DeviceList, key: &EpochKey, author: Author<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(list, &mut bytes).expect("writing to memory does not fail");
    let (index, signer) = match author {
        Author::Device(index, signer) => (index, signer),
        Author::Words(signer) => (BY_WORDS, signer),
    };
    let mut plain = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    plain.extend_from_slice(&bytes);
    plain.push(index);
    plain.extend_from_slice(&signer.sign(&author_message(clear, &bytes)));
    plain.resize(plain.len().next_power_of_two().max(SMALLEST_LIST_BYTES), 0);
    list_key(key, clear)
        .seal(clear, &mut plain)
        .expect("a list is far under the 64 GB that AES-GCM seals");
    plain
}

fn author_message(clear: &[u8], list: &[u8]) -> Vec<u8> {
    [AUTHOR_LABEL, clear, list].concat()
}

/// A key of its own for each record: the head names the slots, which are never the same twice.
fn list_key(key: &EpochKey, clear: &[u8]) -> OnceKey {
    hkdf::Salt::new(hkdf::HKDF_SHA256, &sha256(clear))
        .extract(key.0.expose())
        .expand(&[b"techo device list key v1"], &AES_256_GCM)
        .map(UnboundKey::from)
        .map(OnceKey::from)
        .expect("an AEAD key is one block of HKDF-SHA256")
}

#[cfg(test)]
mod tests;
