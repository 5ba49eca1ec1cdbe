//! The engine: what is to be sent, what has been delivered, and what all of it is.

use techo_protocol::household::body::{Identity, Kind, Snapshot, Subject};
use techo_protocol::household::chunk::Envelope;
use techo_protocol::household::sync_api::{ChunkId, MOST_CHUNKS};

use super::document_log::{document_of, subject_of_document};
use super::state::{State, change};
use super::today::Today;
use super::{HouseholdRefusal, SyncError};
use crate::documents::Document;
use crate::vault::{Vault, Writer};

pub use super::take::{ChunkSource, Report};

/// So many changes of a document lie one by one; one more, and it is sent as a whole in their place.
const MOST_CHANGES: usize = 64;
/// A document that begins with so few changes is sent change by change: the first visit of a week looks like any other.
const MOST_FIRST_CHANGES: usize = 16;
/// The largest such change in bytes: what two cells hold.
const LARGEST_FIRST_CHANGE: usize = 800;
/// Heartbeats and fillers that nothing needs any more lie at the relay until so many chunks have come.
const CHUNKS_BETWEEN_SWEEPS: u64 = 256;

/// Heartbeats that were there before, at most.
const SWEPT_BEFORE: usize = 64;

/// What the relay is to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Whole chunks that it lacks, own and others', in the order in which they were made; heartbeats last, because they say what was seen.
    pub push: Vec<Vec<u8>>,
    /// Chunks whose content is in others by now: removed in the same step.
    pub remove: Vec<ChunkId>,
    /// Heartbeats and fillers that nothing needs any more are among them; `remove` is made this long with ids that nothing has. It counts what
    /// came to the relay, so that it says nothing of how many of those were fillers.
    pub swept: Option<usize>,
    /// The keyring is not what it should be.
    pub keyring_due: bool,
}

impl Outgoing {
    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is to be sent. The same is given again until [`delivered`] says that it has arrived.
///
/// ```
/// use techo_core::sync::{beginning, engine};
/// use techo_core::vault::Vault;
///
/// # let folder = tempfile::tempdir()?;
/// # let ports = techo_testing::ports();
/// # let mut vault = Vault::open(folder.path(), ports.keys, Box::new(ports.random))?;
/// beginning::ensure(&mut vault, "Aki's phone", techo_testing::NOW)?;
/// let first = engine::outgoing(&mut vault, techo_testing::NOW)?;
/// assert_eq!(first.push.len(), 1, "the day's heartbeat");
/// assert_eq!(engine::outgoing(&mut vault, techo_testing::NOW)?, first, "until it has arrived");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SyncError`]; nothing is changed then.
pub fn outgoing(vault: &mut Vault, now: i64) -> Result<Outgoing, SyncError> {
    change(vault, |state, writer| {
        state.settle(writer, now)?;
        Ok(state.waiting_for_the_relay())
    })
}

/// Says that all of `sent` has arrived at the relay and is durable there.
///
/// ```
/// use techo_core::sync::{beginning, engine};
/// use techo_core::vault::Vault;
///
/// # let folder = tempfile::tempdir()?;
/// # let ports = techo_testing::ports();
/// # let mut vault = Vault::open(folder.path(), ports.keys, Box::new(ports.random))?;
/// beginning::ensure(&mut vault, "Aki's phone", techo_testing::NOW)?;
/// let first = engine::outgoing(&mut vault, techo_testing::NOW)?;
/// engine::delivered(&mut vault, &first.push, &[])?;
/// assert!(engine::outgoing(&mut vault, techo_testing::NOW)?.push.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SyncError`]; it is sent again then.
pub fn delivered(vault: &mut Vault, sent: &[Vec<u8>], removed: &[ChunkId]) -> Result<(), SyncError> {
    change(vault, |state, _| {
        state.delivered(sent, removed);
        Ok(())
    })
}

/// All chunks of the household as it is now, for a file or another device.
///
/// ```
/// use techo_core::sync::engine;
/// use techo_testing::Household;
///
/// let mut home = Household::of(2);
/// home.phones[0].add("Bar Yoru", 1);
/// home.settle();
/// let held = home.phones.iter_mut().map(|phone| {
///     let mut chunks = engine::everything(phone.diary.vault(), phone.now)?;
///     chunks.sort();
///     Ok(chunks)
/// });
/// let held: Vec<_> = held.collect::<Result<_, techo_core::sync::SyncError>>()?;
/// assert_eq!(held[0], held[1], "both hold the same replica");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SyncError`]; nothing is changed then.
pub fn everything(vault: &mut Vault, now: i64) -> Result<Vec<Vec<u8>>, SyncError> {
    change(vault, |state, writer| {
        state.settle(writer, now)?;
        Ok(state.everything())
    })
}

/// Takes chunks in, in any order. What cannot be taken in yet is kept for later.
///
/// ```
/// use techo_core::sync::engine::{self, ChunkSource};
/// use techo_testing::Household;
///
/// let mut home = Household::of(2);
/// home.phones[0].add("Bar Yoru", 1);
/// let chunks = home.phones[0].everything();
/// let tablet = &mut home.phones[1];
/// let report = engine::incoming(tablet.diary.vault(), &chunks, ChunkSource::direct(tablet.now))?;
/// assert_eq!((report.refused, report.waiting), (0, 0));
/// assert_eq!(tablet.names(), ["Bar Yoru"]);
/// let again = engine::incoming(tablet.diary.vault(), &chunks, ChunkSource::direct(tablet.now))?;
/// assert_eq!(again.taken, 0, "all of it is known");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SyncError`]: the vault cannot be written; nothing is changed then. A bad chunk is no error.
pub fn incoming(vault: &mut Vault, chunks: &[Vec<u8>], source: ChunkSource) -> Result<Report, SyncError> {
    change(vault, |state, writer| state.take_in(chunks, source, writer))
}

impl State {
    /// Notes that all of `sent` is at the relay, and that `removed` is not any more.
    pub(super) fn delivered(&mut self, sent: &[Vec<u8>], removed: &[ChunkId]) {
        let gone = |id: &serde_bytes::ByteArray<16>| removed.contains(&ChunkId(**id));
        self.household.at_relay.sweep.retain(|id| !gone(id));
        if let Some(relay) = self.household.relay.as_mut().filter(|_| !removed.is_empty()) {
            relay.swept_at = relay.cursor;
        }
        for log in self.logs.values_mut() {
            log.removable.retain(|id| !gone(id));
            for entry in &mut log.entries {
                let is_sent = !entry.at_relay && sent.iter().any(|chunk| *chunk == *entry.chunk);
                if is_sent {
                    entry.at_relay = true;
                    self.household.peers.vector.met_at_relay(entry.device, entry.number);
                }
            }
        }
    }

