//! The encrypted backup: a file from which a person gets the diary back when the device is lost, whatever happened to it.
//!
//! A copy of `vault.db` is no backup: without the log beside it, the file is an older state (docs/vault.md#the-vault).
//!
//! A backup holds what is alive, without its history: visits, people, settings, vaccine records, tombstones, the trust lists that are followed and
//! this device's settings. It holds **no key of a device, a household or an epoch**, nothing of sync, and no downloaded lists. Whoever
//! restores it has a device of their own, with a new id, keys and actor, and pairs again: two devices that continue one numbering would never
//! agree, and a stolen backup opens nothing at a relay.
//!
//! Restoring merges ([`restore`]): what is here stays, of each entry the value that was written last counts, and what was deleted here stays
//! deleted. What nobody can know any more to have been deleted, because its tombstone is gone by now, is only brought back when a person says so.

mod collect;
mod error;
mod file;
mod restore;

pub use collect::{Collected, write};
pub use error::{BackupError, BackupFailure};
pub use file::{Backup, MOST_BYTES, is_form};
pub use restore::{OldRows, Restored, old_rows, restore};
