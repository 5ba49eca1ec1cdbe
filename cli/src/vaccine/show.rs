//! `techo vaccine request` and `show`: a status pass, asked for and shown; or another document, where the person chooses it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use techo_core::certificates::DocumentKind;
use techo_core::device::{ShowPass, ShownDocument};
use techo_protocol::vaccination::status_pass::{Field, StatusPassError, is_nonce};

use super::{meant, record_id};
use crate::code_picture;
use crate::file::write_private;
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
        let mut device = device::opened(session)?;
        let person = meant(&mut device, self.person.as_deref())?;
        let request = device.request_pass(person.id)?;
        write_private(&self.out, &request.file)?;
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
        let mut device = device::opened(session)?;
        let person = meant(&mut device, self.person.as_deref())?.id;
        if self.card {
            return document(session, &device.show_card(person)?, &self.out);
        }
        if let Some(id) = &self.certificate {
            return document(session, &device.show_certificate(person, record_id(id)?)?, &self.out);
        }
        if let Some(nonce) = self.nonce.as_deref().filter(|nonce| !is_nonce(nonce)) {
            return Err(Failure::from(StatusPassError::CannotBeWritten).about(nonce));
        }
        let shown = device.show_pass(&ShowPass {
            person,
            fields: self.fields.iter().map(|name| field(name)).collect::<Result<_, _>>()?,
            nonce: self.nonce,
        })?;
        code_picture::write(&shown.text, &self.out)?;
        let names: Vec<&str> = shown.shows.iter().map(|value| value.field().name()).collect();
        let line = json!({
            "person": shown.person.name,
            "id": shown.person.id.to_string(),
            "kind": DocumentKind::Status.name(),
            "fields": names,
            "strict": shown.nonce.is_some(),
            "signed_at": time::write(shown.signed_at),
            "until": time::write(shown.until),
            "out": self.out,
        });
        let until = time::day_and_time(shown.until, session.out.texts());
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

/// A code with a whole document.
fn document(session: &Session, shown: &ShownDocument, out: &Path) -> Result<Outcome, Failure> {
    code_picture::write(&shown.text, out)?;
    let line = json!({ "person": shown.person.name, "kind": shown.kind.name(), "out": out });
    let kind = session
        .out
        .texts()
        .plain(&format!("kind-{}", shown.kind.name().replace('_', "-")));
    session
        .out
        .answer(&line, "vaccine-shown-whole", &[("kind", &kind), ("file", &out.display())])?;
    Ok(Outcome::Done)
}
