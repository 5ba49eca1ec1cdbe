//! The lists that are here: each authority's newest manifest, its segments, and how old they are.

use serde::{Deserialize, Serialize};
use techo_protocol::exposure::manifest::{CLOCK_TOLERANCE_SECONDS, Head, Manifest, ManifestError, SegmentRef};
use techo_protocol::exposure::public_file::PublicFileRef;
use techo_protocol::trust::{AuthorityId, Role, TrustList};
use techo_protocol::vaccination::public_file::PublicFileKind;

use super::{ExposureError, ListError};
use crate::confirmed_time::ConfirmedTime;
use crate::following::{self, FollowingError, FollowingRefusal};
use crate::vault::{Reader, RecordKind, Vault, VaultError, Writer};

/// What is kept of one authority's newest manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NewestManifest {
    pub head: Head,
    pub valid_until: i64,
    pub segments: Vec<SegmentRef>,
    #[serde(default)]
    pub files: Vec<PublicFileRef>,
}

/// How old an authority's lists are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAge {
    /// The authority whose lists they are.
    pub authority: AuthorityId,
    /// The name of the authority, as in its trust list.
    pub name: String,
    /// When the newest manifest was signed, in Unix seconds; `None` where none has come yet.
    pub as_of: Option<i64>,
    /// Whether "nothing found" may be said of the time up to `as_of`.
    pub freshness: Freshness,
}

/// Whether a list may be called fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The newest manifest holds still: it was signed within the last day.
    Fresh,
    /// The newest manifest has run out, or none was ever fetched.
    Stale,
    /// This device's clock stands before the time at which the list was signed.
    ClockWrong,
    /// A part of it is damaged on the disk. The next fetch brings it again.
    Damaged,
}

/// What a manifest asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The manifest that was read and checked.
    pub(super) manifest: Manifest,
    pub(super) head: Head,
    trust_file: Vec<u8>,
    /// Segments that are not here yet.
    pub missing: Vec<SegmentRef>,
}

/// Checks a manifest of an authority that is followed: trust list, signature, sequence, clock. Nothing is stored.
///
/// # Errors
/// [`ExposureError`], each with its own code: not followed, forged, replayed, forked, signed well ahead of this device's clock.
pub fn check(vault: &mut Vault, authority: AuthorityId, file: &[u8], now: i64) -> Result<Wanted, ExposureError> {
    let read = Manifest::read(file)?;
    if read.authority() != authority {
        return Err(ManifestError::OtherAuthority.into());
    }
    let held_trust = vault
        .record(RecordKind::TrustList, &authority.0)?
        .ok_or(FollowingError::from(FollowingRefusal::NotFollowed))?;
    let (trust_file, trust) = newer_trust(&held_trust, read.trust_list())?;
    let manifest = read.verify(trust.keys(Role::Manifest))?;
    let head = Head::of(&manifest, file);
    if let Some(held) = vault.read(|reader| held(reader, authority))? {
        held.head.check_next(&manifest, file)?;
    }
    if manifest.signed_at > now.saturating_add(CLOCK_TOLERANCE_SECONDS) {
        return Err(ManifestError::ClockWrong.into());
    }
    let mut missing = Vec::new();
    for segment in &manifest.segments {
        // Its bytes are looked at: a damaged one is fetched again.
        if vault.segment(&segment.hash)?.is_none() {
            missing.push(segment.clone());
        }
    }
    Ok(Wanted {
        manifest,
        head,
        trust_file,
        missing,
    })
}

/// The trust list that a manifest is to be checked with: the one it carries, where that follows on the one held.
fn newer_trust(held: &[u8], carried: &[u8]) -> Result<(Vec<u8>, TrustList), ExposureError> {
    let list = TrustList::read(held)?;
    let newer = TrustList::read(carried)?;
    match list.check_successor(&newer) {
        Ok(()) => Ok((carried.to_vec(), newer)),
        // A manifest signed before a trust list that came another way: the newer list judges it.
        Err(techo_protocol::trust::TrustError::Older) => Ok((held.to_vec(), list)),
        Err(error) => Err(error.into()),
    }
}

impl Wanted {
    /// The keys that may have signed the segments.
    ///
    /// # Errors
    /// [`ExposureError::Following`] where the list cannot be read, which [`check`] has ruled out.
    pub fn trust(&self) -> Result<TrustList, ExposureError> {
        Ok(TrustList::read(&self.trust_file)?)
    }

    /// Stores the manifest, its trust list, and the segments that were missing; drops segments that no authority lists any more. One transaction.
    ///
    /// # Errors
    /// [`ListError::Withheld`] where a missing segment is not among `fetched`, which must have been checked; [`ExposureError::Vault`].
    pub fn store(&self, vault: &mut Vault, fetched: &[([u8; 32], Vec<u8>)]) -> Result<(), ExposureError> {
        if self
            .missing
            .iter()
            .any(|wanted| fetched.iter().all(|(hash, _)| *hash != wanted.hash))
        {
            return Err(ListError::Withheld.into());
        }
        vault.write(|writer| {
            // An authority has signed that this time has come, and the clock has not denied it.
            let mut time = ConfirmedTime::load(&writer.reader())?;
            time.witness(self.manifest.signed_at, self.manifest.signed_at);
            time.store(writer)?;
            following::put(writer, &self.trust_file)?;
            for (hash, bytes) in fetched {
                writer.put_segment(hash, bytes)?;
            }
            let held = NewestManifest {
                head: self.head,
                valid_until: self.manifest.valid_until,
                segments: self.manifest.segments.clone(),
                files: self.manifest.files.clone(),
            };
            put(writer, self.manifest.authority, &held)?;
            retain_listed(writer)
        })
    }
}

