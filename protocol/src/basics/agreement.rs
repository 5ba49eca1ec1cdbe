//! A device's key for agreeing on secrets with other devices of its household (X25519, RFC 7748).

use ring::hkdf;
use serde::{Deserialize, Serialize};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::basics::secret::Secret;

/// The public half of an agreement key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AgreementPublic(#[serde(with = "serde_bytes")] pub [u8; 32]);

/// An agreement key. It is wiped from memory when it is dropped.
#[derive(Debug, Clone)]
pub struct AgreementKey {
    secret: Secret<32>,
    public: AgreementPublic,
}

impl AgreementKey {
    /// The agreement key of a device: HKDF-SHA256 of its seed, so that the device keeps one secret only.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"techo agreement key v1").extract(seed);
        let okm = prk.expand(&[], hkdf::HKDF_SHA256);
        let secret = okm.and_then(|okm| Secret::filled(|out| okm.fill(out)));
        Self::from_secret(secret.expect("32 bytes is one block of HKDF-SHA256"))
    }

    /// The key of a secret as it is; every 32 bytes are one.
    pub(crate) fn from_secret(secret: Secret<32>) -> Self {
        let public = AgreementPublic(PublicKey::from(&StaticSecret::from(*secret.expose())).to_bytes());
        Self { secret, public }
    }

    /// The public half, which the device list names.
    pub fn public(&self) -> AgreementPublic {
        self.public
    }

    /// What both devices of a pair can compute, and nobody else. `None` where `other` is one of the few values with which every key gives zero
    /// (RFC 7748, section 6.1).
    ///
    /// ```
    /// use techo_protocol::basics::agreement::{AgreementKey, AgreementPublic};
    /// let (phone, tablet) = (AgreementKey::from_seed(&[1; 32]), AgreementKey::from_seed(&[2; 32]));
    /// assert_eq!(phone.shared_secret(&tablet.public()), tablet.shared_secret(&phone.public()));
    /// assert_eq!(phone.shared_secret(&AgreementPublic([0; 32])), None);
    /// ```
    pub fn shared_secret(&self, other: &AgreementPublic) -> Option<Secret<32>> {
        let shared = StaticSecret::from(*self.secret.expose()).diffie_hellman(&PublicKey::from(other.0));
        shared.was_contributory().then(|| Secret::new(shared.to_bytes()))
    }

    /// The public half, where only a reference will do.
    pub(crate) fn public_bytes(&self) -> &[u8; 32] {
        &self.public.0
    }

    /// The secret itself, for the library that does the handshake.
    pub(crate) fn secret(&self) -> &Secret<32> {
        &self.secret
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(digits: &str) -> [u8; 32] {
        hex::decode(digits).unwrap().try_into().unwrap()
    }

    #[test]
    fn rfc_7748_section_6_1() {
        let alice = AgreementKey::from_secret(bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a").into());
        let bob = AgreementKey::from_secret(bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb").into());
        assert_eq!(
            hex::encode(alice.public().0),
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
        );
        assert_eq!(
            hex::encode(alice.shared_secret(&bob.public()).unwrap().expose()),
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
        );
    }

    /// Computed apart, from RFC 5869 and RFC 7748.
    #[test]
    fn fixed_vector() {
        let (one, two) = (AgreementKey::from_seed(&[1; 32]), AgreementKey::from_seed(&[2; 32]));
        assert_eq!(
            hex::encode(one.public().0),
            "70c29690268911346c21368a67501d197e17a8677852c88909a4d62898287862"
        );
        assert_eq!(
            hex::encode(one.shared_secret(&two.public()).unwrap().expose()),
            "92baf2d2c305d01404c4283f8ff566a373b0c1b6ad160fa32ce7cdf635754123"
        );
    }

    #[test]
    fn a_key_with_which_all_secrets_are_zero_is_refused() {
        let key = AgreementKey::from_seed(&[1; 32]);
        let one = "0100000000000000000000000000000000000000000000000000000000000000";
        let of_order_8 = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
        for low in [[0; 32], bytes(one), bytes(of_order_8)] {
            assert_eq!(key.shared_secret(&AgreementPublic(low)), None);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = AgreementKey::from_secret([7; 32].into());
        assert!(!format!("{key:?}").contains("7, 7, 7"));
    }

    proptest! {
        #[test]
        fn both_agree(one: [u8; 32], two: [u8; 32]) {
            let (one, two) = (AgreementKey::from_seed(&one), AgreementKey::from_seed(&two));
            let shared = one.shared_secret(&two.public());
            prop_assert!(shared.is_some());
            prop_assert_eq!(shared, two.shared_secret(&one.public()));
        }
    }
}
