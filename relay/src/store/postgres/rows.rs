//! The rows of accounts and chunks in PostgreSQL, for the rules of [`crate::store::changes`] and [`crate::store::reading`]: a handful of statements
//! for a whole transaction.

use std::collections::{BTreeSet, HashMap};

use postgres::Row;
use postgres::types::Type;
use techo_protocol::household::sync_api::{ChunkId, Mark, StreamId};

use super::PostgresStore;
use super::columns::{account_columns, bytes, get, integer, natural, read_account};
use super::connection::{Done, Trouble, Work};
use crate::store::account::{Account, Chunk};
use crate::store::rows::{AccountChange, Changes, Changing, ChunkName, Due, Reading, StreamDatabase, StreamRows};
use crate::store::{StoreError, Wake};

/// Wakes in one notification: PostgreSQL takes under 8,000 bytes.
const WAKES: usize = 400;

impl StreamDatabase for PostgresStore {
    type Error = Trouble;

    fn read<T>(&self, work: impl Fn(Reading<'_, Trouble>) -> Done<T>) -> Result<T, StoreError> {
        let channel = self.channel();
        self.pool()?.read(|rows| {
            work(&mut PostgresRows {
                work: rows,
                channel: &channel,
            })
        })
    }

    fn change<T>(&self, work: impl Fn(Changing<'_, Trouble>) -> Done<T>) -> Result<T, StoreError> {
        let channel = self.channel();
        self.pool()?.write(|rows| {
            work(&mut PostgresRows {
                work: rows,
                channel: &channel,
            })
        })
    }

    fn accounts_due(&self, due: Due) -> Result<Vec<StreamId>, StoreError> {
        let rows = self.pool()?.read_all(
            "SELECT stream FROM accounts WHERE deleted_day < $1 OR read_day < $2",
            &[&due.deleted_before, &due.read_before],
        )?;
        rows.iter().map(|row| Ok(StreamId(bytes(row, 0)?))).collect()
    }
}

/// The rows of a transaction.
pub struct PostgresRows<'w, 'c> {
    /// The transaction that the rows are read and changed in.
    pub work: &'w mut Work<'c>,
    /// The channel on which other processes listen.
    channel: &'w str,
}

impl StreamRows for PostgresRows<'_, '_> {
    fn accounts(&mut self, streams: &BTreeSet<StreamId>) -> Done<HashMap<StreamId, Account>> {
        let names: Vec<&[u8]> = streams.iter().map(|stream| &stream.0[..]).collect();
        let rows = self.work.query(LOCKED, &[&names])?;
        let read = |row: &Row| Ok((StreamId(bytes(row, 12)?), read_account(row)?));
        rows.iter().map(read).collect()
    }

    fn open(&mut self, stream: StreamId, account: &Account) -> Done<bool> {
        let opened = self.work.execute(
            "INSERT INTO accounts (stream, key, epoch, last_swap, cursor, bytes, read_day, opening) VALUES ($1, $2, 0, 0, 0, 0, $3, $4)
             ON CONFLICT (stream) DO NOTHING",
            &[
                &&stream.0[..],
                &&account.key.0[..],
                &account.read_day,
                &&account.head.opening[..],
            ],
        )?;
        Ok(opened > 0)
    }

    fn lengths(&mut self, names: &BTreeSet<ChunkName>) -> Done<HashMap<ChunkName, u64>> {
        if names.is_empty() {
            return Ok(HashMap::new());
        }
        let (streams, ids) = columns(names);
        let rows = self.work.query(LENGTHS, &[&streams, &ids])?;
        let read = |row: &Row| {
            let name = (StreamId(bytes(row, 0)?), ChunkId(bytes(row, 1)?));
            Ok((name, natural(get(row, 2)?)))
        };
        rows.iter().map(read).collect()
    }

    fn write(&mut self, changes: &Changes<'_>) -> Done<()> {
        if !changes.removed.is_empty() {
            let (streams, ids) = columns(&changes.removed);
            self.work.execute(REMOVE, &[&streams, &ids])?;
        }
        let (moved, others): (Vec<&AccountChange>, Vec<&AccountChange>) =
            changes.accounts.iter().partition(|change| has_only_moved(change));
        for change in others {
            self.update(change.stream, &change.after)?;
        }
        self.copy(changes)?;
        self.move_and_tell(&moved, &changes.told)
    }

    fn erase_if_due(&mut self, stream: StreamId, due: Due) -> Done<bool> {
        let erased = self.work.execute(
            "DELETE FROM accounts WHERE stream = $1 AND (deleted_day < $2 OR read_day < $3)",
            &[&&stream.0[..], &due.deleted_before, &due.read_before],
        )?;
        if erased == 0 {
            return Ok(false);
        }
        for statement in [
            "DELETE FROM chunks WHERE stream = $1",
            "DELETE FROM records WHERE stream = $1",
            "DELETE FROM keyrings WHERE stream = $1",
            "DELETE FROM old_keys WHERE stream = $1",
            "DELETE FROM words WHERE stream = $1",
            "DELETE FROM locators WHERE stream = $1",
        ] {
            self.work.execute(statement, &[&&stream.0[..]])?;
        }
        Ok(true)
    }

    fn begin_again(&mut self, generation: [u8; 16], numbers: u64, day: i64) -> Done<()> {
        self.work.execute("UPDATE relay SET generation = $1", &[&&generation[..]])?;
        self.work.execute(
            "UPDATE accounts SET cursor = cursor + $1, last_swap = last_swap + $1, read_day = greatest(read_day, $2)",
            &[&integer(numbers)?, &day],
        )?;
        Ok(())
    }
}

/// Accounts that are about to change, locked in one order, that nobody waits for another in a circle.
pub const LOCKED: &str = concat!(
    "SELECT ",
    account_columns!(),
    ", a.stream FROM accounts a WHERE a.stream = ANY($1) ORDER BY a.stream FOR NO KEY UPDATE"
);

pub const LENGTHS: &str =
    "SELECT c.stream, c.id, octet_length(c.content)::bigint FROM unnest($1::bytea[], $2::bytea[]) AS named (stream, id)
    JOIN chunks c ON c.stream = named.stream AND c.id = named.id";

pub const REMOVE: &str = "DELETE FROM chunks c USING unnest($1::bytea[], $2::bytea[]) AS gone (stream, id)
    WHERE c.stream = gone.stream AND c.id = gone.id";

/// New chunks: whole pages of rows at once.
const ADD: &str = "COPY chunks (stream, number, id, content) FROM STDIN BINARY";

/// Where accounts stand, and who is told of it: one statement, since each costs a turn with the database.
pub const WRITE: &str = "WITH moved AS (
        UPDATE accounts a SET last_swap = m.last_swap, cursor = m.cursor, bytes = m.bytes, read_day = m.read_day
        FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
             AS m (stream, last_swap, cursor, bytes, read_day)
        WHERE a.stream = m.stream
    )
    SELECT pg_notify($6::text, told) FROM unnest($7::text[]) AS told";

/// The streams and the ids of chunks, for two columns.
fn columns(names: &BTreeSet<ChunkName>) -> (Vec<&[u8]>, Vec<&[u8]>) {
    names.iter().map(|(stream, id)| (&stream.0[..], &id.0[..])).unzip()
}

/// Whether an account has only another place in its stream: nearly all that change have.
fn has_only_moved(change: &AccountChange) -> bool {
    let mut moved = change.before;
    moved.head.last_swap = change.after.head.last_swap;
    moved.head.cursor = change.after.head.cursor;
    moved.bytes = change.after.bytes;
    moved.read_day = change.after.read_day;
    moved == change.after
}

impl PostgresRows<'_, '_> {
    fn copy(&mut self, changes: &Changes<'_>) -> Done<()> {
        if changes.added.is_empty() {
            return Ok(());
        }
        let mut rows = self
            .work
            .copy_rows(ADD, &[Type::BYTEA, Type::INT8, Type::BYTEA, Type::BYTEA])?;
        for ((stream, number), Chunk { id, bytes }) in &changes.added {
            rows.write(&[&&stream.0[..], &integer(*number)?, &&id.0[..], &&bytes[..]])?;
        }
        rows.finish()?;
        Ok(())
    }

