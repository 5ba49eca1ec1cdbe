//! A transaction's worth of changes in a handful of statements: what they need is read once for all, each is decided in memory in its order, and
//! what comes of it is written once for all.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use postgres::Row;
use postgres::types::Type;
use techo_protocol::household::sync_api::{ChunkId, Mark, StreamId};

use super::connection::{Done, Work};
use super::pages::{LOCKED, bytes, get, integer, natural, read_account};
use super::records;
use crate::store::account::{Account, Chunk, Refused, StreamWrite, Written};
use crate::store::{StoreError, Wake};

/// Wakes in one notification: PostgreSQL takes under 8,000 bytes.
const WAKES: usize = 400;

type Named = (StreamId, ChunkId);

/// Makes changes in their order, and tells those who listen to `channel` of each that others may wait for.
pub fn write(work: &mut Work<'_>, writes: &[StreamWrite], channel: &str) -> Done<Vec<Written>> {
    let mut batch = Batch::begin(work, writes)?;
    let mut told = BTreeSet::new();
    let mut outcomes = Vec::with_capacity(writes.len());
    for write in writes {
        let written = batch.apply(work, write)?;
        if written.is_ok() && !matches!(write, StreamWrite::Read { .. }) {
            told.insert(Wake::of_stream(write.stream()));
        }
        outcomes.push(written);
    }
    // In the order of their numbers, which says nothing of who wrote first.
    let told: Vec<String> = told.into_iter().map(Wake::text).collect();
    let notifications: Vec<String> = told.chunks(WAKES).map(<[String]>::concat).collect();
    batch.end(work, channel, &notifications)?;
    Ok(outcomes)
}

/// What the changes so far have come to.
struct Batch<'w> {
    /// As they are in the database.
    before: HashMap<StreamId, Account>,
    accounts: HashMap<StreamId, Account>,
    /// Rows that were put in for accounts that are opened in this batch.
    unopened: HashMap<StreamId, Account>,
    /// The length of each chunk that a change names and that is there now.
    lengths: HashMap<Named, u64>,
    added: BTreeMap<(StreamId, u64), &'w Chunk>,
    numbers: HashMap<Named, u64>,
    removed: HashSet<Named>,
}

impl<'w> Batch<'w> {
    fn begin(work: &mut Work<'_>, writes: &[StreamWrite]) -> Done<Self> {
        let streams: BTreeSet<StreamId> = writes.iter().map(StreamWrite::stream).collect();
        let mut before = locked(work, streams.iter().copied())?;
        let mut unopened = HashMap::new();
        let openings: BTreeMap<StreamId, Account> = writes.iter().rev().filter_map(opening).collect();
        for (stream, account) in openings {
            if before.contains_key(&stream) {
                continue;
            }
            if insert(work, stream, &account)? {
                unopened.insert(stream, account);
                before.insert(stream, account);
            } else {
                // Another process has opened it in the meantime.
                before.extend(locked(work, std::iter::once(stream))?);
            }
        }
        let accounts = before
            .iter()
            .filter(|(stream, _)| !unopened.contains_key(*stream))
            .map(|(stream, account)| (*stream, *account))
            .collect();
        Ok(Self {
            accounts,
            before,
            unopened,
            lengths: lengths(work, writes)?,
            added: BTreeMap::new(),
            numbers: HashMap::new(),
            removed: HashSet::new(),
        })
    }

