//! Households' streams in SQLite: what is asked of them.

use rusqlite::{OptionalExtension, Transaction, params};
use techo_protocol::household::sync_api::{ChunkId, StreamId};

use super::rows::{ACCOUNTS_AFTER, SqliteRows, account, read_account};
use super::{SqliteStore, integer, natural};
use crate::store::account::{Account, KeysHeld, RecordsHeld, StreamHead, StreamWrite, Written};
use crate::store::reading::{self, Filling};
use crate::store::rows::ReadRows;
use crate::store::stream_store::{AccountTotals, NumberedChunk, Page, RecordKept, StreamStore};
use crate::store::{StoreError, changes};

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
        changes::write(self, writes)
    }

    fn accounts(&self, streams: &[StreamId]) -> Result<Vec<Option<Account>>, StoreError> {
        let mut reader = self.reader();
        // Beginning and ending a transaction costs more than reading an account does.
        let transaction = reader.transaction()?;
        streams.iter().map(|stream| account(&transaction, *stream)).collect()
    }

    fn keys(&self, stream: StreamId) -> Result<KeysHeld, StoreError> {
        SqliteRows(&self.reader()).keys(stream)
    }

    fn records(&self, stream: StreamId, since: Option<u64>) -> Result<Option<RecordsHeld>, StoreError> {
        reading::records(self, stream, since)
    }

    fn located(&self, locator: [u8; 16]) -> Result<Option<StreamId>, StoreError> {
        Ok(self
            .reader()
            .prepare_cached("SELECT stream FROM locators WHERE locator = ?1")?
            .query_row([locator], |row| row.get(0).map(StreamId))
            .optional()?)
    }

    fn inventory(&self, stream: StreamId) -> Result<Option<(StreamHead, Vec<u8>)>, StoreError> {
        reading::inventory(self, stream)
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
        let erased = changes::forget(self, day, unread_days)?;
        self.empty_log()?;
        Ok(erased)
    }

    fn accounts_after(&self, after: Option<StreamId>, most: usize) -> Result<Vec<(StreamId, Account)>, StoreError> {
        let reader = self.reader();
        let mut select = reader.prepare_cached(ACCOUNTS_AFTER)?;
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
        let reader = self.reader();
        let mut select =
            reader.prepare_cached("SELECT number, replaced_day, content FROM records WHERE stream = ?1 ORDER BY number")?;
        let rows = select.query_map([stream.0], |row| {
            Ok(RecordKept {
                number: natural(row.get(0)?),
                replaced_day: row.get(1)?,
                bytes: row.get(2)?,
            })
        })?;
        Ok((rows.collect::<Result<_, _>>()?, SqliteRows(&reader).keyring(stream)?))
    }

    fn begin_again(&self, generation: [u8; 16], day: i64) -> Result<(), StoreError> {
        changes::begin_again(self, generation, day)
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
    let Some(account) = account(transaction, stream)?.filter(Account::is_served) else {
        return Ok(None);
    };
    let mut filling = Filling::new(account.head, most, bytes);
    if cursor >= account.head.cursor {
        return Ok(Some(filling.end()));
    }
    let mut select = transaction.prepare_cached(
        // A chunk without its piece shows as damage and is not passed over.
        "SELECT number, content FROM chunks LEFT JOIN pieces USING (place) WHERE stream = ?1 AND number > ?2 ORDER BY number",
    )?;
    let mut rows = select.query(params![stream.0, integer(cursor)?])?;
    while let Some(row) = rows.next()? {
        let content = row.get_ref(1)?.as_blob().map_err(|_| StoreError::Damaged)?;
        if !filling.takes(content.len()) {
            break;
        }
        filling.add(natural(row.get(0)?), content.to_vec());
    }
    Ok(Some(filling.end()))
}

#[cfg(test)]
mod tests;
