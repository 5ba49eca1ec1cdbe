//! `techo device`: let another device into the household, and see which ones are in it.

mod mailbox;
mod members;
mod nearby;

use std::io::IsTerminal as _;
use std::net::{SocketAddr, TcpListener};

use clap::Subcommand;
use serde_json::json;
use techo_core::sync::direct::{Talked, VaultHoldings};
use techo_core::sync::exchange::{ask, exchange};
use techo_core::sync::household::{self, NewIdentity};
use techo_core::sync::pairing;
use techo_protocol::basics::qr::Qr;
use techo_protocol::household::direct::Salt;
use techo_protocol::household::pairing::{Confirmed, Joiner, NewDevice, Owner, PairingError, PairingText, network_place};
use techo_protocol::household::sync_api::Call;
use zeroize::Zeroizing;

use self::mailbox::Mailbox;
use self::nearby::Line;
use crate::failure::CliError;
use crate::output::Output;
use crate::profile::Kind;
use crate::session::Session;
use crate::sync::lan::connection::Connection;
use crate::sync::lan::listen_everywhere;
use crate::sync::lan::nearby::MeetError;
use crate::sync::{HttpStreams, LanError, the_household};
use crate::{Failure, Outcome, device, input, question};

/// Share one diary between your devices
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  techo device pair --relay https://relay.example      on the device that has the diary
  techo device pair --lan                              the same without a relay, on one network
  techo device join code.png                           on the new one
  techo device list
  techo device remove 1")]
pub enum Device {
    /// Show a pairing code, and let the device in that answers it
    Pair {
        /// The relay through which the two meet
        #[arg(long, value_name = "URL", required_unless_present = "lan")]
        relay: Option<String>,
        /// Meet on this network, without a relay; the diary goes over at once
        #[arg(long, conflicts_with = "relay")]
        lan: bool,
        /// Listen here, and not on all addresses of this machine
        #[arg(long, requires = "lan", hide = true, value_name = "ADDRESS")]
        listen: Option<SocketAddr>,
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
            Self::Pair { relay: Some(relay), .. } => pair(session, &relay),
            Self::Pair { relay: None, listen, .. } => pair_directly(session, listen),
            Self::Join { input, name } => join(session, &input, &name),
            Self::List => members::list(session),
            Self::Rename { id, name } => members::rename(session, id, &name),
            Self::Remove { id } => members::remove(session, id),
        }
    }
}

/// How the four messages of a pairing go over.
trait Messages {
    fn leave(&mut self, number: u8, message: Vec<u8>) -> Result<(), Failure>;

    /// Waits for a message, two minutes at most for all of them.
    fn take(&mut self, number: u8) -> Result<Vec<u8>, Failure>;
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
    show(session, &text)?;
    let mut mailbox = Mailbox::new(&text)?;
    let (new, confirmed) = confirm(session, owner, &mut mailbox)?;
    // The list is at the relay before the keys go over: no two devices get one place.
    let welcome = pairing::admit(vault, &streams, relay, &new, session.now())?;
    exchange(vault, &streams, relay, session.now())?;
    mailbox.leave(3, confirmed.answer(&welcome))?;
    say_paired(session, &new.name)
}

/// Without a relay: the other device connects to this one, and gets the diary over the same connection.
fn pair_directly(session: &Session, listen: Option<SocketAddr>) -> Result<Outcome, Failure> {
    let mut diary = device::open_or_make(session)?;
    let listener = match listen {
        Some(address) => TcpListener::bind(address).map_err(|_| LanError::NoNetwork)?,
        None => listen_everywhere()?,
    };
    let owner = Owner::new(&network_place(&nearby::addresses(&listener)?), &session.random)?;
    show(session, owner.text())?;
    let mut line = Line::accept(&listener)?;
    let (new, confirmed) = confirm(session, owner, &mut line)?;
    let salt = Salt::new(&session.random)?;
    let welcome = pairing::admit_directly(diary.vault(), &new, &salt, session.now())?;
    line.leave(3, confirmed.answer(&welcome))?;
    let own = the_household(diary.vault())?.agreement();
    let talked = Connection::answer(line.into_stream(), &own, &[new.agreement], &salt, &session.random)
        .and_then(|(_, connection)| connection.talk(false, &mut VaultHoldings::new(diary.vault(), session.now())));
    say_of_the_diary(session, talked);
    say_paired(session, &new.name)
}

