//! `techo status` and `techo reset`: what this profile holds, and destroying it.

use serde_json::json;
use techo_core::exposure::alerts::{self, AlertState};
use techo_core::exposure::lists::{self, Freshness};
use techo_core::vault::{self, StoreError, key_file};
use techo_protocol::Coded as _;

use crate::exposure::say_age;
use crate::failure::CliError;
use crate::profile::{self, Kind};
use crate::session::Session;
use crate::{Failure, Outcome, device, time};

/// Says what the profile holds and how old its lists are.
pub fn status(session: &Session) -> Result<Outcome, Failure> {
    let mut diary = device::open(session)?;
    let listing = diary.list(&techo_core::diary::Filter::default())?;
    let keep = diary.keep_days()?;
    let found = alerts::list(diary.vault(), &listing.visits)?;
    let ages = lists::ages(diary.vault(), session.now())?;
    let unseen = found
        .iter()
        .filter(|alert| matches!(alert.state, AlertState::New | AlertState::Revised))
        .count();
    let lists: Vec<_> = ages
        .iter()
        .map(|age| {
            let fresh = age.freshness == Freshness::Fresh;
            json!({ "authority": age.authority.to_string(), "name": age.name, "as_of": age.as_of.map(time::write), "fresh": fresh })
        })
        .collect();
    let under_passphrase = session.passphrase().is_some();
    let line = json!({
        "kind": "device",
        "visits": listing.visits.len(),
        "keep_days": keep,
        "alerts": found.len(),
        "alerts_unseen": unseen,
        "lists": lists,
        "damaged_rows": listing.damaged.len(),
        "passphrase": under_passphrase,
        "note": key_file::ERASURE_NOTE,
    });
    session.out.answer(
        &line,
        "status",
        &[
            ("visits", &listing.visits.len()),
            ("days", &keep),
            ("alerts", &found.len()),
            ("unseen", &unseen),
        ],
    )?;
    for age in &ages {
        say_age(session, age)?;
    }
    session.out.say(
        if under_passphrase {
            "status-passphrase"
        } else {
            "status-no-passphrase"
        },
        &[],
    )?;
    session.out.say("status-erasure", &[])?;
    Ok(Outcome::Done)
}

/// Destroys the profile of a device: its keys first, then its files.
pub fn reset(session: &Session) -> Result<Outcome, Failure> {
    let folder = session.profile(Kind::Device)?;
    match device::open(session) {
        Ok(diary) => diary.into_vault().destroy()?,
        // Another process is writing: nothing is pulled from under it.
        Err(busy) if busy.is(StoreError::Busy.code()) => return Err(busy),
        // What cannot be opened any more can still be destroyed.
        Err(_) => {
            key_file::destroy(&folder)?;
            vault::remove_files(&folder)?;
        }
    }
    profile::remove(&folder).map_err(|_| CliError::FileUnwritable)?;
    session.out.answer(&json!({ "reset": true }), "reset-done", &[])?;
    Ok(Outcome::Done)
}
