//! The epochs as a device keeps them: the present record, those before it, and the keys of chunks that are still about.

use serde_bytes::ByteBuf;
use techo_protocol::household::chunk::EpochKey;
use techo_protocol::household::epoch_record::{Device, EpochRecord};

use super::Household;
use crate::sync::{HouseholdRefusal, SyncError};

/// Records and keys of epochs.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::sync) struct Epochs {
    /// The present epoch record.
    pub(in crate::sync) record: ByteBuf,
    /// Those that it has replaced, without their slots, oldest first.
    pub(in crate::sync) replaced: Vec<ByteBuf>,
    /// Epoch keys by epoch; the present one last.
    pub(in crate::sync) keys: Vec<(u32, EpochKey)>,
}

impl Household {
    /// The number of the present epoch, which every change of the keys raises.
    pub fn epoch(&self) -> u32 {
        self.epochs.keys.last().map_or(0, |(epoch, _)| *epoch)
    }

    /// The key of the present epoch.
    pub fn epoch_key(&self) -> EpochKey {
        self.epochs
            .keys
            .last()
            .map_or_else(|| EpochKey([0; 32].into()), |(_, key)| key.clone())
    }

    /// The key of an epoch, while this device has it.
    pub(in crate::sync) fn key_of(&self, epoch: u32) -> Option<EpochKey> {
        let (_, key) = self.epochs.keys.iter().find(|(of, _)| *of == epoch)?;
        Some(key.clone())
    }

    pub(in crate::sync) fn present(&self) -> Result<EpochRecord, SyncError> {
        EpochRecord::read(&self.epochs.record).map_err(|_| HouseholdRefusal::Damaged.into())
    }

    /// Whether the record that began the present epoch is this device's own.
    pub(in crate::sync) fn began_this_epoch(&self) -> bool {
        self.began_by().is_some_and(|device| device.index == self.index)
    }

    /// The device that began the present epoch, as its record names it: with the HPKE key that was its newest then.
    pub(in crate::sync) fn began_by(&self) -> Option<Device> {
        let (epoch, key) = (self.epoch(), self.epoch_key());
        let records = self.epochs.replaced.iter().chain([&self.epochs.record]);
        let mut records = records.filter_map(|bytes| EpochRecord::read(bytes).ok());
        let first = records.find(|record| record.head.epoch == epoch);
        let opened = first?.open_list(&key).ok()?;
        opened.list.device(opened.author?).cloned()
    }
}
