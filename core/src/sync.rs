//! Sync between a household's devices, without any I/O: the engine takes chunks and gives chunks, and a shell carries them.
//!
//! ```text
//! household       what this device keeps               records   epoch records: who is in, under which key
//! document_log    a document's lineage and chunks      keyring   the keys of documents
//! take            what comes in                        vector    who has seen what, and what a relay hides
//! engine          what goes out                        forget    deletions that travel
//! exchange        one session with a relay             file      a stick
//! relay_streams   a relay over its port                pairing   letting a device in
//! direct          one session with a device            beginning a household of one's own
//! ```
//!
//! **Two layers of keys.** Every chunk is sealed under the epoch's key, which a change of the device list replaces. Inside, what it says of a
//! document is sealed under that document's own key, which a deletion replaces and which travels in the keyring alone, sealed to each device's
//! newest HPKE key. So a relay that kept all bytes it ever saw opens nothing that was deleted, whatever device it gets hold of later.

pub mod beginning;
mod cbor;
pub mod direct;
mod document_log;
mod emit;
pub mod engine;
mod error;
pub mod exchange;
pub mod file;
mod forget;
pub mod household;
mod keyring;
pub mod nearby;
mod open_state;
pub mod pairing;
pub mod pairing_channel;
mod records;
pub mod recovery;
pub mod relay_streams;
pub mod rules;
pub mod schedule;
pub mod seizure;
mod state;
mod take;
mod today;
mod vector;

pub use error::{HouseholdRefusal, SyncError};
pub use records::TakenRecords;

#[cfg(test)]
mod tests;
