//! Households' records in SQLite.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::epoch_record::EpochRecord;
use techo_protocol::household::sync_api::StreamId;

use super::{integer, natural};
use crate::store::StoreError;
use crate::store::account::{
    Install, Installed, KeysHeld, MOST_INSTALLED, Records, RecordsHeld, Standing, WordsAfter, followed_from, words_from,
};
use crate::store::stream_store::RecordKept;

/// The keys of an account beside its present one.
pub fn keys(connection: &Connection, stream: StreamId) -> Result<KeysHeld, StoreError> {
    let mut select = connection.prepare_cached("SELECT key, replaced_day FROM old_keys WHERE stream = ?1")?;
    let old = select.query_map([stream.0], |row| Ok((PublicKey(row.get(0)?), row.get(1)?)))?;
    let mut select = connection.prepare_cached("SELECT key, replaced_day FROM words WHERE stream = ?1")?;
    let words = select.query_map([stream.0], |row| Ok((PublicKey(row.get(0)?), row.get(1)?)))?;
    Ok(KeysHeld {
        old: old.collect::<Result<_, _>>()?,
        words: words.collect::<Result<_, _>>()?,
    })
}

/// The records of an account that stands there.
pub fn held(
    connection: &Connection,
    stream: StreamId,
    standing: Standing,
    since: Option<u64>,
) -> Result<RecordsHeld, StoreError> {
    let mut select =
        connection.prepare_cached("SELECT content FROM records WHERE stream = ?1 AND number > ?2 ORDER BY number")?;
    let records = select.query_map(params![stream.0, standing.records_after(since)], |row| row.get(0))?;
    Ok(RecordsHeld {
        standing,
        records: records.collect::<Result<_, _>>()?,
        keyring: keyring(connection, stream)?,
    })
}

/// All epoch records of an account, and its keyring.
pub fn kept(connection: &Connection, stream: StreamId) -> Result<(Vec<RecordKept>, Option<Vec<u8>>), StoreError> {
    let mut select =
        connection.prepare_cached("SELECT number, replaced_day, content FROM records WHERE stream = ?1 ORDER BY number")?;
    let rows = select.query_map([stream.0], |row| {
        Ok(RecordKept {
            number: natural(row.get(0)?),
            replaced_day: row.get(1)?,
            bytes: row.get(2)?,
        })
    })?;
    Ok((rows.collect::<Result<_, _>>()?, keyring(connection, stream)?))
}

fn keyring(connection: &Connection, stream: StreamId) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT content FROM keyrings WHERE stream = ?1")?
        .query_row([stream.0], |row| row.get(0))
        .optional()?)
}

/// Whose recovery words have this locator.
pub fn located(connection: &Connection, locator: [u8; 16]) -> Result<Option<StreamId>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT stream FROM locators WHERE locator = ?1")?
        .query_row([locator], |row| row.get(0).map(StreamId))
        .optional()?)
}

/// What an installation on `day` has to follow.
pub fn to_follow(transaction: &Transaction<'_>, stream: StreamId, standing: Standing, day: i64) -> Result<Records, StoreError> {
    let present: Option<Vec<u8>> = transaction
        .prepare_cached("SELECT content FROM records WHERE stream = ?1 AND replaced_day IS NULL")?
        .query_row([stream.0], |row| row.get(0))
        .optional()?;
    let present = present.map(|bytes| EpochRecord::read(&bytes)).transpose();
    let present = present.map_err(|_| StoreError::Damaged)?;
    if present.as_ref().map(EpochRecord::mark) != standing.record {
        return Err(StoreError::Damaged);
    }
    Ok(Records {
        present,
        words: keys(transaction, stream)?.words_on(day).copied().collect(),
    })
}

