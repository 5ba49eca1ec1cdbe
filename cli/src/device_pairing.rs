//! `techo device`: let another device into the household, and see which ones are in it.

mod members;

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use clap::Subcommand;
use serde_json::json;
use techo_core::sync::exchange::{ask, exchange};
use techo_core::sync::household::{self, NewIdentity};
use techo_core::sync::pairing;
use techo_http::{Http, HttpError};
use techo_protocol::pairing::{Joiner, Owner, PairingError, PairingText};
use techo_protocol::qr::Qr;
use techo_protocol::sync_api::{Call, LARGEST_MAILBOX_MESSAGE_BYTES, MAILBOX_SECONDS, rendezvous_path};

use crate::failure::CliError;
use crate::output::Output;
use crate::profile::Kind;
use crate::session::Session;
use crate::sync::{HttpStreams, the_household};
use crate::{Failure, Outcome, device, input, question};

/// Share one diary between your devices
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  techo device pair --relay https://relay.example      on the device that has the diary
  techo device join code.png                           on the new one
  techo device list
  techo device remove 1")]
pub enum Device {
    /// Show a pairing code, and let the device in that answers it
    Pair {
        /// The relay through which the two meet
        #[arg(long, value_name = "URL")]
        relay: String,
    },
    /// Join the household of a pairing code. A diary that is here stays, and becomes part of the household's
    Join {
        /// A picture of the code, a file with its text, the text itself, or - for stdin
        input: String,
        /// What this device is called in the list
        #[arg(long, default_value = household::DEFAULT_NAME)]
        name: String,
    },
    /// The devices of the household, and when each was last heard from
    List,
    /// Give a device another name
    Rename {
        /// The device's id, as `device list` shows it
        id: u8,
        /// Its new name
        name: String,
    },
    /// Remove a device: it gets nothing new from then on. What it has, it keeps
    Remove {
        /// The device's id, as `device list` shows it
        id: u8,
    },
}

impl Device {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Pair { relay } => pair(session, &relay),
            Self::Join { input, name } => join(session, &input, &name),
            Self::List => members::list(session),
            Self::Rename { id, name } => members::rename(session, id, &name),
            Self::Remove { id } => members::remove(session, id),
        }
    }
}

/// The mailbox of one pairing.
struct Mailbox<'m> {
    http: Http,
    text: &'m PairingText,
    until: Instant,
}

impl<'m> Mailbox<'m> {
    fn new(text: &'m PairingText) -> Result<Self, Failure> {
        let seconds = u64::try_from(MAILBOX_SECONDS).unwrap_or_default();
        Ok(Self {
            http: Http::new()?,
            text,
            until: Instant::now() + Duration::from_secs(seconds),
        })
    }

    fn leave(&self, number: u8, message: Vec<u8>) -> Result<(), Failure> {
        let path = rendezvous_path(&self.text.mailbox, number);
        Ok(self.http.put(&self.text.relay, &path, message)?)
    }

