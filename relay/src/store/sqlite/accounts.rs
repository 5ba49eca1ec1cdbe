//! Households' streams in SQLite: accounts, and what changes them.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::{ChunkId, Mark, StreamId};

use super::chunks::{chunks_of, draw, erase, extent, found, free_places, new_chunks, store};
use super::{SqliteStore, integer, natural, records};
use crate::store::StoreError;
use crate::store::account::{
    Account, KeysHeld, NEVER_GIVEN, RecordsHeld, Refused, Standing, StreamWrite, Written, revivable_from,
};
use crate::store::stream_store::{AccountTotals, NumberedChunk, Page, RecordKept, StreamStore};

impl StreamStore for SqliteStore {
    fn generation(&self) -> Result<[u8; 16], StoreError> {
        Ok(self
            .reader()
            .query_row("SELECT generation FROM filling", [], |row| row.get(0))?)
    }

    fn account(&self, stream: StreamId) -> Result<Option<Account>, StoreError> {
        account(&self.reader(), stream)
    }

    fn write_streams(&self, writes: &[StreamWrite]) -> Result<Vec<Written>, StoreError> {
        let mut in_order: Vec<(usize, &StreamWrite)> = writes.iter().enumerate().collect();
        // Those of one account stay in their order, which has a meaning; that among accounts is not to be kept.
        in_order.sort_by_key(|(_, write)| write.stream());
        self.write(|transaction| {
            let mut places = free_places(transaction, writes.iter().map(chunks_of).sum(), draw)?;
            let mut outcomes = vec![Err(Refused::NoAccount); writes.len()];
            for (at, write) in in_order {
                let outcome = apply(transaction, write, &mut places)?;
                if let Some(slot) = outcomes.get_mut(at) {
                    *slot = outcome;
                }
            }
            Ok(outcomes)
        })
    }

    fn accounts(&self, streams: &[StreamId]) -> Result<Vec<Option<Account>>, StoreError> {
        let mut reader = self.reader();
        // Beginning and ending a transaction costs more than reading an account does.
        let transaction = reader.transaction()?;
        streams.iter().map(|stream| account(&transaction, *stream)).collect()
    }

    fn keys(&self, stream: StreamId) -> Result<KeysHeld, StoreError> {
        records::keys(&self.reader(), stream)
    }

    fn records(&self, stream: StreamId, since: Option<u64>) -> Result<Option<RecordsHeld>, StoreError> {
        let mut reader = self.reader();
        let transaction = reader.transaction()?;
        let Some(account) = served(&transaction, stream)? else {
            return Ok(None);
        };
        records::held(&transaction, stream, account.standing, since).map(Some)
    }

    fn located(&self, locator: [u8; 16]) -> Result<Option<StreamId>, StoreError> {
        records::located(&self.reader(), locator)
    }

    fn inventory(&self, stream: StreamId) -> Result<Option<(Standing, Vec<u8>)>, StoreError> {
        let mut reader = self.reader();
        let transaction = reader.transaction()?;
        let Some(account) = served(&transaction, stream)? else {
            return Ok(None);
        };
        let mut ids = Vec::new();
        let mut select = transaction.prepare_cached("SELECT id FROM chunks WHERE stream = ?1 ORDER BY number")?;
        let mut rows = select.query([stream.0])?;
        while let Some(row) = rows.next()? {
            ids.extend_from_slice(&row.get::<_, [u8; 16]>(0)?);
        }
        Ok(Some((account.standing, ids)))
    }

    fn page(&self, stream: StreamId, cursor: u64, most: usize, bytes: usize) -> Result<Option<Page>, StoreError> {
        // One transaction: account and chunks are of one moment.
        page(&self.reader().transaction()?, stream, cursor, most, bytes)
    }

    fn pages(&self, after: &[(StreamId, u64)], most: usize, bytes: usize) -> Result<Vec<Option<Page>>, StoreError> {
        let mut reader = self.reader();
        let transaction = reader.transaction()?;
        let pages = after
            .iter()
            .map(|(stream, cursor)| page(&transaction, *stream, *cursor, most, bytes));
        pages.collect()
    }

