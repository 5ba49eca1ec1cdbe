//! `techo device`: let another device into the household, and see which ones are in it.

mod members;

use std::io::IsTerminal as _;
use std::net::SocketAddr;

use clap::Subcommand;
use serde_json::json;
use techo_core::device::{DiaryComes, JoinRequest, Joining, JoiningStep, PairingPlace, PairingStep};
use techo_core::diary::Filter;
use techo_core::sync::household;
use techo_protocol::basics::qr::Qr;

use crate::failure::CliError;
use crate::output::Output;
use crate::profile::Kind;
use crate::session::Session;
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
            Self::Pair {
                relay: Some(address), ..
            } => pair(session, &PairingPlace::Relay { address }),
            Self::Pair { relay: None, listen, .. } => pair(session, &PairingPlace::Network { listen }),
            Self::Join { input, name } => join(session, &input, &name),
            Self::List => members::list(session),
            Self::Rename { id, name } => members::rename(session, id, &name),
            Self::Remove { id } => members::remove(session, id),
        }
    }
}

/// How long one wait for the other device takes, in seconds.
const WAIT_SECONDS: u32 = 20;

fn pair(session: &Session, place: &PairingPlace) -> Result<Outcome, Failure> {
    let mut device = device::opened_or_made(session)?;
    let mut pairing = device.begin_pairing(place)?;
    let text = pairing.text();
    session
        .out
        .answer(&json!({ "pairing": text }), "pairing-text", &[("text", &text)])?;
    show_qr(&session.out, &text)?;
    let name = loop {
        if let PairingStep::TypeDigits { name } = pairing.wait(WAIT_SECONDS)? {
            break name;
        }
    };
    session.out.say("pairing-type-code", &[("name", &name)])?;
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).map_err(|_| CliError::FileUnreadable)?;
    let paired = device.confirm_pairing(pairing, &typed)?;
    say_of_the_diary(session, &paired.diary);
    session
        .out
        .answer(&json!({ "paired": paired.name }), "pairing-done", &[("name", &paired.name)])?;
    Ok(Outcome::Done)
}

/// The two are paired already: that the diary did not come over is no failure of that.
fn say_of_the_diary(session: &Session, diary: &DiaryComes) {
    if let DiaryComes::BrokeOff { error } = diary {
        let why = session.out.texts().message(error);
        session.out.warn("pairing-diary-later", &[("why", &why)]);
    }
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
    let request = JoinRequest {
        texts: input::texts(given)?,
        name: name.to_owned(),
    };
    if !may_bring_its_diary(session)? {
        return Ok(Outcome::No);
    }
    let mut joining = Joining::begin(&request, &session.random, device::relay())?;
    let mut is_shown = false;
    loop {
        match joining.wait(WAIT_SECONDS)? {
            JoiningStep::ShowDigits { digits } if !is_shown => {
                is_shown = true;
                session
                    .out
                    .answer(&json!({ "confirm": digits }), "pairing-confirm", &[("code", &digits)])?;
            }
            JoiningStep::Waiting | JoiningStep::ShowDigits { .. } => {}
            JoiningStep::Confirmed => break,
        }
    }
    // Only now is anything changed here: a pairing that is cut short leaves this device as it was.
    let joined = device::opened_or_made(session)?.join(joining)?;
    say_of_the_diary(session, &joined.diary);
    let said = if joined.diary == DiaryComes::WithThePairing {
        "pairing-joined-directly"
    } else {
        "pairing-joined"
    };
    session.out.answer(&json!({ "joined": true }), said, &[])?;
    Ok(Outcome::Done)
}

/// A device that has a diary of its own shares it by joining: at a terminal the person is asked. For scripts it stays, as help says.
fn may_bring_its_diary(session: &Session) -> Result<bool, Failure> {
    if !question::can_ask(session) || session.profile(Kind::Device).is_err() {
        return Ok(true);
    }
    let count = device::opened(session)?.visits(&Filter::default())?.visits.len();
    if count == 0 {
        return Ok(true);
    }
    question::yes(session, "pairing-own-diary", &[("count", &count)])
}
