//! The file.
//!
//! ```text
//! "TBAK" version:1 sealed under the passphrase ( version:1 length:4 CBOR zeros )
//! ```
//! The seal is [`passphrase::seal`]'s. What is inside is padded to a Padmé size, so the file's length says little about how much was done.
//! Entries stand in the order of their keys, no key twice. A released version's fields never change; one may be added, with a default.

use automerge::ScalarValue;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use techo_protocol::basics::padme::padme;
use techo_protocol::basics::passphrase::{self, Cost};
use techo_protocol::basics::reader::ByteReader;
use zeroize::Zeroizing;

use super::{BackupError, BackupFailure};
use crate::documents::settings;
use crate::documents::stamps::Stamped;
use crate::documents::stamps::{self, Stamp};
use crate::ports::Random;
use crate::vault::{DocumentName, RecordKind};

/// Whether a file begins like a backup.
pub fn is_form(file: &[u8]) -> bool {
    file.starts_with(MAGIC)
}

/// Largest backup in bytes. (A visit takes some 300.)
pub const MOST_BYTES: usize = 64 << 20;

const MAGIC: &[u8; 4] = b"TBAK";
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 5;
/// Before the CBOR: version and length.
const INNER_HEADER_BYTES: usize = 5;
/// What the seal adds at most, so that [`MOST_BYTES`] holds for the whole file.
const SEAL_BYTES: usize = 1_024;

/// The most that a file may ask of this machine's memory and time: four times what this program asks for itself.
const DEAREST: Cost = Cost {
    memory_kib: 4 * Cost::BACKUP.memory_kib,
    passes: 4 * Cost::BACKUP.passes,
    lanes: 4,
};

/// A backup whose passphrase was right: its content, not merged into anything yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backup {
    /// When the backup was made, in Unix seconds.
    pub(super) made: i64,
    pub(super) documents: Vec<KeptDocument>,
    pub(super) records: Vec<KeptRecord>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptDocument {
    pub(super) name: DocumentName,
    entries: Vec<KeptEntry>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct KeptEntry(String, KeptValue, Stamp);

/// Automerge's scalars, all of them: entries of newer programs are kept too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum KeptValue {
    #[serde(rename = "b")]
    Bytes(ByteBuf),
    #[serde(rename = "s")]
    Text(String),
    #[serde(rename = "i")]
    Int(i64),
    #[serde(rename = "u")]
    Uint(u64),
    #[serde(rename = "f")]
    Float(f64),
    #[serde(rename = "t")]
    Boolean(bool),
    #[serde(rename = "c")]
    Counter(i64),
    #[serde(rename = "d")]
    Time(i64),
    #[serde(rename = "n")]
    Null,
    #[serde(rename = "x")]
    Unknown(u8, ByteBuf),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptRecord {
    pub(super) kind: KeptKind,
    #[serde(with = "serde_bytes")]
    pub(super) name: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub(super) content: Vec<u8>,
}

/// Which records a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum KeptKind {
    #[serde(rename = "trust")]
    TrustList,
    #[serde(rename = "setting")]
    DeviceSetting,
}

impl KeptKind {
    pub(super) const ALL: [Self; 2] = [Self::TrustList, Self::DeviceSetting];

    pub(super) fn record(self) -> RecordKind {
        match self {
            Self::TrustList => RecordKind::TrustList,
            Self::DeviceSetting => RecordKind::DeviceSetting,
        }
    }
}

impl KeptDocument {
    pub(super) fn new(name: DocumentName, entries: Vec<Stamped>) -> Self {
        let entries = entries
            .into_iter()
            .map(|entry| KeptEntry(entry.key, entry.value.into(), entry.stamp))
            .collect();
        Self { name, entries }
    }

    pub(super) fn entries(&self) -> Vec<Stamped> {
        self.entries
            .iter()
            .map(|KeptEntry(key, value, stamp)| Stamped::new(key.clone(), value.clone().into(), stamp.clone()))
            .collect()
    }

