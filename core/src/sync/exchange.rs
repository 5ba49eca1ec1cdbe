//! One session with a relay: take all there is, look whether it is whole, send all there is.

mod check;
mod send;

use serde_bytes::ByteBuf;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::household::epoch_record::EpochRecordError;
use techo_protocol::household::sync_api::{Call, StreamId, SyncAnswer, SyncRequest, relay_key};

pub(super) use send::{Scope, Sent};

use super::engine::Report;
use super::household::{self, Household, RelayFault};
use super::open_state::OpenState;
use super::records::TakenRecords;
use super::rules::Rules;
use super::state::{State, change};
use super::take::ChunkSource;
use super::{HouseholdRefusal, SyncError};
use crate::vault::{Vault, Writer};

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

/// What a session with a relay did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exchanged {
    /// What came in from the relay.
    pub received: Report,
    /// How many chunks were sent.
    pub sent: usize,
    /// How often chunks were removed that others have taken the place of.
    pub removed: usize,
    /// The fault that the relay was caught at.
    pub relay_fault: Option<RelayFault>,
    /// The relay had lost everything, and was filled again.
    pub refilled: bool,
}

/// Opens the account where there is none, takes in all that the relay has, looks whether it is whole, and sends all that it lacks.
///
/// ```
/// use techo_core::sync::exchange::exchange;
/// use techo_testing::{Phone, memory_relay::MemoryRelay};
///
/// let (relay, mut phone) = (MemoryRelay::new(1), Phone::new());
/// phone.add("Bar Yoru", 1);
/// let done = exchange(phone.diary.vault(), &relay, "https://relay.example", phone.now).unwrap();
/// assert!(done.sent > 0 && done.relay_fault.is_none());
/// let again = exchange(phone.diary.vault(), &relay, "https://relay.example", phone.now).unwrap();
/// assert_eq!((again.sent, again.received.taken), (0, 0), "there is nothing new");
/// ```
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
    let session = RelaySession::begin(vault, relay, address, now, rules)?;
    session.run(|session| {
        session.pull()?;
        session.check()?;
        session.send_all()?;
        Ok(session.finish())
    })
}

/// Takes in what came since, and waits for it at most `wait` seconds; nothing is sent. Answers what came.
///
/// ```
/// use techo_core::sync::exchange::receive;
/// use techo_testing::Household;
///
/// let mut home = Household::of(2);
/// home.phones[0].add("Bar Yoru", 1);
/// home.phones[0].sync(&home.relay);
/// let tablet = &mut home.phones[1];
/// let came = receive(tablet.diary.vault(), &home.relay, "relay", 0, tablet.now).unwrap();
/// assert!(came.taken > 0);
/// assert_eq!(tablet.names(), ["Bar Yoru"]);
/// ```
///
/// # Errors
/// As [`exchange`].
pub fn receive<R: StreamRelay>(vault: &mut Vault, relay: &R, address: &str, wait: u32, now: i64) -> Result<Report, R::Error> {
    let session = RelaySession::begin(vault, relay, address, now, Rules::default())?;
    session.run(|session| {
        session.pull_waiting(wait)?;
        Ok(session.done.received)
    })
}

/// Deletes the household's account at the relay: unserved at once, erased after seven days. What is here stays, and another sync would open an
/// account anew.
///
/// ```
/// use techo_core::sync::exchange::delete_account;
/// use techo_testing::{Phone, memory_relay::MemoryRelay};
///
/// let (relay, mut phone) = (MemoryRelay::new(1), Phone::new());
/// phone.add("Bar Yoru", 1);
/// phone.sync(&relay);
/// delete_account(phone.diary.vault(), &relay).unwrap();
/// assert_eq!(relay.accounts(), 0);
/// assert_eq!(phone.names(), ["Bar Yoru"], "what is here stays");
/// ```
///
/// # Errors
/// [`HouseholdRefusal::NoRelay`], or the relay's.
pub fn delete_account<R: StreamRelay>(vault: &mut Vault, relay: &R) -> Result<(), R::Error> {
    let household = the_household(vault)?;
    let known = household.relay.as_ref().ok_or(SyncError::from(HouseholdRefusal::NoRelay))?;
    let key = relay_key(&household.epoch_key());
    delete_opening(relay, household.stream, &key, known.opening, known.cursor)?;
    Ok(change(vault, |state, _| {
        state.household.relay = None;
        for entry in state.logs.values_mut().flat_map(|log| &mut log.entries) {
            entry.at_relay = false;
        }
        Ok(())
    })?)
}

