//! The rows of accounts and chunks in SQLite, for the rules of [`crate::store::changes`] and [`crate::store::reading`].

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::{Mark, StreamId};

use super::{SqliteStore, chunks, integer, natural};
use crate::store::StoreError;
use crate::store::account::{Account, KeysHeld, StreamHead};
use crate::store::rows::{Changes, Changing, ChunkName, Due, ReadRows, Reading, StreamDatabase, StreamRows};

impl StreamDatabase for SqliteStore {
    type Error = StoreError;

    fn read<T>(&self, work: impl Fn(Reading<'_, StoreError>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut reader = self.reader();
        let transaction = reader.transaction()?;
        work(&mut SqliteRows(&transaction))
    }

    fn change<T>(&self, work: impl Fn(Changing<'_, StoreError>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.write(|transaction| work(&mut SqliteRows(transaction)))
    }

    fn accounts_due(&self, due: Due) -> Result<Vec<StreamId>, StoreError> {
        let reader = self.reader();
        let mut select = reader.prepare("SELECT stream FROM accounts WHERE deleted_day < ?1 OR read_day < ?2")?;
        let rows = select.query_map([due.deleted_before, due.read_before], |row| row.get(0).map(StreamId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The rows of a transaction. One that changes them has held the right to write since its start.
pub struct SqliteRows<'t>(pub &'t Connection);

impl SqliteRows<'_> {
    /// Changes rows and says how many.
    pub fn execute(&self, sql: &str, values: impl Params) -> Result<usize, StoreError> {
        Ok(self.0.prepare_cached(sql)?.execute(values)?)
    }
}

impl ReadRows for SqliteRows<'_> {
    type Error = StoreError;

    fn account(&mut self, stream: StreamId) -> Result<Option<Account>, StoreError> {
        account(self.0, stream)
    }

    fn keys(&mut self, stream: StreamId) -> Result<KeysHeld, StoreError> {
        let sql = "SELECT key, replaced_day FROM old_keys WHERE stream = ?1";
        let mut select = self.0.prepare_cached(sql)?;
        let old = select.query_map([stream.0], |row| Ok((PublicKey(row.get(0)?), row.get(1)?)))?;
        let sql = "SELECT key, replaced_day FROM words WHERE stream = ?1";
        let mut select = self.0.prepare_cached(sql)?;
        let words = select.query_map([stream.0], |row| Ok((PublicKey(row.get(0)?), row.get(1)?)))?;
        Ok(KeysHeld {
            old: old.collect::<Result<_, _>>()?,
            words: words.collect::<Result<_, _>>()?,
        })
    }

    fn records_after(&mut self, stream: StreamId, number: i64) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = "SELECT content FROM records WHERE stream = ?1 AND number > ?2 ORDER BY number";
        let mut select = self.0.prepare_cached(sql)?;
        let records = select.query_map(params![stream.0, number], |row| row.get(0))?;
        Ok(records.collect::<Result<_, _>>()?)
    }

    fn keyring(&mut self, stream: StreamId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT content FROM keyrings WHERE stream = ?1")?
            .query_row([stream.0], |row| row.get(0))
            .optional()?)
    }

    fn chunk_ids(&mut self, stream: StreamId) -> Result<Vec<u8>, StoreError> {
        let sql = "SELECT id FROM chunks WHERE stream = ?1 ORDER BY number";
        let mut select = self.0.prepare_cached(sql)?;
        let mut rows = select.query([stream.0])?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            ids.extend_from_slice(&row.get::<_, [u8; 16]>(0)?);
        }
        Ok(ids)
    }
}

