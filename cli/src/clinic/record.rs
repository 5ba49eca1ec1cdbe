//! `techo clinic record`, `correct`, `undo` and `list`.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use serde_json::json;
use techo_core::clinic::{Correction, NewDose, Recorded, SiteRefusal};
use techo_core::scan::ScanError;
use techo_protocol::basics::keys::sha256;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::ticket::TicketText;

use super::open;
use crate::file::expect_writable;
use crate::session::Session;
use crate::{Failure, Outcome, code_picture, input, time};

/// Check a ticket, record the dose, and give the person a slip. Nothing is saved where a check fails
#[derive(Debug, Args)]
pub struct Record {
    /// A picture of the ticket, - for stdin, or its 18 or 10 digits
    ticket: String,
    /// The vaccine
    #[arg(long, value_parser = products())]
    product: Product,
    /// The lot, as it is printed on the vial
    #[arg(long)]
    lot: String,
    /// When it was given; without it, now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Who gave it
    #[arg(long)]
    by: String,
    /// Where the slip for the person goes (PNG)
    #[arg(long, value_name = "FILE")]
    slip: Option<PathBuf>,
    /// Which dose, where the ticket has 10 digits only
    #[arg(long)]
    dose: Option<u8>,
    /// The person's birth date, for the age check; it is not kept
    #[arg(long, value_name = "DATE")]
    born: Option<String>,
    /// Record the dose in spite of this refusal, by its code: it was given all the same
    #[arg(long, value_name = "CODE")]
    despite: Vec<String>,
}

/// Correct a record. What it said before stays in the municipality's history
#[derive(Debug, Args)]
pub struct Correct {
    /// The record's number
    record: u32,
    /// The right ticket
    #[arg(long)]
    ticket: Option<String>,
    /// The right dose number
    #[arg(long)]
    dose: Option<u8>,
    /// The right vaccine
    #[arg(long, value_parser = products())]
    product: Option<Product>,
    /// The right lot
    #[arg(long)]
    lot: Option<String>,
    /// The right time
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The right vaccinator
    #[arg(long)]
    by: Option<String>,
    /// Where the new slip goes (PNG)
    #[arg(long, value_name = "FILE")]
    slip: Option<PathBuf>,
    /// Correct it in spite of this refusal, by its code
    #[arg(long, value_name = "CODE")]
    despite: Vec<String>,
}

fn products() -> impl clap::builder::TypedValueParser<Value = Product> {
    PossibleValuesParser::new(Product::ALL.map(Product::name)).try_map(|name| Product::read(&name))
}

/// A ticket out of a picture or of what was typed, and the hash of the picture.
fn ticket(text: &str) -> Result<(TicketText, Option<[u8; 32]>), Failure> {
    let read = input::read(text)?;
    if read.codes.is_empty() {
        return Err(Failure::from(ScanError::NoCode).about(text));
    }
    let path = Path::new(text);
    let is_picture = read.codes.iter().any(|code| code.code.is_some());
    let picture = if is_picture && path.exists() {
        Some(sha256(&input::file(path)?))
    } else {
        None
    };
    let mut tickets: Vec<TicketText> = Vec::new();
    let mut error = None;
    for code in &read.codes {
        match TicketText::read(&code.text) {
            Ok(ticket) if !tickets.contains(&ticket) => tickets.push(ticket),
            Ok(_) => {}
            Err(why) => error = Some(why),
        }
    }
    match (&tickets[..], error) {
        ([ticket], _) => Ok((*ticket, picture)),
        ([], Some(why)) if read.codes.len() == 1 => Err(why.into()),
        // Two tickets in one picture: whose dose it is, nobody can tell.
        _ => Err(SiteRefusal::NoTicket.into()),
    }
}

impl Record {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut site = open(session)?;
        let (ticket, picture) = ticket(&self.ticket)?;
        let day = |text: &String| time::read_day(text).map_err(|error| Failure::from(error).about(text));
        let born = self.born.as_ref().map(day).transpose()?;
        let at = match &self.at {
            Some(at) => time::read(at)?,
            None => session.now(),
        };
        if let Some(path) = &self.slip {
            expect_writable(path)?;
        }
        let recorded = site.record(&NewDose {
            ticket,
            dose: self.dose,
            product: self.product,
            lot: &self.lot,
            at,
            by: &self.by,
            born,
            picture,
            despite: &self.despite,
        })?;
        show(session, &recorded, self.slip.as_deref(), "clinic-recorded")
    }
}

impl Correct {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut site = open(session)?;
        let ticket = match &self.ticket {
            Some(text) => Some(ticket(text)?.0),
            None => None,
        };
        if let Some(path) = &self.slip {
            expect_writable(path)?;
        }
        let recorded = site.correct(
            self.record,
            &Correction {
                ticket,
                dose: self.dose,
                product: self.product,
                lot: self.lot.as_deref(),
                at: self.at.as_deref().map(time::read).transpose()?,
                by: self.by.as_deref(),
                despite: &self.despite,
            },
        )?;
        show(session, &recorded, self.slip.as_deref(), "clinic-corrected")
    }
}

pub fn undo(session: &Session, record: u32) -> Result<Outcome, Failure> {
    let recorded = open(session)?.undo(record)?;
    show(session, &recorded, None, "clinic-undone")
}

pub fn slip_again(session: &Session, record: u32, out: &Path) -> Result<Outcome, Failure> {
    let slip = open(session)?.slip(record)?;
    code_picture::write(&slip.to_text(), out)?;
    let line = json!({ "record": record, "slip": out.display().to_string() });
    session.out.answer(&line, "clinic-slip", &[("record", &record)])?;
    Ok(Outcome::Done)
}

pub fn list(session: &Session) -> Result<Outcome, Failure> {
    for record in open(session)?.records()? {
        let recorded = Recorded {
            record,
            slip: None,
            warnings: Vec::new(),
        };
        let id = if recorded.record.withdrawn {
            "clinic-record-undone"
        } else {
            "clinic-record"
        };
        show(session, &recorded, None, id)?;
    }
    Ok(Outcome::Done)
}

fn show(session: &Session, recorded: &Recorded, slip: Option<&Path>, id: &str) -> Result<Outcome, Failure> {
    let record = &recorded.record;
    let mut line = json!({
        "record": record.number,
        "revision": record.revision,
        "ticket": record.ticket.to_string(),
        "dose": record.dose,
        "at": time::write(record.at),
        "product": record.product.name(),
        "lot": record.lot,
        "by": record.by,
    });
    if record.withdrawn {
        line["withdrawn"] = json!(true);
    }
    if !recorded.warnings.is_empty() {
        let codes: Vec<_> = recorded.warnings.iter().map(techo_protocol::Coded::code).collect();
        line["warnings"] = json!(codes);
    }
    if let (Some(path), Some(slip)) = (slip, &recorded.slip) {
        code_picture::write(&slip.to_text(), path)?;
        line["slip"] = json!(path.display().to_string());
    }
    let at = time::day_and_time(record.at, session.out.texts());
    session.out.answer(
        &line,
        id,
        &[
            ("record", &record.number),
            ("ticket", &record.ticket),
            ("dose", &record.dose),
            ("product", &record.product),
            ("lot", &record.lot),
            ("at", &at),
        ],
    )?;
    for warning in &recorded.warnings {
        session.out.say_line(&session.out.texts().message(warning))?;
    }
    Ok(Outcome::Done)
}