/// Writes what an installation changes beside the account and its chunks.
pub fn replace(transaction: &Transaction<'_>, install: &Install, installed: &Installed) -> Result<(), StoreError> {
    let (stream, day) = (install.stream.0, install.day);
    if let Some(present) = &installed.present {
        transaction
            .prepare_cached("DELETE FROM records WHERE stream = ?1 AND replaced_day IS NULL")?
            .execute([stream])?;
        let mut insert = transaction.prepare_cached(
            "INSERT INTO records (stream, number, content, replaced_day) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (stream, number) DO UPDATE SET content = ?3, replaced_day = ?4",
        )?;
        for record in &installed.replaced {
            insert.execute(params![stream, integer(record.head.number)?, record.write(), day])?;
        }
        insert.execute(params![stream, integer(present.head.number)?, present.write(), None::<i64>])?;
    }
    let mut insert = transaction.prepare_cached(
        "INSERT INTO old_keys (stream, key, replaced_day) VALUES (?1, ?2, ?3) ON CONFLICT (stream, key) DO UPDATE SET replaced_day = ?3",
    )?;
    for key in &installed.old_keys {
        insert.execute(params![stream, key.0, day])?;
    }
    if installed.words != WordsAfter::Same {
        transaction
            .prepare_cached("UPDATE words SET replaced_day = ?2 WHERE stream = ?1 AND replaced_day IS NULL")?
            .execute(params![stream, day])?;
        transaction
            .prepare_cached("DELETE FROM locators WHERE stream = ?1")?
            .execute([stream])?;
        if let WordsAfter::Others(words) = installed.words {
            transaction
                .prepare_cached(
                    "INSERT INTO words (stream, key) VALUES (?1, ?2) ON CONFLICT (stream, key) DO UPDATE SET replaced_day = NULL",
                )?
                .execute(params![stream, words.signing.0])?;
            // Whoever had it first keeps it: nobody's words lead to another household.
            transaction
                .prepare_cached("INSERT INTO locators (locator, stream) VALUES (?1, ?2) ON CONFLICT (locator) DO NOTHING")?
                .execute(params![words.locator, stream])?;
        }
    }
    if let Some(keyring) = &install.new_keyring {
        transaction
            .prepare_cached(
                "INSERT INTO keyrings (stream, content) VALUES (?1, ?2) ON CONFLICT (stream) DO UPDATE SET content = ?2",
            )?
            .execute(params![stream, keyring.bytes()])?;
    }
    keep_the_newest(transaction, stream)
}

/// A household that makes records without end fills no disk with them.
fn keep_the_newest(transaction: &Transaction<'_>, stream: [u8; 16]) -> Result<(), StoreError> {
    let most = integer(MOST_INSTALLED as u64)?;
    for (table, column, order) in [
        ("records", "number", "number DESC"),
        ("old_keys", "key", "replaced_day DESC, key"),
        ("words", "key", "replaced_day IS NULL DESC, replaced_day DESC, key"),
    ] {
        transaction
            .prepare_cached(&format!(
                "DELETE FROM {table} WHERE stream = ?1 AND {column} IN (
                    SELECT {column} FROM {table} WHERE stream = ?1 ORDER BY {order} LIMIT -1 OFFSET ?2)"
            ))?
            .execute(params![stream, most])?;
    }
    Ok(())
}

/// Forgets the keys and records that were replaced too long ago.
pub fn forget(transaction: &Transaction<'_>, day: i64) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM records WHERE replaced_day < ?1", [followed_from(day)])?;
    transaction.execute("DELETE FROM old_keys WHERE replaced_day < ?1", [followed_from(day)])?;
    transaction.execute("DELETE FROM words WHERE replaced_day < ?1", [words_from(day)])?;
    Ok(())
}

/// Erases all that there is of an account here.
pub fn erase(transaction: &Transaction<'_>, stream: StreamId) -> Result<(), StoreError> {
    for table in ["records", "keyrings", "old_keys", "words", "locators"] {
        transaction
            .prepare_cached(&format!("DELETE FROM {table} WHERE stream = ?1"))?
            .execute([stream.0])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
