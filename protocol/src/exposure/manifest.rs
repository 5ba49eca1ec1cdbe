//! Manifests: the signed list of an authority's segments, made anew every hour so that a device knows how old its lists are.

use serde::{Deserialize, Serialize};

use crate::basics::clock::{DAY_SECONDS, HOUR_SECONDS};
use crate::basics::keys::{PublicKey, SigningKey, sha256};
use crate::basics::reader::Unreadable;
use crate::basics::signed::{Kind, SignedFile};
use crate::exposure::public_file::PublicFileRef;
use crate::trust::AuthorityId;

const KIND: Kind = Kind {
    magic: b"TMAN",
    version: 1,
    label: b"techo manifest v1",
    largest: 4 << 20,
};

/// How long a manifest is fresh, in seconds: a relay can withhold for so long unnoticed.
pub const VALID_SECONDS: i64 = 24 * HOUR_SECONDS;
/// How far ahead of a device's clock a manifest may be signed before the clock is called wrong, in seconds.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 600;
/// How long a segment stays listed after the last hour it names, in seconds: the longest diary.
pub const LISTED_SECONDS: i64 = 60 * DAY_SECONDS;
/// Largest manifest in bytes.
pub const LARGEST_MANIFEST_BYTES: usize = 4 << 20;

crate::coded_errors! {
    /// What can be wrong with a manifest.
    pub enum ManifestError {
        /// It does not begin like a manifest.
        NotAManifest = "manifest.not_a_manifest", "This file is not an authority's list of lists.", "Check the relay's address.";
        /// It is of a later format.
        NewerVersion = "manifest.newer_version", "The authority publishes in a newer version than this program knows.", "Update Techo.";
        /// Lengths do not fit, or it cannot be read.
        Damaged = "manifest.damaged", "The authority's list of lists is damaged.", "Fetch it again.";
        /// None of the authority's manifest keys signed it.
        SignatureInvalid = "manifest.signature_invalid", "The list of lists was not signed by the authority.", "Fetch it again; if this stays, use another relay and tell the authority.";
        /// It is of another authority.
        OtherAuthority = "manifest.other_authority", "The list of lists is of another authority.", "Check the relay's address.";
        /// It is older than one that was seen.
        Replayed = "manifest.replayed", "The relay gave an older list than this device has already seen.", "Nothing is lost here. Try again later, or use another relay.";
        /// Same sequence, other content; or it does not follow on the one before.
        Forked = "manifest.forked", "The relay gave a list that contradicts one this device has already seen.", "Use another relay and tell the authority.";
        /// Signed well ahead of this device's clock.
        ClockWrong = "manifest.clock_wrong", "The list was signed later than this device's clock says it is now.", "Set the device's date and time.";
    }
}

/// One segment as a manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Row", into = "Row")]
pub struct SegmentRef {
    /// The segment's sequence number.
    pub sequence: u64,
    /// SHA-256 of the file: its name.
    pub hash: [u8; 32],
    /// Length of the file in bytes.
    pub bytes: u32,
    /// The area it is for; 0 for all.
    pub area: u16,
    /// The UTC day of publication, counted from 1970-01-01.
    pub day: u32,
    /// It stays listed until then, in Unix seconds.
    pub listed_until: i64,
}

