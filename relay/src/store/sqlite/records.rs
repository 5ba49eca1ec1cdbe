//! Households' records in SQLite: the rows that an installation replaces.

use rusqlite::{OptionalExtension, params};
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::StreamId;

use super::integer;
use super::rows::SqliteRows;
use crate::store::StoreError;
use crate::store::rows::RecordRows;

impl RecordRows for SqliteRows<'_> {
    fn present_record(&mut self, stream: StreamId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT content FROM records WHERE stream = ?1 AND replaced_day IS NULL")?
            .query_row([stream.0], |row| row.get(0))
            .optional()?)
    }

    fn remove_present_record(&mut self, stream: StreamId) -> Result<(), StoreError> {
        self.execute("DELETE FROM records WHERE stream = ?1 AND replaced_day IS NULL", [stream.0])
            .map(drop)
    }

    fn put_record(&mut self, stream: StreamId, number: u64, content: &[u8], replaced_day: Option<i64>) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO records (stream, number, content, replaced_day) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (stream, number) DO UPDATE SET content = ?3, replaced_day = ?4",
            params![stream.0, integer(number)?, content, replaced_day],
        )
        .map(drop)
    }

    fn put_old_key(&mut self, stream: StreamId, key: &PublicKey, day: i64) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO old_keys (stream, key, replaced_day) VALUES (?1, ?2, ?3)
             ON CONFLICT (stream, key) DO UPDATE SET replaced_day = ?3",
            params![stream.0, key.0, day],
        )
        .map(drop)
    }

    fn retire_words(&mut self, stream: StreamId, day: i64) -> Result<(), StoreError> {
        self.execute(
            "UPDATE words SET replaced_day = ?2 WHERE stream = ?1 AND replaced_day IS NULL",
            params![stream.0, day],
        )
        .map(drop)
    }

    fn put_words(&mut self, stream: StreamId, key: &PublicKey) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO words (stream, key) VALUES (?1, ?2) ON CONFLICT (stream, key) DO UPDATE SET replaced_day = NULL",
            params![stream.0, key.0],
        )
        .map(drop)
    }

    fn remove_locator(&mut self, stream: StreamId) -> Result<(), StoreError> {
        self.execute("DELETE FROM locators WHERE stream = ?1", [stream.0]).map(drop)
    }

    fn claim_locator(&mut self, stream: StreamId, locator: &[u8; 16]) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO locators (locator, stream) VALUES (?1, ?2) ON CONFLICT (locator) DO NOTHING",
            params![locator, stream.0],
        )
        .map(drop)
    }

    fn put_keyring(&mut self, stream: StreamId, content: &[u8]) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO keyrings (stream, content) VALUES (?1, ?2) ON CONFLICT (stream) DO UPDATE SET content = ?2",
            params![stream.0, content],
        )
        .map(drop)
    }

    fn keep_newest(&mut self, stream: StreamId, most: usize) -> Result<(), StoreError> {
        let most = integer(most as u64)?;
        for statement in [
            "DELETE FROM records WHERE stream = ?1 AND number IN (
                SELECT number FROM records WHERE stream = ?1 ORDER BY number DESC LIMIT -1 OFFSET ?2)",
            "DELETE FROM old_keys WHERE stream = ?1 AND key IN (
                SELECT key FROM old_keys WHERE stream = ?1 ORDER BY replaced_day DESC, key LIMIT -1 OFFSET ?2)",
            "DELETE FROM words WHERE stream = ?1 AND key IN (
                SELECT key FROM words WHERE stream = ?1 ORDER BY replaced_day DESC NULLS FIRST, key LIMIT -1 OFFSET ?2)",
        ] {
            self.execute(statement, params![stream.0, most])?;
        }
        Ok(())
    }

    fn forget_replaced(&mut self, followed_from: i64, words_from: i64) -> Result<(), StoreError> {
        self.execute("DELETE FROM records WHERE replaced_day < ?1", [followed_from])?;
        self.execute("DELETE FROM old_keys WHERE replaced_day < ?1", [followed_from])?;
        self.execute("DELETE FROM words WHERE replaced_day < ?1", [words_from])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
