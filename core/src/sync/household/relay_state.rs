//! What a device keeps of its relay, and of the account that it had before it was paired.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::secret::{self, Secret};
use techo_protocol::household::chunk::EpochKey;
use techo_protocol::household::sync_api::{Mark, StreamId, relay_key};

use super::Household;

/// What is known of the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayState {
    /// The address under which the relay was asked.
    pub address: String,
    /// Its filling; another value means that it was wiped.
    #[serde(with = "serde_bytes")]
    pub generation: [u8; 16],
    /// The account's opening, which a deletion names.
    #[serde(with = "serde_bytes")]
    pub opening: [u8; 16],
    /// Everything up to here was taken in.
    pub cursor: u64,
    /// The last swap that was seen.
    pub last_swap: u64,
    /// The cursor at which this device last tidied up.
    pub swept_at: u64,
    /// The epoch record that was there.
    pub record: Option<Mark>,
    /// The keyring that was there.
    pub keyring: Option<Mark>,
}

/// What lies at the relay and is not of a document, and what is still to be told of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::sync) struct AtRelay {
    /// Chunks there that nothing needs any more and that are of no document.
    pub(in crate::sync) sweep: Vec<ByteArray<16>>,
    /// Chunks there that were shown to this device and of which it keeps nothing.
    pub(in crate::sync) passed: Vec<ByteArray<16>>,
    /// The fault of the relay that a session found and broke off before it could tell.
    pub(in crate::sync) unreported_fault: Option<RelayFault>,
}

/// What a relay was caught at: a fault that no crash of an honest relay explains. It is found, never forgiven in silence, and told to a person.
///
/// ```
/// use techo_core::sync::household::RelayFault;
/// use techo_testing::{Phone, memory_relay::MemoryRelay};
///
/// let (relay, mut phone) = (MemoryRelay::new(1), Phone::new());
/// phone.sync(&relay);
/// let older = relay.kept.borrow().clone();
/// phone.add("Bar Yoru", 1);
/// phone.sync(&relay);
/// relay.kept.replace(older);
/// assert_eq!(phone.sync(&relay).relay_fault, Some(RelayFault::RolledBack));
/// assert_eq!(phone.sync(&relay).relay_fault, None, "this device has filled it again");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RelayFault {
    /// It showed an older state than this device has seen there.
    RolledBack,
    /// It hides what another device has seen there.
    Withholds,
}

/// The account that a device had before it was paired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerAccount {
    /// The address of the relay that has the account.
    pub address: String,
    /// The stream that the account is of.
    pub stream: StreamId,
    /// The name of that opening of the account, which a deletion has to give.
    #[serde(with = "serde_bytes")]
    pub opening: [u8; 16],
    #[serde(with = "secret::as_bytes")]
    pub(in crate::sync) epoch_key: Secret<32>,
}

impl Household {
    /// The relay has shown a chunk of which nothing is kept. They lie in order, each once, so that what is known already changes nothing.
    pub(in crate::sync) fn was_passed(&mut self, chunk_id: [u8; 16]) {
        let id = ByteArray::new(chunk_id);
        if let Err(place) = self.at_relay.passed.binary_search(&id) {
            self.at_relay.passed.insert(place, id);
        }
    }
}

impl FormerAccount {
    /// The key that signs for it.
    pub fn key(&self) -> SigningKey {
        relay_key(&EpochKey(self.epoch_key.clone()))
    }
}
