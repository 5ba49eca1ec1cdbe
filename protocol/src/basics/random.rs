//! The random source, passed in wherever randomness is needed.

use ring::hmac;
use ring::rand::SecureRandom;

crate::coded_errors! {
    /// The system cannot give random bytes.
    pub enum RandomError {
        /// The operating system's generator failed.
        Unavailable = "random.unavailable", "This device cannot make random numbers now.", "Restart the device and try again.";
    }
}

/// A source of random bytes.
pub trait Random {
    /// Fills `out` with random bytes.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`] when the source fails; `out` must not be used then.
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError>;

    /// `N` random bytes.
    ///
    /// # Errors
    /// As [`Random::fill`].
    fn bytes<const N: usize>(&self) -> Result<[u8; N], RandomError>
    where
        Self: Sized,
    {
        random_bytes(self)
    }
}

impl<R: Random + ?Sized> Random for std::sync::Arc<R> {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        (**self).fill(out)
    }
}

/// `N` random bytes from a source that is only known by its trait.
///
/// # Errors
/// As [`Random::fill`].
pub fn random_bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N], RandomError> {
    let mut out = [0; N];
    random.fill(&mut out)?;
    Ok(out)
}

/// The operating system's generator, through ring.
#[derive(Debug)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl SystemRandom {
    /// A handle on the system's generator.
    #[allow(clippy::new_without_default, reason = "randomness is asked for by name")]
    pub fn new() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Random for SystemRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(out).map_err(|_| RandomError::Unavailable)
    }
}

/// A repeatable stream for tests, simulations and measurements. Never for keys that protect anybody.
///
/// ```
/// use techo_protocol::basics::random::{Random, SeededRandom};
/// let (one, same, other) = (SeededRandom::new(1), SeededRandom::new(1), SeededRandom::new(2));
/// let drawn: [u8; 16] = one.bytes()?;
/// assert_eq!(drawn, same.bytes()?);
/// assert_ne!(drawn, other.bytes()?);
/// # Ok::<(), techo_protocol::basics::random::RandomError>(())
/// ```
pub struct SeededRandom {
    key: hmac::Key,
    counter: std::sync::atomic::AtomicU64,
}

impl SeededRandom {
    /// The stream that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self::from_key(&seed.to_be_bytes())
    }

    /// The stream that belongs to a key: as good as the key is secret.
    pub(crate) fn from_key(key: &[u8]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
            counter: 0.into(),
        }
    }
}

impl Random for SeededRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        for block in out.chunks_mut(32) {
            let count = self.counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let stream = hmac::sign(&self.key, &count.to_be_bytes());
            block.copy_from_slice(&stream.as_ref()[..block.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_stream() {
        let draw = |seed| SeededRandom::new(seed).bytes::<40>().unwrap();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn the_system_does_not_repeat_itself() {
        let random = SystemRandom::new();
        assert_ne!(random.bytes::<16>().unwrap(), random.bytes::<16>().unwrap());
    }
}
