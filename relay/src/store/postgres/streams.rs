//! Households' streams in PostgreSQL.

use postgres::Row;
use techo_protocol::keys::PublicKey;
use techo_protocol::sync_api::{Mark, StreamId};

use super::connection::{Done, Work};
use super::{PostgresStore, batch, records};
use crate::store::StoreError;
use crate::store::streams::{
    Account, AccountTotals, KeysHeld, Page, RecordsHeld, Standing, StreamStore, StreamWrite, Written, revivable_from,
};

impl StreamStore for PostgresStore {
    fn generation(&self) -> Result<[u8; 16], StoreError> {
        Ok(self.generation)
    }

    fn account(&self, stream: StreamId) -> Result<Option<Account>, StoreError> {
        self.pool()?.read_one(ACCOUNT, &[&&stream.0[..]], read_account)
    }

    fn write_streams(&self, writes: &[StreamWrite]) -> Result<Vec<Written>, StoreError> {
        let channel = self.channel();
        self.pool()?.write(|work| batch::write(work, writes, &channel))
    }

    fn keys(&self, stream: StreamId) -> Result<KeysHeld, StoreError> {
        self.pool()?.read(|work| records::keys(work, stream))
    }

    fn records(&self, stream: StreamId, since: Option<u64>) -> Result<Option<RecordsHeld>, StoreError> {
        self.pool()?.read(|work| match served(work, stream)? {
            Some(account) => records::held(work, stream, account.standing, since).map(Some),
            None => Ok(None),
        })
    }

    fn located(&self, locator: [u8; 16]) -> Result<Option<StreamId>, StoreError> {
        self.pool()?.read(|work| records::located(work, locator))
    }

    fn inventory(&self, stream: StreamId) -> Result<Option<(Standing, Vec<u8>)>, StoreError> {
        self.pool()?.read(|work| {
            let Some(account) = served(work, stream)? else {
                return Ok(None);
            };
            let rows = work.query("SELECT id FROM chunks WHERE stream = $1 ORDER BY number", &[&&stream.0[..]])?;
            let mut ids = Vec::with_capacity(16 * rows.len());
            for row in &rows {
                ids.extend_from_slice(&bytes::<16>(row, 0)?);
            }
            Ok(Some((account.standing, ids)))
        })
    }

    fn page(&self, stream: StreamId, cursor: u64, most: usize, bytes: usize) -> Result<Option<Page>, StoreError> {
        let after = i64::try_from(cursor).unwrap_or(i64::MAX);
        let (most, bytes) = (integer(most as u64)?, integer(bytes as u64)?);
        let rows = self.pool()?.read_all(PAGE, &[&&stream.0[..], &after, &most, &bytes])?;
        let Some(first) = rows.first() else { return Ok(None) };
        let standing = read_account(first)?.standing;
        let mut page = Page {
            standing,
            chunks: Vec::with_capacity(rows.len()),
            cursor: standing.cursor,
            more: false,
        };
        let mut last = None;
        for row in &rows {
            let (number, content): (Option<i64>, Option<Vec<u8>>) = (get(row, 12)?, get(row, 13)?);
            if let Some((number, content)) = number.zip(content) {
                page.chunks.push(content);
                last = Some(natural(number));
                page.more = natural(get(row, 14)?) > page.chunks.len() as u64;
            }
        }
        if let (true, Some(last)) = (page.more, last) {
            page.cursor = last;
        }
        Ok(Some(page))
    }

