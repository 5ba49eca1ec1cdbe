//! What goes over HTTPS between a relay and everybody else: paths, sizes, and the one request that needs a signature of its own.
//!
//! | request | body | who |
//! |---|---|---|
//! | `GET /v1/authorities/{id}/manifest` | | everybody |
//! | `GET /v1/segments/{hash}` | | everybody |
//! | `PUT /v1/authorities/{id}/trust` | trust list | the authority: its root signed the file, and it goes on from the last |
//! | `PUT /v1/authorities/{id}/segments/{hash}` | segment, or another public file | the authority: its notice key signed the segment, or the key of its kind the file |
//! | `PUT /v1/authorities/{id}/manifest` | manifest | the authority: its manifest key signed the file, and its sequence is higher |
//! | `PUT /v1/authorities/{id}/diaries/{mailbox}` | 32 KiB | everybody: sealed, or a dummy |
//! | `POST /v1/authorities/{id}/diaries` | [`TakeDiaries`] | the authority: its manifest key signed the request |
//!
//! An authority publishes in that order: a segment that a new key signed is taken once the trust list that names the key is there, a manifest
//! once all that it lists is. Every `PUT` may be repeated. A success without content is status 204.
//!
//! Errors are problem documents (RFC 9457) whose `code` is a stable code of Techo. A device's request is its URL alone.

use serde::{Deserialize, Serialize};

use crate::basics::keys::{PublicKey, SigningKey};
use crate::basics::signed::Kind;
use crate::exposure::case_code::MailboxId;
use crate::trust::AuthorityId;

/// Media type of manifests, segments and sealed diaries.
pub const BINARY: &str = "application/octet-stream";
/// Media type of errors (RFC 9457, section 3).
pub const PROBLEM: &str = "application/problem+json";
/// Largest trust list that a relay takes, in bytes.
pub const LARGEST_TRUST_LIST_BYTES: usize = 64 * 1024;
/// Largest [`TakeDiaries`] that a relay takes, in bytes.
pub const LARGEST_TAKE_BYTES: usize = 64 * 1024;
/// Most diaries in one answer: with 32 KiB each, 2 MiB.
pub const DIARIES_A_PAGE: usize = 64;

const TAKE: Kind = Kind {
    magic: b"TTAK",
    version: 1,
    label: b"techo take diaries v1",
    largest: LARGEST_TAKE_BYTES,
};

/// Path of an authority's manifest.
pub fn manifest_path(authority: AuthorityId) -> String {
    format!("/v1/authorities/{authority}/manifest")
}

/// Path to which an authority sends its trust list.
pub fn trust_path(authority: AuthorityId) -> String {
    format!("/v1/authorities/{authority}/trust")
}

/// Path from which anybody fetches a segment.
///
/// ```
/// use techo_protocol::exposure::relay_api::{manifest_path, segment_path};
/// let authority = techo_protocol::trust::AuthorityId([0x0A; 16]);
/// assert_eq!(manifest_path(authority), "/v1/authorities/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a/manifest");
/// assert!(segment_path(&[0xFF; 32]).starts_with("/v1/segments/ffffffff"), "a file's name is its hash");
/// ```
pub fn segment_path(hash: &[u8; 32]) -> String {
    format!("/v1/segments/{}", hex::encode(hash))
}

/// Path to which an authority publishes a segment.
pub fn publish_segment_path(authority: AuthorityId, hash: &[u8; 32]) -> String {
    format!("/v1/authorities/{authority}/segments/{}", hex::encode(hash))
}

/// Path to which a diary is sent.
pub fn diary_path(authority: AuthorityId, mailbox: MailboxId) -> String {
    format!("{}/{}", diaries_path(authority), hex::encode(mailbox.0))
}

/// Path at which an authority takes its diaries.
pub fn diaries_path(authority: AuthorityId) -> String {
    format!("/v1/authorities/{authority}/diaries")
}

