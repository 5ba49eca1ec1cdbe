//! `techo municipality issue`, `revoke`, `revocations` and `key`: status passes.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use techo_authority::municipality::passes::{NewPass, to_jwks};
use techo_protocol::basics::jwk::base64url;
use techo_protocol::vaccination::ticket::{TicketError, TicketNumber, TicketText};

use crate::authority::open;
use crate::file::write_private;
use crate::file::{expect_writable, write_public};
use crate::session::Session;
use crate::{Failure, Outcome, input, time};

/// Issue a status pass for a ticket, from the doses in the ledger: thirty copies, one for each day
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo --data sakai municipality issue 0000000001 --holder aki.request --name \"Akihiko Kimura\" --out aki.pass
  techo --data sakai municipality issue 0000000001 --out aki.pass      whoever has this file has the pass")]
pub struct Issue {
    /// The ticket: its 10 or 18 digits
    ticket: String,
    /// The request that the person made on the phone. Without it the file is a bearer's
    #[arg(long, value_name = "FILE")]
    holder: Option<PathBuf>,
    /// The name, so that it can be shown beside an identity document. It goes into the pass and is not kept
    #[arg(long)]
    name: Option<String>,
    /// Where the pass goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Revoke all status passes of a ticket. `authority publish` sends the list of the revoked ones out, `municipality revocations export` writes it
#[derive(Debug, Args)]
pub struct Revoke {
    /// The ticket: its 10 or 18 digits
    ticket: String,
}

/// The signed list of revoked status passes, the same for everybody
#[derive(Debug, Subcommand)]
pub enum Revocations {
    /// Write it to a file
    Export {
        /// The file to write
        file: PathBuf,
    },
}

/// The key of status passes
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make a new one, which signs from now on. Needs the folder `root`; hand out the trust file again
    Rotate {
        /// End the old one at once: no pass that it signed counts any more
        #[arg(long)]
        revoke_old: bool,
    },
    /// Write the keys as a JWK set, for `/.well-known/jwks.json` below the municipality's address
    Export {
        /// The file to write
        file: PathBuf,
    },
}

impl Issue {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut authority = open(session)?;
        let ticket = ticket(&authority, &self.ticket)?;
        let request = self.holder.as_deref().map(input::file).transpose()?;
        // A pass that cannot be written must not be counted as one that left.
        expect_writable(&self.out)?;
        let new = NewPass {
            ticket,
            request: request.as_deref(),
            name: self.name.as_deref(),
        };
        let issued = authority.issue_pass(&new, session.now(), &session.random)?;
        // A bearer's file holds the keys.
        write_private(&self.out, &issued.file)?;
        let is_bearer = request.is_none();
        let line = json!({
            "ticket": ticket.to_string(),
            "status": issued.status.name(),
            "doses": issued.doses,
            "copies": issued.copies,
            "until": time::write(issued.until),
            "bearer": is_bearer,
            "card": issued.has_card,
            "out": self.out,
        });
        let texts = session.out.texts();
        let status = texts.plain(&format!("status-{}", issued.status.name().replace('_', "-")));
        session.out.answer(
            &line,
            "municipality-issued",
            &[
                ("ticket", &ticket),
                ("status", &status),
                ("copies", &issued.copies),
                ("file", &self.out.display()),
            ],
        )?;
        if is_bearer {
            session.out.warn("municipality-bearer", &[]);
        }
        if self.name.is_some() && !issued.has_card {
            session.out.warn("municipality-no-card", &[]);
        }
        Ok(Outcome::Done)
    }
}

impl Revoke {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut authority = open(session)?;
        let ticket = ticket(&authority, &self.ticket)?;
        let revoked = authority.revoke_passes(ticket, session.now())?;
        session.out.answer(
            &json!({ "ticket": ticket.to_string(), "revoked": revoked }),
            "municipality-pass-revoked",
            &[("ticket", &ticket), ("count", &revoked)],
        )?;
        Ok(Outcome::Done)
    }
}

impl Revocations {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let Self::Export { file } = self;
        let (number, content) = open(session)?.revocations(session.now(), &session.random)?;
        write_public(&file, &content)?;
        session.out.answer(
            &json!({ "number": number, "bytes": content.len(), "out": file }),
            "municipality-revocations",
            &[("number", &number), ("file", &file.display())],
        )?;
        Ok(Outcome::Done)
    }
}

impl Key {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut authority = open(session)?;
        match self {
            Self::Rotate { revoke_old } => {
                let key = authority.rotate_status_key(revoke_old, session.now(), &session.random)?;
                let id = base64url(&key.thumbprint());
                session.out.answer(
                    &json!({ "kid": id, "old_revoked": revoke_old }),
                    "municipality-key-rotated",
                    &[("id", &id)],
                )?;
            }
            Self::Export { file } => {
                let keys = authority.status_keys()?;
                write_public(&file, to_jwks(&keys).as_bytes())?;
                session.out.answer(
                    &json!({ "keys": keys.len(), "out": file }),
                    "municipality-keys",
                    &[("count", &keys.len()), ("file", &file.display())],
                )?;
            }
        }
        Ok(Outcome::Done)
    }
}

/// A ticket of this municipality.
fn ticket(authority: &techo_authority::Authority, digits: &str) -> Result<TicketNumber, Failure> {
    let about = |error: TicketError| Failure::from(error).about(digits);
    let ticket = TicketText::read(digits).map_err(about)?;
    match ticket {
        TicketText::Whole(whole) if whole.municipality != authority.municipality_code()? => {
            let error = techo_authority::municipality::residents::ResidentRowError::OtherTown;
            Err(Failure::from(error).about(digits))
        }
        _ => Ok(ticket.number()),
    }
}
