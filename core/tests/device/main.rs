//! The front door, with ports in memory.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod following;
mod warnings;
mod worker;
