//! The relay over real sockets: every rule has a test that fails without it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod authority;
mod client;
mod clocks;
mod diaries;
mod hostile;
mod household;
mod killed;
mod limits;
mod on_postgres;
mod operating;
mod pairing;
mod publishing;
mod records;
mod recovery;
mod serving;
mod setting;
mod several;
mod syncing;
