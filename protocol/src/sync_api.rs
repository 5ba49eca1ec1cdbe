//! What devices of a household and a relay say to each other (3-sync, "Relay protocol").
//!
//! Every call is one `POST` to [`stream_path`] with a [`SyncRequest`] that the household's relay key signed: a key that the epoch key gives, so
//! the relay sees one public key a household and no message names a device. Answers are CBOR, [`SyncAnswer`]; errors are problem documents.
//!
//! Calls are safe to repeat: a push names its chunks, a swap and an epoch are compare-and-swap, and whoever overhears a pull learns sealed
//! bytes only. Pairing uses a mailbox of [`rendezvous_path`], which only a signed account opens.

use ring::hkdf;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::chunk::EpochKey;
use crate::keys::{KeyId, PublicKey, SigningKey};
use crate::relay_api::hex;
use crate::signed::Kind;

/// Largest request in bytes.
pub const LARGEST_SYNC_REQUEST_BYTES: usize = 24 << 20;
/// Most chunks in one request or answer.
pub const MOST_CHUNKS: usize = 4_096;
/// Longest time that a pull waits for something new, in seconds.
pub const LONGEST_WAIT_SECONDS: u32 = 55;
/// How many messages a pairing mailbox takes.
pub const MAILBOX_MESSAGES: u8 = 4;
/// How long a pairing mailbox lives, in seconds.
pub const MAILBOX_SECONDS: i64 = 120;
/// Largest pairing message in bytes.
pub const LARGEST_MAILBOX_MESSAGE_BYTES: usize = 4 * 1024;

const REQUEST: Kind = Kind {
    magic: b"TSRQ",
    version: 1,
    label: b"techo sync request v1",
    largest: LARGEST_SYNC_REQUEST_BYTES,
};

/// A household's stream of chunks at a relay: 16 random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StreamId(#[serde(with = "serde_bytes")] pub [u8; 16]);

/// Names a chunk's bytes at the relay: 16 random bytes that say nothing of what is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChunkId(#[serde(with = "serde_bytes")] pub [u8; 16]);

/// Path of a household's stream.
pub fn stream_path(stream: StreamId) -> String {
    format!("/v1/streams/{}", hex(&stream.0))
}

/// Path of one message of a pairing mailbox, 0 to 3. `PUT` leaves it, `GET` takes it and waits for it.
pub fn rendezvous_path(mailbox: &[u8; 16], message: u8) -> String {
    format!("/v1/rendezvous/{}/{message}", hex(mailbox))
}

/// The key by which a relay knows the household in an epoch.
pub fn relay_key(epoch: &EpochKey) -> SigningKey {
    let mut seed = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"techo relay key v1")
        .extract(&epoch.0)
        .expand(&[], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut seed))
        .expect("32 bytes is one block of HKDF-SHA256");
    SigningKey::from_seed(&seed)
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// Which stream.
    pub stream: StreamId,
    /// What to do.
    pub call: Call,
}

/// What a device asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Opens the account under the key that signs; the same again is no error.
    Open {
        /// That key.
        key: PublicKey,
    },
    /// Stores chunks. One that is there already is left as it is.
    Push {
        /// The epoch that the chunks are sealed under; refused when the relay is at another.
        epoch: u32,
        /// The last swap that the device has seen; refused when there was a later one, so that nothing is built on what was removed.
        last_swap: u64,
        /// Whole chunks.
        chunks: Vec<ByteBuf>,
    },
    /// Gives chunks after a cursor, oldest first.
    Pull {
        /// The cursor of the last answer; 0 at first.
        cursor: u64,
        /// Wait so many seconds when there is nothing new, at most [`LONGEST_WAIT_SECONDS`].
        wait: u32,
    },
    /// Puts chunks in the place of others, all at once. Exact ids are removed, never "everything up to N": that is where shipped products lost data.
    Swap {
        /// The epoch that the new chunks are sealed under.
        epoch: u32,
        /// The cursor up to which the device has seen everything; refused when anything came since.
        cursor: u64,
        /// Whole chunks.
        add: Vec<ByteBuf>,
        /// What they replace.
        remove: Vec<ChunkId>,
    },
    /// Deletes the account: unserved at once, erased after seven days.
    Delete,
    /// Opens a pairing mailbox.
    OpenMailbox {
        /// 16 random bytes.
        #[serde(with = "serde_bytes")]
        mailbox: [u8; 16],
    },
}

/// What the relay answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncAnswer {
    /// Names this filling of the relay's store; another value means that it was wiped. A hint only.
    #[serde(with = "serde_bytes")]
    pub generation: [u8; 16],
    /// The epoch that the relay is at.
    pub epoch: u32,
    /// The last swap.
    pub last_swap: u64,
    /// The cursor after what is in this answer, or of what was stored.
    pub cursor: u64,
    /// Chunks after the asked cursor.
    pub chunks: Vec<ByteBuf>,
    /// There are more.
    pub more: bool,
}

impl SyncRequest {
    /// Signs the request.
    pub fn write(&self, signer: &SigningKey) -> Vec<u8> {
        REQUEST.write(self, signer)
    }

    /// Reads a request's structure: whose stream it is about must be known before the key is.
    pub fn read(request: &[u8]) -> Option<UnverifiedRequest<'_>> {
        let file = REQUEST.read(request).ok()?;
        let request = file.body()?;
        Some(UnverifiedRequest { file, request })
    }
}

/// A request that was read and whose signature was not checked yet.
pub struct UnverifiedRequest<'a> {
    file: crate::signed::SignedFile<'a>,
    request: SyncRequest,
}

impl UnverifiedRequest<'_> {
    /// Which stream it says it is about.
    pub fn stream(&self) -> StreamId {
        self.request.stream
    }

    /// The key that it says opens an account.
    pub fn opening_key(&self) -> Option<PublicKey> {
        match self.request.call {
            Call::Open { key } => Some(key),
            _ => None,
        }
    }

    /// The request, once `key` is known to have signed it.
    pub fn verify(self, key: &PublicKey) -> Option<SyncRequest> {
        self.file.signed_by([key]).then_some(self.request)
    }

    /// The short id of the key that it says signed it.
    pub fn key_id(&self) -> KeyId {
        self.file.key_id()
    }
}

impl SyncAnswer {
    /// As CBOR.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        ciborium::into_writer(self, &mut out).expect("writing to memory does not fail");
        out
    }

    /// From CBOR; `None` where it cannot be read.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        ciborium::from_reader(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request() -> SyncRequest {
        SyncRequest {
            stream: StreamId([1; 16]),
            call: Call::Push {
                epoch: 1,
                last_swap: 2,
                chunks: vec![ByteBuf::from(vec![9; 617])],
            },
        }
    }

    #[test]
    fn a_request_is_believed_of_its_key_only() {
        let key = relay_key(&EpochKey([5; 32]));
        let bytes = request().write(&key);
        assert_eq!(SyncRequest::read(&bytes).unwrap().verify(&key.public()), Some(request()));
        let other = relay_key(&EpochKey([6; 32])).public();
        assert_eq!(SyncRequest::read(&bytes).unwrap().verify(&other), None);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(
                SyncRequest::read(&damaged).is_none_or(|read| read.verify(&key.public()).is_none()),
                "byte {at}"
            );
        }
    }

    #[test]
    fn chunks_travel_as_bytes() {
        let overhead = request().write(&relay_key(&EpochKey([5; 32]))).len() - 617;
        assert!(overhead < 200, "{overhead}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = SyncRequest::read(&[b"TSRQ\x01".as_slice(), &bytes].concat());
            let _ = SyncAnswer::from_bytes(&bytes);
        }
    }
}
