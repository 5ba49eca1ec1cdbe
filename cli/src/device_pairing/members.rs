//! The devices of the household: seeing, naming and removing them.

use serde_json::json;
use techo_core::sync::exchange::exchange;
use techo_core::sync::household::{Household, SILENT_DAYS, Want, want};
use techo_core::sync::{HouseholdRefusal, SyncError};
use techo_core::vault::Vault;

use crate::session::Session;
use crate::sync::{HttpStreams, the_household};
use crate::{Failure, Outcome, device, time};

const DAY_SECONDS: i64 = 86_400;

pub fn list(session: &Session) -> Result<Outcome, Failure> {
    let mut diary = device::open(session)?;
    let household = the_household(diary.vault())?;
    let today = u32::try_from(session.now().div_euclid(DAY_SECONDS)).unwrap_or_default();
    let silent = household.silent_since(today, SILENT_DAYS);
    for member in &household.list.devices {
        let this = member.index == household.index;
        let heard = household.last_heard(member.index).map(|day| i64::from(day) * DAY_SECONDS);
        let texts = session.out.texts();
        let shown = heard.map_or_else(|| texts.plain("never"), |heard| time::day(heard, texts));
        session.out.answer(
            &json!({
                "device": member.index,
                "name": member.name,
                "this": this,
                "heard": heard.map(time::iso_day),
                "by_words": member.by_words,
            }),
            if this { "device-this" } else { "device-other" },
            &[("id", &member.index), ("name", &member.name), ("heard", &shown)],
        )?;
        if member.by_words {
            session.out.say("device-by-words", &[("name", &member.name)])?;
        }
        if silent.iter().any(|device| device.index == member.index) {
            session.out.say("device-silent", &[("name", &member.name)])?;
        }
    }
    Ok(Outcome::Done)
}

pub fn rename(session: &Session, id: u8, name: &str) -> Result<Outcome, Failure> {
    let mut diary = device::open(session)?;
    want(diary.vault(), Want::Rename(id, name.trim().to_owned()))?;
    settle(session, diary.vault())?;
    session.out.answer(
        &json!({ "device": id, "name": name.trim() }),
        "device-renamed",
        &[("name", &name.trim())],
    )?;
    Ok(Outcome::Done)
}

pub fn remove(session: &Session, id: u8) -> Result<Outcome, Failure> {
    let mut diary = device::open(session)?;
    let household = the_household(diary.vault())?;
    let member = household
        .list
        .device(id)
        .ok_or(SyncError::from(HouseholdRefusal::NoSuchDevice))?;
    want(diary.vault(), Want::Remove(id, member.key))?;
    let after = settle(session, diary.vault())?;
    let done = after.list.devices.iter().all(|device| device.key != member.key);
    session.out.answer(
        &json!({ "removed": id, "done": done }),
        if done { "device-removed" } else { "device-to-be-removed" },
        &[("name", &member.name)],
    )?;
    session.out.say("device-removed-words", &[])?;
    Ok(Outcome::Done)
}

/// Tells the relay at once, if there is one that answers; else it is told with the next sync.
fn settle(session: &Session, vault: &mut Vault) -> Result<Household, Failure> {
    if let Some(relay) = the_household(vault)?.relay {
        match exchange(vault, &HttpStreams::new(&relay.address)?, &relay.address, session.now()) {
            Ok(_) => {}
            Err(failure) if failure.is("http.unreachable") || failure.is("http.timed_out") => {
                session.out.warn("device-next-sync", &[]);
            }
            Err(failure) => return Err(failure),
        }
    }
    the_household(vault)
}