    /// Makes one change. What refuses it is found before anything is changed: the others stay.
    fn apply(&mut self, work: &mut Work<'_>, write: &'w StreamWrite) -> Done<Written> {
        let stream = write.stream();
        if let StreamWrite::Open { .. } = write
            && let Some(account) = self.unopened.remove(&stream)
        {
            self.accounts.insert(stream, account);
        }
        let Some(before) = self.accounts.get(&stream).copied() else {
            return Ok(Err(Refused::NoAccount));
        };
        let after = match write {
            StreamWrite::Open { key, .. } => before.reopened(key),
            StreamWrite::Push {
                epoch,
                last_swap,
                chunks,
                most,
                ..
            } => {
                let new = self.new_chunks(stream, chunks);
                let after = before.pushed(*epoch, *last_swap, extent(&new), *most);
                if after.is_ok() {
                    self.add(stream, before.standing.cursor, &new);
                }
                after
            }
            StreamWrite::Swap {
                epoch,
                cursor,
                add,
                remove,
                most,
                ..
            } => {
                let new = self.new_chunks(stream, add);
                let after = before.swapped(*epoch, *cursor, extent(&new), self.bytes_of(stream, remove), *most);
                if after.is_ok() {
                    self.add(stream, before.standing.cursor, &new);
                    self.remove(stream, remove);
                }
                after
            }
            StreamWrite::Install(install) => {
                let new = self.new_chunks(stream, &install.add);
                let held = records::to_follow(work, stream, before.standing, install.day)?;
                let removed = self.bytes_of(stream, &install.remove);
                match before.installed(install, &held, extent(&new), removed) {
                    Err(refused) => Err(refused),
                    Ok(installed) => {
                        self.add(stream, before.standing.cursor, &new);
                        self.remove(stream, &install.remove);
                        records::replace(work, install, &installed)?;
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
        if let Ok(after) = after {
            self.accounts.insert(stream, after);
        }
        Ok(after.map(|account| account.standing))
    }

    /// Those that are not there yet, each once.
    fn new_chunks(&self, stream: StreamId, chunks: &'w [Chunk]) -> Vec<&'w Chunk> {
        let mut seen = HashSet::new();
        let is_new = |chunk: &&Chunk| seen.insert(chunk.id) && !self.lengths.contains_key(&(stream, chunk.id));
        chunks.iter().filter(is_new).collect()
    }

    fn bytes_of(&self, stream: StreamId, ids: &[ChunkId]) -> u64 {
        let lengths = ids.iter().filter_map(|id| self.lengths.get(&(stream, *id)));
        lengths.fold(0, |sum, length| sum.saturating_add(*length))
    }

    fn add(&mut self, stream: StreamId, after: u64, chunks: &[&'w Chunk]) {
        for (number, chunk) in (after.saturating_add(1)..).zip(chunks) {
            self.added.insert((stream, number), chunk);
            self.numbers.insert((stream, chunk.id), number);
            self.lengths.insert((stream, chunk.id), chunk.bytes.len() as u64);
        }
    }

    fn remove(&mut self, stream: StreamId, ids: &[ChunkId]) {
        for name in ids.iter().map(|id| (stream, *id)) {
            if self.lengths.remove(&name).is_none() {
                continue;
            }
            match self.numbers.remove(&name) {
                Some(number) => {
                    self.added.remove(&(stream, number));
                }
                None => {
                    self.removed.insert(name);
                }
            }
        }
    }

    /// Writes what has changed, and tells `channel`. What goes, goes first: it may have come again under another number.
    fn end(self, work: &mut Work<'_>, channel: &str, notifications: &[String]) -> Done<()> {
        if !self.removed.is_empty() {
            let streams: Vec<&[u8]> = self.removed.iter().map(|(stream, _)| &stream.0[..]).collect();
            let ids: Vec<&[u8]> = self.removed.iter().map(|(_, id)| &id.0[..]).collect();
            work.execute(REMOVE, &[&streams, &ids])?;
        }
        let moved = update(work, &self.before, &self.accounts)?;
        if self.added.is_empty() && moved.is_empty() && notifications.is_empty() {
            return Ok(());
        }
        if !self.added.is_empty() {
            let mut rows = work.copy_rows(ADD, &[Type::BYTEA, Type::INT8, Type::BYTEA, Type::BYTEA])?;
            for ((stream, number), chunk) in &self.added {
                rows.write(&[&&stream.0[..], &integer(*number)?, &&chunk.id.0[..], &&chunk.bytes[..]])?;
            }
            rows.finish()?;
        }
        let column = |of: fn(&Account) -> u64| {
            let values = moved.iter().map(|(_, account)| integer(of(account)));
            values.collect::<Result<Vec<_>, _>>()
        };
        let accounts: Vec<&[u8]> = moved.iter().map(|(stream, _)| &stream.0[..]).collect();
        let days: Vec<i64> = moved.iter().map(|(_, account)| account.read_day).collect();
        work.query(
            WRITE,
            &[
                &accounts,
                &column(|account| account.standing.last_swap)?,
                &column(|account| account.standing.cursor)?,
                &column(|account| account.bytes)?,
                &days,
                &channel,
                &notifications,
            ],
        )?;
        Ok(())
    }
}

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

pub const LENGTHS: &str =
    "SELECT c.stream, c.id, octet_length(c.content)::bigint FROM unnest($1::bytea[], $2::bytea[]) AS named (stream, id)
    JOIN chunks c ON c.stream = named.stream AND c.id = named.id";

/// The account that a write opens.
fn opening(write: &StreamWrite) -> Option<(StreamId, Account)> {
    match write {
        StreamWrite::Open {
            stream,
            key,
            opening,
            day,
        } => Some((*stream, Account::opened(*key, *opening, *day))),
        _ => None,
    }
}

fn locked(work: &mut Work<'_>, streams: impl Iterator<Item = StreamId>) -> Done<HashMap<StreamId, Account>> {
    let names: Vec<Vec<u8>> = streams.map(|stream| stream.0.to_vec()).collect();
    let rows = work.query(LOCKED, &[&names])?;
    let read = |row: &Row| Ok((StreamId(bytes(row, 12)?), read_account(row)?));
    rows.iter().map(read).collect()
}

/// Puts a new account in, and says whether there was none.
fn insert(work: &mut Work<'_>, stream: StreamId, account: &Account) -> Done<bool> {
    let inserted = work.execute(
        "INSERT INTO accounts (stream, key, epoch, last_swap, cursor, bytes, read_day, opening) VALUES ($1, $2, 0, 0, 0, 0, $3, $4)
         ON CONFLICT (stream) DO NOTHING",
        &[
            &&stream.0[..],
            &&account.key.0[..],
            &account.read_day,
            &&account.standing.opening[..],
        ],
    )?;
    Ok(inserted > 0)
}

/// How many, and their bytes together.
fn extent(chunks: &[&Chunk]) -> (u64, u64) {
    let bytes = chunks.iter().map(|chunk| chunk.bytes.len() as u64);
    (chunks.len() as u64, bytes.fold(0, u64::saturating_add))
}

/// The lengths of those chunks that the changes name and that are there.
fn lengths(work: &mut Work<'_>, writes: &[StreamWrite]) -> Done<HashMap<Named, u64>> {
    let mut named: BTreeSet<Named> = BTreeSet::new();
    for write in writes {
        let (add, remove): (&[Chunk], &[ChunkId]) = match write {
            StreamWrite::Push { chunks, .. } => (chunks, &[]),
            StreamWrite::Swap { add, remove, .. } => (add, remove),
            StreamWrite::Install(install) => (&install.add, &install.remove),
            _ => (&[], &[]),
        };
        let ids = add.iter().map(|chunk| chunk.id).chain(remove.iter().copied());
        named.extend(ids.map(|id| (write.stream(), id)));
    }
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let streams: Vec<&[u8]> = named.iter().map(|(stream, _)| &stream.0[..]).collect();
    let ids: Vec<&[u8]> = named.iter().map(|(_, id)| &id.0[..]).collect();
    let rows = work.query(LENGTHS, &[&streams, &ids])?;
    let read = |row: &Row| {
        let name = (StreamId(bytes(row, 0)?), ChunkId(bytes(row, 1)?));
        Ok((name, natural(get(row, 2)?)))
    };
    rows.iter().map(read).collect()
}

/// Writes the accounts that have changed but for those that have only another place in their stream, and gives these. Nearly all are.
fn update(
    work: &mut Work<'_>,
    before: &HashMap<StreamId, Account>,
    after: &HashMap<StreamId, Account>,
) -> Done<Vec<(StreamId, Account)>> {
    let mut moved = Vec::new();
    for (stream, account) in after {
        let Some(was) = before.get(stream).filter(|was| *was != account) else {
            continue;
        };
        let mut only_moved = *account;
        only_moved.standing.last_swap = was.standing.last_swap;
        only_moved.standing.cursor = was.standing.cursor;
        only_moved.bytes = was.bytes;
        only_moved.read_day = was.read_day;
        if only_moved == *was {
            moved.push((*stream, *account));
        } else {
            update_all(work, *stream, account)?;
        }
    }
    Ok(moved)
}

fn update_all(work: &mut Work<'_>, stream: StreamId, account: &Account) -> Done<()> {
    let standing = account.standing;
    let number = |mark: Option<Mark>| mark.map(|mark| integer(mark.number)).transpose();
    let hash = |mark: &Option<Mark>| -> Option<Vec<u8>> { mark.as_ref().map(|mark| mark.hash.to_vec()) };
    let updated = work.execute(
        "UPDATE accounts SET epoch = $2, last_swap = $3, cursor = $4, bytes = $5, read_day = $6, deleted_day = $7, key = $8,
                record_number = $9, record_hash = $10, keyring_number = $11, keyring_hash = $12
         WHERE stream = $1",
        &[
            &&stream.0[..],
            &i64::from(standing.epoch),
            &integer(standing.last_swap)?,
            &integer(standing.cursor)?,
            &integer(account.bytes)?,
            &account.read_day,
            &account.deleted_day,
            &&account.key.0[..],
            &number(standing.record)?,
            &hash(&standing.record),
            &number(standing.keyring)?,
            &hash(&standing.keyring),
        ],
    )?;
    if updated == 1 {
        Ok(())
    } else {
        Err(StoreError::Failed.into())
    }
}
