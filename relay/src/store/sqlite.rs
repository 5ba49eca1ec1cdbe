//! The store in one SQLite database: write-ahead log, every commit on disk before it is answered, what is deleted overwritten.

mod accounts;
mod chunks;
mod copies;
mod published;
mod records;
mod rows;
mod schema;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};
use techo_protocol::basics::confirmed_time::ServerTime;
use techo_protocol::exposure::relay_api::{Diaries, StoredDiary};
use techo_protocol::trust::AuthorityId;

use self::rows::SqliteRows;
use super::publishing;
use super::{Forgotten, Publication, Published, Put, Replaced, Store, StoreError, StoredSegment, Totals, UNLISTED_SECONDS};

pub use copies::{back_up, held_as_it_is, put_back};

/// The store in one SQLite database. One connection writes and two read, so that fetching does not wait for publishing.
pub struct SqliteStore {
    writer: Mutex<Connection>,
    readers: [Mutex<Connection>; 2],
}

impl SqliteStore {
    /// Opens the database, makes it, or brings it to the present version.
    ///
    /// # Errors
    /// [`StoreError`]: newer, damaged, in use, full, or the disk does not answer.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = file.parent() {
            techo_files::make_private_folder(folder)?;
        }
        techo_files::make_private_file(file)?;
        let mut writer = schema::connect(file)?;
        schema::migrate(&mut writer)?;
        Ok(Self {
            writer: Mutex::new(writer),
            readers: [Mutex::new(schema::connect(file)?), Mutex::new(schema::connect(file)?)],
        })
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        // A transaction of a thread that panicked was rolled back: the connection is as good as before.
        let [first, rest @ ..] = &self.readers;
        let free = rest.iter().find_map(|reader| reader.try_lock().ok());
        free.map_or_else(|| first.lock(), Ok).unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// The log still holds what was removed until it is emptied.
    fn empty_log(&self) -> Result<(), StoreError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

impl Store for SqliteStore {
    fn check(&self) -> Result<(), StoreError> {
        self.reader().query_row("SELECT count(*) FROM authorities", [], |_| Ok(()))?;
        // A lock that is taken and given back shows that writing is not stuck either, without a byte on disk.
        self.write(|_| Ok(()))
    }

    fn published(&self, authority: AuthorityId) -> Result<Published, StoreError> {
        published::published(&self.reader(), authority)
    }

    fn replace_trust_list(&self, authority: AuthorityId, held_list: Option<&[u8]>, newer: &[u8]) -> Result<Replaced, StoreError> {
        self.write(|rows| publishing::replace_trust_list(&mut SqliteRows(rows), authority, held_list, newer))
    }

    fn publish(
        &self,
        authority: AuthorityId,
        before: &Published,
        next: Publication<'_>,
        now: i64,
    ) -> Result<Replaced, StoreError> {
        self.write(|rows| publishing::publish(&mut SqliteRows(rows), authority, before, &next, now))
    }

    fn put_segment(&self, authority: AuthorityId, hash: &[u8; 32], file: &[u8], now: i64, most: u64) -> Result<Put, StoreError> {
        self.write(|rows| publishing::put_segment(&mut SqliteRows(rows), authority, hash, file, now, most))
    }

    fn note_segment(&self, authority: AuthorityId, hash: &[u8; 32], bytes: u64, now: i64, most: u64) -> Result<Put, StoreError> {
        let segment = StoredSegment { authority, bytes };
        self.write(|rows| publishing::note_segment(&mut SqliteRows(rows), hash, segment, now, most))
    }

    fn segment(&self, hash: &[u8; 32]) -> Result<Option<StoredSegment>, StoreError> {
        published::segment(&self.reader(), hash)
    }

