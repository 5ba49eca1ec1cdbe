//! Households' sealed streams: who may change them, and how. Chunks are sealed for others; of each the relay reads the envelope.
//!
//! ```text
//! sync         rules of each call        -> all below
//! reader       group reading             -> permission, store
//! permission   whose key may ask what    -> store
//! installing   records and their chunks  -> store
//! writer       group commit              -> store
//! waiting      who waits for what
//! ```

mod installing;
mod permission;
mod reader;
mod waiting;
mod writer;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_bytes::ByteBuf;
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::basics::random::{Random, random_bytes};
use techo_protocol::household::chunk::{CELL_BYTES, ENVELOPE_BYTES, Envelope};
use techo_protocol::household::sync_api::{Call, ChunkId, LONGEST_WAIT_SECONDS, MOST_CHUNKS, StreamId, SyncAnswer, SyncRequest};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::blocking::on_store;
use crate::error::{Refusal, RelayError, SyncError};
use crate::store::{Account, Chunk, DAY, Page, Refused, Store, StoreError, StreamHead, StreamStore, StreamWrite, Wake};

pub use permission::{by_words, signed_by_a_key};
pub use reader::Reader;
pub use waiting::{Waiting, WaitingRoom};
pub use writer::Writer;

/// Chunks of one answer together, in bytes; one that is larger comes alone.
pub const PAGE_BYTES: usize = 1 << 20;

/// A request whose signature was checked.
pub struct Verified {
    /// The stream that the request is about.
    pub stream: StreamId,
    /// What the device asks to be done.
    pub call: Call,
    /// The account, as it was then.
    pub account: Option<Account>,
    /// What a pull gives, as of then; nothing where it waits if there is none.
    pub page: Option<Page>,
}

/// Reads a request about `stream` and checks, as of `now` (Unix seconds), that it is signed by a key that may ask this; a request to open an
/// account is signed by the key that it names.
///
/// # Errors
/// [`SyncError::NotARequest`], [`SyncError::OtherStream`], [`SyncError::NoAccount`], [`SyncError::NotSigned`], [`SyncError::AccountDeleted`],
/// [`SyncError::EpochBehind`] or [`SyncError::EpochAhead`] for a call that is about another epoch; or the store's.
pub fn verified(
    store: &dyn StreamStore,
    stream: StreamId,
    file: &[u8],
    account: Option<Account>,
    now: i64,
) -> Result<Verified, Refusal> {
    let request = SyncRequest::read(file).ok_or(SyncError::NotARequest)?;
    if request.stream() != stream {
        return Err(SyncError::OtherStream.into());
    }
    let call = signed_by_a_key(store, request, account.as_ref(), now.div_euclid(DAY))?.call;
    if let Some(account) = &account {
        if account.deleted_day.is_some() && !matches!(call, Call::Delete { .. }) {
            return Err(SyncError::AccountDeleted.into());
        }
        is_at(account, &call)?;
    }
    Ok(Verified {
        stream,
        call,
        account,
        page: None,
    })
}

/// Whether a call is made at the epoch and the records that its key was looked up for. The store decides the same again when it writes: then
/// epoch, and so key, are still those that were asked here, and who was removed in between is too late.
fn is_at(account: &Account, call: &Call) -> Result<(), SyncError> {
    match call {
        Call::Push { epoch, .. } | Call::Swap { epoch, .. } => {
            let at = account.at_epoch(*epoch);
            at.map_err(|refused| refusal(refused, *epoch))
        }
        Call::Install { record, keyring, .. } => {
            let at = account.has_records(*record, *keyring);
            at.map_err(|refused| refusal(refused, 0))
        }
        _ => Ok(()),
    }
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
/// [`SyncError::ChunkRefused`]; [`SyncError::NotARequest`] for a swap that removes what it adds, and as [`installing::asked`]; or
/// [`RelayError::Internal`] where an opening cannot be named.
pub fn change(stream: StreamId, call: Call, now: i64, most: u64, random: &dyn Random) -> Result<Option<StreamWrite>, Refusal> {
    let day = now.div_euclid(DAY);
    Ok(Some(match call {
        Call::Open { key } => StreamWrite::Open {
            stream,
            key,
            opening: random_bytes(random).map_err(|_| RelayError::Internal)?,
            day,
        },
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
            StreamWrite::Swap {
                stream,
                epoch,
                cursor,
                remove: replaced(&add, remove)?,
                add,
                most,
            }
        }
        install @ Call::Install { .. } => installing::asked(stream, install, day, most)?,
        Call::Delete { opening, cursor } => StreamWrite::Delete {
            stream,
            opening,
            cursor,
            day,
        },
        Call::Pull { .. } | Call::OpenMailbox { .. } | Call::Records { .. } | Call::Inventory => return Ok(None),
    }))
}

/// What chunks are to replace: each named once, and none of them itself.
fn replaced(add: &[Chunk], remove: Vec<ChunkId>) -> Result<Vec<ChunkId>, SyncError> {
    let remove: HashSet<ChunkId> = remove.into_iter().collect();
    if remove.len() > MOST_REMOVED || add.iter().any(|chunk| remove.contains(&chunk.id)) {
        return Err(SyncError::NotARequest);
    }
    Ok(remove.into_iter().collect())
}

/// Most ids that one swap removes: a household's whole stream of one-cell chunks at the default quota.
const MOST_REMOVED: usize = 131_072;

