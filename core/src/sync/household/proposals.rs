//! Changes of the household that a person asked for and that no record has made yet: *proposals*, as in MLS (RFC 9420, section 12.1). The next
//! epoch record is the commit that makes them.

use serde::{Deserialize, Serialize};
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::epoch_record::Device;
use techo_protocol::household::recovery::RecoveryPublic;

use super::{Household, RECORD, checked};
use crate::sync::{HouseholdRefusal, SyncError};
use crate::vault::{RecordKind, Vault};

/// A change of the household that a person asked for; the next record makes it.
///
/// ```
/// use techo_core::sync::household::{Proposal, propose};
/// use techo_protocol::Coded as _;
/// use techo_testing::Household;
///
/// let mut home = Household::of(2);
/// let list = home.phones[0].household().list;
/// let [phone, tablet] = [0, 1].map(|index| list.device(index).expect("it is listed").key);
/// propose(home.phones[0].diary.vault(), Proposal::Remove(1, tablet))?;
/// let refused = propose(home.phones[0].diary.vault(), Proposal::Remove(0, phone)).unwrap_err();
/// assert_eq!(refused.code(), "household.this_device");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proposal {
    /// Another name for the device at an index.
    Rename(u8, String),
    /// Removal of the device at an index, which then had this key.
    Remove(u8, PublicKey),
    /// Other recovery words, which end the present ones.
    Words(RecoveryPublic),
    /// An end of this epoch.
    Rotate(u32),
    /// A device that was let in off the relay stays in, should the relay have another record by then.
    Admit(Device),
}

/// Proposes a change of the household; the next record makes it.
///
/// ```
/// use techo_core::sync::household::{Proposal, propose};
/// use techo_testing::Household;
///
/// let mut home = Household::of(2);
/// propose(home.phones[0].diary.vault(), Proposal::Rename(1, "kitchen".into()))?;
/// assert_eq!(home.phones[0].household().proposals.len(), 1);
/// home.settle();
/// for phone in &mut home.phones {
///     let household = phone.household();
///     assert_eq!(household.list.device(1).expect("it is listed").name, "kitchen");
///     assert!(household.proposals.is_empty(), "the record has made it");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`HouseholdRefusal::NoSuchDevice`], [`HouseholdRefusal::ThisDevice`], [`HouseholdRefusal::NameInvalid`], or the vault cannot be written.
pub fn propose(vault: &mut Vault, proposal: Proposal) -> Result<(), SyncError> {
    vault.write(|writer| {
        let record = writer.reader().record(RecordKind::Sync, RECORD)?;
        let mut household = Household::from_bytes(&record.ok_or(HouseholdRefusal::None)?)?;
        if household.propose(proposal)? {
            writer.put_record(RecordKind::Sync, RECORD, &household.to_bytes())?;
        }
        Ok(())
    })
}

impl Household {
    /// Takes a proposal; `false` where it was made before.
    fn propose(&mut self, proposal: Proposal) -> Result<bool, HouseholdRefusal> {
        match &proposal {
            Proposal::Rename(index, name) => {
                checked(name)?;
                self.list.device(*index).ok_or(HouseholdRefusal::NoSuchDevice)?;
            }
            Proposal::Remove(index, key) => {
                self.list
                    .device(*index)
                    .filter(|device| device.key == *key)
                    .ok_or(HouseholdRefusal::NoSuchDevice)?;
                if *index == self.index {
                    return Err(HouseholdRefusal::ThisDevice);
                }
            }
            Proposal::Words(_) | Proposal::Rotate(_) | Proposal::Admit(_) => {}
        }
        let is_new = !self.proposals.contains(&proposal);
        if is_new {
            self.proposals.push(proposal);
        }
        Ok(is_new)
    }

    /// Forgets the proposals that the present record fulfils.
    pub(in crate::sync) fn proposals_fulfilled(&mut self) {
        self.proposals = self.unfulfilled();
    }

    /// The proposals that the present record does not fulfil yet.
    pub(in crate::sync) fn unfulfilled(&self) -> Vec<Proposal> {
        let recovery = self.present().ok().and_then(|present| present.head.recovery);
        let is_open = |proposal: &&Proposal| match proposal {
            Proposal::Rename(index, name) => self.list.device(*index).is_some_and(|device| device.name != *name),
            Proposal::Remove(_, key) => self.list.devices.iter().any(|device| device.key == *key),
            Proposal::Words(words) => recovery != Some(*words),
            Proposal::Rotate(epoch) => self.epoch() <= *epoch,
            Proposal::Admit(device) => {
                let removed = self.list.removed.iter().any(|removed| removed.key == device.key);
                !removed && self.list.devices.iter().all(|listed| listed.key != device.key)
            }
        };
        self.proposals.iter().filter(is_open).cloned().collect()
    }
}
