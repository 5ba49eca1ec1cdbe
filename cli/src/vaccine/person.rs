//! `techo vaccine person`: who belongs to the household. Two of one name are two until a person says otherwise.

use clap::Subcommand;
use serde_json::{Value, json};
use techo_core::device::NewPerson;
use techo_core::vaccine::Person;

use super::{day, meant};
use crate::session::Session;
use crate::{Failure, Outcome, device};

/// The people of the household
#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// Add somebody, even if there is somebody of that name
    Add {
        /// What they are called
        name: String,
        /// The birth date: without it an adult's rules are taken
        #[arg(long, value_name = "DATE")]
        born: Option<String>,
    },
    /// Everybody
    List,
    /// Set or correct a birth date
    Born {
        /// Who: a name or an id
        person: String,
        /// The birth date
        date: String,
    },
    /// Say that two are one person: the records of both are the first's
    Merge {
        /// Who they are: a name or an id
        person: String,
        /// Who is the same: a name or an id
        other: String,
    },
    /// Take a merge back: everybody has their own records again
    Split {
        /// Who: a name or an id
        person: String,
    },
    /// Take somebody away with all their records; they are really gone
    Remove {
        /// Who: a name or an id
        person: String,
    },
}

impl PersonCommand {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        if let Self::Add { name, born } = self {
            let born = born.as_deref().map(day).transpose()?;
            let person = device::opened_or_made(session)?.add_person(&NewPerson { name, born })?;
            return answer(session, &person);
        }
        let mut device = device::opened(session)?;
        match self {
            Self::Add { .. } | Self::List => {
                let everybody = device.people()?;
                for person in &everybody {
                    answer(session, person)?;
                }
                if everybody.is_empty() {
                    session.out.say("vaccine-nobody", &[])?;
                }
            }
            Self::Born { person, date } => {
                let person = meant(&mut device, Some(&person))?;
                answer(session, &device.set_birth_date(person.id, day(&date)?)?)?;
            }
            Self::Merge { person, other } => {
                let (person, other) = (meant(&mut device, Some(&person))?, meant(&mut device, Some(&other))?);
                device.merge_people(person.id, other.id)?;
                let mut line = line(&person);
                line["merged"] = json!([other.id.to_string()]);
                let said: [(&str, &dyn crate::texts::Argument); 2] = [("name", &person.name), ("other", &other.name)];
                session.out.answer(&line, "vaccine-merged", &said)?;
            }
            Self::Split { person } => {
                let person = meant(&mut device, Some(&person))?;
                for person in device.split_person(person.id)? {
                    answer(session, &person)?;
                }
            }
            Self::Remove { person } => {
                let person = meant(&mut device, Some(&person))?;
                device.remove_person(person.id)?;
                let removed = json!({ "removed": person.id.to_string() });
                session.out.answer(&removed, "vaccine-removed", &[("name", &person.name)])?;
            }
        }
        Ok(Outcome::Done)
    }
}

fn line(person: &Person) -> Value {
    json!({ "person": person.id.to_string(), "name": person.name, "born": person.born })
}

fn answer(session: &Session, person: &Person) -> Result<Outcome, Failure> {
    let born = person.born.map_or_else(|| "?".to_owned(), |born| born.to_string());
    session.out.answer(
        &line(person),
        "vaccine-person",
        &[("name", &person.name), ("born", &born), ("id", &person.id)],
    )?;
    Ok(Outcome::Done)
}
