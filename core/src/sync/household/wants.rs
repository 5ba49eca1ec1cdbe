//! What a person wants changed in the household.

use serde::{Deserialize, Serialize};
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::epoch_record::Device;
use techo_protocol::household::recovery::RecoveryPublic;

use super::{Household, checked};
use crate::sync::state::change;
use crate::sync::{HouseholdRefusal, SyncError};
use crate::vault::Vault;

/// A change of the household that a person asked for; it is made with the next record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Want {
    /// Another name for the device at an index.
    Rename(u8, String),
    /// Removal of the device at an index, which then had this key.
    Remove(u8, PublicKey),
    /// Other recovery words.
    Words(RecoveryPublic),
    /// An end of this epoch.
    Rotate(u32),
    /// A device that was let in off the relay stays in, should the relay have another record by then.
    Admit(Device),
}

/// Asks for a change of the household; it is made with the next record.
///
/// # Errors
/// [`HouseholdRefusal::NoSuchDevice`], [`HouseholdRefusal::ThisDevice`], [`HouseholdRefusal::NameInvalid`], or the vault cannot be written.
pub fn want(vault: &mut Vault, want: Want) -> Result<(), SyncError> {
    change(vault, |state, _| {
        let household = &mut state.household;
        match &want {
            Want::Rename(index, name) => {
                checked(name)?;
                household.list.device(*index).ok_or(HouseholdRefusal::NoSuchDevice)?;
            }
            Want::Remove(index, key) => {
                household
                    .list
                    .device(*index)
                    .filter(|device| device.key == *key)
                    .ok_or(HouseholdRefusal::NoSuchDevice)?;
                if *index == household.index {
                    return Err(HouseholdRefusal::ThisDevice.into());
                }
            }
            Want::Words(_) | Want::Rotate(_) | Want::Admit(_) => {}
        }
        if !household.wants.contains(&want) {
            household.wants.push(want);
        }
        Ok(())
    })
}

impl Household {
    /// Forgets the wants that the present record fulfils.
    pub(in crate::sync) fn wants_fulfilled(&mut self) {
        self.wants = self.unfulfilled();
    }

    /// The wants that the present record does not fulfil yet.
    pub(in crate::sync) fn unfulfilled(&self) -> Vec<Want> {
        let recovery = self.present().ok().and_then(|present| present.head.recovery);
        let is_open = |want: &&Want| match want {
            Want::Rename(index, name) => self.list.device(*index).is_some_and(|device| device.name != *name),
            Want::Remove(_, key) => self.list.devices.iter().any(|device| device.key == *key),
            Want::Words(words) => recovery != Some(*words),
            Want::Rotate(epoch) => self.epoch() <= *epoch,
            Want::Admit(device) => {
                let removed = self.list.removed.iter().any(|removed| removed.key == device.key);
                !removed && self.list.devices.iter().all(|listed| listed.key != device.key)
            }
        };
        self.wants.iter().filter(is_open).cloned().collect()
    }
}
