//! A segment: a signed, immutable file of exposed venue-hours, which says nothing to anyone who was at none of them.
//!
//! ```text
//! "TSEG" version:1 authority:16 sequence:8 issued_at:8 area:2 day:4 salt:16
//!        entries:4 wraps:4 texts:4 recalls:4 (the last two are lengths in bytes) notice_key_id:2
//! high vector, low array   the tags, Elias-Fano              (module elias_fano)
//! bodies                   entries x 9, masked               (module notice)
//! wraps                    wraps x 28, sorted by tag         (module segment::texts)
//! texts                    each length:4, sealed bytes
//! recalls                  CBOR, in the clear: a recall is public
//! signature:64             Ed25519 over "techo segment v1" and all that is before it
//! ```
//! Numbers are big endian. Dummies fill the entries up to a Padmé size and to 64 at least, so that a file does not tell how many hours it names.

pub mod recalls;
pub mod texts;
mod write;

use crate::basics::elias_fano::{self, TagList, Target};
use crate::basics::keys::{KeyId, PublicKey, SIGNATURE_BYTES};
use crate::basics::reader::{ByteReader, Unreadable};
use crate::exposure::notice::{BODY_BYTES, Body, LocalisedText};
use crate::exposure::tag::{SALT_BYTES, SlotKey, SlotMac, TAG_BITS};
use crate::trust::AuthorityId;

pub use recalls::Recall;
pub use write::{Entry, NewSegment, WriteError};

/// Fewest entries in a file: one notice alone would link its own hours.
pub const FEWEST_ENTRIES: u32 = 64;
/// Most entries in a file.
pub const MOST_ENTRIES: u32 = 1 << 22;
/// Largest file in bytes that a relay takes or a device reads.
pub const LARGEST_SEGMENT_BYTES: usize = 96 << 20;

const MAGIC: &[u8; 4] = b"TSEG";
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 77;
const LABEL: &[u8] = b"techo segment v1";

crate::coded_errors! {
    /// What can be wrong with a segment.
    pub enum SegmentError {
        /// It does not begin like a segment.
        NotASegment = "segment.not_a_segment", "This file is not an exposure list.", "Fetch the list again, or ask the authority for its address.";
        /// It is of a later format.
        NewerVersion = "segment.newer_version", "This exposure list is of a newer version than this program knows.", "Update Techo.";
        /// Lengths do not fit, or a part cannot be read.
        Damaged = "segment.damaged", "This exposure list is damaged.", "Fetch it again.";
        /// It is larger than any list may be.
        TooLarge = "segment.too_large", "This exposure list is larger than any list may be.", "Tell the authority that publishes it.";
        /// None of the authority's notice keys signed these bytes.
        SignatureInvalid = "segment.signature_invalid", "This exposure list was not signed by the authority.", "Fetch it again; if this stays, tell the authority.";
        /// More entries than fit in one file.
        TooManyEntries = "segment.too_many_entries", "These are more venue-hours than one list can hold.", "Publish them in several lists.";
        /// A text is longer than any may be.
        TextTooLong = "segment.text_too_long", "A text is longer than 16,000 bytes.", "Shorten the text.";
    }
}

/// What stands at the head of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The authority that publishes the segment.
    pub authority: AuthorityId,
    /// Counts up from 1 within the authority.
    pub sequence: u64,
    /// When it was signed, in Unix seconds.
    pub issued_at: i64,
    /// The area it is for; 0 for all. Lists are not cut by area yet.
    pub area: u16,
    /// The UTC day of publication, counted from 1970-01-01.
    pub day: u32,
    /// Makes the tags of this file unlike those of any other.
    pub salt: [u8; SALT_BYTES],
}

/// A segment, read in place.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    header: SegmentHeader,
    key_id: KeyId,
    entries: u32,
    tags: TagList<'a>,
    bodies: &'a [u8],
    wraps: &'a [u8],
    texts: &'a [u8],
    recalls: &'a [u8],
    signed: &'a [u8],
    signature: &'a [u8],
}

/// One entry that the key of its venue and hour has opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What the entry says of its hour.
    pub body: Body,
    /// The authority's text, where it has one and it opens.
    pub text: Option<LocalisedText>,
}

impl<'a> Segment<'a> {
    /// Reads the structure of a file. Nothing of it may be believed before [`Segment::verify`].
    ///
    /// # Errors
    /// [`SegmentError`]: not a segment, of a newer version, too large, or damaged.
    pub fn parse(file: &'a [u8]) -> Result<Self, SegmentError> {
        if file.len() > LARGEST_SEGMENT_BYTES {
            return Err(SegmentError::TooLarge);
        }
        let reader = ByteReader::of_file(file, MAGIC, VERSION).map_err(|why| match why {
            Unreadable::Other => SegmentError::NotASegment,
            Unreadable::Newer => SegmentError::NewerVersion,
            Unreadable::TooLarge => SegmentError::TooLarge,
            Unreadable::Damaged => SegmentError::Damaged,
        })?;
        Self::parse_version_1(file, reader).ok_or(SegmentError::Damaged)
    }

