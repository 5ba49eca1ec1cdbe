//! `techo authority case`: one-time codes and the diaries that came for them.

use clap::Subcommand;
use serde_json::json;

use super::{open, publish};
use crate::relay_client::RelayClient;
use crate::session::Session;
use crate::{Failure, Outcome, time};

/// Give residents one-time codes, and see the diaries that they chose to send
#[derive(Debug, Subcommand)]
pub enum Case {
    /// Open a case. Its code is shown once and is good for 48 hours
    New,
    /// Take what was sent from the relay
    Fetch {
        /// This relay in place of those that the trust list names
        #[arg(long, value_name = "URL")]
        relay: Vec<String>,
    },
    /// All cases
    List,
    /// Open a case's diary. Visits are claims: each says whether the venue's code was held
    Show {
        /// The case's number
        case: u32,
    },
}

impl Case {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::New => new(session),
            Self::Fetch { relay } => fetch(session, &relay),
            Self::List => list(session),
            Self::Show { case } => show(session, case),
        }
    }
}

fn new(session: &Session) -> Result<Outcome, Failure> {
    let case = open(session)?.new_case(session.now(), &session.random)?;
    let line = json!({ "case": case.id, "code": case.code.to_string(), "expires": time::write(case.expires_at) });
    let expires = time::day_and_time(case.expires_at, session.out.texts());
    session.out.answer(
        &line,
        "authority-case-new",
        &[("case", &case.id), ("code", &case.code), ("expires", &expires)],
    )?;
    Ok(Outcome::Done)
}

fn fetch(session: &Session, relays: &[String]) -> Result<Outcome, Failure> {
    let mut authority = open(session)?;
    for address in publish::relays(&authority, relays)? {
        let relay = RelayClient::new(&address)?;
        let fetched = authority
            .fetch_diaries(&relay, session.now())
            .map_err(|error| Failure::from(error).about(&address))?;
        let line = json!({ "relay": address, "envelopes": fetched.envelopes, "cases": fetched.cases, "pieces": fetched.pieces });
        let count = fetched.cases.len();
        session.out.answer(
            &line,
            "authority-case-fetched",
            &[("envelopes", &fetched.envelopes), ("diaries", &count)],
        )?;
    }
    Ok(Outcome::Done)
}

fn list(session: &Session) -> Result<Outcome, Failure> {
    for case in open(session)?.cases()? {
        let line = json!({
            "case": case.id,
            "made": time::write(case.made_at),
            "expires": time::write(case.expires_at),
            "received": case.received_at.map(time::write),
            "may_be_late": case.may_be_late(),
        });
        let texts = session.out.texts();
        let received = case
            .received_at
            .map_or_else(|| texts.plain("never"), |at| time::day_and_time(at, texts));
        let made = time::day_and_time(case.made_at, texts);
        let id = if case.may_be_late() {
            "authority-case-late"
        } else {
            "authority-case"
        };
        session
            .out
            .answer(&line, id, &[("case", &case.id), ("made", &made), ("received", &received)])?;
    }
    Ok(Outcome::Done)
}

fn show(session: &Session, case: u32) -> Result<Outcome, Failure> {
    for visit in open(session)?.show_case(case, session.now())? {
        let (hours, held_hours) = visit.hours;
        let line = json!({
            "case": case,
            "name": visit.name,
            "address": visit.address,
            "from": time::write(visit.from),
            "to": time::write(visit.to),
            "claim": true,
            "held": visit.held.is_some(),
            "venue": visit.held.map(|venue| venue.to_string()),
            "hours": hours,
            "hours_held": held_hours,
        });
        let texts = session.out.texts();
        let id = if visit.held.is_some() {
            "authority-claim-held"
        } else {
            "authority-claim"
        };
        let venue = visit.held.map_or_else(String::new, |venue| venue.to_string());
        session.out.answer(
            &line,
            id,
            &[
                ("name", &visit.name),
                ("from", &time::day_and_time(visit.from, texts)),
                ("to", &time::day_and_time(visit.to, texts)),
                ("venue", &venue),
                ("hours", &hours),
                ("held", &held_hours),
            ],
        )?;
    }
    Ok(Outcome::Done)
}
