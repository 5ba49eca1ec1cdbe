//! One conversation with a relay: take all there is, look whether it is whole, send all there is.

use serde_bytes::ByteBuf;
use techo_protocol::chunk::{Envelope, Padding};
use techo_protocol::epoch_record::EpochRecordError;
use techo_protocol::keyring_record::Recipients;
use techo_protocol::keys::SigningKey;
use techo_protocol::sync_api::{Call, ChunkId, MOST_CHUNKS, StreamId, SyncAnswer, SyncRequest, relay_key};

use super::engine::{self, Report};
use super::household::{self, Caught, Household, day_of};
use super::line::State;
use super::records::{NewRecord, TakenRecords};
use super::rules::Rules;
use super::take::Source;
use super::{Refusal, SyncError};
use crate::ports::random_bytes;
use crate::vault::Vault;

/// Most bytes of chunks in one request.
const MOST_BYTES: usize = 16 << 20;
/// So often others may be faster.
const MOST_TRIES: usize = 16;

/// How a relay is asked.
pub trait StreamRelay {
    /// Why it could not be.
    type Error: From<SyncError>;

    /// Posts a signed request to the household's stream. `None` where the relay wants the device to get what is new first: something came in
    /// between, records were replaced, or the household is at a later epoch.
    ///
    /// # Errors
    /// The relay does not answer, or refuses otherwise.
    fn call(&self, request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, Self::Error>;
}

/// What a conversation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exchanged {
    /// What came in.
    pub received: Report,
    /// Chunks sent.
    pub sent: usize,
    /// Chunks removed that others have taken the place of.
    pub removed: usize,
    /// What the relay was caught at.
    pub caught: Option<Caught>,
    /// The relay had lost everything, and was filled again.
    pub refilled: bool,
}

/// Opens the account where there is none, takes in all that the relay has, looks whether it is whole, and sends all that it lacks.
///
/// # Errors
/// The relay's, or a [`SyncError`]. What was done until then stays.
pub fn exchange<R: StreamRelay>(vault: &mut Vault, relay: &R, address: &str, now: i64) -> Result<Exchanged, R::Error> {
    exchange_by(vault, relay, address, now, Rules::default())
}

/// [`exchange`] by rules of the simulation's.
///
/// # Errors
/// As there.
pub fn exchange_by<R: StreamRelay>(
    vault: &mut Vault,
    relay: &R,
    address: &str,
    now: i64,
    rules: Rules,
) -> Result<Exchanged, R::Error> {
    let mut talk = Talk::begin(vault, relay, address, now, rules)?;
    talk.pull()?;
    talk.check()?;
    for _ in 0..MOST_TRIES {
        match talk.send()? {
            Sent::Nothing => {
                talk.finish()?;
                return Ok(talk.done);
            }
            Sent::Something | Sent::Behind => talk.pull()?,
        }
    }
    Err(SyncError::from(Refusal::Behind).into())
}

/// Takes in what came since, and waits for it at most `wait` seconds; nothing is sent. Answers what came.
///
/// # Errors
/// As [`exchange`].
pub fn receive<R: StreamRelay>(vault: &mut Vault, relay: &R, address: &str, wait: u32, now: i64) -> Result<Report, R::Error> {
    let mut talk = Talk::begin(vault, relay, address, now, Rules::default())?;
    talk.pull_waiting(wait)?;
    Ok(talk.done.received)
}

/// Asks for one thing, signed by the household's present key.
///
/// # Errors
/// The relay's.
pub fn ask<R: StreamRelay>(relay: &R, household: &Household, call: Call) -> Result<Option<SyncAnswer>, R::Error> {
    ask_as(relay, household.stream, &relay_key(&household.epoch_key()), call)
}

/// Asks for one thing of a stream, signed by a key.
///
/// # Errors
/// The relay's.
pub fn ask_as<R: StreamRelay>(relay: &R, stream: StreamId, key: &SigningKey, call: Call) -> Result<Option<SyncAnswer>, R::Error> {
    let request = SyncRequest { stream, call };
    let signed = request.write(key);
    relay.call(&request, signed)
}

pub(super) fn the_household(vault: &mut Vault) -> Result<Household, SyncError> {
    household::household(vault)?.ok_or(Refusal::None.into())
}

