//! The authority's own trust list: made at the beginning, changed with the root key only.
//!
//! Keys are rotated with overlap: a new key is listed beside the old one, and what the old one signed stays valid until it is revoked. What
//! a revoked key signed counts no more, whenever it was signed: venues whose code it signed need a new poster, and segments that it signed
//! are published again under the new key.

use rusqlite::Connection;
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::keys::{PublicKey, SigningKey};
use techo_protocol::basics::random::Random;
use techo_protocol::exposure::venue_code::NewPoster;
use techo_protocol::trust::{Root, TrustList, TrustedKey, succeed_root};

use crate::keys::{KeyFiles, KeyRole};
use crate::store::{StoreError, write};
use crate::{Authority, Error, audit};

/// How long a trust list is good, in seconds: two years, so that a root in a safe is needed seldom.
pub const LIST_LIFE_SECONDS: i64 = 730 * DAY_SECONDS;
/// Longest name of an authority, in characters.
pub const LONGEST_NAME: usize = 100;
/// Most relays in a list.
pub const MOST_RELAYS: usize = 8;

techo_protocol::coded_errors! {
    /// Why a trust list cannot be made so.
    pub enum TrustChangeError {
        /// No name, control characters, or too long a name.
        Name = "trust_change.name", "An authority needs a name of 1 to 100 characters.", "Give another name.";
        /// A host that no venue code carries.
        Host = "trust_change.host", "This host cannot stand in a venue code.", "Give a host of at most 60 letters, digits, dots and hyphens.";
        /// A relay's address that is none.
        Relay = "trust_change.relay", "This is not the address of a relay.", "Give an address that begins with https:// and has at most 200 characters.";
        /// More relays than a list holds.
        TooManyRelays = "trust_change.too_many_relays", "A trust list names at most 8 relays.", "Leave some out.";
        /// No key of the list begins so, or more than one.
        NoSuchKey = "trust_change.no_such_key", "The trust list has no one key whose number begins so.", "`authority trust show` lists the keys.";
        /// The root has been changed as often as a list can show.
        TooManyRoots = "trust_change.too_many_roots", "The root has been changed as often as a trust list can show.", "Begin a new authority, and have people add its trust file.";
    }
}

/// Most roots that `techo-protocol` reads in one list.
const MOST_ROOTS: usize = 16;

/// The name without white space around it, where name and host can be.
pub(crate) fn check_identity<'a>(name: &'a str, host: &str) -> Result<&'a str, TrustChangeError> {
    let name = name.trim_matches(' ');
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(TrustChangeError::Name);
    }
    // Signed to see whether it can be; nothing is kept of it.
    let probe = NewPoster {
        host,
        serial: 0,
        issued_day: 0,
        expires_day: 0,
        stay_minutes: 10,
        name: "a",
        address: "",
    };
    probe
        .sign(&SigningKey::from_seed(&[0; 32]))
        .map_err(|_| TrustChangeError::Host)?;
    Ok(name)
}

/// Makes the keys and the list that an authority begins with.
pub(crate) fn first_list(
    keys: &KeyFiles,
    name: &str,
    host: &str,
    now: i64,
    random: &dyn Random,
) -> Result<(TrustList, Vec<u8>), Error> {
    let root = keys.make(KeyRole::Root, random)?;
    keys.take_next_root()?;
    let mut trusted = Vec::new();
    for role in KeyRole::OF_AUTHORITY {
        trusted.extend(new_key(keys, role, random)?);
    }
    let list = TrustList {
        name: name.to_owned(),
        host: host.to_ascii_lowercase(),
        number: 1,
        issued_at: now,
        expires_at: now.saturating_add(LIST_LIFE_SECONDS),
        roots: vec![Root {
            key: root,
            signed_by_previous: Vec::new(),
        }],
        keys: trusted,
        relays: Vec::new(),
        municipality: None,
    };
    let file = list.write(&keys.root_key(&root)?);
    Ok((list, file))
}

pub(crate) fn new_key(keys: &KeyFiles, role: KeyRole, random: &dyn Random) -> Result<Option<TrustedKey>, Error> {
    let Some(listed) = role.listed() else { return Ok(None) };
    let key = keys.make(role, random)?;
    Ok(Some(TrustedKey {
        role: listed,
        key,
        revoked: false,
    }))
}

/// The newest trust list and its file.
pub(crate) fn newest(db: &Connection) -> Result<(TrustList, Vec<u8>), Error> {
    let mut query = db.prepare_cached("SELECT file FROM trust_list ORDER BY number DESC LIMIT 1")?;
    let file: Vec<u8> = query.query_row([], |row| row.get(0))?;
    Ok((TrustList::read(&file)?, file))
}

/// A trust list by its number; `None` where there is none.
pub(crate) fn numbered(db: &Connection, number: u32) -> Result<Option<TrustList>, Error> {
    let mut query = db.prepare_cached("SELECT file FROM trust_list WHERE number = ?1")?;
    let mut rows = query.query([number])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(TrustList::read(row.get_ref(0)?.as_blob().unwrap_or(&[]))?))
}

