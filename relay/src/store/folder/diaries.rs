//! One authority's diaries as files, in a folder for each day of arrival.

use std::fs;
use std::path::{Path, PathBuf};

use hex::FromHex;
use techo_protocol::exposure::relay_api::{DepositedDiary, Diaries, StoredDiary};

use techo_files::sync_folder;

use super::files::{names, read_if_there, remove_if_there};
use crate::store::StoreError;

/// The name of a diary's file.
pub fn name(diary: &StoredDiary) -> String {
    format!("{}-{}", hex::encode(diary.mailbox), hex::encode(diary.hash))
}

/// The days' folders, oldest first.
fn days(folder: &Path) -> Result<Vec<(i64, PathBuf)>, StoreError> {
    let mut days: Vec<(i64, PathBuf)> = names(folder)?
        .iter()
        .filter_map(|name| Some((name.parse().ok()?, folder.join(name))))
        .collect();
    days.sort_unstable();
    Ok(days)
}

/// How many there are.
pub fn count(folder: &Path) -> Result<usize, StoreError> {
    days(folder)?.iter().try_fold(0, |sum, (_, day)| Ok(sum + names(day)?.len()))
}

/// The file of a diary, whenever it came.
pub fn find(folder: &Path, diary: &StoredDiary) -> Result<Option<PathBuf>, StoreError> {
    let name = name(diary);
    Ok(days(folder)?
        .into_iter()
        .map(|(_, day)| day.join(&name))
        .find(|file| file.exists()))
}

/// Removes those that are named, and says how many there were.
pub fn remove(folder: &Path, stored: &[StoredDiary]) -> Result<usize, StoreError> {
    let mut removed = 0;
    for diary in stored {
        if let Some(file) = find(folder, diary)? {
            removed += usize::from(remove_if_there(&file)?);
        }
    }
    for (_, day) in days(folder)? {
        sync_folder(&day)?;
    }
    Ok(removed)
}

/// Those that came on the day `from` or later. Oldest day first; within a day by mailbox, so that nobody can read off in which order they came.
pub fn oldest(folder: &Path, from: i64, most: usize) -> Result<Diaries, StoreError> {
    let mut found = Diaries::default();
    for (_, day) in days(folder)?.into_iter().filter(|(number, _)| *number >= from) {
        for name in names(&day)? {
            if found.diaries.len() == most {
                found.more = true;
                return Ok(found);
            }
            let Some(mailbox) = name.split_once('-').and_then(|(mailbox, _)| FromHex::from_hex(mailbox).ok()) else {
                continue;
            };
            if let Some(sealed) = read_if_there(&day.join(&name))? {
                found.diaries.push(DepositedDiary { mailbox, sealed });
            }
        }
    }
    Ok(found)
}

/// Removes all that came on `last` or before, and says how many there were.
pub fn forget(folder: &Path, last: i64) -> Result<usize, StoreError> {
    let mut removed = 0;
    for (_, day) in days(folder)?.into_iter().filter(|(number, _)| *number <= last) {
        for name in names(&day)? {
            removed += usize::from(remove_if_there(&day.join(name))?);
        }
        fs::remove_dir(&day)?;
        sync_folder(folder)?;
    }
    Ok(removed)
}