pub(super) enum Sent {
    Nothing,
    Something,
    /// Others were faster.
    Behind,
}

/// A conversation under way.
pub(super) struct Talk<'t, R> {
    pub(super) vault: &'t mut Vault,
    pub(super) relay: &'t R,
    pub(super) now: i64,
    rules: Rules,
    pub(super) done: Exchanged,
}

impl<'t, R: StreamRelay> Talk<'t, R> {
    /// Opens the account, or finds it open; brings this device to the epoch that the relay is at.
    pub(super) fn begin(vault: &'t mut Vault, relay: &'t R, address: &str, now: i64, rules: Rules) -> Result<Self, R::Error> {
        let mut talk = Self {
            vault,
            relay,
            now,
            rules,
            done: Exchanged::default(),
        };
        the_household(talk.vault)?.is_let_in().map_err(SyncError::from)?;
        let opened = if let Some(opened) = talk.open()? {
            opened
        } else {
            talk.follow()?;
            talk.open()?.ok_or(SyncError::from(Refusal::Behind))?
        };
        talk.note_opened(address, &opened)?;
        Ok(talk)
    }

    fn open(&mut self) -> Result<Option<SyncAnswer>, R::Error> {
        let household = the_household(self.vault)?;
        let key = relay_key(&household.epoch_key()).public();
        ask(self.relay, &household, Call::Open { key })
    }

    /// Takes over the records that came since.
    fn follow(&mut self) -> Result<(), R::Error> {
        let household = the_household(self.vault)?;
        let present = household.present()?;
        // One more than it needs: where two records were made of one, the common one is there.
        let since = Some(present.head.number.saturating_sub(1));
        let answer = ask(self.relay, &household, Call::Records { since })?.ok_or(SyncError::from(Refusal::Behind))?;
        let records: Vec<Vec<u8>> = answer.records.into_iter().map(ByteBuf::into_vec).collect();
        let keyring = answer.keyring_record.map(ByteBuf::into_vec);
        let (now, mark) = (self.now, answer.keyring);
        let taken = change(self.vault, |state, writer| {
            let today = day_of(now);
            let taken = state.take_records(&records, true, today, writer.random())?;
            if let (Some(keyring), true) = (&keyring, taken != TakenRecords::LockedOut) {
                state.take_keyring(keyring, true, today, writer.random())?;
                if let Some(relay) = &mut state.household.relay {
                    relay.keyring = mark;
                }
            }
            Ok(taken)
        })?;
        match taken {
            TakenRecords::LockedOut => Err(SyncError::from(Refusal::LockedOut).into()),
            TakenRecords::Refused if !records.is_empty() => Err(SyncError::from(EpochRecordError::DoesNotFollow).into()),
            _ => Ok(()),
        }
    }

    /// Another relay, or one that was wiped, has nothing of this device's: it gets all. One that counts backwards was set back.
    fn note_opened(&mut self, address: &str, answer: &SyncAnswer) -> Result<(), SyncError> {
        let (refilled, set_back) = change(self.vault, |state, _| {
            let known = state.household.relay.take();
            let same = known
                .clone()
                .filter(|relay| relay.address == address && relay.generation == answer.generation);
            let refilled = known.is_some_and(|relay| relay.address == address) && same.is_none();
            let set_back = same.as_ref().is_some_and(|relay| {
                let record = |mark: Option<techo_protocol::sync_api::Mark>| mark.map(|mark| mark.number);
                answer.cursor < relay.cursor
                    || answer.last_swap < relay.last_swap
                    || record(answer.record) < record(relay.record)
                    || record(answer.keyring) < record(relay.keyring)
                    || (answer.opening != relay.opening && relay.opening != [0; 16])
            });
            if same.is_none() || set_back {
                for held in state.lines.values_mut().flat_map(|line| &mut line.held) {
                    held.at_relay = false;
                }
            }
            let cursor = same.as_ref().filter(|_| !set_back).map_or(0, |relay| relay.cursor);
            state.household.relay = Some(household::RelayState {
                address: address.to_owned(),
                generation: answer.generation,
                opening: answer.opening,
                cursor,
                last_swap: answer.last_swap,
                record: answer.record,
                keyring: same.filter(|_| !set_back).and_then(|relay| relay.keyring),
            });
            if set_back {
                state.household.caught = Some(Caught::RolledBack);
            }
            Ok((refilled, set_back))
        })?;
        self.done.refilled |= refilled;
        if set_back {
            self.done.caught = Some(Caught::RolledBack);
        }
        Ok(())
    }

