//! The log that a device keeps of each document: the lineage that the document is in, and the chunks that make it up.
//!
//! A log is a replica: all devices of a household come to hold the same entries. A snapshot compacts it, as in any replicated log: it takes the
//! place of the entries that it *absorbs*.

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::basics::secret::{self, Secret};
use techo_protocol::household::body::{GenerationKey, Identity, Lineage, Subject};
use techo_protocol::household::chunk::Envelope;
use techo_protocol::household::keyring_record::DocumentKey;

use crate::vault::DocumentName;

/// The vault's count for a document that is not in the vault yet.
pub(super) const UNSTORED: u64 = u64::MAX;

/// One entry of a log: a chunk that is part of a document as it is now, named by its device and that device's number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LogEntry {
    pub(super) device: u8,
    pub(super) number: u64,
    /// The chain hash that the entry bears.
    pub(super) chain: ByteArray<32>,
    /// The chain hash that the next entry of its device bears.
    pub(super) after: ByteArray<32>,
    pub(super) at_relay: bool,
    /// A snapshot that cannot be opened yet stands for it: it is neither expected at the relay nor sent there.
    pub(super) spent: bool,
    /// The chunk as it was sealed.
    pub(super) chunk: ByteBuf,
}

impl LogEntry {
    pub(super) fn identity(&self) -> Identity {
        Identity {
            device: self.device,
            number: self.number,
        }
    }

    pub(super) fn envelope(&self) -> Option<Envelope> {
        Envelope::read(&self.chunk).ok()
    }

    pub(super) fn chunk_id(&self) -> Option<[u8; 16]> {
        self.envelope().map(|envelope| envelope.chunk_id)
    }

    /// Met at the relay, as `chunk`. Two devices may have sealed one body anew under a later epoch, each as a chunk of its own: then all keep
    /// the same one, of the later epoch and with the lower id. Answers the id of the other, where both may be there.
    pub(super) fn met_at_relay(&mut self, chunk: &[u8]) -> Option<[u8; 16]> {
        let rank = |envelope: &Envelope| (std::cmp::Reverse(envelope.epoch), envelope.chunk_id);
        let (mine, met) = (self.envelope()?, Envelope::read(chunk).ok()?);
        if mine.chunk_id == met.chunk_id {
            self.at_relay = true;
            return None;
        }
        let was_there = std::mem::replace(&mut self.at_relay, true);
        if was_there && rank(&mine) < rank(&met) {
            return Some(met.chunk_id);
        }
        self.chunk = ByteBuf::from(chunk.to_vec());
        was_there.then_some(mine.chunk_id)
    }
}

/// The log of one document, or of the devices' heartbeats.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DocumentLog {
    pub(super) generation: u64,
    pub(super) begins_empty: bool,
    #[serde(with = "secret::as_bytes")]
    pub(super) key: Secret<32>,
    /// The vault's own count of writings anew: another one means that this device has written it anew.
    pub(super) vault_generation: u64,
    /// A snapshot is to be sent.
    pub(super) due: bool,
    /// With the snapshot to be sent, something is deleted.
    pub(super) deletes: bool,
    /// Chunks that the snapshot to be sent takes the place of.
    pub(super) absorbed: Vec<(u8, u64)>,
    /// The entries in the order in which they came.
    #[serde(rename = "held")]
    pub(super) entries: Vec<LogEntry>,
    /// Chunks at the relay whose content is in `entries` by now.
    pub(super) removable: Vec<ByteArray<16>>,
}

impl DocumentLog {
    pub(super) fn new(key: &DocumentKey) -> Self {
        Self {
            generation: key.generation,
            begins_empty: key.begins_empty,
            key: key.key.0.clone(),
            vault_generation: 0,
            due: false,
            deletes: false,
            absorbed: Vec::new(),
            entries: Vec::new(),
            removable: Vec::new(),
        }
    }

    pub(super) fn key(&self) -> GenerationKey {
        GenerationKey(self.key.clone())
    }

    pub(super) fn lineage(&self) -> Lineage {
        Lineage {
            generation: self.generation,
            tag: self.key().tag(),
        }
    }

    /// Lets go of all chunks: what they held is to be in the next snapshot, or in another lineage.
    pub(super) fn absorb_all(&mut self) {
        let all = std::mem::take(&mut self.entries);
        self.let_go(&all);
    }

    /// Lets go of the chunks of which `is_old` says so.
    pub(super) fn absorb(&mut self, is_old: impl Fn(&LogEntry) -> bool) {
        let (old, rest) = std::mem::take(&mut self.entries)
            .into_iter()
            .partition::<Vec<_>, _>(|entry| is_old(entry));
        self.entries = rest;
        self.let_go(&old);
    }

    fn let_go(&mut self, chunks: &[LogEntry]) {
        self.absorbed.extend(chunks.iter().map(|entry| (entry.device, entry.number)));
        self.removable
            .extend(chunks.iter().filter_map(LogEntry::chunk_id).map(ByteArray::new));
    }
}

/// A chunk that cannot be taken in before something else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// The device that made the chunk and its number there, where those could be read.
    pub(super) identity: Option<(u8, u64)>,
    /// The lineage that the chunk is of, where that is above the one that is here.
    #[serde(default)]
    pub(super) lineage: Option<(Subject, u64, ByteArray<8>)>,
    pub(super) chunk: ByteBuf,
}

/// Heartbeats have no payload; their log has a key all the same.
pub(super) fn heartbeat_key() -> DocumentKey {
    DocumentKey {
        subject: Subject::Heartbeat,
        generation: 0,
        begins_empty: true,
        key: GenerationKey([0; 32].into()),
    }
}

/// The document of a subject; `None` for heartbeats.
pub(super) fn document_of(subject: Subject) -> Option<DocumentName> {
    match subject {
        Subject::Heartbeat => None,
        Subject::Settings => Some(DocumentName::Settings),
        Subject::Week(week) => Some(DocumentName::Week(week)),
        Subject::Person(id) => Some(DocumentName::Person(id)),
    }
}

/// The subject of a document.
pub(super) fn subject_of_document(name: &DocumentName) -> Subject {
    match name {
        DocumentName::Settings => Subject::Settings,
        DocumentName::Week(week) => Subject::Week(*week),
        DocumentName::Person(id) => Subject::Person(*id),
    }
}
