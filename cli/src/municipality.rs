//! `techo municipality`: tickets, vaccination sites, and the ledger of doses.

mod import;
mod ledger;
mod pass;
mod report;
mod site;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use techo_authority::keys::Passphrase;
use techo_authority::profile::NewAuthority;
use techo_authority::tables::Taking;
use techo_protocol::basics::folding::folded;
use techo_protocol::basics::municipality_code::MunicipalityCode;

use crate::authority::{open, warn_of_clear_keys};
use crate::failure::CliError;
use crate::file::write_public;
use crate::profile::{self, Kind};
use crate::session::Session;
use crate::{Failure, Outcome, input, rejected};

/// Run a municipality: give out tickets, license vaccination sites, keep the ledger of doses
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  techo --data sakai municipality init --code 271403 --name Sakai
  techo --data sakai municipality enrol residents.csv
  techo --data sakai municipality site add site.request --out site.licence
  techo --data sakai municipality import site.techo-bundle
  techo --data sakai municipality overdue
  techo --data sakai municipality issue 0000000001 --holder aki.request --out aki.pass")]
pub enum Municipality {
    Init(Init),
    Enrol(Enrol),
    #[command(subcommand)]
    Trust(Trust),
    #[command(subcommand)]
    Site(site::Site),
    #[command(subcommand)]
    Lots(site::Lots),
    Import(import::Import),
    Ledger(ledger::Ledger),
    Coverage(report::Coverage),
    Overdue(report::Overdue),
    Issue(pass::Issue),
    Revoke(pass::Revoke),
    #[command(subcommand)]
    Revocations(pass::Revocations),
    #[command(subcommand)]
    Key(pass::Key),
    /// Doses of each lot: distributed, given, and left
    Stock,
}

/// Make a municipality: an authority of its own, or what this authority is besides
#[derive(Debug, Args)]
pub struct Init {
    /// The municipality's code: six digits with the check digit
    #[arg(long)]
    code: String,
    /// The municipality's name, as people will see it; needed where there is no authority yet
    #[arg(long)]
    name: Option<String>,
    /// The municipality's page, which begins with https://
    #[arg(long)]
    url: Option<String>,
    /// The host in the URLs of its venue codes
    #[arg(long, default_value = "techo.example")]
    host: String,
}

/// Take in tickets and birth dates, as CSV with the columns ticket and born. Birth dates are sealed
#[derive(Debug, Args)]
pub struct Enrol {
    /// The file
    file: PathBuf,
    /// Give ticket numbers the leading zeros that a spreadsheet took away
    #[arg(long)]
    complete_zeros: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Hand out the trust file
#[derive(Debug, Subcommand)]
pub enum Trust {
    /// Write the trust file, for sites, residents and relays to add
    Export {
        /// The file to write
        file: PathBuf,
        /// Name this relay in the list; may be given several times. Needs the folder `root` where the list lacks it
        #[arg(long, value_name = "URL")]
        relay: Vec<String>,
    },
}

impl Municipality {
    /// Runs a command of a municipality and answers its outcome.
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Init(init) => init.run(session),
            Self::Enrol(enrol) => enrol.run(session),
            Self::Trust(Trust::Export { file, relay }) => export(session, &file, &relay),
            Self::Site(site) => site.run(session),
            Self::Lots(lots) => lots.run(session),
            Self::Import(import) => import.run(session),
            Self::Ledger(ledger) => ledger.run(session),
            Self::Coverage(coverage) => coverage.run(session),
            Self::Overdue(overdue) => overdue.run(session),
            Self::Issue(issue) => issue.run(session),
            Self::Revoke(revoke) => revoke.run(session),
            Self::Revocations(list) => list.run(session),
            Self::Key(key) => key.run(session),
            Self::Stock => report::stock(session),
        }
    }
}

