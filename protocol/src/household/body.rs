//! What lies inside a chunk: one change or snapshot, signed by the device that wrote it (docs/sync.md#bodies).
//!
//! ```text
//! version:1 device:1 number chain:32 subject generation tag:8 kind:1 [absorbed heads | hpke:32 keyring day] vector payload_length payload
//! signature:64
//! vector: a count, and for each device its index:1 seen at_relay gone
//! payload: salt:16 ciphertext tag:16      nothing in a heartbeat
//! ```
//! Lengths and numbers are LEB128. The signature is over a label, the household and all before it. The chain hash is the hash of the same
//! device's signed body before this one, so that a chunk can be sealed again under a later epoch without a break.
//!
//! **Lineages.** Each writing anew of a document without its history is a lineage: its generation, and a tag that its key gives. Two devices
//! that wrote anew at the same time made two; they are ordered by generation, then tag, and the higher one stays.
//!
//! **The payload's key** comes from the lineage's key and a salt of its own (ADR 0008): with the envelope's salt, sealing again under a later
//! epoch would have to keep it. The lineage's key itself travels in the keyring ([`crate::household::keyring_record`]) and nowhere else.

use ring::aead::{AES_256_GCM, UnboundKey};
use ring::hkdf;
use serde::{Deserialize, Serialize};

use crate::basics::keys::{PublicKey, SIGNATURE_BYTES, SigningKey, sha256};
use crate::basics::random::{Random, RandomError, random_bytes};
use crate::basics::reader::{ByteReader, write_varint};
use crate::basics::seal_once::OnceKey;
use crate::basics::secret::Secret;
use crate::household::sync_api::StreamId;

/// Most devices of a household.
pub const MOST_DEVICES: u8 = 16;
/// Most changed entries of the vector in a change or snapshot; a heartbeat has all.
pub const MOST_VECTOR_ENTRIES: usize = 3;
/// Most chunks that a snapshot says it was made from.
pub const MOST_ABSORBED: usize = 65_536;
/// Most heads that a snapshot names.
pub const MOST_HEADS: usize = 256;
/// Largest body in bytes.
pub const LARGEST_BODY_BYTES: usize = 16 << 20;

const VERSION: u8 = 2;
const SALT_BYTES: usize = 16;
const LABEL: &[u8] = b"techo chunk body v2";

crate::coded_errors! {
    /// What can be wrong with what lies inside a chunk.
    pub enum BodyError {
        /// Its structure or its seal.
        Damaged = "body.damaged", "What another device of the household sent is damaged.", "Sync again; if this stays, update Techo on all devices.";
        /// It is of a later format.
        NewerVersion = "body.newer_version", "Another device of the household uses a newer version of Techo.", "Update Techo on this device.";
        /// The device named did not sign it.
        SignatureInvalid = "body.signature_invalid", "Something came in the name of a device of the household that it did not sign.", "Nothing was taken in. If this stays, use another relay.";
        /// The key of the document does not open it.
        WrongKey = "body.wrong_key", "What another device sent is under a key that this device does not have.", "Sync again; if this stays, pair this device again.";
        /// Too much for one chunk.
        TooLarge = "body.too_large", "This is more than can be sent to another device at once.", "Delete what is no longer needed, or shorten long notes.";
    }
}

/// What a body is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// No document: what its device says of itself.
    #[serde(rename = "h")]
    Heartbeat,
    /// The household's settings and people: one document.
    #[serde(rename = "s")]
    Settings,
    /// The visits of one week: Unix day / 7 of the check-in in UTC.
    #[serde(rename = "w")]
    Week(u32),
    /// One person's vaccine record, by the person's id.
    #[serde(rename = "p")]
    Person(#[serde(with = "serde_bytes")] [u8; 16]),
}

/// Which body: the device's index in the device list, and how many it had written before, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Index in the device list, below [`MOST_DEVICES`].
    pub device: u8,
    /// The body's place among those of its device, from 1.
    pub number: u64,
}

/// One writing anew of a document. The higher of two stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lineage {
    /// How often the document was written anew.
    pub generation: u64,
    /// What [`GenerationKey::tag`] gives for the lineage's key.
    pub tag: [u8; 8],
}

