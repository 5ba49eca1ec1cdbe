//! Taking chunks in, from a relay, a file or another device. The order of checks: envelope, commitment, seal, device list, signature, sequence,
//! then what the body holds.

mod lineage;
mod report;
mod witness;

use std::collections::BTreeMap;

use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::household::body::{Identity, Lineage, Subject, UnverifiedBody, chain_after};
use techo_protocol::household::chunk::Envelope;

use super::SyncError;
use super::beginning::start_over;
use super::document_log::{LogEntry, Waiting};
use super::rules::Rules;
use super::state::State;
use crate::documents::Document;
use crate::vault::{DocumentName, Writer};

pub use report::Report;

/// Most chunks that wait for others.
const MOST_WAITING: usize = 4_096;

/// Where chunks came from, and when.
#[derive(Debug, Clone, Copy)]
pub struct ChunkSource {
    /// Whether the relay gave them.
    pub from_relay: bool,
    /// The time in Unix seconds.
    pub now: i64,
    /// [`Rules::default`] everywhere but in the simulation.
    pub rules: Rules,
}

impl ChunkSource {
    /// From the relay, at `now`.
    pub fn relay(now: i64) -> Self {
        Self {
            from_relay: true,
            now,
            rules: Rules::default(),
        }
    }

    /// From a file or from another device, at `now`.
    pub fn direct(now: i64) -> Self {
        Self {
            from_relay: false,
            ..Self::relay(now)
        }
    }
}

enum Taken {
    In,
    Known,
    /// To be looked at again, and what could be read of it.
    Later(Option<Identity>, Option<(Subject, Lineage)>),
    Refused,
    Copied,
    /// This device's own name, and not its own writing.
    Impostor,
}

impl State {
    /// Takes chunks in, in any order. What cannot be taken in yet is kept for later.
    pub(super) fn take_in(
        &mut self,
        chunks: &[Vec<u8>],
        source: ChunkSource,
        writer: &mut Writer<'_>,
    ) -> Result<Report, SyncError> {
        self.notice(writer)?;
        let mut intake = Intake {
            state: self,
            writer,
            documents: BTreeMap::new(),
            from_relay: false,
            source,
        };
        let mut report = Report::default();
        let mut open: Vec<ByteBuf> = std::mem::take(&mut intake.state.waiting)
            .into_iter()
            .map(|waiting| waiting.chunk)
            .collect();
        for chunk in chunks {
            if !open.iter().any(|other| **other == **chunk) {
                open.push(ByteBuf::from(chunk.clone()));
            }
        }
        loop {
            let mut later = Vec::new();
            let before = open.len();
            for chunk in open {
                // One that has waited may have come another way.
                intake.from_relay = source.from_relay && chunks.iter().any(|other| **other == **chunk);
                let taken = intake.take(&chunk)?;
                if matches!(taken, Taken::Known | Taken::Refused | Taken::Copied) {
                    intake.pass(&chunk);
                }
                match taken {
                    Taken::In => report.taken += 1,
                    Taken::Known => report.known += 1,
                    Taken::Refused => report.refused += 1,
                    Taken::Copied => report.copied += 1,
                    Taken::Later(identity, lineage) => later.push(Waiting {
                        identity: identity.map(|identity| (identity.device, identity.number)),
                        lineage: lineage.map(|(subject, lineage)| (subject, lineage.generation, ByteArray::new(lineage.tag))),
                        chunk,
                    }),
                    Taken::Impostor => {
                        report.begun_anew = true;
                        return intake.begin_anew(report);
                    }
                }
            }
            if later.len() == before || later.is_empty() {
                report.waiting = later.len();
                later.truncate(MOST_WAITING);
                intake.state.waiting = later;
                break;
            }
            open = later.into_iter().map(|waiting| waiting.chunk).collect();
        }
        intake.finish()?;
        Ok(report)
    }
}

struct Intake<'c, 'w> {
    state: &'c mut State,
    writer: &'c mut Writer<'w>,
    documents: BTreeMap<DocumentName, Document>,
    from_relay: bool,
    source: ChunkSource,
}

