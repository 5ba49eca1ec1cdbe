//! Households' sealed streams: who may change them, and how. Chunks are sealed for others; of each the relay reads the envelope.
//!
//! ```text
//! streams   rules of each call    -> reader, writer, waiting, store
//! reader    group reading         -> store
//! writer    group commit          -> store
//! waiting   who waits for what
//! ```

mod reader;
mod waiting;
mod writer;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_bytes::ByteBuf;
use techo_protocol::chunk::{CELL_BYTES, ENVELOPE_BYTES, Envelope};
use techo_protocol::keys::PublicKey;
use techo_protocol::sync_api::{Call, ChunkId, LONGEST_WAIT_SECONDS, MOST_CHUNKS, StreamId, SyncAnswer, SyncRequest};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::{Refusal, RelayError, SyncError};
use crate::store::{Account, Chunk, DAY, Page, Refused, Standing, Store, StoreError, StreamStore, StreamWrite};

pub use reader::Reader;
pub use waiting::{Waiting, WaitingRoom};
pub use writer::Writer;

/// Chunks of one answer together, in bytes; one that is larger comes alone.
pub const PAGE_BYTES: usize = 1 << 20;

/// A request whose signature was checked.
pub struct Verified {
    /// Whose stream.
    pub stream: StreamId,
    /// What to do.
    pub call: Call,
    /// The account, as it was then.
    pub account: Option<Account>,
    /// What a pull gives, as of then; nothing where it waits if there is none.
    pub page: Option<Page>,
}

/// Reads a request about `stream` and checks that the account's key signed it; a request to open an account is signed by the key that it names.
///
/// # Errors
/// [`SyncError::NotARequest`], [`SyncError::OtherStream`], [`SyncError::NoAccount`], [`SyncError::NotSigned`], [`SyncError::AccountDeleted`].
pub fn verified(stream: StreamId, file: &[u8], account: Option<Account>) -> Result<Verified, Refusal> {
    let request = SyncRequest::read(file).ok_or(SyncError::NotARequest)?;
    if request.stream() != stream {
        return Err(SyncError::OtherStream.into());
    }
    let key = match (request.opening_key(), &account) {
        (Some(key), _) => key,
        (None, Some(account)) => account.key,
        (None, None) => return Err(SyncError::NoAccount.into()),
    };
    let call = request.verify(&key).ok_or(SyncError::NotSigned)?.call;
    let is_deleted = account.is_some_and(|account| account.deleted_day.is_some());
    if is_deleted && call != Call::Delete {
        return Err(SyncError::AccountDeleted.into());
    }
    Ok(Verified {
        stream,
        call,
        account,
        page: None,
    })
}

/// Checks the envelope of each chunk: of this stream and epoch, whole, and padded as all are.
///
/// # Errors
/// [`SyncError::ChunkRefused`].
pub fn checked(stream: StreamId, epoch: u32, chunks: Vec<ByteBuf>) -> Result<Vec<Chunk>, SyncError> {
    if chunks.len() > MOST_CHUNKS {
        return Err(SyncError::ChunkRefused);
    }
    chunks
        .into_iter()
        .map(|bytes| {
            let envelope = Envelope::read(&bytes).map_err(|_| SyncError::ChunkRefused)?;
            let padded = bytes.len().saturating_sub(ENVELOPE_BYTES);
            let is_ours = envelope.stream == stream.0 && envelope.epoch == epoch;
            // A length of its own would tell one change from another.
            if !is_ours || padded == 0 || !padded.is_multiple_of(CELL_BYTES) {
                return Err(SyncError::ChunkRefused);
            }
            Ok(Chunk {
                id: ChunkId(envelope.chunk_id),
                bytes: bytes.into_vec(),
            })
        })
        .collect()
}

