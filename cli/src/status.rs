//! `techo status` and `techo reset`: what this profile holds, and destroying it.

use serde_json::json;
use techo_core::device::Device;
use techo_core::exposure::lists::Freshness;
use techo_core::ports::SystemRandom;
use techo_core::vault::key_file::{self, KeyFile};

use crate::exposure::say_age;
use crate::failure::CliError;
use crate::profile::{self, Kind};
use crate::session::Session;
use crate::{Failure, Outcome, device, time};

/// Says what the profile holds and how old its lists are.
pub fn status(session: &Session) -> Result<Outcome, Failure> {
    let status = device::opened(session)?.status()?;
    let lists: Vec<_> = status
        .lists
        .iter()
        .map(|age| {
            let fresh = age.freshness == Freshness::Fresh;
            json!({ "authority": age.authority.to_string(), "name": age.name, "as_of": age.as_of.map(time::write), "fresh": fresh })
        })
        .collect();
    let under_passphrase = session.passphrase().is_some();
    let line = json!({
        "kind": "device",
        "visits": status.visits,
        "keep_days": status.keep_days,
        "alerts": status.alerts,
        "alerts_unseen": status.alerts_unseen,
        "lists": lists,
        "damaged_rows": status.damaged_rows,
        "unfinished_deletion": status.has_unfinished_deletion,
        "passphrase": under_passphrase,
        "note": key_file::ERASURE_NOTE,
    });
    session.out.answer(
        &line,
        "status",
        &[
            ("visits", &status.visits),
            ("days", &status.keep_days),
            ("alerts", &status.alerts),
            ("unseen", &status.alerts_unseen),
        ],
    )?;
    for age in &status.lists {
        say_age(session, age)?;
    }
    if status.has_unfinished_deletion {
        session.out.warn("status-unfinished-deletion", &[]);
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
    // What is under a passphrase that nobody knows, or cannot be opened any more, can still be destroyed.
    let mut keys = KeyFile::new(&folder, None, Box::new(SystemRandom::new()));
    Device::erase(&folder, &mut keys)?;
    profile::remove(&folder).map_err(|_| CliError::FileUnwritable)?;
    session.out.answer(&json!({ "reset": true }), "reset-done", &[])?;
    Ok(Outcome::Done)
}
