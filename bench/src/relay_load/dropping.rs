//! A store that drops everything: what remains is what relay and load cost without one. It keeps each account's key and where its stream
//! stands, in memory, for without them no request would be answered; a pull gets as many bytes as it would, all zero, so that the load is the same.

use std::collections::HashMap;
use std::sync::Mutex;

use super::CHUNK_BYTES;
use techo_protocol::exposure::relay_api::{Diaries, StoredDiary};
use techo_protocol::household::sync_api::StreamId;
use techo_protocol::trust::AuthorityId;
use techo_relay::store::{
    Account, Forgotten, Page, Publication, Published, Put, Refused, Replaced, Store, StoreError, StoredSegment, StreamStore,
    StreamWrite, Totals, Written,
};

/// The store.
#[derive(Default)]
pub struct Dropping(Mutex<HashMap<StreamId, Account>>);

impl Dropping {
    fn accounts(&self) -> Result<std::sync::MutexGuard<'_, HashMap<StreamId, Account>>, StoreError> {
        self.0.lock().map_err(|_| StoreError::Failed)
    }
}

impl StreamStore for Dropping {
    fn generation(&self) -> Result<[u8; 16], StoreError> {
        Ok([0; 16])
    }

    fn account(&self, stream: StreamId) -> Result<Option<Account>, StoreError> {
        Ok(self.accounts()?.get(&stream).copied())
    }

    fn write_streams(&self, writes: &[StreamWrite]) -> Result<Vec<Written>, StoreError> {
        let mut accounts = self.accounts()?;
        Ok(writes
            .iter()
            .map(|write| match write {
                StreamWrite::Open {
                    stream,
                    key,
                    opening,
                    day,
                } => Ok(accounts
                    .entry(*stream)
                    .or_insert_with(|| Account::opened(*key, *opening, *day))
                    .head),
                StreamWrite::Push { stream, chunks, .. } => {
                    let account = accounts.get_mut(stream).ok_or(Refused::NoAccount)?;
                    account.head.cursor += chunks.len() as u64;
                    Ok(account.head)
                }
                _ => accounts
                    .get(&write.stream())
                    .map(|account| account.head)
                    .ok_or(Refused::NoAccount),
            })
            .collect())
    }

    fn page(&self, stream: StreamId, cursor: u64, most: usize, _: usize) -> Result<Option<Page>, StoreError> {
        Ok(self.account(stream)?.map(|account| Page {
            head: account.head,
            chunks: (cursor..account.head.cursor)
                .take(most)
                .map(|_| vec![0; CHUNK_BYTES])
                .collect(),
            cursor: account.head.cursor,
            more: false,
        }))
    }
}

/// No authority is carried for, so none of this is asked.
impl Store for Dropping {
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn published(&self, _: AuthorityId) -> Result<Published, StoreError> {
        Ok(Published::default())
    }

    fn replace_trust_list(&self, _: AuthorityId, _: Option<&[u8]>, _: &[u8]) -> Result<Replaced, StoreError> {
        Ok(Replaced::Done)
    }

    fn publish(&self, _: AuthorityId, _: &Published, _: Publication<'_>, _: i64) -> Result<Replaced, StoreError> {
        Ok(Replaced::Done)
    }

    fn put_segment(&self, _: AuthorityId, _: &[u8; 32], _: &[u8], _: i64, _: u64) -> Result<Put, StoreError> {
        Ok(Put::New)
    }

    fn segment(&self, _: &[u8; 32]) -> Result<Option<StoredSegment>, StoreError> {
        Ok(None)
    }

    fn segment_part(&self, _: &[u8; 32], _: u32) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    fn put_diary(&self, _: AuthorityId, _: &StoredDiary, _: &[u8], _: i64, _: usize) -> Result<Put, StoreError> {
        Ok(Put::New)
    }

    fn take_diaries(&self, _: AuthorityId, _: u64, _: &[StoredDiary], _: i64, _: usize) -> Result<Option<Diaries>, StoreError> {
        Ok(Some(Diaries::default()))
    }

    fn forget(&self, _: i64) -> Result<Forgotten, StoreError> {
        Ok(Forgotten::default())
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        Ok(Totals::default())
    }
}
