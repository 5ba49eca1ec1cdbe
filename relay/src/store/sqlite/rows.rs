//! The rows of households' streams in SQLite, for the rules of [`crate::store::changes`].

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, ToSql, params};
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::{Mark, StreamId};

use super::accounts::account;
use super::{SqliteStore, chunks, integer, natural, records};
use crate::store::StoreError;
use crate::store::account::{Account, KeysHeld, Standing};
use crate::store::rows::{Changes, ChunkName, Due, RowWork, StreamDatabase, StreamRows};

impl StreamDatabase for SqliteStore {
    type Error = StoreError;

    fn change(&self, work: RowWork<'_, StoreError>) -> Result<(), StoreError> {
        self.write(|transaction| work(&mut SqliteRows(transaction)))
    }

    fn accounts_due(&self, due: Due) -> Result<Vec<StreamId>, StoreError> {
        let reader = self.reader();
        let mut select = reader.prepare("SELECT stream FROM accounts WHERE deleted_day < ?1 OR read_day < ?2")?;
        let rows = select.query_map([due.deleted_before, due.read_before], |row| row.get(0).map(StreamId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The rows of a transaction, which holds the right to write from its start.
struct SqliteRows<'t>(&'t Connection);

impl SqliteRows<'_> {
    fn execute(&self, sql: &str, values: &[&dyn ToSql]) -> Result<usize, StoreError> {
        Ok(self.0.prepare_cached(sql)?.execute(values)?)
    }
}

impl StreamRows for SqliteRows<'_> {
    type Error = StoreError;

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
            params![stream.0, account.key.0, account.read_day, account.standing.opening],
        )?;
        Ok(opened > 0)
    }

    fn lengths(&mut self, names: &BTreeSet<ChunkName>) -> Result<HashMap<ChunkName, u64>, StoreError> {
        let mut select = self.0.prepare_cached("SELECT bytes FROM chunks WHERE stream = ?1 AND id = ?2")?;
        let mut lengths = HashMap::new();
        for (stream, id) in names {
            let length = select.query_row(params![stream.0, id.0], |row| row.get(0)).optional()?;
            lengths.extend(length.map(|length| ((*stream, *id), natural(length))));
        }
        Ok(lengths)
    }

    fn present_record(&mut self, stream: StreamId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT content FROM records WHERE stream = ?1 AND replaced_day IS NULL")?
            .query_row([stream.0], |row| row.get(0))
            .optional()?)
    }

    fn keys(&mut self, stream: StreamId) -> Result<KeysHeld, StoreError> {
        records::keys(self.0, stream)
    }

    fn remove_present_record(&mut self, stream: StreamId) -> Result<(), StoreError> {
        self.execute("DELETE FROM records WHERE stream = ?1 AND replaced_day IS NULL", params![stream.0])?;
        Ok(())
    }

    fn put_record(&mut self, stream: StreamId, number: u64, content: &[u8], replaced_day: Option<i64>) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO records (stream, number, content, replaced_day) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (stream, number) DO UPDATE SET content = ?3, replaced_day = ?4",
            params![stream.0, integer(number)?, content, replaced_day],
        )?;
        Ok(())
    }

    fn put_old_key(&mut self, stream: StreamId, key: &PublicKey, day: i64) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO old_keys (stream, key, replaced_day) VALUES (?1, ?2, ?3)
             ON CONFLICT (stream, key) DO UPDATE SET replaced_day = ?3",
            params![stream.0, key.0, day],
        )?;
        Ok(())
    }

    fn retire_words(&mut self, stream: StreamId, day: i64) -> Result<(), StoreError> {
        self.execute(
            "UPDATE words SET replaced_day = ?2 WHERE stream = ?1 AND replaced_day IS NULL",
            params![stream.0, day],
        )?;
        Ok(())
    }

    fn put_words(&mut self, stream: StreamId, key: &PublicKey) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO words (stream, key) VALUES (?1, ?2) ON CONFLICT (stream, key) DO UPDATE SET replaced_day = NULL",
            params![stream.0, key.0],
        )?;
        Ok(())
    }

    fn remove_locator(&mut self, stream: StreamId) -> Result<(), StoreError> {
        self.execute("DELETE FROM locators WHERE stream = ?1", params![stream.0])?;
        Ok(())
    }

    fn claim_locator(&mut self, stream: StreamId, locator: &[u8; 16]) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO locators (locator, stream) VALUES (?1, ?2) ON CONFLICT (locator) DO NOTHING",
            params![locator, stream.0],
        )?;
        Ok(())
    }

    fn put_keyring(&mut self, stream: StreamId, content: &[u8]) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO keyrings (stream, content) VALUES (?1, ?2) ON CONFLICT (stream) DO UPDATE SET content = ?2",
            params![stream.0, content],
        )?;
        Ok(())
    }

    fn keep_newest(&mut self, stream: StreamId, most: usize) -> Result<(), StoreError> {
        for (table, column, order) in [
            ("records", "number", "number DESC"),
            ("old_keys", "key", "replaced_day DESC, key"),
            ("words", "key", "replaced_day IS NULL DESC, replaced_day DESC, key"),
        ] {
            self.execute(
                &format!(
                    "DELETE FROM {table} WHERE stream = ?1 AND {column} IN (
                        SELECT {column} FROM {table} WHERE stream = ?1 ORDER BY {order} LIMIT -1 OFFSET ?2)"
                ),
                params![stream.0, integer(most as u64)?],
            )?;
        }
        Ok(())
    }

    fn write(&mut self, changes: &Changes<'_>) -> Result<(), StoreError> {
        chunks::erase(self.0, &changes.removed)?;
        let mut places = chunks::free_places(self.0, changes.added.len(), chunks::draw)?;
        chunks::store(self.0, &changes.added, &mut places)?;
        for changed in &changes.accounts {
            update(self, changed.stream, &changed.after)?;
        }
        // What is told of is told in this process: no other writes here.
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
        self.execute(
            "DELETE FROM pieces WHERE place IN (SELECT place FROM chunks WHERE stream = ?1)",
            params![stream.0],
        )?;
        for table in ["chunks", "records", "keyrings", "old_keys", "words", "locators"] {
            self.execute(&format!("DELETE FROM {table} WHERE stream = ?1"), params![stream.0])?;
        }
        Ok(true)
    }

    fn forget_replaced(&mut self, followed_from: i64, words_from: i64) -> Result<(), StoreError> {
        self.execute("DELETE FROM records WHERE replaced_day < ?1", params![followed_from])?;
        self.execute("DELETE FROM old_keys WHERE replaced_day < ?1", params![followed_from])?;
        self.execute("DELETE FROM words WHERE replaced_day < ?1", params![words_from])?;
        Ok(())
    }

    fn begin_again(&mut self, generation: [u8; 16], numbers: u64, day: i64) -> Result<(), StoreError> {
        self.execute("UPDATE filling SET generation = ?1", params![generation])?;
        self.execute(
            "UPDATE accounts SET cursor = cursor + ?1, last_swap = last_swap + ?1, read_day = max(read_day, ?2)",
            params![integer(numbers)?, day],
        )?;
        Ok(())
    }
}

fn update(rows: &SqliteRows<'_>, stream: StreamId, account: &Account) -> Result<(), StoreError> {
    let number = |mark: Option<Mark>| mark.map(|mark| integer(mark.number)).transpose();
    let Standing { record, keyring, .. } = account.standing;
    rows.execute(
        "UPDATE accounts SET epoch = ?2, last_swap = ?3, cursor = ?4, bytes = ?5, read_day = ?6, deleted_day = ?7, key = ?8,
                record_number = ?9, record_hash = ?10, keyring_number = ?11, keyring_hash = ?12
         WHERE stream = ?1",
        params![
            stream.0,
            account.standing.epoch,
            integer(account.standing.last_swap)?,
            integer(account.standing.cursor)?,
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
