//! `techo trust`: which health authorities this device follows.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use techo_core::device::{FollowedAuthority, IssuerBundle, RevokedPasses, TrustAnswer, Updated};
use techo_protocol::trust::{AuthorityId, TrustList};

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
                let mut device = device::opened(session)?;
                match device.update_from_file(&input::file(&file)?)? {
                    Updated::TrustList { authority } => say(session, &authority, "trust-updated"),
                    Updated::Issuers { bundle } => show_bundle(session, &bundle),
                    Updated::Revoked { list } => show_revoked(session, &list),
                }
            }
            Self::Update { file: None } => update(session),
        }
    }
}

fn add(session: &Session, content: &[u8]) -> Result<Outcome, Failure> {
    // Read before a profile is made: a wrong file leaves nothing behind.
    TrustList::read(content)?;
    let followed = device::opened_or_made(session)?.follow(content)?;
    say(session, &followed, "trust-added")
}

fn say(session: &Session, followed: &FollowedAuthority, id: &str) -> Result<Outcome, Failure> {
    session.out.answer(
        &line(followed),
        id,
        &[("name", &followed.name), ("fingerprint", &followed.fingerprint)],
    )?;
    if followed.is_expired {
        let day = time::day(followed.expires_at, session.out.texts());
        session.out.warn("trust-expired", &[("name", &followed.name), ("day", &day)]);
    }
    Ok(Outcome::Done)
}

fn line(followed: &FollowedAuthority) -> serde_json::Value {
    json!({
        "authority": followed.authority.to_string(),
        "name": followed.name,
        "fingerprint": followed.fingerprint,
        "number": followed.number,
        "issued": time::write(followed.issued_at),
        "expires": time::write(followed.expires_at),
        "relays": followed.relays,
    })
}

fn list(session: &Session) -> Result<Outcome, Failure> {
    let following = device::opened(session)?.following()?;
    if following.authorities.is_empty() {
        session.out.say("trust-none", &[])?;
    }
    for followed in &following.authorities {
        let mut line = line(followed);
        line["as_of"] = json!(followed.as_of.map(time::write));
        let texts = session.out.texts();
        let as_of = followed
            .as_of
            .map_or_else(|| texts.plain("never"), |at| time::day_and_time(at, texts));
        session.out.answer(
            &line,
            if followed.as_of.is_some() {
                "trust-line"
            } else {
                "trust-line-never"
            },
            &[
                ("name", &followed.name),
                ("id", &followed.authority.to_string()),
                ("fingerprint", &followed.fingerprint),
                ("as_of", &as_of),
            ],
        )?;
    }
    for bundle in &following.bundles {
        show_bundle(session, bundle)?;
    }
    for list in &following.revoked {
        show_revoked(session, list)?;
    }
    Ok(Outcome::Done)
}

fn show_bundle(session: &Session, bundle: &IssuerBundle) -> Result<Outcome, Failure> {
    let line = json!({
        "bundle": bundle.name,
        "authority": bundle.authority.map(|authority| authority.to_string()),
        "keys": bundle.keys,
        "archived": bundle.archived,
        "as_of": time::write(bundle.as_of),
        "age_days": bundle.age_days,
    });
    let day = time::day(bundle.as_of, session.out.texts());
    session.out.answer(
        &line,
        "trust-bundle-line",
        &[
            ("name", &bundle.name),
            ("keys", &bundle.keys),
            ("archived", &bundle.archived),
            ("day", &day),
            ("age", &bundle.age_days),
        ],
    )?;
    Ok(Outcome::Done)
}

fn show_revoked(session: &Session, list: &RevokedPasses) -> Result<Outcome, Failure> {
    let line = json!({
        "revocations": list.number,
        "authority": list.authority.to_string(),
        "as_of": time::write(list.as_of),
        "age_days": list.age_days,
    });
    let day = time::day(list.as_of, session.out.texts());
    session.out.answer(
        &line,
        "trust-revocations",
        &[("id", &list.authority.to_string()), ("day", &day), ("age", &list.age_days)],
    )?;
    Ok(Outcome::Done)
}

fn remove(session: &Session, id: &str) -> Result<Outcome, Failure> {
    device::opened(session)?.stop_following(authority_id(id)?)?;
    session.out.answer(&json!({ "removed": id }), "trust-removed", &[])?;
    Ok(Outcome::Done)
}

/// Reads an authority's id.
///
/// # Errors
/// [`CliError::NotAnAuthorityId`].
pub fn authority_id(id: &str) -> Result<AuthorityId, Failure> {
    AuthorityId::from_hex(id).ok_or_else(|| Failure::from(CliError::NotAnAuthorityId).about(id))
}

/// Asks the relays for the newest manifests, which carry the newest trust lists.
fn update(session: &Session) -> Result<Outcome, Failure> {
    let mut failure = None;
    for asked in device::opened(session)?.update_from_relays()? {
        match asked.answer {
            TrustAnswer::Newest { authority } => {
                say(session, &authority, "trust-updated")?;
            }
            TrustAnswer::NothingPublished => {}
            TrustAnswer::Failed { why } => {
                let why = Failure::from(why).about(&asked.name);
                if let Some(earlier) = failure.replace(why) {
                    let _: std::process::ExitCode = earlier.report(session.out.is_json());
                }
            }
        }
    }
    failure.map_or(Ok(Outcome::Done), Err)
}
