//! What goes to the relay, and in which step.

use serde_bytes::ByteBuf;
use techo_protocol::household::chunk::{Envelope, Padding, UPLOAD_CELLS, cells_of};
use techo_protocol::household::keyring_record::Recipients;
use techo_protocol::household::sync_api::{Call, ChunkId, MOST_CHUNKS};

use super::{Exchanged, RelaySession, StreamRelay, ask, delete_opening};
use crate::ports::{Random, random_bytes};
use crate::sync::records::NewRecord;
use crate::sync::state::State;
use crate::sync::{HouseholdRefusal, SyncError};

/// Most bytes of chunks in one request.
const MOST_BYTES: usize = 16 << 20;

/// What came of sending.
pub(in crate::sync) enum Sent {
    Nothing,
    Something,
    /// Other devices were faster: what is new has to be pulled first.
    Behind,
}

/// How much is to be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) enum Scope {
    Everything,
    /// What cannot go as cells: records, the keyring, snapshots and what they replace.
    NoCells,
}

impl<R: StreamRelay> RelaySession<'_, R> {
    /// Sends one thing of what is to be sent.
    pub(in crate::sync) fn send(&mut self, scope: Scope) -> Result<Sent, R::Error> {
        let now = self.now;
        let plan = self.write(|state, writer| {
            state.settle(writer, now)?;
            state.plan(scope, now, writer.random())
        })?;
        match plan {
            Plan::Nothing => Ok(Sent::Nothing),
            Plan::Push { chunks } => self.push(&chunks),
            Plan::Install { install, record } => self.install(&install, record.as_deref()),
        }
    }

    /// Adds chunks to those at the relay. They are stored here already: with [`Self::write`], by whoever made them.
    pub(in crate::sync) fn push(&mut self, chunks: &[Vec<u8>]) -> Result<Sent, R::Error> {
        let household = self.household();
        let call = Call::Push {
            epoch: household.epoch(),
            last_swap: household.relay.as_ref().map_or(0, |relay| relay.last_swap),
            chunks: chunks.iter().cloned().map(ByteBuf::from).collect(),
        };
        if ask(self.relay, household, call)?.is_none() {
            return Ok(Sent::Behind);
        }
        self.state.note(|state| state.delivered(chunks, &[]));
        self.done.sent += chunks.len();
        Ok(Sent::Something)
    }

    /// Replaces records and chunks at the relay. A record of this device's own is taken over once the relay has it.
    pub(in crate::sync) fn install(&mut self, install: &Install, new: Option<&NewRecord>) -> Result<Sent, R::Error> {
        let household = self.household();
        let relay = household.relay.as_ref().ok_or(SyncError::from(HouseholdRefusal::NoRelay))?;
        let cursor = relay.cursor;
        let add = install.add.iter().cloned().map(ByteBuf::from).collect();
        let call = if install.records.is_empty() && install.keyring.is_none() {
            Call::Swap {
                epoch: household.epoch(),
                cursor,
                add,
                remove: install.remove.clone(),
            }
        } else {
            Call::Install {
                record: relay.record.map(|mark| mark.number),
                keyring: relay.keyring.map(|mark| mark.number),
                cursor,
                records: install.records.iter().cloned().map(ByteBuf::from).collect(),
                new_keyring: install.keyring.clone().map(ByteBuf::from),
                add,
                remove: install.remove.clone(),
            }
        };
        let Some(answer) = ask(self.relay, household, call)? else {
            // It may be the records that others were faster with.
            self.follow()?;
            return Ok(Sent::Behind);
        };
        let now = self.now;
        let put_in_place = |state: &mut State, random: &dyn Random| {
            if let Some(new) = new {
                let list = new.record.open_list(&new.key)?.list;
                let ends_epoch = new.record.head.epoch != state.household.epoch();
                state.adopt(&new.record, &[], list, &new.key, state.today(now), random)?;
                state.household.due.rekey |= ends_epoch;
            }
            state.household.proposals_fulfilled();
            if let Some(keyring) = &install.keyring {
                state.take_keyring(keyring, true, state.today(now), random)?;
            }
            if let Some(relay) = &mut state.household.relay {
                (relay.record, relay.keyring, relay.last_swap) = (answer.record, answer.keyring, answer.last_swap);
            }
            state.delivered(&install.add, &install.remove);
            Ok(())
        };
        self.write(|state, writer| put_in_place(state, writer.random()))?;
        self.done.sent += install.add.len();
        self.done.removed += usize::from(!install.remove.is_empty());
        Ok(Sent::Something)
    }

    /// All that there is was taken in, and all was sent: old keys are of no more use to anybody but a thief. Answers what was done. With that it is
    /// told what the relay was caught at; until then every session tells it again, for the traces of it are gone once they were seen.
    pub(in crate::sync) fn finish(&mut self) -> Exchanged {
        let former = self.state.note(|state| {
            state.destroy_old_keys(true);
            let address = state.household.relay.as_ref().map(|relay| relay.address.clone());
            let former = state.household.former.clone();
            former.filter(|former| Some(&former.address) == address.as_ref())
        });
        if let Some(former) = former {
            // One that is gone already, or was given another key, is not this device's to delete.
            let _ = delete_opening(self.relay, former.stream, &former.key(), former.opening, 0);
            self.state.note(|state| state.household.former = None);
        }
        if self.done.relay_fault.is_some() {
            self.state.note(|state| state.household.at_relay.unreported_fault = None);
        }
        self.done
    }
}