/// Deletes an account as it is now; `cursor` is where it may be.
pub(super) fn delete_opening<R: StreamRelay>(
    relay: &R,
    stream: StreamId,
    key: &SigningKey,
    opening: [u8; 16],
    mut cursor: u64,
) -> Result<(), R::Error> {
    for _ in 0..MOST_TRIES {
        if ask_as(relay, stream, key, Call::Delete { opening, cursor })?.is_some() {
            return Ok(());
        }
        let standing = ask_as(relay, stream, key, Call::Inventory)?;
        cursor = standing.ok_or(SyncError::from(HouseholdRefusal::Behind))?.cursor;
    }
    Err(SyncError::from(HouseholdRefusal::Behind).into())
}

/// Asks for one thing, signed by the household's present key.
///
/// ```
/// use techo_core::sync::exchange::ask;
/// use techo_protocol::household::sync_api::Call;
/// use techo_testing::{Phone, memory_relay::MemoryRelay};
///
/// let (relay, mut phone) = (MemoryRelay::new(1), Phone::new());
/// phone.sync(&relay);
/// let answer = ask(&relay, &phone.household(), Call::Inventory).unwrap().expect("nothing came in between");
/// assert_eq!(answer.ids.len(), 16 * relay.chunks().len());
/// ```
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
    household::household(vault)?.ok_or(HouseholdRefusal::None.into())
}

/// A session under way. What this device says is written before it leaves; what the relay answers is noted, and written with what comes
/// next, or at the end ([`OpenState`]).
pub(super) struct RelaySession<'s, R> {
    vault: &'s mut Vault,
    state: OpenState,
    pub(super) relay: &'s R,
    pub(super) now: i64,
    rules: Rules,
    pub(super) done: Exchanged,
}

impl<'s, R: StreamRelay> RelaySession<'s, R> {
    /// Opens the account, or finds it open; brings this device to the epoch that the relay is at.
    pub(super) fn begin(vault: &'s mut Vault, relay: &'s R, address: &str, now: i64, rules: Rules) -> Result<Self, R::Error> {
        let state = OpenState::load(vault)?;
        let mut session = Self {
            vault,
            state,
            relay,
            now,
            rules,
            done: Exchanged::default(),
        };
        session.household().is_let_in().map_err(SyncError::from)?;
        let opened = if let Some(opened) = session.open()? {
            opened
        } else {
            session.follow()?;
            session.open()?.ok_or(SyncError::from(HouseholdRefusal::Behind))?
        };
        session.note_opened(address, &opened)?;
        Ok(session)
    }

    /// Goes on to the end. However it ends, what was noted until then is stored.
    pub(super) fn run<T>(mut self, rest: impl FnOnce(&mut Self) -> Result<T, R::Error>) -> Result<T, R::Error> {
        let done = rest(&mut self);
        let stored = self.store();
        // What went wrong first is what is told.
        let done = done?;
        stored?;
        Ok(done)
    }

    pub(super) fn household(&self) -> &Household {
        self.state.household()
    }

    pub(super) fn state(&self) -> &State {
        self.state.state()
    }

    /// Sends all that is to be sent, and takes in what comes meanwhile.
    pub(super) fn send_all(&mut self) -> Result<(), R::Error> {
        for _ in 0..MOST_TRIES {
            match self.send(Scope::Everything)? {
                Sent::Nothing => return Ok(()),
                Sent::Something | Sent::Behind => self.pull()?,
            }
        }
        Err(SyncError::from(HouseholdRefusal::Behind).into())
    }

