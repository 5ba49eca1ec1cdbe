//! `techo checkin`: a venue code into the diary.

use clap::Args;
use serde_json::json;
use techo_core::arrival::{self, ArrivalError};
use techo_core::diary::Visit;
use techo_core::exposure::trust;
use techo_core::recognise::Recognised;
use techo_protocol::exposure::venue_code::VenueCodeError;

use crate::failure::{CliError, Warning};
use crate::session::Session;
use crate::{Failure, Outcome, device, input, time};

/// Read a venue's code and write the visit into the diary
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo checkin poster.png
  techo checkin poster.png --at 2026-11-20T19:05 --stay 90 --with Aki --note \"by the window\"")]
pub struct CheckIn {
    /// Picture, text file, - for stdin, or the code's text
    #[arg(value_name = "INPUT")]
    input: String,
    /// When the stay began; without it, now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How long the stay is, in minutes; without it, what the venue says
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..))]
    stay: Option<u32>,
    /// Who was along; may be given several times
    #[arg(long, value_name = "NAME")]
    with: Vec<String>,
    /// A note of your own
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl CheckIn {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let at = self.at.as_deref().map_or(Ok(session.now()), time::read)?;
        let read = input::read(&self.input)?;
        let lists = device::followed(session)?;
        let mut places: Vec<Recognised> = read
            .codes
            .iter()
            .map(|code| Recognised::of(&code.text, &lists))
            .filter(Recognised::is_place)
            .collect();
        places.dedup();
        if places.len() > 1 {
            let names: Vec<&str> = places.iter().map(|place| place.name().unwrap_or(place.kind())).collect();
            return Err(Failure::from(CliError::SeveralCodes).about(names.join(" / ")));
        }
        let place = places.pop().ok_or(ArrivalError::NotAPlace)?;
        let mut arrival = arrival::arrive(&place, at)?;
        arrival.visit.with = self.with;
        arrival.visit.note = self.note;
        if let Some(stay) = self.stay {
            // What does not fit is longer than a stay may be, which the diary says.
            arrival.visit.default_stay_min = u16::try_from(stay).unwrap_or(u16::MAX);
        }
        let mut diary = device::open_or_make(session)?;
        let visit = diary.check_in(&arrival.visit)?;
        let followed = !trust::all(diary.vault())?.is_empty();
        answer(session, &visit, arrival.without_warnings, followed)
    }
}

fn answer(session: &Session, visit: &Visit, without_warnings: bool, followed: bool) -> Result<Outcome, Failure> {
    let mut line = json!({
        "visit": visit.id.to_string(),
        "name": visit.name,
        "address": visit.address,
        "in": time::write(visit.check_in),
        "out": time::write(visit.out),
    });
    let uncovered = visit.uncovered_from();
    let mut warnings = Vec::new();
    if without_warnings {
        warnings.push(techo_protocol::Coded::code(&VenueCodeError::UnknownAuthority));
    }
    if let Some(from) = uncovered {
        warnings.push(techo_protocol::Coded::code(&Warning::KeysEnd));
        line["keys_end"] = json!(time::write(from));
    }
    if !warnings.is_empty() {
        line["warnings"] = json!(warnings);
    }
    let texts = session.out.texts();
    let from = time::day_and_time(visit.check_in, texts);
    session.out.answer(
        &line,
        "checkin-done",
        &[("name", &visit.name), ("in", &from), ("out", &time::clock(visit.out))],
    )?;
    if without_warnings {
        session.out.say(
            if followed {
                "checkin-unknown-authority"
            } else {
                "checkin-follow-nobody"
            },
            &[],
        )?;
    }
    if let Some(from) = uncovered {
        session.out.say("checkin-keys-end", &[("time", &time::clock(from))])?;
    }
    Ok(Outcome::Done)
}
