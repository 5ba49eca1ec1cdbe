//! `techo sync`: bring the household's devices to the same state, through a relay or a file.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use techo_core::sync::engine::{self, Report};
use techo_core::sync::exchange::{Exchanged, StreamRelay, exchange};
use techo_core::sync::file::{make_file, take_file};
use techo_core::sync::household::{self, Household};
use techo_core::sync::{Refusal, SyncError};
use techo_core::vault::Vault;
use techo_http::{Http, HttpError};
use techo_protocol::household_file::HouseholdFile;
use techo_protocol::sync_api::{SyncAnswer, SyncRequest, stream_path};

use crate::failure::CliError;
use crate::session::Session;
use crate::{Failure, Outcome, device, input};

/// Largest answer of a relay in bytes: a page, or one chunk that is larger.
const LARGEST_ANSWER: usize = 32 << 20;

/// What a relay says where a device has to get what is new first.
const GET_FIRST: [&str; 4] = [
    "sync.swap_missed",
    "sync.came_since",
    "sync.epoch_behind",
    "sync.record_replaced",
];

/// Bring this household's devices to the same state
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = "Examples:
  techo sync --relay https://relay.example
  techo sync --file stick.techo
  techo sync status"
)]
pub struct Sync {
    #[command(flatten)]
    way: Way,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct Way {
    /// Send and take all there is, now, through this relay. It sees when, and how much
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
    /// Take in what this file holds, and write back what others lack; it is made where it is missing
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// What is still to be sent, and through which relay
    Status,
}

impl Sync {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match (self.command, self.way) {
            (Some(Command::Status), _) => status(session),
            (None, Way { relay: Some(relay), .. }) => through_relay(session, &relay),
            (None, Way { file: Some(file), .. }) => through_file(session, &file),
            // clap asks for one of them.
            (None, _) => Ok(Outcome::Done),
        }
    }
}

/// A relay's streams over HTTPS.
pub struct HttpStreams {
    http: Http,
    address: String,
}

impl HttpStreams {
    /// A client for one command.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(address: &str) -> Result<Self, Failure> {
        Ok(Self {
            http: Http::new()?,
            address: address.to_owned(),
        })
    }
}

impl StreamRelay for HttpStreams {
    type Error = Failure;

    fn call(&self, request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, Failure> {
        match self
            .http
            .post(&self.address, &stream_path(request.stream), signed, LARGEST_ANSWER)
        {
            Ok(answer) => Ok(Some(SyncAnswer::from_bytes(&answer).ok_or(HttpError::AnswerDamaged)?)),
            Err(HttpError::Problem { code, .. }) if GET_FIRST.contains(&code.as_str()) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn the_household(vault: &mut Vault) -> Result<Household, Failure> {
    Ok(household::household(vault)?.ok_or(SyncError::from(Refusal::None))?)
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
    // Beside it first: a stick that is pulled out leaves the old file or the new one.
    let unwritable = |_| Failure::from(CliError::FileUnwritable).about(file.display());
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, content).map_err(unwritable)?;
    std::fs::rename(&beside, file).map_err(unwritable)?;
    let done = Exchanged {
        received,
        sent,
        ..Exchanged::default()
    };
    say(session, done)
}

fn say(session: &Session, done: Exchanged) -> Result<Outcome, Failure> {
    let received = done.received;
    let line = json!({
        "received": received.taken,
        "sent": done.sent,
        "removed": done.removed,
        "waiting": received.waiting,
        "refused": received.refused,
        "copied": received.copied,
    });
    let (taken, sent) = (received.taken, done.sent);
    session
        .out
        .answer(&line, "sync-done", &[("received", &taken), ("sent", &sent)])?;
    if received.copied > 0 {
        session.out.warn("sync-copied", &[]);
    }
    if received.refused > 0 {
        session.out.warn("sync-refused", &[("count", &received.refused)]);
    }
    Ok(Outcome::Done)
}

fn status(session: &Session) -> Result<Outcome, Failure> {
    let mut diary = device::open(session)?;
    let household = the_household(diary.vault())?;
    let waiting = engine::outgoing(diary.vault(), session.now())?.push.len();
    let devices = household.list.devices.len();
    let relay = household.relay.map(|relay| relay.address);
    let shown = relay.clone().unwrap_or_else(|| session.out.texts().plain("never"));
    session.out.answer(
        &json!({ "devices": devices, "relay": relay, "to_send": waiting }),
        "sync-status",
        &[("devices", &devices), ("relay", &shown), ("waiting", &waiting)],
    )?;
    Ok(Outcome::Done)
}
