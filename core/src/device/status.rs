//! What the device holds, at a glance; and destroying it.

use std::path::Path;

use super::{Device, DeviceError, count};
use crate::diary::Filter;
use crate::exposure::alerts::{self, AlertState};
use crate::exposure::lists::{self, ListAge};
use crate::ports::KeyKeeper;
use crate::vault;

/// What a device holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceStatus {
    /// How many visits are in the diary.
    pub visits: u32,
    /// For how many days visits are kept.
    pub keep_days: i64,
    /// How many alerts there are, put away or not.
    pub alerts: u32,
    /// How many of the alerts the person has not seen, or not as they are now.
    pub alerts_unseen: u32,
    /// How old the lists are of each authority that is followed.
    pub lists: Vec<ListAge>,
    /// How many rows are damaged on the disk.
    pub damaged_rows: u32,
    /// Whether something that was deleted can still be read by whoever has this device: its key could not be destroyed yet. It is tried again by
    /// each write; where it stays so, the disk is full or the place of the key does not answer.
    pub has_unfinished_deletion: bool,
}

impl Device {
    /// What the device holds.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let status = device.status()?;
    /// assert_eq!((status.visits, status.keep_days, status.has_unfinished_deletion), (0, 28, false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DeviceError`] where the vault or a list cannot be read.
    pub fn status(&mut self) -> Result<DeviceStatus, DeviceError> {
        self.tidy()?;
        let now = self.now();
        let listing = self.diary.list(&Filter::default())?;
        let keep_days = self.diary.keep_days()?;
        let vault = self.diary.vault();
        let found = alerts::list(vault, &listing.visits)?;
        let unseen = found
            .iter()
            .filter(|alert| matches!(alert.state, AlertState::New | AlertState::Revised));
        Ok(DeviceStatus {
            visits: count(listing.visits.len()),
            keep_days,
            alerts: count(found.len()),
            alerts_unseen: count(unseen.count()),
            lists: lists::ages(vault, now)?,
            damaged_rows: count(listing.damaged.len()),
            has_unfinished_deletion: vault.has_unfinished_deletion(),
        })
    }

    /// Destroys everything that the device keeps: its keys first, so that nothing opens from then on, then its files.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// Device::open(folder.path(), techo_testing::ports())?.reset()?;
    /// assert!(!Device::exists(folder.path()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DeviceError`]; what was destroyed until then stays destroyed.
    pub fn reset(self) -> Result<(), DeviceError> {
        Ok(self.diary.into_vault().destroy()?)
    }

    /// Destroys the device of a folder without opening it, and so also one that opens no more: its keys first, then its files.
    ///
    /// ```
    /// use techo_core::device::Device;
    /// use techo_core::vault::VAULT_FILE;
    ///
    /// let folder = tempfile::tempdir()?;
    /// std::fs::write(folder.path().join(VAULT_FILE), "damaged")?;
    /// assert!(Device::open(folder.path(), techo_testing::ports()).is_err());
    /// Device::erase(folder.path(), &mut *techo_testing::ports().keys)?;
    /// assert!(!Device::exists(folder.path()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::vault::StoreError::Busy`] while another process is writing, and nothing is destroyed then; [`DeviceError`], and what was destroyed until then stays destroyed.
    pub fn erase(folder: &Path, keys: &mut dyn KeyKeeper) -> Result<(), DeviceError> {
        Ok(vault::erase(folder, keys)?)
    }
}
