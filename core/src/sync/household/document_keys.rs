//! Documents' keys as a device keeps them beside its logs, and the keyring that it took over last.

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::basics::secret::{self, Secret};
use techo_protocol::household::body::{GenerationKey, Subject};
use techo_protocol::household::keyring_record::DocumentKey;

/// Documents' keys beside those of the logs.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::sync) struct DocumentKeys {
    /// The keyring that was taken over last.
    pub(in crate::sync) keyring: HeldKeyring,
    /// Keys without a log of their own.
    pub(in crate::sync) known: Vec<KnownKey>,
    /// Documents that were destroyed with their time; no key is made for them again.
    pub(in crate::sync) destroyed: Vec<Subject>,
    /// Keys were dropped here that the keyring still names.
    pub(in crate::sync) drop_due: bool,
}

/// A document's key without a log of its own: made ahead, or of a lineage whose snapshot has not come yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sync) struct KnownKey {
    pub(in crate::sync) subject: Subject,
    pub(in crate::sync) generation: u64,
    pub(in crate::sync) begins_empty: bool,
    #[serde(with = "secret::as_bytes")]
    pub(in crate::sync) key: Secret<32>,
}

impl KnownKey {
    pub(in crate::sync) fn of(key: &DocumentKey) -> Self {
        Self {
            subject: key.subject,
            generation: key.generation,
            begins_empty: key.begins_empty,
            key: key.key.0.clone(),
        }
    }

    pub(in crate::sync) fn open(&self) -> DocumentKey {
        DocumentKey {
            subject: self.subject,
            generation: self.generation,
            begins_empty: self.begins_empty,
            key: GenerationKey(self.key.clone()),
        }
    }
}

/// The keyring that was taken over last.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sync) struct HeldKeyring {
    pub(in crate::sync) record: Option<ByteBuf>,
    /// The highest number that was opened.
    pub(in crate::sync) number: u64,
    /// What it named, with the tag of each.
    pub(in crate::sync) named: Vec<(Subject, u64, ByteArray<8>)>,
    pub(in crate::sync) sealed_to: Vec<(u8, ByteArray<32>)>,
}