    fn move_and_tell(&mut self, moved: &[&AccountChange], told: &BTreeSet<StreamId>) -> Done<()> {
        if moved.is_empty() && told.is_empty() {
            return Ok(());
        }
        let streams: Vec<&[u8]> = moved.iter().map(|change| &change.stream.0[..]).collect();
        let column = |of: fn(&Account) -> u64| {
            let values = moved.iter().map(|change| integer(of(&change.after)));
            values.collect::<Result<Vec<_>, _>>()
        };
        let days: Vec<i64> = moved.iter().map(|change| change.after.read_day).collect();
        let wakes: BTreeSet<Wake> = told.iter().map(|stream| Wake::of_stream(*stream)).collect();
        let wakes: Vec<String> = wakes.into_iter().map(Wake::text).collect();
        let notifications: Vec<String> = wakes.chunks(WAKES).map(<[String]>::concat).collect();
        self.work.query(
            WRITE,
            &[
                &streams,
                &column(|account| account.head.last_swap)?,
                &column(|account| account.head.cursor)?,
                &column(|account| account.bytes)?,
                &days,
                &self.channel,
                &notifications,
            ],
        )?;
        Ok(())
    }

    fn update(&mut self, stream: StreamId, account: &Account) -> Done<()> {
        let head = account.head;
        let number = |mark: Option<Mark>| mark.map(|mark| integer(mark.number)).transpose();
        let hash = |mark: &Option<Mark>| -> Option<Vec<u8>> { mark.as_ref().map(|mark| mark.hash.to_vec()) };
        let updated = self.work.execute(
            "UPDATE accounts SET epoch = $2, last_swap = $3, cursor = $4, bytes = $5, read_day = $6, deleted_day = $7, key = $8,
                    record_number = $9, record_hash = $10, keyring_number = $11, keyring_hash = $12
             WHERE stream = $1",
            &[
                &&stream.0[..],
                &i64::from(head.epoch),
                &integer(head.last_swap)?,
                &integer(head.cursor)?,
                &integer(account.bytes)?,
                &account.read_day,
                &account.deleted_day,
                &&account.key.0[..],
                &number(head.record)?,
                &hash(&head.record),
                &number(head.keyring)?,
                &hash(&head.keyring),
            ],
        )?;
        if updated == 1 {
            Ok(())
        } else {
            Err(StoreError::Failed.into())
        }
    }
}
