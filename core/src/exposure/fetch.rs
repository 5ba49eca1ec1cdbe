//! Bringing the lists: the same files for everybody, whatever this person has visited or scanned.
//!
//! No request depends on a visit: each fetch asks for the manifest of every authority that is followed and then for every segment that is
//! not here yet, and for a municipality's list of revoked status passes. A request is its URL alone.

use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::manifest::LARGEST_MANIFEST_BYTES;
use techo_protocol::exposure::relay_api::{manifest_path, segment_path};
use techo_protocol::exposure::segment::{Segment, SegmentError};
use techo_protocol::trust::{AuthorityId, Role, TrustList};
use techo_protocol::vaccination::public_file::PublicFileKind;

use super::{ExposureError, ListError, lists};
use crate::following;
use crate::ports::{HttpError, Relay};
use crate::vaccine::revocations;
use crate::vault::Vault;

/// What became of one authority's lists.
#[derive(Debug)]
pub struct Fetched {
    /// The authority whose lists were asked for.
    pub authority: AuthorityId,
    /// The name of the authority, as in its trust list.
    pub name: String,
    /// What the fetch brought of this authority, or why it brought nothing.
    pub outcome: Result<Brought, FetchError>,
}

/// What a fetch brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought {
    /// The authority has never published anything at this relay.
    NothingPublished,
    /// The newest manifest came, and the segments that were missing.
    List {
        /// Segments that were not here before.
        new_segments: usize,
    },
}

techo_protocol::coded_union! {
    /// Why lists could not be fetched.
    pub enum FetchError {
        /// The relay does not answer, or refuses.
        Relay(HttpError);
        /// What came is not to be believed, or could not be stored.
        List(ExposureError);
    }
}

/// Fetches the lists of all authorities that are followed, from `relays`; where that is empty, from the relays that each trust list names.
///
/// One authority's failure does not stop the others.
///
/// ```
/// use techo_testing::{Authority, Files, NOW};
/// use techo_core::exposure::fetch::{Brought, fetch};
/// use techo_core::exposure::ListError;
/// use techo_core::following;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let (mut osaka, relay) = (Authority::named("Osaka Prefecture"), Files::default());
/// assert_eq!(fetch(&mut vault, &relay, &[], NOW).err(), Some(ListError::NoRelay.into()), "nobody is followed");
/// following::add(&mut vault, &osaka.trust_file())?;
/// assert_eq!(fetch(&mut vault, &relay, &[], NOW)?[0].outcome, Ok(Brought::NothingPublished));
/// osaka.warn("Bar Yoru", NOW - 7_200, NOW)?;
/// osaka.publish(&relay, NOW)?;
/// assert_eq!(fetch(&mut vault, &relay, &[], NOW)?[0].outcome, Ok(Brought::List { new_segments: 1 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ListError::NoRelay`] where there is nobody to ask; [`ExposureError::Vault`] where the vault cannot be read.
pub fn fetch(vault: &mut Vault, relay: &dyn Relay, relays: &[String], now: i64) -> Result<Vec<Fetched>, ExposureError> {
    let followed = following::all(vault)?;
    let ask = |list: &TrustList| {
        if relays.is_empty() {
            list.relays.clone()
        } else {
            relays.to_vec()
        }
    };
    if followed.iter().all(|list| ask(list).is_empty()) {
        return Err(ListError::NoRelay.into());
    }
    Ok(followed
        .iter()
        .map(|list| {
            let authority = list.authority();
            let outcome = fetch_from_any(vault, relay, &ask(list), authority, now);
            Fetched {
                authority,
                name: list.name.clone(),
                outcome,
            }
        })
        .collect())
}

/// Asks one relay after the other until one gives the authority's lists. What the last of them said is the answer where none does.
fn fetch_from_any(
    vault: &mut Vault,
    relay: &dyn Relay,
    addresses: &[String],
    authority: AuthorityId,
    now: i64,
) -> Result<Brought, FetchError> {
    let mut last = Err(FetchError::List(ListError::NoRelay.into()));
    for address in addresses {
        match fetch_from(vault, relay, address, authority, now) {
            brought @ Ok(Brought::List { .. }) => return brought,
            other => last = other,
        }
    }
    last
}

fn fetch_from(
    vault: &mut Vault,
    relay: &dyn Relay,
    address: &str,
    authority: AuthorityId,
    now: i64,
) -> Result<Brought, FetchError> {
    let manifest = relay
        .get(address, &manifest_path(authority), LARGEST_MANIFEST_BYTES)
        .map_err(FetchError::Relay)?;
    let Some(manifest) = manifest else {
        return Ok(Brought::NothingPublished);
    };
    let wanted = lists::check(vault, authority, &manifest, now)?;
    let trust = wanted.trust()?;
    let mut fetched = Vec::with_capacity(wanted.missing.len());
    for segment in &wanted.missing {
        // The signed manifest gives the length, so no answer can be longer.
        let most = usize::try_from(segment.bytes).unwrap_or(usize::MAX);
        let file = relay
            .get(address, &segment_path(&segment.hash), most)
            .map_err(FetchError::Relay)?;
        let file = file.ok_or(ExposureError::List(ListError::Withheld))?;
        check_segment(&file, &segment.hash, authority, &trust).map_err(ExposureError::Segment)?;
        fetched.push((segment.hash, file));
    }
    wanted.store(vault, &fetched)?;
    let held = revocations::file(vault, authority).map_err(ExposureError::from)?;
    let revoked = (authority, PublicFileKind::Revocations);
    if let Some(file) = public_file(vault, relay, address, revoked, held.as_deref())? {
        revocations::add(vault, &file).map_err(ExposureError::from)?;
    }
    Ok(Brought::List {
        new_segments: fetched.len(),
    })
}

/// Fetches the public file of a kind that an authority's newest manifest here names; `None` where the manifest names no such file, or names the one that is `held`.
/// The file is the one that was named, and who signed it is for its reader to check.
///
/// # Errors
/// The relay does not answer, has no such file, or has another one in its place.
pub fn public_file(
    vault: &mut Vault,
    relay: &dyn Relay,
    address: &str,
    (authority, kind): (AuthorityId, PublicFileKind),
    held: Option<&[u8]>,
) -> Result<Option<Vec<u8>>, FetchError> {
    let Some(named) = lists::public_file(vault, authority, kind)? else {
        return Ok(None);
    };
    if held.is_some_and(|held| named.names(held)) {
        return Ok(None);
    }
    let most = usize::try_from(named.bytes).unwrap_or(usize::MAX);
    let file = relay
        .get(address, &segment_path(&named.hash), most)
        .map_err(FetchError::Relay)?;
    let file = file.filter(|file| named.names(file));
    Ok(Some(file.ok_or(ExposureError::List(ListError::Withheld))?))
}

fn check_segment(file: &[u8], hash: &[u8; 32], authority: AuthorityId, trust: &TrustList) -> Result<(), SegmentError> {
    if sha256(file) != *hash {
        return Err(SegmentError::Damaged);
    }
    let segment = Segment::parse(file)?;
    if segment.header().authority != authority {
        return Err(SegmentError::SignatureInvalid);
    }
    segment.verify(trust.keys(Role::Notice))
}

#[cfg(test)]
mod tests;