/// What goes to the relay next.
enum Plan {
    Nothing,
    Push {
        chunks: Vec<Vec<u8>>,
    },
    Install {
        install: Install,
        /// A record that this device takes over once the relay has it.
        record: Option<Box<NewRecord>>,
    },
}

/// What is put in place at the relay, all at once.
pub(in crate::sync) struct Install {
    pub(in crate::sync) records: Vec<Vec<u8>>,
    pub(in crate::sync) keyring: Option<Vec<u8>>,
    pub(in crate::sync) add: Vec<Vec<u8>>,
    pub(in crate::sync) remove: Vec<ChunkId>,
}

impl State {
    fn plan(&self, scope: Scope, now: i64, random: &dyn Random) -> Result<Plan, SyncError> {
        let household = &self.household;
        let relay = household.relay.as_ref().ok_or(HouseholdRefusal::NoRelay)?;
        let above = relay.keyring.map_or(0, |mark| mark.number);
        if relay.record != Some(household.present()?.mark()) {
            let install = Install {
                records: self.records_after(relay.record.map(|mark| mark.number)),
                keyring: Some(self.make_keyring(above, random)?.bytes().to_vec()),
                add: vec![household.filler(random)?],
                remove: Vec::new(),
            };
            return Ok(Plan::Install { install, record: None });
        }
        if let Some(new) = household.due_record(self.today(now), random)? {
            let install = self.install_of(&new, random)?;
            let record = Some(Box::new(new));
            return Ok(Plan::Install { install, record });
        }
        let mut outgoing = self.waiting_for_the_relay();
        if scope == Scope::NoCells {
            outgoing.push.retain(|chunk| cells_of(chunk) > UPLOAD_CELLS);
        }
        let mut batches = batches(outgoing.push);
        let mut remove: Vec<ChunkId> = outgoing.remove.into_iter().take(MOST_CHUNKS).collect();
        while outgoing.swept.is_some_and(|length| remove.len() < length) {
            remove.push(ChunkId(random_bytes(random)?));
        }
        if batches.len() > 1 || (remove.is_empty() && !outgoing.keyring_due) {
            // What is pushed moves the cursor: it is taken in again, and the swap comes with the last batch.
            return Ok(batches
                .into_iter()
                .next()
                .map_or(Plan::Nothing, |chunks| Plan::Push { chunks }));
        }
        let mut add = batches.pop().unwrap_or_default();
        let keyring = if outgoing.keyring_due {
            Some(self.make_keyring(above, random)?.bytes().to_vec())
        } else {
            None
        };
        if add.is_empty() {
            add.push(household.filler(random)?);
        }
        let install = Install {
            records: Vec::new(),
            keyring,
            add,
            remove,
        };
        Ok(Plan::Install { install, record: None })
    }

    /// What puts a new record in place: with it goes a keyring for its devices.
    pub(in crate::sync) fn install_of(&self, new: &NewRecord, random: &dyn Random) -> Result<Install, SyncError> {
        let household = &self.household;
        let above = household
            .relay
            .as_ref()
            .and_then(|relay| relay.keyring)
            .map_or(0, |mark| mark.number);
        let devices = new.record.open_list(&new.key)?.list;
        let to = Recipients {
            devices: &devices,
            recovery: new.record.head.recovery.as_ref(),
        };
        let envelope = Envelope {
            stream: household.stream.0,
            chunk_id: random_bytes(random)?,
            epoch: new.record.head.epoch,
        };
        Ok(Install {
            records: vec![new.record.write()],
            keyring: Some(self.make_keyring_for(&to, above, random)?.bytes().to_vec()),
            add: vec![envelope.seal(&[], Padding::Cells, &new.key, random)?],
            remove: Vec::new(),
        })
    }
}

fn batches(chunks: Vec<Vec<u8>>) -> Vec<Vec<Vec<u8>>> {
    let mut batches: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut bytes = 0;
    for chunk in chunks {
        bytes += chunk.len();
        match batches.last_mut() {
            Some(batch) if bytes <= MOST_BYTES && batch.len() < MOST_CHUNKS => batch.push(chunk),
            _ => {
                bytes = chunk.len();
                batches.push(vec![chunk]);
            }
        }
    }
    batches
}
