//! Households' streams at rest: what is kept of an account, what may change it, and the rules of each change. The rules are here once;
//! [`super::changes`] applies them to what a database has.

mod records;
mod writes;

use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::{ChunkId, Mark};

pub use records::{
    Install, Installed, KeysHeld, MOST_INSTALLED, Records, RecordsHeld, WordsAfter, followed_from, revivable_from, words_from,
};
pub use writes::{Refused, StreamWrite, Written};

/// How far numbers are raised when a store begins again: no account gets so many chunks between a copy and its loss.
pub const NEVER_GIVEN: u64 = 1 << 32;

/// Days for which a deleted account is kept, unserved.
pub const DELETED_DAYS: i64 = 7;

/// What is kept of an account beside its chunks. A day is a Unix day (UTC); no finer time is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The key that signs for the household.
    pub key: PublicKey,
    /// The head of its stream.
    pub head: StreamHead,
    /// Its chunks together, in bytes.
    pub bytes: u64,
    /// The day on which it was last read.
    pub read_day: i64,
    /// It was deleted on this day and is not served any more.
    pub deleted_day: Option<i64>,
}

/// The head of a stream: how far it has come, and which records are present.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamHead {
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

impl StreamHead {
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
    /// The id that the chunk's envelope has, unique within its stream.
    pub id: ChunkId,
    /// The whole chunk, envelope and sealed body.
    pub bytes: Vec<u8>,
}

impl Account {
    /// An account as it is opened on `day`: empty, at epoch 0, without records.
    pub fn opened(key: PublicKey, opening: [u8; 16], day: i64) -> Self {
        Self {
            key,
            head: StreamHead {
                opening,
                ..StreamHead::default()
            },
            bytes: 0,
            read_day: day,
            deleted_day: None,
        }
    }

    /// Whether the account is served: it is not while it is deleted.
    pub fn is_served(&self) -> bool {
        self.deleted_day.is_none()
    }

    fn served(&self) -> Result<(), Refused> {
        if self.is_served() { Ok(()) } else { Err(Refused::Deleted) }
    }

    /// Whether its stream is at this epoch.
    ///
    /// # Errors
    /// [`Refused::OtherEpoch`].
    pub fn at_epoch(&self, epoch: u32) -> Result<(), Refused> {
        if epoch == self.head.epoch {
            Ok(())
        } else {
            Err(Refused::OtherEpoch(self.head.epoch))
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
        if last_swap != self.head.last_swap {
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
        if cursor != self.head.cursor {
            return Err(Refused::CameSince);
        }
        let mut after = self.holding(count, bytes, removed, most)?;
        after.head.last_swap = after.head.last_swap.saturating_add(1);
        Ok(after)
    }

    fn holding(mut self, count: u64, bytes: u64, removed: u64, most: u64) -> Result<Self, Refused> {
        self.bytes = self.bytes.saturating_add(bytes).saturating_sub(removed);
        // What brings nothing is never too much, even where the operator has lowered the quota.
        if count > 0 && self.bytes > most {
            return Err(Refused::OverQuota);
        }
        self.head.cursor = self.head.cursor.saturating_add(count);
        Ok(self)
    }

    /// After its `opening` was deleted as it was at `cursor`. The cursor moves on, here and in [`Account::revived`]: a request that somebody
    /// kept does neither again.
    ///
    /// # Errors
    /// [`Refused::OtherOpening`], [`Refused::CameSince`].
    pub fn deleted(mut self, opening: [u8; 16], cursor: u64, day: i64) -> Result<Self, Refused> {
        if opening != self.head.opening {
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
        if cursor != self.head.cursor {
            return Err(Refused::CameSince);
        }
        self.head.cursor = cursor.saturating_add(1);
        Ok(())
    }

    /// After it was read. Time does not go back here, whatever the clock does.
    #[must_use]
    pub fn read(mut self, day: i64) -> Self {
        self.read_day = self.read_day.max(day);
        self
    }
}
