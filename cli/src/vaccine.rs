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
use techo_core::certificates::Trust;
use techo_core::diary::Diary;
use techo_core::exposure::{recalls, trust};
use techo_core::vaccine::{self, Believing, Dose, EntryId, Person, Recalled, RecordList, VaccineError, VaccineRefusal, people};
use techo_protocol::Coded;
use techo_protocol::trust::TrustList;
use techo_protocol::vaccination::schedule::Schedule;

use crate::failure::{CliError, Warning};
use crate::session::Session;
use crate::{Failure, Outcome, device, diary};

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

/// Whose records.
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

/// The record as it is now.
struct Book {
    people: Vec<Person>,
    listing: RecordList,
    doses: Vec<Dose>,
    recalled: Vec<Recalled>,
    schedule: Schedule,
    lists: Vec<TrustList>,
}

impl Book {
    /// Opens it; of one person only, where one is named.
    fn open(session: &Session, person: Option<&str>) -> Result<Self, Failure> {
        let mut diary = device::open(session)?;
        let mut people = people::all(diary.vault())?;
        let mut listing = vaccine::list(diary.vault())?;
        if let Some(name) = person {
            let one = find(&people, name)?.clone();
            listing.records.retain(|record| record.person == one.id);
            people = vec![one];
        }
        let trusted = Trusted::of(session, &mut diary)?;
        let doses = vaccine::doses(&listing.records, &trusted.believing(), session.now());
        let recalled = vaccine::recalled(&doses, &recalls::all(diary.vault())?);
        let schedule = vaccine::schedule::in_use(diary.vault())?.schedule;
        Ok(Self {
            people,
            listing,
            doses,
            recalled,
            schedule,
            lists: trusted.lists,
        })
    }

    fn doses_of(&self, person: EntryId) -> Vec<Dose> {
        self.doses.iter().filter(|dose| dose.person == person).cloned().collect()
    }

    /// What a person is called; "someone" while the record has come from another device and its person has not.
    fn name(&self, session: &Session, person: EntryId) -> String {
        let known = self.people.iter().find(|known| known.id == person);
        known.map_or_else(|| session.out.texts().plain("someone"), |person| person.name.clone())
    }
}

/// Whom this profile believes.
struct Trusted {
    lists: Vec<TrustList>,
    issuers: Trust,
}

impl Trusted {
    fn of(session: &Session, diary: &mut Diary) -> Result<Self, Failure> {
        Ok(Self {
            lists: trust::all(diary.vault())?,
            issuers: Trust::new(device::issuers(session)?),
        })
    }

    fn believing(&self) -> Believing<'_> {
        Believing {
            lists: &self.lists,
            issuers: &self.issuers,
        }
    }
}

fn find<'p>(people: &'p [Person], name: &str) -> Result<&'p Person, Failure> {
    people::find(people, name).map_err(|error| Failure::from(error).about(name))
}

/// The person who is meant; without a name, the only one.
fn meant<'p>(people: &'p [Person], name: Option<&str>) -> Result<&'p Person, Failure> {
    match (name, people) {
        (Some(name), _) => find(people, name),
        (None, [one]) => Ok(one),
        (None, []) => Err(VaccineRefusal::NoSuchPerson.into()),
        (None, _) => Err(CliError::WhichPerson.into()),
    }
}

fn record_id(text: &str) -> Result<EntryId, Failure> {
    text.parse()
        .map_err(|_| Failure::from(VaccineError::from(VaccineRefusal::NoSuchRecord)).about(text))
}

/// Reads a day, `YYYY-MM-DD`.
fn day(text: &str) -> Result<NaiveDate, Failure> {
    text.parse().map_err(|_| Failure::from(CliError::TimeInvalid).about(text))
}

fn export(session: &Session, path: &std::path::Path) -> Result<Outcome, Failure> {
    let book = Book::open(session, None)?;
    diary::write_private(path, vaccine::export(&book.people, &book.listing, &book.doses).as_bytes())?;
    let (records, left_out) = (book.listing.records.len(), book.listing.newer.len());
    session.out.answer(
        &json!({
            "file": path,
            "records": records,
            "left_out": left_out,
            "warnings": [Warning::RecordReadable.code()],
        }),
        "vaccine-exported",
        &[("file", &path.display()), ("count", &records)],
    )?;
    Ok(Outcome::Done)
}

fn delete(session: &Session, ids: &[String]) -> Result<Outcome, Failure> {
    let ids = ids.iter().map(|id| record_id(id)).collect::<Result<Vec<_>, _>>()?;
    let mut diary = device::open(session)?;
    vaccine::delete(diary.vault(), &ids, session.now())?;
    let deleted: Vec<String> = ids.iter().map(ToString::to_string).collect();
    session
        .out
        .answer(&json!({ "deleted": deleted }), "vaccine-deleted", &[("count", &ids.len())])?;
    Ok(Outcome::Done)
}
