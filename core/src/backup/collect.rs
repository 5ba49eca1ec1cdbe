//! From the vault into a backup.

use techo_protocol::basics::passphrase::Cost;

use super::file::{KeptDocument, KeptKind, KeptRecord};
use super::{Backup, BackupFailure};
use crate::diary::retention;
use crate::documents::stamps::Stamped;
use crate::documents::week::VisitCore;
use crate::documents::{Document, settings};
use crate::vault::{DamagedRow, DocumentName, Reader, StoreError, Vault, VaultError};

/// A backup's file, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// The file. Only its owner is to be able to read it, though it is sealed.
    pub file: Vec<u8>,
    /// How many visits are in the file.
    pub visits: usize,
    /// Rows that could not be read, and so are not in the file.
    pub damaged: Vec<DamagedRow>,
    /// How many kinds of records (trust lists, this device's settings) are not in the file, because one record of the kind is damaged.
    pub damaged_records: usize,
}

/// Makes a backup of all that is alive. What has expired is not in it, even if its week is still there.
///
/// ```
/// use techo_core::backup;
/// use techo_testing::NOW;
/// use techo_protocol::basics::passphrase::Cost;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// assert!(backup::write(&mut vault, "", Cost::TEST, NOW).is_err(), "under nothing, it would be open to everybody");
/// let written = backup::write(&mut vault, "a long sentence", Cost::TEST, NOW)?;
/// assert_eq!((&written.file[..4], written.damaged.len()), (&b"TBAK"[..], 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`BackupFailure`]: no passphrase, too large, no memory or randomness, or the vault cannot be read. Damaged rows are no error.
pub fn write(vault: &mut Vault, passphrase: &str, cost: Cost, now: i64) -> Result<Collected, BackupFailure> {
    let actor = vault.actor();
    let (backup, mut collected) = vault.read(|reader| collect(reader, actor, now))?;
    collected.file = backup.seal(passphrase, cost, vault.random())?;
    Ok(collected)
}

fn collect(reader: &Reader<'_>, actor: [u8; 16], now: i64) -> Result<(Backup, Collected), VaultError> {
    let mut collected = Collected {
        file: Vec::new(),
        visits: 0,
        damaged: Vec::new(),
        damaged_records: 0,
    };
    let mut backup = Backup {
        made: now,
        documents: Vec::new(),
        records: Vec::new(),
    };
    let chosen = document(reader, &DocumentName::Settings, actor)?;
    let keep_days = retention::keep_days_chosen(chosen.as_ref().and_then(settings::keep_days));
    for (name, _) in reader.document_names() {
        let Some(document) = document(reader, &name, actor)? else {
            continue;
        };
        collected.damaged.extend(document.damaged().iter().cloned());
        let mut entries = document.living_entries();
        if let DocumentName::Week(week) = name {
            if retention::is_expired(week, keep_days, now) {
                continue;
            }
            leave_out_expired(&mut entries, keep_days, now);
            collected.visits += entries.iter().filter(|entry| entry.begins().is_some()).count();
        }
        backup.documents.push(KeptDocument::new(name, entries));
    }
    for kind in KeptKind::ALL {
        match reader.records(kind.record()) {
            Ok(records) => {
                let is_memory = |name: &[u8]| kind == KeptKind::DeviceSetting && retention::MEMORY.contains(&name);
                let kept = records.into_iter().filter(|(name, _)| !is_memory(name));
                backup
                    .records
                    .extend(kept.map(|(name, content)| KeptRecord { kind, name, content }));
            }
            Err(VaultError::Store(StoreError::Damaged { .. })) => collected.damaged_records += 1,
            Err(error) => return Err(error),
        }
    }
    Ok((backup, collected))
}

/// A document of the vault, loaded; `None` if it does not exist.
pub(super) fn document(reader: &Reader<'_>, name: &DocumentName, actor: [u8; 16]) -> Result<Option<Document>, VaultError> {
    Ok(reader.document(name)?.map(|stored| Document::load(stored, actor)))
}

/// Takes out the visits of a week that have expired. Answers how many.
pub(super) fn leave_out_expired(entries: &mut Vec<Stamped>, keep_days: i64, now: i64) -> usize {
    let kept_from = retention::kept_from(keep_days, now);
    let expired: Vec<_> = entries
        .iter()
        .filter(|entry| match &entry.value {
            automerge::ScalarValue::Bytes(core) => VisitCore::from_bytes(core).is_some_and(|core| core.check_in < kept_from),
            // Of a newer program.
            _ => false,
        })
        .filter_map(Stamped::begins)
        .collect();
    entries.retain(|entry| entry.row.is_none_or(|id| !expired.contains(&id)));
    expired.len()
}
