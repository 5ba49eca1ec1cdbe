//! Copies of the database: one made while it is used, and one put back.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{SqliteStore, schema};
use crate::store::{Store, StoreError, StreamStore, make_folder};

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
    let new = beside(copy);
    private_file(&new)?;
    let written = schema::connect(database).and_then(|connection| {
        let name = new.to_str().ok_or(StoreError::Failed)?;
        Ok(connection.execute("VACUUM INTO ?1", [name])?)
    });
    let finished = written.and_then(|_| finish(&new, copy));
    if finished.is_err() {
        // What cannot be removed either is in nobody's way.
        let _ = fs::remove_file(&new);
    }
    finished
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
        make_folder(folder)?;
    }
    let new = beside(database);
    private_file(&new)?;
    let made = fs::copy(copy, &new).map_err(StoreError::from).and_then(|_| {
        let store = SqliteStore::open(&new)?;
        if !store.database_faults()?.is_empty() {
            return Err(StoreError::Damaged);
        }
        store.begin_again(generation, day)?;
        store.empty_log()
    });
    let finished = made.and_then(|()| finish(&new, database).map(drop));
    if finished.is_err() {
        for end in ["", "-wal", "-shm"] {
            // What cannot be removed either is in nobody's way.
            let _ = fs::remove_file(format!("{}{end}", new.display()));
        }
    }
    finished
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

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    file.with_file_name(name)
}

fn private_file(file: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?;
    Ok(())
}

/// Makes a file that is whole take its name, on disk.
fn finish(new: &Path, name: &Path) -> Result<u64, StoreError> {
    let file = File::open(new)?;
    file.sync_all()?;
    let length = file.metadata()?.len();
    // A link does not take the place of a file that came in the meantime.
    fs::hard_link(new, name)?;
    fs::remove_file(new)?;
    let folder = name.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(length)
}

#[cfg(test)]
mod tests;
