//! The keys of a device that is to join a household.

use techo_protocol::basics::agreement::AgreementKey;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::secret::Secret;
use techo_protocol::household::pairing::NewDevice;

use super::checked;
use crate::ports::Random;
use crate::sync::SyncError;

/// A new device as it introduces itself, and what it keeps.
pub struct NewIdentity {
    /// What it says of itself.
    pub device: NewDevice,
    pub(in crate::sync) seed: Secret<32>,
    pub(in crate::sync) hpke: HpkePrivate,
}

impl NewIdentity {
    /// Makes the keys of a device that is to join a household.
    ///
    /// ```
    /// use techo_core::ports::SystemRandom;
    /// use techo_core::sync::household::NewIdentity;
    ///
    /// let tablet = NewIdentity::generate("Tablet", &SystemRandom::new())?;
    /// assert_eq!(tablet.device.name, "Tablet");
    /// assert!(NewIdentity::generate("", &SystemRandom::new()).is_err(), "a device has a name");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// No randomness.
    pub fn generate(name: &str, random: &dyn Random) -> Result<Self, SyncError> {
        let (seed, hpke) = (Secret::generate(random)?, HpkePrivate::generate(random)?);
        let device = NewDevice {
            key: SigningKey::from_seed(seed.expose()).public(),
            agreement: AgreementKey::from_seed(seed.expose()).public(),
            hpke: hpke.public(),
            name: checked(name)?.to_owned(),
        };
        Ok(Self { device, seed, hpke })
    }
}
