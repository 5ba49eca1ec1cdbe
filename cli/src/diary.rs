//! `techo diary`: where you were.

mod send;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use techo_core::device::{AddVisit, EditVisit, EndEdit, VisitView};
use techo_core::diary::{EndedBy, Filter, ForeignPoster, Source};

use crate::failure::Warning;
use crate::session::Session;
use crate::texts::harmless;
use crate::{Failure, Outcome, device, input, time};

/// See and keep up the diary of visits
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  techo diary list --from 2026-11-01
  techo diary add --name \"Aunt Yoko\" --from 2026-11-20T14:00 --to 2026-11-20T17:00
  techo diary delete ID")]
pub enum Diary {
    /// The visits by day
    List(List),
    /// Enter a visit without a code
    Add(Add),
    /// Change a visit's times, note or company; the name where it was entered by hand
    Edit(EditArgs),
    /// Say when a visit ended
    Checkout {
        /// The visit
        id: String,
        /// When it ended
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Delete visits; they are really gone
    Delete {
        /// The visits
        #[arg(required = true)]
        id: Vec<String>,
    },
    /// How many days visits are kept, 14 to 60; without a number, say it
    Keep {
        /// Days
        days: Option<i64>,
    },
    /// Write the diary as readable JSON, keys included: whoever has the file has the diary
    Export {
        /// Where to
        file: PathBuf,
    },
    /// Take in an exported diary
    Import {
        /// The file
        file: PathBuf,
    },
    /// Send chosen visits to the health centre with a one-time code. Nothing that is not named is sent
    Send(send::Send),
}

/// Which visits to list, by time and text.
#[derive(Debug, Args)]
pub struct List {
    /// Those that begin at or after this time
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Those that begin before this time; a date means the end of that day
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Those with this text in name, address, note or company
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

/// A visit by hand.
#[derive(Debug, Args)]
pub struct Add {
    /// Name of the place
    #[arg(long)]
    name: String,
    /// Address of the place
    #[arg(long)]
    address: Option<String>,
    /// When the stay began
    #[arg(long, value_name = "TIME")]
    from: String,
    /// When it ended
    #[arg(long, value_name = "TIME")]
    to: String,
    /// Who was along; may be given several times
    #[arg(long, value_name = "NAME")]
    with: Vec<String>,
    /// A note of your own
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// What to change of a visit; what is not given stays.
#[derive(Debug, Args)]
pub struct EditArgs {
    /// The visit
    id: String,
    /// The new beginning
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The new end; `auto` leaves it to be computed again
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The new name, of a visit entered by hand
    #[arg(long)]
    name: Option<String>,
    /// The new address, of a visit entered by hand; empty takes it away
    #[arg(long)]
    address: Option<String>,
    /// The new note; empty takes it away
    #[arg(long)]
    note: Option<String>,
    /// Who was along, all of them; may be given several times, and one empty name means nobody
    #[arg(long, value_name = "NAME")]
    with: Option<Vec<String>>,
}

impl Diary {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::List(list) => list.run(session),
            Self::Add(add) => add.run(session),
            Self::Edit(edit) => edit.run(session),
            Self::Checkout { id, at } => {
                let at = at.as_deref().map(time::read).transpose()?;
                let visit = device::opened(session)?.check_out(device::visit_id(&id)?, at)?;
                answer(session, &visit, "diary-changed")
            }
            Self::Delete { id } => delete(session, &id),
            Self::Keep { days } => keep(session, days),
            Self::Export { file } => export(session, &file),
            Self::Import { file } => import(session, &file),
            Self::Send(send) => send.run(session),
        }
    }
}

impl List {
    fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut device = device::opened(session)?;
        let filter = Filter {
            from: self.from.as_deref().map(time::read).transpose()?,
            to: self.to.as_deref().map(time::read_end).transpose()?,
            search: self.search,
        };
        let listing = device.visits(&filter)?;
        let out = &session.out;
        let mut day = String::new();
        for visit in &listing.visits {
            let this = time::day(visit.check_in, out.texts());
            if this != day {
                out.say_line(&out.bold(&this))?;
                day = this;
            }
            show(session, visit)?;
        }
        if listing.visits.is_empty() {
            out.say("diary-empty", &[])?;
        }
        for id in &listing.newer {
            out.answer(
                &json!({ "visit": id.to_string(), "source": "newer" }),
                "diary-newer",
                &[("id", id)],
            )?;
        }
        for row in &listing.damaged {
            out.warn("diary-damaged", &[("row", row)]);
        }
        Ok(Outcome::Done)
    }
}

fn show(session: &Session, visit: &VisitView) -> Result<(), Failure> {
    let out = &session.out;
    let texts = out.texts();
    out.line(&line(visit))?;
    let until = if visit.ended_by == EndedBy::Person {
        String::new()
    } else {
        texts.plain("diary-computed")
    };
    let address = visit
        .address
        .as_ref()
        .map(|address| format!(", {}", address.replace('\n', ", ")))
        .unwrap_or_default();
    let company: Vec<String> = visit
        .with
        .iter()
        .map(|name| name.clone().unwrap_or_else(|| texts.plain("someone")))
        .collect();
    let company = if company.is_empty() {
        String::new()
    } else {
        texts.of("diary-with", &[("names", &company.join(", "))])
    };
    let warned = if visit.warned {
        String::new()
    } else {
        texts.plain("diary-not-warned")
    };
    let (from, to) = (time::clock(visit.check_in), time::end(visit.out, visit.check_in, texts));
    out.say(
        "diary-line",
        &[
            ("from", &from),
            ("to", &to),
            ("until", &until),
            ("name", &visit.name),
            ("address", &address),
            ("company", &company),
            ("warned", &warned),
            ("id", &visit.id),
        ],
    )?;
    if let Some(note) = &visit.note {
        out.say_line(&format!("      {}", harmless(note).replace('\n', "\n      ")))?;
    }
    if visit.needs_repair {
        out.say("diary-repair", &[])
    } else {
        Ok(())
    }
}

