//! Devices of one household that sync: by a relay in memory, by a stick, with each other; with faults, and without.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod clocks;
mod direct;
mod epoch_change;
mod faults;
mod forgetting;
mod killed;
mod membership;
mod merging;
mod newer_version;
mod pairing_directly;
mod recovering;
mod schedule;
mod three;
mod vaccine;
