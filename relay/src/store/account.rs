//! Households' streams at rest: what is kept of an account, what may change it, and the rules of each change. The rules are here once, so
//! that every database decides alike; a database only reads an account, asks, and writes, in one transaction.

mod records;

use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::{ChunkId, Mark, StreamId};

use super::StoreError;

pub use records::{
    Install, Installed, KeysHeld, MOST_INSTALLED, Records, RecordsHeld, WordsAfter, followed_from, revivable_from, words_from,
};

/// How far numbers are raised when a store begins again: no account gets so many chunks between a copy and its loss.
pub const NEVER_GIVEN: u64 = 1 << 32;

/// Days for which a deleted account is kept, unserved.
pub const DELETED_DAYS: i64 = 7;

/// What is kept of an account beside its chunks. A day is a Unix day (UTC); no finer time is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The key that signs for the household.
    pub key: PublicKey,
    /// Where its stream stands.
    pub standing: Standing,
    /// Its chunks together, in bytes.
    pub bytes: u64,
    /// The day on which it was last read.
    pub read_day: i64,
    /// It was deleted on this day and is not served any more.
    pub deleted_day: Option<i64>,
}

/// Where a stream stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// The epoch that chunks have to be sealed under.
    pub epoch: u32,
    /// How many swaps there were.
    pub last_swap: u64,
    /// The number of the newest chunk; each chunk's is higher than all before.
    pub cursor: u64,
    /// Names this opening of the account.
    pub opening: [u8; 16],
    /// The epoch record that is there.
    pub record: Option<Mark>,
    /// The keyring that is there.
    pub keyring: Option<Mark>,
}

impl Standing {
    /// The number after which epoch records are given: those after `since`, or the present one only, whose number is higher than all before.
    pub fn records_after(&self, since: Option<u64>) -> i64 {
        let present = self
            .record
            .map_or(0, |record| i64::try_from(record.number).unwrap_or(i64::MAX));
        since.map_or(present.saturating_sub(1), |since| i64::try_from(since).unwrap_or(i64::MAX))
    }
}

/// A chunk whose envelope was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its name.
    pub id: ChunkId,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// A change of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamWrite {
    /// Opens it, as of `day`.
    Open {
        /// Whose.
        stream: StreamId,
        /// The key that signs for it.
        key: PublicKey,
        /// Names the opening, if it is one: 16 random bytes.
        opening: [u8; 16],
        /// The day.
        day: i64,
    },
    /// Adds chunks; one that is there already is left as it is.
    Push {
        /// Where to.
        stream: StreamId,
        /// The epoch that they are sealed under.
        epoch: u32,
        /// The last swap that their device has seen.
        last_swap: u64,
        /// The chunks.
        chunks: Vec<Chunk>,
        /// Most bytes of chunks that an account may have.
        most: u64,
    },
    /// Adds chunks and then removes others, all at once.
    Swap {
        /// Where.
        stream: StreamId,
        /// The epoch that the new ones are sealed under.
        epoch: u32,
        /// The newest chunk that the device has seen.
        cursor: u64,
        /// The new ones.
        add: Vec<Chunk>,
        /// The old ones, none of which is among the new; those that are not there are passed over.
        remove: Vec<ChunkId>,
        /// Most bytes of chunks that an account may have afterwards.
        most: u64,
    },
    /// Replaces records and swaps chunks, all at once.
    Install(Box<Install>),
    /// Deletes it on `day`; again is no error.
    Delete {
        /// Which.
        stream: StreamId,
        /// The opening that is meant.
        opening: [u8; 16],
        /// The cursor that is meant.
        cursor: u64,
        /// The day.
        day: i64,
    },
    /// Brings a deleted one back on `day`; one that is not deleted is left as it is.
    Revive {
        /// Which.
        stream: StreamId,
        /// The cursor that is meant.
        cursor: u64,
        /// The day.
        day: i64,
    },
    /// It was read on `day`.
    Read {
        /// Which.
        stream: StreamId,
        /// The day.
        day: i64,
    },
}

/// What came of a change.
pub type Written = Result<Standing, Refused>;

/// Why a change was not made; nothing was changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No such account.
    NoAccount,
    /// The account is deleted.
    Deleted,
    /// The account has another key.
    OtherKey,
    /// The stream is at another epoch: this one.
    OtherEpoch(u32),
    /// There was a later swap.
    SwapMissed,
    /// Something came since the cursor.
    CameSince,
    /// The account would have more bytes than it may.
    OverQuota,
    /// It is another opening of the account that is meant.
    OtherOpening,
    /// The epoch record or the keyring is another by now.
    RecordReplaced,
    /// A record that does not follow the one that is there.
    RecordRefused,
}

/// A page of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where the stream stands.
    pub standing: Standing,
    /// Chunks, oldest first.
    pub chunks: Vec<Vec<u8>>,
    /// The number of the last chunk on the page; the stream's newest where there is none.
    pub cursor: u64,
    /// There are more after it.
    pub more: bool,
}

