//! What devices of a household and a relay say to each other (docs/sync.md#calls-to-a-relay).
//!
//! Every call is one `POST` to [`stream_path`] with a [`SyncRequest`] that the household's relay key signed: a key that the epoch key gives, so
//! the relay sees one public key a household and no message names a device. Answers are CBOR, [`SyncAnswer`]; errors are problem documents.
//!
//! Calls are safe to repeat: a push names its chunks, a swap and an installation are compare-and-swap, a deletion names the opening of the
//! account that it ends and its cursor, as does what brings it back, and whoever overhears a pull learns sealed bytes only. Pairing uses a mailbox of [`rendezvous_path`], which only a
//! signed account opens. Whoever has nothing but the recovery words asks at [`recovery_path`].
//!
//! Beside its chunks an account has two records: the epoch record ([`crate::household::epoch_record`]), of which the relay reads the part that is in the
//! clear, and the keyring ([`crate::household::keyring_record`]), of which it reads the number.

use ring::hkdf;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::basics::keys::{KeyId, PublicKey, SigningKey};
use crate::basics::secret::Secret;
use crate::basics::signed::Kind;
use crate::household::chunk::EpochKey;

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

/// Days for which a relay keeps the epoch records and keys that others have replaced, so that a device that was away finds its way.
pub const FOLLOWED_DAYS: i64 = 180;
/// Days for which recovery words that others have replaced may still install an epoch record over a hostile one.
pub const OLD_WORDS_DAYS: i64 = 7;

/// Largest request by recovery words in bytes.
pub const LARGEST_RECOVERY_REQUEST_BYTES: usize = 4 * 1024;

const RECOVERY: Kind = Kind {
    magic: b"TSRR",
    version: 1,
    label: b"techo recovery request v1",
    largest: LARGEST_RECOVERY_REQUEST_BYTES,
};

const REQUEST: Kind = Kind {
    magic: b"TSRQ",
    version: 1,
    label: b"techo sync request v1",
    largest: LARGEST_SYNC_REQUEST_BYTES,
};

/// A household's stream of chunks at a relay: 16 random bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StreamId(#[serde(with = "serde_bytes")] pub [u8; 16]);

/// Names a chunk's bytes at the relay: 16 random bytes that say nothing of what is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChunkId(#[serde(with = "serde_bytes")] pub [u8; 16]);

/// Path of a household's stream.
///
/// ```
/// use techo_protocol::household::sync_api::{StreamId, rendezvous_path, stream_path};
/// assert_eq!(stream_path(StreamId([0xAB; 16])), "/v1/streams/abababababababababababababababab");
/// assert_eq!(rendezvous_path(&[1; 16], 3), "/v1/rendezvous/01010101010101010101010101010101/3");
/// ```
pub fn stream_path(stream: StreamId) -> String {
    format!("/v1/streams/{}", hex::encode(stream.0))
}

/// Path of one message of a pairing mailbox, 0 to 3. `PUT` leaves it, `GET` takes it and waits for it.
pub fn rendezvous_path(mailbox: &[u8; 16], message: u8) -> String {
    format!("/v1/rendezvous/{}/{message}", hex::encode(mailbox))
}

/// Path of a household's records for whoever has its recovery words.
pub fn recovery_path(locator: &[u8; 16]) -> String {
    format!("/v1/recovery/{}", hex::encode(locator))
}

/// The key by which a relay knows the household in an epoch.
pub fn relay_key(epoch: &EpochKey) -> SigningKey {
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"techo relay key v1").extract(epoch.0.expose());
    let okm = prk.expand(&[], hkdf::HKDF_SHA256);
    let seed = okm.and_then(|okm| Secret::filled(|out| okm.fill(out)));
    SigningKey::from_seed(seed.expect("32 bytes is one block of HKDF-SHA256").expose())
}

/// One call of a device to its relay, about one stream.
///
/// ```
/// use techo_protocol::household::{chunk::EpochKey, sync_api::*};
/// let [now, before] = [2, 1].map(|byte| relay_key(&EpochKey([byte; 32].into())));
/// let request = SyncRequest { stream: StreamId([1; 16]), call: Call::Pull { cursor: 7, wait: 55 } };
/// let bytes = request.write(&now);
/// // Whose stream it is must be known before the key is.
/// assert_eq!(SyncRequest::read(&bytes).unwrap().stream(), StreamId([1; 16]));
/// assert_eq!(SyncRequest::read(&bytes).unwrap().verify(&now.public()), Some(request));
/// assert_eq!(SyncRequest::read(&bytes).unwrap().verify(&before.public()), None, "the key of an epoch that has ended");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// The household's stream that the call is about.
    pub stream: StreamId,
    /// What the relay is asked to do.
    pub call: Call,
}