/// The key of a lineage.
///
/// ```
/// use techo_protocol::household::body::GenerationKey;
/// let key = GenerationKey([7; 32].into());
/// assert_eq!(key.tag(), GenerationKey([7; 32].into()).tag());
/// assert_ne!(key.tag(), GenerationKey([8; 32].into()).tag());
/// assert_eq!(format!("{key:?}"), "GenerationKey(Secret<32>(..))");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationKey(pub Secret<32>);

/// What a body holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One change of a document.
    Change,
    /// A document as a whole.
    Snapshot(Snapshot),
    /// A sign of life.
    Heartbeat(Heartbeat),
}

/// What a device says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// Its newest HPKE key, to which records are sealed from now on.
    pub hpke: [u8; 32],
    /// The number of the newest keyring that it has opened; 0 if none.
    pub keyring: u64,
    /// The Unix day (UTC) on which it was made.
    pub day: u32,
}

/// What a snapshot says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The chunks that it was made from and takes the place of.
    pub absorbed: Vec<Identity>,
    /// The document's heads, 32 bytes each, in order.
    pub heads: Vec<[u8; 32]>,
}

/// How far a device's chunks were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VectorEntry {
    /// The index of the device whose chunks were seen.
    pub device: u8,
    /// The highest number seen.
    pub seen: u64,
    /// The highest number seen at the relay, or said there to be gone.
    pub at_relay: u64,
    /// The highest number that need not be at the relay any more: it is in a snapshot, or was replaced or destroyed.
    pub gone: u64,
}

/// What one chunk holds, once it is opened.
///
/// ```
/// use techo_protocol::basics::{keys::SigningKey, random::SystemRandom};
/// use techo_protocol::household::{body::*, sync_api::StreamId};
/// let (home, phone, key) = (StreamId([1; 16]), SigningKey::from_seed(&[2; 32]), GenerationKey([4; 32].into()));
/// let mut body = Body {
///     identity: Identity { device: 0, number: 1 },
///     chain: [0; 32],
///     subject: Subject::Week(2_940),
///     lineage: Lineage { generation: 0, tag: key.tag() },
///     kind: Kind::Change,
///     vector: vec![],
///     payload: vec![],
/// };
/// body.seal(home, &key, b"a change", &SystemRandom::new()).unwrap();
/// let bytes = body.write(home, &phone)?;
/// let read = UnverifiedBody::read(&bytes)?.verify(home, &phone.public())?;
/// assert_eq!(read.open(home, &key)?, b"a change");
/// assert_eq!(UnverifiedBody::read(&bytes)?.verify(StreamId([9; 16]), &phone.public()), Err(BodyError::SignatureInvalid));
/// assert_eq!(read.open(home, &GenerationKey([5; 32].into())), Err(BodyError::WrongKey), "the key of a later lineage");
/// # Ok::<(), BodyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Who wrote it, and its number.
    pub identity: Identity,
    /// [`chain_after`] the device's body before; zeros before the first.
    pub chain: [u8; 32],
    /// What it is about.
    pub subject: Subject,
    /// Under which lineage's key the payload is.
    pub lineage: Lineage,
    /// Whether the body is a change, a snapshot or a heartbeat, and what the latter two add.
    pub kind: Kind,
    /// At most [`MOST_VECTOR_ENTRIES`] entries that have changed; in a heartbeat all.
    pub vector: Vec<VectorEntry>,
    /// The content, sealed under the lineage's key ([`Body::open`]); empty in a heartbeat.
    pub payload: Vec<u8>,
}

/// A body whose signature was not checked yet.
pub struct UnverifiedBody<'a> {
    body: Body,
    signed: &'a [u8],
    signature: &'a [u8],
}

/// The chain hash that the device's next body bears after this one, signature included.
pub fn chain_after(signed_body: &[u8]) -> [u8; 32] {
    sha256(signed_body)
}

impl GenerationKey {
    /// The tag by which bodies name this key's lineage.
    pub fn tag(&self) -> [u8; 8] {
        let mut tag = [0; 8];
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"techo lineage tag v1")
            .extract(self.0.expose())
            .expand(&[], Length(8))
            .and_then(|okm| okm.fill(&mut tag))
            .expect("8 bytes is one block of HKDF-SHA256");
        tag
    }
}