    /// Whether the entries can be put into a document as they are.
    fn is_sound(&self) -> bool {
        let keys: Vec<&str> = self.entries.iter().map(|KeptEntry(key, ..)| key.as_str()).collect();
        keys.is_sorted_by(|a, b| a < b) && keys.iter().all(|key| !key.is_empty() && !stamps::is_table(key))
    }
}

impl Backup {
    /// When the backup was made, in Unix seconds.
    pub fn made(&self) -> i64 {
        self.made
    }

    /// For how many days visits were kept, if anybody had chosen.
    pub(super) fn keep_days(&self) -> Option<i64> {
        let settings = self
            .documents
            .iter()
            .find(|document| document.name == DocumentName::Settings)?;
        match settings.entries().into_iter().find(settings::is_keep_days)?.value {
            ScalarValue::Int(days) => Some(days),
            _ => None,
        }
    }

    /// Opens a backup's file.
    ///
    /// ```
    /// use techo_core::backup::{self, Backup, BackupError};
    /// use techo_protocol::basics::passphrase::Cost;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let mut vault = techo_testing::vault(folder.path())?;
    /// let written = backup::write(&mut vault, "a long sentence", Cost::TEST, techo_testing::NOW)?;
    /// assert_eq!(Backup::open(&written.file, "a long sentence")?.made(), techo_testing::NOW);
    /// assert_eq!(Backup::open(&written.file, "another").err(), Some(BackupError::WrongPassphrase.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`BackupError`]: foreign, of a newer version, damaged, too large, under another passphrase, or too costly for this machine.
    pub fn open(file: &[u8], passphrase: &str) -> Result<Self, BackupFailure> {
        if file.len() > MOST_BYTES {
            return Err(BackupError::TooLarge.into());
        }
        let (header, sealed) = file.split_first_chunk::<HEADER_BYTES>().ok_or(BackupError::Foreign)?;
        match header.strip_prefix(MAGIC) {
            None => return Err(BackupError::Foreign.into()),
            Some([VERSION]) => {}
            Some(_) => return Err(BackupError::NewerVersion.into()),
        }
        let is_too_dear =
            |cost: Cost| cost.memory_kib > DEAREST.memory_kib || cost.passes > DEAREST.passes || cost.lanes > DEAREST.lanes;
        if passphrase::cost(sealed).is_some_and(is_too_dear) {
            return Err(BackupError::Damaged.into());
        }
        let plain = passphrase::open(sealed, passphrase)?;
        Ok(Self::read(&plain).ok_or(BackupError::Damaged)?)
    }

    fn read(plain: &[u8]) -> Option<Self> {
        let cbor = ByteReader::of_version(plain, VERSION).ok()?.counted()?;
        let backup: Self = ciborium::from_reader(cbor).ok()?;
        let mut names: Vec<&DocumentName> = backup.documents.iter().map(|document| &document.name).collect();
        names.sort_unstable();
        let twice = names.windows(2).any(|pair| pair[0] == pair[1]);
        (!twice && backup.documents.iter().all(KeptDocument::is_sound)).then_some(backup)
    }

    /// The file of this backup.
    ///
    /// # Errors
    /// [`BackupError`]: no passphrase, too large, or too costly for this machine; or no randomness.
    pub(super) fn seal(&self, passphrase: &str, cost: Cost, random: &dyn Random) -> Result<Vec<u8>, BackupFailure> {
        if passphrase.is_empty() {
            return Err(BackupError::NoPassphrase.into());
        }
        let mut plain = Zeroizing::new(vec![0; INNER_HEADER_BYTES]);
        ciborium::into_writer(self, &mut *plain).map_err(|_| BackupError::TooLarge)?;
        let length = u32::try_from(plain.len() - INNER_HEADER_BYTES).map_err(|_| BackupError::TooLarge)?;
        plain[0] = VERSION;
        plain[1..INNER_HEADER_BYTES].copy_from_slice(&length.to_be_bytes());
        let padded = usize::try_from(padme(plain.len() as u64)).map_err(|_| BackupError::TooLarge)?;
        if padded > MOST_BYTES - SEAL_BYTES {
            return Err(BackupError::TooLarge.into());
        }
        plain.resize(padded, 0);
        let sealed = passphrase::seal(&plain, passphrase, cost, random)?;
        Ok([&MAGIC[..], &[VERSION], &sealed].concat())
    }
}

