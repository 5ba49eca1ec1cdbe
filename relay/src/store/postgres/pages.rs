//! Households' streams in PostgreSQL: what is asked of them.

use std::collections::HashMap;

use postgres::Row;
use techo_protocol::household::sync_api::{ChunkId, StreamId};

use super::PostgresStore;
use super::columns::{account_columns, bytes, get, integer, natural, read_account};
use super::reading::{ACCOUNT, keyring};
use crate::store::account::{Account, KeysHeld, RecordsHeld, StreamHead, StreamWrite, Written};
use crate::store::reading::{self, Filling};
use crate::store::rows::StreamDatabase;
use crate::store::stream_store::{AccountTotals, NumberedChunk, Page, RecordKept, StreamStore};
use crate::store::{StoreError, changes};

impl StreamStore for PostgresStore {
    fn generation(&self) -> Result<[u8; 16], StoreError> {
        Ok(self.generation)
    }

    fn account(&self, stream: StreamId) -> Result<Option<Account>, StoreError> {
        self.pool()?.read_one(ACCOUNT, &[&&stream.0[..]], read_account)
    }

    fn accounts(&self, streams: &[StreamId]) -> Result<Vec<Option<Account>>, StoreError> {
        let names: Vec<&[u8]> = streams.iter().map(|stream| &stream.0[..]).collect();
        let rows = self.pool()?.read_all(ACCOUNTS, &[&names])?;
        let read = |row: &Row| Ok((StreamId(bytes(row, 12)?), read_account(row)?));
        let found: HashMap<StreamId, Account> = rows.iter().map(read).collect::<Result<_, StoreError>>()?;
        Ok(streams.iter().map(|stream| found.get(stream).copied()).collect())
    }

    fn write_streams(&self, writes: &[StreamWrite]) -> Result<Vec<Written>, StoreError> {
        changes::write(self, writes)
    }

    fn keys(&self, stream: StreamId) -> Result<KeysHeld, StoreError> {
        self.read(|rows| rows.keys(stream))
    }

    fn records(&self, stream: StreamId, since: Option<u64>) -> Result<Option<RecordsHeld>, StoreError> {
        reading::records(self, stream, since)
    }

    fn located(&self, locator: [u8; 16]) -> Result<Option<StreamId>, StoreError> {
        let sql = "SELECT stream FROM locators WHERE locator = $1";
        self.pool()?
            .read_one(sql, &[&&locator[..]], |row| Ok(StreamId(bytes(row, 0)?)))
    }

    fn inventory(&self, stream: StreamId) -> Result<Option<(StreamHead, Vec<u8>)>, StoreError> {
        reading::inventory(self, stream)
    }

    fn page(&self, stream: StreamId, cursor: u64, most: usize, bytes: usize) -> Result<Option<Page>, StoreError> {
        let pages = self.pages(&[(stream, cursor)], most, bytes)?;
        pages.into_iter().next().ok_or(StoreError::Failed)
    }

    fn pages(&self, after: &[(StreamId, u64)], most: usize, bytes: usize) -> Result<Vec<Option<Page>>, StoreError> {
        let asked: Vec<(StreamId, i64)> = after
            .iter()
            .map(|(stream, cursor)| (*stream, i64::try_from(*cursor).unwrap_or(i64::MAX)))
            .collect();
        let mut pages: Vec<Option<Filling>> = after.iter().map(|_| None).collect();
        let mut large = Vec::new();
        for row in &self.page_rows(PAGES, &asked, most, bytes)? {
            let at = nth(row)?;
            let account = read_account(row)?;
            let page = pages.get_mut(at).ok_or(StoreError::Failed)?;
            if account.bytes > bytes as u64 {
                large.push(at);
            } else {
                fill(page.insert(Filling::new(account.head, most, bytes)), row)?;
            }
        }
        if !large.is_empty() {
            let asked: Vec<(StreamId, i64)> = large.iter().filter_map(|at| asked.get(*at).copied()).collect();
            for row in &self.page_rows(LARGE_PAGES, &asked, most, bytes)? {
                let at = large.get(nth(row)?).ok_or(StoreError::Failed)?;
                let page = pages.get_mut(*at).ok_or(StoreError::Failed)?;
                if page.is_none() {
                    *page = Some(Filling::new(read_account(row)?.head, most, bytes));
                }
                if let Some(page) = page {
                    fill_one(page, row)?;
                }
            }
        }
        Ok(pages.into_iter().map(|page| page.map(Filling::end)).collect())
    }