impl Authority {
    /// The trust list as a file, for residents and relays to add.
    ///
    /// With `relays`, those that the list lacks are added first, which needs the root.
    ///
    /// # Errors
    /// [`TrustChangeError`] for an address that is none; [`crate::keys::KeyError::RootAway`] where relays are to be added without the root.
    pub fn export_trust(&mut self, relays: &[String], now: i64) -> Result<Vec<u8>, Error> {
        let list = self.trust_list()?;
        let mut all = list.relays.clone();
        for relay in relays {
            let relay = relay.trim_end_matches('/');
            check_relay(relay)?;
            if !all.iter().any(|known| known == relay) {
                all.push(relay.to_owned());
            }
        }
        if all.len() > MOST_RELAYS {
            return Err(TrustChangeError::TooManyRelays.into());
        }
        if all != list.relays {
            self.sign_next(TrustList { relays: all, ..list }, now, "trust.relays")?;
        }
        Ok(newest(&self.db)?.1)
    }

    /// Signs the list anew for another two years. Needs the root.
    ///
    /// # Errors
    /// [`crate::keys::KeyError::RootAway`] without the root.
    pub fn renew_trust(&mut self, now: i64) -> Result<TrustList, Error> {
        let list = self.trust_list()?;
        self.sign_next(list, now, "trust.renewed")
    }

    /// Makes a new key of a role beside the old one. Needs the root.
    ///
    /// # Errors
    /// [`crate::keys::KeyError::RootAway`] without the root; [`TrustChangeError::NoSuchKey`] for the root's role, which has a method of its own.
    pub fn rotate_key(&mut self, role: KeyRole, now: i64, random: &dyn Random) -> Result<TrustList, Error> {
        self.root()?;
        let mut list = self.trust_list()?;
        list.keys
            .push(new_key(&self.keys, role, random)?.ok_or(TrustChangeError::NoSuchKey)?);
        self.sign_next(list, now, "trust.key_rotated")
    }

    /// Makes a new root, signed by the old one. Needs the root.
    ///
    /// # Errors
    /// [`crate::keys::KeyError::RootAway`] without the root; [`TrustChangeError::TooManyRoots`] after fifteen changes.
    pub fn rotate_root(&mut self, now: i64, random: &dyn Random) -> Result<TrustList, Error> {
        let old = self.root()?;
        let mut list = self.trust_list()?;
        if list.roots.len() >= MOST_ROOTS {
            return Err(TrustChangeError::TooManyRoots.into());
        }
        let public = self.keys.make(KeyRole::Root, random)?;
        list.roots.push(succeed_root(&old, &public));
        let new = self.keys.next_root_key(&public)?;
        let list = self.sign_next_with(&new, list, now, "trust.root_rotated")?;
        self.keys.take_next_root()?;
        Ok(list)
    }

    pub(crate) fn root(&self) -> Result<SigningKey, Error> {
        let list = self.trust_list()?;
        let root: &PublicKey = &list.roots.last().ok_or(StoreError::Damaged)?.key;
        self.keys.root_key(root)
    }

    pub(crate) fn sign_next(&mut self, list: TrustList, now: i64, what: &str) -> Result<TrustList, Error> {
        let root = self.root()?;
        self.sign_next_with(&root, list, now, what)
    }

    fn sign_next_with(&mut self, root: &SigningKey, mut list: TrustList, now: i64, what: &str) -> Result<TrustList, Error> {
        list.number = list.number.saturating_add(1);
        list.issued_at = now;
        list.expires_at = now.saturating_add(LIST_LIFE_SECONDS);
        let file = list.write(root);
        // What does not read here would not read anywhere.
        let list = TrustList::read(&file)?;
        let transaction = write(&mut self.db)?;
        transaction.execute("INSERT INTO trust_list (number, file) VALUES (?1, ?2)", (list.number, &file))?;
        audit::append(&transaction, now, what, &list.number.to_string())?;
        transaction.commit()?;
        Ok(list)
    }
}

fn check_relay(relay: &str) -> Result<(), TrustChangeError> {
    let on_this_machine = |rest: &&str| {
        let end = rest.find('/').unwrap_or(rest.len());
        let authority = rest.get(..end).unwrap_or(rest);
        let host = authority
            .rsplit_once(':')
            .map_or(authority, |(host, port)| if port.ends_with(']') { authority } else { host });
        let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    };
    // Phones take `http://` for loopback alone: a list that named another would lead them nowhere.
    let rest = relay
        .strip_prefix("https://")
        .or_else(|| relay.strip_prefix("http://").filter(on_this_machine));
    let is_address = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    let is_plain = relay.len() <= 200 && relay.bytes().all(|byte| byte.is_ascii_graphic());
    (is_address && is_plain).then_some(()).ok_or(TrustChangeError::Relay)
}

#[cfg(test)]
mod tests;
