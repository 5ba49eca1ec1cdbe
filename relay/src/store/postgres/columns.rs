//! Columns of the database's rows: an account's, and what a value of each type is read from and written as.

use postgres::Row;
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::Mark;

use crate::store::StoreError;
use crate::store::account::{Account, StreamHead};

/// An account's columns, as [`read_account`] reads them.
macro_rules! account_columns {
    () => {
        "a.key, a.epoch, a.last_swap, a.cursor, a.bytes, a.read_day, a.deleted_day, a.opening, a.record_number, a.record_hash, \
         a.keyring_number, a.keyring_hash"
    };
}

pub(super) use account_columns;

/// An account from the first columns of a row.
pub fn read_account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        key: PublicKey(bytes(row, 0)?),
        head: StreamHead {
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
