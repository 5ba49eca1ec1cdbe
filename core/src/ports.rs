//! What the device is given from outside: the time, randomness, the network, and a place for the one key that is not in the vault.

mod local_network;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

pub use techo_protocol::basics::clock::{Clock, FixedClock, SystemClock};
pub use techo_protocol::basics::http::HttpError;
pub use techo_protocol::basics::random::{Random, RandomError, SeededRandom, SystemRandom, random_bytes};
use techo_protocol::basics::secret::Secret;

pub use local_network::{Discovery, Heard, LocalNetwork, NearbyError, SERVICE, SERVICE_ENTRY};

/// What a [`Device`](crate::device::Device) is given once, when it is opened.
pub struct Ports {
    /// Where the key is kept that opens the vault.
    pub keys: Box<dyn KeyKeeper>,
    /// The clock that says what time it is, in Unix seconds.
    pub clock: Box<dyn Clock>,
    /// The source of all random bytes, for keys and ids.
    pub random: Arc<dyn Random + Send + Sync>,
    /// How relays are asked.
    pub relay: Arc<dyn Relay + Send + Sync>,
    /// The network that the device is on, for meeting other devices without a relay.
    pub network: Arc<dyn LocalNetwork + Send + Sync>,
}

/// How a relay is asked: the shell's own HTTP, or `techo-http`. A request is its URL and its content alone: no cookie, no session, nothing that
/// joins one request to another.
///
/// ```
/// use techo_testing::{Files, RELAY};
/// use techo_core::ports::{HttpError, Relay};
///
/// let relay = Files::default();
/// relay.put(RELAY, "/v1/list", b"a signed list".to_vec())?;
/// assert_eq!(relay.get(RELAY, "/v1/other", 1_000)?, None, "where there is nothing is no failure");
/// assert_eq!(relay.get(RELAY, "/v1/list", 5), Err(HttpError::TooLarge), "and what is too long is");
/// # Ok::<(), HttpError>(())
/// ```
pub trait Relay: Send {
    /// What is at `path` of the relay at address `relay`, at most `most` bytes; `None` where there is nothing.
    ///
    /// # Errors
    /// The relay does not answer, refuses, or answers more than `most` bytes.
    fn get(&self, relay: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, HttpError>;

    /// Puts `content` at `path`, over a connection of its own: what is sent must not share one with what was fetched.
    ///
    /// # Errors
    /// The relay does not answer, or refuses.
    fn put(&self, relay: &str, path: &str, content: Vec<u8>) -> Result<(), HttpError>;

    /// Posts `content` to `path` and gives the answer, at most `most` bytes.
    ///
    /// # Errors
    /// The relay does not answer, refuses, or answers more than `most` bytes.
    fn post(&self, relay: &str, path: &str, content: Vec<u8>, most: usize) -> Result<Vec<u8>, HttpError>;
}

techo_protocol::coded_errors! {
    /// Why the key that opens the vault could not be had.
    pub enum KeyError {
        /// The keeper has no such key.
        Missing = "key.missing", "The key of this vault is not on this device.", "Put the key file back beside the vault, or restore a backup.";
        /// The passphrase does not open the key file.
        WrongPassphrase = "key.wrong_passphrase", "The passphrase does not open this profile.", "Check it and try again.";
        /// The key file is under a passphrase, and no passphrase was given.
        PassphraseNeeded = "key.passphrase_needed", "This profile is under a passphrase.", "Give the passphrase.";
        /// A passphrase was given, and the key file is under no passphrase.
        NotUnderPassphrase = "key.not_under_passphrase", "A passphrase was given, but this profile was made without one.", "Open it without a passphrase, or export the diary and import it into a profile made with the passphrase.";
        /// The file is no key file, or a part of it is wrong.
        Damaged = "key.damaged", "The key file is damaged.", "Put an intact copy of it back, or restore a backup.";
        /// A newer program wrote the key file.
        NewerVersion { found: u32 } = "key.newer_version", "The key file has version {found}, which this program does not know.", "Update Techo.";
        /// The platform's secret store, or the disk, refused.
        Unavailable { reason: String } = "key.unavailable", "The place where the key is kept did not answer ({reason}).", "Unlock the device, or check the folder's permissions, and try again.";
    }
}

/// The name of a wrapping key: random, and not secret.
pub type KeyId = [u8; 16];

/// A key of 32 bytes that is wiped from memory when dropped.
pub type WrappingKey = Secret<32>;

/// The platform's secret store (Keychain, Keystore, a file), which keeps the key that wraps the vault's row keys.
///
/// The vault makes the keys and names them. There is one at rest; while a deletion is being finished there are two.
/// [`store`](Self::store) and [`delete`](Self::delete) are only called while the vault's write lock is held, so they
/// need no locking of their own against other processes; [`load`](Self::load) may come at any time.
///
/// ```
/// use techo_testing::MemoryKeeper;
/// use techo_core::ports::{KeyError, KeyKeeper, WrappingKey};
///
/// let mut keeper = MemoryKeeper::default();
/// keeper.store(&[1; 16], &WrappingKey::new([7; 32]))?;
/// assert!(keeper.load(&[2; 16])?.is_none(), "a key that is not there is no error");
/// keeper.delete(&[1; 16])?;
/// keeper.delete(&[1; 16])?;
/// assert!(keeper.ids()?.is_empty(), "to delete one twice is none either");
/// # Ok::<(), KeyError>(())
/// ```
pub trait KeyKeeper: Send {
    /// The key of that name; `None` where the keeper has no such key.
    ///
    /// # Errors
    /// A [`KeyError`] when the store cannot be read; a missing key is not one.
    fn load(&self, id: &KeyId) -> Result<Option<WrappingKey>, KeyError>;

    /// Keeps `key` under `id`, durably once it returns, beside any other.
    ///
    /// # Errors
    /// A [`KeyError`]; the key must not be counted on then.
    fn store(&mut self, id: &KeyId, key: &WrappingKey) -> Result<(), KeyError>;

    /// The names of all keys kept.
    ///
    /// # Errors
    /// As [`Self::load`].
    fn ids(&self) -> Result<Vec<KeyId>, KeyError>;

    /// Destroys the key of that name, as surely as the platform can. Deleting one that is not there is done already.
    ///
    /// # Errors
    /// A [`KeyError`]; the vault tries again the next time it is opened.
    fn delete(&mut self, id: &KeyId) -> Result<(), KeyError>;

    /// Destroys all keys, also where they cannot be read any more.
    ///
    /// # Errors
    /// A [`KeyError`]; what was destroyed until then stays destroyed.
    fn delete_all(&mut self) -> Result<(), KeyError> {
        self.ids()?.iter().try_for_each(|id| self.delete(id))
    }
}
