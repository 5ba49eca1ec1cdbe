//! The rules of what changes a stream, applied once for every database: what a transaction's changes need is read for all of them at once, each is
//! decided in memory in its order by [`Account`], and what comes of them is written for all at once.

mod records;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use techo_protocol::household::sync_api::{ChunkId, StreamId};

use super::StoreError;
use super::account::{Account, Chunk, NEVER_GIVEN, Refused, StreamWrite, Written, followed_from, revivable_from, words_from};
use super::rows::{AccountChange, Changes, Changing, ChunkName, Due, StreamDatabase};

/// Makes changes in their order, all in one transaction that is on disk when this returns, and gives what came of each. What refuses one is found
/// before anything of it is written: the others stay.
///
/// # Errors
/// [`StoreError`]; nothing was changed then.
pub fn write<D: StreamDatabase>(database: &D, writes: &[StreamWrite]) -> Result<Vec<Written>, StoreError> {
    database.change(|rows| {
        let mut batch = Batch::begin(rows, writes)?;
        let mut outcomes = Vec::with_capacity(writes.len());
        for write in writes {
            outcomes.push(batch.apply(rows, write)?);
        }
        rows.write(&batch.end())?;
        Ok(outcomes)
    })
}

/// Erases the accounts that are due on `day`, and says how many; of the others forgets the keys and records that were replaced too long ago.
///
/// # Errors
/// [`StoreError`].
pub fn forget<D: StreamDatabase>(database: &D, day: i64, unread_days: i64) -> Result<u64, StoreError> {
    let due = Due {
        deleted_before: revivable_from(day),
        read_before: day.saturating_sub(unread_days),
    };
    let mut erased = 0;
    for stream in database.accounts_due(due)? {
        // A transaction each, so that pushes need not wait for all of them; and each is looked at again, for it may have been read.
        erased += u64::from(database.change(|rows| rows.erase_if_due(stream, due))?);
    }
    database.change(|rows| rows.forget_replaced(followed_from(day), words_from(day)))?;
    Ok(erased)
}

/// Makes another filling of a store: another generation, and numbers that were never given out.
///
/// # Errors
/// [`StoreError`]; nothing was changed then.
pub fn begin_again<D: StreamDatabase>(database: &D, generation: [u8; 16], day: i64) -> Result<(), StoreError> {
    database.change(|rows| rows.begin_again(generation, NEVER_GIVEN, day))
}

/// What the changes so far have come to.
struct Batch<'w> {
    /// Accounts as they are in the database.
    before: HashMap<StreamId, Account>,
    /// Accounts as the changes so far leave them.
    accounts: BTreeMap<StreamId, Account>,
    /// Rows that were put in for accounts that a later change of this batch opens.
    unopened: HashMap<StreamId, Account>,
    /// The length of each chunk that a change names and that is there now.
    lengths: HashMap<ChunkName, u64>,
    /// The number of each chunk that this batch has added.
    numbers: HashMap<ChunkName, u64>,
    added: BTreeMap<(StreamId, u64), &'w Chunk>,
    removed: BTreeSet<ChunkName>,
    told: BTreeSet<StreamId>,
}

impl<'w> Batch<'w> {
    fn begin<E: From<StoreError>>(rows: Changing<'_, E>, writes: &[StreamWrite]) -> Result<Self, E> {
        let mut before = rows.accounts(&writes.iter().map(StreamWrite::stream).collect())?;
        let mut unopened = HashMap::new();
        // The first opening of each, which is the one that makes the account.
        let openings: BTreeMap<StreamId, Account> = writes.iter().rev().filter_map(opening).collect();
        for (stream, account) in openings {
            if before.contains_key(&stream) {
                continue;
            }
            if rows.open(stream, &account)? {
                unopened.insert(stream, account);
                before.insert(stream, account);
            } else {
                // Another process has opened it in the meantime.
                before.extend(rows.accounts(&BTreeSet::from([stream]))?);
            }
        }
        let there = before.iter().filter(|(stream, _)| !unopened.contains_key(*stream));
        Ok(Self {
            accounts: there.map(|(stream, account)| (*stream, *account)).collect(),
            before,
            unopened,
            lengths: rows.lengths(&named(writes))?,
            numbers: HashMap::new(),
            added: BTreeMap::new(),
            removed: BTreeSet::new(),
            told: BTreeSet::new(),
        })
    }

    /// Makes one change in memory; what an installation replaces is written at once.
    fn apply<E: From<StoreError>>(&mut self, rows: Changing<'_, E>, write: &'w StreamWrite) -> Result<Written, E> {
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
                    self.add(stream, before.head.cursor, &new);
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
                    self.add(stream, before.head.cursor, &new);
                    self.remove(stream, remove);
                }
                after
            }
            StreamWrite::Install(install) => {
                let new = self.new_chunks(stream, &install.add);
                let held = records::to_follow(rows, &before, install)?;
                let removed = self.bytes_of(stream, &install.remove);
                match before.installed(install, &held, extent(&new), removed) {
                    Err(refused) => Err(refused),
                    Ok(installed) => {
                        self.add(stream, before.head.cursor, &new);
                        self.remove(stream, &install.remove);
                        records::replace(rows, install, &installed)?;
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
            if write.is_news() {
                self.told.insert(stream);
            }
        }
        Ok(after.map(|account| account.head))
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

    /// Adds chunks, numbered from the one after `after`.
    fn add(&mut self, stream: StreamId, after: u64, chunks: &[&'w Chunk]) {
        for (number, chunk) in (after.saturating_add(1)..).zip(chunks) {
            self.added.insert((stream, number), chunk);
            self.numbers.insert((stream, chunk.id), number);
            self.lengths.insert((stream, chunk.id), chunk.bytes.len() as u64);
        }
    }

    /// Removes chunks. One that this batch has added is never written.
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

    /// What all of the changes come to.
    fn end(self) -> Changes<'w> {
        let changed = self.accounts.iter().filter_map(|(stream, after)| {
            let before = self.before.get(stream).filter(|before| *before != after)?;
            Some(AccountChange {
                stream: *stream,
                before: *before,
                after: *after,
            })
        });
        Changes {
            accounts: changed.collect(),
            removed: self.removed,
            added: self.added,
            told: self.told,
        }
    }
}

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

/// The chunks that changes name.
fn named(writes: &[StreamWrite]) -> BTreeSet<ChunkName> {
    let mut named = BTreeSet::new();
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
    named
}

/// How many chunks, and their bytes together.
fn extent(chunks: &[&Chunk]) -> (u64, u64) {
    let bytes = chunks.iter().map(|chunk| chunk.bytes.len() as u64);
    (chunks.len() as u64, bytes.fold(0, u64::saturating_add))
}

#[cfg(test)]
mod tests;