    /// All chunks of the household as it is now, in the order of their devices and numbers.
    pub(super) fn everything(&self) -> Vec<Vec<u8>> {
        let mut all: Vec<_> = self.logs.values().flat_map(|log| log.entries.iter()).collect();
        all.sort_by_key(|entry| entry.identity());
        all.into_iter().map(|entry| entry.chunk.to_vec()).collect()
    }

    /// Makes chunks of all that is new, and the keys and the sign of life that are due.
    pub(super) fn settle(&mut self, writer: &mut Writer<'_>, now: i64) -> Result<(), SyncError> {
        let today = self.today(now);
        self.confirmed_day = today.confirmed;
        self.notice(writer)?;
        self.write_anew_what_nobody_takes(writer)?;
        if std::mem::take(&mut self.household.due.rekey) || self.is_left_to_carry_over(today) {
            self.write_all_anew(today, writer)?;
        }
        self.provide_keys(today, writer.random())?;
        self.seal_unsent_anew(&[], writer.random())?;
        seal_what_is_new(self, writer)?;
        if self.household.due.heartbeat || self.household.due.heartbeat_day != today.day {
            self.emit_heartbeat(today.day, writer.random())?;
        }
        Ok(())
    }

    /// Whether chunks at the relay are under an epoch that another has replaced: whoever joins now cannot open them.
    pub(super) fn holds_of_a_replaced_epoch(&self) -> bool {
        let epoch = self.household.epoch();
        let mut entries = self.logs.values().flat_map(|log| &log.entries);
        entries.any(|entry| {
            let is_old = |envelope: Envelope| envelope.epoch < epoch;
            entry.at_relay && !entry.spent && entry.envelope().is_some_and(is_old)
        })
    }

    /// Whether this device is to write anew what a change of the epoch has left under the old key. It is the one that changed it: the relay had the
    /// record, and the answer was lost, so that this device met its own record like another's. Or a day has gone by: the phone that changed it
    /// may lie in the sea, and the tablet does its work.
    fn is_left_to_carry_over(&self, today: Today) -> bool {
        self.holds_of_a_replaced_epoch()
            && (self.household.began_this_epoch()
                || self
                    .household
                    .present()
                    .is_ok_and(|record| today.day > record.head.day.saturating_add(1)))
    }

    /// All documents without their history under new keys, and new ones for those that are not there yet: who was removed knows the old.
    fn write_all_anew(&mut self, today: Today, writer: &mut Writer<'_>) -> Result<(), SyncError> {
        for (name, _) in writer.reader().document_names() {
            if let Some(stored) = writer.reader().document(&name)? {
                Document::load(stored, writer.actor()).rewrite_on(i64::from(today.confirmed), writer)?;
            }
        }
        self.notice(writer)?;
        self.carry_heartbeats_over();
        for known in std::mem::take(&mut self.household.documents.known) {
            let key = super::keyring::new_key(known.subject, known.generation.saturating_add(1), true, writer.random())?;
            self.household.documents.known.push(super::household::KnownKey::of(&key));
        }
        self.forget = true;
        Ok(())
    }

