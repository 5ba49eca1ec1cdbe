//! `techo clinic`: a vaccination site.

mod record;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use techo_core::clinic::Clinic as Site;
use techo_core::vault::Vault;
use techo_core::vault::key_file::KeyFile;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::vaccination::schedule::Schedule;

use crate::device::HttpRelay;
use crate::failure::CliError;
use crate::file::{write_private, write_public};
use crate::profile::{self, Kind};
use crate::session::Session;
use crate::{Failure, Outcome, input, time};

/// Run a vaccination site: check tickets, record doses, hand out slips, send bundles to the municipality
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  techo --data site clinic init --trust sakai.trust --name \"Site A\" --request site.request
  techo --data site clinic licence site.licence
  techo --data site clinic record ticket.png --product pfizer --lot EX3617 --at 2021-07-01T10:00:00+09:00 --by \"Dr. K\" --slip slip.png
  techo --data site clinic bundle monday.techo-bundle")]
pub enum Clinic {
    Init(Init),
    /// Take in the municipality's licence
    Licence {
        /// The licence's file
        file: PathBuf,
    },
    Update(Update),
    Record(record::Record),
    Correct(record::Correct),
    /// Take a record back: the dose was not given so
    Undo {
        /// The record's number
        record: u32,
    },
    /// Draw a record's slip again
    Slip {
        /// The record's number
        record: u32,
        /// The picture to write
        #[arg(long)]
        out: PathBuf,
    },
    /// Every record as it stands
    List,
    Bundle(Bundle),
    /// What this site is, and what waits to be sent
    Status,
}

/// Make a site, and its request for a licence
#[derive(Debug, Args)]
pub struct Init {
    /// The municipality's trust file
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// The site's name, as it will stand on slips; its first 30 bytes do
    #[arg(long)]
    name: String,
    /// Where the request goes, for the municipality
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
}

/// Take in lots, recalls and licences that ended, from the municipality's file or a relay's public lists
#[derive(Debug, Args)]
pub struct Update {
    /// The municipality's update, its newer trust file, or a newer schedule that it signed
    #[arg(required_unless_present = "relay")]
    file: Option<PathBuf>,
    /// The relay to ask
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
}

/// Write what is in no bundle yet to a file for the municipality, or send it through a relay
#[derive(Debug, Args)]
pub struct Bundle {
    /// The file to write
    #[arg(required_unless_present = "relay", conflicts_with = "relay")]
    file: Option<PathBuf>,
    /// The relay to send through
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
    /// Write this bundle of before again
    #[arg(long, value_name = "NUMBER", conflicts_with = "relay")]
    again: Option<u32>,
}

impl Clinic {
    /// Runs a command of a vaccination site and answers its outcome.
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Init(init) => init.run(session),
            Self::Licence { file } => licence(session, &file),
            Self::Update(update) => update.run(session),
            Self::Record(record) => record.run(session),
            Self::Correct(correct) => correct.run(session),
            Self::Undo { record } => record::undo(session, record),
            Self::Slip { record, out } => record::slip_again(session, record, &out),
            Self::List => record::list(session),
            Self::Bundle(bundle) => bundle.run(session),
            Self::Status => status(session),
        }
    }
}

/// The site of the profile.
fn open(session: &Session) -> Result<Site, Failure> {
    let folder = session.profile(Kind::Site)?;
    Ok(Site::open(vault(session, &folder)?, session.now())?)
}

fn vault(session: &Session, folder: &Path) -> Result<Vault, Failure> {
    let keeper = KeyFile::new(folder, session.passphrase().map(Into::into), Box::new(SystemRandom::new()));
    Ok(Vault::open(folder, Box::new(keeper), Box::new(SystemRandom::new()))?)
}

impl Init {
    fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let folder = session.folder()?;
        let about = |error| Failure::from(error).about(folder.display());
        if profile::kind(&folder).map_err(about)?.is_some() {
            return Err(about(CliError::WrongKind));
        }
        let trust = input::file(&self.trust)?;
        // Before a vault is made: a wrong trust file must leave nothing behind.
        techo_protocol::trust::TrustList::read(&trust).map_err(|error| Failure::from(error).about(self.trust.display()))?;
        let mut vault = vault(session, &folder)?;
        let request = Site::init(&mut vault, &trust, &self.name, session.now(), &session.random)?;
        write_public(&self.request, &request)?;
        profile::create(&folder, Kind::Site).map_err(about)?;
        let status = Site::open(vault, session.now())?.status()?;
        let line = json!({ "place": status.place, "town": status.town, "request": self.request.display().to_string() });
        session
            .out
            .answer(&line, "clinic-made", &[("place", &status.place), ("town", &status.town)])?;
        Ok(Outcome::Done)
    }
}