impl From<ScalarValue> for KeptValue {
    fn from(value: ScalarValue) -> Self {
        match value {
            ScalarValue::Bytes(bytes) => Self::Bytes(bytes.into()),
            ScalarValue::Str(text) => Self::Text(text.to_string()),
            ScalarValue::Int(number) => Self::Int(number),
            ScalarValue::Uint(number) => Self::Uint(number),
            ScalarValue::F64(number) => Self::Float(number),
            ScalarValue::Counter(counter) => Self::Counter(counter.into()),
            ScalarValue::Timestamp(time) => Self::Time(time),
            ScalarValue::Boolean(boolean) => Self::Boolean(boolean),
            ScalarValue::Unknown { type_code, bytes } => Self::Unknown(type_code, bytes.into()),
            ScalarValue::Null => Self::Null,
        }
    }
}

impl From<KeptValue> for ScalarValue {
    fn from(value: KeptValue) -> Self {
        match value {
            KeptValue::Bytes(bytes) => Self::Bytes(bytes.into_vec()),
            KeptValue::Text(text) => Self::Str(text.into()),
            KeptValue::Int(number) => Self::Int(number),
            KeptValue::Uint(number) => Self::Uint(number),
            KeptValue::Float(number) => Self::F64(number),
            KeptValue::Counter(number) => Self::Counter(number.into()),
            KeptValue::Time(time) => Self::Timestamp(time),
            KeptValue::Boolean(boolean) => Self::Boolean(boolean),
            KeptValue::Unknown(type_code, bytes) => Self::Unknown {
                type_code,
                bytes: bytes.into_vec(),
            },
            KeptValue::Null => Self::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use ciborium::{Value, cbor};
    use proptest::prelude::*;

    use super::*;
    use crate::ports::SeededRandom;

    proptest! {
        #[test]
        fn comes_back(numbers in prop::collection::vec(any::<i64>(), 0..20), text in ".*", made in any::<i64>()) {
            let values = numbers.iter().map(|number| cbor!({ "i" => number }).unwrap())
                .chain([cbor!({ "s" => text }).unwrap(), cbor!({ "b" => Value::Bytes(text.clone().into_bytes()) }).unwrap(), Value::Text("n".into())])
                .chain([cbor!({ "t" => true }).unwrap(), cbor!({ "c" => 3 }).unwrap(), cbor!({ "d" => 5 }).unwrap(), cbor!({ "u" => u64::MAX }).unwrap()])
                .chain([cbor!({ "x" => [15, Value::Bytes(vec![1, 2])] }).unwrap(), cbor!({ "f" => 1.5 }).unwrap()]);
            let entries: Vec<Value> = values.enumerate().map(|(at, value)| {
                let stamp = Value::Array(vec![Value::Integer(at.into()), Value::Bytes(vec![2; 16])]);
                Value::Array(vec![Value::Text(format!("n/{at:03}")), value, stamp])
            }).collect();
            let value = cbor!({ "made" => made, "documents" => [{ "name" => "s", "entries" => entries }], "records" => [] }).unwrap();
            let backup: Backup = value.deserialized().unwrap();
            let file = backup.seal("horse battery", Cost::TEST, &SeededRandom::new(2)).unwrap();
            let again = Backup::open(&file, "horse battery").unwrap();
            prop_assert_eq!(&again, &backup);
            // Through a vault too: each value stays what it was.
            let entries = backup.documents[0].entries();
            prop_assert_eq!(entries.len(), numbers.len() + 9);
        }
    }
}
