//! How long visits are kept, and the diary as a file that anybody can read.

use super::{Device, DeviceError, count};
use crate::diary::Refusal;
use techo_protocol::basics::text_file::text_of;

/// A diary as a file. It holds the visits in the clear, keys included: only its owner may be able to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedDiary {
    /// The file's text, readable JSON.
    pub json: String,
    /// How many visits are in it.
    pub visits: u32,
    /// How many rows are not in it, because a newer version of Techo wrote them.
    pub left_out: u32,
}

/// What taking in an exported diary did with its visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportedDiary {
    /// How many were added.
    pub added: u32,
    /// How many were here already.
    pub already: u32,
    /// How many are longer ago than visits are kept.
    pub expired: u32,
    /// How many were deleted here since: they stay so.
    pub deleted: u32,
}

impl Device {
    /// For how many days visits are kept.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// assert_eq!(device.keep_days()?, 28);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DeviceError`] where the vault cannot be read.
    pub fn keep_days(&mut self) -> Result<i64, DeviceError> {
        Ok(self.diary.keep_days()?)
    }

    /// Sets for how many days visits are kept, 14 to 60, on all devices of the household. What has expired by it is destroyed at once, and what
    /// was seen of its alerts.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// device.set_keep_days(60)?;
    /// assert_eq!(device.keep_days()?, 60);
    /// assert!(device.set_keep_days(7).is_err(), "shorter than people are infectious");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::KeepOutOfRange`]; the vault cannot be written.
    pub fn set_keep_days(&mut self, days: i64) -> Result<(), DeviceError> {
        self.diary.set_keep_days(days)?;
        self.tidy()
    }

    /// The diary as a file's text.
    ///
    /// ```
    /// use techo_core::device::{AddVisit, Device};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let from = techo_testing::NOW - 7_200;
    /// device.add_visit(&AddVisit { name: "Aunt Yoko".into(), from, to: from + 3_600, ..AddVisit::default() })?;
    /// let exported = device.export_diary()?;
    /// assert_eq!(exported.visits, 1);
    /// assert!(exported.json.contains("Aunt Yoko"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DeviceError`] where the vault cannot be read.
    pub fn export_diary(&mut self) -> Result<ExportedDiary, DeviceError> {
        self.tidy()?;
        let exported = self.diary.export()?;
        Ok(ExportedDiary {
            json: exported.json,
            visits: count(exported.visits),
            left_out: count(exported.left_out),
        })
    }

    /// Takes in an exported diary: all of it, or nothing. Its visits keep their ids and keys, and are warned of like others.
    ///
    /// ```
    /// use techo_core::device::{AddVisit, Device};
    ///
    /// let (folder, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let from = techo_testing::NOW - 7_200;
    /// device.add_visit(&AddVisit { name: "Aunt Yoko".into(), from, to: from + 3_600, ..AddVisit::default() })?;
    /// let file = device.export_diary()?.json;
    /// let mut new = Device::open(other.path(), techo_testing::ports())?;
    /// assert_eq!(new.import_diary(file.as_bytes())?.added, 1);
    /// assert_eq!(new.import_diary(file.as_bytes())?.already, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`Refusal`]: the file is no exported diary, of a newer version, damaged, or of the future; the vault cannot be written.
    pub fn import_diary(&mut self, file: &[u8]) -> Result<ImportedDiary, DeviceError> {
        let text = text_of(file).ok_or_else(|| crate::diary::DiaryError::from(Refusal::ImportForeign))?;
        let done = self.diary.import(&text)?;
        Ok(ImportedDiary {
            added: count(done.added),
            already: count(done.already),
            expired: count(done.expired),
            deleted: count(done.deleted),
        })
    }
}
