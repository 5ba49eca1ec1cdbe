//! Trust lists: which keys an authority signs with, signed by its root.
//!
//! A root can be replaced: the old one signs the new one, the list carries the whole chain, and a device that follows an authority takes only
//! lists whose chain goes on from the one it holds. The authority's id stays that of its first root.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::basics::keys::{KeyId, PublicKey, SIGNATURE_BYTES, SigningKey, sha256};
use crate::basics::reader::Unreadable;
use crate::basics::signed::Kind;

mod municipality;

pub use municipality::{Municipality, RevokedSite, StatusKey};

const KIND: Kind = Kind {
    magic: b"TTRL",
    version: 1,
    label: b"techo trust list v1",
    largest: 64 * 1024,
};
const ROOT_LABEL: &[u8] = b"techo root v1";
const MOST_ROOTS: usize = 16;

crate::coded_errors! {
    /// What can be wrong with a trust list.
    pub enum TrustError {
        /// It does not begin like a trust list.
        NotATrustList = "trust.not_a_trust_list", "This file is not an authority's trust list.", "Ask the authority for its trust file.";
        /// It is of a later format.
        NewerVersion = "trust.newer_version", "This trust list is of a newer version than this program knows.", "Update Techo.";
        /// Lengths do not fit, or it cannot be read.
        Damaged = "trust.damaged", "This trust list is damaged.", "Fetch it again from the authority.";
        /// The root did not sign it, or the chain of roots is broken.
        SignatureInvalid = "trust.signature_invalid", "This trust list was not signed by the authority's root key.", "Do not use it. Ask the authority for its trust file.";
        /// It is of another authority than the one it should replace.
        OtherAuthority = "trust.other_authority", "This trust list is of another authority.", "Add it on its own.";
        /// It is older than the one that is held.
        Older = "trust.older", "This trust list is older than the one that is here.", "Nothing needs to be done; the newer one stays.";
        /// Same number, other content; or its roots do not go on from those that are held.
        Forked = "trust.forked", "This trust list contradicts the one that is here.", "Do not use it. Ask the authority which list is right.";
    }
}

/// Whether a file begins like a trust list.
pub fn is_form(file: &[u8]) -> bool {
    file.starts_with(KIND.magic)
}

/// An authority's id: the first 16 bytes of SHA-256 of its first root key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AuthorityId(#[serde(with = "serde_bytes")] pub [u8; 16]);

impl AuthorityId {
    /// The id that a root key gives.
    pub fn of_root(root: &PublicKey) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&sha256(&root.0)[..16]);
        Self(id)
    }

    /// Reads 32 hexadecimal digits.
    ///
    /// ```
    /// use techo_protocol::trust::AuthorityId;
    /// let id = AuthorityId::from_hex("0123456789abcdef0123456789abcdef").unwrap();
    /// assert_eq!(id.fingerprint(), "0123 4567 89AB");
    /// assert_eq!(AuthorityId::from_hex("0123"), None);
    /// ```
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id).ok().map(|()| Self(id))
    }

    /// Twelve digits in three groups, for people to compare by eye: 48 bits, enough against an accident and a bored attacker, not against a state.
    pub fn fingerprint(&self) -> String {
        let hex = self.to_string().to_uppercase();
        format!("{} {} {}", &hex[..4], &hex[4..8], &hex[8..12])
    }
}

impl fmt::Display for AuthorityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for AuthorityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthorityId({self})")
    }
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Signs the codes of venues, on paper and on tablets.
    Code,
    /// Signs manifests, trust bundles, and requests for sent diaries.
    Manifest,
    /// Signs segments, and with them notices and recalls.
    Notice,
    /// Opens sent diaries (an X25519 key, not a signing key).
    Diary,
    /// Signs vaccination sites' licences, and the files by which a municipality keeps them up to date.
    Licence,
    /// Opens bundles of doses (an X25519 key, not a signing key).
    Bundle,
    /// A role of a later version, which this one ignores.
    #[serde(other)]
    Unknown,
}

/// A key and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedKey {
    /// What it may do.
    pub role: Role,
    /// The key: Ed25519, or X25519 for [`Role::Diary`] and [`Role::Bundle`].
    pub key: PublicKey,
    /// Nothing that it signed counts any more, whenever it was signed: a thief writes any date.
    pub revoked: bool,
}

/// A root of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// The root's public key (Ed25519).
    pub key: PublicKey,
    /// The root before it signs it; empty for the first.
    #[serde(with = "serde_bytes")]
    pub signed_by_previous: Vec<u8>,
}