impl Body {
    /// Puts `plain` into the body, sealed under the lineage's key.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn seal(
        &mut self,
        household: StreamId,
        key: &GenerationKey,
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<(), RandomError> {
        let salt: [u8; SALT_BYTES] = random_bytes(random)?;
        let mut sealed = plain.to_vec();
        payload_key(key, &salt)
            .seal(&self.place(household), &mut sealed)
            .expect("a payload is far under the 64 GB that AES-GCM seals");
        self.payload = [&salt[..], &sealed].concat();
        Ok(())
    }

    /// Opens the payload.
    ///
    /// # Errors
    /// [`BodyError::WrongKey`].
    pub fn open(&self, household: StreamId, key: &GenerationKey) -> Result<Vec<u8>, BodyError> {
        let (salt, sealed) = self.payload.split_first_chunk::<SALT_BYTES>().ok_or(BodyError::Damaged)?;
        let mut sealed = sealed.to_vec();
        let plain = payload_key(key, salt)
            .open(&self.place(household), &mut sealed)
            .ok_or(BodyError::WrongKey)?;
        Ok(plain.to_vec())
    }

    /// What the payload is bound to.
    fn place(&self, household: StreamId) -> Vec<u8> {
        let mut place = household.0.to_vec();
        self.write_head(&mut place);
        place
    }

    fn write_head(&self, out: &mut Vec<u8>) {
        out.push(self.identity.device);
        write_varint(self.identity.number, out);
        out.extend_from_slice(&self.chain);
        match self.subject {
            Subject::Heartbeat => out.push(0),
            Subject::Settings => out.push(1),
            Subject::Week(week) => {
                out.push(2);
                write_varint(u64::from(week), out);
            }
            Subject::Person(id) => {
                out.push(3);
                out.extend_from_slice(&id);
            }
        }
        write_varint(self.lineage.generation, out);
        out.extend_from_slice(&self.lineage.tag);
    }

    /// Writes and signs the body.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] where it is more than [`UnverifiedBody::read`] takes.
    pub fn write(&self, household: StreamId, signer: &SigningKey) -> Result<Vec<u8>, BodyError> {
        let mut out = vec![VERSION];
        self.write_head(&mut out);
        match &self.kind {
            Kind::Change => out.push(0),
            Kind::Snapshot(snapshot) => {
                if snapshot.absorbed.len() > MOST_ABSORBED || snapshot.heads.len() > MOST_HEADS {
                    return Err(BodyError::TooLarge);
                }
                out.push(1);
                snapshot.write(&mut out);
            }
            Kind::Heartbeat(heartbeat) => {
                out.push(2);
                heartbeat.write(&mut out);
            }
        }
        if self.vector.len() > self.kind.most_vector_entries() {
            return Err(BodyError::TooLarge);
        }
        write_count(self.vector.len(), &mut out);
        for entry in &self.vector {
            out.push(entry.device);
            write_varint(entry.seen, &mut out);
            write_varint(entry.at_relay, &mut out);
            write_varint(entry.gone, &mut out);
        }
        write_count(self.payload.len(), &mut out);
        out.extend_from_slice(&self.payload);
        let signature = signer.sign(&message(household, &out));
        out.extend_from_slice(&signature);
        if out.len() > LARGEST_BODY_BYTES {
            return Err(BodyError::TooLarge);
        }
        Ok(out)
    }
}

impl Snapshot {
    fn write(&self, out: &mut Vec<u8>) {
        write_count(self.absorbed.len(), out);
        for identity in &self.absorbed {
            out.push(identity.device);
            write_varint(identity.number, out);
        }
        write_count(self.heads.len(), out);
        for head in &self.heads {
            out.extend_from_slice(head);
        }
    }

    fn read(rest: &mut ByteReader<'_>) -> Option<Self> {
        let absorbed = (0..count(rest, MOST_ABSORBED)?)
            .map(|_| identity(rest))
            .collect::<Option<Vec<_>>>()?;
        let heads = (0..count(rest, MOST_HEADS)?)
            .map(|_| rest.array())
            .collect::<Option<Vec<_>>>()?;
        Some(Self { absorbed, heads })
    }
}

impl Heartbeat {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.hpke);
        write_varint(self.keyring, out);
        write_varint(u64::from(self.day), out);
    }

    fn read(rest: &mut ByteReader<'_>) -> Option<Self> {
        Some(Self {
            hpke: rest.array()?,
            keyring: rest.varint()?,
            day: u32::try_from(rest.varint()?).ok()?,
        })
    }
}

