//! The backup: the diary in a file under a passphrase, and back.

use techo_protocol::basics::passphrase::Cost;

use super::{Device, DeviceError, count};
use crate::backup::{self, Backup};
use crate::vault::DamagedRow;

pub use crate::backup::OldRows;

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeBackup {
    /// What the file is to hold. Only its owner is to be able to read it, though it is sealed.
    pub content: Vec<u8>,
    /// How many visits are in it.
    pub visits: u32,
    /// What could not be read, and so is not in it.
    pub damaged: Vec<DamagedRow>,
    /// How many kinds of records are not in it, because one of them is damaged.
    pub damaged_records: u32,
}

/// A backup that was opened. It is kept in memory until it is dropped.
pub struct OpenedBackup(Backup);

/// What restoring a backup did. Counts are of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RestoredBackup {
    /// Visits that were brought back.
    pub visits: u32,
    /// People and vaccine records that were brought back.
    pub others: u32,
    /// What was here already.
    pub already: u32,
    /// What was deleted here since: it stays so.
    pub deleted: u32,
    /// Visits longer ago than they are kept.
    pub expired: u32,
    /// What nobody can know to have been deleted or not, left out.
    pub old: u32,
    /// Authorities that are followed again, or by a newer list.
    pub authorities: u32,
}

impl OpenedBackup {
    /// Opens a backup's file, which takes a second or so. No device is needed for it: a passphrase that is wrong leaves nothing behind.
    ///
    /// ```
    /// use techo_core::device::{Device, OpenedBackup};
    /// use techo_protocol::Coded;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let file = Device::open(folder.path(), techo_testing::ports())?.make_backup("correct horse battery staple")?.content;
    /// let refused = OpenedBackup::open(&file, "another passphrase").err();
    /// assert_eq!(refused.map(|error| error.code()), Some("backup.wrong_passphrase"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// It is foreign, of a newer version, damaged, too large, under another passphrase, or too costly for this machine.
    pub fn open(content: &[u8], passphrase: &str) -> Result<Self, DeviceError> {
        Ok(Self(Backup::open(content, passphrase)?))
    }

    /// When it was made, in Unix seconds.
    ///
    /// ```
    /// use techo_core::device::{Device, OpenedBackup};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let file = Device::open(folder.path(), techo_testing::ports())?.make_backup("correct horse battery staple")?.content;
    /// assert_eq!(OpenedBackup::open(&file, "correct horse battery staple")?.made(), techo_testing::NOW);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn made(&self) -> i64 {
        self.0.made()
    }
}

impl Device {
    /// Makes a backup of all that is alive, under a passphrase. No key of this device or its household is in it.
    ///
    /// ```
    /// use techo_core::device::{Device, OldRows, OpenedBackup};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut phone = Device::open(&folder.path().join("phone"), techo_testing::ports())?;
    /// let file = phone.make_backup("correct horse battery staple")?.content;
    ///
    /// let backup = OpenedBackup::open(&file, "correct horse battery staple")?;
    /// assert_eq!(backup.made(), techo_testing::NOW);
    /// let mut found = Device::open(&folder.path().join("found"), techo_testing::ports())?;
    /// assert_eq!(found.old_rows(&backup)?, 0);
    /// assert_eq!(found.restore_backup(&backup, OldRows::LeaveOut)?.visits, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// No passphrase, too large, no memory or randomness, or the vault cannot be read. Damaged rows are no error.
    pub fn make_backup(&mut self, passphrase: &str) -> Result<MadeBackup, DeviceError> {
        let now = self.now();
        let collected = backup::write(self.diary.vault(), passphrase, Cost::BACKUP, now)?;
        Ok(MadeBackup {
            content: collected.file,
            visits: count(collected.visits),
            damaged: collected.damaged,
            damaged_records: count(collected.damaged_records),
        })
    }

    /// How many rows of a backup may have been deleted here since, so long ago that nobody can know. Where there are any, the person is asked
    /// what [`Self::restore_backup`] is to do with them.
    ///
    /// ```
    /// use techo_core::device::{Device, OpenedBackup};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let file = device.make_backup("correct horse battery staple")?.content;
    /// let backup = OpenedBackup::open(&file, "correct horse battery staple")?;
    /// assert_eq!(device.old_rows(&backup)?, 0, "it was made a moment ago");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn old_rows(&mut self, backup: &OpenedBackup) -> Result<u32, DeviceError> {
        let now = self.now();
        Ok(count(backup::old_rows(self.diary.vault(), &backup.0, now)?))
    }

    /// Brings back what a backup holds and is not here, all of it or nothing; what was deleted here stays deleted. Doing so twice changes
    /// nothing.
    ///
    /// ```
    /// use techo_core::device::{AddVisit, Device, OldRows, OpenedBackup};
    ///
    /// let (lost, found) = (tempfile::tempdir()?, tempfile::tempdir()?);
    /// let mut device = Device::open(lost.path(), techo_testing::ports())?;
    /// let from = techo_testing::NOW - 7_200;
    /// device.add_visit(&AddVisit { name: "Aunt Yoko".into(), from, to: from + 3_600, ..AddVisit::default() })?;
    /// let backup = OpenedBackup::open(&device.make_backup("correct horse battery staple")?.content, "correct horse battery staple")?;
    /// let mut device = Device::open(found.path(), techo_testing::ports())?;
    /// assert_eq!(device.restore_backup(&backup, OldRows::LeaveOut)?.visits, 1);
    /// assert_eq!(device.restore_backup(&backup, OldRows::LeaveOut)?.already, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The vault cannot be written; nothing is changed then.
    pub fn restore_backup(&mut self, backup: &OpenedBackup, old: OldRows) -> Result<RestoredBackup, DeviceError> {
        let now = self.now();
        let restored = backup::restore(self.diary.vault(), &backup.0, old, now)?;
        self.tidy()?;
        Ok(RestoredBackup {
            visits: count(restored.visits),
            others: count(restored.others),
            already: count(restored.already),
            deleted: count(restored.deleted),
            expired: count(restored.expired),
            old: count(restored.old),
            authorities: count(restored.authorities),
        })
    }
}
