//! The rules of what is read of a stream, applied once for every database: an account that is deleted is not served, and a page is bounded.

use techo_protocol::household::sync_api::StreamId;

use super::StoreError;
use super::account::{Account, RecordsHeld, StreamHead};
use super::rows::{Reading, StreamDatabase};
use super::stream_store::Page;

/// The records of an account: the epoch records after `since`, or the present one only; `None` where no account is served.
///
/// # Errors
/// [`StoreError`].
pub fn records<D: StreamDatabase>(database: &D, stream: StreamId, since: Option<u64>) -> Result<Option<RecordsHeld>, StoreError> {
    database.read(|rows| {
        let Some(head) = served(rows, stream)? else {
            return Ok(None);
        };
        Ok(Some(RecordsHeld {
            head,
            records: rows.records_after(stream, head.records_after(since))?,
            keyring: rows.keyring(stream)?,
        }))
    })
}

/// The ids of all chunks, 16 bytes each, and where the stream stands; `None` where no account is served.
///
/// # Errors
/// [`StoreError`].
pub fn inventory<D: StreamDatabase>(database: &D, stream: StreamId) -> Result<Option<(StreamHead, Vec<u8>)>, StoreError> {
    database.read(|rows| {
        let Some(head) = served(rows, stream)? else {
            return Ok(None);
        };
        Ok(Some((head, rows.chunk_ids(stream)?)))
    })
}

/// Where a stream stands whose account is served.
fn served<E: From<StoreError>>(rows: Reading<'_, E>, stream: StreamId) -> Result<Option<StreamHead>, E> {
    let account = rows.account(stream)?.filter(Account::is_served);
    Ok(account.map(|account| account.head))
}

/// A page that is being filled, in the order of its chunks.
#[derive(Debug)]
pub struct Filling {
    page: Page,
    most: usize,
    bytes: usize,
    taken: usize,
}

impl Filling {
    /// An empty page of a stream that stands there: for at most `most` chunks, and of more than one for at most `bytes` together.
    pub fn new(head: StreamHead, most: usize, bytes: usize) -> Self {
        Self {
            page: Page {
                head,
                chunks: Vec::new(),
                cursor: head.cursor,
                more: false,
            },
            most,
            bytes,
            taken: 0,
        }
    }

    /// Whether the next chunk, of `length` bytes, still belongs on the page. If not, the page says that there is more.
    pub fn takes(&mut self, length: usize) -> bool {
        let is_first = self.page.chunks.is_empty();
        self.page.more |= self.page.chunks.len() >= self.most || (!is_first && length.saturating_add(self.taken) > self.bytes);
        !self.page.more
    }

    /// Adds the next chunk, which the page takes, with its number.
    pub fn add(&mut self, number: u64, content: Vec<u8>) {
        self.taken = self.taken.saturating_add(content.len());
        self.page.cursor = number;
        self.page.chunks.push(content);
    }

    /// Notes that there is a chunk which does not belong on the page any more.
    pub fn note_more(&mut self) {
        self.page.more = true;
    }

    /// The page. Where there is nothing after it, its cursor is the stream's.
    pub fn end(mut self) -> Page {
        if !self.page.more || self.page.chunks.is_empty() {
            self.page.cursor = self.page.head.cursor;
        }
        self.page
    }
}