/// How much there is of accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountTotals {
    /// Accounts, deleted ones too.
    pub accounts: u64,
    /// Bytes of their chunks.
    pub bytes: u64,
}

impl StreamWrite {
    /// Whose account it changes.
    pub fn stream(&self) -> StreamId {
        match self {
            Self::Open { stream, .. }
            | Self::Push { stream, .. }
            | Self::Swap { stream, .. }
            | Self::Delete { stream, .. }
            | Self::Revive { stream, .. }
            | Self::Read { stream, .. } => *stream,
            Self::Install(install) => install.stream,
        }
    }

    /// Bytes of chunks that it brings.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Push { chunks, .. } | Self::Swap { add: chunks, .. } => chunks.iter().map(|chunk| chunk.bytes.len()).sum(),
            Self::Install(install) => install.add.iter().map(|chunk| chunk.bytes.len()).sum(),
            _ => 0,
        }
    }
}

impl Account {
    /// A new account.
    pub fn opened(key: PublicKey, opening: [u8; 16], day: i64) -> Self {
        Self {
            key,
            standing: Standing {
                opening,
                ..Standing::default()
            },
            bytes: 0,
            read_day: day,
            deleted_day: None,
        }
    }

    fn served(&self) -> Result<(), Refused> {
        if self.deleted_day.is_some() {
            Err(Refused::Deleted)
        } else {
            Ok(())
        }
    }

    /// Whether its stream is at this epoch.
    ///
    /// # Errors
    /// [`Refused::OtherEpoch`].
    pub fn at_epoch(&self, epoch: u32) -> Result<(), Refused> {
        if epoch == self.standing.epoch {
            Ok(())
        } else {
            Err(Refused::OtherEpoch(self.standing.epoch))
        }
    }

    /// The same account opened again by `key`.
    ///
    /// # Errors
    /// [`Refused::Deleted`], [`Refused::OtherKey`].
    pub fn reopened(self, key: &PublicKey) -> Result<Self, Refused> {
        self.served()?;
        if self.key == *key { Ok(self) } else { Err(Refused::OtherKey) }
    }

    /// After a push of chunks, of which `count` with `bytes` together were not there.
    ///
    /// # Errors
    /// [`Refused`]: deleted, another epoch, a swap that was missed, or no room.
    pub fn pushed(self, epoch: u32, last_swap: u64, (count, bytes): (u64, u64), most: u64) -> Result<Self, Refused> {
        self.served()?;
        self.at_epoch(epoch)?;
        if last_swap != self.standing.last_swap {
            return Err(Refused::SwapMissed);
        }
        self.holding(count, bytes, 0, most)
    }

    /// After a swap made at `cursor`, of whose chunks `count` with `bytes` together were not there, and which removes `removed` bytes.
    ///
    /// # Errors
    /// [`Refused`]: deleted, another epoch, something came since, or no room for the result.
    pub fn swapped(self, epoch: u32, cursor: u64, (count, bytes): (u64, u64), removed: u64, most: u64) -> Result<Self, Refused> {
        self.served()?;
        self.at_epoch(epoch)?;
        if cursor != self.standing.cursor {
            return Err(Refused::CameSince);
        }
        let mut after = self.holding(count, bytes, removed, most)?;
        after.standing.last_swap = after.standing.last_swap.saturating_add(1);
        Ok(after)
    }

    fn holding(mut self, count: u64, bytes: u64, removed: u64, most: u64) -> Result<Self, Refused> {
        self.bytes = self.bytes.saturating_add(bytes).saturating_sub(removed);
        // What brings nothing is never too much, even where the operator has lowered the quota.
        if count > 0 && self.bytes > most {
            return Err(Refused::OverQuota);
        }
        self.standing.cursor = self.standing.cursor.saturating_add(count);
        Ok(self)
    }

    /// After its `opening` was deleted as it was at `cursor`. The cursor moves on, here and in [`Account::revived`]: a request that somebody
    /// kept does neither again.
    ///
    /// # Errors
    /// [`Refused::OtherOpening`], [`Refused::CameSince`].
    pub fn deleted(mut self, opening: [u8; 16], cursor: u64, day: i64) -> Result<Self, Refused> {
        if opening != self.standing.opening {
            return Err(Refused::OtherOpening);
        }
        if self.deleted_day.is_some() {
            return Ok(self);
        }
        self.moved_on(cursor)?;
        self.deleted_day = Some(day);
        Ok(self)
    }

    /// After it was brought back as it was at `cursor`: it counts as read, or it would be erased for that soon.
    ///
    /// # Errors
    /// [`Refused::NoAccount`] where it is due to be erased, [`Refused::CameSince`].
    pub fn revived(mut self, cursor: u64, day: i64) -> Result<Self, Refused> {
        let Some(deleted) = self.deleted_day else {
            return Ok(self.read(day));
        };
        if deleted < revivable_from(day) {
            return Err(Refused::NoAccount);
        }
        self.moved_on(cursor)?;
        self.deleted_day = None;
        Ok(self.read(day))
    }