/// The same as a CBOR array: a manifest may list 1,440 of them.
#[derive(Clone, Serialize, Deserialize)]
struct Row(u64, #[serde(with = "serde_bytes")] [u8; 32], u32, u16, u32, i64);

impl From<Row> for SegmentRef {
    fn from(Row(sequence, hash, bytes, area, day, listed_until): Row) -> Self {
        Self {
            sequence,
            hash,
            bytes,
            area,
            day,
            listed_until,
        }
    }
}

impl From<SegmentRef> for Row {
    fn from(of: SegmentRef) -> Self {
        Self(of.sequence, of.hash, of.bytes, of.area, of.day, of.listed_until)
    }
}

/// The signed list of an authority's segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The authority that publishes the segments.
    pub authority: AuthorityId,
    /// Counts up from 1 with each manifest.
    pub sequence: u64,
    /// SHA-256 of the manifest before; zeros for the first.
    #[serde(with = "serde_bytes")]
    pub previous: [u8; 32],
    /// When it was signed, in Unix seconds.
    pub signed_at: i64,
    /// Until when a device may call it fresh, in Unix seconds.
    pub valid_until: i64,
    /// Head of the authority's audit log: a log that was rewritten or cut disagrees with it.
    #[serde(with = "serde_bytes")]
    pub audit_head: [u8; 32],
    /// The segments, oldest first.
    pub segments: Vec<SegmentRef>,
    /// The newest trust list as a file, so that devices and relays follow a rotation.
    #[serde(with = "serde_bytes")]
    pub trust_list: Vec<u8>,
    /// The newest public file of each kind that there is one of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PublicFileRef>,
}

/// A manifest that was read and whose signature was not checked yet.
pub struct UnverifiedManifest<'a> {
    file: SignedFile<'a>,
    manifest: Manifest,
}

impl Manifest {
    /// Signs the manifest by one of the authority's manifest keys.
    pub fn write(&self, signer: &SigningKey) -> Vec<u8> {
        KIND.write(self, signer)
    }

    /// Reads a file's structure.
    ///
    /// # Errors
    /// [`ManifestError`]: not a manifest, of a newer version, or damaged.
    pub fn read(file: &[u8]) -> Result<UnverifiedManifest<'_>, ManifestError> {
        let file = KIND.read(file).map_err(|why| match why {
            Unreadable::Other => ManifestError::NotAManifest,
            Unreadable::Newer => ManifestError::NewerVersion,
            Unreadable::TooLarge | Unreadable::Damaged => ManifestError::Damaged,
        })?;
        let manifest = file.body().ok_or(ManifestError::Damaged)?;
        Ok(UnverifiedManifest { file, manifest })
    }
}

impl UnverifiedManifest<'_> {
    /// The trust list that it carries, to be checked before the manifest itself.
    pub fn trust_list(&self) -> &[u8] {
        &self.manifest.trust_list
    }

    /// Who it says publishes it.
    pub fn authority(&self) -> AuthorityId {
        self.manifest.authority
    }

    /// The manifest, once one of the authority's manifest keys is known to have signed it.
    ///
    /// # Errors
    /// [`ManifestError::SignatureInvalid`] where none of `keys` signed it.
    pub fn verify<'k>(self, keys: impl IntoIterator<Item = &'k PublicKey>) -> Result<Manifest, ManifestError> {
        if self.file.signed_by(keys) {
            Ok(self.manifest)
        } else {
            Err(ManifestError::SignatureInvalid)
        }
    }
}

/// The newest manifest that somebody holds of an authority: what the next is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The sequence number of the newest manifest.
    pub sequence: u64,
    /// SHA-256 of its file.
    #[serde(with = "serde_bytes")]
    pub hash: [u8; 32],
    /// When it was signed, in Unix seconds.
    pub signed_at: i64,
}

impl Head {
    /// The head that a manifest makes, given its file.
    pub fn of(manifest: &Manifest, file: &[u8]) -> Self {
        Self {
            sequence: manifest.sequence,
            hash: sha256(file),
            signed_at: manifest.signed_at,
        }
    }