    /// Takes in all pages, and the records that came with them.
    pub(super) fn pull(&mut self) -> Result<(), R::Error> {
        self.pull_waiting(0)
    }

    fn pull_waiting(&mut self, wait: u32) -> Result<(), R::Error> {
        let mut wait = wait;
        loop {
            let household = the_household(self.vault)?;
            let cursor = household.relay.as_ref().map_or(0, |relay| relay.cursor);
            let Some(answer) = ask(self.relay, &household, Call::Pull { cursor, wait })? else {
                self.follow()?;
                continue;
            };
            wait = 0;
            let is_ahead = answer.record.is_some_and(|mark| {
                let present = household.present().map(|present| present.mark());
                present.is_ok_and(|present| mark.number >= present.number && mark != present)
            });
            let is_new = answer.keyring.is_some() && answer.keyring != household.relay.as_ref().and_then(|relay| relay.keyring);
            if is_ahead || is_new {
                self.follow()?;
            }
            let chunks: Vec<Vec<u8>> = answer.chunks.into_iter().map(ByteBuf::into_vec).collect();
            // What has waited for a key may be taken in now.
            if !chunks.is_empty() || is_new || is_ahead {
                let source = Source {
                    rules: self.rules,
                    ..Source::relay(self.now)
                };
                let report = engine::incoming(self.vault, &chunks, source)?;
                self.done.received.add(report);
                if report.begun_anew {
                    return Err(SyncError::from(Refusal::Copied).into());
                }
            }
            // A relay that counts backwards would keep a device here for ever.
            let more = answer.more && answer.cursor > cursor;
            change(self.vault, |state, _| {
                if let Some(relay) = &mut state.household.relay {
                    relay.cursor = relay.cursor.max(answer.cursor);
                    relay.last_swap = answer.last_swap;
                    relay.record = answer.record;
                }
                Ok(())
            })?;
            if !more {
                return Ok(());
            }
        }
    }

    /// Looks whether all that this device has seen at the relay is still there, and whether it was shown all that others have seen.
    fn check(&mut self) -> Result<(), R::Error> {
        let (mut lost, all_shown) = self.missing()?;
        let misses = change(self.vault, |state, _| {
            Ok(state.household.vector.misses_something() || state.lacks_a_lineage())
        })?;
        if lost || misses || !all_shown {
            // From the beginning once more: what has come at places that were read before.
            change(self.vault, |state, _| {
                if let Some(relay) = &mut state.household.relay {
                    relay.cursor = 0;
                }
                Ok(())
            })?;
            self.pull()?;
            lost |= self.missing()?.0;
        }
        let caught = self.done.caught;
        self.done.caught = change(self.vault, |state, _| {
            let withholds = state.household.vector.misses_something().then_some(Caught::Withholds);
            let caught = caught.or(lost.then_some(Caught::RolledBack)).or(withholds);
            state.household.caught = caught;
            Ok(caught)
        })?;
        Ok(())
    }

    /// Whether chunks that this device has seen there are gone for no reason; they are to be sent again. And whether it was shown all that are there.
    fn missing(&mut self) -> Result<(bool, bool), R::Error> {
        for _ in 0..MOST_TRIES {
            let household = the_household(self.vault)?;
            let Some(answer) = ask(self.relay, &household, Call::Inventory)? else {
                self.follow()?;
                continue;
            };
            let at = household.relay.as_ref().map(|relay| (relay.cursor, relay.last_swap));
            if at != Some((answer.cursor, answer.last_swap)) {
                self.pull()?;
                continue;
            }
            let there: std::collections::HashSet<&[u8]> = answer.ids.chunks_exact(16).collect();
            return Ok(change(self.vault, |state, _| {
                Ok((state.mark_missing(&there), state.was_shown_all(&there)))
            })?);
        }
        Ok((false, true))
    }