impl Kind {
    fn most_vector_entries(&self) -> usize {
        match self {
            Self::Change | Self::Snapshot(_) => MOST_VECTOR_ENTRIES,
            Self::Heartbeat(_) => usize::from(MOST_DEVICES),
        }
    }
}

impl<'a> UnverifiedBody<'a> {
    /// Reads a body's structure: whose it is must be known before the key is.
    ///
    /// # Errors
    /// [`BodyError::Damaged`] or [`BodyError::NewerVersion`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, BodyError> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(_) => return Err(BodyError::NewerVersion),
            None => return Err(BodyError::Damaged),
        }
        if bytes.len() > LARGEST_BODY_BYTES {
            return Err(BodyError::TooLarge);
        }
        Self::split(bytes).ok_or(BodyError::Damaged)
    }

    fn split(bytes: &'a [u8]) -> Option<Self> {
        let (signed, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE_BYTES)?)?;
        let mut rest = ByteReader::of_version(signed, VERSION).ok()?;
        let body = read_body(&mut rest)?;
        rest.end().map(|()| Self { body, signed, signature })
    }

    /// Who it says wrote it.
    pub fn identity(&self) -> Identity {
        self.body.identity
    }

    /// What it says, whoever wrote it: for tests that search all that could be opened.
    pub fn peek(&self) -> &Body {
        &self.body
    }

    /// The body, once `key` is known to have signed it for this household.
    ///
    /// # Errors
    /// [`BodyError::SignatureInvalid`].
    pub fn verify(self, household: StreamId, key: &PublicKey) -> Result<Body, BodyError> {
        if key.verifies(&message(household, self.signed), self.signature) {
            Ok(self.body)
        } else {
            Err(BodyError::SignatureInvalid)
        }
    }
}

fn read_body(rest: &mut ByteReader<'_>) -> Option<Body> {
    let identity = identity(rest)?;
    let chain = rest.array()?;
    let subject = match rest.byte()? {
        0 => Subject::Heartbeat,
        1 => Subject::Settings,
        2 => Subject::Week(u32::try_from(rest.varint()?).ok()?),
        3 => Subject::Person(rest.array()?),
        _ => return None,
    };
    let lineage = Lineage {
        generation: rest.varint()?,
        tag: rest.array()?,
    };
    let kind = match rest.byte()? {
        0 => Kind::Change,
        1 => Kind::Snapshot(Snapshot::read(rest)?),
        2 => Kind::Heartbeat(Heartbeat::read(rest)?),
        _ => return None,
    };
    let vector = (0..count(rest, kind.most_vector_entries())?)
        .map(|_| {
            Some(VectorEntry {
                device: device(rest)?,
                seen: rest.varint()?,
                at_relay: rest.varint()?,
                gone: rest.varint()?,
            })
        })
        .collect::<Option<Vec<_>>>()?;
    let length = count(rest, LARGEST_BODY_BYTES)?;
    let payload = rest.take(length)?;
    Some(Body {
        identity,
        chain,
        subject,
        lineage,
        kind,
        vector,
        payload: payload.to_vec(),
    })
}

fn write_count(count: usize, out: &mut Vec<u8>) {
    // A length of something in memory fits 64 bits.
    write_varint(count as u64, out);
}

fn count(rest: &mut ByteReader<'_>, most: usize) -> Option<usize> {
    usize::try_from(rest.varint()?).ok().filter(|count| *count <= most)
}

fn device(rest: &mut ByteReader<'_>) -> Option<u8> {
    rest.byte().filter(|device| *device < MOST_DEVICES)
}

fn identity(rest: &mut ByteReader<'_>) -> Option<Identity> {
    Some(Identity {
        device: device(rest)?,
        number: rest.varint().filter(|number| *number > 0)?,
    })
}

fn message(household: StreamId, signed: &[u8]) -> Vec<u8> {
    [LABEL, &household.0, signed].concat()
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn payload_key(key: &GenerationKey, salt: &[u8; SALT_BYTES]) -> OnceKey {
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(key.0.expose())
        .expand(&[b"techo payload key v1"], &AES_256_GCM)
        .map(UnboundKey::from)
        .map(OnceKey::from)
        .expect("an AEAD key is one block of HKDF-SHA256")
}

#[cfg(test)]
mod tests;
