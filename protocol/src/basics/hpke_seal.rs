//! Sealing something once to one X25519 key: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305.
//!
//! ```text
//! encapsulated key:32 ciphertext tag:16
//! ```
//! Each seal draws a key of its own, so two seals of the same content have nothing in common. Nobody signs here: who sealed is not known.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{Infallible, TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng};
use zeroize::Zeroizing;

use crate::basics::random::{Random, RandomError, SeededRandom};
use crate::basics::secret::Secret;

/// What a seal adds to the content, in bytes.
pub const SEAL_BYTES: usize = ENCAPSULATED_BYTES + 16;

const ENCAPSULATED_BYTES: usize = 32;

crate::coded_errors! {
    /// Why nothing was sealed.
    pub enum HpkeSealError {
        /// The public key is none: no secret can be agreed on with it.
        KeyInvalid = "hpke_seal.key_invalid", "A key that something was to be sealed to is damaged.", "Get the key again from where it came, and try again.";
        /// The source of randomness failed, so no key could be drawn for the seal.
        NoRandomness = "hpke_seal.no_randomness", "This device cannot make random numbers now.", "Restart the device and try again.";
    }
}

impl From<RandomError> for HpkeSealError {
    fn from(_: RandomError) -> Self {
        Self::NoRandomness
    }
}

/// An X25519 key that opens what was sealed to its public half. It is wiped from memory when it is dropped.
///
/// ```
/// use techo_protocol::basics::hpke_seal::HpkePrivate;
/// let key = HpkePrivate::from_seed(&[5; 32]);
/// assert_eq!(HpkePrivate::from_secret(key.secret()).public(), key.public());
/// assert_ne!(key.secret().expose(), &[5; 32], "a seed is no key (RFC 9180, section 7.1.3)");
/// ```
#[derive(Debug)]
pub struct HpkePrivate {
    secret: Secret<32>,
    public: [u8; 32],
}

impl HpkePrivate {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`] when the source of randomness fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self::from_seed(Secret::generate(random)?.expose()))
    }

    /// The key that 32 random bytes give (RFC 9180, section 7.1.3).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self::new(&X25519HkdfSha256::derive_keypair(seed).0)
    }

    /// The key of [`Self::secret`].
    pub fn from_secret(secret: &Secret<32>) -> Self {
        Self::new(&private(secret))
    }

    fn new(secret: &<X25519HkdfSha256 as Kem>::PrivateKey) -> Self {
        Self {
            public: X25519HkdfSha256::sk_to_pk(secret).to_bytes().into(),
            secret: Secret::new(secret.to_bytes().into()),
        }
    }

    /// The key itself, for keeping it.
    pub fn secret(&self) -> &Secret<32> {
        &self.secret
    }

    /// The public half, to which others seal.
    pub fn public(&self) -> [u8; 32] {
        self.public
    }
}

fn private(secret: &Secret<32>) -> <X25519HkdfSha256 as Kem>::PrivateKey {
    Deserializable::from_bytes(secret.expose()).expect("32 bytes are always an X25519 key (RFC 7748, section 5)")
}

/// Seals `plain` so that only the owner of `public` opens it, and only with the same `info` and `aad`. The result is [`SEAL_BYTES`] longer.
///
/// # Errors
/// [`HpkeSealError`]: a key of small order (RFC 7748, section 6.1), or no randomness.
///
/// ```
/// use techo_protocol::basics::hpke_seal::{HpkePrivate, open_with, seal_to};
/// let random = techo_protocol::basics::random::SystemRandom::new();
/// let key = HpkePrivate::generate(&random)?;
/// let sealed = seal_to(&key.public(), b"example v1", b"", b"content", &random)?;
/// assert_eq!(*open_with(&key, b"example v1", b"", &sealed).unwrap(), b"content");
/// # Ok::<(), techo_protocol::basics::hpke_seal::HpkeSealError>(())
/// ```
pub fn seal_to(public: &[u8; 32], info: &[u8], aad: &[u8], plain: &[u8], random: &dyn Random) -> Result<Vec<u8>, HpkeSealError> {
    let invalid = |_| HpkeSealError::KeyInvalid;
    let public = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(public).map_err(invalid)?;
    let (encapsulated, sealed) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        info,
        plain,
        aad,
        &mut DrawnOnce::from(random)?,
    )
    .map_err(invalid)?;
    Ok([encapsulated.to_bytes().as_slice(), &sealed].concat())
}

