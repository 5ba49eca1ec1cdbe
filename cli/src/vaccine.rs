//! `techo vaccine`: whose doses, which comes next, and what tells of them.

mod add;
mod list;
mod next;
mod person;
mod schedule;
mod show;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::json;
use techo_core::device::Device;
use techo_core::vaccine::{EntryId, Person, VaccineError, VaccineRefusal};
use techo_protocol::Coded;

use crate::failure::Warning;
use crate::session::Session;
use crate::{Failure, Outcome, device};

/// Keep the family's vaccine records, and know when the next dose is due
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  techo vaccine person add Aki --born 1980-01-01
  techo vaccine add slip.png --person Aki         a dose slip, a certificate or a ticket
  techo vaccine next                              when each person's next dose is due, and by which rule
  techo vaccine remind --ics doses.ics            the same for a calendar
  techo vaccine request --out aki.request         ask the municipality for a status pass; add what it gives with `vaccine add`
  techo vaccine show --fields status --out pass.png")]
pub enum Vaccine {
    /// The people of the household
    #[command(subcommand)]
    Person(person::PersonCommand),
    /// Keep a dose slip, a certificate, a ticket or a status pass, after checking it
    Add(add::Add),
    /// Tickets
    #[command(subcommand)]
    Ticket(add::Ticket),
    /// Doses that nothing but memory or paper tells of
    #[command(subcommand)]
    Dose(add::DoseCommand),
    /// The doses, each once, and what tells of it; tickets and passes
    List(Who),
    /// Which schedule the next dose is worked out by
    #[command(subcommand)]
    Schedule(schedule::Schedule),
    /// Which dose is next for each person, and when
    Next(Who),
    /// What to be reminded of, and a calendar file
    Remind(next::Remind),
    Request(show::Request),
    Show(show::Show),
    /// Write everything as readable JSON: whoever has the file has the record
    Export {
        /// Where to
        file: PathBuf,
    },
    /// Delete records; they are really gone
    Delete {
        /// The records, as `vaccine list` names them
        #[arg(required = true)]
        id: Vec<String>,
    },
}

/// The person whose records are meant.
#[derive(Debug, Args)]
pub struct Who {
    /// One person's only: a name or an id
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
}

impl Vaccine {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Person(command) => command.run(session),
            Self::Add(add) => add.run(session),
            Self::Ticket(ticket) => ticket.run(session),
            Self::Dose(dose) => dose.run(session),
            Self::List(who) => list::run(session, who.person.as_deref()),
            Self::Schedule(schedule) => schedule.run(session),
            Self::Next(who) => next::run(session, who.person.as_deref()),
            Self::Remind(remind) => remind.run(session),
            Self::Request(request) => request.run(session),
            Self::Show(show) => show.run(session),
            Self::Export { file } => export(session, &file),
            Self::Delete { id } => delete(session, &id),
        }
    }
}

/// The one who is meant by a name or an id; where nothing is said, the only one.
fn meant(device: &mut Device, name: Option<&str>) -> Result<Person, Failure> {
    device.person(name).map_err(|error| match name {
        Some(name) => Failure::from(error).about(name),
        None => error.into(),
    })
}

/// The one whose record alone is asked for, where one is named.
fn only(device: &mut Device, name: Option<&str>) -> Result<Option<EntryId>, Failure> {
    match name {
        Some(name) => Ok(Some(meant(device, Some(name))?.id)),
        None => Ok(None),
    }
}

fn record_id(text: &str) -> Result<EntryId, Failure> {
    text.parse()
        .map_err(|_| Failure::from(VaccineError::from(VaccineRefusal::NoSuchRecord)).about(text))
}

/// Reads a day as people write it.
fn day(text: &str) -> Result<NaiveDate, Failure> {
    crate::time::read_day(text).map_err(|error| Failure::from(error).about(text))
}

fn export(session: &Session, path: &std::path::Path) -> Result<Outcome, Failure> {
    let exported = device::opened(session)?.export_vaccine_record()?;
    session.out.write_private(path, exported.file.as_bytes())?;
    session.out.answer(
        &json!({
            "file": path,
            "records": exported.records,
            "left_out": exported.left_out,
            "warnings": [Warning::RecordReadable.code()],
        }),
        "vaccine-exported",
        &[("file", &path.display()), ("count", &exported.records)],
    )?;
    Ok(Outcome::Done)
}

fn delete(session: &Session, ids: &[String]) -> Result<Outcome, Failure> {
    let ids = ids.iter().map(|id| record_id(id)).collect::<Result<Vec<_>, _>>()?;
    device::opened(session)?.delete_records(&ids)?;
    let deleted: Vec<String> = ids.iter().map(ToString::to_string).collect();
    session
        .out
        .answer(&json!({ "deleted": deleted }), "vaccine-deleted", &[("count", &ids.len())])?;
    Ok(Outcome::Done)
}