impl StreamRows for SqliteRows<'_> {
    fn accounts(&mut self, streams: &BTreeSet<StreamId>) -> Result<HashMap<StreamId, Account>, StoreError> {
        let mut accounts = HashMap::with_capacity(streams.len());
        for stream in streams {
            accounts.extend(account(self.0, *stream)?.map(|account| (*stream, account)));
        }
        Ok(accounts)
    }

    fn open(&mut self, stream: StreamId, account: &Account) -> Result<bool, StoreError> {
        let opened = self.execute(
            "INSERT INTO accounts (stream, key, epoch, last_swap, cursor, bytes, read_day, opening) VALUES (?1, ?2, 0, 0, 0, 0, ?3, ?4)
             ON CONFLICT (stream) DO NOTHING",
            params![stream.0, account.key.0, account.read_day, account.head.opening],
        )?;
        Ok(opened > 0)
    }

    fn lengths(&mut self, names: &BTreeSet<ChunkName>) -> Result<HashMap<ChunkName, u64>, StoreError> {
        let mut select = self
            .0
            .prepare_cached("SELECT bytes FROM chunks WHERE stream = ?1 AND id = ?2")?;
        let mut lengths = HashMap::new();
        for (stream, id) in names {
            let length = select.query_row(params![stream.0, id.0], |row| row.get(0)).optional()?;
            lengths.extend(length.map(|length| ((*stream, *id), natural(length))));
        }
        Ok(lengths)
    }

    fn write(&mut self, changes: &Changes<'_>) -> Result<(), StoreError> {
        chunks::erase(self.0, &changes.removed)?;
        chunks::store(self.0, &changes.added)?;
        for changed in &changes.accounts {
            self.update(changed.stream, &changed.after)?;
        }
        // No other process writes here, so there is nobody to tell.
        Ok(())
    }

    fn erase_if_due(&mut self, stream: StreamId, due: Due) -> Result<bool, StoreError> {
        let erased = self.execute(
            "DELETE FROM accounts WHERE stream = ?1 AND (deleted_day < ?2 OR read_day < ?3)",
            params![stream.0, due.deleted_before, due.read_before],
        )?;
        if erased == 0 {
            return Ok(false);
        }
        for statement in [
            "DELETE FROM pieces WHERE place IN (SELECT place FROM chunks WHERE stream = ?1)",
            "DELETE FROM chunks WHERE stream = ?1",
            "DELETE FROM records WHERE stream = ?1",
            "DELETE FROM keyrings WHERE stream = ?1",
            "DELETE FROM old_keys WHERE stream = ?1",
            "DELETE FROM words WHERE stream = ?1",
            "DELETE FROM locators WHERE stream = ?1",
        ] {
            self.execute(statement, [stream.0])?;
        }
        Ok(true)
    }

    fn begin_again(&mut self, generation: [u8; 16], numbers: u64, day: i64) -> Result<(), StoreError> {
        self.execute("UPDATE filling SET generation = ?1", [generation])?;
        self.execute(
            "UPDATE accounts SET cursor = cursor + ?1, last_swap = last_swap + ?1, read_day = max(read_day, ?2)",
            params![integer(numbers)?, day],
        )?;
        Ok(())
    }
}

impl SqliteRows<'_> {
    fn update(&self, stream: StreamId, account: &Account) -> Result<(), StoreError> {
        let number = |mark: Option<Mark>| mark.map(|mark| integer(mark.number)).transpose();
        let StreamHead { record, keyring, .. } = account.head;
        self.execute(
            "UPDATE accounts SET epoch = ?2, last_swap = ?3, cursor = ?4, bytes = ?5, read_day = ?6, deleted_day = ?7, key = ?8,
                    record_number = ?9, record_hash = ?10, keyring_number = ?11, keyring_hash = ?12
             WHERE stream = ?1",
            params![
                stream.0,
                account.head.epoch,
                integer(account.head.last_swap)?,
                integer(account.head.cursor)?,
                integer(account.bytes)?,
                account.read_day,
                account.deleted_day,
                account.key.0,
                number(record)?,
                record.map(|mark| mark.hash),
                number(keyring)?,
                keyring.map(|mark| mark.hash),
            ],
        )?;
        Ok(())
    }
}

/// An account's columns, as [`read_account`] reads them.
macro_rules! account_columns {
    () => {
        "key, epoch, last_swap, cursor, bytes, read_day, deleted_day, opening, record_number, record_hash, keyring_number, keyring_hash"
    };
}

const ACCOUNT: &str = concat!("SELECT ", account_columns!(), " FROM accounts WHERE stream = ?1");

/// Accounts in the order of their streams.
pub const ACCOUNTS_AFTER: &str = concat!(
    "SELECT ",
    account_columns!(),
    ", stream FROM accounts WHERE stream > ?1 ORDER BY stream LIMIT ?2"
);

/// The account of a stream, deleted or not.
pub fn account(connection: &Connection, stream: StreamId) -> Result<Option<Account>, StoreError> {
    Ok(connection
        .prepare_cached(ACCOUNT)?
        .query_row([stream.0], read_account)
        .optional()?)
}

/// An account from the first columns of a row.
pub fn read_account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        key: PublicKey(row.get(0)?),
        head: StreamHead {
            epoch: row.get(1)?,
            last_swap: natural(row.get(2)?),
            cursor: natural(row.get(3)?),
            opening: row.get(7)?,
            record: read_mark(row.get(8)?, row.get(9)?),
            keyring: read_mark(row.get(10)?, row.get(11)?),
        },
        bytes: natural(row.get(4)?),
        read_day: row.get(5)?,
        deleted_day: row.get(6)?,
    })
}

fn read_mark(number: Option<i64>, hash: Option<[u8; 32]>) -> Option<Mark> {
    let (number, hash) = number.zip(hash)?;
    Some(Mark {
        number: natural(number),
        hash,
    })
}
