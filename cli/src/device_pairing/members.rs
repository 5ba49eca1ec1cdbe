//! The devices of the household: seeing, naming and removing them.

use serde_json::json;
use techo_core::device::RelayTold;

use crate::session::Session;
use crate::{Failure, Outcome, device, time};

pub fn list(session: &Session) -> Result<Outcome, Failure> {
    for member in device::opened(session)?.devices()? {
        let texts = session.out.texts();
        let shown = member
            .heard
            .map_or_else(|| texts.plain("never"), |heard| time::day(heard, texts));
        session.out.answer(
            &json!({
                "device": member.id,
                "name": member.name,
                "this": member.is_this,
                "heard": member.heard.map(time::iso_day),
                "by_words": member.by_words,
            }),
            if member.is_this { "device-this" } else { "device-other" },
            &[("id", &member.id), ("name", &member.name), ("heard", &shown)],
        )?;
        if member.by_words {
            session.out.say("device-by-words", &[("name", &member.name)])?;
        }
        if member.is_silent {
            session.out.say("device-silent", &[("name", &member.name)])?;
        }
    }
    Ok(Outcome::Done)
}

pub fn rename(session: &Session, id: u8, name: &str) -> Result<Outcome, Failure> {
    let told = device::opened(session)?.rename_device(id, name)?;
    warn_where_untold(session, told);
    session.out.answer(
        &json!({ "device": id, "name": name.trim() }),
        "device-renamed",
        &[("name", &name.trim())],
    )?;
    Ok(Outcome::Done)
}

pub fn remove(session: &Session, id: u8) -> Result<Outcome, Failure> {
    let removed = device::opened(session)?.remove_device(id)?;
    warn_where_untold(session, removed.told);
    session.out.answer(
        &json!({ "removed": id, "done": removed.is_out }),
        if removed.is_out {
            "device-removed"
        } else {
            "device-to-be-removed"
        },
        &[("name", &removed.name)],
    )?;
    session.out.say("device-removed-words", &[])?;
    Ok(Outcome::Done)
}

fn warn_where_untold(session: &Session, told: RelayTold) {
    if told == RelayTold::WithNextSync {
        session.out.warn("device-next-sync", &[]);
    }
}
