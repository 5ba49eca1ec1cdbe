//! All that the engine keeps, and how it lies in the vault: the household's record, one record a log, and the chunks that wait.

use std::collections::BTreeMap;

use techo_protocol::household::body::Subject;

use super::cbor::{from_cbor, to_cbor};
use super::document_log::{DocumentLog, Waiting};
use super::household::{Household, RECORD, WAITING, day_of};
use super::today::Today;
use super::{HouseholdRefusal, SyncError};
use crate::confirmed_time::ConfirmedTime;
use crate::vault::{Reader, RecordKind, Vault, Writer};

/// How the names of logs' records begin, since the first release.
pub(super) const LOG: &[u8] = b"line/";

/// The engine's records in the vault, by name.
pub(super) type Stored = BTreeMap<Vec<u8>, Vec<u8>>;

/// Reads the engine's records from the vault.
pub(super) fn stored(reader: &Reader<'_>) -> Result<Stored, SyncError> {
    Ok(reader.records(RecordKind::Sync)?.into_iter().collect())
}

/// All that the engine keeps.
pub(super) struct State {
    pub(super) household: Household,
    pub(super) logs: BTreeMap<Subject, DocumentLog>,
    pub(super) waiting: Vec<Waiting>,
    /// A key was dropped: what it sealed must not be opened any more.
    pub(super) forget: bool,
    /// What is known of the time besides this device's clock.
    pub(super) time: ConfirmedTime,
    /// The day of the confirmed time, once it was said: by it documents are too old for the household.
    pub(super) confirmed_day: u32,
    stored: Stored,
}

impl State {
    pub(super) fn new(household: Household) -> Self {
        Self {
            household,
            logs: BTreeMap::new(),
            waiting: Vec::new(),
            forget: false,
            time: ConfirmedTime::default(),
            confirmed_day: 0,
            stored: BTreeMap::new(),
        }
    }

    /// Puts another household in the place of this one.
    pub(super) fn begin_anew(&mut self, household: Household) {
        self.household = household;
        self.logs.clear();
        self.waiting.clear();
        self.forget = true;
    }

    pub(super) fn load(reader: &Reader<'_>) -> Result<Self, SyncError> {
        Self::from_stored(stored(reader)?, ConfirmedTime::load(reader)?)
    }

    /// Whether these records are the ones that this state was last stored as.
    pub(super) fn was_stored_as(&self, records: &Stored) -> bool {
        self.stored == *records
    }

    pub(super) fn from_stored(stored: Stored, time: ConfirmedTime) -> Result<Self, SyncError> {
        let household = stored.get(RECORD).ok_or(HouseholdRefusal::None)?;
        let mut state = Self {
            time,
            household: Household::from_bytes(household)?,
            logs: BTreeMap::new(),
            waiting: stored
                .get(WAITING)
                .map(|bytes| from_cbor(bytes))
                .transpose()?
                .unwrap_or_default(),
            forget: false,
            confirmed_day: 0,
            stored: BTreeMap::new(),
        };
        for (name, bytes) in &stored {
            if let Some(subject) = name.strip_prefix(LOG) {
                state
                    .logs
                    .insert(subject_of(subject).ok_or(HouseholdRefusal::Damaged)?, from_cbor(bytes)?);
            }
        }
        state.stored = stored;
        Ok(state)
    }

    /// Stores what differs from what is stored.
    pub(super) fn store(&mut self, writer: &mut Writer<'_>) -> Result<(), SyncError> {
        let mut new = BTreeMap::from([
            (RECORD.to_vec(), self.household.to_bytes()),
            (WAITING.to_vec(), to_cbor(&self.waiting)),
        ]);
        for (subject, log) in &self.logs {
            new.insert([LOG, &name_of(*subject)].concat(), to_cbor(log));
        }
        if std::mem::take(&mut self.forget) {
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
        self.stored = new;
        Ok(self.time.store(writer)?)
    }

    /// The day of a time by this device's clock, in Unix seconds.
    pub(super) fn today(&self, now: i64) -> Today {
        Today {
            day: day_of(now),
            confirmed: day_of(self.time.up_to(now)),
            relay: self.time.relay().map(day_of),
        }
    }

    /// How far each device was seen: what it wrote up to there is here, nothing of it waits.
    pub(super) fn highest_seen(&self) -> Vec<(u8, u64)> {
        let waits_from = |device| {
            let its = self.waiting.iter().filter_map(|waiting| waiting.identity);
            its.filter(|(of, _)| *of == device).map(|(_, number)| number).min()
        };
        let heard = self.household.peers.heard.iter().map(|heard| {
            let before = waits_from(heard.device).map_or(u64::MAX, |number| number.saturating_sub(1));
            (heard.device, heard.highest.min(before))
        });
        let mine = (self.household.index, self.household.log.number);
        heard.filter(|(device, _)| *device != mine.0).chain([mine]).collect()
    }
}

/// Changes what the engine keeps, in one transaction.
pub(super) fn change<T>(
    vault: &mut Vault,
    work: impl FnOnce(&mut State, &mut Writer<'_>) -> Result<T, SyncError>,
) -> Result<T, SyncError> {
    vault.write(|writer| {
        let mut state = State::load(&writer.reader())?;
        let done = work(&mut state, writer)?;
        state.store(writer)?;
        Ok(done)
    })
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
