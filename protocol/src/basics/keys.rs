//! Signing keys (Ed25519, RFC 8032) and the short ids by which files name them.

use ring::digest;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::basics::random::{Random, RandomError};
use crate::basics::secret::Secret;

/// Length of an Ed25519 signature in bytes.
pub const SIGNATURE_BYTES: usize = 64;

/// First two bytes of SHA-256(public key). Only a hint: whoever verifies tries every key that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 2]);

/// An Ed25519 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PublicKey(#[serde(with = "serde_bytes")] pub [u8; 32]);

impl PublicKey {
    /// The id by which files name this key.
    pub fn id(&self) -> KeyId {
        let hash = digest::digest(&digest::SHA256, &self.0);
        let bytes = hash.as_ref();
        KeyId([bytes[0], bytes[1]])
    }

    /// Whether `signature` is this key's signature over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }
}

/// An Ed25519 key that signs. Its seed is wiped from memory when it is dropped.
///
/// ```
/// use techo_protocol::basics::keys::SigningKey;
/// let key = SigningKey::from_seed(&[7; 32]);
/// let signature = key.sign(b"a list");
/// assert!(key.public().verifies(b"a list", &signature));
/// assert!(!key.public().verifies(b"another list", &signature));
/// ```
pub struct SigningKey {
    seed: Secret<32>,
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`] when the source of randomness fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self::from_seed(Secret::generate(random)?.expose()))
    }

    /// The key of a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed of 32 bytes is always accepted");
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        Self {
            seed: Secret::new(*seed),
            pair,
            public: PublicKey(public),
        }
    }

    /// The seed, for keeping the key.
    pub fn seed(&self) -> &Secret<32> {
        &self.seed
    }

    /// The public half, by which others verify what this key signs.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The signature over `message`: the same key and message give the same bytes (RFC 8032, section 5.1.6).
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let mut out = [0; SIGNATURE_BYTES];
        out.copy_from_slice(self.pair.sign(message).as_ref());
        out
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("seed", &self.seed)
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// SHA-256 of `bytes`: the name of an immutable file.
///
/// ```
/// use techo_protocol::basics::keys::sha256;
/// assert_eq!(sha256(b"abc")[..4], [0xBA, 0x78, 0x16, 0xBF], "FIPS 180-2, appendix B.1");
/// ```
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_8032_test_1() {
        let seed: [u8; 32] = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
            .unwrap()
            .try_into()
            .unwrap();
        let key = SigningKey::from_seed(&seed);
        assert_eq!(
            hex::encode(key.public().0),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        assert!(key.public().verifies(b"", &key.sign(b"")));
        assert!(!key.public().verifies(b"x", &key.sign(b"")));
    }

    #[test]
    fn debug_shows_no_seed() {
        let key = SigningKey::from_seed(&[7; 32]);
        assert!(!format!("{key:?}").contains("7, 7, 7"));
    }
}
