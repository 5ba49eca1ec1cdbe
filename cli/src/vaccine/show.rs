//! `techo vaccine request` and `show`: a status pass, asked for and shown; or another document, where the person chooses it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use techo_core::vaccine::{self, Content, EntryId, Record, VaccineError, VaccineRefusal, pass, people};
use techo_protocol::vaccination::status_pass::{Field, SHOWN_SECONDS, StatusPassError, is_nonce};

use super::{meant, record_id};
use crate::authority::write_file;
use crate::code_picture;
use crate::session::Session;
use crate::{Failure, Outcome, device, time};

/// Make a request for a status pass, for the municipality. It names nobody
#[derive(Debug, Args)]
pub struct Request {
    /// For whom: a name or an id. May be left out where there is one person only
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// Where the request goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Show a status pass: a code that counts for a minute, with the fields that were asked for and nothing else
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo vaccine show --fields status,valid_until --out pass.png
  techo vaccine show --person Aki --fields status,name --nonce 7Kq2 --out pass.png    a strict check
  techo vaccine show --card --out card.png                                            for those who know SMART Health Cards only

Whoever lends their phone lends their pass: the name beside an identity document shows it.")]
pub struct Show {
    /// Whose: a name or an id. May be left out where there is one person only
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// What to show, of status, doses, last_dose, valid_until, name and initials
    #[arg(long, value_delimiter = ',', value_name = "FIELDS", required_unless_present_any = ["card", "certificate"])]
    fields: Vec<String>,
    /// What the checker asks the phone to sign, for a strict check
    #[arg(long, value_name = "N", conflicts_with_all = ["card", "certificate"])]
    nonce: Option<String>,
    /// Show the SMART Health Card that came with the pass. It says the name, the birth date and every dose
    #[arg(long, conflicts_with_all = ["fields", "certificate"])]
    card: bool,
    /// Show a certificate as it was issued, with all that it says; `vaccine list` names the records
    #[arg(long, value_name = "RECORD", conflicts_with = "fields")]
    certificate: Option<String>,
    /// Where the code goes (PNG)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Request {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut diary = device::open(session)?;
        let everybody = people::all(diary.vault())?;
        let person = meant(&everybody, self.person.as_deref())?;
        let file = pass::request(diary.vault(), &person.id, session.now())?;
        write_file(&self.out, &file)?;
        let line = json!({
            "person": person.name,
            "id": person.id.to_string(),
            "request": self.out,
        });
        session.out.answer(
            &line,
            "vaccine-requested",
            &[("name", &person.name), ("file", &self.out.display())],
        )?;
        Ok(Outcome::Done)
    }
}

impl Show {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut diary = device::open(session)?;
        let everybody = people::all(diary.vault())?;
        let person = meant(&everybody, self.person.as_deref())?.clone();
        let records = vaccine::list(diary.vault())?.records;
        let now = session.now();
        if self.card {
            let card = pass::card(&records, &person.id, now).map_err(VaccineError::from)?;
            return document(session, &person.name, "shc", &card, &self.out);
        }
        if let Some(id) = &self.certificate {
            let (kind, text) = certificate(&records, person.id, record_id(id)?)?;
            return document(session, &person.name, kind, text, &self.out);
        }
        if let Some(nonce) = self.nonce.as_deref().filter(|nonce| !is_nonce(nonce)) {
            return Err(Failure::from(StatusPassError::CannotBeWritten).about(nonce));
        }
        let fields = self.fields.iter().map(|name| field(name)).collect::<Result<Vec<_>, _>>()?;
        let shown = pass::show(&records, &person.id, &fields, self.nonce.as_deref(), now)?;
        let text = shown.to_text();
        code_picture::write(&text, &self.out)?;
        let names: Vec<&str> = shown.values().map(|value| value.field().name()).collect();
        let until = now.saturating_add(SHOWN_SECONDS);
        let line = json!({
            "person": person.name,
            "id": person.id.to_string(),
            "kind": "status",
            "fields": names,
            "strict": self.nonce.is_some(),
            "signed_at": time::write(now),
            "until": time::write(until),
            "out": self.out,
        });
        let until = time::day_and_time(until, session.out.texts());
        session.out.answer(
            &line,
            "vaccine-shown",
            &[
                ("file", &self.out.display()),
                ("fields", &names.join(", ")),
                ("until", &until),
            ],
        )?;
        Ok(Outcome::Done)
    }
}

fn field(name: &str) -> Result<Field, Failure> {
    Field::of_name(name.trim()).ok_or_else(|| Failure::from(StatusPassError::NoSuchField).about(name))
}

/// The text of a person's slip or certificate, and its kind.
fn certificate(records: &[Record], person: EntryId, id: EntryId) -> Result<(&'static str, &str), Failure> {
    let record = records.iter().find(|record| (record.person, record.id) == (person, id));
    match record.map(|record| &record.content) {
        Some(Content::Slip(text)) => Ok(("dose_slip", text)),
        Some(Content::Certificate(text)) => Ok((techo_core::certificates::kind(text).name(), text)),
        _ => Err(VaccineError::from(VaccineRefusal::NoCertificate).into()),
    }
}

/// A code with a whole document.
fn document(session: &Session, person: &str, kind: &str, text: &str, out: &Path) -> Result<Outcome, Failure> {
    code_picture::write(text, out)?;
    let line = json!({ "person": person, "kind": kind, "out": out });
    let kind = session.out.texts().plain(&format!("kind-{}", kind.replace('_', "-")));
    session
        .out
        .answer(&line, "vaccine-shown-whole", &[("kind", &kind), ("file", &out.display())])?;
    Ok(Outcome::Done)
}
