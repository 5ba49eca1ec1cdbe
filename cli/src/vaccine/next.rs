//! `techo vaccine next` and `remind`: when each person's next dose is due, by which rule, for people, scripts and calendars.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use techo_core::vaccine::{self, Event, Person, Reminder};
use techo_protocol::Coded;
use techo_protocol::vaccination::schedule::{Answer, NextDose};

use super::Book;
use super::list::{recall_line, warn};
use crate::session::Session;
use crate::{Failure, Outcome, diary, time};

/// Days before the recommended day at which a calendar reminds.
const ALARM_DAYS: u32 = 7;

/// What to be reminded of.
#[derive(Debug, Args)]
pub struct Remind {
    /// Write a calendar file (iCalendar) of the recommended days
    #[arg(long, value_name = "FILE")]
    ics: Option<PathBuf>,
    /// One person's only: a name or an id
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
}

fn answers(session: &Session, book: &Book) -> Vec<(Person, Answer)> {
    let today = vaccine::day_in_japan(session.now());
    let of = |person: &Person| vaccine::next(&book.schedule, person.born, &book.doses_of(person.id), today);
    book.people.iter().map(|person| (person.clone(), of(person))).collect()
}

pub fn run(session: &Session, person: Option<&str>) -> Result<Outcome, Failure> {
    let book = Book::open(session, person)?;
    let out = &session.out;
    for (person, answer) in answers(session, &book) {
        let recalls: Vec<_> = book.recalled.iter().filter(|recalled| recalled.person == person.id).collect();
        let mut line = match &answer.due {
            Ok(next) => json!({
                "dose": next.dose,
                "earliest": next.earliest,
                "recommended": next.recommended,
                "overdue": next.overdue,
                "rule": next.rule,
                "rule_from": next.rule_from,
                "schedule": next.schedule,
                "schedule_version": next.schedule_version,
                "products": next.products,
                "age_assumed": next.age_assumed,
            }),
            Err(why) => json!({
                "dose": answer.dose,
                "earliest": null,
                "recommended": null,
                "overdue": null,
                "rule": null,
                "reason": why.code(),
            }),
        };
        line["person"] = json!(person.name);
        line["id"] = json!(person.id.to_string());
        line["recalled"] = json!(recalls.iter().map(|recalled| recall_line(recalled)).collect::<Vec<_>>());
        out.line(&line)?;
        match &answer.due {
            Ok(next) => say(session, &person, next)?,
            Err(why) => {
                let why = out.texts().message(why);
                out.say("vaccine-none", &[("name", &person.name), ("why", &why)])?;
            }
        }
        for recalled in recalls {
            warn(session, &person.name, recalled)?;
        }
    }
    if book.people.is_empty() {
        out.say("vaccine-nobody", &[])?;
    }
    Ok(Outcome::Done)
}

fn say(session: &Session, person: &Person, next: &NextDose) -> Result<(), Failure> {
    let out = &session.out;
    out.say(
        "vaccine-next",
        &[
            ("name", &person.name),
            ("dose", &next.dose),
            ("earliest", &next.earliest),
            ("recommended", &next.recommended),
            ("products", &next.products.join(", ")),
        ],
    )?;
    if let Some(overdue) = next.overdue {
        let is_late = overdue <= vaccine::day_in_japan(session.now());
        let id = if is_late { "vaccine-late" } else { "vaccine-late-from" };
        out.say(id, &[("overdue", &overdue)])?;
    }
    let rule = format!("{} {}", next.schedule, next.rule);
    out.say(
        "vaccine-rule",
        &[
            ("rule", &rule),
            ("from", &next.rule_from),
            ("version", &next.schedule_version),
        ],
    )?;
    if next.age_assumed {
        out.say("vaccine-age-assumed", &[("name", &person.name)])?;
    }
    Ok(())
}

impl Remind {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let book = Book::open(session, self.person.as_deref())?;
        let (out, now) = (&session.out, session.now());
        let mut events = Vec::new();
        for (person, answer) in answers(session, &book) {
            let Ok(next) = answer.due else { continue };
            for reminder in vaccine::reminders(person.id, &next, now) {
                show(session, &person, &reminder)?;
            }
            events.push(event(session, &person, &next));
        }
        let Some(file) = self.ics else { return Ok(Outcome::Done) };
        diary::write_private(&file, vaccine::calendar(&events, now).as_bytes())?;
        out.answer(
            &json!({ "file": file, "events": events.len() }),
            "vaccine-calendar",
            &[("file", &file.display()), ("count", &events.len())],
        )?;
        Ok(Outcome::Done)
    }
}

fn show(session: &Session, person: &Person, reminder: &Reminder) -> Result<(), Failure> {
    let line = json!({
        "at": time::write(reminder.at),
        "kind": reminder.kind.name(),
        "person": person.name,
        "id": person.id.to_string(),
        "dose": reminder.dose,
    });
    let texts = session.out.texts();
    let at = time::day_and_time(reminder.at, texts);
    let what = texts.plain(&format!("vaccine-remind-{}", reminder.kind.name()));
    session.out.answer(
        &line,
        "vaccine-remind",
        &[("at", &at), ("name", &person.name), ("dose", &reminder.dose), ("what", &what)],
    )
}

fn event(session: &Session, person: &Person, next: &NextDose) -> Event {
    let texts = session.out.texts();
    let overdue = next.overdue.map_or_else(|| "-".to_owned(), |day| day.to_string());
    Event {
        uid: format!("{}-{}@techo.invalid", person.id, next.dose),
        day: next.recommended,
        title: texts.of("vaccine-event", &[("name", &person.name), ("dose", &next.dose)]),
        description: texts.of(
            "vaccine-event-text",
            &[
                ("earliest", &next.earliest),
                ("recommended", &next.recommended),
                ("overdue", &overdue),
                ("rule", &next.rule),
            ],
        ),
        alarm_days: ALARM_DAYS,
    }
}
