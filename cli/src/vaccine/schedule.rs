//! `techo vaccine schedule`: by which rules the next dose is worked out.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use techo_core::device::ScheduleView;

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
        let mut device = device::opened(session)?;
        match self {
            Self::Add { file } => {
                let content = input::large_file(&file)?;
                let taken = device
                    .add_schedule(&content)
                    .map_err(|error| Failure::from(error).about(file.display()))?;
                say(session, &taken)
            }
            Self::Show => {
                let schedule = device.schedule()?;
                say(session, &schedule)?;
                for source in &schedule.sources {
                    session.out.say_line(&format!("- {} {}", source.title, source.url))?;
                }
                Ok(Outcome::Done)
            }
            Self::Reset => say(session, &device.reset_schedule()?),
        }
    }
}

fn say(session: &Session, schedule: &ScheduleView) -> Result<Outcome, Failure> {
    let line = json!({
        "schedule": schedule.code,
        "version": schedule.version,
        "name": schedule.name,
        "issued": schedule.issued,
        "authority": schedule.authority.map(|authority| authority.to_string()),
        "signed_by": schedule.signed_by,
        "products": schedule.products,
        "sources": schedule.sources.len(),
    });
    let built_in = session.out.texts().plain("vaccine-schedule-built-in");
    let by = schedule.signed_by.as_ref().unwrap_or(&built_in);
    session.out.answer(
        &line,
        "vaccine-schedule",
        &[
            ("name", &schedule.name),
            ("version", &schedule.version),
            ("issued", &schedule.issued),
            ("by", by),
        ],
    )?;
    Ok(Outcome::Done)
}
