//! Households' records in PostgreSQL.

use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::epoch_record::EpochRecord;
use techo_protocol::household::sync_api::StreamId;

use super::connection::{Done, Work};
use super::pages::{bytes, get, integer, natural};
use crate::store::StoreError;
use crate::store::account::{
    Install, Installed, KeysHeld, MOST_INSTALLED, Records, RecordsHeld, Standing, WordsAfter, followed_from, words_from,
};
use crate::store::stream_store::RecordKept;

/// The keys of an account beside its present one.
pub fn keys(work: &mut Work<'_>, stream: StreamId) -> Done<KeysHeld> {
    let old = work.query("SELECT key, replaced_day FROM old_keys WHERE stream = $1", &[&&stream.0[..]])?;
    let words = work.query("SELECT key, replaced_day FROM words WHERE stream = $1", &[&&stream.0[..]])?;
    Ok(KeysHeld {
        old: old
            .iter()
            .map(|row| Ok((PublicKey(bytes(row, 0)?), get(row, 1)?)))
            .collect::<Result<_, StoreError>>()?,
        words: words
            .iter()
            .map(|row| Ok((PublicKey(bytes(row, 0)?), get(row, 1)?)))
            .collect::<Result<_, StoreError>>()?,
    })
}

/// The records of an account that stands there.
pub fn held(work: &mut Work<'_>, stream: StreamId, standing: Standing, since: Option<u64>) -> Done<RecordsHeld> {
    let rows = work.query(
        "SELECT content FROM records WHERE stream = $1 AND number > $2 ORDER BY number",
        &[&&stream.0[..], &standing.records_after(since)],
    )?;
    let keyring = work.query_opt("SELECT content FROM keyrings WHERE stream = $1", &[&&stream.0[..]])?;
    Ok(RecordsHeld {
        standing,
        records: rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?,
        keyring: keyring.map(|row| get(&row, 0)).transpose()?,
    })
}

/// All epoch records of an account, and its keyring.
pub fn kept(work: &mut Work<'_>, stream: StreamId) -> Done<(Vec<RecordKept>, Option<Vec<u8>>)> {
    let rows = work.query(
        "SELECT number, replaced_day, content FROM records WHERE stream = $1 ORDER BY number",
        &[&&stream.0[..]],
    )?;
    let read = |row: &postgres::Row| {
        Ok(RecordKept {
            number: natural(get(row, 0)?),
            replaced_day: get(row, 1)?,
            bytes: get(row, 2)?,
        })
    };
    let records = rows.iter().map(read).collect::<Result<_, StoreError>>()?;
    let keyring = work.query_opt("SELECT content FROM keyrings WHERE stream = $1", &[&&stream.0[..]])?;
    Ok((records, keyring.map(|row| get(&row, 0)).transpose()?))
}

/// Whose recovery words have this locator.
pub fn located(work: &mut Work<'_>, locator: [u8; 16]) -> Done<Option<StreamId>> {
    let row = work.query_opt("SELECT stream FROM locators WHERE locator = $1", &[&&locator[..]])?;
    Ok(row.map(|row| bytes(&row, 0)).transpose()?.map(StreamId))
}

/// What an installation on `day` has to follow.
pub fn to_follow(work: &mut Work<'_>, stream: StreamId, standing: Standing, day: i64) -> Done<Records> {
    let row = work.query_opt(
        "SELECT content FROM records WHERE stream = $1 AND replaced_day IS NULL",
        &[&&stream.0[..]],
    )?;
    let present = row
        .map(|row| EpochRecord::read(get(&row, 0)?).map_err(|_| StoreError::Damaged))
        .transpose()?;
    if present.as_ref().map(EpochRecord::mark) != standing.record {
        return Err(StoreError::Damaged.into());
    }
    Ok(Records {
        present,
        words: keys(work, stream)?.words_on(day).copied().collect(),
    })
}

