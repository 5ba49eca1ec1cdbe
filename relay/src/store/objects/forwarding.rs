//! Streams are where they were.

use techo_protocol::household::sync_api::StreamId;

use super::SegmentsElsewhere;
use crate::store::{
    Account, AccountTotals, KeysHeld, NumberedChunk, Page, RecordKept, RecordsHeld, StoreError, StreamHead, StreamStore,
    StreamWrite, Written,
};

impl StreamStore for SegmentsElsewhere {
    fn generation(&self) -> Result<[u8; 16], StoreError> {
        self.inner.generation()
    }

    fn account(&self, stream: StreamId) -> Result<Option<Account>, StoreError> {
        self.inner.account(stream)
    }

    fn accounts(&self, streams: &[StreamId]) -> Result<Vec<Option<Account>>, StoreError> {
        self.inner.accounts(streams)
    }

    fn write_streams(&self, writes: &[StreamWrite]) -> Result<Vec<Written>, StoreError> {
        self.inner.write_streams(writes)
    }

    fn keys(&self, stream: StreamId) -> Result<KeysHeld, StoreError> {
        self.inner.keys(stream)
    }

    fn records(&self, stream: StreamId, since: Option<u64>) -> Result<Option<RecordsHeld>, StoreError> {
        self.inner.records(stream, since)
    }

    fn located(&self, locator: [u8; 16]) -> Result<Option<StreamId>, StoreError> {
        self.inner.located(locator)
    }

    fn inventory(&self, stream: StreamId) -> Result<Option<(StreamHead, Vec<u8>)>, StoreError> {
        self.inner.inventory(stream)
    }

    fn page(&self, stream: StreamId, cursor: u64, most: usize, bytes: usize) -> Result<Option<Page>, StoreError> {
        self.inner.page(stream, cursor, most, bytes)
    }

    fn pages(&self, after: &[(StreamId, u64)], most: usize, bytes: usize) -> Result<Vec<Option<Page>>, StoreError> {
        self.inner.pages(after, most, bytes)
    }

    fn forget_accounts(&self, day: i64, unread_days: i64) -> Result<u64, StoreError> {
        self.inner.forget_accounts(day, unread_days)
    }

    fn account_totals(&self) -> Result<AccountTotals, StoreError> {
        self.inner.account_totals()
    }

    fn accounts_after(&self, after: Option<StreamId>, most: usize) -> Result<Vec<(StreamId, Account)>, StoreError> {
        self.inner.accounts_after(after, most)
    }

    fn chunks_after(&self, stream: StreamId, after: u64, most: usize) -> Result<Vec<NumberedChunk>, StoreError> {
        self.inner.chunks_after(stream, after, most)
    }

    fn records_kept(&self, stream: StreamId) -> Result<(Vec<RecordKept>, Option<Vec<u8>>), StoreError> {
        self.inner.records_kept(stream)
    }

    fn begin_again(&self, generation: [u8; 16], day: i64) -> Result<(), StoreError> {
        self.inner.begin_again(generation, day)
    }
}