/// A visit as a JSON line.
fn line(visit: &VisitView) -> Value {
    let source = match visit.source {
        _ if visit.imported => "import",
        Source::Code { .. } => "code",
        Source::Foreign(_) | Source::Manual => "manual",
    };
    let poster = match visit.source {
        Source::Foreign(ForeignPoster::Nz) => Some("nz"),
        Source::Foreign(ForeignPoster::Nhs) => Some("nhs"),
        Source::Foreign(ForeignPoster::Cwa) => Some("cwa"),
        Source::Foreign(ForeignPoster::NotifyMe) => Some("notifyme"),
        Source::Code { .. } | Source::Manual => None,
    };
    json!({
        "visit": visit.id.to_string(),
        "name": visit.name,
        "address": visit.address,
        "in": time::write(visit.check_in),
        "out": time::write(visit.out),
        "out_is_computed": visit.ended_by != EndedBy::Person,
        "source": source,
        "foreign": poster,
        "warned": visit.warned,
        "keys_end": visit.keys_end.map(time::write),
        "with": visit.with,
        "note": visit.note,
        "needs_repair": visit.needs_repair,
    })
}

fn answer(session: &Session, visit: &VisitView, id: &str) -> Result<Outcome, Failure> {
    let texts = session.out.texts();
    let from = time::day_and_time(visit.check_in, texts);
    let to = time::end(visit.out, visit.check_in, texts);
    session.out.answer(
        &line(visit),
        id,
        &[("name", &visit.name), ("from", &from), ("to", &to), ("id", &visit.id)],
    )?;
    Ok(Outcome::Done)
}

impl Add {
    fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let new = AddVisit {
            name: self.name,
            address: self.address,
            from: time::read(&self.from)?,
            to: time::read(&self.to)?,
            with: self.with,
            note: self.note,
        };
        let visit = device::opened_or_made(session)?.add_visit(&new)?;
        answer(session, &visit, "diary-added")
    }
}

impl EditArgs {
    fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let end = match self.to.as_deref() {
            None => EndEdit::Keep,
            Some("auto") => EndEdit::Clear,
            Some(to) => EndEdit::Set { at: time::read(to)? },
        };
        let edit = EditVisit {
            from: self.from.as_deref().map(time::read).transpose()?,
            end,
            name: self.name,
            address: self.address,
            note: self.note,
            with: self
                .with
                .map(|names| names.into_iter().filter(|name| !name.is_empty()).collect()),
        };
        let visit = device::opened(session)?.edit_visit(device::visit_id(&self.id)?, &edit)?;
        answer(session, &visit, "diary-changed")
    }
}

fn delete(session: &Session, ids: &[String]) -> Result<Outcome, Failure> {
    let ids = ids.iter().map(|id| device::visit_id(id)).collect::<Result<Vec<_>, _>>()?;
    device::opened(session)?.delete_visits(&ids)?;
    let deleted: Vec<String> = ids.iter().map(ToString::to_string).collect();
    session
        .out
        .answer(&json!({ "deleted": deleted }), "diary-deleted", &[("count", &ids.len())])?;
    Ok(Outcome::Done)
}

fn keep(session: &Session, days: Option<i64>) -> Result<Outcome, Failure> {
    let mut device = match days {
        Some(_) => device::opened_or_made(session)?,
        None => device::opened(session)?,
    };
    if let Some(days) = days {
        device.set_keep_days(days)?;
    }
    let days = device.keep_days()?;
    session
        .out
        .answer(&json!({ "keep_days": days }), "diary-keep", &[("days", &days)])?;
    Ok(Outcome::Done)
}

fn export(session: &Session, path: &Path) -> Result<Outcome, Failure> {
    let exported = device::opened(session)?.export_diary()?;
    session.out.write_private(path, exported.json.as_bytes())?;
    let line = json!({
        "file": path,
        "visits": exported.visits,
        "left_out": exported.left_out,
        "warnings": [techo_protocol::Coded::code(&Warning::ExportReadable)],
    });
    session.out.answer(
        &line,
        "diary-exported",
        &[("file", &path.display()), ("count", &exported.visits)],
    )?;
    if exported.left_out > 0 {
        session.out.warn("diary-left-out", &[("count", &exported.left_out)]);
    }
    Ok(Outcome::Done)
}

fn import(session: &Session, path: &Path) -> Result<Outcome, Failure> {
    let content = input::file(path)?;
    let done = device::opened_or_made(session)?.import_diary(&content)?;
    let line = json!({ "added": done.added, "already": done.already, "expired": done.expired, "deleted": done.deleted });
    session.out.answer(
        &line,
        "diary-imported",
        &[
            ("added", &done.added),
            ("already", &done.already),
            ("expired", &done.expired),
            ("deleted", &done.deleted),
        ],
    )?;
    Ok(Outcome::Done)
}
