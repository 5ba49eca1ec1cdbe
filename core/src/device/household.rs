//! The household: its devices, their names, and taking one out.

use techo_protocol::basics::keys::PublicKey;

use super::{Device, DeviceError};
use crate::ports::HttpError;
use crate::sync::household::{self, Household, Proposal, SILENT_DAYS, propose};
use crate::sync::{HouseholdRefusal, SyncError};
use techo_protocol::basics::clock::DAY_SECONDS;

/// A device of the household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HouseholdDevice {
    /// Its place in the list, by which it is named here.
    pub id: u8,
    /// Its name, for people.
    pub name: String,
    /// Whether it is the device that was asked.
    pub is_this: bool,
    /// The day on which it was last heard from, as the Unix second at which that day begins (UTC); `None` for never.
    pub heard: Option<i64>,
    /// Whether it was not heard from for 150 days: after 180 it is taken out.
    pub is_silent: bool,
    /// Whether it came in by the recovery words and not by pairing.
    pub by_words: bool,
}

/// Whether the relay knows of a change of the household already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayTold {
    /// It was told at once.
    AtOnce,
    /// It did not answer: the change is told with the next sync.
    WithNextSync,
    /// The household has no relay: the change travels as the household's documents do.
    NoRelay,
}

/// A device that was taken out, or is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedDevice {
    /// The name that the device had in the list.
    pub name: String,
    /// Whether it is off the list; otherwise it will be with the next sync.
    pub is_out: bool,
    /// Whether the relay was told.
    pub told: RelayTold,
}

impl Device {
    /// The devices of the household, in the order of their ids.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut phone = Device::open(folder.path(), techo_testing::ports())?;
    /// let devices = phone.devices()?;
    /// assert_eq!(devices.len(), 1);
    /// assert!(devices[0].is_this && devices[0].heard.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`HouseholdRefusal::None`], or the vault cannot be read.
    pub fn devices(&mut self) -> Result<Vec<HouseholdDevice>, DeviceError> {
        let today = u32::try_from(self.now().div_euclid(DAY_SECONDS)).unwrap_or_default();
        let household = self.household()?;
        let silent = household.silent_since(today, SILENT_DAYS);
        let devices = household.list.devices.iter().map(|listed| HouseholdDevice {
            id: listed.index,
            name: listed.name.clone(),
            is_this: listed.index == household.index,
            heard: household.last_heard(listed.index).map(|day| i64::from(day) * DAY_SECONDS),
            is_silent: silent.iter().any(|device| device.index == listed.index),
            by_words: listed.by_words,
        });
        Ok(devices.collect())
    }

    /// Gives a device another name, and tells the household's relay.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut phone = Device::open(folder.path(), techo_testing::ports())?;
    /// phone.sync_now(Some(techo_testing::RELAY))?;
    /// phone.rename_device(0, "Aki's phone")?;
    /// assert_eq!(phone.devices()?[0].name, "Aki's phone");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`HouseholdRefusal::NoSuchDevice`], [`HouseholdRefusal::NameInvalid`]; the relay's, where it answers; or the vault cannot be written.
    pub fn rename_device(&mut self, id: u8, name: &str) -> Result<RelayTold, DeviceError> {
        propose(self.diary.vault(), Proposal::Rename(id, name.trim().to_owned()))?;
        self.tell_relay()
    }

    /// Takes a device out: it gets nothing new from then on, and what it has, it keeps. The household takes new keys.
    ///
    /// ```
    /// use techo_core::device::{DeviceError, Device};
    /// use techo_protocol::Coded;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut phone = Device::open(folder.path(), techo_testing::ports())?;
    /// assert_eq!(phone.remove_device(0).unwrap_err().code(), "household.this_device");
    /// assert_eq!(phone.remove_device(5).unwrap_err().code(), "household.no_such_device");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`HouseholdRefusal::NoSuchDevice`], [`HouseholdRefusal::ThisDevice`]; the relay's, where it answers; or the vault cannot be written.
    pub fn remove_device(&mut self, id: u8) -> Result<RemovedDevice, DeviceError> {
        let household = self.household()?;
        let refused = SyncError::from(HouseholdRefusal::NoSuchDevice);
        let listed = household.list.device(id).ok_or(refused)?;
        propose(self.diary.vault(), Proposal::Remove(id, listed.key))?;
        let told = self.tell_relay()?;
        Ok(RemovedDevice {
            name: listed.name.clone(),
            is_out: !self.lists(&listed.key)?,
            told,
        })
    }

    fn lists(&mut self, key: &PublicKey) -> Result<bool, DeviceError> {
        Ok(self.household()?.list.devices.iter().any(|device| device.key == *key))
    }

    /// The household; an error where there is none.
    pub(super) fn household(&mut self) -> Result<Household, SyncError> {
        household::household(self.diary.vault())?.ok_or(HouseholdRefusal::None.into())
    }

    /// The address of the relay that was named, or of the one that was used last.
    pub(super) fn relay_address(&mut self, named: Option<&str>) -> Result<String, SyncError> {
        if let Some(named) = named {
            return Ok(named.to_owned());
        }
        let known = self.household()?.relay.map(|relay| relay.address);
        known.ok_or(HouseholdRefusal::NoRelay.into())
    }

    /// Tells the relay of a change at once, where there is one and it answers.
    fn tell_relay(&mut self) -> Result<RelayTold, DeviceError> {
        if self.household()?.relay.is_none() {
            return Ok(RelayTold::NoRelay);
        }
        match self.sync_now(None) {
            Ok(_) => Ok(RelayTold::AtOnce),
            Err(DeviceError::Sync(SyncError::Relay(HttpError::Unreachable | HttpError::TimedOut))) => Ok(RelayTold::WithNextSync),
            Err(error) => Err(error),
        }
    }
}
