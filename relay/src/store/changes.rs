//! The rules of what changes a stream, applied once for every database: what a transaction's changes need is read for all of them, each is decided
//! in memory in its order by [`Account`], and what comes of it is written for all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use techo_protocol::household::epoch_record::EpochRecord;
use techo_protocol::household::sync_api::{ChunkId, StreamId};

use super::StoreError;
use super::account::{
    Account, Chunk, Install, Installed, MOST_INSTALLED, NEVER_GIVEN, Records, Refused, StreamWrite, WordsAfter, Written, followed_from,
    revivable_from, words_from,
};
use super::rows::{AccountChange, Changes, ChunkName, Due, StreamDatabase, StreamRows};

/// Makes changes in their order, all in one transaction that is on disk when this returns, and gives what came of each. What refuses one is found
/// before anything of it is written: the others stay.
///
/// # Errors
/// [`StoreError`]; nothing was changed then.
pub fn write<D: StreamDatabase>(database: &D, writes: &[StreamWrite]) -> Result<Vec<Written>, StoreError> {
    let mut outcomes = Vec::new();
    database.change(&mut |rows| {
        let mut batch = Batch::begin(rows, writes)?;
        outcomes = writes.iter().map(|write| batch.apply(rows, write)).collect::<Result<_, _>>()?;
        rows.write(&batch.end())
    })?;
    Ok(outcomes)
}

/// Erases accounts that are due on `day`, and says how many; of the others forgets the keys and records that were replaced too long ago.
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
        let mut was_due = false;
        // A transaction each, so that pushes need not wait for all of them; and each is looked at again, for it may have been read.
        database.change(&mut |rows| {
            was_due = rows.erase_if_due(stream, due)?;
            Ok(())
        })?;
        erased += u64::from(was_due);
    }
    database.change(&mut |rows| rows.forget_replaced(followed_from(day), words_from(day)))?;
    Ok(erased)
}

/// Makes another filling of a store: another generation, and numbers that were never given out.
///
/// # Errors
/// [`StoreError`]; nothing was changed then.
pub fn begin_again<D: StreamDatabase>(database: &D, generation: [u8; 16], day: i64) -> Result<(), StoreError> {
    database.change(&mut |rows| rows.begin_again(generation, NEVER_GIVEN, day))
}

type Rows<'r, E> = &'r mut dyn StreamRows<Error = E>;

/// What the changes so far have come to.
struct Batch<'w> {
    /// As they are in the database.
    before: HashMap<StreamId, Account>,
    accounts: BTreeMap<StreamId, Account>,
    /// Rows that were put in for accounts that are opened in this batch.
    unopened: HashMap<StreamId, Account>,
    /// The length of each chunk that a change names and that is there now.
    lengths: HashMap<ChunkName, u64>,
    numbers: HashMap<ChunkName, u64>,
    added: BTreeMap<(StreamId, u64), &'w Chunk>,
    removed: BTreeSet<ChunkName>,
    told: BTreeSet<StreamId>,
}

impl<'w> Batch<'w> {
    fn begin<E: From<StoreError>>(rows: Rows<'_, E>, writes: &[StreamWrite]) -> Result<Self, E> {
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

    fn apply<E: From<StoreError>>(&mut self, rows: Rows<'_, E>, write: &'w StreamWrite) -> Result<Written, E> {
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
                let removed = self.bytes_of(stream, &install.remove);
                let held = to_follow(rows, &before, install)?;
                match before.installed(install, &held, extent(&new), removed) {
                    Err(refused) => Err(refused),
                    Ok(installed) => {
                        self.add(stream, before.standing.cursor, &new);
                        self.remove(stream, &install.remove);
                        replace_records(rows, install, &installed)?;
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

    /// Adds chunks, numbered from the one after `after`.
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
                // It came in this transaction, and is never written.
                Some(number) => drop(self.added.remove(&(stream, number))),
                None => drop(self.removed.insert(name)),
            }
        }
    }

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

/// How many, and their bytes together.
fn extent(chunks: &[&Chunk]) -> (u64, u64) {
    let bytes = chunks.iter().map(|chunk| chunk.bytes.len() as u64);
    (chunks.len() as u64, bytes.fold(0, u64::saturating_add))
}

/// What an installation has to follow.
fn to_follow<E: From<StoreError>>(rows: Rows<'_, E>, account: &Account, install: &Install) -> Result<Records, E> {
    let present = rows.present_record(install.stream)?;
    let present = present.map(|bytes| EpochRecord::read(&bytes)).transpose();
    let present = present.map_err(|_| StoreError::Damaged)?;
    if present.as_ref().map(EpochRecord::mark) != account.standing.record {
        return Err(StoreError::Damaged.into());
    }
    let keys = rows.keys(install.stream)?;
    Ok(Records {
        present,
        words: keys.words_on(install.day).copied().collect(),
    })
}

/// Writes what an installation changes beside the account and its chunks.
fn replace_records<E: From<StoreError>>(rows: Rows<'_, E>, install: &Install, installed: &Installed) -> Result<(), E> {
    let (stream, day) = (install.stream, install.day);
    if let Some(present) = &installed.present {
        rows.remove_present_record(stream)?;
        for record in &installed.replaced {
            rows.put_record(stream, record.head.number, &record.write(), Some(day))?;
        }
        rows.put_record(stream, present.head.number, &present.write(), None)?;
    }
    for key in &installed.old_keys {
        rows.put_old_key(stream, key, day)?;
    }
    if installed.words != WordsAfter::Same {
        rows.retire_words(stream, day)?;
        rows.remove_locator(stream)?;
    }
    if let WordsAfter::Others(words) = installed.words {
        rows.put_words(stream, &words.signing)?;
        // Whoever had it first keeps it: nobody's words lead to another household.
        rows.claim_locator(stream, &words.locator)?;
    }
    if let Some(keyring) = &install.new_keyring {
        rows.put_keyring(stream, keyring.bytes())?;
    }
    // A household that makes records without end fills no disk with them.
    rows.keep_newest(stream, MOST_INSTALLED)
}
