//! What the relay asks of a store about households' streams.

use techo_protocol::household::sync_api::{ChunkId, StreamId};

use super::StoreError;
use super::account::{Account, KeysHeld, RecordsHeld, StreamHead, StreamWrite, Written};

/// A page of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where the stream stands.
    pub head: StreamHead,
    /// The chunks' bytes, the oldest chunk first.
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

/// A chunk and where it stands in its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedChunk {
    /// The chunk's number within its stream.
    pub number: u64,
    /// The name that it is kept under.
    pub id: ChunkId,
    /// The whole chunk, envelope and sealed body.
    pub bytes: Vec<u8>,
}

/// An epoch record that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordKept {
    /// The number that it is kept under.
    pub number: u64,
    /// The day on which another took its place.
    pub replaced_day: Option<i64>,
    /// The whole record; one that was replaced is without its slots.
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

    /// The account of a stream, deleted or not.
    fn account(&self, stream: StreamId) -> Result<Option<Account>, StoreError> {
        Err(StoreError::NoStreams)
    }

    /// The accounts of several streams, in the order of asking.
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
    fn inventory(&self, stream: StreamId) -> Result<Option<(StreamHead, Vec<u8>)>, StoreError> {
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
