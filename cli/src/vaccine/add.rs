//! `techo vaccine add`, `ticket add`, `dose add`: what a thing is, whether it holds, and keeping it.

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;
use techo_core::certificates::{DocumentKind, Verdict};
use techo_core::device::{Keep, Kept};
use techo_core::recognise::{FileContent, FileKind};
use techo_core::vaccine::{RecordWarning, TypedDose};
use techo_protocol::Coded;

use super::{day, meant};
use crate::session::Session;
use crate::{Failure, Outcome, device, input, verify};

/// What to keep, and whose it is.
#[derive(Debug, Args)]
pub struct Add {
    /// Picture, text file, - for stdin, or the text itself; several codes of one card
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
    /// Whose: a name or an id. May be left out where there is one person only
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
}

/// Tickets
#[derive(Debug, Subcommand)]
pub enum Ticket {
    /// Keep a ticket: its picture, its 18 digits, or the 10 of its number
    Add(Add),
}

/// Doses by hand
#[derive(Debug, Subcommand)]
pub enum DoseCommand {
    /// Enter a dose by hand
    Add(Typed),
}

/// A dose by hand.
#[derive(Debug, Args)]
pub struct Typed {
    /// Whose: a name or an id. May be left out where there is one person only
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// The day
    #[arg(long, value_name = "DATE")]
    date: String,
    /// The vaccine: pfizer, moderna, astrazeneca or novavax
    #[arg(long)]
    product: Option<String>,
    /// Which dose, 1 to 9
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=9))]
    number: Option<u8>,
    /// The lot
    #[arg(long)]
    lot: Option<String>,
}

impl Add {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        self.keep(session, None)
    }

    /// Keeps what the inputs hold; of one kind only, where one is named.
    fn keep(&self, session: &Session, only: Option<DocumentKind>) -> Result<Outcome, Failure> {
        let (mut texts, mut pass_files) = (Vec::new(), Vec::new());
        for name in &self.inputs {
            match pass_file(name)? {
                Some(file) if only.is_none() => pass_files.push(file),
                _ => texts.extend(input::texts(name)?),
            }
        }
        let mut device = device::opened(session)?;
        let person = meant(&mut device, self.person.as_deref())?;
        let kept = device.keep(&Keep {
            texts,
            pass_files,
            only,
            ..Keep::of(person.id)
        })?;
        for kept in &kept {
            say(session, kept)?;
        }
        let is_all = kept.iter().all(|kept| kept.record.is_some());
        Ok(if is_all { Outcome::Done } else { Outcome::No })
    }
}

/// The content of an input that is a pass's file.
fn pass_file(input: &str) -> Result<Option<Vec<u8>>, Failure> {
    let path = Path::new(input);
    if !path.is_file() {
        return Ok(None);
    }
    let file = input::file(path)?;
    let is_pass = matches!(FileContent::form(&file), Some(FileKind::StatusPass));
    Ok(is_pass.then_some(file))
}

impl Ticket {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Add(add) => add.keep(session, Some(DocumentKind::Ticket)),
        }
    }
}

impl DoseCommand {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let Self::Add(typed) = self;
        let dose = TypedDose {
            date: day(&typed.date)?,
            number: typed.number,
            product: typed.product,
            lot: typed.lot,
        };
        let mut device = device::opened(session)?;
        let person = meant(&mut device, typed.person.as_deref())?;
        let date = dose.date;
        let kept = device.keep(&Keep {
            doses: vec![dose],
            ..Keep::of(person.id)
        })?;
        for kept in kept {
            session.out.answer(
                &json!({
                    "person": kept.person.name,
                    "id": kept.person.id.to_string(),
                    "record": kept.record.map(|record| record.to_string()),
                    "kind": kept.kind.name(),
                    "already": kept.already,
                }),
                "vaccine-entered",
                &[("name", &kept.person.name), ("date", &date)],
            )?;
        }
        Ok(Outcome::Done)
    }
}

fn say(session: &Session, kept: &Kept) -> Result<(), Failure> {
    let out = &session.out;
    let name = &kept.person.name;
    let mut line = json!({
        "person": name,
        "id": kept.person.id.to_string(),
        "record": kept.record.map(|record| record.to_string()),
        "already": kept.already,
        "kind": kept.kind.name(),
        "verdict": kept.verdict.map(Verdict::name),
        "reasons": kept.reasons.iter().map(Coded::code).collect::<Vec<_>>(),
        "issuer": kept.issuer,
        "holder": kept.holder,
        "warnings": kept.warnings.iter().map(Coded::code).chain(kept.notes.iter().map(Coded::code)).collect::<Vec<_>>(),
    });
    if !kept.also_with.is_empty() {
        let also_with = kept.also_with.iter();
        let also_with = also_with.map(|person| json!({ "person": person.name, "id": person.id.to_string() }));
        line["also_with"] = also_with.collect();
    }
    out.line(&line)?;
    let texts = out.texts();
    let kind = texts.plain(&format!("kind-{}", kept.kind.name().replace('_', "-")));
    if let Some(verdict) = kept.verdict.filter(|_| kept.kind != DocumentKind::Unknown) {
        verify::say_verdict(out, verdict, &out.bold(&kind), kept.issuer.as_deref())?;
    }
    if let Some(holder) = &kept.holder {
        let or_unknown = |text: &str| if text.is_empty() { "?".to_owned() } else { text.to_owned() };
        let born = or_unknown(holder.born.as_deref().unwrap_or_default());
        out.say("vaccine-names", &[("name", &or_unknown(&holder.name)), ("born", &born)])?;
    }
    for reason in &kept.reasons {
        out.say_line(&format!("- {} ({})", texts.message(reason), reason.code()))?;
    }
    for note in &kept.notes {
        out.warn_line(&format!("{} ({})", texts.message(note), note.code()));
    }
    for warning in &kept.warnings {
        warn(session, kept, warning);
    }
    let id = match kept.record {
        Some(_) if kept.already => "vaccine-already",
        Some(_) => "vaccine-kept",
        None => "vaccine-not-kept",
    };
    out.say(id, &[("kind", &kind), ("name", name)])
}

fn warn(session: &Session, kept: &Kept, warning: &RecordWarning) {
    let out = &session.out;
    let name = &kept.person.name;
    match warning {
        RecordWarning::AnotherName => {
            let holder = kept.holder.as_ref().map_or("?", |holder| &holder.name);
            out.warn("vaccine-another-name", &[("name", name), ("holder", &holder)]);
        }
        RecordWarning::PartlyDated => out.warn("vaccine-partly-dated", &[]),
        RecordWarning::OtherBirthDate => out.warn("vaccine-other-birth-date", &[("name", name)]),
        RecordWarning::InAnotherRecord => {
            let others: Vec<&str> = kept.also_with.iter().map(|person| person.name.as_str()).collect();
            out.warn("vaccine-in-another-record", &[("name", &others.join(", "))]);
        }
    }
}
