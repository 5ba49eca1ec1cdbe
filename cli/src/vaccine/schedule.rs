//! `techo vaccine schedule`: by which rules the next dose is worked out.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use techo_core::vaccine::schedule::{self, InUse};

use crate::session::Session;
use crate::{Failure, Outcome, device, input};

/// The schedule by which the next dose is worked out
#[derive(Debug, Subcommand)]
pub enum Schedule {
    /// Take a newer schedule that an authority which is followed here has signed
    Add {
        /// The schedule's file
        file: PathBuf,
    },
    /// Which schedule counts here, whose it is, and where its rules come from
    Show,
    /// Go back to the schedule that is built in
    Reset,
}

impl Schedule {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut diary = device::open(session)?;
        match self {
            Self::Add { file } => {
                let content = input::large_file(&file)?;
                let taken = schedule::add(diary.vault(), &content).map_err(|error| Failure::from(error).about(file.display()))?;
                say(session, &taken)
            }
            Self::Show => {
                let counts = schedule::in_use(diary.vault())?;
                say(session, &counts)?;
                for source in &counts.schedule.sources {
                    session.out.say_line(&format!("- {} {}", source.title, source.url))?;
                }
                Ok(Outcome::Done)
            }
            Self::Reset => {
                schedule::reset(diary.vault())?;
                say(session, &schedule::in_use(diary.vault())?)
            }
        }
    }
}

fn say(session: &Session, counts: &InUse) -> Result<Outcome, Failure> {
    let schedule = &counts.schedule;
    let line = json!({
        "schedule": schedule.code,
        "version": schedule.version,
        "name": schedule.name,
        "issued": schedule.issued,
        "authority": counts.signed_by.as_ref().map(|list| list.authority().to_string()),
        "signed_by": counts.signed_by.as_ref().map(|list| &list.name),
        "products": schedule.products.iter().map(|product| &product.code).collect::<Vec<_>>(),
        "sources": schedule.sources.len(),
    });
    let built_in = session.out.texts().plain("vaccine-schedule-built-in");
    let by = counts.signed_by.as_ref().map_or(built_in.as_str(), |list| &list.name);
    session.out.answer(
        &line,
        "vaccine-schedule",
        &[
            ("name", &schedule.name),
            ("version", &schedule.version),
            ("issued", &schedule.issued),
            ("by", &by),
        ],
    )?;
    Ok(Outcome::Done)
}
