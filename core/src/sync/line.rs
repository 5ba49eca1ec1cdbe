//! What the engine keeps of each document: the lineage that it is in, and the chunks that make it up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::household::body::{
    Body, GenerationKey, Heartbeat, Identity, Kind, Lineage, MOST_VECTOR_ENTRIES, Subject, chain_after,
};
use techo_protocol::household::chunk::{Envelope, Padding};
use techo_protocol::household::keyring_record::DocumentKey;

use super::household::{Household, RECORD, WAITING};
use super::{HouseholdRefusal, SyncError};
use crate::ports::{Random, random_bytes};
use crate::vault::{DocumentName, RecordKind, Writer};

/// The vault's count for a document that is not in the vault yet.
pub(super) const UNSTORED: u64 = u64::MAX;

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
    /// A snapshot that cannot be opened yet stands for it: it is neither expected at the relay nor sent there.
    pub(super) spent: bool,
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

/// One document, or the devices' heartbeats.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) generation: u64,
    pub(super) begins_empty: bool,
    #[serde(with = "serde_bytes")]
    pub(super) key: [u8; 32],
    /// The vault's own count of writings anew: another one means that this device has written it anew.
    pub(super) vault_generation: u64,
    /// A snapshot is to be sent.
    pub(super) due: bool,
    /// With the snapshot to be sent, something is deleted.
    pub(super) deletes: bool,
    /// Chunks that the snapshot to be sent takes the place of.
    pub(super) absorbed: Vec<(u8, u64)>,
    pub(super) held: Vec<Held>,
    /// Chunks at the relay whose content is in `held` by now.
    pub(super) removable: Vec<ByteArray<16>>,
}

