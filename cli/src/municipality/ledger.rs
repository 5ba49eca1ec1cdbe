//! `techo municipality ledger`: what is known of doses.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use techo_authority::municipality::ledger::{Entry, Filter, Source};
use techo_authority::municipality::vrs::VrsEncoding;
use techo_protocol::vaccination::ticket::TicketText;

use crate::authority::open;
use crate::session::Session;
use crate::{Failure, Outcome, rejected, time};

/// The ledger, a line a dose; or the file that municipal systems read
#[derive(Debug, Args)]
pub struct Ledger {
    /// The layout of Japan's vaccination record system (CSV, one row a person), in place of a line a dose
    #[arg(long)]
    layout: Option<Layout>,
    /// With a layout: where the file goes; without it, to stdout
    #[arg(long, value_name = "FILE", requires = "layout")]
    out: Option<PathBuf>,
    /// With a layout: the file's encoding
    #[arg(long, default_value = "shift-jis", requires = "layout")]
    encoding: Encoding,
    /// Of this ticket only
    #[arg(long, conflicts_with = "layout")]
    ticket: Option<String>,
    /// What was corrected or taken back, too
    #[arg(long, conflicts_with = "layout")]
    history: bool,
    /// Only doses of which two sources say different things
    #[arg(long, conflicts_with = "layout")]
    conflicts: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Layout {
    Vrs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Encoding {
    ShiftJis,
    Utf8Bom,
}

impl Ledger {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let authority = open(session)?;
        if self.layout.is_some() {
            let encoding = match self.encoding {
                Encoding::ShiftJis => VrsEncoding::ShiftJis,
                Encoding::Utf8Bom => VrsEncoding::Utf8Bom,
            };
            return self.write_vrs(session, &authority, encoding);
        }
        let filter = Filter {
            ticket: self
                .ticket
                .as_deref()
                .map(TicketText::read)
                .transpose()?
                .map(|ticket| ticket.number()),
            history: self.history,
            conflicts: self.conflicts,
        };
        authority.ledger(filter, |entry| show(session, &entry))?;
        Ok(Outcome::Done)
    }

    fn write_vrs(
        &self,
        session: &Session,
        authority: &techo_authority::Authority,
        encoding: VrsEncoding,
    ) -> Result<Outcome, Failure> {
        match &self.out {
            Some(path) => {
                let file = authority.vrs_ledger(encoding)?;
                session.out.write_private(path, &file.content)?;
                let outcome = rejected::show(session, &file.lacking)?;
                let mut line = json!({ "layout": "vrs", "persons": file.persons, "bytes": file.content.len() });
                if !file.lacking.is_empty() {
                    line["warnings"] = json!(["vrs.character"]);
                    line["lacking"] = json!(file.lacking.len());
                }
                session.out.answer(&line, "municipality-vrs", &[("persons", &file.persons)])?;
                return Ok(outcome);
            }
            // As JSON it is text; without it the bytes are what the other system reads.
            None if session.out.is_json() => {
                let content = authority.vrs_ledger(VrsEncoding::Utf8Bom)?.content;
                let text = String::from_utf8_lossy(&content);
                session.out.document("vrs", text.trim_start_matches('\u{feff}'))?;
            }
            None => {
                let file = authority.vrs_ledger(encoding)?;
                session.out.bytes(&file.content)?;
                return Ok(rejected::warn(session, &file.lacking));
            }
        }
        Ok(Outcome::Done)
    }
}

fn show(session: &Session, entry: &Entry) -> Result<(), Failure> {
    let dose = &entry.dose;
    let mut line = json!({
        "ticket": dose.ticket.to_string(),
        "dose": dose.number,
        "at": time::write(dose.at),
        "product": dose.product.name(),
        "lot": dose.lot,
        "place": dose.place,
        "by": dose.by,
        "recorded": time::write(dose.recorded_at),
        "source": entry.source.kind(),
        "source_name": entry.source.name(),
        "revision": entry.revision,
    });
    if entry.conflict {
        line["conflict"] = json!(true);
    }
    if matches!(entry.source, Source::Slip(_)) {
        line["from_slip"] = json!(true);
    }
    if !entry.current {
        line["state"] = json!(if entry.withdrawn { "withdrawn" } else { "superseded" });
    }
    let id = match (entry.conflict, entry.current, &entry.source) {
        (true, _, _) => "municipality-dose-conflict",
        (_, false, _) => "municipality-dose-old",
        (_, _, Source::Slip(_)) => "municipality-dose-slip",
        _ => "municipality-dose",
    };
    let day = time::day_in_japan(dose.at, session.out.texts());
    session.out.answer(
        &line,
        id,
        &[
            ("ticket", &dose.ticket),
            ("dose", &dose.number),
            ("day", &day),
            ("product", &dose.product),
            ("lot", &dose.lot),
            ("place", &dose.place),
        ],
    )
}
