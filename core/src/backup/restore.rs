//! From a backup into the vault.

use std::collections::{BTreeMap, HashSet};

use super::collect::{document, leave_out_expired};
use super::file::{KeptDocument, KeptKind, KeptRecord};
use super::{Backup, BackupFailure};
use crate::diary::retention;
use crate::documents::keys::core_key;
use crate::documents::stamps::Stamp;
use crate::documents::stamps::Stamped;
use crate::documents::{Document, EntryId, TOMBSTONE_DAYS, settings};
use crate::following::{self, FollowingError};
use crate::vault::{DocumentName, Reader, RecordKind, Vault, VaultError, Writer};
use techo_protocol::basics::clock::DAY_SECONDS;

/// What becomes of rows whose tombstones, if they had any, are gone by now: they may have been deleted since the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldRows {
    /// Such rows are left out; [`Restored::old`] counts them.
    LeaveOut,
    /// Such rows are brought back, those that were deleted included.
    Keep,
}

/// What a restore did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restored {
    /// Visits that were brought back.
    pub visits: usize,
    /// People and vaccine records that were brought back.
    pub others: usize,
    /// Rows that were here already.
    pub already: usize,
    /// Rows that were deleted here since: they stay so.
    pub deleted: usize,
    /// Visits longer ago than they are kept.
    pub expired: usize,
    /// Rows that nobody can know to have been deleted or not, left out.
    pub old: usize,
    /// Authorities that are followed again, or by a newer list.
    pub authorities: usize,
}

/// How many rows [`restore`] would only bring back if told so: a person is to be asked where there are any.
///
/// ```
/// use techo_core::backup::{self, Backup};
/// use techo_testing::NOW;
/// use techo_core::vaccine::people;
/// use techo_protocol::basics::passphrase::Cost;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let aki = people::add(&mut vault, "Aki", None, NOW)?;
/// let written = backup::write(&mut vault, "a long sentence", Cost::TEST, NOW)?;
/// let backup = Backup::open(&written.file, "a long sentence")?;
/// people::remove(&mut vault, &aki.id, NOW)?;
/// assert_eq!(backup::old_rows(&mut vault, &backup, NOW)?, 0, "that Aki was removed is still known here");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The vault cannot be read.
pub fn old_rows(vault: &mut Vault, backup: &Backup, now: i64) -> Result<usize, BackupFailure> {
    let actor = vault.actor();
    let old = vault.read(|reader| {
        let mut restored = Restored::default();
        let reach = Reach::new(reader, actor, backup, OldRows::LeaveOut, now)?;
        for kept in &backup.documents {
            reach.wanted(kept, document(reader, &kept.name, actor)?.as_ref(), &mut restored);
        }
        Ok::<_, VaultError>(restored.old)
    })?;
    Ok(old)
}

/// Restores a backup into the vault, all of it or nothing. Doing so twice changes nothing.
///
/// What is here stays. Of an entry that is in both, the value that was written last counts (ADR 0008); a setting that was chosen here
/// stays, and visits that are here do not expire by one of the backup. A tombstone of the backup buries a row here unless something of the row was written after it. Restored rows are sent on to
/// other devices like new ones.
///
/// ```
/// use techo_core::backup::{self, Backup, OldRows};
/// use techo_testing::NOW;
/// use techo_core::vaccine::people;
/// use techo_protocol::basics::passphrase::Cost;
///
/// # let folder = tempfile::tempdir()?;
/// # let (lost, new) = (folder.path().join("lost"), folder.path().join("new"));
/// let (mut lost, mut new) = (techo_testing::vault(&lost)?, techo_testing::vault(&new)?);
/// people::add(&mut lost, "Aki", None, NOW)?;
/// let written = backup::write(&mut lost, "a long sentence", Cost::TEST, NOW)?;
/// let backup = Backup::open(&written.file, "a long sentence")?;
/// assert_eq!(backup::restore(&mut new, &backup, OldRows::LeaveOut, NOW)?.others, 1);
/// assert_eq!(backup::restore(&mut new, &backup, OldRows::LeaveOut, NOW)?.already, 1, "twice changes nothing");
/// assert_ne!(new.actor(), lost.actor(), "it is another device");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The vault cannot be written; nothing is changed then.
pub fn restore(vault: &mut Vault, backup: &Backup, old: OldRows, now: i64) -> Result<Restored, BackupFailure> {
    let restored = vault.write(|writer| {
        let mut restored = Restored::default();
        let reach = Reach::new(&writer.reader(), writer.actor(), backup, old, now)?;
        for kept in &backup.documents {
            let mine = document(&writer.reader(), &kept.name, writer.actor())?;
            let entries = reach.wanted(kept, mine.as_ref(), &mut restored);
            if !entries.is_empty() {
                let mut document = mine.unwrap_or_else(|| Document::begin(kept.name.clone(), writer.actor()));
                document.carry_in(entries, writer)?;
            }
        }
        for record in &backup.records {
            restore_record(record, writer, &mut restored)?;
        }
        Ok::<_, VaultError>(restored)
    })?;
    Ok(restored)
}