impl Intake<'_, '_> {
    fn take(&mut self, chunk: &[u8]) -> Result<Taken, SyncError> {
        let household = &self.state.household;
        let Some(envelope) = Envelope::read(chunk)
            .ok()
            .filter(|envelope| envelope.stream == household.stream.0)
        else {
            return Ok(Taken::Refused);
        };
        let Some(key) = household.key_of(envelope.epoch) else {
            // Of a later epoch, whose record is still to come; or of one whose key is destroyed.
            let is_later = envelope.epoch > household.epoch();
            return Ok(if is_later { Taken::Later(None, None) } else { Taken::Refused });
        };
        let Ok((_, signed)) = Envelope::open(chunk, &key) else {
            return Ok(Taken::Refused);
        };
        if signed.is_empty() {
            self.sweep(envelope.chunk_id);
            return Ok(Taken::Known);
        }
        let Ok(unverified) = UnverifiedBody::read(&signed) else {
            return Ok(Taken::Refused);
        };
        let identity = unverified.identity();
        let Some(author) = self.state.household.author(identity.device, identity.number) else {
            // The record that lists it may come later. One that was removed is refused beyond its last.
            let was_removed = self
                .state
                .household
                .list
                .removed
                .iter()
                .any(|removed| removed.index == identity.device);
            return Ok(if was_removed {
                Taken::Refused
            } else {
                Taken::Later(None, None)
            });
        };
        let Ok(body) = unverified.verify(self.state.household.stream, &author) else {
            return Ok(Taken::Refused);
        };
        let after = chain_after(&signed);
        let is_foreign = identity.device == self.state.household.index && !self.is_mine(&body, &after);
        if is_foreign || self.is_behind_itself(&body) {
            return Ok(Taken::Impostor);
        }
        self.witness(&body, envelope.epoch);
        match self.sequence(&body, &after, chunk) {
            Some(Taken::Copied) if identity.device == self.state.household.index => return Ok(Taken::Impostor),
            Some(known) => return Ok(known),
            None => {}
        }
        if self.is_let_go(envelope.chunk_id) {
            self.heard(&body, after);
            return Ok(Taken::Known);
        }
        let entry = LogEntry {
            device: identity.device,
            number: identity.number,
            chain: ByteArray::new(body.chain),
            after: ByteArray::new(after),
            at_relay: self.from_relay,
            spent: false,
            chunk: ByteBuf::from(chunk.to_vec()),
        };
        let taken = self.apply(&body, entry)?;
        if matches!(taken, Taken::In | Taken::Known) {
            self.heard(&body, after);
        }
        Ok(taken)
    }

    /// Whether this device has let go of the chunk already, and will have it removed.
    fn is_let_go(&self, chunk_id: [u8; 16]) -> bool {
        let removable = self.state.logs.values().flat_map(|log| &log.removable);
        removable
            .chain(&self.state.household.at_relay.sweep)
            .any(|id| **id == chunk_id)
    }

    /// The relay has shown a chunk of which nothing is kept.
    fn pass(&mut self, chunk: &[u8]) {
        if let (true, Ok(envelope)) = (self.from_relay, Envelope::read(chunk)) {
            self.state.household.was_passed(envelope.chunk_id);
        }
    }

    /// A chunk with nothing in it: removed with the next swap.
    fn sweep(&mut self, chunk_id: [u8; 16]) {
        let id = ByteArray::new(chunk_id);
        if self.from_relay && !self.state.household.at_relay.sweep.contains(&id) {
            self.state.household.at_relay.sweep.push(id);
        }
    }

    /// A chunk at the relay that nothing needs any more.
    fn drop_held(&mut self, entry: &LogEntry) {
        self.state.household.peers.vector.gone(entry.device, entry.number);
        if let Some(id) = entry.chunk_id().filter(|_| entry.at_relay).map(ByteArray::new)
            && !self.state.household.at_relay.sweep.contains(&id)
        {
            self.state.household.at_relay.sweep.push(id);
        }
    }

    fn load(&mut self, name: &DocumentName) -> Result<Option<&mut Document>, SyncError> {
        if !self.documents.contains_key(name)
            && let Some(stored) = self.writer.reader().document(name)?
        {
            self.documents
                .insert(name.clone(), Document::load(stored, self.writer.actor()));
        }
        Ok(self.documents.get_mut(name))
    }

    /// Stores what was taken in. A document that holds something deleted is written anew.
    fn finish(mut self) -> Result<(), SyncError> {
        for (name, document) in &mut self.documents {
            if document.holds_deleted() {
                document.rewrite(self.writer)?;
                continue;
            }
            let is_new = !self.writer.reader().document_names().iter().any(|(there, _)| there == name);
            document.save(self.writer)?;
            if is_new {
                // It came from others: there is nothing of this device's own in it.
                self.writer.nothing_to_send(name)?;
            }
        }
        self.state.notice(self.writer)?;
        self.state.drop_unstored();
        Ok(())
    }

    /// Another writes under this device's name: from now on it is a household of its own. What came is left for after the pairing.
    fn begin_anew(self, report: Report) -> Result<Report, SyncError> {
        start_over(self.state, self.writer, self.source.now)?;
        Ok(report)
    }
}
