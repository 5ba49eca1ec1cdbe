//! The bundles of issuers' keys that this device keeps, as the files that were signed.

use techo_protocol::certificates::trust_bundle::{TrustBundle, TrustBundleError};
use techo_protocol::trust::{AuthorityId, TrustList};

use super::Trust;
use crate::following::{self, FollowingError, FollowingRefusal};
use crate::vault::{RecordKind, Vault, VaultError, Writer};

/// What the names of their records begin with; the authority's id and the bundle's name follow.
const PREFIX: &[u8] = b"bundle";

techo_protocol::coded_union! {
    /// Why a bundle is not taken.
    pub enum BundleError {
        /// The file is no bundle, is not rightly signed, or is older than the one that is kept.
        Bundle(TrustBundleError);
        /// The authority's trust list, or whether it is followed.
        Following(FollowingError);
        /// The vault could not be read or written.
        Vault(VaultError);
    }
}

fn record_name(authority: AuthorityId, name: &str) -> Vec<u8> {
    [PREFIX, &authority.0, name.as_bytes()].concat()
}

/// Takes a bundle of an authority that is followed, in the place of the older one of its name. A newer trust list in it is taken too.
///
/// ```
/// use techo_core::certificates::{bundles, key_source};
/// use techo_testing::Authority;
/// use techo_core::following;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let osaka = Authority::named("Osaka Prefecture");
/// let file = osaka.bundle("EU", key_source::read(techo_testing::ISSUER.as_bytes(), None)?, techo_testing::NOW);
/// assert!(bundles::add(&mut vault, &file).is_err(), "who signed it is not followed here");
/// following::add(&mut vault, &osaka.trust_file())?;
/// assert_eq!(bundles::add(&mut vault, &file)?.keys.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`BundleError`]: the file is no bundle, its authority is not followed, none of that authority's present keys signed it, or a newer one is here.
pub fn add(vault: &mut Vault, file: &[u8]) -> Result<TrustBundle, BundleError> {
    let bundle = TrustBundle::read(file)?;
    vault
        .write(|writer| {
            let carried = TrustList::read(&bundle.trust_list).map_err(FollowingError::from)?;
            let authority = carried.authority();
            let not_followed = || BundleError::from(FollowingError::from(FollowingRefusal::NotFollowed));
            let held = held(writer, authority)?.ok_or_else(not_followed)?;
            let newest = if carried.number > held.number {
                following::put(writer, &bundle.trust_list)?;
                carried
            } else {
                held
            };
            TrustBundle::check_signer(file, &newest)?;
            let name = record_name(authority, &bundle.name);
            if let Some(earlier) = writer.reader().record(RecordKind::Vaccine, &name)?
                && TrustBundle::read(&earlier).is_ok_and(|earlier| earlier.signed_at > bundle.signed_at)
            {
                return Err(TrustBundleError::Older.into());
            }
            writer.put_record(RecordKind::Vaccine, &name, file)?;
            Ok(())
        })
        .map_err(|error: BundleError| error)?;
    Ok(bundle)
}

fn held(writer: &Writer<'_>, authority: AuthorityId) -> Result<Option<TrustList>, BundleError> {
    let file = writer.reader().record(RecordKind::TrustList, &authority.0)?;
    Ok(file
        .map(|file| TrustList::read(&file))
        .transpose()
        .map_err(FollowingError::from)?)
}

/// The bundles that are kept, without those whose signer's key was revoked since.
///
/// ```
/// use techo_core::certificates::bundles;
/// use techo_testing::Authority;
/// use techo_core::following;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let osaka = Authority::named("Osaka Prefecture");
/// following::add(&mut vault, &osaka.trust_file())?;
/// bundles::add(&mut vault, &osaka.bundle("EU", vec![], techo_testing::NOW))?;
/// bundles::add(&mut vault, &osaka.bundle("EU", vec![], techo_testing::NOW + 1))?;
/// assert_eq!(bundles::all(&mut vault)?.len(), 1, "one of each name");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`BundleError`] where the vault or a bundle in it cannot be read.
pub fn all(vault: &mut Vault) -> Result<Vec<TrustBundle>, BundleError> {
    let lists = following::all(vault)?;
    let mut bundles = Vec::new();
    for (name, file) in vault.records(RecordKind::Vaccine)? {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let list = lists.iter().find(|list| rest.starts_with(&list.authority().0));
        if list.is_some_and(|list| TrustBundle::check_signer(&file, list).is_ok()) {
            bundles.push(TrustBundle::read(&file)?);
        }
    }
    Ok(bundles)
}

/// The keys of all bundles, to verify with.
///
/// ```
/// use techo_core::certificates::{Verdict, bundles, key_source, verify};
/// use techo_testing::Authority;
/// use techo_core::following;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let osaka = Authority::named("Osaka Prefecture");
/// following::add(&mut vault, &osaka.trust_file())?;
/// let keys = key_source::read(techo_testing::ISSUER.as_bytes(), None)?;
/// bundles::add(&mut vault, &osaka.bundle("EU", keys, techo_testing::NOW))?;
/// let trust = bundles::trusted(&mut vault)?;
/// assert_eq!(verify(techo_testing::CERTIFICATE, &trust, techo_testing::NOW).verdict(), Verdict::Valid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`all`].
pub fn trusted(vault: &mut Vault) -> Result<Trust, BundleError> {
    Ok(Trust::new(all(vault)?.into_iter().flat_map(|bundle| bundle.keys).collect()))
}

/// Removes an authority's bundles.
pub(crate) fn remove_of(writer: &mut Writer<'_>, authority: AuthorityId) -> Result<(), VaultError> {
    let of_authority = [PREFIX, &authority.0].concat();
    for (name, _) in writer.reader().records(RecordKind::Vaccine)? {
        if name.starts_with(&of_authority) {
            writer.delete_record(RecordKind::Vaccine, &name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