    /// Changes what the engine keeps; it is durable then, and so is all that was noted before.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&mut State, &mut Writer<'_>) -> Result<T, SyncError>,
    ) -> Result<T, SyncError> {
        self.state.write(self.vault, work)
    }

    /// Makes durable what was noted.
    fn store(&mut self) -> Result<(), SyncError> {
        self.write(|_, _| Ok(()))
    }

    fn open(&mut self) -> Result<Option<SyncAnswer>, R::Error> {
        let key = relay_key(&self.household().epoch_key()).public();
        ask(self.relay, self.household(), Call::Open { key })
    }

    /// Takes over the records that came since.
    fn follow(&mut self) -> Result<(), R::Error> {
        let present = self.household().present()?;
        // One more than it needs: where two records were made of one, the common one is there.
        let taken = match self.follow_since(present.head.number.saturating_sub(1))? {
            // A branch that parted further back: with all that the relay has, the common one is found.
            TakenRecords::Refused => self.follow_since(0)?,
            taken => taken,
        };
        match taken {
            TakenRecords::LockedOut => Err(SyncError::from(HouseholdRefusal::LockedOut).into()),
            TakenRecords::Refused => Err(SyncError::from(EpochRecordError::DoesNotFollow).into()),
            _ => Ok(()),
        }
    }

    fn follow_since(&mut self, number: u64) -> Result<TakenRecords, R::Error> {
        let since = Some(number);
        let answer =
            ask(self.relay, self.household(), Call::Records { since })?.ok_or(SyncError::from(HouseholdRefusal::Behind))?;
        let records: Vec<Vec<u8>> = answer.records.into_iter().map(ByteBuf::into_vec).collect();
        let keyring = answer.keyring_record.map(ByteBuf::into_vec);
        let (now, mark) = (self.now, answer.keyring);
        let taken = self.write(|state, writer| {
            let today = state.today(now);
            let taken = state.take_records(&records, true, today, writer.random())?;
            if let (Some(keyring), true) = (&keyring, taken != TakenRecords::LockedOut) {
                state.take_keyring(keyring, true, today, writer.random())?;
                if let Some(relay) = &mut state.household.relay {
                    relay.keyring = mark;
                }
            }
            Ok(taken)
        })?;
        let is_nothing = taken == TakenRecords::Refused && records.is_empty();
        Ok(if is_nothing { TakenRecords::Same } else { taken })
    }

    /// Another relay, or one that was wiped, has nothing of this device's: it gets all. One that counts backwards was set back.
    fn note_opened(&mut self, address: &str, answer: &SyncAnswer) -> Result<(), SyncError> {
        let now = self.now;
        let (refilled, set_back, unreported_fault) = self.state.note(|state| {
            if let Some(time) = answer.time {
                state.time.hear(now, time);
            }
            let known = state.household.relay.take();
            let same = known
                .clone()
                .filter(|relay| relay.address == address && relay.generation == answer.generation);
            let refilled = known.is_some_and(|relay| relay.address == address) && same.is_none();
            let set_back = same.as_ref().is_some_and(|relay| {
                let record = |mark: Option<techo_protocol::household::sync_api::Mark>| mark.map(|mark| mark.number);
                answer.cursor < relay.cursor
                    || answer.last_swap < relay.last_swap
                    || record(answer.record) < record(relay.record)
                    || record(answer.keyring) < record(relay.keyring)
                    || (answer.opening != relay.opening && relay.opening != [0; 16])
            });
            if same.is_none() || set_back {
                for entry in state.logs.values_mut().flat_map(|log| &mut log.entries) {
                    entry.at_relay = false;
                }
            }
            let cursor = same.as_ref().filter(|_| !set_back).map_or(0, |relay| relay.cursor);
            state.household.relay = Some(household::RelayState {
                address: address.to_owned(),
                generation: answer.generation,
                opening: answer.opening,
                cursor,
                last_swap: answer.last_swap,
                swept_at: same.as_ref().map_or(cursor, |relay| relay.swept_at.min(cursor)),
                record: answer.record,
                keyring: same.filter(|_| !set_back).and_then(|relay| relay.keyring),
            });
            if set_back {
                state.household.relay_fault = Some(RelayFault::RolledBack);
                state.household.at_relay.unreported_fault = state.household.relay_fault;
            }
            (refilled, set_back, state.household.at_relay.unreported_fault)
        });
        if set_back {
            // Its traces are gone with this: that it was caught is not to be lost.
            self.store()?;
        }
        self.done.refilled |= refilled;
        self.done.relay_fault = unreported_fault;
        Ok(())
    }

    /// Takes in all pages, and the records that came with them.
    pub(super) fn pull(&mut self) -> Result<(), R::Error> {
        self.pull_waiting(0)
    }

    fn pull_waiting(&mut self, wait: u32) -> Result<(), R::Error> {
        let mut wait = wait;
        loop {
            let household = self.household();
            let cursor = household.relay.as_ref().map_or(0, |relay| relay.cursor);
            let Some(answer) = ask(self.relay, household, Call::Pull { cursor, wait })? else {
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
            // A relay that counts backwards would keep a device here for ever.
            let more = answer.more && answer.cursor > cursor;
            let read_up_to = |state: &mut State| {
                if let Some(relay) = &mut state.household.relay {
                    relay.cursor = relay.cursor.max(answer.cursor);
                    relay.last_swap = answer.last_swap;
                    relay.record = answer.record;
                }
            };
            let chunks: Vec<Vec<u8>> = answer.chunks.into_iter().map(ByteBuf::into_vec).collect();
            // What has waited for a key may be taken in now.
            if !chunks.is_empty() || is_new || is_ahead {
                let source = ChunkSource {
                    rules: self.rules,
                    ..ChunkSource::relay(self.now)
                };
                // One transaction: what was taken in, and that it need not be asked for again.
                let report = self.write(|state, writer| {
                    let report = state.take_in(&chunks, source, writer)?;
                    read_up_to(state);
                    Ok(report)
                })?;
                self.done.received.add(report);
                if report.begun_anew {
                    return Err(SyncError::from(HouseholdRefusal::Copied).into());
                }
            } else {
                self.state.note(read_up_to);
            }
            if !more {
                return Ok(());
            }
        }
    }
}
