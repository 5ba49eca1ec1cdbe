//! One session of two devices, without a relay and without I/O: messages in, messages out.
//!
//! They speak in turns, so that neither ever waits for the other to read. A round is:
//!
//! | turn | says |
//! |---|---|
//! | one, then the other | [`Message::Hello`]: the household's own records, which are taken in before anything else |
//! | one, then the other | [`Message::Have`]: what it holds after that |
//! | in turns | [`Message::Chunks`]: a page of what the other lacks, or [`Message::Done`], until both have said that they are done |
//!
//! What came in may make a device write something new, such as a deletion that both carry over. So there are rounds until one has brought
//! nothing. A turn is an acknowledgement: what came before it is durable. Nothing is ever marked as delivered, so a connection that is cut
//! costs only what was on its way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_bytes::ByteBuf;
use techo_protocol::household::chunk::Envelope;
use techo_protocol::household::direct::{DirectError, Message};
use techo_protocol::household::sync_api::{ChunkId, MOST_CHUNKS};

use super::engine::{self, ChunkSource, Report};
use super::file::{make_records, take_records};
use super::{HouseholdRefusal, SyncError};
use crate::vault::Vault;

/// A page is sent once it has this many bytes. One chunk may be larger.
const PAGE_BYTES: usize = 4 << 20;
/// All that one session takes in, in bytes.
const MOST_BYTES: usize = 1 << 30;
/// One round brings everything over, a second what came of it. More are for devices that write at the same time.
const MOST_ROUNDS: usize = 8;

/// What decides which chunks can be read: a peer that missed a change of keys needs it before any of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Epoch records in their order.
    pub records: Vec<Vec<u8>>,
    /// The newest keyring record, where the device has one.
    pub keyring: Option<Vec<u8>>,
}

/// What a device has to give and can take in.
pub trait Holdings {
    /// Why it could not.
    type Error: From<DirectError>;

    /// The household's records.
    ///
    /// # Errors
    /// They cannot be read.
    fn records(&mut self) -> Result<Records, Self::Error>;

    /// Takes in the other's records.
    ///
    /// # Errors
    /// They cannot be stored, or shut this device out. A record that is refused is no error.
    fn take_records(&mut self, records: &Records) -> Result<(), Self::Error>;

    /// The chunks that are held, oldest first. Chunks that are known and no longer needed may be among them: they are not sent here then.
    ///
    /// # Errors
    /// They cannot be read.
    fn ids(&mut self) -> Result<Vec<ChunkId>, Self::Error>;

    /// A chunk as it is sealed; `None` where it is not held, or not any more.
    ///
    /// # Errors
    /// It cannot be read.
    fn chunk(&mut self, id: ChunkId) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Takes chunks in, in any order; durable once it returns.
    ///
    /// # Errors
    /// They cannot be stored, or this device turns out to be a copy. A chunk that is refused is no error.
    fn take(&mut self, chunks: &[Vec<u8>]) -> Result<Report, Self::Error>;
}

/// What a session with another device did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeerExchange {
    /// What came in from the other device.
    pub received: Report,
    /// Chunks sent, and taken in by the other.
    pub sent: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// The other's records. `answered` where one's own have gone before.
    Hello { answered: bool },
    /// What the other holds.
    Have { answered: bool },
    /// A page of chunks, or `Done`, from either in turn.
    Turn,
    /// Nothing more: both sides are done.
    End,
}

/// One side of a session of two devices.
///
/// ```
/// use techo_core::sync::direct::{PeerSession, VaultHoldings};
/// use techo_testing::Household;
///
/// let mut home = Household::of(2);
/// home.phones[0].add("Bar Yoru", 1);
/// let (left, right) = home.phones.split_at_mut(1);
/// let (phone, tablet) = (&mut left[0], &mut right[0]);
/// {
///     let mut here = VaultHoldings::new(phone.diary.vault(), phone.now);
///     let mut there = VaultHoldings::new(tablet.diary.vault(), tablet.now);
///     let (mut caller, message) = PeerSession::begin(&mut here)?;
///     let mut called = PeerSession::wait();
///     let mut message = Some(message);
///     while let Some(said) = message {
///         message = match called.take(&said, &mut there)? {
///             Some(answer) => caller.take(&answer, &mut here)?,
///             None => None,
///         };
///     }
///     assert!(caller.is_over() && called.is_over());
/// }
/// assert_eq!(tablet.names(), ["Bar Yoru"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PeerSession {
    expected: Expected,
    /// Still to be sent in this round.
    queue: VecDeque<ChunkId>,
    /// Sent in this session: what the other did not keep is not sent again.
    gone: BTreeSet<ChunkId>,
    /// Chunks of the last page, which the other has not acknowledged.
    on_the_way: usize,
    is_done: bool,
    /// Chunks of this round, in both directions.
    moved: usize,
    rounds: usize,
    bytes: usize,
    exchanged: PeerExchange,
}

