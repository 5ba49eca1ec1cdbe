//! Secret bytes: keys, and what keys are made of.
//!
//! Whatever has a secret of a fixed length has it as a [`Secret`], so that it can derive `Debug` and still print nothing of it. Secrets whose
//! length varies (PKCS #8, recovery words as text) are in [`zeroize::Zeroizing`], which does print: what holds one writes its `Debug` by hand.

use std::fmt;
use std::hash::{Hash, Hasher};

use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::basics::random::{Random, RandomError, random_bytes};

/// `N` secret bytes, wiped from memory when they are dropped. They are compared in constant time, `Debug` shows their number only, and they come
/// out by [`Secret::expose`] alone: serde writes them where a format says so by `#[serde(with = "secret::as_bytes")]`, and nowhere else.
///
/// ```
/// use techo_protocol::basics::secret::Secret;
/// let key = Secret::from([7; 32]);
/// assert_eq!(format!("{key:?}"), "Secret<32>(..)");
/// assert_eq!(key.expose()[0], 7);
/// assert_ne!(key, Secret::from([8; 32]));
/// ```
///
/// ```compile_fail
/// fn serialises<T: serde::Serialize>() {}
/// serialises::<techo_protocol::basics::secret::Secret<32>>();
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret<const N: usize>([u8; N]);

impl<const N: usize> Secret<N> {
    /// The secret of these bytes. The caller's own copy of them is not wiped.
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// Draws a new secret.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`] when the source of randomness fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        random_bytes(random).map(Self)
    }

    /// A secret that `fill` writes, in place.
    ///
    /// # Errors
    /// What `fill` says.
    pub fn filled<E>(fill: impl FnOnce(&mut [u8; N]) -> Result<(), E>) -> Result<Self, E> {
        let mut secret = Self([0; N]);
        fill(&mut secret.0)?;
        Ok(secret)
    }

    /// The secret of a slice, `None` where its length is another.
    pub fn of_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes themselves, for a cipher or for a format that holds them.
    pub const fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> From<[u8; N]> for Secret<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret<{N}>(..)")
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> Hash for Secret<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Writes and reads a secret as a byte string, for serde's `with`: a format that holds a secret says so with this.
pub mod as_bytes {
    use serde::{Deserializer, Serializer};

    use super::Secret;

    /// Writes the secret's bytes.
    ///
    /// # Errors
    /// What the format's writer says.
    pub fn serialize<S: Serializer, const N: usize>(secret: &Secret<N>, serializer: S) -> Result<S::Ok, S::Error> {
        serde_bytes::serialize(secret.expose(), serializer)
    }

    /// Reads a secret of `N` bytes.
    ///
    /// # Errors
    /// What the format's reader says, or another length.
    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<Secret<N>, D::Error> {
        serde_bytes::deserialize(deserializer).map(Secret)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Format {
        #[serde(with = "as_bytes")]
        key: Secret<4>,
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let secret = Secret::from([0xAB; 16]);
        assert_eq!(
            format!("{secret:?} {secret:#?} {secret:x?}"),
            "Secret<16>(..) Secret<16>(..) Secret<16>(..)"
        );
    }

    #[test]
    fn equal_are_the_same_bytes_only() {
        let secret = Secret::from([1, 2, 3, 4]);
        assert_eq!(secret, Secret::from([1, 2, 3, 4]));
        for at in 0..4 {
            let mut other = *secret.expose();
            other[at] ^= 0x80;
            assert_ne!(secret, Secret::from(other));
        }
        assert_eq!(Secret::<4>::of_slice(&[1, 2, 3]), None);
        assert_eq!(Secret::of_slice(&[1, 2, 3, 4]), Some(secret));
    }

    #[test]
    fn it_is_wiped() {
        fn is_wiped_on_drop<T: ZeroizeOnDrop>() {}
        let mut secret = Secret::from([7; 32]);
        secret.zeroize();
        assert_eq!(secret.expose(), &[0; 32]);
        is_wiped_on_drop::<Secret<32>>();
    }

    #[test]
    fn a_format_holds_it_as_a_byte_string() {
        let mut cbor = Vec::new();
        ciborium::into_writer(
            &Format {
                key: [1, 2, 3, 4].into(),
            },
            &mut cbor,
        )
        .unwrap();
        assert_eq!(cbor, b"\xA1\x63key\x44\x01\x02\x03\x04");
        let read: Format = ciborium::from_reader(&cbor[..]).unwrap();
        assert_eq!(read.key, Secret::from([1, 2, 3, 4]));
        assert!(ciborium::from_reader::<Format, _>(&b"\xA1\x63key\x43\x01\x02\x03"[..]).is_err());
    }
}
