//! Taking a manifest from its authority.

use techo_protocol::exposure::manifest::{Head, Manifest, ManifestError};
use techo_protocol::trust::{AuthorityId, Role, TrustList};

use crate::error::{Refusal, RelayError};
use crate::store::{Publication, Published, Replaced, Store, StoreError};
use crate::trust::{self, TRIES};

/// Makes a manifest the newest, if one of the manifest keys of its trust list signed it, that trust list may follow the one that is held,
/// it follows on the manifest that is held, and every segment and file that it lists is there. The same one again is fine. `now` (Unix seconds) only
/// says since when a segment is not listed; the manifest's own times are not judged.
///
/// # Errors
/// [`Refusal::Manifest`] and [`Refusal::Trust`] for a file that is none, is wrongly signed, replayed or forked;
/// [`RelayError::SegmentMissing`]; or the store's.
pub fn put(store: &dyn Store, authority: AuthorityId, file: &[u8], now: i64) -> Result<(), Refusal> {
    for _ in 0..TRIES {
        let held = store.published(authority)?;
        let Some(manifest) = next(authority, &held, file)? else {
            return Ok(());
        };
        let listed: Vec<_> = manifest
            .segments
            .iter()
            .map(|segment| (segment.hash, u64::from(segment.bytes)))
            .chain(manifest.files.iter().map(|file| (file.hash, u64::from(file.bytes))))
            .collect();
        let publication = Publication {
            trust_list: &manifest.trust_list,
            manifest: file,
            listed: &listed,
        };
        match store.publish(authority, &held, publication, now)? {
            Replaced::Done => return Ok(()),
            Replaced::SegmentMissing => return Err(RelayError::SegmentMissing.into()),
            Replaced::Raced => {}
        }
    }
    Err(RelayError::Busy.into())
}

/// The manifest of a file that may follow on what is held; `None` for the one that is held.
fn next(authority: AuthorityId, held: &Published, file: &[u8]) -> Result<Option<Manifest>, Refusal> {
    let unverified = Manifest::read(file)?;
    if unverified.authority() != authority {
        return Err(ManifestError::OtherAuthority.into());
    }
    let list = trust::successor(authority, held.trust_list.as_deref(), unverified.trust_list())?;
    let manifest = unverified.verify(list.keys(Role::Manifest))?;
    if let Some(before) = &held.manifest
        && !head(before)?.check_next(&manifest, file)?
    {
        return Ok(None);
    }
    Ok(Some(manifest))
}

/// The head that a stored manifest makes. It is read by its own trust list: the newest one may have revoked the key that signed it.
fn head(file: &[u8]) -> Result<Head, StoreError> {
    let read = || {
        let unverified = Manifest::read(file).ok()?;
        let list = TrustList::read(unverified.trust_list()).ok()?;
        unverified.verify(list.keys(Role::Manifest)).ok()
    };
    read().map(|manifest| Head::of(&manifest, file)).ok_or(StoreError::Damaged)
}