/// The streams of one relay.
pub struct Streams {
    store: Arc<dyn Store>,
    reader: Reader,
    writer: Writer,
    waiting: Arc<WaitingRoom<Wake>>,
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
    pub async fn verify(&self, stream: StreamId, file: Vec<u8>, now: i64) -> Result<Verified, Refusal> {
        self.reader.verify(stream, file, now).await
    }

    /// Makes a change and answers once it is on disk. `memory` is what the request's bytes may use; it is given back then.
    ///
    /// # Errors
    /// [`Refusal::Sync`] by the rules of the call, [`RelayError::Busy`] where too many changes wait; or the store's.
    pub async fn write(&self, change: StreamWrite, memory: Option<OwnedSemaphorePermit>) -> Result<SyncAnswer, Refusal> {
        let generation = self.generation()?;
        let epoch = match &change {
            StreamWrite::Push { epoch, .. } | StreamWrite::Swap { epoch, .. } => *epoch,
            StreamWrite::Install(install) => install.epoch,
            _ => 0,
        };
        let written = self.writer.write(change, memory).await?;
        let head = written.map_err(|refused| refusal(refused, epoch))?;
        Ok(answer(generation, head))
    }

    /// Gives what came after a cursor; where nothing did, waits for it, at most `wait` seconds.
    ///
    /// # Errors
    /// [`SyncError::AccountDeleted`], [`SyncError::EpochBehind`] where the household changed its key meanwhile, [`RelayError::Busy`] where too
    /// many wait; or the store's.
    pub async fn pull(&self, verified: Verified, cursor: u64, wait: u32, now: i64) -> Result<SyncAnswer, Refusal> {
        let generation = self.generation()?;
        let stream = verified.stream;
        let day = now.div_euclid(DAY);
        if verified.account.is_some_and(|account| account.read_day < day) {
            // Nobody waits for this: the next pull does it where it fails.
            self.writer.write_later(StreamWrite::Read { stream, day });
        }
        // Entered before looking: what comes in between is not missed.
        let waiting = (wait > 0).then(|| self.waiting.enter(Wake::of_stream(stream))).transpose()?;
        let mut page = match verified.page {
            Some(page) => page,
            None => self.page(stream, cursor).await?,
        };
        if let Some(mut waiting) = waiting
            && page.chunks.is_empty()
            && page.head.cursor == cursor
        {
            let until = Instant::now() + Duration::from_secs(wait.min(LONGEST_WAIT_SECONDS).into());
            let before = page.head;
            // Woken for nothing it waits on. Time that runs out is an answer like any other: nothing new.
            while page.head == before && !waiting.is_over() && timeout_at(until, waiting.woken()).await.is_ok() {
                page = self
                    .page_for(verified.account.map(|account| account.key), stream, cursor)
                    .await?;
            }
        }
        Ok(SyncAnswer {
            cursor: page.cursor,
            chunks: page.chunks.into_iter().map(ByteBuf::from).collect(),
            more: page.more,
            ..answer(generation, page.head)
        })
    }

    /// Answers a call that only asks for records or ids.
    ///
    /// # Errors
    /// [`SyncError::AccountDeleted`], [`SyncError::NotARequest`] for another call; or the store's.
    pub async fn give(&self, stream: StreamId, call: Call) -> Result<SyncAnswer, Refusal> {
        let generation = self.generation()?;
        self.read(move |store| match call {
            Call::Records { since } => {
                let held = store.records(stream, since)?.ok_or(SyncError::AccountDeleted)?;
                Ok(SyncAnswer {
                    records: held.records.into_iter().map(ByteBuf::from).collect(),
                    keyring_record: held.keyring.map(ByteBuf::from),
                    ..answer(generation, held.head)
                })
            }
            Call::Inventory => {
                let (head, ids) = store.inventory(stream)?.ok_or(SyncError::AccountDeleted)?;
                Ok(SyncAnswer {
                    ids,
                    ..answer(generation, head)
                })
            }
            _ => Err(SyncError::NotARequest.into()),
        })
        .await
    }

    /// A page for who signed with `key`: whoever was removed while they waited gets nothing more.
    async fn page_for(&self, key: Option<PublicKey>, stream: StreamId, cursor: u64) -> Result<Page, Refusal> {
        let page = self.read(move |store| {
            let page = store.page(stream, cursor, MOST_CHUNKS, PAGE_BYTES)?;
            let page = page.ok_or(SyncError::AccountDeleted)?;
            if store.account(stream)?.map(|account| account.key) == key {
                Ok(page)
            } else {
                Err(SyncError::EpochBehind.into())
            }
        });
        page.await
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
        on_store(&self.store, &self.log, work).await
    }

    /// Who waits for something new.
    pub fn room(&self) -> &Arc<WaitingRoom<Wake>> {
        &self.waiting
    }

    /// How many pulls wait now for something new in their stream.
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
pub fn answer(generation: [u8; 16], head: StreamHead) -> SyncAnswer {
    SyncAnswer {
        generation,
        epoch: head.epoch,
        last_swap: head.last_swap,
        cursor: head.cursor,
        opening: head.opening,
        record: head.record,
        keyring: head.keyring,
        ..SyncAnswer::default()
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
        Refused::OtherOpening => SyncError::OtherOpening,
        Refused::RecordReplaced => SyncError::RecordReplaced,
        Refused::RecordRefused => SyncError::RecordRefused,
    }
}
