//! The lists of revoked status passes that this device keeps, one of each municipality that it follows, as the files that were signed.

use techo_protocol::trust::{AuthorityId, TrustList};
use techo_protocol::vaccination::revocations::{self, RevocationsError};

pub use techo_protocol::vaccination::revocations::Revocations;

use crate::following::{self, FollowingError, FollowingRefusal};
use crate::vault::{RecordKind, Vault, VaultError, Writer};

/// What the names of their records begin with; the authority's id follows.
const PREFIX: &[u8] = b"revoked";

techo_protocol::coded_union! {
    /// Why a list of revoked passes is not taken.
    pub enum TakeRevocationsError {
        /// The file is no list of revoked passes, or is not rightly signed.
        List(RevocationsError);
        /// The list's municipality is not followed, or that municipality's trust list cannot be read.
        Following(FollowingError);
        /// The vault could not be read or written.
        Vault(VaultError);
    }
}

fn record_name(authority: AuthorityId) -> Vec<u8> {
    [PREFIX, &authority.0].concat()
}

/// Takes a list of a municipality that is followed, in the place of an older one; where the one that is here is newer, that stays. Answers the one
/// that is here then.
///
/// # Errors
/// [`TakeRevocationsError`]: no list, its municipality is not followed or did not sign it, or the vault cannot be written.
pub fn add(vault: &mut Vault, file: &[u8]) -> Result<Revocations, TakeRevocationsError> {
    let authority = revocations::authority_of(file)?;
    let lists = following::all(vault)?;
    if lists.iter().all(|list| list.authority() != authority) {
        return Err(FollowingError::from(FollowingRefusal::NotFollowed).into());
    }
    let new = Revocations::read(file, &lists)?;
    vault.write(|writer| {
        let name = record_name(authority);
        let held = writer.reader().record(RecordKind::Vaccine, &name)?;
        if let Some(held) = held.and_then(|held| Revocations::read(&held, &lists).ok())
            && held.number() > new.number()
        {
            return Ok(held);
        }
        writer.put_record(RecordKind::Vaccine, &name, file)?;
        Ok(new)
    })
}

/// The lists that are kept, of municipalities that are followed and by keys that are trusted still.
///
/// # Errors
/// The vault cannot be read.
pub fn all(vault: &mut Vault) -> Result<Vec<Revocations>, TakeRevocationsError> {
    let lists: Vec<TrustList> = following::all(vault)?;
    let kept = vault.records(RecordKind::Vaccine)?;
    let files = kept.iter().filter(|(name, _)| name.starts_with(PREFIX));
    Ok(files.filter_map(|(_, file)| Revocations::read(file, &lists).ok()).collect())
}

/// The file that is kept of an authority.
pub(crate) fn file(vault: &mut Vault, authority: AuthorityId) -> Result<Option<Vec<u8>>, TakeRevocationsError> {
    Ok(vault.record(RecordKind::Vaccine, &record_name(authority))?)
}

/// Removes an authority's list.
pub(crate) fn remove_of(writer: &mut Writer<'_>, authority: AuthorityId) -> Result<(), VaultError> {
    writer.delete_record(RecordKind::Vaccine, &record_name(authority))
}

#[cfg(test)]
mod tests;
