//! The store in one SQLite database: write-ahead log, every commit on disk before it is answered, what is deleted overwritten.

mod accounts;
mod chunks;
mod copies;
mod records;
mod rows;
mod schema;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};
use techo_protocol::basics::confirmed_time::ServerTime;
use techo_protocol::exposure::relay_api::{DepositedDiary, Diaries, StoredDiary};
use techo_protocol::trust::AuthorityId;

use super::{
    Forgotten, PART_BYTES, Publication, Published, Put, Replaced, Store, StoreError, StoredSegment, Totals, UNLISTED_SECONDS,
    last_day_forgotten,
};

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
        held(&self.reader(), authority)
    }

    fn replace_trust_list(&self, authority: AuthorityId, held_list: Option<&[u8]>, newer: &[u8]) -> Result<Replaced, StoreError> {
        self.write(|transaction| {
            if held(transaction, authority)?.trust_list.as_deref() != held_list {
                return Ok(Replaced::Raced);
            }
            transaction.execute(
                "INSERT INTO authorities (id, trust_list) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET trust_list = ?2",
                params![authority.0, newer],
            )?;
            Ok(Replaced::Done)
        })
    }

    fn publish(
        &self,
        authority: AuthorityId,
        before: &Published,
        next: Publication<'_>,
        now: i64,
    ) -> Result<Replaced, StoreError> {
        self.write(|transaction| {
            if held(transaction, authority)? != *before {
                return Ok(Replaced::Raced);
            }
            let mut is_there = transaction.prepare("SELECT 1 FROM segments WHERE hash = ?1 AND authority = ?2 AND bytes = ?3")?;
            for (hash, bytes) in next.listed {
                if !is_there.exists(params![hash, authority.0, integer(*bytes)?])? {
                    return Ok(Replaced::SegmentMissing);
                }
            }
            transaction.execute(
                "UPDATE segments SET unlisted_since = coalesce(unlisted_since, ?2) WHERE authority = ?1",
                params![authority.0, now],
            )?;
            let mut list = transaction.prepare("UPDATE segments SET unlisted_since = NULL WHERE hash = ?1")?;
            for (hash, _) in next.listed {
                list.execute([hash])?;
            }
            transaction.execute(
                "INSERT INTO authorities (id, trust_list, manifest) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET trust_list = ?2, manifest = ?3",
                params![authority.0, next.trust_list, next.manifest],
            )?;
            Ok(Replaced::Done)
        })
    }

    fn put_segment(&self, authority: AuthorityId, hash: &[u8; 32], file: &[u8], now: i64, most: u64) -> Result<Put, StoreError> {
        self.write(|transaction| {
            let put = note(transaction, authority, hash, file.len() as u64, now, most)?;
            if put == Put::New {
                let mut insert = transaction.prepare("INSERT INTO segment_parts (hash, part, content) VALUES (?1, ?2, ?3)")?;
                for (part, content) in (0_u32..).zip(file.chunks(PART_BYTES)) {
                    insert.execute(params![hash, part, content])?;
                }
            }
            Ok(put)
        })
    }

    fn note_segment(&self, authority: AuthorityId, hash: &[u8; 32], bytes: u64, now: i64, most: u64) -> Result<Put, StoreError> {
        self.write(|transaction| note(transaction, authority, hash, bytes, now, most))
    }

    fn segment(&self, hash: &[u8; 32]) -> Result<Option<StoredSegment>, StoreError> {
        segment(&self.reader(), hash)
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
        self.write(|transaction| {
            let held = transaction
                .prepare_cached("SELECT 1 FROM diaries WHERE authority = ?1 AND mailbox = ?2 AND hash = ?3")?
                .exists(params![authority.0, diary.mailbox, diary.hash])?;
            if held {
                return Ok(Put::Present);
            }
            let waiting: i64 = transaction
                .prepare_cached("SELECT count(*) FROM diaries WHERE authority = ?1")?
                .query_row([authority.0], |row| row.get(0))?;
            if natural(waiting) >= most as u64 {
                return Ok(Put::OverQuota);
            }
            transaction
                .prepare_cached("INSERT INTO diaries (authority, mailbox, hash, day, sealed) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![authority.0, diary.mailbox, diary.hash, day, sealed])?;
            Ok(Put::New)
        })
    }

    fn take_diaries(
        &self,
        authority: AuthorityId,
        number: u64,
        stored: &[StoredDiary],
        from: i64,
        most: usize,
    ) -> Result<Option<Diaries>, StoreError> {
        self.write(|transaction| {
            // Eight big-endian bytes compare like the number; SQLite's own integers are signed.
            let newer = transaction.execute(
                "INSERT INTO taken (authority, number) VALUES (?1, ?2)
                 ON CONFLICT (authority) DO UPDATE SET number = ?2 WHERE number < ?2",
                params![authority.0, number.to_be_bytes()],
            )?;
            if newer == 0 {
                return Ok(None);
            }
            let mut remove = transaction.prepare("DELETE FROM diaries WHERE authority = ?1 AND mailbox = ?2 AND hash = ?3")?;
            for diary in stored {
                remove.execute(params![authority.0, diary.mailbox, diary.hash])?;
            }
            oldest(transaction, authority, from, most).map(Some)
        })
    }

    fn read_clock(&self, now: i64) -> Result<ServerTime, StoreError> {
        self.write(|transaction| {
            let held: Option<Vec<u8>> = transaction
                .query_row("SELECT content FROM clock", [], |row| row.get(0))
                .optional()?;
            let before = held.map(|bytes| ServerTime::from_bytes(&bytes)).unwrap_or_default();
            let mut time = before.clone();
            time.read(now);
            if time != before {
                transaction.execute(
                    "INSERT INTO clock (one, content) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET content = ?1",
                    [time.to_bytes()],
                )?;
            }
            Ok(time)
        })
    }

    fn forget(&self, now: i64) -> Result<Forgotten, StoreError> {
        let forgotten = self.write(|transaction| {
            let due = now.saturating_sub(UNLISTED_SECONDS);
            transaction.execute(
                "DELETE FROM segment_parts WHERE hash IN (SELECT hash FROM segments WHERE unlisted_since <= ?1)",
                [due],
            )?;
            let segments = transaction.execute("DELETE FROM segments WHERE unlisted_since <= ?1", [due])?;
            let diaries = transaction.execute("DELETE FROM diaries WHERE day <= ?1", [last_day_forgotten(now)])?;
            Ok(Forgotten {
                segments: segments as u64,
                diaries: diaries as u64,
            })
        })?;
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

fn held(connection: &Connection, authority: AuthorityId) -> Result<Published, StoreError> {
    let found = connection
        .prepare_cached("SELECT trust_list, manifest FROM authorities WHERE id = ?1")?
        .query_row([authority.0], |row| {
            Ok(Published {
                trust_list: row.get(0)?,
                manifest: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
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

/// Puts a segment in without its bytes.
fn note(
    transaction: &Transaction<'_>,
    authority: AuthorityId,
    hash: &[u8; 32],
    bytes: u64,
    now: i64,
    most: u64,
) -> Result<Put, StoreError> {
    let held = transaction.execute(
        "UPDATE segments SET unlisted_since = ?2 WHERE hash = ?1 AND unlisted_since IS NOT NULL",
        params![hash, now],
    )? > 0
        || segment(transaction, hash)?.is_some();
    if held {
        return Ok(Put::Present);
    }
    let used: i64 = transaction.query_row(
        "SELECT coalesce(sum(bytes), 0) FROM segments WHERE authority = ?1",
        [authority.0],
        |row| row.get(0),
    )?;
    if natural(used).saturating_add(bytes) > most {
        return Ok(Put::OverQuota);
    }
    transaction.execute(
        "INSERT INTO segments (hash, authority, bytes, unlisted_since) VALUES (?1, ?2, ?3, ?4)",
        params![hash, authority.0, integer(bytes)?, now],
    )?;
    Ok(Put::New)
}

fn segment(connection: &Connection, hash: &[u8; 32]) -> Result<Option<StoredSegment>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT authority, bytes FROM segments WHERE hash = ?1")?
        .query_row([hash], |row| {
            Ok(StoredSegment {
                authority: AuthorityId(row.get(0)?),
                bytes: natural(row.get(1)?),
            })
        })
        .optional()?)
}

/// Oldest day first; within a day by mailbox, so that nobody can read off in which order they came.
fn oldest(connection: &Connection, authority: AuthorityId, from: i64, most: usize) -> Result<Diaries, StoreError> {
    let mut select = connection
        .prepare("SELECT mailbox, sealed FROM diaries WHERE authority = ?1 AND day >= ?2 ORDER BY day, mailbox, hash LIMIT ?3")?;
    let rows = select.query_map(params![authority.0, from, integer(most as u64)?.saturating_add(1)], |row| {
        Ok(DepositedDiary {
            mailbox: row.get(0)?,
            sealed: row.get(1)?,
        })
    })?;
    let mut diaries = rows.collect::<Result<Vec<_>, _>>()?;
    let more = diaries.len() > most;
    diaries.truncate(most);
    Ok(Diaries { diaries, more })
}

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
