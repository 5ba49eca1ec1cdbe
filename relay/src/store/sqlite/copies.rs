//! Copies of the database: one made while it is used, and one put back.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::Connection;
use techo_files::{Draft, Readers};

use super::{SqliteStore, schema};
use crate::store::{Store, StoreError, StreamStore};

/// Writes a copy of the database into a new file that only its owner reads. A relay that uses the database goes on meanwhile; the copy is of one
/// moment. Gives its length in bytes.
///
/// # Errors
/// [`StoreError::Damaged`] where there is no database, [`StoreError::FileThere`] where the new file is; or the disk's.
pub fn back_up(database: &Path, copy: &Path) -> Result<u64, StoreError> {
    if !database.is_file() {
        return Err(StoreError::Damaged);
    }
    if copy.exists() {
        return Err(StoreError::FileThere);
    }
    let draft = Draft::beside(copy, Readers::Owner)?;
    let name = draft.path().to_str().ok_or(StoreError::Failed)?;
    schema::connect(database)?.execute("VACUUM INTO ?1", [name])?;
    finish(draft, copy)
}

/// Puts a copy in the place of a database that is not there, on `day`, and makes another filling of it: [`StreamStore::begin_again`].
///
/// # Errors
/// [`StoreError::FileThere`] where there is a database, [`StoreError::Damaged`] or [`StoreError::NewerVersion`] for a copy that is no whole one;
/// or the disk's. Nothing was put anywhere then.
pub fn put_back(copy: &Path, database: &Path, generation: [u8; 16], day: i64) -> Result<(), StoreError> {
    if database.exists() {
        return Err(StoreError::FileThere);
    }
    if let Some(folder) = database.parent() {
        techo_files::make_private_folder(folder)?;
    }
    let mut draft = Draft::beside(database, Readers::Owner)?;
    let new = draft.path().to_owned();
    let copied = File::open(copy).and_then(|mut copy| io::copy(&mut copy, &mut draft));
    let made = copied.map_err(StoreError::from).and_then(|_| {
        let store = SqliteStore::open(&new)?;
        if !store.database_faults()?.is_empty() {
            return Err(StoreError::Damaged);
        }
        store.begin_again(generation, day)?;
        store.empty_log()
    });
    if let Err(error) = made {
        for end in ["-wal", "-shm"] {
            // What cannot be removed either is in nobody's way.
            let _ = fs::remove_file(format!("{}{end}", new.display()));
        }
        return Err(error);
    }
    finish(draft, database).map(drop)
}

/// A connection to a database of the present version that nobody writes to until it is dropped.
///
/// # Errors
/// [`StoreError::OlderVersion`], [`StoreError::NewerVersion`], [`StoreError::Damaged`], [`StoreError::InUse`]; or the disk's.
pub fn held_as_it_is(database: &Path) -> Result<Connection, StoreError> {
    let connection = schema::connect(database)?;
    schema::is_present(&connection)?;
    // Ended by being dropped: nothing was changed.
    connection.execute_batch("BEGIN IMMEDIATE")?;
    Ok(connection)
}

/// Makes a copy that is whole take a place that is free, on disk, and gives its length.
fn finish(draft: Draft, place: &Path) -> Result<u64, StoreError> {
    let length = draft.length()?;
    match draft.take_free_place() {
        Ok(()) => Ok(length),
        // One that came in the meantime.
        Err(_) if place.exists() => Err(StoreError::FileThere),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