    fn forget_accounts(&self, day: i64, unread_days: i64) -> Result<u64, StoreError> {
        let (deleted_before, read_before) = (revivable_from(day), day.saturating_sub(unread_days));
        let due = self.pool()?.read_all(
            "SELECT stream FROM accounts WHERE deleted_day < $1 OR read_day < $2",
            &[&deleted_before, &read_before],
        )?;
        let mut erased = 0;
        for row in &due {
            let stream: [u8; 16] = bytes(row, 0)?;
            // A transaction each, so that pushes need not wait for all of them; and each is looked at again, for it may have been read.
            erased += self.pool()?.write(|work| {
                let gone = work.execute(
                    "DELETE FROM accounts WHERE stream = $1 AND (deleted_day < $2 OR read_day < $3)",
                    &[&&stream[..], &deleted_before, &read_before],
                )?;
                if gone > 0 {
                    work.execute("DELETE FROM chunks WHERE stream = $1", &[&&stream[..]])?;
                    records::erase(work, &stream)?;
                }
                Ok(gone)
            })?;
        }
        self.pool()?.write(|work| records::forget(work, day))?;
        Ok(erased)
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

/// An account's columns, as [`read_account`] reads them.
macro_rules! account_columns {
    () => {
        "a.key, a.epoch, a.last_swap, a.cursor, a.bytes, a.read_day, a.deleted_day, a.opening, a.record_number, a.record_hash, \
         a.keyring_number, a.keyring_hash"
    };
}

const ACCOUNT: &str = concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.stream = $1");

/// Accounts that are about to change, locked in one order, that nobody waits for another in a circle.
pub const LOCKED: &str = concat!(
    "SELECT ",
    account_columns!(),
    ", a.stream FROM accounts a WHERE a.stream = ANY($1) ORDER BY a.stream FOR NO KEY UPDATE"
);

/// An account and, in one statement and so of one moment, what comes after a number: at most so many, and of more than one at most so many bytes.
/// The last column is how many there are, up to one more than asked.
const PAGE: &str = concat!(
    "SELECT ",
    account_columns!(),
    ", c.number, c.content, c.all_there FROM accounts a LEFT JOIN LATERAL (
        SELECT number, content, all_there FROM (
            SELECT number, content, count(*) OVER () AS all_there, row_number() OVER up_to AS nth,
                   sum(octet_length(content)) OVER up_to AS length
            FROM (SELECT number, content FROM chunks WHERE stream = a.stream AND number > $2::bigint ORDER BY number LIMIT $3::bigint + 1) AS next
            WINDOW up_to AS (ORDER BY number)
        ) AS measured
        WHERE nth = 1 OR (nth <= $3::bigint AND length <= $4::bigint)
     ) AS c ON true
     WHERE a.stream = $1 AND a.deleted_day IS NULL ORDER BY c.number"
);

fn served(work: &mut Work<'_>, stream: StreamId) -> Done<Option<Account>> {
    let row = work.query_opt(ACCOUNT, &[&&stream.0[..]])?;
    let account = row.as_ref().map(read_account).transpose()?;
    Ok(account.filter(|account| account.deleted_day.is_none()))
}

/// An account from the first columns of a row.
pub fn read_account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        key: PublicKey(bytes(row, 0)?),
        standing: Standing {
            epoch: u32::try_from(get::<i64>(row, 1)?).map_err(|_| StoreError::Damaged)?,
            last_swap: natural(get(row, 2)?),
            cursor: natural(get(row, 3)?),
            opening: bytes(row, 7)?,
            record: read_mark(row, 8)?,
            keyring: read_mark(row, 10)?,
        },
        bytes: natural(get(row, 4)?),
        read_day: get(row, 5)?,
        deleted_day: get(row, 6)?,
    })
}

fn read_mark(row: &Row, at: usize) -> Result<Option<Mark>, StoreError> {
    let number: Option<i64> = get(row, at)?;
    number
        .map(|number| {
            Ok(Mark {
                number: natural(number),
                hash: bytes(row, at + 1)?,
            })
        })
        .transpose()
}

/// A column of a row; of another type only in a damaged database.
pub fn get<'r, T: postgres::types::FromSql<'r>>(row: &'r Row, at: usize) -> Result<T, StoreError> {
    row.try_get(at).map_err(|_| StoreError::Damaged)
}

/// Bytes of a fixed length; of another length only in a damaged database.
pub fn bytes<const N: usize>(row: &Row, at: usize) -> Result<[u8; N], StoreError> {
    get::<&[u8]>(row, at)?.try_into().map_err(|_| StoreError::Damaged)
}

/// A count or length for a column.
pub fn integer(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Failed)
}

/// A count or length from a column; only a damaged one is negative.
pub fn natural(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