    /// Sends one thing of what is to be sent.
    fn send(&mut self) -> Result<Sent, R::Error> {
        let now = self.now;
        let (plan, household) = change(self.vault, |state, writer| {
            state.settle(writer, now)?;
            Ok((state.plan(now, writer.random())?, state.household.clone()))
        })?;
        match plan {
            Plan::Nothing => Ok(Sent::Nothing),
            Plan::Push { chunks } => self.push(&household, &chunks),
            Plan::Install { install, record } => self.install(&household, &install, record.as_deref()),
        }
    }

    pub(super) fn push(&mut self, household: &Household, chunks: &[Vec<u8>]) -> Result<Sent, R::Error> {
        let call = Call::Push {
            epoch: household.epoch(),
            last_swap: household.relay.as_ref().map_or(0, |relay| relay.last_swap),
            chunks: chunks.iter().cloned().map(ByteBuf::from).collect(),
        };
        if ask(self.relay, household, call)?.is_none() {
            return Ok(Sent::Behind);
        }
        engine::delivered(self.vault, chunks, &[])?;
        self.done.sent += chunks.len();
        Ok(Sent::Something)
    }

    /// Replaces records and chunks at the relay. A record of this device's own is taken over once the relay has it.
    pub(super) fn install(
        &mut self,
        household: &Household,
        install: &Install,
        new: Option<&NewRecord>,
    ) -> Result<Sent, R::Error> {
        let relay = household.relay.as_ref().ok_or(SyncError::from(Refusal::NoRelay))?;
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
        change(self.vault, |state, writer| {
            if let Some(new) = new {
                let list = new.record.open_list(&new.key)?.list;
                let ends_epoch = new.record.head.epoch != state.household.epoch();
                state.adopt(&new.record, &[], list, &new.key, day_of(now), writer.random())?;
                state.household.wants_fulfilled();
                state.household.rekey_due |= ends_epoch;
            }
            if let Some(keyring) = &install.keyring {
                state.take_keyring(keyring, true, day_of(now), writer.random())?;
            }
            if let Some(relay) = &mut state.household.relay {
                (relay.record, relay.keyring, relay.last_swap) = (answer.record, answer.keyring, answer.last_swap);
            }
            Ok(())
        })?;
        engine::delivered(self.vault, &install.add, &install.remove)?;
        self.done.sent += install.add.len();
        self.done.removed += install.remove.len();
        Ok(Sent::Something)
    }