/// What a call that writes asks of the store, at `now` (Unix seconds). `most` bytes of chunks an account. `None` for a call that writes nothing.
///
/// # Errors
/// [`SyncError::ChunkRefused`]; [`SyncError::NotARequest`] for a swap that removes what it adds.
pub fn change(stream: StreamId, call: Call, now: i64, most: u64) -> Result<Option<StreamWrite>, SyncError> {
    let day = now.div_euclid(DAY);
    Ok(Some(match call {
        Call::Open { key } => StreamWrite::Open { stream, key, day },
        Call::Push {
            epoch,
            last_swap,
            chunks,
        } => StreamWrite::Push {
            stream,
            epoch,
            last_swap,
            chunks: checked(stream, epoch, chunks)?,
            most,
        },
        Call::Swap {
            epoch,
            cursor,
            add,
            remove,
        } => {
            let add = checked(stream, epoch, add)?;
            let remove: HashSet<ChunkId> = remove.into_iter().collect();
            if remove.len() > MOST_REMOVED || add.iter().any(|chunk| remove.contains(&chunk.id)) {
                return Err(SyncError::NotARequest);
            }
            StreamWrite::Swap {
                stream,
                epoch,
                cursor,
                add,
                remove: remove.into_iter().collect(),
                most,
            }
        }
        Call::Delete => StreamWrite::Delete { stream, day },
        Call::Pull { .. } | Call::OpenMailbox { .. } => return Ok(None),
    }))
}

/// Most ids that one swap removes: a household's whole stream of one-cell chunks at the default quota.
const MOST_REMOVED: usize = 131_072;

/// The streams of one relay.
pub struct Streams {
    store: Arc<dyn Store>,
    reader: Reader,
    writer: Writer,
    waiting: Arc<WaitingRoom<StreamId>>,
    generation: Option<[u8; 16]>,
    /// Turns at reading: more threads than processors would only wait for each other.
    turns: Semaphore,
    log: tracing::Dispatch,
}

