//! How far this device has heard each of the others, and what they have seen of it.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use techo_protocol::household::epoch_record::Device;

use super::Household;
use crate::sync::vector::Vector;

/// The other devices, as far as they were heard.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::sync) struct Peers {
    /// How far each was heard.
    pub(in crate::sync) heard: Vec<Heard>,
    /// What each has said in its newest heartbeat.
    pub(in crate::sync) said: Vec<Peer>,
    /// Who has seen what where.
    pub(in crate::sync) vector: Vector,
}

/// How far a device was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sync) struct Heard {
    pub(in crate::sync) device: u8,
    pub(in crate::sync) highest: u64,
    /// The chain hash after the highest.
    #[serde(with = "serde_bytes")]
    pub(in crate::sync) after: [u8; 32],
}

/// What another device said in its newest heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sync) struct Peer {
    pub(in crate::sync) device: u8,
    /// The number of that heartbeat among the device's chunks.
    pub(in crate::sync) number: u64,
    pub(in crate::sync) hpke: ByteArray<32>,
    pub(in crate::sync) keyring: u64,
    pub(in crate::sync) day: u32,
    /// How far it had seen this device.
    pub(in crate::sync) seen_of_me: u64,
}

impl Household {
    /// When each device was last heard from: its index, and the Unix day; `None` for those that were never.
    ///
    /// ```
    /// use techo_testing::Household;
    ///
    /// let mut home = Household::of(2);
    /// let day = home.phones[0].now / 86_400;
    /// assert_eq!(home.phones[0].household().last_heard(1).map(i64::from), Some(day));
    /// assert_eq!(home.phones[0].household().last_heard(7), None, "there is no such device");
    /// ```
    pub fn last_heard(&self, index: u8) -> Option<u32> {
        self.peers.said.iter().find(|peer| peer.device == index).map(|peer| peer.day)
    }

    /// Whether the relay hides what another device has seen there, after all that it shows was taken in.
    pub(in crate::sync) fn misses_something(&self) -> bool {
        self.peers
            .vector
            .misses_something(|device| self.list.device(device).is_some())
    }

    /// The devices that may still hold what was deleted here last.
    ///
    /// ```
    /// use techo_testing::Household;
    ///
    /// let mut home = Household::of(2);
    /// let visit = home.phones[0].add("Bar Yoru", 1);
    /// home.settle();
    /// home.phones[0].diary.delete(&[visit])?;
    /// home.phones[0].sync(&home.relay);
    /// assert_eq!(home.phones[0].household().still_holding().len(), 1, "the other has not synced since");
    /// home.settle();
    /// assert!(home.phones[0].household().still_holding().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn still_holding(&self) -> Vec<&Device> {
        let Some(deletion) = self.log.last_deletion else {
            return Vec::new();
        };
        let has_it = |device: &&Device| {
            let peer = self.peers.said.iter().find(|peer| peer.device == device.index);
            device.index != self.index && peer.is_none_or(|peer| peer.seen_of_me < deletion)
        };
        self.list.devices.iter().filter(has_it).collect()
    }
}