    fn moved_on(&mut self, cursor: u64) -> Result<(), Refused> {
        if cursor != self.standing.cursor {
            return Err(Refused::CameSince);
        }
        self.standing.cursor = cursor.saturating_add(1);
        Ok(())
    }

    /// After it was read. Time does not go back here, whatever the clock does.
    #[must_use]
    pub fn read(mut self, day: i64) -> Self {
        self.read_day = self.read_day.max(day);
        self
    }
}

/// A chunk and where it stands in its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedChunk {
    /// Its number.
    pub number: u64,
    /// The name that it is kept under.
    pub id: ChunkId,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// An epoch record that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordKept {
    /// The number that it is kept under.
    pub number: u64,
    /// The day on which another took its place.
    pub replaced_day: Option<i64>,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// Households' streams at rest. A store that carries none keeps these answers: it refuses, and has nothing to forget or count.
///
/// # Errors
/// Every call: [`StoreError`]; nothing was changed then.
#[allow(clippy::missing_errors_doc, reason = "the trait says it once for all calls")]
#[allow(unused_variables, reason = "a store without streams looks at nothing")]
pub trait StreamStore: Send + Sync {
    /// 16 random bytes, drawn when this store was made: another value means that the relay lost everything.
    fn generation(&self) -> Result<[u8; 16], StoreError> {
        Err(StoreError::NoStreams)
    }

    /// An account.
    fn account(&self, stream: StreamId) -> Result<Option<Account>, StoreError> {
        Err(StoreError::NoStreams)
    }

    /// Several accounts.
    fn accounts(&self, streams: &[StreamId]) -> Result<Vec<Option<Account>>, StoreError> {
        streams.iter().map(|stream| self.account(*stream)).collect()
    }

    /// Makes changes in their order, all in one transaction that is on disk when this returns, and gives what came of each.
    fn write_streams(&self, writes: &[StreamWrite]) -> Result<Vec<Written>, StoreError> {
        Err(StoreError::NoStreams)
    }

    /// The keys beside the present one that may ask something of an account.
    fn keys(&self, stream: StreamId) -> Result<KeysHeld, StoreError> {
        Err(StoreError::NoStreams)
    }

    /// The account's records: the epoch records after `since`, or the present one only; `None` where no account is served.
    fn records(&self, stream: StreamId, since: Option<u64>) -> Result<Option<RecordsHeld>, StoreError> {
        Err(StoreError::NoStreams)
    }

    /// Whose recovery words have this locator.
    fn located(&self, locator: [u8; 16]) -> Result<Option<StreamId>, StoreError> {
        Err(StoreError::NoStreams)
    }

    /// The ids of all chunks, 16 bytes each, and where the stream stands; `None` where no account is served.
    fn inventory(&self, stream: StreamId) -> Result<Option<(Standing, Vec<u8>)>, StoreError> {
        Err(StoreError::NoStreams)
    }

    /// Chunks after a cursor: at most `most`, and of more than one at most `bytes` together. `None` where no account is
    /// served.
    fn page(&self, stream: StreamId, cursor: u64, most: usize, bytes: usize) -> Result<Option<Page>, StoreError> {
        Err(StoreError::NoStreams)
    }

    /// Several pages, each of a stream after a cursor and bounded as [`page`](Self::page)'s.
    fn pages(&self, after: &[(StreamId, u64)], most: usize, bytes: usize) -> Result<Vec<Option<Page>>, StoreError> {
        let pages = after.iter().map(|(stream, cursor)| self.page(*stream, *cursor, most, bytes));
        pages.collect()
    }

    /// Erases accounts that were deleted more than `DELETED_DAYS` days before `day`, or last read more than `unread_days` before it, and
    /// says how many; of the others forgets the keys and records that were replaced too long ago.
    fn forget_accounts(&self, day: i64, unread_days: i64) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// How much there is of accounts.
    fn account_totals(&self) -> Result<AccountTotals, StoreError> {
        Ok(AccountTotals::default())
    }

    /// Accounts in the order of their names, after one or from the first: at most `most`.
    fn accounts_after(&self, after: Option<StreamId>, most: usize) -> Result<Vec<(StreamId, Account)>, StoreError> {
        Err(StoreError::NoStreams)
    }

    /// Chunks of an account, deleted or not, after a number: at most `most`.
    fn chunks_after(&self, stream: StreamId, after: u64, most: usize) -> Result<Vec<NumberedChunk>, StoreError> {
        Err(StoreError::NoStreams)
    }

    /// All epoch records of an account, deleted or not, in their order, and its keyring.
    fn records_kept(&self, stream: StreamId) -> Result<(Vec<RecordKept>, Option<Vec<u8>>), StoreError> {
        Err(StoreError::NoStreams)
    }

    /// Makes another filling of this one, after it was put back from a copy on `day`: another generation, and numbers that were never given out.
    /// What came after the copy was made is lost here and not there, and nobody may take a number for one that they have seen. Accounts count as
    /// read, or an old copy would be erased for that.
    fn begin_again(&self, generation: [u8; 16], day: i64) -> Result<(), StoreError> {
        Err(StoreError::NoStreams)
    }
}

#[cfg(test)]
mod tests;
