//! `techo trust`: which health authorities this device follows.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use techo_core::certificates::bundles;
use techo_core::exposure::{ListError, lists, trust};
use techo_core::ports::Relay;
use techo_core::vaccine;
use techo_protocol::certificates::trust_bundle::{self, TrustBundle};
use techo_protocol::exposure::manifest::{LARGEST_MANIFEST_BYTES, Manifest};
use techo_protocol::exposure::relay_api::manifest_path;
use techo_protocol::exposure::slot::DAY_SECONDS;
use techo_protocol::trust::{AuthorityId, TrustList};
use techo_protocol::vaccination::revocations::{self, Revocations};

use crate::failure::CliError;
use crate::session::Session;
use crate::{Failure, Outcome, device, input, time};

/// Choose which health authorities to follow
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  techo trust add pref.trust
  techo trust list")]
pub enum Trust {
    /// Follow the authority of a trust file. Compare the fingerprint that is shown with the authority's own
    Add {
        /// The authority's trust file
        file: PathBuf,
    },
    /// The authorities that are followed, their bundles of issuers' keys, and how old all that is
    List,
    /// Stop following an authority
    Remove {
        /// The authority's id, as `trust list` shows it
        id: String,
    },
    /// Take a newer trust list, a bundle of issuers' keys or a list of revoked passes, from a file; without one, trust lists from the relays
    Update {
        /// The newer trust file, trust bundle or list of revoked passes; without it the relays are asked
        file: Option<PathBuf>,
    },
}

impl Trust {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Add { file } => add(session, &input::file(&file)?),
            Self::List => list(session),
            Self::Remove { id } => remove(session, &id),
            Self::Update { file: Some(file) } => {
                let mut diary = device::open(session)?;
                let content = input::file(&file)?;
                if content.starts_with(trust_bundle::MAGIC) {
                    let bundle = bundles::add(diary.vault(), &content)?;
                    return show_bundle(session, &bundle);
                }
                if revocations::is_form(&content) {
                    let list = vaccine::revocations::add(diary.vault(), &content)?;
                    return show_revocations(session, &list);
                }
                let authority = TrustList::read(&content)?.authority();
                if trust::all(diary.vault())?.iter().all(|list| list.authority() != authority) {
                    return Err(techo_core::exposure::ExposureError::from(ListError::NotFollowed).into());
                }
                say(session, &trust::add(diary.vault(), &content)?, "trust-updated")
            }
            Self::Update { file: None } => update(session),
        }
    }
}

fn add(session: &Session, content: &[u8]) -> Result<Outcome, Failure> {
    // Read before a profile is made: a wrong file leaves nothing behind.
    TrustList::read(content)?;
    let mut diary = device::open_or_make(session)?;
    say(session, &trust::add(diary.vault(), content)?, "trust-added")
}

fn say(session: &Session, list: &TrustList, id: &str) -> Result<Outcome, Failure> {
    let fingerprint = list.authority().fingerprint();
    session
        .out
        .answer(&line(list), id, &[("name", &list.name), ("fingerprint", &fingerprint)])?;
    if list.expires_at < session.now() {
        session.out.warn(
            "trust-expired",
            &[
                ("name", &list.name),
                ("day", &time::day(list.expires_at, session.out.texts())),
            ],
        );
    }
    Ok(Outcome::Done)
}

fn line(list: &TrustList) -> serde_json::Value {
    json!({
        "authority": list.authority().to_string(),
        "name": list.name,
        "fingerprint": list.authority().fingerprint(),
        "number": list.number,
        "issued": time::write(list.issued_at),
        "expires": time::write(list.expires_at),
        "relays": list.relays,
    })
}

fn list(session: &Session) -> Result<Outcome, Failure> {
    let mut diary = device::open(session)?;
    let followed = trust::all(diary.vault())?;
    let ages = lists::ages(diary.vault(), session.now())?;
    if followed.is_empty() {
        session.out.say("trust-none", &[])?;
    }
    for list in &followed {
        let age = ages
            .iter()
            .find(|age| age.authority == list.authority())
            .and_then(|age| age.as_of);
        let mut line = line(list);
        line["as_of"] = json!(age.map(time::write));
        let texts = session.out.texts();
        let as_of = age.map_or_else(|| texts.plain("never"), |age| time::day_and_time(age, texts));
        let id = list.authority().to_string();
        let fingerprint = list.authority().fingerprint();
        session.out.answer(
            &line,
            if age.is_some() { "trust-line" } else { "trust-line-never" },
            &[
                ("name", &list.name),
                ("id", &id),
                ("fingerprint", &fingerprint),
                ("as_of", &as_of),
            ],
        )?;
    }
    for bundle in bundles::all(diary.vault())? {
        show_bundle(session, &bundle)?;
    }
    for list in vaccine::revocations::all(diary.vault())? {
        show_revocations(session, &list)?;
    }
    Ok(Outcome::Done)
}

fn show_bundle(session: &Session, bundle: &TrustBundle) -> Result<Outcome, Failure> {
    let age_days = session.now().saturating_sub(bundle.signed_at) / DAY_SECONDS;
    let line = json!({
        "bundle": bundle.name,
        "authority": bundle.authority().map(|authority| authority.to_string()),
        "keys": bundle.keys.len(),
        "archived": bundle.archived(),
        "as_of": time::write(bundle.signed_at),
        "age_days": age_days,
    });
    let day = time::day(bundle.signed_at, session.out.texts());
    session.out.answer(
        &line,
        "trust-bundle-line",
        &[
            ("name", &bundle.name),
            ("keys", &bundle.keys.len()),
            ("archived", &bundle.archived()),
            ("day", &day),
            ("age", &age_days),
        ],
    )?;
    Ok(Outcome::Done)
}

fn show_revocations(session: &Session, list: &Revocations) -> Result<Outcome, Failure> {
    let age_days = session.now().saturating_sub(list.issued_at()) / DAY_SECONDS;
    let line = json!({
        "revocations": list.number(),
        "authority": list.authority().to_string(),
        "as_of": time::write(list.issued_at()),
        "age_days": age_days,
    });
    let day = time::day(list.issued_at(), session.out.texts());
    let id = list.authority().to_string();
    session
        .out
        .answer(&line, "trust-revocations", &[("id", &id), ("day", &day), ("age", &age_days)])?;
    Ok(Outcome::Done)
}

fn remove(session: &Session, id: &str) -> Result<Outcome, Failure> {
    let authority = AuthorityId::from_hex(id).ok_or_else(|| Failure::from(CliError::NotAnAuthorityId).about(id))?;
    let mut diary = device::open(session)?;
    trust::remove(diary.vault(), authority)?;
    session.out.answer(&json!({ "removed": id }), "trust-removed", &[])?;
    Ok(Outcome::Done)
}

/// Asks the relays for the newest manifests, which carry the newest trust lists.
fn update(session: &Session) -> Result<Outcome, Failure> {
    let mut diary = device::open(session)?;
    let relay = device::HttpRelay::new()?;
    let followed = trust::all(diary.vault())?;
    if followed.iter().all(|list| list.relays.is_empty()) {
        return Err(techo_core::exposure::ExposureError::from(ListError::NoRelay).into());
    }
    for list in followed {
        let authority = list.authority();
        for address in &list.relays {
            if let Some(manifest) = relay.get(address, &manifest_path(authority), LARGEST_MANIFEST_BYTES)? {
                let newer = Manifest::read(&manifest)?.trust_list().to_vec();
                say(session, &trust::add(diary.vault(), &newer)?, "trust-updated")?;
                break;
            }
        }
    }
    Ok(Outcome::Done)
}