    fn forget_accounts(&self, day: i64, unread_days: i64) -> Result<u64, StoreError> {
        let due: Vec<StreamId> = {
            let reader = self.reader();
            let mut select = reader.prepare("SELECT stream FROM accounts WHERE deleted_day < ?1 OR read_day < ?2")?;
            let rows = select.query_map(params![revivable_from(day), day.saturating_sub(unread_days)], |row| {
                row.get(0).map(StreamId)
            })?;
            rows.collect::<Result<_, _>>()?
        };
        let mut erased = 0;
        for stream in due {
            // A transaction each, so that pushes need not wait for all of them; and each is looked at again, for it may have been read.
            erased += self.write(|transaction| {
                let gone = transaction
                    .prepare_cached("DELETE FROM accounts WHERE stream = ?1 AND (deleted_day < ?2 OR read_day < ?3)")?
                    .execute(params![stream.0, revivable_from(day), day.saturating_sub(unread_days)])?;
                if gone > 0 {
                    transaction
                        .prepare_cached("DELETE FROM pieces WHERE place IN (SELECT place FROM chunks WHERE stream = ?1)")?
                        .execute([stream.0])?;
                    transaction
                        .prepare_cached("DELETE FROM chunks WHERE stream = ?1")?
                        .execute([stream.0])?;
                    records::erase(transaction, stream)?;
                }
                Ok(gone as u64)
            })?;
        }
        self.write(|transaction| records::forget(transaction, day))?;
        self.empty_log()?;
        Ok(erased)
    }