    /// Whether `next` may follow this head. Says `Ok(false)` for the same manifest again.
    ///
    /// ```
    /// use techo_protocol::exposure::manifest::{Head, Manifest, ManifestError};
    /// use techo_protocol::basics::keys::SigningKey;
    /// let signer = SigningKey::from_seed(&[1; 32]);
    /// let manifest = |sequence, previous| Manifest {
    ///     authority: techo_protocol::trust::AuthorityId([1; 16]),
    ///     sequence,
    ///     previous,
    ///     signed_at: 1_764_000_000,
    ///     valid_until: 1_764_086_400,
    ///     audit_head: [0; 32],
    ///     segments: vec![],
    ///     trust_list: vec![],
    ///     files: vec![],
    /// };
    /// let first = manifest(1, [0; 32]);
    /// let head = Head::of(&first, &first.write(&signer));
    /// let (next, fork) = (manifest(2, head.hash), manifest(2, [7; 32]));
    /// assert_eq!(head.check_next(&next, &next.write(&signer)), Ok(true));
    /// assert_eq!(head.check_next(&fork, &fork.write(&signer)), Err(ManifestError::Forked));
    /// let other = SigningKey::from_seed(&[2; 32]).public();
    /// assert_eq!(Manifest::read(&next.write(&signer))?.verify([&other]), Err(ManifestError::SignatureInvalid));
    /// # Ok::<(), ManifestError>(())
    /// ```
    ///
    /// # Errors
    /// [`ManifestError::Replayed`] for an older one, [`ManifestError::Forked`] for one that contradicts this head.
    pub fn check_next(&self, next: &Manifest, file: &[u8]) -> Result<bool, ManifestError> {
        let head = Self::of(next, file);
        if head == *self {
            return Ok(false);
        }
        if head.sequence < self.sequence || (head.sequence > self.sequence && head.signed_at < self.signed_at) {
            return Err(ManifestError::Replayed);
        }
        // A device that missed some manifests cannot check the links between; of the next one it can.
        let broken = head.sequence == self.sequence || (head.sequence == self.sequence + 1 && next.previous != self.hash);
        if broken { Err(ManifestError::Forked) } else { Ok(true) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_seed(&[8; 32])
    }

    fn manifest(sequence: u64, previous: [u8; 32]) -> Manifest {
        Manifest {
            authority: AuthorityId([1; 16]),
            sequence,
            previous,
            signed_at: 1_700_000_000 + i64::try_from(sequence).unwrap() * 3_600,
            valid_until: 1_800_000_000,
            audit_head: [2; 32],
            segments: vec![SegmentRef {
                sequence: 1,
                hash: [9; 32],
                bytes: 17_000,
                area: 0,
                day: 19_675,
                listed_until: 1_705_000_000,
            }],
            trust_list: b"list".to_vec(),
            files: vec![],
        }
    }

    fn read(file: &[u8]) -> Result<Manifest, ManifestError> {
        Manifest::read(file)?.verify([&key().public()])
    }

    #[test]
    fn comes_back() {
        assert_eq!(read(&manifest(1, [0; 32]).write(&key())), Ok(manifest(1, [0; 32])));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let file = manifest(1, [0; 32]).write(&key());
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert!(read(&damaged).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_hash_is_one_byte_string() {
        assert!(manifest(1, [0; 32]).write(&key()).len() < 400);
    }

    #[test]
    fn heads_only_go_forward() {
        let first = manifest(1, [0; 32]);
        let file = first.write(&key());
        let head = Head::of(&first, &file);
        let next = |sequence, previous| {
            let manifest = manifest(sequence, previous);
            head.check_next(&manifest, &manifest.write(&key()))
        };
        assert_eq!(head.check_next(&first, &file), Ok(false));
        assert_eq!(next(2, head.hash), Ok(true));
        assert_eq!(next(3, [7; 32]), Ok(true), "manifests may be missed");
        assert_eq!(next(2, [7; 32]), Err(ManifestError::Forked));
        assert_eq!(next(1, [7; 32]), Err(ManifestError::Forked));
        assert_eq!(next(0, [0; 32]), Err(ManifestError::Replayed));
        let mut backdated = manifest(2, head.hash);
        backdated.signed_at = 0;
        assert_eq!(
            head.check_next(&backdated, &backdated.write(&key())),
            Err(ManifestError::Replayed)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(read(&[b"TMAN\x01".as_slice(), &bytes].concat()).is_err());
        }
    }
}
