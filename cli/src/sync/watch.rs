//! `techo sync --watch`: receiving is live, sending is scheduled.

use serde_json::json;
use techo_core::sync::exchange::receive;
use techo_core::sync::schedule::{next_upload, upload};
use techo_core::sync::{HouseholdRefusal, SyncError};

use super::{HttpStreams, say, the_household};
use crate::session::Session;
use crate::{Failure, Outcome, device, time};

/// How long one request waits for something new, in seconds: less than a client's patience.
const WAIT_SECONDS: u32 = 20;
/// Pause after a relay that does not answer, in seconds.
const PAUSE_SECONDS: u64 = 30;

/// Runs until it is stopped. A relay that does not answer is asked again later.
pub fn run(session: &Session, relay: Option<String>) -> Result<Outcome, Failure> {
    let mut diary = device::open_or_make(session)?;
    let known = the_household(diary.vault())?.relay.map(|relay| relay.address);
    let address = relay.or(known).ok_or(SyncError::from(HouseholdRefusal::NoRelay))?;
    let streams = HttpStreams::new(&address)?;
    let clock = session.running_clock();
    let mut next = next_upload(clock.now(), &session.random)?;
    announce(session, next)?;
    loop {
        let now = clock.now();
        let turn = if now >= next {
            let done = upload(diary.vault(), &streams, &address, now);
            next = next_upload(now, &session.random)?;
            done.and_then(|done| {
                say(session, done)?;
                announce(session, next)
            })
        } else {
            let left = u32::try_from(next - now).unwrap_or(WAIT_SECONDS);
            receive(diary.vault(), &streams, &address, left.min(WAIT_SECONDS), now).and_then(|report| {
                if report.taken > 0 {
                    let taken = report.taken;
                    session
                        .out
                        .answer(&json!({ "received": taken }), "sync-received", &[("received", &taken)])?;
                }
                Ok(())
            })
        };
        match turn {
            Ok(()) => {}
            Err(failure) if failure.is("http.timed_out") || failure.is("http.unreachable") => {
                std::thread::sleep(std::time::Duration::from_secs(PAUSE_SECONDS));
            }
            Err(failure) => return Err(failure),
        }
    }
}

fn announce(session: &Session, next: i64) -> Result<(), Failure> {
    session.out.answer(
        &json!({ "next_upload": time::write(next) }),
        "sync-next-upload",
        &[("time", &time::day_and_time(next, session.out.texts()))],
    )
}
