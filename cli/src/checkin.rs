//! `techo checkin`: a venue code into the diary.

use clap::Args;
use serde_json::json;
use techo_core::arrival::ArrivalError;
use techo_core::device::{CheckIn as Request, CheckedIn, DeviceError};
use techo_core::recognise::Recognised;
use techo_protocol::Coded as _;
use techo_protocol::exposure::venue_code::VenueCodeError;

use crate::failure::Warning;
use crate::profile::Kind;
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
        let at = self.at.as_deref().map(time::read).transpose()?;
        let texts = input::texts(&self.input)?;
        let request = Request {
            texts,
            at,
            stay_minutes: self.stay,
            with: self.with,
            note: self.note,
        };
        if session.profile(Kind::Device).is_err() {
            // A code that is none makes no profile.
            request
                .expect_place(session.now())
                .map_err(|error| about(error, &request.texts))?;
        }
        let done = device::opened_or_made(session)?
            .check_in(&request)
            .map_err(|error| about(error, &request.texts))?;
        answer(session, &done)
    }
}

/// Where a picture holds several places, the person is told which.
fn about(error: DeviceError, texts: &[String]) -> Failure {
    let several = error.code() == ArrivalError::SeveralPlaces.code();
    let failure = Failure::from(error);
    if !several {
        return failure;
    }
    let read = texts.iter().map(|text| Recognised::of(text, &[]));
    let names: Vec<String> = read
        .filter(Recognised::is_place)
        .map(|place| place.name().unwrap_or(place.kind().name()).to_owned())
        .collect();
    failure.about(names.join(" / "))
}

fn answer(session: &Session, done: &CheckedIn) -> Result<Outcome, Failure> {
    let visit = &done.visit;
    let mut line = json!({
        "visit": visit.id.to_string(),
        "name": visit.name,
        "address": visit.address,
        "in": time::write(visit.check_in),
        "out": time::write(visit.out),
    });
    if done.again {
        line["again"] = json!(true);
    }
    if let Some(ended) = &done.ended {
        line["ended"] = json!({ "visit": ended.id.to_string(), "name": ended.name, "out": time::write(ended.out) });
    }
    let mut warnings = Vec::new();
    if done.without_warnings {
        warnings.push(techo_protocol::Coded::code(&VenueCodeError::UnknownAuthority));
    }
    if let Some(from) = visit.keys_end {
        warnings.push(techo_protocol::Coded::code(&Warning::KeysEnd));
        line["keys_end"] = json!(time::write(from));
    }
    if let Some(event) = &done.event {
        warnings.push(event.code());
    }
    if !warnings.is_empty() {
        line["warnings"] = json!(warnings);
    }
    let texts = session.out.texts();
    let from = time::day_and_time(visit.check_in, texts);
    session.out.answer(
        &line,
        if done.again { "checkin-again" } else { "checkin-done" },
        &[
            ("name", &visit.name),
            ("in", &from),
            ("out", &time::end(visit.out, visit.check_in, texts)),
        ],
    )?;
    if let Some(ended) = &done.ended {
        let out = time::end(ended.out, visit.check_in, texts);
        session
            .out
            .say("checkin-ended", &[("name", &ended.name), ("out", &out), ("id", &ended.id)])?;
    }
    if let Some(event) = &done.event {
        session.out.warn_line(&format!("{} ({})", texts.message(event), event.code()));
    }
    if done.without_warnings {
        session.out.say(
            if done.follows_nobody {
                "checkin-follow-nobody"
            } else {
                "checkin-unknown-authority"
            },
            &[],
        )?;
    }
    if let Some(from) = visit.keys_end {
        session
            .out
            .say("checkin-keys-end", &[("time", &time::end(from, visit.check_in, texts))])?;
    }
    Ok(Outcome::Done)
}
