//! The blind relay: it hands out signed public files, the same bytes for everybody, and carries sealed diaries that it cannot open.
//!
//! Rooms, and who may call whom:
//!
//! ```text
//! server     sockets, limits on connections, shutdown          -> http
//! http       requests to answers; no rule of the protocol      -> segments, manifests, trust, dropbox, sync, rendezvous
//! segments   what an authority publishes                       -> store
//! manifests                                                    -> store
//! trust      which keys an authority signs with                -> store
//! dropbox    sealed diaries, in and out                        -> store
//! sync       households' sealed chunks, in and out             -> store
//! rendezvous pairing mailboxes                                 -> sync (who waits for what)
//! store      bytes at rest: SQLite, PostgreSQL or a plain folder
//! ```
//!
//! It needs no login: a valid signature of an authority that it was told of and a higher number are the permission, or that of the one key by
//! which it knows a household. It never judges times,
//! and it keeps no address: not in its store, not in its log.

mod background;
mod blocking;
mod config;
mod dropbox;
mod error;
mod http;
mod limits;
pub mod log;
mod manifests;
mod metrics;
mod rendezvous;
mod segments;
mod server;
mod signals;
pub mod store;
mod sync;
mod trust;

pub use background::Background;
pub use config::{Config, Limits};
pub use error::{Refusal, RelayError, SyncError};
pub use server::Relay;
pub use signals::termination;
pub use techo_protocol::basics::clock::{Clock, RunningClock, SystemClock};