/// Writes what an installation changes beside the account and its chunks.
pub fn replace(work: &mut Work<'_>, install: &Install, installed: &Installed) -> Done<()> {
    let (stream, day) = (&install.stream.0[..], install.day);
    if let Some(present) = &installed.present {
        work.execute("DELETE FROM records WHERE stream = $1 AND replaced_day IS NULL", &[&stream])?;
        let replaced = installed.replaced.iter().map(|record| (record, Some(day)));
        for (record, replaced_day) in replaced.chain(std::iter::once((present, None))) {
            work.execute(
                "INSERT INTO records (stream, number, content, replaced_day) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (stream, number) DO UPDATE SET content = $3, replaced_day = $4",
                &[&stream, &integer(record.head.number)?, &record.write(), &replaced_day],
            )?;
        }
    }
    for key in &installed.old_keys {
        work.execute(
            "INSERT INTO old_keys (stream, key, replaced_day) VALUES ($1, $2, $3)
             ON CONFLICT (stream, key) DO UPDATE SET replaced_day = $3",
            &[&stream, &&key.0[..], &day],
        )?;
    }
    if installed.words != WordsAfter::Same {
        work.execute(
            "UPDATE words SET replaced_day = $2 WHERE stream = $1 AND replaced_day IS NULL",
            &[&stream, &day],
        )?;
        work.execute("DELETE FROM locators WHERE stream = $1", &[&stream])?;
        if let WordsAfter::Others(words) = installed.words {
            work.execute(
                "INSERT INTO words (stream, key) VALUES ($1, $2) ON CONFLICT (stream, key) DO UPDATE SET replaced_day = NULL",
                &[&stream, &&words.signing.0[..]],
            )?;
            // Whoever had it first keeps it: nobody's words lead to another household.
            work.execute(
                "INSERT INTO locators (locator, stream) VALUES ($1, $2) ON CONFLICT (locator) DO NOTHING",
                &[&&words.locator[..], &stream],
            )?;
        }
    }
    if let Some(keyring) = &install.new_keyring {
        work.execute(
            "INSERT INTO keyrings (stream, content) VALUES ($1, $2) ON CONFLICT (stream) DO UPDATE SET content = $2",
            &[&stream, &keyring.bytes()],
        )?;
    }
    keep_the_newest(work, stream)
}

/// A household that makes records without end fills no disk with them.
fn keep_the_newest(work: &mut Work<'_>, stream: &[u8]) -> Done<()> {
    let most = integer(MOST_INSTALLED as u64)?;
    for statement in [
        "DELETE FROM records WHERE stream = $1 AND number IN (
            SELECT number FROM records WHERE stream = $1 ORDER BY number DESC OFFSET $2)",
        "DELETE FROM old_keys WHERE stream = $1 AND key IN (
            SELECT key FROM old_keys WHERE stream = $1 ORDER BY replaced_day DESC, key OFFSET $2)",
        "DELETE FROM words WHERE stream = $1 AND key IN (
            SELECT key FROM words WHERE stream = $1 ORDER BY replaced_day DESC NULLS FIRST, key OFFSET $2)",
    ] {
        work.execute(statement, &[&stream, &most])?;
    }
    Ok(())
}

/// Forgets the keys and records that were replaced too long ago.
pub fn forget(work: &mut Work<'_>, day: i64) -> Done<()> {
    work.execute("DELETE FROM records WHERE replaced_day < $1", &[&followed_from(day)])?;
    work.execute("DELETE FROM old_keys WHERE replaced_day < $1", &[&followed_from(day)])?;
    work.execute("DELETE FROM words WHERE replaced_day < $1", &[&words_from(day)])?;
    Ok(())
}

/// Erases all that there is of an account here.
pub fn erase(work: &mut Work<'_>, stream: &[u8; 16]) -> Done<()> {
    for statement in [
        "DELETE FROM records WHERE stream = $1",
        "DELETE FROM keyrings WHERE stream = $1",
        "DELETE FROM old_keys WHERE stream = $1",
        "DELETE FROM words WHERE stream = $1",
        "DELETE FROM locators WHERE stream = $1",
    ] {
        work.execute(statement, &[&&stream[..]])?;
    }
    Ok(())
}