impl PeerSession {
    fn new(expected: Expected) -> Self {
        Self {
            expected,
            queue: VecDeque::new(),
            gone: BTreeSet::new(),
            on_the_way: 0,
            is_done: false,
            moved: 0,
            rounds: 0,
            bytes: 0,
            exchanged: PeerExchange::default(),
        }
    }

    /// The side that speaks first, and its first message.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn begin<H: Holdings>(holdings: &mut H) -> Result<(Self, Vec<u8>), H::Error> {
        Ok((Self::new(Expected::Hello { answered: true }), hello(holdings)?.write()))
    }

    /// The side that is spoken to.
    pub fn wait() -> Self {
        Self::new(Expected::Hello { answered: false })
    }

    /// Whether all is said. Where [`take`](Self::take) gave a message, it is still to be sent.
    pub fn is_over(&self) -> bool {
        self.expected == Expected::End
    }

    /// What was done until now.
    pub fn exchanged(&self) -> PeerExchange {
        self.exchanged
    }

    /// Takes the other's message and gives what is to be said to it; `None` once all is said.
    ///
    /// # Errors
    /// [`DirectError::Misunderstood`] and [`DirectError::TooLarge`], after which nothing more is to be said; or the holdings'. What was taken in
    /// until then stays.
    pub fn take<H: Holdings>(&mut self, message: &[u8], holdings: &mut H) -> Result<Option<Vec<u8>>, H::Error> {
        let answer = match (self.expected, Message::read(message)?) {
            (Expected::Hello { answered }, Message::Hello { records, keyring }) => {
                holdings.take_records(&Records {
                    records: plain(records),
                    keyring: keyring.map(ByteBuf::into_vec),
                })?;
                self.expected = Expected::Have { answered };
                Some(if answered { self.held(holdings)? } else { hello(holdings)? })
            }
            (Expected::Have { answered }, Message::Have { chunks }) => {
                let held = if answered { None } else { Some(self.held(holdings)?) };
                let theirs: BTreeSet<ChunkId> = chunks.into_iter().collect();
                self.queue.retain(|id| !theirs.contains(id) && !self.gone.contains(id));
                self.expected = Expected::Turn;
                Some(held.map_or_else(|| self.turn(holdings), Ok)?)
            }
            (Expected::Turn, Message::Chunks { chunks }) if !chunks.is_empty() => {
                self.acknowledged();
                self.bytes += chunks.iter().map(|chunk| chunk.len()).sum::<usize>();
                if self.bytes > MOST_BYTES {
                    return Err(DirectError::TooLarge.into());
                }
                self.moved += chunks.len();
                self.exchanged.received.add(holdings.take(&plain(chunks))?);
                Some(self.turn(holdings)?)
            }
            (Expected::Turn, Message::Done) => {
                self.acknowledged();
                if self.is_done {
                    // Both are: whoever hears it last begins the next round.
                    self.end_round(true);
                    if self.is_over() { None } else { Some(hello(holdings)?) }
                } else {
                    let answer = self.turn(holdings)?;
                    if self.is_done {
                        self.end_round(false);
                    }
                    Some(answer)
                }
            }
            _ => return Err(DirectError::Misunderstood.into()),
        };
        Ok(answer.map(|message| message.write()))
    }

    /// What is held here. All of it is to be sent, until it is known what the other holds.
    fn held<H: Holdings>(&mut self, holdings: &mut H) -> Result<Message, H::Error> {
        let chunks = holdings.ids()?;
        self.queue = chunks.iter().copied().collect();
        Ok(Message::Have { chunks })
    }

    /// The next page, or that there is none.
    fn turn<H: Holdings>(&mut self, holdings: &mut H) -> Result<Message, H::Error> {
        let mut page = Vec::new();
        let mut bytes = 0;
        while bytes < PAGE_BYTES && page.len() < MOST_CHUNKS {
            let Some(id) = self.queue.pop_front() else { break };
            self.gone.insert(id);
            if let Some(chunk) = holdings.chunk(id)? {
                bytes += chunk.len();
                page.push(ByteBuf::from(chunk));
            }
        }
        self.is_done = page.is_empty();
        self.moved += page.len();
        self.on_the_way = page.len();
        Ok(if page.is_empty() {
            Message::Done
        } else {
            Message::Chunks { chunks: page }
        })
    }

    fn acknowledged(&mut self) {
        self.exchanged.sent += std::mem::take(&mut self.on_the_way);
    }

    /// Both sides count the same chunks, so they agree on whether there is another round.
    fn end_round(&mut self, begins_next: bool) {
        self.rounds += 1;
        let is_last = self.moved == 0 || self.rounds == MOST_ROUNDS;
        self.expected = if is_last {
            Expected::End
        } else {
            Expected::Hello { answered: begins_next }
        };
        self.moved = 0;
        self.is_done = false;
    }
}

