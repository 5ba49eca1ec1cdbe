//! Scheduled uploads: at jittered times, and each exactly four cells, whatever there is to say (docs/sync.md#scheduled-uploads).
//!
//! A relay that sees when and how much a device sends would otherwise learn when its owner was somewhere. Queued changes, the day's heartbeat and
//! fillers make up the four cells; what does not fit waits for the next turn. Receiving is live: it says nothing of what is sent.
//!
//! What a deletion or a new device brings with it (a record, a keyring, a snapshot) cannot look like a cell. It goes with the next turn, beside
//! the cells, and so do snapshots that tidy up.

use techo_protocol::basics::clock::HOUR_SECONDS;
use techo_protocol::household::chunk::{UPLOAD_CELLS, cells_of};

use super::exchange::{Exchanged, RelaySession, Scope, Sent, StreamRelay};
use super::rules::Rules;
use super::{HouseholdRefusal, SyncError};
use crate::ports::{Random, random_bytes};
use crate::vault::Vault;

/// One upload falls somewhere into each stretch of so many seconds.
pub const STRETCH_SECONDS: i64 = 6 * HOUR_SECONDS;

/// So often others may be faster.
const MOST_TRIES: usize = 8;

/// When the next upload is due, in Unix seconds, for a device whose last was at `last`: at a random time of the next stretch.
///
/// ```
/// use techo_core::ports::SystemRandom;
/// use techo_core::sync::schedule::{STRETCH_SECONDS, next_upload};
///
/// let last = 10 * STRETCH_SECONDS + 5;
/// let next = next_upload(last, &SystemRandom::new())?;
/// assert!((11 * STRETCH_SECONDS..12 * STRETCH_SECONDS).contains(&next), "somewhere in the next stretch");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// No randomness.
pub fn next_upload(last: i64, random: &dyn Random) -> Result<i64, SyncError> {
    let jitter = i64::from(u32::from_be_bytes(random_bytes(random)?)) % STRETCH_SECONDS;
    let next_stretch = (last.div_euclid(STRETCH_SECONDS) + 1).saturating_mul(STRETCH_SECONDS);
    Ok(next_stretch.saturating_add(jitter))
}

/// One scheduled turn: takes in what there is, and sends exactly four cells.
///
/// ```
/// use techo_core::sync::schedule::upload;
/// use techo_testing::{Phone, memory_relay::MemoryRelay};
///
/// let (relay, mut phone) = (MemoryRelay::new(1), Phone::new());
/// phone.sync(&relay);
/// let mut before = relay.chunks().len();
/// for visits in [0, 1] {
///     (0..visits).for_each(|_| drop(phone.add("Bar Yoru", 1)));
///     upload(phone.diary.vault(), &relay, "relay", phone.now).unwrap();
///     assert_eq!(relay.chunks().len() - before, 4, "with a visit or without one");
///     before = relay.chunks().len();
/// }
/// ```
///
/// # Errors
/// The relay's, or a [`SyncError`]. What was not sent waits.
pub fn upload<R: StreamRelay>(vault: &mut Vault, relay: &R, address: &str, now: i64) -> Result<Exchanged, R::Error> {
    let session = RelaySession::begin(vault, relay, address, now, Rules::default())?;
    session.run(uploaded)
}

fn uploaded<R: StreamRelay>(session: &mut RelaySession<'_, R>) -> Result<Exchanged, R::Error> {
    let now = session.now;
    for _ in 0..MOST_TRIES {
        session.pull()?;
        if let Sent::Something | Sent::Behind = session.send(Scope::NoCells)? {
            continue;
        }
        let cells = session.write(|state, writer| {
            state.settle(writer, now)?;
            let mut cells = four_cells(state.waiting_for_the_relay().push);
            while cells.len() < UPLOAD_CELLS && cells.iter().map(|chunk| cells_of(chunk)).sum::<usize>() < UPLOAD_CELLS {
                cells.push(state.household.filler(writer.random())?);
            }
            Ok(cells)
        })?;
        if let Sent::Something = session.push(&cells)? {
            session.pull()?;
            return Ok(session.finish());
        }
    }
    Err(SyncError::from(HouseholdRefusal::Behind).into())
}

/// The first chunks that fit into four cells.
fn four_cells(waiting: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut room = UPLOAD_CELLS;
    let mut taken = Vec::new();
    for chunk in waiting {
        let cells = cells_of(&chunk);
        if cells <= room {
            room -= cells;
            taken.push(chunk);
        }
    }
    taken
}
