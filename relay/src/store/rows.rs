//! What the rules of a stream's changes need of a database: rows in and rows out, in one transaction. A database that gives these has all of the
//! rules; it decides nothing itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::{ChunkId, StreamId};

use super::StoreError;
use super::account::{Account, Chunk, KeysHeld};

/// A chunk's stream and name.
pub type ChunkName = (StreamId, ChunkId);

/// What is done in one transaction, and may be done again from its beginning where others were in the way.
pub type RowWork<'w, E> = &'w mut dyn FnMut(&mut dyn StreamRows<Error = E>) -> Result<(), E>;

/// A database that keeps streams.
pub trait StreamDatabase {
    /// What ends a transaction beside the store's errors, such as another transaction that was in the way.
    type Error: From<StoreError>;

    /// Does work in one transaction, which is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    fn change(&self, work: RowWork<'_, Self::Error>) -> Result<(), StoreError>;

    /// The accounts that were deleted or last read before these days.
    ///
    /// # Errors
    /// [`StoreError`].
    fn accounts_due(&self, due: Due) -> Result<Vec<StreamId>, StoreError>;
}

/// The days before which an account has to have been deleted or last read to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Deleted before this day.
    pub deleted_before: i64,
    /// Last read before this day.
    pub read_before: i64,
}

/// The rows of one transaction.
///
/// # Errors
/// Every call: the database's; the transaction is given up then.
#[allow(clippy::missing_errors_doc, reason = "the trait says it once for all calls")]
pub trait StreamRows {
    /// The database's error.
    type Error: From<StoreError>;

    /// Those of these accounts that are there. Until the transaction ends, nobody else changes them.
    fn accounts(&mut self, streams: &BTreeSet<StreamId>) -> Result<HashMap<StreamId, Account>, Self::Error>;

    /// Puts a new account in where there is none, and says whether there was none.
    fn open(&mut self, stream: StreamId, account: &Account) -> Result<bool, Self::Error>;

    /// The lengths in bytes of those of these chunks that are there.
    fn lengths(&mut self, names: &BTreeSet<ChunkName>) -> Result<HashMap<ChunkName, u64>, Self::Error>;

    /// The epoch record that none has replaced.
    fn present_record(&mut self, stream: StreamId) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The keys of an account beside its present one.
    fn keys(&mut self, stream: StreamId) -> Result<KeysHeld, Self::Error>;

    /// Removes the epoch record that none has replaced.
    fn remove_present_record(&mut self, stream: StreamId) -> Result<(), Self::Error>;

    /// Puts an epoch record under its number, whatever is there. `replaced_day` is `None` for the one that none has replaced.
    fn put_record(&mut self, stream: StreamId, number: u64, content: &[u8], replaced_day: Option<i64>) -> Result<(), Self::Error>;

    /// Puts a key that another replaced on `day`, or gives it that day if it is there.
    fn put_old_key(&mut self, stream: StreamId, key: &PublicKey, day: i64) -> Result<(), Self::Error>;

    /// Notes of the recovery key that none has replaced that one did on `day`.
    fn retire_words(&mut self, stream: StreamId, day: i64) -> Result<(), Self::Error>;

    /// Puts a recovery key that none has replaced, or makes it such if it is there.
    fn put_words(&mut self, stream: StreamId, key: &PublicKey) -> Result<(), Self::Error>;

    /// Removes the locator that leads to an account.
    fn remove_locator(&mut self, stream: StreamId) -> Result<(), Self::Error>;

    /// Puts a locator that leads to an account, unless it leads to one already.
    fn claim_locator(&mut self, stream: StreamId, locator: &[u8; 16]) -> Result<(), Self::Error>;

    /// Puts an account's keyring in the place of the one that is there.
    fn put_keyring(&mut self, stream: StreamId, content: &[u8]) -> Result<(), Self::Error>;

    /// Removes all but the newest `most` of an account's epoch records, of its old keys and of its recovery keys, each.
    fn keep_newest(&mut self, stream: StreamId, most: usize) -> Result<(), Self::Error>;

    /// Writes chunks and accounts, and tells other processes of what they may wait for. Chunks that go are removed before others are added: one may
    /// come again under another number.
    fn write(&mut self, changes: &Changes<'_>) -> Result<(), Self::Error>;

    /// Erases an account and all that belongs to it, if it is due, and says whether it was.
    fn erase_if_due(&mut self, stream: StreamId, due: Due) -> Result<bool, Self::Error>;

    /// Removes epoch records and old keys that were replaced before the day `followed_from`, and recovery keys that were before `words_from`.
    fn forget_replaced(&mut self, followed_from: i64, words_from: i64) -> Result<(), Self::Error>;

    /// Gives the store another generation, raises each account's cursor and count of swaps by `numbers`, and lets each count as read on `day`.
    fn begin_again(&mut self, generation: [u8; 16], numbers: u64, day: i64) -> Result<(), Self::Error>;
}

/// What a transaction changes of chunks and accounts.
#[derive(Debug, Default)]
pub struct Changes<'w> {
    /// Accounts that are not as they were, in the order of their names.
    pub accounts: Vec<AccountChange>,
    /// Chunks that were there and are removed.
    pub removed: BTreeSet<ChunkName>,
    /// New chunks by stream and number.
    pub added: BTreeMap<(StreamId, u64), &'w Chunk>,
    /// Streams of which somebody may wait to hear.
    pub told: BTreeSet<StreamId>,
}

/// An account before and after a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountChange {
    /// Its stream.
    pub stream: StreamId,
    /// As it is in the database.
    pub before: Account,
    /// As it is to be.
    pub after: Account,
}