/// What a device asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Opens the account under the key that signs; the same again is no error.
    Open {
        /// The key that the account is opened under, which signs this request too.
        key: PublicKey,
    },
    /// Stores chunks. One that is there already is left as it is.
    Push {
        /// The epoch that the chunks are sealed under; refused when the relay is at another.
        epoch: u32,
        /// The last swap that the device has seen; refused when there was a later one, so that nothing is built on what was removed.
        last_swap: u64,
        /// Chunks as they are sealed, at most [`MOST_CHUNKS`].
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
        /// Chunks as they are sealed, at most [`MOST_CHUNKS`].
        add: Vec<ByteBuf>,
        /// The ids of the chunks that those of `add` replace.
        remove: Vec<ChunkId>,
    },
    /// Gives the records: the epoch records after `since`, and the keyring. Also for who signs with a key that the account had in the last
    /// [`FOLLOWED_DAYS`], and for its recovery key; nothing else is for those.
    Records {
        /// The number of the record that the device is at; `None` gives the present one only.
        since: Option<u64>,
    },
    /// Replaces records and swaps chunks, all at once. At least a chunk is added, so that whoever waits is woken.
    Install {
        /// The number of the epoch record that the device is at; refused where it is another.
        record: Option<u64>,
        /// The number of the keyring that the device is at; refused where it is another.
        keyring: Option<u64>,
        /// The cursor up to which the device has seen everything; refused when anything came since.
        cursor: u64,
        /// Epoch records in their order, each one more than the one before and signed by the keys of both; the last with its slots. The chunks
        /// are sealed under the last one's epoch.
        records: Vec<ByteBuf>,
        /// The keyring that replaces the present one, if it is to be replaced.
        new_keyring: Option<ByteBuf>,
        /// Chunks as they are sealed, at most [`MOST_CHUNKS`].
        add: Vec<ByteBuf>,
        /// The ids of the chunks that those of `add` replace.
        remove: Vec<ChunkId>,
    },
    /// Names all chunks that are there.
    Inventory,
    /// Deletes the account: unserved at once, erased after seven days; until then the recovery words bring it back. It raises the cursor by
    /// one; of an account that is deleted already it is no error.
    Delete {
        /// [`SyncAnswer::opening`]: a request that somebody kept does not delete what was opened later under the same key.
        #[serde(with = "serde_bytes")]
        opening: [u8; 16],
        /// The cursor that the account is at; refused at another, so that a kept request does not delete what the words have brought back.
        cursor: u64,
    },
    /// Opens a pairing mailbox.
    OpenMailbox {
        /// The mailbox's name: 16 random bytes.
        #[serde(with = "serde_bytes")]
        mailbox: [u8; 16],
    },
}

/// Which record is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The number of the epoch record or of the keyring.
    pub number: u64,
    /// SHA-256 of what it says: of an epoch record its name, of a keyring all of it.
    #[serde(with = "serde_bytes")]
    pub hash: [u8; 32],
}

/// What whoever has the recovery words asks, signed by the key that the words give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryCall {
    /// Gives the records, as [`Call::Records`] does; of a deleted account none, and the cursor that [`RecoveryCall::Revive`] has to name.
    Records,
    /// Brings a deleted account back, and raises the cursor by one; one that is not deleted is left as it is.
    Revive {
        /// The cursor that the account is at; refused at another, so that a kept request does not bring back what was deleted again.
        cursor: u64,
    },
}

/// A request by recovery words.
///
/// ```
/// use techo_protocol::basics::{keys::SigningKey, random::SystemRandom};
/// use techo_protocol::household::{recovery::{Language, RecoveryWords}, sync_api::{RecoveryCall, RecoveryRequest}};
/// let keys = RecoveryWords::generate(Language::English, &SystemRandom::new()).unwrap().keys();
/// let request = RecoveryRequest { locator: keys.locator, call: RecoveryCall::Records };
/// let bytes = request.write(&keys.signing);
/// assert_eq!(RecoveryRequest::locator(&bytes), Some(keys.locator));
/// assert_eq!(RecoveryRequest::verify(&bytes, &[keys.signing.public()]), Some(request));
/// assert_eq!(RecoveryRequest::verify(&bytes, &[SigningKey::from_seed(&[1; 32]).public()]), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryRequest {
    /// What the words give; the relay finds the account by it.
    #[serde(with = "serde_bytes")]
    pub locator: [u8; 16],
    /// What the relay is asked to do for whoever has the words.
    pub call: RecoveryCall,
}

