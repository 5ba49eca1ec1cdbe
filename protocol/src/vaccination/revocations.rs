//! Revoked status passes: the random ids of their credentials, in one signed file that everybody fetches, so that no look-up tells who was checked.
//!
//! The ids stand in the coding of segments (module `elias_fano`): 10,000 of them take about 65 kB. Dummies fill the list up to a Padmé size and
//! to 128 at least. An id leaves the list when its credential ends, and none is made from a ticket.

use serde::{Deserialize, Serialize};

use crate::basics::elias_fano::{self, TagList, Target};
use crate::basics::keys::SigningKey;
use crate::basics::padme::padme;
use crate::basics::random::{Random, RandomError};
use crate::basics::reader::Unreadable;
use crate::basics::signed::Kind;
use crate::trust::{AuthorityId, Role, TrustList};
use crate::vaccination::status_pass::CredentialId;

const KIND: Kind = Kind {
    magic: b"TREV",
    version: 1,
    label: b"techo revocations v1",
    largest: LARGEST_REVOCATIONS_BYTES,
};

/// Largest file in bytes that a relay takes or a checker reads.
pub const LARGEST_REVOCATIONS_BYTES: usize = 8 << 20;
/// Fewest ids in a file: what is read at once holds their low bits only from here on.
const FEWEST_IDS: u64 = 128;
/// Most ids in a file.
const MOST_IDS: u32 = 1 << 20;
const ID_BITS: u32 = 64;
/// What is read at once reaches so far behind the last id.
const PADDING_BYTES: usize = 8;

crate::coded_errors! {
    /// What can be wrong with a list of revoked status passes.
    pub enum RevocationsError {
        /// It is something else.
        NotRevocations = "revocations.not_revocations", "This file is not a list of revoked status passes.", "Fetch it again from the relay, or ask the municipality for its .techo-revocations file.";
        /// It is of a later format.
        NewerVersion = "revocations.newer_version", "This list of revoked status passes is of a newer version than this program knows.", "Update Techo.";
        /// It cannot be read.
        Damaged = "revocations.damaged", "This list of revoked status passes is damaged.", "Fetch it again.";
        /// The municipality did not sign it.
        SignatureInvalid = "revocations.signature_invalid", "This list of revoked status passes was not signed by a municipality that is trusted here.", "Do not use it. Fetch it again, or add the municipality's trust file.";
        /// More than a list can hold.
        TooMany = "revocations.too_many", "These are more revoked status passes than one list can hold.", "Replace the key for status passes instead.";
    }
}

/// The revoked credentials of one municipality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocations {
    authority: AuthorityId,
    number: u32,
    issued_at: i64,
    count: u32,
    ids: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Body {
    authority: AuthorityId,
    number: u32,
    issued_at: i64,
    count: u32,
    #[serde(with = "serde_bytes")]
    ids: Vec<u8>,
}

crate::coded_union! {
    /// Why a list of revoked status passes could not be written.
    pub enum WriteRevocationsError {
        /// The content does not fit the format.
        Revocations(RevocationsError);
        /// The source of randomness failed, so the list could not be filled up.
        Random(RandomError);
    }
}

/// Signs a list by a key for notices. `number` counts up; `issued_at` is in Unix seconds.
///
/// # Errors
/// [`RevocationsError::TooMany`] or [`RandomError`].
pub fn write(
    authority: AuthorityId,
    number: u32,
    issued_at: i64,
    revoked: &[CredentialId],
    signer: &SigningKey,
    random: &dyn Random,
) -> Result<Vec<u8>, WriteRevocationsError> {
    let mut ids: Vec<u64> = revoked.iter().map(|id| u64::from_be_bytes(id.0)).collect();
    ids.sort_unstable();
    ids.dedup();
    let full = padme(ids.len() as u64).max(FEWEST_IDS);
    let count = u32::try_from(full)
        .ok()
        .filter(|&count| count <= MOST_IDS)
        .ok_or(RevocationsError::TooMany)?;
    while ids.len() < count as usize {
        let mut noise = vec![0; (count as usize - ids.len()) * 8];
        random.fill(&mut noise)?;
        ids.extend(noise.as_chunks::<8>().0.iter().map(|id| u64::from_be_bytes(*id)));
        ids.sort_unstable();
        ids.dedup();
    }
    let mut coded = Vec::new();
    elias_fano::write(&ids, count, ID_BITS, &mut coded);
    let body = Body {
        authority,
        number,
        issued_at,
        count,
        ids: coded,
    };
    Ok(KIND.write(&body, signer))
}