    fn parse_version_1(file: &'a [u8], mut reader: ByteReader<'a>) -> Option<Self> {
        let header = SegmentHeader {
            authority: AuthorityId(reader.array()?),
            sequence: reader.u64()?,
            issued_at: i64::try_from(reader.u64()?).ok()?,
            area: reader.u16()?,
            day: reader.u32()?,
            salt: reader.array()?,
        };
        let entries = reader.u32()?;
        let wraps = reader.length()?;
        let texts = reader.length()?;
        let recalls = reader.length()?;
        let key_id = KeyId(reader.array()?);
        if !(FEWEST_ENTRIES..=MOST_ENTRIES).contains(&entries) {
            return None;
        }
        let tags = TagList::read(reader.rest(), entries, TAG_BITS)?;
        reader.take(elias_fano::high_bytes(entries) + elias_fano::low_bytes(entries, TAG_BITS))?;
        let bodies = reader.take(entries as usize * BODY_BYTES)?;
        let wraps = reader.take(wraps.checked_mul(texts::WRAP_BYTES)?)?;
        let texts = reader.take(texts)?;
        let recalls = reader.take(recalls)?;
        let (signed, signature) = file.split_at_checked(file.len().checked_sub(SIGNATURE_BYTES)?)?;
        (reader.len() == SIGNATURE_BYTES).then_some(Self {
            header,
            key_id,
            entries,
            tags,
            bodies,
            wraps,
            texts,
            recalls,
            signed,
            signature,
        })
    }

    /// Checks the signature against the authority's notice keys.
    ///
    /// # Errors
    /// [`SegmentError::SignatureInvalid`] where none of `keys` made it.
    pub fn verify<'k>(&self, keys: impl IntoIterator<Item = &'k PublicKey>) -> Result<(), SegmentError> {
        let message = [LABEL, self.signed].concat();
        keys.into_iter()
            .any(|key| key.id() == self.key_id && key.verifies(&message, self.signature))
            .then_some(())
            .ok_or(SegmentError::SignatureInvalid)
    }

    /// What stands at its head.
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// Entries in the file, dummies included.
    pub fn entries(&self) -> u32 {
        self.entries
    }

    /// Calls `visit` with every tag in ascending order: the whole decoding, for measurements and tests.
    pub fn for_each_tag(&self, visit: impl FnMut(u64)) {
        self.tags.for_each(visit);
    }

    /// Calls `hit(id, entry)` for each target whose tag is in the file. `targets` must be sorted by tag. One pass.
    pub fn search(&self, targets: &[Target], hit: impl FnMut(u32, usize)) {
        self.tags.search(targets, hit);
    }

    /// Opens the entry that `mac`'s tag number `i` was found at; `None` where the tag fitted by chance.
    pub fn open(&self, mac: &SlotMac, i: u32, entry: usize) -> Option<Opened> {
        let at = entry.checked_mul(BODY_BYTES)?;
        let mut bytes: [u8; BODY_BYTES] = self.bodies.get(at..at.checked_add(BODY_BYTES)?)?.try_into().ok()?;
        for (byte, mask) in bytes.iter_mut().zip(mac.body_pad(&self.header.salt, i)) {
            *byte ^= mask;
        }
        let body = Body::from_bytes(&bytes)?;
        let text = body
            .has_text
            .then(|| texts::open(self.wraps, self.texts, mac, &self.header.salt, i))
            .flatten();
        Some(Opened { body, text })
    }

    /// All that one slot key opens in this file. For one venue; a device with many visits searches for all at once.
    ///
    /// ```
    /// use techo_protocol::basics::{keys::SigningKey, random::SystemRandom};
    /// use techo_protocol::exposure::notice::{Body, Minutes, NoticeId, Severity};
    /// use techo_protocol::exposure::{segment::*, tag::VenueSeed};
    /// let (seed, signer) = (VenueSeed::from_signature(&[9; 64]), SigningKey::from_seed(&[1; 32]));
    /// let body = Body {
    ///     minutes: Minutes { from: 0, to: 30, tail: 60 },
    ///     severity: Severity::Cluster,
    ///     advice: 2,
    ///     notice: NoticeId::from_low_bits(7),
    ///     revision: 1,
    ///     withdrawn: false,
    ///     has_text: false,
    /// };
    /// let new = NewSegment {
    ///     authority: techo_protocol::trust::AuthorityId([1; 16]),
    ///     sequence: 1,
    ///     issued_at: 1_764_010_000,
    ///     area: 0,
    ///     day: 20_416,
    ///     entries: vec![Entry { key: seed.slot_key(490_000), body, text: None }],
    ///     texts: vec![],
    ///     recalls: vec![],
    /// };
    /// let file = new.write(&signer, &SystemRandom::new())?;
    /// let segment = Segment::parse(&file)?;
    /// segment.verify([&signer.public()])?;
    /// assert_eq!(segment.open_all(&seed.slot_key(490_000))[0].body, body);
    /// assert!(segment.open_all(&seed.slot_key(490_001)).is_empty(), "another hour finds nothing");
    /// assert_eq!(segment.entries(), 64, "63 dummies hide how many there are");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_all(&self, key: &SlotKey) -> Vec<Opened> {
        let mac = SlotMac::new(key);
        let mut out = Vec::new();
        for i in 0..self.entries {
            let mut found = None;
            self.search(
                &[Target {
                    tag: mac.tag(&self.header.salt, i),
                    id: 0,
                }],
                |_, entry| found = Some(entry),
            );
            let Some(opened) = found.and_then(|entry| self.open(&mac, i, entry)) else {
                break;
            };
            out.push(opened);
        }
        out
    }

    /// The recalled lots that ride in this file.
    ///
    /// # Errors
    /// [`SegmentError::Damaged`] where they cannot be read.
    pub fn recalls(&self) -> Result<Vec<Recall>, SegmentError> {
        recalls::read(self.recalls).ok_or(SegmentError::Damaged)
    }
}

#[cfg(test)]
mod tests;