/// What the relay answers.
///
/// ```
/// use techo_protocol::household::sync_api::SyncAnswer;
/// let answer = SyncAnswer { epoch: 3, cursor: 12, ..SyncAnswer::default() };
/// assert_eq!(SyncAnswer::from_bytes(&answer.to_bytes()), Some(answer));
/// assert_eq!(SyncAnswer::from_bytes(b"<html>"), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncAnswer {
    /// Names this filling of the relay's store; another value means that it was wiped. A hint only.
    #[serde(with = "serde_bytes")]
    pub generation: [u8; 16],
    /// The epoch that the relay is at.
    pub epoch: u32,
    /// How many swaps there were; a push is refused from a device that has not seen the last.
    pub last_swap: u64,
    /// The cursor after what is in this answer, or of what was stored.
    pub cursor: u64,
    /// Chunks after the asked cursor.
    pub chunks: Vec<ByteBuf>,
    /// Whether chunks after those of this answer are there.
    pub more: bool,
    /// Names this opening of the account.
    #[serde(with = "serde_bytes", default)]
    pub opening: [u8; 16],
    /// The epoch record that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Mark>,
    /// The keyring that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyring: Option<Mark>,
    /// Answers [`Call::Records`]: in their order, those that were replaced without their slots, the present one whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<ByteBuf>,
    /// The keyring, as the answer to [`Call::Records`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyring_record: Option<ByteBuf>,
    /// Answers [`Call::Inventory`]: all ids, 16 bytes each.
    #[serde(with = "serde_bytes", default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<u8>,
    /// Answers [`Call::Open`]: the time by the relay's clock, in Unix seconds. It confirms or contradicts a device's own before anything is
    /// destroyed, and does nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
}

impl SyncRequest {
    /// Signs the request by the household's relay key ([`relay_key`]).
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

impl RecoveryRequest {
    /// Signs the request by the key that the recovery words give.
    pub fn write(&self, signer: &SigningKey) -> Vec<u8> {
        RECOVERY.write(self, signer)
    }

    /// The locator that a request names, before its key is known.
    pub fn locator(request: &[u8]) -> Option<[u8; 16]> {
        Some(RECOVERY.read(request).ok()?.body::<Self>()?.locator)
    }

    /// The request, if one of `keys` signed it.
    pub fn verify(request: &[u8], keys: &[PublicKey]) -> Option<Self> {
        let file = RECOVERY.read(request).ok()?;
        file.signed_by(keys).then(|| file.body())?
    }
}

/// A request that was read and whose signature was not checked yet.
pub struct UnverifiedRequest<'a> {
    file: crate::basics::signed::SignedFile<'a>,
    request: SyncRequest,
}

impl UnverifiedRequest<'_> {
    /// Which stream it says it is about.
    pub fn stream(&self) -> StreamId {
        self.request.stream
    }

    /// What it asks for. Nothing may be done for it before [`Self::verify`].
    pub fn call(&self) -> &Call {
        &self.request.call
    }

    /// The key that it says opens an account.
    pub fn opening_key(&self) -> Option<PublicKey> {
        match self.request.call {
            Call::Open { key } => Some(key),
            _ => None,
        }
    }

    /// The records that it asks for, if it asks for nothing else: which old keys may.
    pub fn asks_for_records(&self) -> Option<Option<u64>> {
        match self.request.call {
            Call::Records { since } => Some(since),
            _ => None,
        }
    }

    /// Whether `key` signed it.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.file.signed_by([key])
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
    /// The answer's bytes, in CBOR.
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
        let key = relay_key(&EpochKey([5; 32].into()));
        let bytes = request().write(&key);
        assert_eq!(SyncRequest::read(&bytes).unwrap().verify(&key.public()), Some(request()));
        let other = relay_key(&EpochKey([6; 32].into())).public();
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
        let overhead = request().write(&relay_key(&EpochKey([5; 32].into()))).len() - 617;
        assert!(overhead < 200, "{overhead}");
    }

    #[test]
    fn a_recovery_request_is_believed_of_its_key_only() {
        let [key, other] = [1, 2].map(|seed| SigningKey::from_seed(&[seed; 32]));
        let request = RecoveryRequest {
            locator: [4; 16],
            call: RecoveryCall::Revive { cursor: 3 },
        };
        let bytes = request.write(&key);
        assert_eq!(RecoveryRequest::locator(&bytes), Some([4; 16]));
        assert_eq!(
            RecoveryRequest::verify(&bytes, &[other.public(), key.public()]),
            Some(request)
        );
        assert_eq!(RecoveryRequest::verify(&bytes, &[other.public()]), None);
    }

    #[test]
    fn an_answer_of_before_records_is_read() {
        let answer = SyncAnswer {
            cursor: 7,
            ..SyncAnswer::default()
        };
        assert_eq!(SyncAnswer::from_bytes(&answer.to_bytes()), Some(answer));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = RecoveryRequest::verify(&[b"TSRR\x01".as_slice(), &bytes].concat(), &[]);
            let _ = SyncRequest::read(&[b"TSRQ\x01".as_slice(), &bytes].concat());
            let _ = SyncAnswer::from_bytes(&bytes);
        }
    }
}