    fn forget_accounts(&self, day: i64, unread_days: i64) -> Result<u64, StoreError> {
        changes::forget(self, day, unread_days)
    }

    fn accounts_after(&self, after: Option<StreamId>, most: usize) -> Result<Vec<(StreamId, Account)>, StoreError> {
        let after = after.map(|stream| stream.0.to_vec()).unwrap_or_default();
        let rows = self.pool()?.read_all(ACCOUNTS_AFTER, &[&after, &integer(most as u64)?])?;
        rows.iter()
            .map(|row| Ok((StreamId(bytes(row, 12)?), read_account(row)?)))
            .collect()
    }

    fn chunks_after(&self, stream: StreamId, after: u64, most: usize) -> Result<Vec<NumberedChunk>, StoreError> {
        let rows = self.pool()?.read_all(
            "SELECT number, id, content FROM chunks WHERE stream = $1 AND number > $2 ORDER BY number LIMIT $3",
            &[&&stream.0[..], &integer(after)?, &integer(most as u64)?],
        )?;
        rows.iter()
            .map(|row| {
                Ok(NumberedChunk {
                    number: natural(get(row, 0)?),
                    id: ChunkId(bytes(row, 1)?),
                    bytes: get(row, 2)?,
                })
            })
            .collect()
    }

    fn records_kept(&self, stream: StreamId) -> Result<(Vec<RecordKept>, Option<Vec<u8>>), StoreError> {
        self.pool()?.read(|work| {
            let rows = work.query(
                "SELECT number, replaced_day, content FROM records WHERE stream = $1 ORDER BY number",
                &[&&stream.0[..]],
            )?;
            let read = |row: &Row| {
                Ok(RecordKept {
                    number: natural(get(row, 0)?),
                    replaced_day: get(row, 1)?,
                    bytes: get(row, 2)?,
                })
            };
            let records = rows.iter().map(read).collect::<Result<_, StoreError>>()?;
            Ok((records, keyring(work, stream)?))
        })
    }

    fn begin_again(&self, generation: [u8; 16], day: i64) -> Result<(), StoreError> {
        changes::begin_again(self, generation, day)
    }

    fn account_totals(&self) -> Result<AccountTotals, StoreError> {
        let totals = self
            .pool()?
            .read_all("SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM accounts", &[])?;
        let row = totals.first().ok_or(StoreError::Failed)?;
        Ok(AccountTotals {
            accounts: natural(get(row, 0)?),
            bytes: natural(get(row, 1)?),
        })
    }
}

pub const ACCOUNTS: &str = concat!(
    "SELECT ",
    account_columns!(),
    ", a.stream FROM accounts a WHERE a.stream = ANY($1)"
);

const ACCOUNTS_AFTER: &str = concat!(
    "SELECT ",
    account_columns!(),
    ", a.stream FROM accounts a WHERE a.stream > $1 ORDER BY a.stream LIMIT $2"
);

