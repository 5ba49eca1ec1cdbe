//! What may be asked to change an account, and what comes of it.

use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::{ChunkId, StreamId};

use super::{Chunk, Install, StreamHead};

/// A change of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamWrite {
    /// Opens it, as of `day`.
    Open {
        /// The stream to open an account for.
        stream: StreamId,
        /// The key that signs for it.
        key: PublicKey,
        /// Names the opening, if it is one: 16 random bytes.
        opening: [u8; 16],
        /// The day of the opening, a Unix day (UTC).
        day: i64,
    },
    /// Adds chunks; one that is there already is left as it is.
    Push {
        /// The stream that gets the chunks.
        stream: StreamId,
        /// The epoch that they are sealed under.
        epoch: u32,
        /// The last swap that their device has seen.
        last_swap: u64,
        /// The chunks, in the order in which they are to be numbered.
        chunks: Vec<Chunk>,
        /// Most bytes of chunks that an account may have.
        most: u64,
    },
    /// Adds chunks and then removes others, all at once.
    Swap {
        /// The stream whose chunks are swapped.
        stream: StreamId,
        /// The epoch that the new ones are sealed under.
        epoch: u32,
        /// The newest chunk that the device has seen.
        cursor: u64,
        /// The chunks that come.
        add: Vec<Chunk>,
        /// The old ones, none of which is among the new; those that are not there are passed over.
        remove: Vec<ChunkId>,
        /// Most bytes of chunks that an account may have afterwards.
        most: u64,
    },
    /// Replaces records and swaps chunks, all at once.
    Install(Box<Install>),
    /// Deletes it on `day`; again is no error.
    Delete {
        /// The stream whose account is deleted.
        stream: StreamId,
        /// The opening that is meant.
        opening: [u8; 16],
        /// The cursor that is meant.
        cursor: u64,
        /// The day of the deletion, a Unix day (UTC).
        day: i64,
    },
    /// Brings a deleted one back on `day`; one that is not deleted is left as it is.
    Revive {
        /// The stream whose account is brought back.
        stream: StreamId,
        /// The cursor that is meant.
        cursor: u64,
        /// The day on which the account is brought back, a Unix day (UTC).
        day: i64,
    },
    /// It was read on `day`.
    Read {
        /// The stream that was read.
        stream: StreamId,
        /// The day of the reading, a Unix day (UTC).
        day: i64,
    },
}

/// What came of a change.
pub type Written = Result<StreamHead, Refused>;

/// Why a change was not made; nothing was changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The stream has no account, or one that is due to be erased.
    NoAccount,
    /// The account is deleted.
    Deleted,
    /// The account has another key.
    OtherKey,
    /// The stream is at another epoch: this one.
    OtherEpoch(u32),
    /// There was a later swap.
    SwapMissed,
    /// Something came since the cursor.
    CameSince,
    /// The account would have more bytes than it may.
    OverQuota,
    /// It is another opening of the account that is meant.
    OtherOpening,
    /// The epoch record or the keyring is another by now.
    RecordReplaced,
    /// A record that does not follow the one that is there.
    RecordRefused,
}

impl StreamWrite {
    /// Whose account it changes.
    pub fn stream(&self) -> StreamId {
        match self {
            Self::Open { stream, .. }
            | Self::Push { stream, .. }
            | Self::Swap { stream, .. }
            | Self::Delete { stream, .. }
            | Self::Revive { stream, .. }
            | Self::Read { stream, .. } => *stream,
            Self::Install(install) => install.stream,
        }
    }

    /// Whether somebody who waits for something new in the stream is to be told: of all changes but that it was read.
    pub fn is_news(&self) -> bool {
        !matches!(self, Self::Read { .. })
    }

    /// Bytes of chunks that it brings.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Push { chunks, .. } | Self::Swap { add: chunks, .. } => chunks.iter().map(|chunk| chunk.bytes.len()).sum(),
            Self::Install(install) => install.add.iter().map(|chunk| chunk.bytes.len()).sum(),
            _ => 0,
        }
    }
}