/// Fills one of a record's slots: seals to `public`, or to a key that is thrown away where there is none or it is no key. All slots look alike.
///
/// # Errors
/// [`RandomError::Unavailable`].
pub(crate) fn seal_slot(
    public: Option<&[u8; 32]>,
    info: &[u8],
    aad: &[u8],
    plain: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, RandomError> {
    if let Some(public) = public {
        match seal_to(public, info, aad, plain, random) {
            Ok(sealed) => return Ok(sealed),
            Err(HpkeSealError::NoRandomness) => return Err(RandomError::Unavailable),
            Err(HpkeSealError::KeyInvalid) => {}
        }
    }
    let thrown_away = HpkePrivate::generate(random)?.public();
    // A key that was just made is one.
    seal_to(&thrown_away, info, aad, plain, random).map_err(|_| RandomError::Unavailable)
}

/// Opens what [`seal_to`] sealed; `None` if it was sealed to another key, with another `info` or `aad`, or was changed.
pub fn open_with(key: &HpkePrivate, info: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (encapsulated, sealed) = sealed.split_at_checked(ENCAPSULATED_BYTES)?;
    let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
    single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &private(&key.secret),
        &encapsulated,
        info,
        sealed,
        aad,
    )
    .ok()
    .map(Zeroizing::new)
}

/// What `hpke` draws from: a stream under 32 bytes of the source that was passed in, so that its failure is an error and no panic.
pub(crate) struct DrawnOnce(SeededRandom);

impl DrawnOnce {
    pub(crate) fn from(random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self(SeededRandom::from_key(Secret::<32>::generate(random)?.expose())))
    }
}

impl TryRng for DrawnOnce {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(out).expect("a stream under a key does not fail");
        Ok(())
    }
}

impl TryCryptoRng for DrawnOnce {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::basics::keys::sha256;

    fn key() -> HpkePrivate {
        HpkePrivate::from_seed(&[5; 32])
    }

    fn sealed() -> Vec<u8> {
        seal_to(&key().public(), b"info", b"aad", b"content", &SeededRandom::new(1)).unwrap()
    }

    #[test]
    fn opens_for_its_key_info_and_aad_only() {
        assert_eq!(*open_with(&key(), b"info", b"aad", &sealed()).unwrap(), b"content");
        assert_eq!(open_with(&key(), b"other", b"aad", &sealed()), None);
        assert_eq!(open_with(&key(), b"info", b"other", &sealed()), None);
        assert_eq!(open_with(&HpkePrivate::from_seed(&[6; 32]), b"info", b"aad", &sealed()), None);
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        assert_eq!(sealed().len(), b"content".len() + SEAL_BYTES);
        for at in 0..sealed().len() {
            let mut damaged = sealed();
            damaged[at] ^= 1;
            assert_eq!(open_with(&key(), b"info", b"aad", &damaged), None, "byte {at}");
            assert_eq!(open_with(&key(), b"info", b"aad", &sealed()[..at]), None, "length {at}");
        }
    }

    #[test]
    fn a_kept_key_is_the_same() {
        let kept = HpkePrivate::from_secret(key().secret());
        assert_eq!((kept.public(), kept.secret()), (key().public(), key().secret()));
        assert_eq!(*open_with(&kept, b"info", b"aad", &sealed()).unwrap(), b"content");
    }

    #[test]
    fn a_key_of_small_order_is_refused() {
        let refused = seal_to(&[0; 32], b"", b"", b"content", &SeededRandom::new(1));
        assert_eq!(refused, Err(HpkeSealError::KeyInvalid));
    }

    /// RFC 9180, appendix A.2.1 (base mode, this very suite): the first encryption.
    #[test]
    fn rfc_9180_vector() {
        let bytes = |text| hex::decode(text).unwrap();
        let secret = bytes("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb");
        let key = HpkePrivate::from_secret(&Secret::of_slice(&secret).unwrap());
        assert_eq!(
            hex::encode(key.public()),
            "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"
        );
        let sealed = bytes(
            "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a\
             1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
        );
        let info = bytes("4f6465206f6e2061204772656369616e2055726e");
        let plain = open_with(&key, &info, b"Count-0", &sealed).unwrap();
        assert_eq!(*plain, b"Beauty is truth, truth beauty");
    }

    #[test]
    fn vector() {
        // The stream of `SeededRandom::new(1)` is fixed, and so is what it seals.
        assert_eq!(
            hex::encode(sha256(&sealed())),
            "9ab88739a17d65c4d40f3d2e804e1ffa9b97f193205703a56a81b001888dbe09"
        );
    }

    proptest! {
        #[test]
        fn comes_back(plain in prop::collection::vec(any::<u8>(), 0..300), aad in prop::collection::vec(any::<u8>(), 0..50)) {
            let sealed = seal_to(&key().public(), b"info", &aad, &plain, &SeededRandom::new(7)).unwrap();
            prop_assert_eq!(&*open_with(&key(), b"info", &aad, &sealed).unwrap(), &plain);
        }

        #[test]
        fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(open_with(&key(), b"info", b"aad", &bytes), None);
        }
    }
}