/// Accounts and, in one statement and so of one moment, what comes after a number in each that has at most so many bytes altogether: nearly all
/// have. One more chunk than asked says that there is more. The column after the chunks is which of the asked pages it is.
pub const PAGES: &str = concat!(
    "SELECT ",
    account_columns!(),
    ", c.numbers, c.contents, asked.nth
     FROM unnest($1::bytea[], $2::bigint[]) WITH ORDINALITY AS asked (stream, after, nth)
     JOIN accounts a ON a.stream = asked.stream AND a.deleted_day IS NULL
     LEFT JOIN LATERAL (
        SELECT array_agg(number) AS numbers, array_agg(content) AS contents FROM (
            SELECT number, content FROM chunks
            WHERE stream = a.stream AND number > asked.after AND a.bytes <= $4::bigint
            ORDER BY number LIMIT $3::bigint + 1
        ) AS next
     ) AS c ON true"
);

/// The same where an account may have more bytes than a page: a row each chunk, of more than one at most so many bytes. The first that is too
/// much comes without its content and says that there is more.
pub const LARGE_PAGES: &str = concat!(
    "SELECT ",
    account_columns!(),
    ", c.number, c.content, asked.nth
     FROM unnest($1::bytea[], $2::bigint[]) WITH ORDINALITY AS asked (stream, after, nth)
     JOIN accounts a ON a.stream = asked.stream AND a.deleted_day IS NULL
     LEFT JOIN LATERAL (
        SELECT number, CASE WHEN nth = 1 OR (nth <= $3::bigint AND length <= $4::bigint) THEN content END AS content FROM (
            SELECT number, content, row_number() OVER up_to AS nth, sum(octet_length(content)) OVER up_to AS length
            FROM (
                SELECT number, content FROM chunks WHERE stream = a.stream AND number > asked.after ORDER BY number LIMIT $3::bigint + 1
            ) AS next
            WINDOW up_to AS (ORDER BY number ROWS UNBOUNDED PRECEDING)
        ) AS measured
        WHERE nth <= 2 OR length - octet_length(content) <= $4::bigint
     ) AS c ON true
     ORDER BY asked.nth, c.number"
);

impl PostgresStore {
    fn page_rows(&self, sql: &'static str, asked: &[(StreamId, i64)], most: usize, bytes: usize) -> Result<Vec<Row>, StoreError> {
        let (streams, cursors): (Vec<&[u8]>, Vec<i64>) = asked.iter().map(|(stream, cursor)| (&stream.0[..], *cursor)).unzip();
        let (most, bytes) = (integer(most as u64)?, integer(bytes as u64)?);
        self.pool()?.read_all(sql, &[&streams, &cursors, &most, &bytes])
    }
}

/// Which of the asked pages a row is of.
fn nth(row: &Row) -> Result<usize, StoreError> {
    let nth = usize::try_from(get::<i64>(row, 14)?).ok();
    nth.and_then(|nth| nth.checked_sub(1)).ok_or(StoreError::Failed)
}

/// The chunks of a row of [`PAGES`], all of which the database holds small enough for one page, on it.
fn fill(filling: &mut Filling, row: &Row) -> Result<(), StoreError> {
    let numbers = get::<Option<Vec<i64>>>(row, 12)?.unwrap_or_default();
    let contents = get::<Option<Vec<Vec<u8>>>>(row, 13)?.unwrap_or_default();
    let mut chunks: Vec<(i64, Vec<u8>)> = numbers.into_iter().zip(contents).collect();
    // The database gives them in this order, and does not promise it.
    chunks.sort_by_key(|(number, _)| *number);
    for (number, content) in chunks {
        if !filling.takes(content.len()) {
            break;
        }
        filling.add(natural(number), content);
    }
    Ok(())
}

/// The chunk of a row of [`LARGE_PAGES`], if it has one, on its page.
fn fill_one(filling: &mut Filling, row: &Row) -> Result<(), StoreError> {
    let Some(number) = get::<Option<i64>>(row, 12)? else {
        return Ok(());
    };
    match get::<Option<Vec<u8>>>(row, 13)? {
        Some(content) if filling.takes(content.len()) => filling.add(natural(number), content),
        Some(_) => {}
        None => filling.note_more(),
    }
    Ok(())
}
