//! What the engine keeps of each document: the lineage that it is in, and the chunks that make it up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::body::{Body, GenerationKey, Identity, Kind, Lineage, Subject, chain_after};
use techo_protocol::chunk::{Envelope, Padding};
use techo_protocol::keys::sha256;

use super::household::{Household, RECORD, WAITING};
use super::{Refusal, SyncError};
use crate::ports::{Random, random_bytes};
use crate::vault::{DocumentName, RecordKind, Writer};

/// How the records of lines begin.
pub(super) const LINE: &[u8] = b"line/";

/// A chunk that is part of a document as it is now.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) device: u8,
    pub(super) number: u64,
    /// The chain hash that it bears, and that the next one of its device bears.
    pub(super) chain: ByteArray<32>,
    pub(super) after: ByteArray<32>,
    pub(super) at_relay: bool,
    /// As it was sealed.
    pub(super) chunk: ByteBuf,
}

impl Held {
    pub(super) fn identity(&self) -> Identity {
        Identity {
            device: self.device,
            number: self.number,
        }
    }

    pub(super) fn chunk_id(&self) -> Option<[u8; 16]> {
        Envelope::read(&self.chunk).ok().map(|envelope| envelope.chunk_id)
    }
}

/// One document, or the device list.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) generation: u64,
    #[serde(with = "serde_bytes")]
    pub(super) key: [u8; 32],
    /// The vault's own count of writings anew: another one means that this device has written it anew.
    pub(super) vault_generation: u64,
    /// A snapshot is to be sent.
    pub(super) due: bool,
    /// Chunks that the snapshot to be sent takes the place of.
    pub(super) absorbed: Vec<(u8, u64)>,
    pub(super) held: Vec<Held>,
    /// Chunks at the relay whose content is in `held` by now.
    pub(super) removable: Vec<ByteArray<16>>,
}

impl Line {
    pub(super) fn new(generation: u64, key: [u8; 32]) -> Self {
        Self {
            generation,
            key,
            vault_generation: 0,
            due: false,
            absorbed: Vec::new(),
            held: Vec::new(),
            removable: Vec::new(),
        }
    }

    pub(super) fn key(&self) -> GenerationKey {
        GenerationKey(self.key)
    }

    pub(super) fn lineage(&self) -> Lineage {
        Lineage {
            generation: self.generation,
            tag: self.key().tag(),
        }
    }

    /// Lets go of all chunks: what they held is to be in the next snapshot, or in another lineage.
    pub(super) fn absorb_all(&mut self) {
        let all = std::mem::take(&mut self.held);
        self.let_go(&all);
    }

    /// Lets go of one device's chunks.
    pub(super) fn absorb(&mut self, device: u8) {
        let (its, others) = std::mem::take(&mut self.held)
            .into_iter()
            .partition::<Vec<_>, _>(|held| held.device == device);
        self.held = others;
        self.let_go(&its);
    }

    fn let_go(&mut self, chunks: &[Held]) {
        self.absorbed.extend(chunks.iter().map(|held| (held.device, held.number)));
        self.removable
            .extend(chunks.iter().filter_map(Held::chunk_id).map(ByteArray::new));
    }
}