/// Drops the segments that no authority lists any more.
fn retain_listed(writer: &mut Writer<'_>) -> Result<(), ExposureError> {
    let listed: Vec<[u8; 32]> = all(&writer.reader())?
        .iter()
        .flat_map(|(_, held)| held.segments.iter().map(|segment| segment.hash))
        .collect();
    writer.retain_segments(&listed)?;
    Ok(())
}

/// Removes the lists of an authority that is followed no longer, and the segments that only it listed.
pub(crate) fn remove_of(writer: &mut Writer<'_>, authority: AuthorityId) -> Result<(), VaultError> {
    writer.delete_record(RecordKind::ExposureList, &authority.0)?;
    match retain_listed(writer) {
        Err(ExposureError::Vault(error)) => Err(error),
        // Another authority's list is damaged: what it lists is not known, and stays until its next fetch.
        Ok(()) | Err(_) => Ok(()),
    }
}

fn put(writer: &mut Writer<'_>, authority: AuthorityId, held: &NewestManifest) -> Result<(), VaultError> {
    let mut bytes = Vec::new();
    ciborium::into_writer(held, &mut bytes).expect("writing to memory does not fail");
    writer.put_record(RecordKind::ExposureList, &authority.0, &bytes)
}

/// What is kept of one authority's newest manifest.
pub(super) fn held(reader: &Reader<'_>, authority: AuthorityId) -> Result<Option<NewestManifest>, ExposureError> {
    let record = reader.record(RecordKind::ExposureList, &authority.0)?;
    record
        .map(|bytes| ciborium::from_reader(&bytes[..]).map_err(|_| ListError::Damaged.into()))
        .transpose()
}

/// The public file of a kind that an authority's newest manifest names.
pub(super) fn public_file(
    vault: &mut Vault,
    authority: AuthorityId,
    kind: PublicFileKind,
) -> Result<Option<PublicFileRef>, ExposureError> {
    let held = vault.read(|reader| held(reader, authority))?;
    let named = held
        .iter()
        .flat_map(|held| &held.files)
        .find(|file| file.kind == kind.number());
    Ok(named.copied())
}

/// What is kept of every authority's newest manifest.
pub(super) fn all(reader: &Reader<'_>) -> Result<Vec<(AuthorityId, NewestManifest)>, ExposureError> {
    let mut lists = Vec::new();
    for (name, bytes) in reader.records(RecordKind::ExposureList)? {
        let authority = name.try_into().map(AuthorityId).map_err(|_| ListError::Damaged)?;
        lists.push((authority, ciborium::from_reader(&bytes[..]).map_err(|_| ListError::Damaged)?));
    }
    Ok(lists)
}

/// How old the lists of all authorities are that the person follows.
///
/// ```
/// use techo_testing::{Authority, Files, NOW};
/// use techo_core::exposure::fetch::fetch;
/// use techo_core::exposure::lists::{Freshness, ages};
/// use techo_core::following;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let (mut osaka, relay) = (Authority::named("Osaka Prefecture"), Files::default());
/// following::add(&mut vault, &osaka.trust_file())?;
/// osaka.publish(&relay, NOW)?;
/// fetch(&mut vault, &relay, &[], NOW)?;
/// assert_eq!(ages(&mut vault, NOW)?[0].freshness, Freshness::Fresh);
/// assert_eq!(ages(&mut vault, NOW - 1)?[0].freshness, Freshness::ClockWrong);
/// assert_eq!(ages(&mut vault, NOW + 2 * 86_400)?[0].freshness, Freshness::Stale);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ExposureError`] where the vault cannot be read.
pub fn ages(vault: &mut Vault, now: i64) -> Result<Vec<ListAge>, ExposureError> {
    let followed = following::all(vault)?;
    let lists = vault.read(all)?;
    let mut damaged = Vec::new();
    for (authority, held) in &lists {
        for listed in &held.segments {
            if vault.segment(&listed.hash)?.is_none() {
                damaged.push(*authority);
                break;
            }
        }
    }
    Ok(followed
        .into_iter()
        .map(|list| {
            let authority = list.authority();
            let held = lists.iter().find(|(of, _)| *of == authority).map(|(_, held)| held);
            let freshness = match held {
                None => Freshness::Stale,
                Some(_) if damaged.contains(&authority) => Freshness::Damaged,
                Some(held) => freshness(held.head.signed_at, held.valid_until, now),
            };
            ListAge {
                authority,
                name: list.name,
                as_of: held.map(|held| held.head.signed_at),
                freshness,
            }
        })
        .collect())
}

/// A list is fresh from the moment it was signed until it ends; a clock before that moment is wrong.
fn freshness(signed_at: i64, valid_until: i64, now: i64) -> Freshness {
    if now < signed_at {
        Freshness::ClockWrong
    } else if now <= valid_until {
        Freshness::Fresh
    } else {
        Freshness::Stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_is_from_signing_to_the_end_and_equal_is_fine() {
        assert_eq!(freshness(100, 200, 99), Freshness::ClockWrong);
        assert_eq!(freshness(100, 200, 100), Freshness::Fresh);
        assert_eq!(freshness(100, 200, 200), Freshness::Fresh);
        assert_eq!(freshness(100, 200, 201), Freshness::Stale);
    }
}
