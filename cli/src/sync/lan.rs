//! `techo sync --lan`: find the household's devices on this network, and sync with each without a relay.

use std::net::SocketAddr;

use clap::Args;
use serde_json::json;
use techo_core::device::{DeviceError, Meeting, MeetingOutcome, NearbyRequest, NearbyStep, Synced};

use crate::session::Session;
use crate::{Failure, Outcome, device};

/// How long a device looks for others, in seconds.
const LONGEST_SECONDS: u32 = 120;

/// What goes with `--lan`.
#[derive(Debug, Args)]
pub struct Flags {
    /// How long to look for the others, in seconds
    #[arg(long, requires = "lan", value_name = "SECONDS", default_value_t = LONGEST_SECONDS, value_parser = clap::value_parser!(u32).range(1..=i64::from(LONGEST_SECONDS)))]
    wait: u32,
    /// Listen here and announce nothing; the first line says what to give to --peer. For machines without multicast, and tests
    #[arg(long, requires = "lan", hide = true, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Connect to a device that was started with --listen
    #[arg(long, requires = "lan", hide = true, value_name = "PEER")]
    peer: Vec<String>,
}

pub fn run(session: &Session, flags: &Flags) -> Result<Outcome, Failure> {
    let mut device = device::opened_or_made(session)?;
    let request = NearbyRequest {
        seconds: flags.wait,
        listen: flags.listen,
        invitations: flags.peer.clone(),
    };
    let mut nearby = device.look_nearby(&request)?;
    if flags.listen.is_none() && flags.peer.is_empty() {
        session.out.warn("lan-looking", &[("seconds", &flags.wait)]);
    } else if let Some(invitation) = nearby.invitation() {
        session.out.print(&json!({ "listening": invitation }).to_string())?;
    }
    let mut results = Results::default();
    loop {
        match device.meet(&mut nearby, flags.wait)? {
            NearbyStep::Looking => {}
            NearbyStep::Met { meeting } => results.say(session, meeting)?,
            NearbyStep::Over => return results.outcome(),
        }
    }
}

/// What came of it, a line a device.
#[derive(Default)]
struct Results {
    done: usize,
    failed: Option<DeviceError>,
}

impl Results {
    fn say(&mut self, session: &Session, meeting: Meeting) -> Result<(), Failure> {
        match meeting.outcome {
            MeetingOutcome::Synced { synced } => {
                self.done += 1;
                say_done(session, meeting.id, &meeting.name, synced)
            }
            MeetingOutcome::Failed { error } => {
                let line = json!({ "device": meeting.id, "name": meeting.name, "error": Failure::from(error.clone()).line() });
                let message = session.out.texts().message(&error);
                session
                    .out
                    .answer(&line, "lan-failed", &[("name", &meeting.name), ("message", &message)])?;
                self.failed = Some(error);
                Ok(())
            }
        }
    }

    fn outcome(self) -> Result<Outcome, Failure> {
        match (self.done, self.failed) {
            (0, Some(error)) => Err(error.into()),
            (_, None) => Ok(Outcome::Done),
            (_, Some(_)) => Ok(Outcome::No),
        }
    }
}

fn say_done(session: &Session, device: u8, name: &str, synced: Synced) -> Result<(), Failure> {
    let line = json!({
        "device": device,
        "name": name,
        "received": synced.received,
        "sent": synced.sent,
        "waiting": synced.waiting,
        "refused": synced.refused,
        "copied": synced.copied,
    });
    session.out.answer(
        &line,
        "lan-done",
        &[("name", &name), ("received", &synced.received), ("sent", &synced.sent)],
    )?;
    super::warn_of(session, synced);
    Ok(())
}