/// All that the engine keeps.
pub(super) struct State {
    pub(super) household: Household,
    pub(super) lines: BTreeMap<Subject, Line>,
    /// Chunks that cannot be taken in before others.
    pub(super) waiting: Vec<ByteBuf>,
    /// A key was dropped: what it sealed must not be opened any more.
    pub(super) forget: bool,
    stored: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl State {
    pub(super) fn new(household: Household) -> Self {
        let mut state = Self {
            household,
            lines: BTreeMap::new(),
            waiting: Vec::new(),
            forget: false,
            stored: BTreeMap::new(),
        };
        state.members_changed();
        state
    }

    pub(super) fn load(writer: &Writer<'_>) -> Result<Self, SyncError> {
        let stored: BTreeMap<Vec<u8>, Vec<u8>> = writer.reader().records(RecordKind::Sync)?.into_iter().collect();
        let household = stored.get(RECORD).ok_or(Refusal::None)?;
        let mut state = Self {
            household: from_cbor(household)?,
            lines: BTreeMap::new(),
            waiting: stored
                .get(WAITING)
                .map(|bytes| from_cbor(bytes))
                .transpose()?
                .unwrap_or_default(),
            forget: false,
            stored: BTreeMap::new(),
        };
        for (name, bytes) in &stored {
            if let Some(subject) = name.strip_prefix(LINE) {
                state
                    .lines
                    .insert(subject_of(subject).ok_or(Refusal::Damaged)?, from_cbor(bytes)?);
            }
        }
        state.stored = stored;
        Ok(state)
    }

    pub(super) fn store(self, writer: &mut Writer<'_>) -> Result<(), SyncError> {
        let mut new = BTreeMap::from([
            (RECORD.to_vec(), to_cbor(&self.household)),
            (WAITING.to_vec(), to_cbor(&self.waiting)),
        ]);
        for (subject, line) in &self.lines {
            new.insert([LINE, &name_of(*subject)].concat(), to_cbor(line));
        }
        if self.forget {
            // Deleting one gives all others a new key, so that nothing of the old ones can be opened.
            writer.put_record(RecordKind::Sync, b"forgotten", &[])?;
            writer.delete_record(RecordKind::Sync, b"forgotten")?;
        }
        for name in self.stored.keys().filter(|name| !new.contains_key(*name)) {
            writer.delete_record(RecordKind::Sync, name)?;
        }
        for (name, bytes) in new.iter().filter(|(name, bytes)| self.stored.get(*name) != Some(*bytes)) {
            writer.put_record(RecordKind::Sync, name, bytes)?;
        }
        Ok(())
    }

    /// The device list is to be sent. Its key comes from the epoch's: who is in the household may read it.
    pub(super) fn members_changed(&mut self) {
        let key = sha256(&[b"techo device list key v1".as_slice(), &self.household.epoch_key].concat());
        self.lines.entry(Subject::Members).or_insert_with(|| Line::new(0, key)).due = true;
    }

    /// Signs and seals one body of this device, and holds it.
    pub(super) fn emit(&mut self, subject: Subject, kind: Kind, plain: &[u8], random: &dyn Random) -> Result<(), SyncError> {
        let household = &mut self.household;
        let line = self.lines.get_mut(&subject).ok_or(Refusal::Damaged)?;
        let padding = match kind {
            Kind::Change => Padding::Cells,
            Kind::Snapshot(_) => Padding::PowerOfTwo,
        };
        let number = household.number.saturating_add(1);
        let identity = Identity {
            device: household.index,
            number,
        };
        let mut body = Body {
            identity,
            chain: household.chain,
            subject,
            lineage: line.lineage(),
            kind,
            vector: Vec::new(),
            payload: Vec::new(),
        };
        body.seal(household.stream, &line.key(), plain, random)?;
        let signed = body.write(household.stream, &household.signer())?;
        let envelope = Envelope {
            stream: household.stream.0,
            chunk_id: random_bytes(random)?,
            epoch: household.epoch,
        };
        let chunk = envelope.seal(&signed, padding, &household.epoch_key(), random)?;
        let after = chain_after(&signed);
        line.held.push(Held {
            device: identity.device,
            number,
            chain: ByteArray::new(household.chain),
            after: ByteArray::new(after),
            at_relay: false,
            chunk: ByteBuf::from(chunk),
        });
        household.number = number;
        household.chain = after;
        Ok(())
    }
}

/// The document of a subject; `None` for the device list.
pub(super) fn document_of(subject: Subject) -> Option<DocumentName> {
    match subject {
        Subject::Members => None,
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

fn name_of(subject: Subject) -> Vec<u8> {
    match subject {
        Subject::Members => b"m".to_vec(),
        Subject::Settings => b"s".to_vec(),
        Subject::Week(week) => [&b"w"[..], &week.to_be_bytes()].concat(),
        Subject::Person(id) => [&b"p"[..], &id].concat(),
    }
}

fn subject_of(name: &[u8]) -> Option<Subject> {
    match name.split_first()? {
        (b'm', []) => Some(Subject::Members),
        (b's', []) => Some(Subject::Settings),
        (b'w', week) => Some(Subject::Week(u32::from_be_bytes(week.try_into().ok()?))),
        (b'p', id) => Some(Subject::Person(id.try_into().ok()?)),
        _ => None,
    }
}

pub(super) fn to_cbor(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).expect("writing to memory does not fail");
    out
}

fn from_cbor<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, SyncError> {
    ciborium::from_reader(bytes).map_err(|_| Refusal::Damaged.into())
}
