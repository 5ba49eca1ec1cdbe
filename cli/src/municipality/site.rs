//! `techo municipality site` and `lots`: licences, and what sites are told.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};
use techo_protocol::vaccination::site_licence::SiteLicence;

use crate::authority::open;
use crate::file::write_public;
use crate::session::Session;
use crate::{Failure, Outcome, input, rejected, time};

/// License vaccination sites
#[derive(Debug, Subcommand)]
pub enum Site {
    /// License the site that made this request. The same request again gives the same licence
    Add {
        /// The site's request
        request: PathBuf,
        /// Where the licence goes
        #[arg(long)]
        out: PathBuf,
        /// Until when it is good; without it, a year
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
    },
    /// End a site's licence from a time on: what it says was given from then on does not count. Needs the folder `root`
    Revoke {
        /// The site's number
        site: u32,
        /// From when on; without it, from now on
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
    },
    /// All sites, with bundles that are missing
    List,
}

/// Lots that were distributed
#[derive(Debug, Subcommand)]
pub enum Lots {
    /// Take in lots, as CSV with the columns product, lot and, if known, doses
    Import {
        /// The file
        file: PathBuf,
        /// Say what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Write the update for sites: lots, recalls, and licences that ended early
    Export {
        /// The file to write
        file: PathBuf,
    },
}

impl Site {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Add { request, out, until } => add(session, &request, &out, until.as_deref()),
            Self::Revoke { site, from } => revoke(session, site, from.as_deref()),
            Self::List => list(session),
        }
    }
}

fn add(session: &Session, request: &std::path::Path, out: &std::path::Path, until: Option<&str>) -> Result<Outcome, Failure> {
    let mut authority = open(session)?;
    let content = input::file(request)?;
    let until = until.map(time::read).transpose()?;
    let (licence, file) = authority
        .add_site(&content, until, session.now())
        .map_err(|error| Failure::from(error).about(request.display()))?;
    write_public(out, &file)?;
    let until = time::day(licence.until.into(), session.out.texts());
    session.out.answer(
        &line(&licence),
        "municipality-site-added",
        &[("site", &licence.site), ("place", &licence.place), ("until", &until)],
    )?;
    Ok(Outcome::Done)
}

fn line(licence: &SiteLicence) -> Value {
    json!({
        "site": licence.site,
        "place": licence.place,
        "from": time::write(licence.from.into()),
        "until": time::write(licence.until.into()),
    })
}

fn revoke(session: &Session, site: u32, from: Option<&str>) -> Result<Outcome, Failure> {
    let mut authority = open(session)?;
    let from = match from {
        Some(from) => time::read(from)?,
        None => session.now(),
    };
    authority.revoke_site(site, from, session.now())?;
    let line = json!({ "site": site, "revoked_from": time::write(from) });
    let day = time::day_and_time(from, session.out.texts());
    session
        .out
        .answer(&line, "municipality-site-revoked", &[("site", &site), ("from", &day)])?;
    Ok(Outcome::Done)
}

fn list(session: &Session) -> Result<Outcome, Failure> {
    for site in open(session)?.sites()? {
        let mut line = line(&site.licence);
        line["revoked_from"] = json!(site.revoked_from.map(time::write));
        line["bundles"] = json!(site.bundles.0);
        line["missing"] = json!(site.bundles.1);
        let id = match (site.revoked_from, site.bundles.1.is_empty()) {
            (Some(_), _) => "municipality-site-ended",
            (None, true) => "municipality-site",
            (None, false) => "municipality-site-missing",
        };
        let missing = numbers(&site.bundles.1);
        session.out.answer(
            &line,
            id,
            &[
                ("site", &site.licence.site),
                ("place", &site.licence.place),
                ("bundles", &site.bundles.0),
                ("missing", &missing),
            ],
        )?;
    }
    Ok(Outcome::Done)
}

/// A list of numbers, written for people.
pub fn numbers(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

impl Lots {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut authority = open(session)?;
        match self {
            Self::Import { file, dry_run } => {
                let content = input::file(&file)?;
                let imported = authority
                    .import_lots(&content, dry_run, session.now())
                    .map_err(|error| Failure::from(error).about(file.display()))?;
                let outcome = rejected::show(session, &imported.rejected)?;
                let rejected = imported.rejected.len();
                let accepted = imported.rows.saturating_sub(rejected);
                let mut line = json!({
                    "rows": imported.rows,
                    "accepted": accepted,
                    "rejected": rejected,
                    "changed": imported.changed,
                });
                if dry_run {
                    line["dry_run"] = json!(true);
                }
                session.out.answer(
                    &line,
                    if dry_run {
                        "municipality-lots-dry-run"
                    } else {
                        "municipality-lots-imported"
                    },
                    &[
                        ("rows", &imported.rows),
                        ("changed", &imported.changed),
                        ("rejected", &rejected),
                    ],
                )?;
                Ok(outcome)
            }
            Self::Export { file } => {
                let (update, content) = authority.site_update(session.now())?;
                write_public(&file, &content)?;
                let line = json!({
                    "number": update.number,
                    "lots": update.lots.len(),
                    "recalled": update.recalled.len(),
                    "revoked": update.revoked_sites.len(),
                });
                session.out.answer(
                    &line,
                    "municipality-update",
                    &[
                        ("number", &update.number),
                        ("lots", &update.lots.len()),
                        ("recalled", &update.recalled.len()),
                        ("revoked", &update.revoked_sites.len()),
                    ],
                )?;
                Ok(Outcome::Done)
            }
        }
    }
}