fn say_paired(session: &Session, name: &str) -> Result<Outcome, Failure> {
    session
        .out
        .answer(&json!({ "paired": name }), "pairing-done", &[("name", &name)])?;
    Ok(Outcome::Done)
}

/// The two are paired already: that the diary did not come over is no failure of that.
fn say_of_the_diary(session: &Session, talked: Result<Talked, MeetError>) {
    if let Err(error) = talked {
        let why = session.out.texts().message(&error);
        session.out.warn("pairing-diary-later", &[("why", &why)]);
    }
}

fn show(session: &Session, text: &PairingText) -> Result<(), Failure> {
    let written = text.write();
    session
        .out
        .answer(&json!({ "pairing": written }), "pairing-text", &[("text", &written)])?;
    show_qr(&session.out, &written)
}

/// The owner's part, up to the code that the person types.
fn confirm(session: &Session, owner: Owner, messages: &mut impl Messages) -> Result<(NewDevice, Confirmed), Failure> {
    let (committed, nonce) = owner.take_commitment(&messages.take(0)?, &session.random)?;
    messages.leave(1, nonce)?;
    let confirming = committed.take_reveal(&messages.take(2)?)?;
    let new = confirming.device.clone();
    session.out.say("pairing-type-code", &[("name", &new.name)])?;
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).map_err(|_| CliError::FileUnreadable)?;
    Ok((new, confirming.confirm(&typed)?))
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
    if let Some(addresses) = text.addresses() {
        return join_directly(session, text, &identity, &addresses);
    }
    let welcome = answer(session, text, &identity, &mut Mailbox::new(text)?)?;
    // Only now is anything changed here: a pairing that is cut short leaves this device as it was.
    let mut diary = device::open_or_make(session)?;
    let streams = HttpStreams::new(&text.relay)?;
    pairing::join(diary.vault(), &streams, &identity, &welcome, session.now())?;
    session.out.answer(&json!({ "joined": true }), "pairing-joined", &[])?;
    Ok(Outcome::Done)
}

fn join_directly(
    session: &Session,
    text: &PairingText,
    identity: &NewIdentity,
    addresses: &[SocketAddr],
) -> Result<Outcome, Failure> {
    let mut line = Line::connect(addresses)?;
    let welcome = answer(session, text, identity, &mut line)?;
    let mut diary = device::open_or_make(session)?;
    let owner = pairing::join_directly(diary.vault(), identity, &welcome, session.now())?;
    let own = the_household(diary.vault())?.agreement();
    let talked = Connection::call_over(line.into_stream(), &own, &owner.key, &owner.salt, &session.random)
        .and_then(|connection| connection.talk(true, &mut VaultHoldings::new(diary.vault(), session.now())));
    let has_all = talked.is_ok();
    say_of_the_diary(session, talked);
    let said = if has_all {
        "pairing-joined-directly"
    } else {
        "pairing-joined"
    };
    session.out.answer(&json!({ "joined": true }), said, &[])?;
    Ok(Outcome::Done)
}

/// The new device's part, up to the last message.
fn answer(
    session: &Session,
    text: &PairingText,
    identity: &NewIdentity,
    messages: &mut impl Messages,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let (joiner, commitment) = Joiner::new(text, &identity.device, &session.random)?;
    messages.leave(0, commitment)?;
    let (waiting, reveal) = joiner.take_nonce(&messages.take(1)?)?;
    messages.leave(2, reveal)?;
    session.out.answer(
        &json!({ "confirm": waiting.code }),
        "pairing-confirm",
        &[("code", &waiting.code)],
    )?;
    Ok(waiting.take_answer(&messages.take(3)?)?)
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
