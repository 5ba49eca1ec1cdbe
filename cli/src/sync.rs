//! `techo sync`: bring the household's devices to the same state, through a relay, a file, or directly.

mod account;
mod http;
pub mod lan;
mod watch;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use techo_core::sync::engine::{self, Report};
use techo_core::sync::exchange::{Exchanged, exchange};
use techo_core::sync::file::{make_file, take_file};
use techo_core::sync::household::{self, Caught, Household};
use techo_core::sync::{HouseholdRefusal, SyncError};
use techo_core::vault::Vault;
use techo_protocol::household::household_file::HouseholdFile;

pub use http::HttpStreams;
pub use lan::LanError;

use crate::file::write_private;
use crate::session::Session;
use crate::{Failure, Outcome, device, input};

/// Bring this household's devices to the same state
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = "Examples:
  techo sync --relay https://relay.example
  techo sync --file stick.techo
  techo sync --lan                                     on both devices, within two minutes
  techo sync --watch                                   until Ctrl-C, at scheduled times
  techo sync status
  techo sync account delete"
)]
pub struct Sync {
    #[command(flatten)]
    way: Way,
    #[command(flatten)]
    lan: lan::Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct Way {
    /// Send and take all there is, now, through this relay. It sees when, and how much
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
    /// Take in what this file holds, and write back what others lack; it is made where it is missing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["relay", "watch"])]
    file: Option<PathBuf>,
    /// Receive at once and send four cells at scheduled times, until stopped: the relay learns from neither when somebody was somewhere.
    /// Without --relay, through the one that was used last
    #[arg(long)]
    watch: bool,
    /// Find this household's devices on this network, and sync with each directly. Others there see that somebody is looking, not who
    #[arg(long, conflicts_with_all = ["relay", "file", "watch"])]
    lan: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// What is still to be sent, and through which relay
    Status,
    /// The household's account at its relay
    #[command(subcommand)]
    Account(account::Account),
}

impl Sync {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match (self.command, self.way) {
            (Some(Command::Status), _) => status(session),
            (Some(Command::Account(account)), _) => account.run(session),
            (None, Way { watch: true, relay, .. }) => watch::run(session, relay),
            (None, Way { relay: Some(relay), .. }) => through_relay(session, &relay),
            (None, Way { file: Some(file), .. }) => through_file(session, &file),
            (None, Way { lan: true, .. }) => lan::run(session, &self.lan),
            // clap asks for one of them.
            (None, _) => Ok(Outcome::Done),
        }
    }
}

/// The household; an error where there is none.
///
/// # Errors
/// `household.none`.
pub fn the_household(vault: &mut Vault) -> Result<Household, Failure> {
    Ok(household::household(vault)?.ok_or(SyncError::from(HouseholdRefusal::None))?)
}

fn through_relay(session: &Session, relay: &str) -> Result<Outcome, Failure> {
    let mut diary = device::open_or_make(session)?;
    let done = exchange(diary.vault(), &HttpStreams::new(relay)?, relay, session.now())?;
    say(session, done)
}

fn through_file(session: &Session, file: &Path) -> Result<Outcome, Failure> {
    let mut diary = device::open_or_make(session)?;
    let mut received = Report::default();
    if file.exists() {
        let held = HouseholdFile::read(&input::file(file)?).map_err(|error| Failure::from(error).about(file.display()))?;
        received = take_file(diary.vault(), &held, session.now()).map_err(|error| Failure::from(error).about(file.display()))?;
    }
    let made = make_file(diary.vault(), session.now())?;
    let sent = made.chunks.len();
    let content = made.write()?;
    // A stick that is pulled out has the old file or the new one.
    write_private(file, &content)?;
    let done = Exchanged {
        received,
        sent,
        ..Exchanged::default()
    };
    say(session, done)
}

/// Says what a conversation did.
pub fn say(session: &Session, done: Exchanged) -> Result<Outcome, Failure> {
    let received = done.received;
    let caught = done.caught.map(caught_name);
    let line = json!({
        "received": received.taken,
        "sent": done.sent,
        "removed": done.removed,
        "waiting": received.waiting,
        "refused": received.refused,
        "copied": received.copied,
        "refilled": done.refilled,
        "caught": caught,
    });
    let (taken, sent) = (received.taken, done.sent);
    session
        .out
        .answer(&line, "sync-done", &[("received", &taken), ("sent", &sent)])?;
    warn_of(session, received);
    if done.refilled {
        session.out.warn("sync-refilled", &[]);
    }
    if let Some(caught) = caught {
        session.out.warn(&format!("sync-{caught}"), &[]);
    }
    Ok(Outcome::Done)
}

fn warn_of(session: &Session, received: Report) {
    if received.copied > 0 {
        session.out.warn("sync-copied", &[]);
    }
    if received.refused > 0 {
        session.out.warn("sync-refused", &[("count", &received.refused)]);
    }
}

fn caught_name(caught: Caught) -> &'static str {
    match caught {
        Caught::RolledBack => "rolled-back",
        Caught::Withholds => "withholds",
    }
}

fn status(session: &Session) -> Result<Outcome, Failure> {
    let mut diary = device::open(session)?;
    let waiting = engine::outgoing(diary.vault(), session.now())?.push.len();
    let household = the_household(diary.vault())?;
    let devices = household.list.devices.len();
    let still: Vec<String> = household.still_holding().iter().map(|device| device.name.clone()).collect();
    let caught = household.caught.map(caught_name);
    let epoch = household.epoch();
    let relay = household.relay.as_ref().map(|relay| relay.address.clone());
    let shown = relay.clone().unwrap_or_else(|| session.out.texts().plain("never"));
    session.out.answer(
        &json!({
            "devices": devices,
            "relay": relay,
            "to_send": waiting,
            "epoch": epoch,
            "wants": household.wants.len(),
            "deleted_still_on": still,
            "caught": caught,
            "locked_out": household.locked_out,
        }),
        "sync-status",
        &[("devices", &devices), ("relay", &shown), ("waiting", &waiting)],
    )?;
    if !still.is_empty() {
        session.out.say("sync-still-on", &[("names", &still.join(", "))])?;
    }
    if let Some(caught) = caught {
        session.out.warn(&format!("sync-{caught}"), &[]);
    }
    Ok(Outcome::Done)
}