    /// All that there is was taken in, and all was sent: old keys are of no more use to anybody but a thief.
    fn finish(&mut self) -> Result<(), R::Error> {
        let former = change(self.vault, |state, _| {
            state.destroy_old_keys(true);
            let address = state.household.relay.as_ref().map(|relay| relay.address.clone());
            Ok(state
                .household
                .former
                .clone()
                .filter(|former| Some(&former.address) == address.as_ref()))
        })?;
        if let Some(former) = former {
            let opening = former.opening;
            // One that is gone already, or was given another key, is not this device's to delete.
            let _ = ask_as(self.relay, former.stream, &former.key(), Call::Delete { opening });
            change(self.vault, |state, _| {
                state.household.former = None;
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// Changes what the engine keeps, in one transaction.
pub(super) fn change<T>(
    vault: &mut Vault,
    work: impl FnOnce(&mut State, &mut crate::vault::Writer<'_>) -> Result<T, SyncError>,
) -> Result<T, SyncError> {
    vault.write(|writer| {
        let mut state = State::load(writer)?;
        let done = work(&mut state, writer)?;
        state.store(writer)?;
        Ok(done)
    })
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
pub(super) struct Install {
    pub(super) records: Vec<Vec<u8>>,
    pub(super) keyring: Option<Vec<u8>>,
    pub(super) add: Vec<Vec<u8>>,
    pub(super) remove: Vec<ChunkId>,
}

impl State {
    fn plan(&self, now: i64, random: &dyn crate::ports::Random) -> Result<Plan, SyncError> {
        let household = &self.household;
        let relay = household.relay.as_ref().ok_or(Refusal::NoRelay)?;
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
        if let Some(new) = household.due_record(day_of(now), random)? {
            let install = self.install_of(&new, random)?;
            let record = Some(Box::new(new));
            return Ok(Plan::Install { install, record });
        }
        let outgoing = self.waiting_for_the_relay();
        let mut batches = batches(outgoing.push);
        if batches.len() > 1 || (outgoing.remove.is_empty() && !outgoing.keyring_due) {
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
            remove: outgoing.remove.into_iter().take(MOST_CHUNKS).collect(),
        };
        Ok(Plan::Install { install, record: None })
    }

    /// What puts a new record in place: with it goes a keyring for its devices.
    pub(super) fn install_of(&self, new: &NewRecord, random: &dyn crate::ports::Random) -> Result<Install, SyncError> {
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

    /// Whether each of these chunks was shown to this device: a relay that has hidden one for a time is asked for all again.
    fn was_shown_all(&mut self, there: &std::collections::HashSet<&[u8]>) -> bool {
        self.household.passed.retain(|id| there.contains(&id[..]));
        self.household.passed.sort_unstable();
        self.household.passed.dedup();
        let lines = self.lines.values();
        let held = lines.flat_map(|line| line.held.iter().filter_map(super::line::Held::chunk_id));
        let waiting = self.waiting.iter().filter_map(|waiting| Envelope::read(&waiting.chunk).ok());
        let removable = self.lines.values().flat_map(|line| &line.removable);
        let let_go = removable.chain(&self.household.sweep).chain(&self.household.passed);
        let shown: std::collections::HashSet<[u8; 16]> = held
            .chain(waiting.map(|envelope| envelope.chunk_id))
            .chain(let_go.map(|id| id.into_array()))
            .collect();
        there.iter().all(|id| <[u8; 16]>::try_from(*id).is_ok_and(|id| shown.contains(&id)))
    }

    /// Marks the chunks that should be at the relay and are not; answers whether there are any.
    fn mark_missing(&mut self, there: &std::collections::HashSet<&[u8]>) -> bool {
        let mut any = false;
        let subjects: Vec<_> = self.lines.keys().copied().collect();
        for subject in subjects {
            let is_expected = subject == techo_protocol::body::Subject::Heartbeat
                || self.lines.get(&subject).is_some_and(|line| {
                    let lineage = line.lineage();
                    self.is_named(subject, lineage.generation, lineage.tag)
                });
            for held in self.lines.get_mut(&subject).into_iter().flat_map(|line| &mut line.held) {
                let is_there = held.chunk_id().is_some_and(|id| there.contains(&id[..]));
                if held.at_relay && !held.spent && !is_there {
                    held.at_relay = false;
                    any |= is_expected; of {} number {}", held.device, held.number); }
                }
            }
        }
        any
    }

    /// Destroys keys that nothing needs any more, after everything was taken in. `with_relay`: the relay knows the newest.
    pub(super) fn destroy_old_keys(&mut self, with_relay: bool) {
        let line = self.lines.get(&techo_protocol::body::Subject::Heartbeat);
        let household = &self.household;
        let is_known = household.hpke.first().and_then(|own| own.said).is_some_and(|said| {
            let mine = line.into_iter().flat_map(|line| &line.held);
            let at_relay = mine
                .into_iter()
                .any(|held| held.device == household.index && held.number >= said && held.at_relay);
            let others = household.list.devices.iter().filter(|device| device.index != household.index);
            let by_all = others.map(|device| household.peers.iter().find(|peer| peer.device == device.index));
            (with_relay && at_relay)
                || by_all
                    .into_iter()
                    .all(|peer| peer.is_some_and(|peer| peer.seen_of_me >= said))
        });
        if is_known && self.household.hpke.len() > 1 {
            self.household.hpke.truncate(1);
            self.forget = true;
        }
        let oldest = self
            .lines
            .values()
            .flat_map(|line| &line.held)
            .filter_map(super::line::Held::envelope)
            .chain(self.waiting.iter().filter_map(|waiting| Envelope::read(&waiting.chunk).ok()))
            .map(|envelope| envelope.epoch)
            .min();
        let present = self.household.epoch();
        let before = self.household.epoch_keys.len();
        self.household
            .epoch_keys
            .retain(|(epoch, _)| *epoch == present || oldest.is_some_and(|oldest| *epoch >= oldest));
        self.forget |= self.household.epoch_keys.len() != before;
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