fn licence(session: &Session, file: &Path) -> Result<Outcome, Failure> {
    let content = input::file(file)?;
    let licence = open(session)?
        .license(&content)
        .map_err(|error| Failure::from(error).about(file.display()))?;
    let line = json!({
        "site": licence.site,
        "place": licence.place,
        "municipality": licence.municipality.to_string(),
        "until": time::write(licence.until.into()),
    });
    let until = time::day(licence.until.into(), session.out.texts());
    session.out.answer(
        &line,
        "clinic-licensed",
        &[("site", &licence.site), ("place", &licence.place), ("until", &until)],
    )?;
    Ok(Outcome::Done)
}

impl Update {
    fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut site = open(session)?;
        if let Some(file) = &self.file {
            let content = input::file(file)?;
            let about = |error| Failure::from(error).about(file.display());
            if content.starts_with(b"TTRL") {
                site.take_trust(&content).map_err(about)?;
                session.out.answer(&json!({ "trust": true }), "clinic-trust", &[])?;
            } else if Schedule::is_form(&content) {
                let schedule = site.take_schedule(&content).map_err(about)?;
                let line = json!({ "schedule": schedule.code, "version": schedule.version });
                session.out.answer(
                    &line,
                    "clinic-schedule",
                    &[("name", &schedule.name), ("version", &schedule.version)],
                )?;
            } else {
                let update = site.take_update(&content).map_err(about)?;
                let (lots, recalled, revoked) = (update.lots.len(), update.recalled.len(), update.revoked_sites.len());
                let line = json!({ "number": update.number, "lots": lots, "recalled": recalled, "revoked": revoked, "issued": time::write(update.issued_at) });
                session.out.answer(
                    &line,
                    "clinic-updated",
                    &[("lots", &lots), ("recalled", &recalled), ("revoked", &revoked)],
                )?;
            }
        }
        if let Some(address) = &self.relay {
            let updated = site
                .update_from(&HttpRelay::default(), address)
                .map_err(|error| Failure::from(error).about(address))?;
            let line = json!({
                "relay": address,
                "number": updated.number,
                "lots": updated.lots,
                "recalled": updated.recalled,
            });
            session.out.answer(
                &line,
                "clinic-updated-relay",
                &[("lots", &updated.lots), ("recalled", &updated.recalled)],
            )?;
        }
        Ok(Outcome::Done)
    }
}

impl Bundle {
    fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut site = open(session)?;
        if let Some(address) = &self.relay {
            let sent = site
                .send(&HttpRelay::default(), address, &session.random)
                .map_err(|error| Failure::from(error).about(address))?;
            for bundle in sent {
                let line = json!({ "sequence": bundle.sequence, "doses": bundle.doses, "pieces": bundle.pieces });
                session.out.answer(
                    &line,
                    "clinic-sent",
                    &[
                        ("sequence", &bundle.sequence),
                        ("doses", &bundle.doses),
                        ("pieces", &bundle.pieces),
                    ],
                )?;
            }
            return Ok(Outcome::Done);
        }
        let Some(file) = &self.file else {
            return Err(CliError::FileUnwritable.into());
        };
        // A bundle that cannot be written must not be counted as one that left.
        crate::file::expect_writable(file)?;
        let bundle = match self.again {
            Some(sequence) => site.bundle_again(sequence, &session.random)?,
            None => site.bundle(&session.random)?,
        };
        write_private(file, &bundle.file)?;
        let line = json!({ "sequence": bundle.sequence, "doses": bundle.doses, "bytes": bundle.file.len() });
        session.out.answer(
            &line,
            "clinic-bundle",
            &[("sequence", &bundle.sequence), ("doses", &bundle.doses)],
        )?;
        Ok(Outcome::Done)
    }
}

fn status(session: &Session) -> Result<Outcome, Failure> {
    let status = open(session)?.status()?;
    let line = json!({
        "place": status.place,
        "town": status.town,
        "site": status.licence.as_ref().map(|licence| licence.site),
        "until": status.licence.as_ref().map(|licence| time::write(licence.until.into())),
        "waiting": status.waiting,
        "bundles": status.bundles,
        "updated": status.updated_at.map(time::write),
    });
    session.out.answer(
        &line,
        if status.licence.is_some() {
            "clinic-status"
        } else {
            "clinic-status-unlicensed"
        },
        &[
            ("place", &status.place),
            ("town", &status.town),
            ("waiting", &status.waiting),
            ("bundles", &status.bundles),
        ],
    )?;
    Ok(Outcome::Done)
}