/// How far back this device keeps visits, and would know of a deletion.
struct Reach {
    now: i64,
    old: OldRows,
    keep_days: i64,
    /// The number of days is the backup's.
    takes_keep_days: bool,
    /// The backup is older than the tombstones of people and vaccine records.
    outlived: bool,
    destroyed_up_to: Option<u32>,
}

impl Reach {
    fn new(reader: &Reader<'_>, actor: [u8; 16], backup: &Backup, old: OldRows, now: i64) -> Result<Self, VaultError> {
        let settings = document(reader, &DocumentName::Settings, actor)?;
        let chosen = settings.as_ref().and_then(settings::keep_days);
        let has_visits = reader
            .document_names()
            .iter()
            .any(|(name, _)| matches!(name, DocumentName::Week(_)));
        let mine = retention::keep_days_chosen(chosen);
        let theirs = backup.keep_days().map(|days| retention::keep_days_chosen(Some(days)));
        // A restore must not make visits expire that are here.
        let taken = theirs.filter(|theirs| chosen.is_none() && (!has_visits || *theirs >= mine));
        Ok(Self {
            now,
            old,
            keep_days: taken.unwrap_or(mine),
            takes_keep_days: taken.is_some(),
            outlived: now.saturating_sub(backup.made) > TOMBSTONE_DAYS * DAY_SECONDS,
            destroyed_up_to: retention::destroyed_up_to(reader)?,
        })
    }

    /// Whether tombstones of this document may have been here and be gone.
    fn is_beyond(&self, name: &DocumentName) -> bool {
        match name {
            DocumentName::Week(week) => self.destroyed_up_to.is_some_and(|last| *week <= last),
            DocumentName::Settings | DocumentName::Person(_) => self.outlived,
        }
    }

    /// The entries of a document that are to be carried in, and in `restored` what becomes of its rows.
    fn wanted(&self, kept: &KeptDocument, mine: Option<&Document>, restored: &mut Restored) -> Vec<Stamped> {
        let mut entries = kept.entries();
        let is_week = if let DocumentName::Week(week) = &kept.name {
            if retention::is_expired(*week, self.keep_days, self.now) {
                restored.expired += entries.iter().filter(|entry| entry.begins().is_some()).count();
                return Vec::new();
            }
            restored.expired += leave_out_expired(&mut entries, self.keep_days, self.now);
            true
        } else {
            false
        };
        let mut left_out = HashSet::new();
        for id in entries.iter().filter_map(Stamped::begins) {
            if mine.is_some_and(|mine| mine.is_buried(&id)) {
                restored.deleted += 1;
            } else if mine.is_some_and(|mine| mine.get(&core_key(&id)).is_some()) {
                restored.already += 1;
            } else if self.old == OldRows::LeaveOut && self.is_beyond(&kept.name) {
                restored.old += 1;
                left_out.insert(id);
            } else if is_week {
                restored.visits += 1;
            } else {
                restored.others += 1;
            }
        }
        let written = mine.map(last_written).unwrap_or_default();
        entries.retain(|entry| {
            let is_left_out = entry.row.is_some_and(|id| left_out.contains(&id));
            let is_chosen_here = if settings::is_keep_days(entry) {
                !self.takes_keep_days
            } else {
                entry.is_setting() && mine.is_some_and(|mine| mine.get(&entry.key).is_some())
            };
            let lives_on = entry
                .buries()
                .is_some_and(|id| written.get(&id).is_some_and(|last| *last > entry.stamp));
            !is_left_out && !is_chosen_here && !lives_on
        });
        entries
    }
}

/// When each row of a document was last written.
fn last_written(document: &Document) -> BTreeMap<EntryId, Stamp> {
    let mut last: BTreeMap<EntryId, Stamp> = BTreeMap::new();
    for entry in document.living_entries() {
        if let Some(id) = entry.row {
            let stamp = last.entry(id).or_default();
            *stamp = entry.stamp.max(std::mem::take(stamp));
        }
    }
    last
}

fn restore_record(record: &KeptRecord, writer: &mut Writer<'_>, restored: &mut Restored) -> Result<(), VaultError> {
    match record.kind {
        KeptKind::TrustList => match following::put(writer, &record.content) {
            Ok(new) => restored.authorities += usize::from(new),
            Err(FollowingError::Vault(error)) => return Err(error),
            // Older than the one that is here, or contradicting it: that one stays.
            Err(_) => {}
        },
        KeptKind::DeviceSetting => {
            if writer.reader().record(RecordKind::DeviceSetting, &record.name)?.is_none() {
                writer.put_record(RecordKind::DeviceSetting, &record.name, &record.content)?;
            }
        }
    }
    Ok(())
}
