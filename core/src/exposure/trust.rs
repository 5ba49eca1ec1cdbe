//! Whom the person follows: the newest trust list of each authority, as the file that was signed.

use techo_protocol::trust::{AuthorityId, TrustList};

use super::{ExposureError, ListError};
use crate::certificates::bundles;
use crate::vaccine::{revocations, schedule};
use crate::vault::{RecordKind, Vault, Writer};

/// Follows the authority of a trust file, or takes a newer list of one that is followed.
///
/// # Errors
/// [`ExposureError`]: not a trust list, older than the one that is here, or contradicting it.
pub fn add(vault: &mut Vault, file: &[u8]) -> Result<TrustList, ExposureError> {
    let list = TrustList::read(file)?;
    vault.write(|writer| put(writer, file).map(|_| ()))?;
    Ok(list)
}

/// The lists of all authorities that are followed.
///
/// # Errors
/// [`ExposureError`] where one cannot be read.
pub fn all(vault: &mut Vault) -> Result<Vec<TrustList>, ExposureError> {
    vault
        .records(RecordKind::TrustList)?
        .iter()
        .map(|(_, file)| Ok(TrustList::read(file)?))
        .collect()
}

/// Stops following an authority; its lists and its bundles of issuers' keys go too.
///
/// # Errors
/// [`ListError::NotFollowed`] where it is not followed.
pub fn remove(vault: &mut Vault, authority: AuthorityId) -> Result<(), ExposureError> {
    vault.write(|writer| {
        let held = writer.reader().record(RecordKind::TrustList, &authority.0)?;
        let list = TrustList::read(&held.ok_or(ListError::NotFollowed)?)?;
        writer.delete_record(RecordKind::TrustList, &authority.0)?;
        writer.delete_record(RecordKind::ExposureList, &authority.0)?;
        bundles::remove_of(writer, authority)?;
        schedule::remove_of(writer, &list)?;
        revocations::remove_of(writer, authority)?;
        Ok(())
    })
}

/// Stores a newer list of an authority, or the first. Says whether it was new.
pub(crate) fn put(writer: &mut Writer<'_>, file: &[u8]) -> Result<bool, ExposureError> {
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