/// An authority's request for its sent diaries. Taking is in two steps, so that nothing is lost where an answer is: a request first removes
/// what the authority has stored, then gives what is left.
///
/// ```
/// use techo_protocol::{basics::keys::SigningKey, exposure::relay_api::TakeDiaries, trust::AuthorityId};
/// let [key, other] = [1, 2].map(|seed| SigningKey::from_seed(&[seed; 32]));
/// let request = TakeDiaries { authority: AuthorityId([1; 16]), number: 4, stored: vec![] };
/// assert_eq!(TakeDiaries::read(&request.write(&key), [&key.public()]), Some(request.clone()));
/// assert_eq!(TakeDiaries::read(&request.write(&other), [&key.public()]), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeDiaries {
    /// The authority whose diaries are asked for.
    pub authority: AuthorityId,
    /// Higher than in any request before: a request that was overheard is worth nothing.
    pub number: u64,
    /// Mailboxes whose content the authority has stored.
    pub stored: Vec<StoredDiary>,
}

/// What an authority has stored, and the relay may forget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDiary {
    /// The mailbox that the diary was sent to.
    #[serde(with = "serde_bytes")]
    pub mailbox: [u8; 16],
    /// SHA-256 of the content: what was sent in the meantime stays.
    #[serde(with = "serde_bytes")]
    pub hash: [u8; 32],
}

impl TakeDiaries {
    /// Signs the request by one of the authority's manifest keys.
    pub fn write(&self, signer: &SigningKey) -> Vec<u8> {
        TAKE.write(self, signer)
    }

    /// Reads a request that one of `keys` signed; `None` for anything else.
    pub fn read<'k>(request: &[u8], keys: impl IntoIterator<Item = &'k PublicKey>) -> Option<Self> {
        let file = TAKE.read(request).ok()?;
        if file.signed_by(keys) { file.body() } else { None }
    }
}

/// Sent diaries, as CBOR.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diaries {
    /// The oldest, at most [`DIARIES_A_PAGE`].
    pub diaries: Vec<DepositedDiary>,
    /// Whether the relay holds more than are in this answer.
    pub more: bool,
}

/// One sent diary or dummy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositedDiary {
    /// The mailbox that the diary was sent to.
    #[serde(with = "serde_bytes")]
    pub mailbox: [u8; 16],
    /// What was put in: [`crate::exposure::diary_upload::SENT_BYTES`] bytes.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
}

impl Diaries {
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

/// An error over HTTP (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `about:blank`: the code tells the kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, for people.
    pub title: String,
    /// The HTTP status code of the answer, as a number.
    pub status: u16,
    /// The error's stable code, `area.what`.
    pub code: String,
    /// What to do next.
    pub detail: String,
}

impl Problem {
    /// The problem document of an error.
    ///
    /// ```
    /// use techo_protocol::exposure::{relay_api::Problem, segment::SegmentError};
    /// let problem = Problem::of(&SegmentError::Damaged, 400);
    /// assert_eq!((problem.code.as_str(), problem.kind.as_str()), ("segment.damaged", "about:blank"));
    /// ```
    pub fn of(error: &dyn crate::Coded, status: u16) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: error.to_string(),
            status,
            code: error.code().to_owned(),
            detail: error.hint().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_by_its_signer_s_key_only() {
        let key = SigningKey::from_seed(&[1; 32]);
        let request = TakeDiaries {
            authority: AuthorityId([1; 16]),
            number: 4,
            stored: vec![StoredDiary {
                mailbox: [2; 16],
                hash: [3; 32],
            }],
        };
        let bytes = request.write(&key);
        assert_eq!(TakeDiaries::read(&bytes, [&key.public()]), Some(request));
        assert_eq!(TakeDiaries::read(&bytes, [&SigningKey::from_seed(&[2; 32]).public()]), None);
    }

    #[test]
    fn diaries_come_back() {
        let diaries = Diaries {
            diaries: vec![DepositedDiary {
                mailbox: [1; 16],
                sealed: vec![9; 100],
            }],
            more: true,
        };
        assert_eq!(Diaries::from_bytes(&diaries.to_bytes()), Some(diaries));
        assert_eq!(Diaries::from_bytes(b"nonsense"), None);
    }
}
