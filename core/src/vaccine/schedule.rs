//! The schedule that a device works by: the one that is built in, until one that an authority signed takes its place.
//!
//! What is next is worked out each time anew, so a newer schedule counts for everybody from then on.

use techo_protocol::trust::{Role, TrustList};
use techo_protocol::vaccination::schedule::{Schedule, ScheduleError};

use crate::following::{self, FollowingError};
use crate::vault::{RecordKind, Vault, VaultError, Writer};

/// The name of its record, which holds the file as it was signed.
const NAME: &[u8] = b"schedule";

techo_protocol::coded_union! {
    /// Why a schedule is not taken.
    pub enum TakeScheduleError {
        /// The file is no schedule, is not rightly signed, or is not newer.
        Schedule(ScheduleError);
        /// The trust lists of the authorities that are followed cannot be read.
        Following(FollowingError);
        /// The vault could not be read or written.
        Vault(VaultError);
    }
}

/// A schedule, and the authority that signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// The schedule that counts.
    pub schedule: Schedule,
    /// The authority that signed the schedule; `None` for the one that is built in.
    pub signed_by: Option<TrustList>,
}

/// Takes a schedule that one of the authorities that are followed has signed. Of the schedule that is here it must be a newer version, or the
/// same; another schedule takes its place whatever its version.
///
/// ```
/// use techo_testing::Town;
/// use techo_core::{following, vaccine::schedule};
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let sakai = Town::named("Sakai");
/// assert!(schedule::add(&mut vault, &sakai.schedule(9)).is_err(), "who signed it is not followed");
/// following::add(&mut vault, &sakai.trust_file())?;
/// assert_eq!(schedule::add(&mut vault, &sakai.schedule(9))?.schedule.version, 9);
/// assert!(schedule::add(&mut vault, &sakai.schedule(8)).is_err(), "a newer one is here");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A [`ScheduleError`]: no schedule, not signed by an authority that is followed, or not newer.
pub fn add(vault: &mut Vault, file: &[u8]) -> Result<InUse, TakeScheduleError> {
    let new = read(file, &following::all(vault)?)?;
    let held = in_use(vault)?.schedule;
    let is_older = new.schedule.version < held.version || (new.schedule.version == held.version && new.schedule != held);
    if new.schedule.code == held.code && is_older {
        return Err(ScheduleError::Older.into());
    }
    vault.put_record(RecordKind::Vaccine, NAME, file)?;
    Ok(new)
}

/// The schedule that counts here. One whose signer is followed no longer, or whose key was revoked, does not.
///
/// ```
/// use techo_testing::Town;
/// use techo_core::{following, vaccine::schedule};
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// assert_eq!(schedule::in_use(&mut vault)?.signed_by, None, "the one that is built in");
/// let sakai = Town::named("Sakai");
/// following::add(&mut vault, &sakai.trust_file())?;
/// schedule::add(&mut vault, &sakai.schedule(9))?;
/// assert_eq!(schedule::in_use(&mut vault)?.signed_by.map(|list| list.name), Some("Sakai".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The vault cannot be read.
pub fn in_use(vault: &mut Vault) -> Result<InUse, TakeScheduleError> {
    let kept = match vault.record(RecordKind::Vaccine, NAME)? {
        Some(file) => read(&file, &following::all(vault)?).ok(),
        None => None,
    };
    Ok(kept.unwrap_or_else(|| InUse {
        schedule: Schedule::japan_covid_19(),
        signed_by: None,
    }))
}

/// Goes back to the schedule that is built in.
///
/// # Errors
/// The vault cannot be written.
pub fn reset(vault: &mut Vault) -> Result<(), VaultError> {
    vault.delete_record(RecordKind::Vaccine, NAME)
}

/// Removes the schedule of an authority that is followed no longer.
pub(crate) fn remove_of(writer: &mut Writer<'_>, list: &TrustList) -> Result<(), VaultError> {
    let kept = writer.reader().record(RecordKind::Vaccine, NAME)?;
    if kept.is_some_and(|file| Schedule::read(&file, list.keys(Role::Notice)).is_ok()) {
        writer.delete_record(RecordKind::Vaccine, NAME)?;
    }
    Ok(())
}

fn read(file: &[u8], lists: &[TrustList]) -> Result<InUse, ScheduleError> {
    for list in lists {
        match Schedule::read(file, list.keys(Role::Notice)) {
            Err(ScheduleError::SignatureInvalid) => {}
            read => {
                return read.map(|schedule| InUse {
                    schedule,
                    signed_by: Some(list.clone()),
                });
            }
        }
    }
    // Nobody signed it who is followed here, or it is nothing that could be signed.
    Schedule::read(file, []).map(|schedule| InUse {
        schedule,
        signed_by: None,
    })
}

#[cfg(test)]
mod tests;