    /// What the relay lacks, and what may be removed there. Heartbeats and fillers alone are not worth a swap until they are many.
    pub(super) fn waiting_for_the_relay(&self) -> Outgoing {
        let mut waiting: Vec<(bool, u8, u64, &[u8])> = Vec::new();
        let mut swept: Vec<ChunkId> = self.household.at_relay.sweep.iter().map(|id| ChunkId(**id)).collect();
        let mut remove = Vec::new();
        for (subject, log) in &self.logs {
            let is_heartbeat = *subject == Subject::Heartbeat;
            let entries = log.entries.iter().filter(|entry| !entry.at_relay && !entry.spent);
            waiting.extend(entries.map(|entry| (is_heartbeat, entry.device, entry.number, entry.chunk.as_slice())));
            let of_log = log.removable.iter().map(|id| ChunkId(**id));
            if is_heartbeat {
                swept.extend(of_log);
            } else {
                remove.extend(of_log);
            }
        }
        let relay = self.household.relay.as_ref();
        let came = relay.map_or(0, |relay| relay.cursor.saturating_sub(relay.swept_at));
        let is_time = came >= CHUNKS_BETWEEN_SWEEPS;
        if !remove.is_empty() || is_time {
            remove.append(&mut swept);
        }
        let swept = is_time.then(|| {
            usize::try_from(came)
                .unwrap_or(usize::MAX)
                .saturating_add(SWEPT_BEFORE)
                .min(MOST_CHUNKS)
        });
        waiting.sort_unstable();
        Outgoing {
            push: waiting.into_iter().map(|(_, _, _, chunk)| chunk.to_vec()).collect(),
            remove,
            swept,
            keyring_due: self.keyring_due(),
        }
    }
}

/// Turns what the diary has written since into chunks: a new lineage and a long tail as a snapshot, else change by change.
fn seal_what_is_new(state: &mut State, writer: &mut Writer<'_>) -> Result<(), SyncError> {
    let outbox = writer.reader().outbox()?;
    for entry in outbox.iter().filter(|entry| entry.change.is_none()) {
        if let Some(log) = state.logs.get_mut(&subject_of_document(&entry.document)) {
            log.due = true;
        }
    }
    for entry in outbox {
        let (subject, Some(number)) = (subject_of_document(&entry.document), entry.change) else {
            continue;
        };
        if state.logs.get(&subject).is_none_or(|log| log.due) {
            continue;
        }
        let change = writer.reader().document(&entry.document)?.and_then(|stored| {
            let last = stored.state.as_ref()?.last;
            let first = last.checked_sub(u64::try_from(stored.changes.len()).ok()?)?.checked_add(1)?;
            let at = usize::try_from(number.checked_sub(first)?).ok()?;
            stored.changes.get(at).filter(|_| stored.damaged.is_empty()).cloned()
        });
        match change {
            Some(change) => {
                state.emit(subject, Kind::Change, &change, writer.random())?;
                writer.sent(entry.place)?;
            }
            // It lies in the snapshot by now.
            None => {
                if let Some(log) = state.logs.get_mut(&subject) {
                    log.due = true;
                }
            }
        }
    }
    let is_long = |entries: &[super::document_log::LogEntry]| entries.len() > MOST_CHANGES;
    let due: Vec<Subject> = state
        .logs
        .iter()
        .filter(|(subject, log)| **subject != Subject::Heartbeat && (log.due || is_long(&log.entries)))
        // What is here becomes part of a higher lineage, whose snapshot is still to come.
        .filter(|(subject, log)| {
            state
                .known_key(**subject)
                .is_none_or(|known| known.lineage() <= log.lineage())
        })
        .map(|(subject, _)| *subject)
        .collect();
    for subject in due {
        send_whole(state, subject, writer)?;
    }
    Ok(())
}

fn send_whole(state: &mut State, subject: Subject, writer: &mut Writer<'_>) -> Result<(), SyncError> {
    let Some(stored) = document_of(subject)
        .map(|name| writer.reader().document(&name))
        .transpose()?
        .flatten()
    else {
        return Ok(());
    };
    let mut document = Document::load(stored, writer.actor());
    // It is written anew first, with the diary's next change.
    if !document.damaged().is_empty() {
        return Ok(());
    }
    writer.nothing_to_send(document.name())?;
    let log = state.logs.get_mut(&subject).ok_or(HouseholdRefusal::Damaged)?;
    log.due = false;
    if log.begins_empty && log.entries.is_empty() && log.absorbed.is_empty() {
        let changes = document.changes();
        if changes.len() <= MOST_FIRST_CHANGES && changes.iter().all(|change| change.len() <= LARGEST_FIRST_CHANGE) {
            for change in changes {
                state.emit(subject, Kind::Change, &change, writer.random())?;
            }
            return Ok(());
        }
    }
    log.absorb_all();
    state.note_gone(subject);
    let log = state.logs.get_mut(&subject).ok_or(HouseholdRefusal::Damaged)?;
    let deletes = std::mem::take(&mut log.deletes);
    let absorbed = std::mem::take(&mut log.absorbed);
    let (plain, heads) = document.whole();
    let snapshot = Snapshot {
        absorbed: absorbed
            .into_iter()
            .map(|(device, number)| Identity { device, number })
            .collect(),
        heads,
    };
    state.emit(subject, Kind::Snapshot(snapshot), &plain, writer.random())?;
    if deletes {
        state.household.log.last_deletion = Some(state.household.log.number);
    }
    Ok(())
}