    /// Waits for a message: the relay holds the request, and answers nothing where it does not come.
    fn take(&self, number: u8) -> Result<Vec<u8>, Failure> {
        let path = rendezvous_path(&self.text.mailbox, number);
        while Instant::now() < self.until {
            match self.http.get(&self.text.relay, &path, LARGEST_MAILBOX_MESSAGE_BYTES) {
                Ok(Some(message)) if !message.is_empty() => return Ok(message),
                Ok(Some(_)) | Err(HttpError::TimedOut) => {}
                // The mailbox is gone.
                Ok(None) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Err(PairingError::TimedOut.into())
    }
}

fn pair(session: &Session, relay: &str) -> Result<Outcome, Failure> {
    let mut diary = device::open_or_make(session)?;
    let streams = HttpStreams::new(relay)?;
    let vault = diary.vault();
    exchange(vault, &streams, relay, session.now())?;
    let owner = Owner::new(relay, &session.random)?;
    let text = owner.text().clone();
    let mailbox = text.mailbox;
    ask(&streams, &the_household(vault)?, Call::OpenMailbox { mailbox })?;
    let written = text.write();
    session
        .out
        .answer(&json!({ "pairing": written }), "pairing-text", &[("text", &written)])?;
    show_qr(&session.out, &written)?;
    let mailbox = Mailbox::new(&text)?;
    let (committed, nonce) = owner.take_commitment(&mailbox.take(0)?, &session.random)?;
    mailbox.leave(1, nonce)?;
    let confirming = committed.take_reveal(&mailbox.take(2)?)?;
    let name = confirming.device.name.clone();
    session.out.say("pairing-type-code", &[("name", &name)])?;
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).map_err(|_| CliError::FileUnreadable)?;
    let new = confirming.device.clone();
    let confirmed = confirming.confirm(&typed)?;
    // The list is at the relay before the keys go over: no two devices get one place.
    let welcome = pairing::admit(vault, &streams, relay, &new, session.now())?;
    exchange(vault, &streams, relay, session.now())?;
    mailbox.leave(3, confirmed.answer(&welcome))?;
    session
        .out
        .answer(&json!({ "paired": name }), "pairing-done", &[("name", &name)])?;
    Ok(Outcome::Done)
}

/// For people at a terminal: two rows of modules a line.
fn show_qr(out: &Output, text: &str) -> Result<(), Failure> {
    if out.is_json() || !std::io::stdout().is_terminal() {
        return Ok(());
    }
    let qr = Qr::of(text)?;
    let margin = 2;
    let side = qr.modules() + 2 * margin;
    let dark = |column: usize, row: usize| column >= margin && row >= margin && qr.is_dark(column - margin, row - margin);
    for row in (0..side).step_by(2) {
        let line: String = (0..side)
            .map(|column| match (dark(column, row), dark(column, row + 1)) {
                (false, false) => '█',
                (false, true) => '▀',
                (true, false) => '▄',
                (true, true) => ' ',
            })
            .collect();
        out.say_line(&line)?;
    }
    Ok(())
}

fn join(session: &Session, given: &str, name: &str) -> Result<Outcome, Failure> {
    let found = input::read(given)?;
    let texts: Vec<PairingText> = found
        .codes
        .iter()
        .filter_map(|code| PairingText::read(&code.text).ok())
        .collect();
    let text = match (&texts[..], found.codes.first()) {
        ([text, ..], _) => text,
        // The reason why the one that is there is none.
        ([], Some(code)) => &PairingText::read(&code.text)?,
        ([], None) => return Err(PairingError::NotAPairing.into()),
    };
    if !may_bring_its_diary(session)? {
        return Ok(Outcome::No);
    }
    let identity = NewIdentity::generate(name, &session.random)?;
    let mailbox = Mailbox::new(text)?;
    let (joiner, commitment) = Joiner::new(text, &identity.device, &session.random)?;
    mailbox.leave(0, commitment)?;
    let (waiting, reveal) = joiner.take_nonce(&mailbox.take(1)?)?;
    mailbox.leave(2, reveal)?;
    session.out.answer(
        &json!({ "confirm": waiting.code }),
        "pairing-confirm",
        &[("code", &waiting.code)],
    )?;
    let welcome = waiting.take_answer(&mailbox.take(3)?)?;
    // Only now is anything changed here: a pairing that is cut short leaves this device as it was.
    let mut diary = device::open_or_make(session)?;
    let streams = HttpStreams::new(&text.relay)?;
    pairing::join(diary.vault(), &streams, &identity, &welcome, session.now())?;
    session.out.answer(&json!({ "joined": true }), "pairing-joined", &[])?;
    Ok(Outcome::Done)
}

/// A device that has a diary of its own shares it by joining: at a terminal the person is asked. For scripts it stays, as help says.
fn may_bring_its_diary(session: &Session) -> Result<bool, Failure> {
    if !question::can_ask(session) || session.profile(Kind::Device).is_err() {
        return Ok(true);
    }
    let count = device::visits(&mut device::open(session)?)?.len();
    if count == 0 {
        return Ok(true);
    }
    question::yes(session, "pairing-own-diary", &[("count", &count)])
}