fn hello<H: Holdings>(holdings: &mut H) -> Result<Message, H::Error> {
    let Records { records, keyring } = holdings.records()?;
    Ok(Message::Hello {
        records: records.into_iter().map(ByteBuf::from).collect(),
        keyring: keyring.map(ByteBuf::from),
    })
}

fn plain(parts: Vec<ByteBuf>) -> Vec<Vec<u8>> {
    parts.into_iter().map(ByteBuf::into_vec).collect()
}

/// What the vault holds, for the sessions with the devices that one search finds.
pub struct VaultHoldings<'v> {
    vault: &'v mut Vault,
    now: i64,
    /// As of the last [`ids`](Holdings::ids), so that the vault is read once a round and not once a chunk.
    chunks: BTreeMap<ChunkId, Vec<u8>>,
    has_spoken: bool,
}

impl<'v> VaultHoldings<'v> {
    /// The holdings of a vault. `now` in Unix seconds.
    pub fn new(vault: &'v mut Vault, now: i64) -> Self {
        Self {
            vault,
            now,
            chunks: BTreeMap::new(),
            has_spoken: false,
        }
    }

    /// The holdings of a vault in a search that goes on. `has_spoken` says whether a session was held in it before.
    pub fn resumed(vault: &'v mut Vault, now: i64, has_spoken: bool) -> Self {
        Self {
            has_spoken,
            ..Self::new(vault, now)
        }
    }

    /// Whether a session was held in this search.
    pub fn has_spoken(&self) -> bool {
        self.has_spoken
    }
}

impl Holdings for VaultHoldings<'_> {
    type Error = SyncError;

    fn records(&mut self) -> Result<Records, SyncError> {
        let is_first = !std::mem::replace(&mut self.has_spoken, true);
        let made = make_records(self.vault, self.now, is_first)?;
        Ok(Records {
            records: made.records,
            keyring: made.keyring,
        })
    }

    fn take_records(&mut self, records: &Records) -> Result<(), SyncError> {
        take_records(self.vault, &records.records, records.keyring.as_deref(), self.now)
    }

    fn ids(&mut self) -> Result<Vec<ChunkId>, SyncError> {
        let mut ids = Vec::new();
        self.chunks.clear();
        for chunk in engine::everything(self.vault, self.now)? {
            if let Ok(envelope) = Envelope::read(&chunk) {
                ids.push(ChunkId(envelope.chunk_id));
                self.chunks.insert(ChunkId(envelope.chunk_id), chunk);
            }
        }
        Ok(ids)
    }

    fn chunk(&mut self, id: ChunkId) -> Result<Option<Vec<u8>>, SyncError> {
        Ok(self.chunks.get(&id).cloned())
    }

    fn take(&mut self, chunks: &[Vec<u8>]) -> Result<Report, SyncError> {
        let report = engine::incoming(self.vault, chunks, ChunkSource::direct(self.now))?;
        if report.begun_anew {
            return Err(HouseholdRefusal::Copied.into());
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests;
