//! Which keys an authority signs with: the newest trust list, whose chain of roots goes on from the one that is held.

use techo_protocol::trust::{AuthorityId, TrustError, TrustList};

use crate::error::{Refusal, RelayError};
use crate::store::{Replaced, Store};

/// Tries when others write at the same time.
pub(crate) const TRIES: usize = 8;

/// Adopts a trust list of `authority`, if its root signed it and it goes on from the one that is held. The same one again is fine.
///
/// # Errors
/// [`Refusal::Trust`]: not one, of another authority, older, forked; or the store's.
pub fn adopt(store: &dyn Store, authority: AuthorityId, file: &[u8]) -> Result<(), Refusal> {
    for _ in 0..TRIES {
        let held = store.published(authority)?.trust_list;
        if held.as_deref() == Some(file) {
            return Ok(());
        }
        successor(authority, held.as_deref(), file)?;
        if store.replace_trust_list(authority, held.as_deref(), file)? == Replaced::Done {
            return Ok(());
        }
    }
    Err(RelayError::Busy.into())
}

/// Adopts what the operator gave at the start and says whose it is. An older list than the one that is held does no harm: authorities
/// replace theirs through the relay, and the operator's file stays as it was.
///
/// # Errors
/// As [`adopt`], without [`TrustError::Older`].
pub fn told_of(store: &dyn Store, file: &[u8]) -> Result<AuthorityId, Refusal> {
    let authority = TrustList::read(file)?.authority();
    match adopt(store, authority, file) {
        Err(Refusal::Trust(TrustError::Older)) => Ok(authority),
        adopted => adopted.map(|()| authority),
    }
}

/// The list that a file holds, if it may take the place of the one that is held.
///
/// # Errors
/// [`TrustError`], or [`Refusal::Relay`] where the held one is damaged.
pub fn successor(authority: AuthorityId, held: Option<&[u8]>, file: &[u8]) -> Result<TrustList, Refusal> {
    let list = TrustList::read(file)?;
    if list.authority() != authority {
        return Err(TrustError::OtherAuthority.into());
    }
    if let Some(held) = held {
        TrustList::read(held)?.check_successor(&list)?;
    }
    Ok(list)
}

/// The newest trust list that is held.
///
/// # Errors
/// [`RelayError::UnknownAuthority`] where there is none, or the store's.
pub fn newest(store: &dyn Store, authority: AuthorityId) -> Result<TrustList, Refusal> {
    let held = store.published(authority)?.trust_list.ok_or(RelayError::UnknownAuthority)?;
    Ok(TrustList::read(&held)?)
}

#[cfg(test)]
mod tests {
    use techo_protocol::basics::keys::SigningKey;
    use techo_protocol::trust::Root;
    use tempfile::TempDir;

    use super::*;
    use crate::store::SqliteStore;

    fn list(root: &SigningKey) -> Vec<u8> {
        let list = TrustList {
            name: String::new(),
            host: String::new(),
            number: 1,
            issued_at: 0,
            expires_at: 0,
            roots: vec![Root {
                key: root.public(),
                signed_by_previous: vec![],
            }],
            keys: vec![],
            relays: vec![],
            municipality: None,
        };
        list.write(root)
    }

    #[test]
    fn the_first_list_of_an_authority_is_its_own_too() {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("relay.sqlite")).unwrap();
        let (own, other) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let authority = AuthorityId::of_root(&own.public());
        let refused = adopt(&store, authority, &list(&other));
        assert_eq!(refused, Err(TrustError::OtherAuthority.into()));
        assert_eq!(adopt(&store, authority, &list(&own)), Ok(()));
    }
}
