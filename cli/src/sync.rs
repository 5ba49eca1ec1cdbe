//! `techo sync`: bring the household's devices to the same state, through a relay, a file, or directly.

mod account;
mod lan;
mod watch;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use techo_core::device::Synced;
use techo_core::sync::household::RelayFault;

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

fn through_relay(session: &Session, relay: &str) -> Result<Outcome, Failure> {
    let done = device::opened_or_made(session)?.sync_now(Some(relay))?;
    say(session, done)
}

fn through_file(session: &Session, file: &Path) -> Result<Outcome, Failure> {
    let mut device = device::opened_or_made(session)?;
    let held = if file.exists() { Some(input::file(file)?) } else { None };
    let done = device
        .sync_with_file(held.as_deref())
        .map_err(|error| Failure::from(error).about(file.display()))?;
    // A stick that is pulled out has the old file or the new one.
    write_private(file, &done.content)?;
    say(session, done.synced)
}

/// Says what a sync did.
pub fn say(session: &Session, done: Synced) -> Result<Outcome, Failure> {
    let caught = done.relay_fault.map(caught_name);
    let line = json!({
        "received": done.received,
        "sent": done.sent,
        "removed": done.removed,
        "waiting": done.waiting,
        "refused": done.refused,
        "copied": done.copied,
        "refilled": done.refilled,
        "caught": caught,
    });
    session
        .out
        .answer(&line, "sync-done", &[("received", &done.received), ("sent", &done.sent)])?;
    warn_of(session, done);
    if done.refilled {
        session.out.warn("sync-refilled", &[]);
    }
    if let Some(caught) = caught {
        session.out.warn(&format!("sync-{caught}"), &[]);
    }
    Ok(Outcome::Done)
}

fn warn_of(session: &Session, done: Synced) {
    if done.copied > 0 {
        session.out.warn("sync-copied", &[]);
    }
    if done.refused > 0 {
        session.out.warn("sync-refused", &[("count", &done.refused)]);
    }
}

fn caught_name(caught: RelayFault) -> &'static str {
    match caught {
        RelayFault::RolledBack => "rolled-back",
        RelayFault::Withholds => "withholds",
    }
}

fn status(session: &Session) -> Result<Outcome, Failure> {
    let status = device::opened(session)?.sync_status()?;
    let caught = status.relay_fault.map(caught_name);
    let shown = status.relay.clone().unwrap_or_else(|| session.out.texts().plain("never"));
    session.out.answer(
        &json!({
            "devices": status.devices,
            "relay": status.relay,
            "to_send": status.to_send,
            "epoch": status.epoch,
            "wants": status.wants,
            "deleted_still_on": status.deleted_still_on,
            "caught": caught,
            "locked_out": status.is_locked_out,
        }),
        "sync-status",
        &[("devices", &status.devices), ("relay", &shown), ("waiting", &status.to_send)],
    )?;
    if !status.deleted_still_on.is_empty() {
        session
            .out
            .say("sync-still-on", &[("names", &status.deleted_still_on.join(", "))])?;
    }
    if let Some(caught) = caught {
        session.out.warn(&format!("sync-{caught}"), &[]);
    }
    Ok(Outcome::Done)
}
