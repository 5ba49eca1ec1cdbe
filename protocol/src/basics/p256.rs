//! ECDSA on P-256 with SHA-256 (ES256: RFC 7518, section 3.4; r and s of 32 bytes each): what status passes are signed with, since a
//! phone's secure element has no Ed25519.
//!
//! Keys and signatures draw from the operating system and not from the random source that is passed in elsewhere: ring takes no other.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::basics::jwk::jwk_of_point;
use crate::basics::keys::sha256;
use crate::basics::random::RandomError;

/// Length of a signature in bytes.
pub const P256_SIGNATURE_BYTES: usize = 64;
/// Length of a public key in bytes.
pub const P256_PUBLIC_BYTES: usize = 64;

/// A public key: x and y, 32 bytes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct P256Public(#[serde(with = "serde_bytes")] pub [u8; P256_PUBLIC_BYTES]);

impl P256Public {
    /// The key of an uncompressed point (SEC 1, section 2.3.3); `None` for any other form.
    ///
    /// ```
    /// use techo_protocol::basics::p256::{P256Key, P256Public};
    /// let key = P256Key::generate()?.public();
    /// assert_eq!(P256Public::of_point(&key.point()), Some(key));
    /// assert_eq!(P256Public::of_point(&[[2].as_slice(), &key.0[..32]].concat()), None, "a compressed point");
    /// # Ok::<(), techo_protocol::basics::random::RandomError>(())
    /// ```
    pub fn of_point(point: &[u8]) -> Option<Self> {
        let (first, rest) = point.split_first()?;
        (*first == 4).then_some(())?;
        rest.try_into().ok().map(Self)
    }

    /// The key as an uncompressed point: 4, x, y (SEC 1, section 2.3.3).
    pub fn point(&self) -> Vec<u8> {
        [&[4], self.0.as_slice()].concat()
    }

    /// Whether `signature` is this key's signature over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.point())
            .verify(message, signature)
            .is_ok()
    }

    /// The key as a JWK, its members in the order that RFC 7638 (section 3) hashes.
    pub fn to_jwk(&self) -> String {
        jwk_of_point("P-256", &self.0)
    }

    /// The SHA-256 thumbprint of the JWK (RFC 7638).
    pub fn thumbprint(&self) -> [u8; 32] {
        sha256(self.to_jwk().as_bytes())
    }
}

/// A key that signs. Its private half is wiped from memory when it is dropped.
///
/// ```
/// use techo_protocol::basics::p256::P256Key;
/// let key = P256Key::generate()?;
/// let kept = P256Key::from_pkcs8(key.to_pkcs8()).unwrap();
/// let signature = kept.sign(b"a pass")?;
/// assert!(key.public().verifies(b"a pass", &signature));
/// assert_ne!(kept.sign(b"a pass")?, signature, "ECDSA draws anew for each signature");
/// # Ok::<(), techo_protocol::basics::random::RandomError>(())
/// ```
pub struct P256Key {
    pkcs8: Zeroizing<Vec<u8>>,
    pair: EcdsaKeyPair,
    public: P256Public,
}

impl P256Key {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`] when the operating system gives no random bytes.
    pub fn generate() -> Result<Self, RandomError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| RandomError::Unavailable)?;
        Self::from_pkcs8(document.as_ref()).ok_or(RandomError::Unavailable)
    }

    /// Reads a key as [`P256Key::to_pkcs8`] writes it.
    pub fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes, &SystemRandom::new()).ok()?;
        let public = P256Public::of_point(pair.public_key().as_ref())?;
        Some(Self {
            pkcs8: Zeroizing::new(bytes.to_vec()),
            pair,
            public,
        })
    }

    /// The key in PKCS #8 (RFC 5958), for keeping it.
    pub fn to_pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public half, by which others verify what this key signs.
    pub fn public(&self) -> P256Public {
        self.public
    }

    /// Signs `message`.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`] when the operating system gives no random bytes.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; P256_SIGNATURE_BYTES], RandomError> {
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message)
            .map_err(|_| RandomError::Unavailable)?;
        signature.as_ref().try_into().map_err(|_| RandomError::Unavailable)
    }
}

impl std::fmt::Debug for P256Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("P256Key")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::basics::jwk::base64url;

    fn key_of(x: &str, y: &str) -> P256Public {
        let coordinate = |text| URL_SAFE_NO_PAD.decode(text).unwrap();
        P256Public([coordinate(x), coordinate(y)].concat().try_into().unwrap())
    }

    #[test]
    fn a_kept_key_is_the_same_and_debug_shows_no_secret() {
        let key = P256Key::generate().unwrap();
        let kept = P256Key::from_pkcs8(key.to_pkcs8()).unwrap();
        let signature = kept.sign(b"message").unwrap();
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"another", &signature));
        assert!(!P256Key::generate().unwrap().public().verifies(b"message", &signature));
        assert_eq!(P256Public::of_point(&key.public().point()), Some(key.public()));
        let shown = format!("{key:?}");
        assert!(shown.ends_with(", .. }") && !shown.contains("pkcs8"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let point = P256Key::generate().unwrap().public().point();
        for bytes in [
            &[][..],
            &[4],
            &point[1..],
            &[&[2], &point[1..]].concat(),
            &[&point[..], &[0]].concat(),
        ] {
            assert_eq!(P256Public::of_point(bytes), None);
        }
        let mut damaged = P256Key::generate().unwrap().to_pkcs8().to_vec();
        damaged[40] ^= 1;
        assert!(P256Key::from_pkcs8(&damaged).is_none(), "private and public half disagree");
    }

    /// RFC 7515, appendix A.3: an ES256 signature and its key.
    #[test]
    fn rfc_7515_vector() {
        let key = key_of(
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        );
        let message =
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = URL_SAFE_NO_PAD
            .decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
            .unwrap();
        assert!(key.verifies(message.as_bytes(), &signature));
        assert!(!key.verifies(&message.as_bytes()[1..], &signature));
    }

    /// RFC 9901, section 5.2, with the keys of appendix A.5: issuer, key binding, and the hash that binds one to the other.
    #[test]
    fn rfc_9901_vector() {
        let text = include_str!("../../fixtures/rfc-9901-section-5.2.txt").trim();
        let issuer = key_of(
            "b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ",
            "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8",
        );
        let holder = key_of(
            "TCAER19Zvu3OHF4j4W4vfSVoHIP1ILilDls7vCeGemc",
            "ZxjiWWbZMQGHVWKVQ4hbSIirsVfuecCE6t4jT9F2HZQ",
        );
        let verifies = |key: &P256Public, jwt: &str| {
            let (message, signature) = jwt.rsplit_once('.').unwrap();
            key.verifies(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        };
        let (bound, binding) = text.rsplit_once('~').unwrap();
        let (jwt, disclosures) = bound.split_once('~').unwrap();
        assert!(verifies(&issuer, jwt) && verifies(&holder, binding));
        assert!(!verifies(&holder, jwt) && !verifies(&issuer, binding));
        let payload = |jwt: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap()).unwrap();
        assert!(payload(binding).contains(&base64url(&sha256(format!("{bound}~").as_bytes()))));
        for disclosure in disclosures.split('~') {
            assert!(
                payload(jwt).contains(&base64url(&sha256(disclosure.as_bytes()))),
                "{disclosure}"
            );
        }
    }
}
