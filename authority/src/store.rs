//! The database `authority.db`: SQLite with a write-ahead log, every commit on the disk before it is reported.

mod schema;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use techo_protocol::exposure::notice::Severity;

pub use schema::SCHEMA_VERSION;

/// Name of the database in the profile's folder.
pub const DATABASE: &str = "authority.db";

/// How long a command waits for another that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

techo_protocol::coded_errors! {
    /// What can be wrong with the profile's database.
    pub enum StoreError {
        /// The profile holds no authority.
        NotInitialised = "authority.not_initialised", "There is no authority in this profile.", "Make one with `authority init --name NAME`, or name another folder with --data.";
        /// There is one already.
        AlreadyInitialised = "authority.already_initialised", "There is already an authority in this profile.", "Name another folder with --data.";
        /// A later version of this program wrote it.
        NewerVersion { found: i64 } = "authority.newer_version", "The profile's database has format {found}, which is newer than this program knows.", "Update Techo.";
        /// Another process kept it locked.
        Busy = "authority.busy", "Another command is writing to this profile.", "Wait for it to end and try again.";
        /// The disk is full.
        Full = "authority.disk_full", "The disk is full.", "Make room and try again. Nothing was changed.";
        /// It is no database of ours, or it is damaged.
        Damaged = "authority.damaged", "The profile's database is damaged.", "Restore it from a backup.";
        /// The operating system refused to read or write the profile.
        Io { reason: String } = "authority.io", "The profile cannot be read or written ({reason}).", "Check the folder's permissions and the disk.";
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            // A full disk has no room for the file that the write-ahead log's readers share either.
            _ if error
                .sqlite_error()
                .is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE) =>
            {
                Self::Full
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::Full,
            // Not SQLite's error: a value of a type or shape that this program never wrote.
            None | Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            Some(code) => Self::Io {
                reason: format!("{code:?}"),
            },
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull => Self::Full,
            kind => Self::Io {
                reason: kind.to_string(),
            },
        }
    }
}

/// Opens the database of a profile that has one, and brings it to this version.
pub(crate) fn open(folder: &Path) -> Result<Connection, StoreError> {
    let path = folder.join(DATABASE);
    if !path.exists() {
        return Err(StoreError::NotInitialised);
    }
    connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Opens the database, making it where there is none.
pub(crate) fn create(folder: &Path) -> Result<Connection, StoreError> {
    techo_files::make_private_folder(folder)?;
    let path = folder.join(DATABASE);
    techo_files::make_private_file(&path)?;
    connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let mut db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;",
    )?;
    schema::migrate(&mut db)?;
    Ok(db)
}

/// A transaction that holds the right to write from its start, so that it never fails half way for want of it.
pub(crate) fn write(db: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    Ok(db.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

/// A number out of the database as another type; what does not fit was never written by this program.
pub(crate) fn narrow<T, U: TryFrom<T>>(number: T) -> Result<U, StoreError> {
    U::try_from(number).map_err(|_| StoreError::Damaged)
}

/// Bytes out of the database as an array; another length was never written by this program.
pub(crate) fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Damaged)
}

/// A severity out of the database; another word was never written by this program.
pub(crate) fn severity(text: &str) -> Result<Severity, StoreError> {
    [Severity::Caution, Severity::Cluster]
        .into_iter()
        .find(|severity| severity.as_str() == text)
        .ok_or(StoreError::Damaged)
}

#[cfg(test)]
mod tests;
