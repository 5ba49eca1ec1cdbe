//! What the rules of a stream need of a database: rows in and rows out, in one transaction. A database that gives these has all of the rules; it
//! decides nothing itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::{ChunkId, StreamId};

use super::StoreError;
use super::account::{Account, Chunk, KeysHeld};

/// A chunk's stream and its name within it.
pub type ChunkName = (StreamId, ChunkId);

/// Rows that may be read, all of one moment; `E` is the database's error.
pub type Reading<'r, E> = &'r mut dyn ReadRows<Error = E>;

/// Rows that may be changed, in one transaction; `E` is the database's error.
pub type Changing<'r, E> = &'r mut dyn StreamRows<Error = E>;

/// A database that keeps streams.
pub trait StreamDatabase {
    /// What ends a transaction: the store's errors, and what the database knows beside them, such as another transaction that was in the way.
    type Error: From<StoreError>;

    /// Reads, all as of one moment. The work may be done again from its beginning, where the connection was lost.
    ///
    /// # Errors
    /// [`StoreError`].
    fn read<T>(&self, work: impl Fn(Reading<'_, Self::Error>) -> Result<T, Self::Error>) -> Result<T, StoreError>;

    /// Does work in one transaction, which is on disk when this returns. The work may be done again from its beginning, where others were in the
    /// way; what it keeps beside its result is then of no transaction.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    fn change<T>(&self, work: impl Fn(Changing<'_, Self::Error>) -> Result<T, Self::Error>) -> Result<T, StoreError>;

    /// The accounts that were deleted or last read before these days.
    ///
    /// # Errors
    /// [`StoreError`].
    fn accounts_due(&self, due: Due) -> Result<Vec<StreamId>, StoreError>;
}

/// The days before which an account has to have been deleted or last read to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// An account that was deleted before this day is due.
    pub deleted_before: i64,
    /// An account that was last read before this day is due.
    pub read_before: i64,
}

/// The rows that are read of one account.
///
/// # Errors
/// Every call: the database's; the transaction is given up then.
#[allow(clippy::missing_errors_doc, reason = "the trait says it once for all calls")]
pub trait ReadRows {
    /// The error that ends a transaction of this database.
    type Error: From<StoreError>;

    /// The account of a stream, deleted or not.
    fn account(&mut self, stream: StreamId) -> Result<Option<Account>, Self::Error>;

    /// The keys of an account beside its present one.
    fn keys(&mut self, stream: StreamId) -> Result<KeysHeld, Self::Error>;

    /// The epoch records of an account whose numbers are higher than `number`, in their order.
    fn records_after(&mut self, stream: StreamId, number: i64) -> Result<Vec<Vec<u8>>, Self::Error>;

    /// The keyring of an account.
    fn keyring(&mut self, stream: StreamId) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The ids of all chunks of an account, 16 bytes each, in the order of their numbers.
    fn chunk_ids(&mut self, stream: StreamId) -> Result<Vec<u8>, Self::Error>;
}

/// The rows of an account's records and keys, which an installation replaces.
///
/// # Errors
/// Every call: the database's; the transaction is given up then.
#[allow(clippy::missing_errors_doc, reason = "the trait says it once for all calls")]
pub trait RecordRows: ReadRows {
    /// The epoch record that no other has replaced.
    fn present_record(&mut self, stream: StreamId) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Removes the epoch record that no other has replaced.
    fn remove_present_record(&mut self, stream: StreamId) -> Result<(), Self::Error>;

    /// Puts an epoch record under its number, whatever is there. `replaced_day` is `None` for the one that no other has replaced.
    fn put_record(&mut self, stream: StreamId, number: u64, content: &[u8], replaced_day: Option<i64>)
    -> Result<(), Self::Error>;

    /// Puts a key that another replaced on `day`, or gives it that day if it is there.
    fn put_old_key(&mut self, stream: StreamId, key: &PublicKey, day: i64) -> Result<(), Self::Error>;

    /// Notes of the recovery key that no other has replaced that one did on `day`.
    fn retire_words(&mut self, stream: StreamId, day: i64) -> Result<(), Self::Error>;

    /// Puts a recovery key that no other has replaced, or makes it such if it is there.
    fn put_words(&mut self, stream: StreamId, key: &PublicKey) -> Result<(), Self::Error>;

    /// Removes the locator that leads to an account.
    fn remove_locator(&mut self, stream: StreamId) -> Result<(), Self::Error>;

    /// Puts a locator that leads to an account, unless it leads to one already.
    fn claim_locator(&mut self, stream: StreamId, locator: &[u8; 16]) -> Result<(), Self::Error>;

    /// Puts an account's keyring in the place of the one that is there.
    fn put_keyring(&mut self, stream: StreamId, content: &[u8]) -> Result<(), Self::Error>;

    /// Removes all but the newest `most` of an account's epoch records, of its old keys and of its recovery keys, each. The recovery key that no
    /// other has replaced is the newest.
    fn keep_newest(&mut self, stream: StreamId, most: usize) -> Result<(), Self::Error>;

    /// Removes epoch records and old keys that were replaced before the day `followed_from`, and recovery keys that were before `words_from`, of
    /// all accounts.
    fn forget_replaced(&mut self, followed_from: i64, words_from: i64) -> Result<(), Self::Error>;
}

/// The rows of one transaction that changes streams.
///
/// # Errors
/// Every call: the database's; the transaction is given up then.
#[allow(clippy::missing_errors_doc, reason = "the trait says it once for all calls")]
pub trait StreamRows: RecordRows {
    /// Those of these accounts that are there. Until the transaction ends, nobody else changes them.
    fn accounts(&mut self, streams: &BTreeSet<StreamId>) -> Result<HashMap<StreamId, Account>, Self::Error>;

    /// Puts a new account in where there is none, and says whether there was none.
    fn open(&mut self, stream: StreamId, account: &Account) -> Result<bool, Self::Error>;

    /// The lengths in bytes of those of these chunks that are there.
    fn lengths(&mut self, names: &BTreeSet<ChunkName>) -> Result<HashMap<ChunkName, u64>, Self::Error>;

    /// Writes chunks and accounts, and tells other processes of what they may wait for.
    fn write(&mut self, changes: &Changes<'_>) -> Result<(), Self::Error>;

    /// Erases an account and all that belongs to it, if it is due, and says whether it was.
    fn erase_if_due(&mut self, stream: StreamId, due: Due) -> Result<bool, Self::Error>;

    /// Gives the store another generation, raises each account's cursor and count of swaps by `numbers`, and lets each count as read on `day`.
    fn begin_again(&mut self, generation: [u8; 16], numbers: u64, day: i64) -> Result<(), Self::Error>;
}

/// What a transaction changes of chunks and accounts.
#[derive(Debug, Default)]
pub struct Changes<'w> {
    /// Chunks that were there and are removed, before others are added: one may come again under another number.
    pub removed: BTreeSet<ChunkName>,
    /// New chunks by stream and number.
    pub added: BTreeMap<(StreamId, u64), &'w Chunk>,
    /// Accounts that are not as they were, in the order of their streams.
    pub accounts: Vec<AccountChange>,
    /// Streams of which somebody may wait to hear. Their order says nothing of who wrote first.
    pub told: BTreeSet<StreamId>,
}

/// An account before and after a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountChange {
    /// The stream whose account it is.
    pub stream: StreamId,
    /// The account as it is in the database.
    pub before: Account,
    /// The account as it is to be.
    pub after: Account,
}
