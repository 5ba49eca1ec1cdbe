//! Which key of the authority signs now: one that relays know already, where there is one.

use rusqlite::Connection;
use techo_protocol::basics::keys::{PublicKey, SigningKey};
use techo_protocol::trust::TrustList;

use crate::keys::{KeyError, KeyFiles, KeyRole};
use crate::store::StoreError;
use crate::{Error, trust};

/// The trust list that a relay has seen for sure: that of the newest manifest that one took, before that the first list of all.
pub(super) fn announced(db: &Connection) -> Result<TrustList, Error> {
    let taken: Option<u32> = db.query_row("SELECT max(trust_list) FROM manifest WHERE taken = 1", [], |row| row.get(0))?;
    Ok(trust::numbered(db, taken.unwrap_or(1))?.ok_or(StoreError::Damaged)?)
}

/// The key of a role that signs now, and whether relays know it: the newest that is announced and not revoked, else the newest.
pub(super) fn signs_now(list: &TrustList, announced: &TrustList, role: KeyRole) -> Result<(PublicKey, bool), Error> {
    let missing = KeyError::Missing { role: role.as_str() };
    let listed = role.listed().ok_or(missing.clone())?;
    let known = list
        .keys(listed)
        .filter(|key| announced.keys(listed).any(|other| other == *key))
        .last();
    let newest = list.keys(listed).last();
    match (known, newest) {
        (Some(key), _) => Ok((*key, true)),
        (None, Some(key)) => Ok((*key, false)),
        (None, None) => Err(missing.into()),
    }
}

/// The key of a role that relays take.
pub(crate) fn announced_signer(db: &Connection, keys: &KeyFiles, role: KeyRole) -> Result<SigningKey, Error> {
    let (public, _) = signs_now(&trust::newest(db)?.0, &announced(db)?, role)?;
    keys.signing_key(role, &public)
}