impl Line {
    pub(super) fn new(key: &DocumentKey) -> Self {
        Self {
            generation: key.generation,
            begins_empty: key.begins_empty,
            key: key.key.0,
            vault_generation: 0,
            due: false,
            deletes: false,
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

    /// Lets go of the chunks of which `is_old` says so.
    pub(super) fn absorb(&mut self, is_old: impl Fn(&Held) -> bool) {
        let (old, rest) = std::mem::take(&mut self.held)
            .into_iter()
            .partition::<Vec<_>, _>(|held| is_old(held));
        self.held = rest;
        self.let_go(&old);
    }

    fn let_go(&mut self, chunks: &[Held]) {
        self.absorbed.extend(chunks.iter().map(|held| (held.device, held.number)));
        self.removable
            .extend(chunks.iter().filter_map(Held::chunk_id).map(ByteArray::new));
    }
}

/// A chunk that cannot be taken in before something else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// Whose it is, where that could be read.
    pub(super) identity: Option<(u8, u64)>,
    /// Of which lineage, where that is above the one that is here.
    #[serde(default)]
    pub(super) lineage: Option<(Subject, u64, ByteArray<8>)>,
    pub(super) chunk: ByteBuf,
}

/// All that the engine keeps.
pub(super) struct State {
    pub(super) household: Household,
    pub(super) lines: BTreeMap<Subject, Line>,
    pub(super) waiting: Vec<Waiting>,
    /// A key was dropped: what it sealed must not be opened any more.
    pub(super) forget: bool,
    /// The Unix day, once it was said: by it documents are too old for the household.
    pub(super) today: u32,
    stored: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl State {
    pub(super) fn new(household: Household) -> Self {
        Self {
            household,
            lines: BTreeMap::new(),
            waiting: Vec::new(),
            forget: false,
            today: 0,
            stored: BTreeMap::new(),
        }
    }

    /// Puts another household in the place of this one.
    pub(super) fn begin_anew(&mut self, household: Household) {
        self.household = household;
        self.lines.clear();
        self.waiting.clear();
        self.forget = true;
    }

    pub(super) fn load(writer: &Writer<'_>) -> Result<Self, SyncError> {
        let stored: BTreeMap<Vec<u8>, Vec<u8>> = writer.reader().records(RecordKind::Sync)?.into_iter().collect();
        let household = stored.get(RECORD).ok_or(HouseholdRefusal::None)?;
        let mut state = Self {
            household: from_cbor(household)?,
            lines: BTreeMap::new(),
            waiting: stored
                .get(WAITING)
                .map(|bytes| from_cbor(bytes))
                .transpose()?
                .unwrap_or_default(),
            forget: false,
            today: 0,
            stored: BTreeMap::new(),
        };
        for (name, bytes) in &stored {
            if let Some(subject) = name.strip_prefix(LINE) {
                state
                    .lines
                    .insert(subject_of(subject).ok_or(HouseholdRefusal::Damaged)?, from_cbor(bytes)?);
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

    /// How far each device was seen: what it wrote up to there is here, nothing of it waits.
    pub(super) fn highest_seen(&self) -> Vec<(u8, u64)> {
        let waits_from = |device| {
            let its = self.waiting.iter().filter_map(|waiting| waiting.identity);
            its.filter(|(of, _)| *of == device).map(|(_, number)| number).min()
        };
        let heard = self.household.heard.iter().map(|heard| {
            let before = waits_from(heard.device).map_or(u64::MAX, |number| number.saturating_sub(1));
            (heard.device, heard.highest.min(before))
        });
        let mine = (self.household.index, self.household.number);
        heard.filter(|(device, _)| *device != mine.0).chain([mine]).collect()
    }

    /// Signs and seals one body of this device about a document, and holds it.
    pub(super) fn emit(&mut self, subject: Subject, kind: Kind, plain: &[u8], random: &dyn Random) -> Result<(), SyncError> {
        let highest = self.highest_seen();
        let line = self.lines.get(&subject).ok_or(HouseholdRefusal::Damaged)?;
        let (lineage, key) = (line.lineage(), line.key());
        let household = &mut self.household;
        let mut body = Body {
            identity: household.next_identity(),
            chain: household.chain,
            subject,
            lineage,
            kind,
            vector: household.vector.changed(&highest, MOST_VECTOR_ENTRIES),
            payload: Vec::new(),
        };
        body.seal(household.stream, &key, plain, random)?;
        self.hold(&body, random)
    }

    /// Signs and seals what this device says of itself, in the place of what it said before.
    pub(super) fn emit_heartbeat(&mut self, today: u32, random: &dyn Random) -> Result<(), SyncError> {
        let highest = self.highest_seen();
        let household = &mut self.household;
        if household.heartbeat_day != today {
            household.renew_hpke_for_the_day(random)?;
        }
        let key = heartbeat_key();
        let identity = household.next_identity();
        let body = Body {
            identity,
            chain: household.chain,
            subject: Subject::Heartbeat,
            lineage: key.lineage(),
            kind: Kind::Heartbeat(Heartbeat {
                hpke: household.own_hpke().first().ok_or(HouseholdRefusal::Damaged)?.public(),
                keyring: household.keyring.number,
                day: today,
            }),
            vector: household.vector.whole(&highest),
            payload: Vec::new(),
        };
        if let Some(own) = household.hpke.first_mut() {
            own.said.get_or_insert(identity.number);
        }
        (household.heartbeat_due, household.heartbeat_day) = (false, today);
        self.supersede_heartbeats(identity.device, identity.number);
        self.hold(&body, random)
    }

    /// Lets go of a device's heartbeats before `number`; there need be none of them at the relay.
    pub(super) fn supersede_heartbeats(&mut self, device: u8, number: u64) {
        let line = self
            .lines
            .entry(Subject::Heartbeat)
            .or_insert_with(|| Line::new(&heartbeat_key()));
        line.absorb(|held| held.device == device && held.number < number);
        self.note_gone(Subject::Heartbeat);
    }

    /// What devices said of themselves in earlier epochs is sealed anew under the present one: a device that is let in now could not open it.
    pub(super) fn carry_heartbeats_over(&mut self) {
        let epoch = self.household.epoch();
        let Some(line) = self.lines.get_mut(&Subject::Heartbeat) else {
            return;
        };
        for held in line.held.iter_mut().filter(|held| held.at_relay) {
            if let Some(old) = held.envelope().filter(|envelope| envelope.epoch < epoch) {
                held.at_relay = false;
                line.removable.push(ByteArray::new(old.chunk_id));
            }
        }
    }

    /// Says of what a line has let go that it need not be at the relay any more.
    pub(super) fn note_gone(&mut self, subject: Subject) {
        let Some(line) = self.lines.get_mut(&subject) else { return };
        for (device, number) in &line.absorbed {
            self.household.vector.gone(*device, *number);
        }
        if subject == Subject::Heartbeat {
            line.absorbed.clear();
        }
    }

    /// Signs a body, seals it under the present epoch, and holds it.
    fn hold(&mut self, body: &Body, random: &dyn Random) -> Result<(), SyncError> {
        let household = &mut self.household;
        let padding = match body.kind {
            Kind::Change | Kind::Heartbeat(_) => Padding::Cells,
            Kind::Snapshot(_) => Padding::PowerOfTwo,
        };
        let signed = body.write(household.stream, &household.signer())?;
        let chunk = household.sealed(&signed, padding, random)?;
        let after = chain_after(&signed);
        let line = self.lines.get_mut(&body.subject).ok_or(HouseholdRefusal::Damaged)?;
        line.held.push(Held {
            device: body.identity.device,
            number: body.identity.number,
            chain: ByteArray::new(household.chain),
            after: ByteArray::new(after),
            at_relay: false,
            spent: false,
            chunk: ByteBuf::from(chunk),
        });
        household.wrote(body.identity.number, after);
        Ok(())
    }
}

impl Household {
    fn next_identity(&self) -> Identity {
        Identity {
            device: self.index,
            number: self.number.saturating_add(1),
        }
    }

    /// Seals content under the present epoch, as a chunk with an id of its own.
    pub(super) fn sealed(&self, content: &[u8], padding: Padding, random: &dyn Random) -> Result<Vec<u8>, SyncError> {
        let envelope = Envelope {
            stream: self.stream.0,
            chunk_id: random_bytes(random)?,
            epoch: self.epoch(),
        };
        Ok(envelope.seal(content, padding, &self.epoch_key(), random)?)
    }

    /// A chunk with nothing in it, which looks like any cell.
    pub(super) fn filler(&self, random: &dyn Random) -> Result<Vec<u8>, SyncError> {
        self.sealed(&[], Padding::Cells, random)
    }
}

/// Heartbeats have no payload; their line has a key all the same.
pub(super) fn heartbeat_key() -> DocumentKey {
    DocumentKey {
        subject: Subject::Heartbeat,
        generation: 0,
        begins_empty: true,
        key: GenerationKey([0; 32]),
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

fn name_of(subject: Subject) -> Vec<u8> {
    match subject {
        Subject::Heartbeat => b"h".to_vec(),
        Subject::Settings => b"s".to_vec(),
        Subject::Week(week) => [&b"w"[..], &week.to_be_bytes()].concat(),
        Subject::Person(id) => [&b"p"[..], &id].concat(),
    }
}

fn subject_of(name: &[u8]) -> Option<Subject> {
    match name.split_first()? {
        (b'h', []) => Some(Subject::Heartbeat),
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
    ciborium::from_reader(bytes).map_err(|_| HouseholdRefusal::Damaged.into())
}
