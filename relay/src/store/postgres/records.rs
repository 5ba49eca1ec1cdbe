//! Households' records in PostgreSQL: the rows that an installation replaces.

use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::StreamId;

use super::columns::{get, integer};
use super::connection::Done;
use super::rows::PostgresRows;
use crate::store::rows::RecordRows;

impl RecordRows for PostgresRows<'_, '_> {
    fn present_record(&mut self, stream: StreamId) -> Done<Option<Vec<u8>>> {
        let row = self.work.query_opt(
            "SELECT content FROM records WHERE stream = $1 AND replaced_day IS NULL",
            &[&&stream.0[..]],
        )?;
        Ok(row.map(|row| get(&row, 0)).transpose()?)
    }

    fn remove_present_record(&mut self, stream: StreamId) -> Done<()> {
        let sql = "DELETE FROM records WHERE stream = $1 AND replaced_day IS NULL";
        self.work.execute(sql, &[&&stream.0[..]]).map(drop)
    }

    fn put_record(&mut self, stream: StreamId, number: u64, content: &[u8], replaced_day: Option<i64>) -> Done<()> {
        self.work
            .execute(
                "INSERT INTO records (stream, number, content, replaced_day) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (stream, number) DO UPDATE SET content = $3, replaced_day = $4",
                &[&&stream.0[..], &integer(number)?, &content, &replaced_day],
            )
            .map(drop)
    }

    fn put_old_key(&mut self, stream: StreamId, key: &PublicKey, day: i64) -> Done<()> {
        self.work
            .execute(
                "INSERT INTO old_keys (stream, key, replaced_day) VALUES ($1, $2, $3)
                 ON CONFLICT (stream, key) DO UPDATE SET replaced_day = $3",
                &[&&stream.0[..], &&key.0[..], &day],
            )
            .map(drop)
    }

    fn retire_words(&mut self, stream: StreamId, day: i64) -> Done<()> {
        let sql = "UPDATE words SET replaced_day = $2 WHERE stream = $1 AND replaced_day IS NULL";
        self.work.execute(sql, &[&&stream.0[..], &day]).map(drop)
    }

    fn put_words(&mut self, stream: StreamId, key: &PublicKey) -> Done<()> {
        self.work
            .execute(
                "INSERT INTO words (stream, key) VALUES ($1, $2) ON CONFLICT (stream, key) DO UPDATE SET replaced_day = NULL",
                &[&&stream.0[..], &&key.0[..]],
            )
            .map(drop)
    }

    fn remove_locator(&mut self, stream: StreamId) -> Done<()> {
        let sql = "DELETE FROM locators WHERE stream = $1";
        self.work.execute(sql, &[&&stream.0[..]]).map(drop)
    }

    fn claim_locator(&mut self, stream: StreamId, locator: &[u8; 16]) -> Done<()> {
        self.work
            .execute(
                "INSERT INTO locators (locator, stream) VALUES ($1, $2) ON CONFLICT (locator) DO NOTHING",
                &[&&locator[..], &&stream.0[..]],
            )
            .map(drop)
    }

    fn put_keyring(&mut self, stream: StreamId, content: &[u8]) -> Done<()> {
        self.work
            .execute(
                "INSERT INTO keyrings (stream, content) VALUES ($1, $2) ON CONFLICT (stream) DO UPDATE SET content = $2",
                &[&&stream.0[..], &content],
            )
            .map(drop)
    }

    fn keep_newest(&mut self, stream: StreamId, most: usize) -> Done<()> {
        let most = integer(most as u64)?;
        for statement in [
            "DELETE FROM records WHERE stream = $1 AND number IN (
                SELECT number FROM records WHERE stream = $1 ORDER BY number DESC OFFSET $2)",
            "DELETE FROM old_keys WHERE stream = $1 AND key IN (
                SELECT key FROM old_keys WHERE stream = $1 ORDER BY replaced_day DESC, key OFFSET $2)",
            "DELETE FROM words WHERE stream = $1 AND key IN (
                SELECT key FROM words WHERE stream = $1 ORDER BY replaced_day DESC NULLS FIRST, key OFFSET $2)",
        ] {
            self.work.execute(statement, &[&&stream.0[..], &most])?;
        }
        Ok(())
    }

    fn forget_replaced(&mut self, followed_from: i64, words_from: i64) -> Done<()> {
        self.work
            .execute("DELETE FROM records WHERE replaced_day < $1", &[&followed_from])?;
        self.work
            .execute("DELETE FROM old_keys WHERE replaced_day < $1", &[&followed_from])?;
        self.work
            .execute("DELETE FROM words WHERE replaced_day < $1", &[&words_from])?;
        Ok(())
    }
}
