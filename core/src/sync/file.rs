//! A household's chunks on a stick: what another device left there, and what this one has.

use techo_protocol::household::household_file::HouseholdFile;

use super::engine::{self, Report};
use super::exchange::the_household;
use super::records::TakenRecords;
use super::state::change;
use super::take::ChunkSource;
use super::{HouseholdRefusal, SyncError};
use crate::vault::Vault;

/// Takes in what a file holds.
///
/// ```
/// use techo_core::sync::file;
/// use techo_protocol::Coded as _;
/// use techo_testing::Phone;
///
/// let (mut phone, mut stranger) = (Phone::new(), Phone::new());
/// let stick = file::make_file(phone.diary.vault(), phone.now)?;
/// let refused = file::take_file(stranger.diary.vault(), &stick, stranger.now).unwrap_err();
/// assert_eq!(refused.code(), "household.other");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`HouseholdRefusal::Other`] where it is another household's, [`HouseholdRefusal::LockedOut`] where its newest record gives this device no key; or the vault
/// cannot be written.
pub fn take_file(vault: &mut Vault, file: &HouseholdFile, now: i64) -> Result<Report, SyncError> {
    if the_household(vault)?.stream != file.stream {
        return Err(HouseholdRefusal::Other.into());
    }
    take_records(vault, &file.records, file.keyring.as_deref(), now)?;
    let report = engine::incoming(vault, &file.chunks, ChunkSource::direct(now))?;
    if report.begun_anew {
        return Err(HouseholdRefusal::Copied.into());
    }
    Ok(report)
}

/// Takes over records that another device brought, off the relay.
///
/// # Errors
/// [`HouseholdRefusal::LockedOut`] where the newest gives this device no key; or the vault cannot be written.
pub fn take_records(vault: &mut Vault, records: &[Vec<u8>], keyring: Option<&[u8]>, now: i64) -> Result<(), SyncError> {
    let taken = change(vault, |state, writer| {
        let today = state.today(now);
        let taken = if records.is_empty() {
            TakenRecords::Same
        } else {
            state.take_records(records, false, today, writer.random())?
        };
        if let (Some(keyring), true) = (keyring, taken != TakenRecords::LockedOut) {
            state.take_keyring(keyring, false, today, writer.random())?;
        }
        Ok(taken)
    })?;
    if taken == TakenRecords::LockedOut {
        return Err(HouseholdRefusal::LockedOut.into());
    }
    Ok(())
}

/// All that this device has, for a file or another device: records first, then the keyring, then chunks. What a person wants of the household
/// is done at once where this is its one device and there is no relay; of several, the relay decides who was first.
///
/// ```
/// use techo_core::sync::{beginning, file};
/// use techo_core::vault::Vault;
///
/// # let folder = tempfile::tempdir()?;
/// # let ports = techo_testing::ports();
/// # let mut vault = Vault::open(folder.path(), ports.keys, Box::new(ports.random))?;
/// beginning::ensure(&mut vault, "Aki's phone", techo_testing::NOW)?;
/// let stick = file::make_file(&mut vault, techo_testing::NOW)?;
/// assert_eq!(stick.chunks.len(), 1, "the day's heartbeat");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```
/// use techo_core::sync::file;
/// use techo_testing::Household;
///
/// let mut home = Household::of(2);
/// let (left, right) = home.phones.split_at_mut(1);
/// let (phone, tablet) = (&mut left[0], &mut right[0]);
/// phone.add("Bar Yoru", 1);
/// let stick = file::make_file(phone.diary.vault(), phone.now)?;
/// file::take_file(tablet.diary.vault(), &stick, tablet.now)?;
/// assert_eq!(tablet.names(), ["Bar Yoru"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`HouseholdRefusal::LockedOut`]; or the vault cannot be written.
pub fn make_file(vault: &mut Vault, now: i64) -> Result<HouseholdFile, SyncError> {
    let mut made = make_records(vault, now, true)?;
    made.chunks = engine::everything(vault, now)?;
    Ok(made)
}

/// The same without chunks. `says_what_was_seen` is whether this device may write a heartbeat for nothing but what it has seen: two that talk
/// would answer each other's for ever.
pub(super) fn make_records(vault: &mut Vault, now: i64, says_what_was_seen: bool) -> Result<HouseholdFile, SyncError> {
    the_household(vault)?.is_let_in()?;
    let (stream, records, keyring) = change(vault, |state, writer| {
        let (today, random) = (state.today(now), writer.random());
        // What was seen at the relay is of use to whoever takes this elsewhere.
        state.household.due.heartbeat |= says_what_was_seen && state.household.peers.vector.has_news(&state.highest_seen());
        state.settle(writer, now)?;
        if state.household.relay.is_none() && state.household.list.devices.len() == 1 {
            state.install_here(today, random)?;
            state.settle(writer, now)?;
        }
        if state.keyring_due() {
            let keyring = state.make_keyring(0, random)?;
            state.take_keyring(keyring.bytes(), false, today, random)?;
        }
        state.destroy_old_keys(false);
        Ok((state.household.stream, state.records_after(None), state.keyring_bytes()))
    })?;
    Ok(HouseholdFile {
        stream,
        records,
        keyring,
        chunks: Vec::new(),
    })
}
