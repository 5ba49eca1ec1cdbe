//! `techo vaccine add`, `ticket add`, `dose add`: what a thing is, whether it holds, and keeping it.

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;
use techo_core::certificates::{self, DocumentKind, Verified};
use techo_core::vaccine::pass::PassRead;
use techo_core::vaccine::{self, Content, Person, Read, TypedDose, VaccineRefusal, pass, people};
use techo_protocol::Coded;
use techo_protocol::vaccination::product::Product;

use super::{Trusted, day, meant};
use crate::failure::Warning;
use crate::session::Session;
use crate::{Failure, Outcome, device, input};

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
        let (mut texts, mut passes) = (Vec::new(), Vec::new());
        for name in &self.inputs {
            match pass_file(name)? {
                Some(file) if only.is_none() => passes.push(file),
                _ => texts.extend(input::read(name)?.codes.into_iter().map(|code| code.text)),
            }
        }
        let texts = certificates::whole(&texts)?;
        if texts.is_empty() && passes.is_empty() {
            return Err(VaccineRefusal::Unknown.into());
        }
        let mut diary = device::open(session)?;
        let everybody = people::all(diary.vault())?;
        let person = meant(&everybody, self.person.as_deref())?;
        let trusted = Trusted::of(session, &mut diary)?;
        let mut outcome = Outcome::Done;
        for text in &texts {
            let read = vaccine::read(text, &trusted.believing(), session.now());
            if only.is_some_and(|kind| kind != read.kind) {
                return Err(VaccineRefusal::Unknown.into());
            }
            let added = match read.content.clone().filter(|_| read.is_kept()) {
                Some(content) => Some(vaccine::add(diary.vault(), &person.id, content, session.now())?),
                None => None,
            };
            if added.is_none() {
                outcome = Outcome::No;
            }
            say(session, person, &read, added)?;
        }
        for file in &passes {
            let read = pass::add(diary.vault(), &person.id, file, &trusted.lists, session.now())?;
            if read.added.is_none() {
                outcome = Outcome::No;
            }
            say(session, person, &of_pass(&read), read.added)?;
        }
        Ok(outcome)
    }
}

/// The content of an input that is a pass's file.
fn pass_file(input: &str) -> Result<Option<Vec<u8>>, Failure> {
    let path = Path::new(input);
    if !path.is_file() {
        return Ok(None);
    }
    Ok(Some(input::file(path)?).filter(|file| pass::is_form(file)))
}

fn of_pass(read: &PassRead) -> Read {
    let verified = Verified {
        reasons: read.reasons.clone(),
        ..Verified::of(DocumentKind::Status)
    };
    Read {
        content: None,
        kind: verified.kind,
        verdict: Some(verified.verdict()),
        reasons: verified.reasons,
        issuer: read.summary.issuer.clone(),
        holder: None,
    }
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
        let product = typed.product.as_deref().map(Product::read).transpose()?;
        let date = day(&typed.date)?;
        if date > vaccine::day_in_japan(session.now()) {
            return Err(VaccineRefusal::InTheFuture.into());
        }
        let mut diary = device::open(session)?;
        let everybody = people::all(diary.vault())?;
        let person = meant(&everybody, typed.person.as_deref())?;
        let content = Content::Dose(TypedDose {
            date,
            number: typed.number,
            product: product.map(|product| product.name().to_owned()),
            lot: typed.lot.map(|lot| lot.trim().to_owned()).filter(|lot| !lot.is_empty()),
        });
        let added = vaccine::add(diary.vault(), &person.id, content, session.now())?;
        session.out.answer(
            &json!({
                "person": person.name,
                "id": person.id.to_string(),
                "record": added.id.to_string(),
                "kind": "hand",
                "already": added.already,
            }),
            "vaccine-entered",
            &[("name", &person.name), ("date", &date)],
        )?;
        Ok(Outcome::Done)
    }
}

fn say(session: &Session, person: &Person, read: &Read, added: Option<vaccine::Added>) -> Result<(), Failure> {
    let out = &session.out;
    let holder_born = read.holder.as_ref().and_then(|holder| holder.born.as_deref());
    let born = person.born.map(|born| born.to_string());
    let is_others = matches!((holder_born, &born), (Some(stated), Some(born)) if !born.starts_with(stated));
    let warnings: Vec<&str> = is_others.then(|| Warning::OtherBirthDate.code()).into_iter().collect();
    out.line(&json!({
        "person": person.name,
        "id": person.id.to_string(),
        "record": added.map(|added| added.id.to_string()),
        "already": added.is_some_and(|added| added.already),
        "kind": read.kind.name(),
        "verdict": read.verdict.map(certificates::Verdict::name),
        "reasons": read.reasons.iter().map(Coded::code).collect::<Vec<_>>(),
        "issuer": read.issuer,
        "holder": read.holder,
        "warnings": warnings,
    }))?;
    let texts = out.texts();
    let kind = texts.plain(&format!("kind-{}", read.kind.name().replace('_', "-")));
    let nobody = texts.plain("verify-nobody");
    if let Some(verdict) = read.verdict {
        out.say(
            &format!("verify-{}", verdict.name()),
            &[
                ("kind", &out.bold(&kind)),
                ("issuer", &read.issuer.as_deref().unwrap_or(&nobody)),
            ],
        )?;
    }
    for reason in &read.reasons {
        out.say_line(&format!("- {} ({})", texts.message(reason), reason.code()))?;
    }
    if is_others {
        out.warn("vaccine-other-birth-date", &[("name", &person.name)]);
    }
    let kept = match added {
        Some(added) if added.already => "vaccine-already",
        Some(_) => "vaccine-kept",
        None => "vaccine-not-kept",
    };
    out.say(kept, &[("kind", &kind), ("name", &person.name)])
}