/// Which municipality a file says that it is of. Nothing is checked.
///
/// ```
/// use techo_protocol::basics::{keys::SigningKey, random::SystemRandom};
/// use techo_protocol::{trust::AuthorityId, vaccination::{revocations::{RevocationsError, authority_of, write}, status_pass::CredentialId}};
/// let (town, key, random) = (AuthorityId([7; 16]), SigningKey::from_seed(&[1; 32]), SystemRandom::new());
/// let [one, none] = [&[CredentialId([9; 8])][..], &[]].map(|ids| write(town, 1, 0, ids, &key, &random).unwrap());
/// assert_eq!(authority_of(&one), Ok(town));
/// assert_eq!(one.len(), none.len(), "random ids hide how many there are");
/// assert_eq!(authority_of(b"TSEG"), Err(RevocationsError::NotRevocations));
/// ```
///
/// # Errors
/// [`RevocationsError`]: something else, of a newer version, or damaged.
pub fn authority_of(file: &[u8]) -> Result<AuthorityId, RevocationsError> {
    let signed = KIND.read(file)?;
    signed
        .body::<Body>()
        .map(|body| body.authority)
        .ok_or(RevocationsError::Damaged)
}

/// Whether a file begins like a list of revoked status passes.
pub fn is_form(file: &[u8]) -> bool {
    file.starts_with(KIND.magic)
}

impl Revocations {
    /// Reads a list that one of these municipalities signed.
    ///
    /// # Errors
    /// [`RevocationsError`].
    pub fn read<'l>(file: &[u8], lists: impl IntoIterator<Item = &'l TrustList>) -> Result<Self, RevocationsError> {
        let signed = KIND.read(file)?;
        let body: Body = signed.body().ok_or(RevocationsError::Damaged)?;
        let is_theirs = lists
            .into_iter()
            .any(|list| list.authority() == body.authority && signed.signed_by(list.keys(Role::Notice)));
        if !is_theirs {
            return Err(RevocationsError::SignatureInvalid);
        }
        let is_length = elias_fano::high_bytes(body.count) + elias_fano::low_bytes(body.count, ID_BITS) == body.ids.len();
        if !(u32::try_from(FEWEST_IDS).unwrap_or(MOST_IDS)..=MOST_IDS).contains(&body.count) || !is_length {
            return Err(RevocationsError::Damaged);
        }
        let mut ids = body.ids;
        ids.extend([0; PADDING_BYTES]);
        let read = Self {
            authority: body.authority,
            number: body.number,
            issued_at: body.issued_at,
            count: body.count,
            ids,
        };
        read.list().is_some().then_some(read).ok_or(RevocationsError::Damaged)
    }

    fn list(&self) -> Option<TagList<'_>> {
        TagList::read(&self.ids, self.count, ID_BITS)
    }

    /// Whether a credential is revoked.
    pub fn contains(&self, id: CredentialId) -> bool {
        let target = Target {
            tag: u64::from_be_bytes(id.0),
            id: 0,
        };
        let mut is_there = false;
        if let Some(list) = self.list() {
            list.search(&[target], |_, _| is_there = true);
        }
        is_there
    }

    /// The municipality that signed the list.
    pub fn authority(&self) -> AuthorityId {
        self.authority
    }

    /// Counts up with each list.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// When it was signed, in Unix seconds.
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }
}

impl From<Unreadable> for RevocationsError {
    fn from(why: Unreadable) -> Self {
        match why {
            Unreadable::Other => Self::NotRevocations,
            Unreadable::Newer => Self::NewerVersion,
            Unreadable::TooLarge | Unreadable::Damaged => Self::Damaged,
        }
    }
}

#[cfg(test)]
mod tests;