impl Init {
    fn run(self, session: &Session) -> Result<Outcome, Failure> {
        // First: a wrong code must leave nothing behind.
        let code = MunicipalityCode::read(&folded(self.code.trim())).map_err(|error| Failure::from(error).about(&self.code))?;
        let folder = session.folder()?;
        let about = |error| Failure::from(error).about(folder.display());
        let found = profile::kind(&folder).map_err(about)?;
        let passphrase = session.passphrase().map(Passphrase::new);
        let now = session.now();
        let mut authority = match found {
            Some(Kind::Authority) => techo_authority::Authority::open(&folder, passphrase)?,
            Some(_) => return Err(about(CliError::WrongKind)),
            None => {
                let name = self.name.as_deref().ok_or(CliError::NameMissing)?;
                let new = NewAuthority { name, host: &self.host };
                techo_authority::Authority::init(&folder, &new, passphrase, now, &session.random)?
            }
        };
        authority
            .become_municipality(code, self.url.as_deref(), now, &session.random)
            .map_err(|error| {
                // A second `init` is one of the wrong kind, like everywhere.
                if techo_protocol::Coded::code(&error) == "municipality.already_one" {
                    about(CliError::WrongKind)
                } else {
                    Failure::from(error)
                }
            })?;
        profile::ensure(&folder, Kind::Authority).map_err(about)?;
        let (id, list) = (authority.id(), authority.trust_list()?);
        let clear = authority.has_clear_keys();
        let line = json!({
            "authority": id.to_string(),
            "code": code.to_string(),
            "name": list.name,
            "fingerprint": id.fingerprint(),
            "keys": if clear { "clear" } else { "passphrase" },
        });
        session.out.answer(
            &line,
            "municipality-made",
            &[("name", &list.name), ("code", &code), ("fingerprint", &id.fingerprint())],
        )?;
        session.out.say("authority-root", &[])?;
        warn_of_clear_keys(session, &authority);
        Ok(Outcome::Done)
    }
}

impl Enrol {
    fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut authority = open(session)?;
        let content = input::large_file(&self.file)?;
        let how = Taking {
            dry_run: self.dry_run,
            complete_zeros: self.complete_zeros,
        };
        let enrolled = authority
            .enrol(&content, how, session.now(), &session.random)
            .map_err(|error| Failure::from(error).about(self.file.display()))?;
        let outcome = rejected::show(session, &enrolled.rejected)?;
        let rejected = enrolled.rejected.len();
        let accepted = enrolled.rows.saturating_sub(rejected);
        let mut line = json!({
            "rows": enrolled.rows,
            "accepted": accepted,
            "rejected": rejected,
            "new": enrolled.new,
            "changed": enrolled.changed,
        });
        if self.dry_run {
            line["dry_run"] = json!(true);
        }
        session.out.answer(
            &line,
            if self.dry_run {
                "municipality-enrol-dry-run"
            } else {
                "municipality-enrolled"
            },
            &[
                ("rows", &enrolled.rows),
                ("new", &enrolled.new),
                ("changed", &enrolled.changed),
                ("rejected", &rejected),
            ],
        )?;
        Ok(outcome)
    }
}

fn export(session: &Session, file: &std::path::Path, relays: &[String]) -> Result<Outcome, Failure> {
    let mut authority = open(session)?;
    let code = authority.municipality_code()?;
    let content = authority.export_trust(relays, session.now())?;
    write_public(file, &content)?;
    let list = authority.trust_list()?;
    let id = list.authority();
    let line = json!({
        "authority": id.to_string(),
        "code": code.to_string(),
        "name": list.name,
        "fingerprint": id.fingerprint(),
        "number": list.number,
        "relays": list.relays,
    });
    session.out.answer(
        &line,
        "municipality-trust",
        &[
            ("name", &list.name),
            ("code", &code),
            ("number", &list.number),
            ("fingerprint", &id.fingerprint()),
        ],
    )?;
    Ok(Outcome::Done)
}
