//! `techo vaccine next` and `remind`: when each person's next dose is due, by which rule, for people, scripts and calendars.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use techo_core::device::{CalendarText, PersonNext, Upcoming};
use techo_core::vaccine::Reminder;
use techo_protocol::Coded;
use techo_protocol::vaccination::schedule::NextDose;

use super::list::{recall_line, warn};
use super::only;
use crate::session::Session;
use crate::{Failure, Outcome, device, time};

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

pub fn run(session: &Session, person: Option<&str>) -> Result<Outcome, Failure> {
    let mut device = device::opened(session)?;
    let person = only(&mut device, person)?;
    let everybody = device.next_doses(person)?;
    let out = &session.out;
    for one in &everybody {
        let mut line = match &one.next {
            Upcoming::Due { when, .. } => json!({
                "dose": when.dose,
                "earliest": when.earliest,
                "recommended": when.recommended,
                "overdue": when.overdue,
                "rule": when.rule,
                "rule_from": when.rule_from,
                "schedule": when.schedule,
                "schedule_version": when.schedule_version,
                "products": when.products,
                "age_assumed": when.age_assumed,
            }),
            Upcoming::Nothing { why } => json!({
                "dose": one.dose,
                "earliest": null,
                "recommended": null,
                "overdue": null,
                "rule": null,
                "reason": why.code(),
            }),
        };
        let name = &one.person.name;
        line["person"] = json!(name);
        line["id"] = json!(one.person.id.to_string());
        line["recalled"] = one.recalls.iter().map(recall_line).collect();
        out.line(&line)?;
        match &one.next {
            Upcoming::Due { when, is_late } => say(session, name, when, *is_late)?,
            Upcoming::Nothing { why } => {
                let why = out.texts().message(why);
                out.say("vaccine-none", &[("name", name), ("why", &why)])?;
            }
        }
        for recalled in &one.recalls {
            warn(session, name, recalled)?;
        }
    }
    if everybody.is_empty() {
        out.say("vaccine-nobody", &[])?;
    }
    Ok(Outcome::Done)
}

fn say(session: &Session, name: &str, next: &NextDose, is_late: bool) -> Result<(), Failure> {
    let out = &session.out;
    out.say(
        "vaccine-next",
        &[
            ("name", &name),
            ("dose", &next.dose),
            ("earliest", &next.earliest),
            ("recommended", &next.recommended),
            ("products", &next.products.join(", ")),
        ],
    )?;
    if let Some(overdue) = next.overdue {
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
        out.say("vaccine-age-assumed", &[("name", &name)])?;
    }
    Ok(())
}

impl Remind {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut device = device::opened(session)?;
        let person = only(&mut device, self.person.as_deref())?;
        let everybody = device.next_doses(person)?;
        for reminder in device.reminders(person)? {
            let whose = everybody.iter().find(|one| one.person.id == reminder.person);
            show(session, whose.map_or("?", |one| &one.person.name), &reminder)?;
        }
        let Some(file) = self.ics else { return Ok(Outcome::Done) };
        let texts: Vec<CalendarText> = everybody.iter().filter_map(|one| event(session, one)).collect();
        let calendar = device.calendar(&texts)?;
        session.out.write_private(&file, calendar.file.as_bytes())?;
        session.out.answer(
            &json!({ "file": file, "events": calendar.events }),
            "vaccine-calendar",
            &[("file", &file.display()), ("count", &calendar.events)],
        )?;
        Ok(Outcome::Done)
    }
}

fn show(session: &Session, name: &str, reminder: &Reminder) -> Result<(), Failure> {
    let line = json!({
        "at": time::write(reminder.at),
        "kind": reminder.kind.name(),
        "person": name,
        "id": reminder.person.to_string(),
        "dose": reminder.dose,
    });
    let texts = session.out.texts();
    let at = time::day_and_time(reminder.at, texts);
    let what = texts.plain(&format!("vaccine-remind-{}", reminder.kind.name()));
    session.out.answer(
        &line,
        "vaccine-remind",
        &[("at", &at), ("name", &name), ("dose", &reminder.dose), ("what", &what)],
    )
}

/// What the calendar says of a person's next dose; nothing where none is due.
fn event(session: &Session, one: &PersonNext) -> Option<CalendarText> {
    let Upcoming::Due { when, .. } = &one.next else { return None };
    let texts = session.out.texts();
    let overdue = when.overdue.map_or_else(|| "-".to_owned(), |day| day.to_string());
    Some(CalendarText {
        person: one.person.id,
        title: texts.of("vaccine-event", &[("name", &one.person.name), ("dose", &when.dose)]),
        description: texts.of(
            "vaccine-event-text",
            &[
                ("earliest", &when.earliest),
                ("recommended", &when.recommended),
                ("overdue", &overdue),
                ("rule", &when.rule),
            ],
        ),
    })
}