/// Which keys an authority signs with.
///
/// ```
/// use techo_protocol::basics::keys::SigningKey;
/// use techo_protocol::trust::{Role, Root, TrustError, TrustList, TrustedKey};
/// let [root, code, thief] = [1, 2, 3].map(|seed| SigningKey::from_seed(&[seed; 32]));
/// let list = TrustList {
///     name: "Osaka Prefecture".into(),
///     host: "techo.example".into(),
///     number: 1,
///     issued_at: 1_764_000_000,
///     expires_at: 1_827_072_000,
///     roots: vec![Root { key: root.public(), signed_by_previous: vec![] }],
///     keys: vec![TrustedKey { role: Role::Code, key: code.public(), revoked: false }],
///     relays: vec!["https://relay.example".into()],
///     municipality: None,
/// };
/// assert_eq!(TrustList::read(&list.write(&root))?, list);
/// assert_eq!(TrustList::read(&list.write(&thief)), Err(TrustError::SignatureInvalid));
///
/// // The next list revokes the key; going back is refused.
/// let mut next = TrustList { number: 2, ..list.clone() };
/// next.keys[0].revoked = true;
/// assert_eq!(next.keys(Role::Code).count(), 0);
/// assert_eq!(list.check_successor(&next), Ok(()));
/// assert_eq!(next.check_successor(&list), Err(TrustError::Older));
/// # Ok::<(), TrustError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustList {
    /// Its name, for people.
    pub name: String,
    /// The host of its venue codes.
    pub host: String,
    /// Counts up from 1 with each change.
    pub number: u32,
    /// When it was signed, in Unix seconds.
    pub issued_at: i64,
    /// When it should be replaced, in Unix seconds. An expired list still verifies; whoever shows it says that it is old.
    pub expires_at: i64,
    /// The chain of roots, first to present.
    pub roots: Vec<Root>,
    /// The keys that the authority signs and opens with, revoked ones too.
    pub keys: Vec<TrustedKey>,
    /// Where its lists are published.
    pub relays: Vec<String>,
    /// What it is as a municipality, where it is one. Lists of before vaccination have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub municipality: Option<Municipality>,
}

impl TrustList {
    /// Signs the list by the last root of its chain.
    pub fn write(&self, root: &SigningKey) -> Vec<u8> {
        KIND.write(self, root)
    }

    /// Reads a file and checks that its own chain of roots signed it. Whether that authority is to be trusted is for a person to say.
    ///
    /// # Errors
    /// [`TrustError`]: not a trust list, of a newer version, damaged, or not signed by its root.
    pub fn read(file: &[u8]) -> Result<Self, TrustError> {
        let signed = KIND.read(file).map_err(|why| match why {
            Unreadable::Other => TrustError::NotATrustList,
            Unreadable::Newer => TrustError::NewerVersion,
            Unreadable::TooLarge | Unreadable::Damaged => TrustError::Damaged,
        })?;
        let list: Self = signed.body().ok_or(TrustError::Damaged)?;
        let root = list.roots.last().ok_or(TrustError::Damaged)?;
        if !list.municipality.as_ref().is_none_or(Municipality::is_possible) {
            return Err(TrustError::Damaged);
        }
        if list.roots.len() > MOST_ROOTS || !list.is_chain_whole() || !signed.signed_by([&root.key]) {
            return Err(TrustError::SignatureInvalid);
        }
        Ok(list)
    }

    fn is_chain_whole(&self) -> bool {
        self.roots.windows(2).all(|pair| {
            let message = root_message(&pair[0].key, &pair[1].key);
            pair[1].signed_by_previous.len() == SIGNATURE_BYTES && pair[0].key.verifies(&message, &pair[1].signed_by_previous)
        })
    }

    /// Whether `newer` may take this list's place.
    ///
    /// # Errors
    /// [`TrustError`]: another authority, older, or forked. The same list again is fine.
    pub fn check_successor(&self, newer: &Self) -> Result<(), TrustError> {
        if self.authority() != newer.authority() {
            return Err(TrustError::OtherAuthority);
        }
        if newer.number < self.number {
            return Err(TrustError::Older);
        }
        let goes_on = newer.roots.starts_with(&self.roots);
        if !goes_on || (newer.number == self.number && newer != self) {
            return Err(TrustError::Forked);
        }
        Ok(())
    }

    /// The authority's id: that of the first root of the chain.
    pub fn authority(&self) -> AuthorityId {
        // `read` refuses a list without a root; one that is being made has its first.
        self.roots
            .first()
            .map_or(AuthorityId([0; 16]), |root| AuthorityId::of_root(&root.key))
    }

    /// The keys of a role that are not revoked.
    pub fn keys(&self, role: Role) -> impl Iterator<Item = &PublicKey> {
        self.keys
            .iter()
            .filter(move |key| key.role == role && !key.revoked)
            .map(|key| &key.key)
    }

    /// Whether the list names a key with this id for this role, revoked ones too.
    pub fn names_key(&self, role: Role, id: KeyId) -> bool {
        self.keys.iter().any(|key| key.role == role && key.key.id() == id)
    }
}

/// Makes a root's successor.
pub fn succeed_root(old: &SigningKey, new: &PublicKey) -> Root {
    Root {
        key: *new,
        signed_by_previous: old.sign(&root_message(&old.public(), new)).to_vec(),
    }
}

fn root_message(old: &PublicKey, new: &PublicKey) -> Vec<u8> {
    [ROOT_LABEL, &old.0, &new.0].concat()
}

#[cfg(test)]
pub(crate) mod tests;
