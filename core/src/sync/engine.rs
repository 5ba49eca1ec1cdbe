//! The engine: what is to be sent, what has been delivered, and what all of it is.

use techo_protocol::body::{Kind, Snapshot, Subject};
use techo_protocol::sync_api::ChunkId;

use super::line::{State, document_of, subject_of_document, to_cbor};
use super::{Refusal, SyncError};
use crate::documents::Document;
use crate::vault::{Vault, Writer};

pub use super::take::{Report, incoming};

/// So many changes of a document lie one by one; one more, and it is sent as a whole in their place.
const MOST_CHANGES: usize = 64;

/// What the relay is to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Whole chunks that it lacks, own and others', in the order in which they were made.
    pub push: Vec<Vec<u8>>,
    /// Chunks whose content is in others by now: removed in the same step.
    pub remove: Vec<ChunkId>,
}

/// What is to be sent. The same is given again until [`delivered`] says that it has arrived.
///
/// # Errors
/// [`SyncError`]; nothing is changed then.
pub fn outgoing(vault: &mut Vault) -> Result<Outgoing, SyncError> {
    vault.write(|writer| {
        let mut state = State::load(writer)?;
        seal_what_is_new(&mut state, writer)?;
        let mut waiting: Vec<(u8, u64, Vec<u8>)> = Vec::new();
        let mut remove: Vec<ChunkId> = state.household.removable.iter().map(|id| ChunkId(**id)).collect();
        for line in state.lines.values() {
            let held = line.held.iter().filter(|held| !held.at_relay);
            waiting.extend(held.map(|held| (held.device, held.number, held.chunk.to_vec())));
            remove.extend(line.removable.iter().map(|id| ChunkId(**id)));
        }
        waiting.sort_unstable();
        state.store(writer)?;
        Ok(Outgoing {
            push: waiting.into_iter().map(|(_, _, chunk)| chunk).collect(),
            remove,
        })
    })
}

/// Says that all of `sent` has arrived at the relay and is durable there.
///
/// # Errors
/// [`SyncError`]; it is sent again then.
pub fn delivered(vault: &mut Vault, sent: &Outgoing) -> Result<(), SyncError> {
    vault.write(|writer| {
        let mut state = State::load(writer)?;
        let gone = |id: &serde_bytes::ByteArray<16>| sent.remove.contains(&ChunkId(**id));
        state.household.removable.retain(|id| !gone(id));
        for line in state.lines.values_mut() {
            line.removable.retain(|id| !gone(id));
            for held in &mut line.held {
                held.at_relay |= sent.push.iter().any(|chunk| *chunk == *held.chunk);
            }
        }
        state.store(writer)
    })
}

/// All chunks of the household as it is now, for a file.
///
/// # Errors
/// [`SyncError`]; nothing is changed then.
pub fn everything(vault: &mut Vault) -> Result<Vec<Vec<u8>>, SyncError> {
    vault.write(|writer| {
        let mut state = State::load(writer)?;
        seal_what_is_new(&mut state, writer)?;
        let mut all: Vec<_> = state.lines.values().flat_map(|line| line.held.iter()).collect();
        all.sort_by_key(|held| held.identity());
        let chunks = all.into_iter().map(|held| held.chunk.to_vec()).collect();
        state.store(writer)?;
        Ok(chunks)
    })
}

/// Turns what the diary has written since into chunks: a new lineage and a long tail as a snapshot, else change by change.
fn seal_what_is_new(state: &mut State, writer: &mut Writer<'_>) -> Result<(), SyncError> {
    state.notice(writer)?;
    let outbox = writer.reader().outbox()?;
    for entry in outbox.iter().filter(|entry| entry.change.is_none()) {
        if let Some(line) = state.lines.get_mut(&subject_of_document(&entry.document)) {
            line.due = true;
        }
    }
    for entry in outbox {
        let (subject, Some(number)) = (subject_of_document(&entry.document), entry.change) else {
            continue;
        };
        if state.lines.get(&subject).is_none_or(|line| line.due) {
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
                if let Some(line) = state.lines.get_mut(&subject) {
                    line.due = true;
                }
            }
        }
    }
    let due: Vec<Subject> = state
        .lines
        .iter()
        .filter(|(_, line)| line.due || line.held.len() > MOST_CHANGES)
        .map(|(subject, _)| *subject)
        .collect();
    for subject in due {
        send_whole(state, subject, writer)?;
    }
    Ok(())
}

fn send_whole(state: &mut State, subject: Subject, writer: &mut Writer<'_>) -> Result<(), SyncError> {
    let (plain, heads) = match document_of(subject) {
        None => (to_cbor(&state.household.members), Vec::new()),
        Some(name) => {
            let Some(stored) = writer.reader().document(&name)? else {
                return Ok(());
            };
            let mut document = Document::load(stored, writer.actor());
            // It is written anew first, with the diary's next change.
            if !document.damaged().is_empty() {
                return Ok(());
            }
            writer.nothing_to_send(&name)?;
            document.whole()
        }
    };
    let line = state.lines.get_mut(&subject).ok_or(Refusal::Damaged)?;
    if subject == Subject::Members {
        // Others' lists stay: one of them says who this device is to somebody who does not know it yet.
        line.absorb(state.household.index);
    } else {
        line.absorb_all();
    }
    line.due = false;
    let absorbed = std::mem::take(&mut line.absorbed);
    let snapshot = Snapshot {
        key: Some(line.key()),
        absorbed: absorbed
            .into_iter()
            .map(|(device, number)| techo_protocol::body::Identity { device, number })
            .collect(),
        heads,
    };
    state.emit(subject, Kind::Snapshot(snapshot), &plain, writer.random())
}
