//! `techo authority trust`: the trust list, and the keys that it names.

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use serde_json::json;
use techo_authority::keys::KeyRole;
use techo_protocol::trust::{Role, TrustList};

use super::open;
use crate::file::write_public;
use crate::session::Session;
use crate::{Failure, Outcome, time};

/// Digits by which a key is shown: enough to name one of a list.
const KEY_DIGITS: usize = 16;

/// Hand out the trust list, and change the keys that it names. All but `export`, `bundle` and `show` need the folder `root`
#[derive(Debug, Subcommand)]
pub enum Trust {
    /// Write the trust file, for residents and relays to add
    Export {
        /// The file to write
        file: PathBuf,
        /// Name this relay in the list; may be given several times. Needs the folder `root` where the list lacks it
        #[arg(long, value_name = "URL")]
        relay: Vec<String>,
    },
    Bundle(super::trust_bundle::Bundle),
    /// The keys, and until when the list is good
    Show,
    /// Sign the list anew for two years
    Renew,
    /// Make a new key of a role beside the old one
    RotateKey {
        /// Which
        #[arg(value_parser = roles())]
        role: KeyRole,
    },
    /// Revoke a key: nothing that it signed counts any more
    Revoke {
        /// The beginning of the key's number, as `trust show` gives it
        key: String,
    },
    /// Make a new root, signed by the old one
    RotateRoot,
}

fn roles() -> impl clap::builder::TypedValueParser<Value = KeyRole> {
    PossibleValuesParser::new(KeyRole::LISTED.map(KeyRole::as_str)).map(|name| {
        KeyRole::LISTED
            .into_iter()
            .find(|role| role.as_str() == name)
            .unwrap_or(KeyRole::Code)
    })
}

impl Trust {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        if let Self::Bundle(bundle) = self {
            return bundle.run(session);
        }
        let mut authority = open(session)?;
        let now = session.now();
        let list = match self {
            Self::Export { file, relay } => {
                let content = authority.export_trust(&relay, now)?;
                write_public(&file, &content)?;
                authority.trust_list()?
            }
            Self::Show | Self::Bundle(_) => authority.trust_list()?,
            Self::Renew => authority.renew_trust(now)?,
            Self::RotateKey { role } => authority.rotate_key(role, now, &session.random)?,
            Self::Revoke { key } => authority.revoke_key(&key, now, &session.random)?,
            Self::RotateRoot => authority.rotate_root(now, &session.random)?,
        };
        show(session, &list)
    }
}

fn show(session: &Session, list: &TrustList) -> Result<Outcome, Failure> {
    let id = list.authority();
    let keys: Vec<_> = list
        .keys
        .iter()
        .map(|key| json!({ "role": role(key.role), "key": number(&key.key.0), "revoked": key.revoked }))
        .collect();
    let line = json!({
        "authority": id.to_string(),
        "name": list.name,
        "fingerprint": id.fingerprint(),
        "number": list.number,
        "issued": time::write(list.issued_at),
        "expires": time::write(list.expires_at),
        "relays": list.relays,
        "keys": keys,
    });
    let expires = time::day(list.expires_at, session.out.texts());
    session.out.answer(
        &line,
        "authority-trust",
        &[
            ("name", &list.name),
            ("number", &list.number),
            ("expires", &expires),
            ("fingerprint", &id.fingerprint()),
        ],
    )?;
    for key in &list.keys {
        let id = if key.revoked {
            "authority-key-revoked"
        } else {
            "authority-key"
        };
        session
            .out
            .say(id, &[("role", &role(key.role)), ("key", &number(&key.key.0))])?;
    }
    Ok(Outcome::Done)
}

fn number(key: &[u8; 32]) -> String {
    hex::encode(key).chars().take(KEY_DIGITS).collect()
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Code => "code",
        Role::Manifest => "manifest",
        Role::Notice => "notice",
        Role::Diary => "diary",
        Role::Licence => "licence",
        Role::Bundle => "bundle",
        Role::Unknown => "unknown",
    }
}
