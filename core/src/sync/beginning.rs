//! How a device comes to have a household: its first, the one that it joins, and one of its own again after it was copied.

use super::SyncError;
use super::household::{DEFAULT_NAME, Household, RECORD, WAITING, day_of, is_of_the_first_slice};
use super::state::{LOG, State};
use crate::documents::Document;
use crate::vault::{RecordKind, Vault, Writer};

/// Makes a household of one where there is none. One that a newer version wrote is left alone. `name` is this device's, `now` Unix seconds.
///
/// ```
/// use techo_core::sync::beginning::ensure;
/// use techo_core::sync::household::household;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// assert!(household(&mut vault)?.is_none());
/// ensure(&mut vault, "Aki's phone", techo_testing::NOW)?;
/// let begun = household(&mut vault)?.expect("it was begun");
/// ensure(&mut vault, "another name", techo_testing::NOW)?;
/// let home = household(&mut vault)?.expect("it was begun");
/// assert_eq!((home.stream, home.list.devices.len()), (begun.stream, 1), "the second call did nothing");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`HouseholdRefusal::NameInvalid`](crate::sync::HouseholdRefusal::NameInvalid), or the vault cannot be written.
pub fn ensure(vault: &mut Vault, name: &str, now: i64) -> Result<(), SyncError> {
    let is_present = |record: Option<Vec<u8>>| record.is_some_and(|record| !is_of_the_first_slice(&record));
    if is_present(vault.record(RecordKind::Sync, RECORD)?) {
        return Ok(());
    }
    vault.write(|writer| {
        if !is_present(writer.reader().record(RecordKind::Sync, RECORD)?) {
            let household = Household::new(name, day_of(now), writer.random())?;
            replace(writer, household)?;
        }
        Ok(())
    })
}

/// Puts a household in the place of the one that was here; the diary's documents stay and become entries of it.
pub(super) fn replace(writer: &mut Writer<'_>, household: Household) -> Result<(), SyncError> {
    for (name, _) in writer.reader().records(RecordKind::Sync)? {
        if name.starts_with(LOG) || name == WAITING || name == RECORD {
            writer.delete_record(RecordKind::Sync, &name)?;
        }
    }
    State::new(household).store(writer)
}

/// Gives this device a new actor, and writes all documents anew under it. What it wrote before may bear the numbers that a copy, or the household
/// it now joins, has given to something else; such changes would never merge.
pub(super) fn write_as_another(writer: &mut Writer<'_>) -> Result<(), SyncError> {
    writer.renew_actor()?;
    for (name, _) in writer.reader().document_names() {
        if let Some(stored) = writer.reader().document(&name)? {
            Document::load(stored, writer.actor()).rewrite(writer)?;
        }
    }
    Ok(())
}

/// Begins a household of its own with new keys and a new actor: this device was copied, or restored from an old state, and another writes
/// under its name. The diary's documents stay.
pub(super) fn start_over(state: &mut State, writer: &mut Writer<'_>, now: i64) -> Result<(), SyncError> {
    let name = state
        .household
        .list
        .device(state.household.index)
        .map(|device| device.name.clone());
    let mut fresh = Household::new(name.as_deref().unwrap_or(DEFAULT_NAME), day_of(now), writer.random())?;
    fresh.log.was_copied = true;
    write_as_another(writer)?;
    state.begin_anew(fresh);
    Ok(())
}