impl Streams {
    /// Starts the threads that check requests and the one that writes. At most `waiting` pulls wait at once.
    ///
    /// # Errors
    /// The store's; a store without streams is no error, every call is refused then.
    pub fn start(store: &Arc<dyn Store>, waiting: usize, log: &tracing::Dispatch) -> Result<Self, Refusal> {
        let generation = match store.generation() {
            Ok(generation) => Some(generation),
            Err(StoreError::NoStreams) => None,
            Err(error) => return Err(error.into()),
        };
        let waiting = WaitingRoom::new(waiting);
        let of_streams: Arc<dyn StreamStore> = Arc::<dyn Store>::clone(store);
        Ok(Self {
            store: Arc::clone(store),
            reader: Reader::start(&of_streams, log)?,
            writer: Writer::start(of_streams, Arc::clone(&waiting), log.clone())?,
            waiting,
            generation,
            turns: Semaphore::new(std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2)),
            log: log.clone(),
        })
    }

    /// Names this filling of the store.
    ///
    /// # Errors
    /// [`StoreError::NoStreams`] where the store has none.
    pub fn generation(&self) -> Result<[u8; 16], StoreError> {
        self.generation.ok_or(StoreError::NoStreams)
    }

    /// Reads a request about `stream` and checks it, as [`verified`] does. A pull that does not wait has its page then.
    ///
    /// # Errors
    /// Those of [`verified`], [`RelayError::Busy`] where too many wait to be checked; or the store's.
    pub async fn verify(&self, stream: StreamId, file: Vec<u8>) -> Result<Verified, Refusal> {
        self.reader.verify(stream, file).await
    }

    /// Makes a change and answers once it is on disk. `memory` is what the request's bytes may use; it is given back then.
    ///
    /// # Errors
    /// [`Refusal::Sync`] by the rules of the call, [`RelayError::Busy`] where too many changes wait; or the store's.
    pub async fn write(&self, change: StreamWrite, memory: Option<OwnedSemaphorePermit>) -> Result<SyncAnswer, Refusal> {
        let generation = self.generation()?;
        let epoch = match &change {
            StreamWrite::Push { epoch, .. } | StreamWrite::Swap { epoch, .. } => *epoch,
            _ => 0,
        };
        let written = self.writer.write(change, memory).await?;
        let standing = written.map_err(|refused| refusal(refused, epoch))?;
        Ok(answer(generation, standing))
    }

    /// Gives what came after a cursor; where nothing did, waits for it, at most `wait` seconds.
    ///
    /// # Errors
    /// [`SyncError::AccountDeleted`], [`RelayError::Busy`] where too many wait; or the store's.
    pub async fn pull(&self, verified: Verified, cursor: u64, wait: u32, now: i64) -> Result<SyncAnswer, Refusal> {
        let generation = self.generation()?;
        let stream = verified.stream;
        let day = now.div_euclid(DAY);
        if verified.account.is_some_and(|account| account.read_day < day) {
            // Nobody waits for this: the next pull does it where it fails.
            self.writer.write_later(StreamWrite::Read { stream, day });
        }
        // Entered before looking: what comes in between is not missed.
        let waiting = (wait > 0).then(|| self.waiting.enter(stream)).transpose()?;
        let mut page = match verified.page {
            Some(page) => page,
            None => self.page(stream, cursor).await?,
        };
        if let Some(mut waiting) = waiting
            && page.chunks.is_empty()
            && page.standing.cursor == cursor
        {
            let wait = Duration::from_secs(wait.min(LONGEST_WAIT_SECONDS).into());
            // Time that runs out is an answer like any other: nothing new.
            let _ = timeout(wait, waiting.woken()).await;
            page = self.page(stream, cursor).await?;
        }
        Ok(SyncAnswer {
            cursor: page.cursor,
            chunks: page.chunks.into_iter().map(ByteBuf::from).collect(),
            more: page.more,
            ..answer(generation, page.standing)
        })
    }

    async fn page(&self, stream: StreamId, cursor: u64) -> Result<Page, Refusal> {
        let page = self.read(move |store| Ok(store.page(stream, cursor, MOST_CHUNKS, PAGE_BYTES)?));
        // It was there when the signature was checked.
        page.await?.ok_or_else(|| SyncError::AccountDeleted.into())
    }

    /// Reads from the store when it is this request's turn.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Store) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        // Never closed.
        let _turn = self.turns.acquire().await.map_err(|_| RelayError::Internal)?;
        crate::http::on_store(&self.store, &self.log, work).await
    }

    /// Pulls that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Ends every wait, now and from now on: the relay is about to end.
    pub fn end_waiting(&self) {
        self.waiting.end();
    }

    /// Finishes what was begun and takes no more. Blocks until then.
    pub fn end(&self) {
        self.reader.end();
        self.writer.end();
    }
}

/// An account as an answer without chunks.
pub fn answer(generation: [u8; 16], standing: Standing) -> SyncAnswer {
    SyncAnswer {
        generation,
        epoch: standing.epoch,
        last_swap: standing.last_swap,
        cursor: standing.cursor,
        chunks: Vec::new(),
        more: false,
    }
}

/// Whether a request opens an account that is not there yet.
pub fn opens_anew(verified: &Verified) -> Option<PublicKey> {
    match verified.call {
        Call::Open { key } if verified.account.is_none() => Some(key),
        _ => None,
    }
}

fn refusal(refused: Refused, asked: u32) -> SyncError {
    match refused {
        Refused::NoAccount => SyncError::NoAccount,
        Refused::Deleted => SyncError::AccountDeleted,
        Refused::OtherKey => SyncError::OtherKey,
        Refused::OtherEpoch(epoch) if asked < epoch => SyncError::EpochBehind,
        Refused::OtherEpoch(_) => SyncError::EpochAhead,
        Refused::SwapMissed => SyncError::SwapMissed,
        Refused::CameSince => SyncError::CameSince,
        Refused::OverQuota => SyncError::AccountFull,
    }
}