    fn accounts_after(&self, after: Option<StreamId>, most: usize) -> Result<Vec<(StreamId, Account)>, StoreError> {
        let reader = self.reader();
        let mut select = reader.prepare_cached(&format!(
            "SELECT {ACCOUNT_COLUMNS}, stream FROM accounts WHERE stream > ?1 ORDER BY stream LIMIT ?2"
        ))?;
        let after = after.map(|stream| stream.0.to_vec()).unwrap_or_default();
        let rows = select.query_map(params![after, integer(most as u64)?], |row| {
            Ok((StreamId(row.get(12)?), read_account(row)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn chunks_after(&self, stream: StreamId, after: u64, most: usize) -> Result<Vec<NumberedChunk>, StoreError> {
        let reader = self.reader();
        let mut select = reader.prepare_cached(
            "SELECT number, id, content FROM chunks JOIN pieces USING (place) WHERE stream = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
        )?;
        let rows = select.query_map(params![stream.0, integer(after)?, integer(most as u64)?], |row| {
            Ok(NumberedChunk {
                number: natural(row.get(0)?),
                id: ChunkId(row.get(1)?),
                bytes: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn records_kept(&self, stream: StreamId) -> Result<(Vec<RecordKept>, Option<Vec<u8>>), StoreError> {
        records::kept(&self.reader(), stream)
    }

    fn begin_again(&self, generation: [u8; 16], day: i64) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute("UPDATE filling SET generation = ?1", [generation])?;
            transaction.execute(
                "UPDATE accounts SET cursor = cursor + ?1, last_swap = last_swap + ?1, read_day = max(read_day, ?2)",
                params![integer(NEVER_GIVEN)?, day],
            )?;
            Ok(())
        })
    }

    fn account_totals(&self) -> Result<AccountTotals, StoreError> {
        Ok(self
            .reader()
            .query_row("SELECT count(*), coalesce(sum(bytes), 0) FROM accounts", [], |row| {
                Ok(AccountTotals {
                    accounts: natural(row.get(0)?),
                    bytes: natural(row.get(1)?),
                })
            })?)
    }
}

fn page(
    transaction: &Transaction<'_>,
    stream: StreamId,
    cursor: u64,
    most: usize,
    bytes: usize,
) -> Result<Option<Page>, StoreError> {
    let Some(account) = account(transaction, stream)?.filter(|account| account.deleted_day.is_none()) else {
        return Ok(None);
    };
    let mut page = Page {
        standing: account.standing,
        chunks: Vec::new(),
        cursor: account.standing.cursor,
        more: false,
    };
    if cursor >= account.standing.cursor {
        return Ok(Some(page));
    }
    let mut select = transaction.prepare_cached(
        // A chunk without its piece shows as damage and is not passed over.
        "SELECT number, content FROM chunks LEFT JOIN pieces USING (place) WHERE stream = ?1 AND number > ?2 ORDER BY number",
    )?;
    let mut rows = select.query(params![stream.0, integer(cursor)?])?;
    let mut taken = 0;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let content = row.get_ref(1)?.as_blob().map_err(|_| StoreError::Damaged)?;
        if page.chunks.len() >= most || (!page.chunks.is_empty() && content.len().saturating_add(taken) > bytes) {
            page.more = true;
            break;
        }
        taken = taken.saturating_add(content.len());
        page.chunks.push(content.to_vec());
        last = Some(natural(row.get(0)?));
    }
    if let (true, Some(last)) = (page.more, last) {
        page.cursor = last;
    }
    Ok(Some(page))
}

/// Makes one change. What refuses it is found before anything is written: the other changes of the transaction stay.
fn apply(transaction: &Transaction<'_>, write: &StreamWrite, places: &mut Range<i64>) -> Result<Written, StoreError> {
    let stream = write.stream();
    let before = account(transaction, stream)?;
    if let StreamWrite::Open { key, opening, day, .. } = write {
        let after = if let Some(account) = before {
            account.reopened(key)
        } else {
            let account = Account::opened(*key, *opening, *day);
            insert(transaction, stream, &account)?;
            Ok(account)
        };
        return Ok(after.map(|account| account.standing));
    }
    let Some(before) = before else {
        return Ok(Err(Refused::NoAccount));
    };
    let after = match write {
        StreamWrite::Open { .. } => Ok(before),
        StreamWrite::Push {
            epoch,
            last_swap,
            chunks,
            most,
            ..
        } => {
            let new = new_chunks(transaction, stream, chunks)?;
            let after = before.pushed(*epoch, *last_swap, extent(&new), *most);
            if after.is_ok() {
                store(transaction, stream, before.standing.cursor, &new, places)?;
            }
            after
        }
        StreamWrite::Swap {
            epoch,
            cursor,
            add,
            remove: gone,
            most,
            ..
        } => {
            let new = new_chunks(transaction, stream, add)?;
            let removed = found(transaction, stream, gone)?;
            let bytes = removed.iter().map(|found| found.bytes).fold(0, u64::saturating_add);
            let after = before.swapped(*epoch, *cursor, extent(&new), bytes, *most);
            if after.is_ok() {
                store(transaction, stream, before.standing.cursor, &new, places)?;
                erase(transaction, stream, &removed)?;
            }
            after
        }
        StreamWrite::Install(install) => {
            let new = new_chunks(transaction, stream, &install.add)?;
            let removed = found(transaction, stream, &install.remove)?;
            let bytes = removed.iter().map(|found| found.bytes).fold(0, u64::saturating_add);
            let held = records::to_follow(transaction, stream, before.standing, install.day)?;
            match before.installed(install, &held, extent(&new), bytes) {
                Err(refused) => Err(refused),
                Ok(installed) => {
                    store(transaction, stream, before.standing.cursor, &new, places)?;
                    erase(transaction, stream, &removed)?;
                    records::replace(transaction, install, &installed)?;
                    Ok(installed.account)
                }
            }
        }
        StreamWrite::Delete {
            opening, cursor, day, ..
        } => before.deleted(*opening, *cursor, *day),
        StreamWrite::Revive { cursor, day, .. } => before.revived(*cursor, *day),
        StreamWrite::Read { day, .. } => Ok(before.read(*day)),
    };
    if let Ok(after) = after
        && after != before
    {
        update(transaction, stream, &after)?;
    }
    Ok(after.map(|account| account.standing))
}

const ACCOUNT_COLUMNS: &str = "key, epoch, last_swap, cursor, bytes, read_day, deleted_day, opening, record_number, record_hash,
    keyring_number, keyring_hash";
const ACCOUNT: &str = "SELECT key, epoch, last_swap, cursor, bytes, read_day, deleted_day, opening, record_number, record_hash,
    keyring_number, keyring_hash FROM accounts WHERE stream = ?1";

fn served(connection: &Connection, stream: StreamId) -> Result<Option<Account>, StoreError> {
    Ok(account(connection, stream)?.filter(|account| account.deleted_day.is_none()))
}

fn account(connection: &Connection, stream: StreamId) -> Result<Option<Account>, StoreError> {
    Ok(connection
        .prepare_cached(ACCOUNT)?
        .query_row([stream.0], read_account)
        .optional()?)
}

fn read_account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        key: PublicKey(row.get(0)?),
        standing: Standing {
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

fn insert(transaction: &Transaction<'_>, stream: StreamId, account: &Account) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO accounts (stream, key, epoch, last_swap, cursor, bytes, read_day, opening) VALUES (?1, ?2, 0, 0, 0, 0, ?3, ?4)",
        )?
        .execute(params![
            stream.0,
            account.key.0,
            account.read_day,
            account.standing.opening
        ])?;
    Ok(())
}

fn update(transaction: &Transaction<'_>, stream: StreamId, account: &Account) -> Result<(), StoreError> {
    let number = |mark: Option<Mark>| mark.map(|mark| integer(mark.number)).transpose();
    let Standing { record, keyring, .. } = account.standing;
    transaction
        .prepare_cached(
            "UPDATE accounts SET epoch = ?2, last_swap = ?3, cursor = ?4, bytes = ?5, read_day = ?6, deleted_day = ?7, key = ?8,
                    record_number = ?9, record_hash = ?10, keyring_number = ?11, keyring_hash = ?12
             WHERE stream = ?1",
        )?
        .execute(params![
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
        ])?;
    Ok(())
}

#[cfg(test)]
mod tests;
