//! Sync between a household's devices, without any I/O: the engine takes chunks and gives chunks, and a shell carries them.
//!
//! [`engine::outgoing`] gives what the relay lacks, [`engine::incoming`] takes what came from it or from a file, [`exchange`] is one whole
//! conversation over a port, [`pairing`] lets a device in.
//!
//! **Deletion that deletes is not complete yet.** A deletion travels, every device writes the document anew under a new key and destroys the
//! old one, and the old chunks are removed from the relay by their exact ids. But a document's key travels inside the epoch key's seal, with
//! its snapshot and in the pairing. A relay that kept all bytes it ever saw, *together with* a device's epoch key, opens what was deleted
//! since the household began. The keyring record, sealed to each device alone, and epochs that change take that away; they are the next step.

pub mod engine;
mod error;
pub mod exchange;
mod forget;
pub mod household;
mod line;
pub mod pairing;
mod take;

pub use error::{Refusal, SyncError};

#[cfg(test)]
mod simulation;
