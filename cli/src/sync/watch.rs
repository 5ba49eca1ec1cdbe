//! `techo sync --watch`: receiving is live, sending is scheduled.

use std::time::Duration;

use serde_json::json;
use techo_core::device::{ScheduledTurn, TurnKind};

use super::say;
use crate::session::Session;
use crate::{Failure, Outcome, device, time};

/// Runs until it is stopped. A relay that does not answer is asked again later.
pub fn run(session: &Session, relay: Option<String>) -> Result<Outcome, Failure> {
    let mut device = device::opened_to_stay(session)?;
    let mut turn = ScheduledTurn {
        relay,
        next_upload: None,
    };
    loop {
        let taken = device.take_turn(&turn)?;
        match taken.did {
            TurnKind::Began => announce(session, taken.next_upload)?,
            TurnKind::Uploaded { synced } => {
                say(session, synced)?;
                announce(session, taken.next_upload)?;
            }
            TurnKind::Waited { received } if received > 0 => {
                session
                    .out
                    .answer(&json!({ "received": received }), "sync-received", &[("received", &received)])?;
            }
            TurnKind::Waited { .. } | TurnKind::NoAnswer => {}
        }
        turn.next_upload = Some(taken.next_upload);
        std::thread::sleep(Duration::from_secs(taken.pause_seconds.into()));
    }
}

fn announce(session: &Session, next: i64) -> Result<(), Failure> {
    session.out.answer(
        &json!({ "next_upload": time::write(next) }),
        "sync-next-upload",
        &[("time", &time::day_and_time(next, session.out.texts()))],
    )
}
