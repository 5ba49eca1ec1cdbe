//! Whom the person follows: the newest trust list of each authority, as the file that was signed.
//!
//! What a followed authority has signed (exposure lists, bundles of issuers' keys, schedules, lists of revoked passes) is in the rooms that read
//! it. Each of them asks here whose signature counts.
//!
//! ```
//! use techo_testing::{Authority, Town};
//! use techo_core::following;
//!
//! let folder = tempfile::tempdir()?;
//! let mut vault = techo_testing::vault(folder.path())?;
//! following::add(&mut vault, &Authority::named("Osaka Prefecture").trust_file())?;
//! following::add(&mut vault, &Town::named("Sakai").trust_file())?;
//! let names: Vec<String> = following::all(&mut vault)?.into_iter().map(|list| list.name).collect();
//! assert!(names.contains(&"Sakai".to_owned()), "a municipality is followed like a health authority");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use techo_protocol::trust::{AuthorityId, TrustError, TrustList};

use crate::vault::{RecordKind, Vault, VaultError, Writer};

techo_protocol::coded_errors! {
    /// What is refused about an authority.
    pub enum FollowingRefusal {
        /// The authority is not followed.
        NotFollowed = "trust.not_followed", "This authority is not followed here.", "The list of authorities shows those that are.";
    }
}

techo_protocol::coded_union! {
    /// Why an authority could not be followed, or asked about.
    pub enum FollowingError {
        /// The authority is not followed.
        Refused(FollowingRefusal);
        /// The trust list is not right, or does not follow on the one that is here.
        Trust(TrustError);
        /// The vault could not be read or written.
        Vault(VaultError);
    }
}

/// Follows the authority of a trust file, or takes a newer list of one that is followed.
///
/// ```
/// use techo_testing::Authority;
/// use techo_core::following;
/// use techo_protocol::trust::TrustError;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let file = Authority::named("Osaka Prefecture").trust_file();
/// following::add(&mut vault, &file)?;
/// following::add(&mut vault, &file)?;
/// assert_eq!(following::all(&mut vault)?.len(), 1, "each authority has one list here");
/// let cut = following::add(&mut vault, &file[..40]);
/// assert_eq!(cut.err(), Some(TrustError::Damaged.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`FollowingError`]: not a trust list, older than the one that is here, or contradicting it.
pub fn add(vault: &mut Vault, file: &[u8]) -> Result<TrustList, FollowingError> {
    let list = TrustList::read(file)?;
    vault.write(|writer| put(writer, file).map(|_| ()))?;
    Ok(list)
}

/// The lists of all authorities that are followed.
///
/// # Errors
/// [`FollowingError`] where one cannot be read.
pub fn all(vault: &mut Vault) -> Result<Vec<TrustList>, FollowingError> {
    vault
        .records(RecordKind::TrustList)?
        .iter()
        .map(|(_, file)| Ok(TrustList::read(file)?))
        .collect()
}

/// Takes an authority's trust list away, and answers it. What the authority has signed is for the caller to take away in the same transaction.
///
/// # Errors
/// [`FollowingRefusal::NotFollowed`] where it is not followed.
pub(crate) fn remove(writer: &mut Writer<'_>, authority: AuthorityId) -> Result<TrustList, FollowingError> {
    let held = writer.reader().record(RecordKind::TrustList, &authority.0)?;
    let list = TrustList::read(&held.ok_or(FollowingRefusal::NotFollowed)?)?;
    writer.delete_record(RecordKind::TrustList, &authority.0)?;
    Ok(list)
}

/// Stores a newer list of an authority, or the first. Says whether it was new.
pub(crate) fn put(writer: &mut Writer<'_>, file: &[u8]) -> Result<bool, FollowingError> {
    let list = TrustList::read(file)?;
    let name = list.authority().0;
    if let Some(held) = writer.reader().record(RecordKind::TrustList, &name)? {
        TrustList::read(&held)?.check_successor(&list)?;
        if held == file {
            return Ok(false);
        }
    }
    writer.put_record(RecordKind::TrustList, &name, file)?;
    Ok(true)
}