    fn segment_part(&self, hash: &[u8; 32], part: u32) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .reader()
            .prepare_cached("SELECT content FROM segment_parts WHERE hash = ?1 AND part = ?2")?
            .query_row(params![hash, part], |row| row.get(0))
            .optional()?)
    }

    fn put_diary(
        &self,
        authority: AuthorityId,
        diary: &StoredDiary,
        sealed: &[u8],
        day: i64,
        most: usize,
    ) -> Result<Put, StoreError> {
        self.write(|rows| publishing::put_diary(&mut SqliteRows(rows), authority, diary, sealed, day, most))
    }

    fn take_diaries(
        &self,
        authority: AuthorityId,
        number: u64,
        stored: &[StoredDiary],
        from: i64,
        most: usize,
    ) -> Result<Option<Diaries>, StoreError> {
        self.write(|rows| publishing::take_diaries(&mut SqliteRows(rows), authority, number, stored, from, most))
    }

    fn read_clock(&self, now: i64) -> Result<ServerTime, StoreError> {
        self.write(|rows| publishing::read_clock(&mut SqliteRows(rows), now))
    }

    fn forget(&self, now: i64) -> Result<Forgotten, StoreError> {
        let forgotten = self.write(|rows| publishing::forget(&mut SqliteRows(rows), now))?;
        self.empty_log()?;
        Ok(forgotten)
    }

    fn due_segments(&self, now: i64) -> Result<Vec<[u8; 32]>, StoreError> {
        let reader = self.reader();
        let mut select = reader.prepare("SELECT hash FROM segments WHERE unlisted_since <= ?1")?;
        let rows = select.query_map([now.saturating_sub(UNLISTED_SECONDS)], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn segments_after(&self, after: Option<[u8; 32]>, most: usize) -> Result<Vec<[u8; 32]>, StoreError> {
        let reader = self.reader();
        let mut select = reader.prepare("SELECT hash FROM segments WHERE hash > ?1 ORDER BY hash LIMIT ?2")?;
        let after = after.map(|hash| hash.to_vec()).unwrap_or_default();
        let rows = select.query_map(params![after, integer(most as u64)?], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn database_faults(&self) -> Result<Vec<String>, StoreError> {
        let reader = self.reader();
        let mut check = reader.prepare("PRAGMA integrity_check")?;
        let lines = check.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        let mut faults: Vec<String> = lines.into_iter().filter(|line| line != "ok").collect();
        for (table, owner, by) in OWNED {
            let sql = format!("SELECT count(*) FROM {table} WHERE {by} NOT IN (SELECT {by} FROM {owner})");
            let strays: i64 = reader.query_row(&sql, [], |row| row.get(0))?;
            if strays > 0 {
                faults.push(format!("{table}: {strays} rows belong to nothing"));
            }
        }
        let sql = "SELECT count(*) FROM chunks JOIN pieces USING (place) WHERE bytes <> length(content)";
        let misjudged: i64 = reader.query_row(sql, [], |row| row.get(0))?;
        if misjudged > 0 {
            faults.push(format!("chunks: {misjudged} rows have another length than their pieces"));
        }
        Ok(faults)
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        Ok(self.reader().query_row(
            "SELECT count(*), coalesce(sum(bytes), 0), (SELECT count(*) FROM diaries) FROM segments",
            [],
            |row| {
                Ok(Totals {
                    segments: natural(row.get(0)?),
                    segment_bytes: natural(row.get(1)?),
                    diaries: natural(row.get(2)?),
                })
            },
        )?)
    }
}

/// Rows of which tables belong to a row of which others, by which column.
const OWNED: &[(&str, &str, &str)] = &[
    ("chunks", "accounts", "stream"),
    ("pieces", "chunks", "place"),
    ("chunks", "pieces", "place"),
    ("records", "accounts", "stream"),
    ("keyrings", "accounts", "stream"),
    ("old_keys", "accounts", "stream"),
    ("words", "accounts", "stream"),
    ("locators", "accounts", "stream"),
    ("segment_parts", "segments", "hash"),
];

/// A count or length for a column.
fn integer(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Failed)
}

/// A count or length from a column; only a damaged one is negative.
fn natural(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        // The message names columns and statements, never values.
        tracing::error!(cause = %error, "the store's database");
        match error.sqlite_error_code() {
            // A full disk has no room for the file that the write-ahead log's readers share either.
            _ if error
                .sqlite_error()
                .is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE) =>
            {
                Self::Full
            }
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            _ => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests;
