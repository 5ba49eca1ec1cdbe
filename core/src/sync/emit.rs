//! What this device says: bodies signed, sealed under the present epoch, and held until everybody has them.

use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::household::body::{Body, Heartbeat, Identity, Kind, MOST_VECTOR_ENTRIES, Subject, chain_after};
use techo_protocol::household::chunk::{Envelope, Padding};

use super::document_log::{DocumentLog, LogEntry, heartbeat_key};
use super::household::Household;
use super::state::State;
use super::{HouseholdRefusal, SyncError};
use crate::ports::{Random, random_bytes};

impl State {
    /// Signs and seals one body of this device about a document, and holds it.
    pub(super) fn emit(&mut self, subject: Subject, kind: Kind, plain: &[u8], random: &dyn Random) -> Result<(), SyncError> {
        let highest = self.highest_seen();
        let log = self.logs.get(&subject).ok_or(HouseholdRefusal::Damaged)?;
        let (lineage, key) = (log.lineage(), log.key());
        let household = &mut self.household;
        let mut body = Body {
            identity: household.next_identity(),
            chain: household.log.chain,
            subject,
            lineage,
            kind,
            vector: household.peers.vector.changed(&highest, MOST_VECTOR_ENTRIES),
            payload: Vec::new(),
        };
        body.seal(household.stream, &key, plain, random)?;
        self.hold(&body, random)
    }

    /// Signs and seals what this device says of itself, in the place of what it said before.
    pub(super) fn emit_heartbeat(&mut self, today: u32, random: &dyn Random) -> Result<(), SyncError> {
        let highest = self.highest_seen();
        let household = &mut self.household;
        if household.due.heartbeat_day != today {
            household.renew_hpke_for_the_day(random)?;
        }
        let key = heartbeat_key();
        let identity = household.next_identity();
        let body = Body {
            identity,
            chain: household.log.chain,
            subject: Subject::Heartbeat,
            lineage: key.lineage(),
            kind: Kind::Heartbeat(Heartbeat {
                hpke: household.own_hpke().first().ok_or(HouseholdRefusal::Damaged)?.public(),
                keyring: household.documents.keyring.number,
                day: today,
            }),
            vector: household.peers.vector.whole(&highest),
            payload: Vec::new(),
        };
        if let Some(own) = household.own.hpke.first_mut() {
            own.said.get_or_insert(identity.number);
        }
        (household.due.heartbeat, household.due.heartbeat_day) = (false, today);
        self.supersede_heartbeats(identity.device, identity.number);
        self.hold(&body, random)
    }

    /// Lets go of a device's heartbeats before `number`; there need be none of them at the relay.
    pub(super) fn supersede_heartbeats(&mut self, device: u8, number: u64) {
        let log = self
            .logs
            .entry(Subject::Heartbeat)
            .or_insert_with(|| DocumentLog::new(&heartbeat_key()));
        log.absorb(|entry| entry.device == device && entry.number < number);
        self.note_gone(Subject::Heartbeat);
    }

    /// What devices said of themselves in earlier epochs is sealed anew under the present one: a device that is let in now could not open it.
    pub(super) fn carry_heartbeats_over(&mut self) {
        let epoch = self.household.epoch();
        let Some(log) = self.logs.get_mut(&Subject::Heartbeat) else {
            return;
        };
        for entry in log.entries.iter_mut().filter(|entry| entry.at_relay) {
            if let Some(old) = entry.envelope().filter(|envelope| envelope.epoch < epoch) {
                entry.at_relay = false;
                log.removable.push(ByteArray::new(old.chunk_id));
            }
        }
    }

    /// Says of what a log has let go that it need not be at the relay any more.
    pub(super) fn note_gone(&mut self, subject: Subject) {
        let Some(log) = self.logs.get_mut(&subject) else { return };
        for (device, number) in &log.absorbed {
            self.household.peers.vector.gone(*device, *number);
        }
        if subject == Subject::Heartbeat {
            log.absorbed.clear();
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
        let log = self.logs.get_mut(&body.subject).ok_or(HouseholdRefusal::Damaged)?;
        log.entries.push(LogEntry {
            device: body.identity.device,
            number: body.identity.number,
            chain: ByteArray::new(household.log.chain),
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
            number: self.log.number.saturating_add(1),
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
