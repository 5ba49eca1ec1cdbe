//! The HPKE keys to which records and keyrings are sealed: this device's own, when it takes a new one, and the newest of each other device.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::basics::secret::{self, Secret};
use techo_protocol::household::epoch_record::{Device, DeviceList};

use super::Household;
use crate::ports::Random;
use crate::sync::SyncError;

/// This device's secret keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sync) struct OwnKeys {
    /// What its signing key and its agreement key are made of.
    pub(in crate::sync) seed: Secret<32>,
    /// HPKE keys, newest first.
    pub(in crate::sync) hpke: Vec<OwnHpke>,
}

/// One of this device's HPKE keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sync) struct OwnHpke {
    #[serde(with = "secret::as_bytes")]
    pub(in crate::sync) secret: Secret<32>,
    /// The number of the heartbeat that announced it; none for the first, which a record did.
    pub(in crate::sync) said: Option<u64>,
}

impl Household {
    pub(in crate::sync) fn own_hpke(&self) -> Vec<HpkePrivate> {
        self.own
            .hpke
            .iter()
            .map(|own| HpkePrivate::from_secret(&own.secret))
            .collect()
    }

    /// The newest HPKE key that is known of a device.
    pub(in crate::sync) fn hpke_of(&self, device: &Device) -> [u8; 32] {
        if device.index == self.index
            && let Some(own) = self.own.hpke.first()
        {
            return HpkePrivate::from_secret(&own.secret).public();
        }
        let peer = self.peers.said.iter().find(|peer| peer.device == device.index);
        peer.map_or(device.hpke, |peer| peer.hpke.into_array())
    }

    /// A device has begun an epoch, and named its newest HPKE key in the list: what it announced before is older, and may be destroyed. Its heartbeat
    /// of then may be under a key that this device never had, where two epochs ended one after the other.
    pub(in crate::sync) fn hpke_was_named(&mut self, author: &Device) {
        let mut said = self.peers.said.iter_mut();
        if let Some(peer) = said.find(|peer| peer.device == author.index) {
            peer.hpke = ByteArray::new(author.hpke);
        }
    }

    /// The list with each device's newest HPKE key: to whom records are sealed.
    pub(in crate::sync) fn recipients(&self) -> DeviceList {
        let mut list = self.list.clone();
        for device in &mut list.devices {
            device.hpke = self.hpke_of(device);
        }
        list
    }

    /// A new HPKE key, to be announced with the next heartbeat.
    pub(in crate::sync) fn renew_hpke(&mut self, random: &dyn Random) -> Result<(), SyncError> {
        // One that nobody has been told of yet is new enough.
        let is_told = self
            .own
            .hpke
            .first()
            .is_none_or(|own| own.said.is_some() || self.own.hpke.len() == 1);
        if is_told {
            let own = OwnHpke {
                secret: HpkePrivate::generate(random)?.secret().clone(),
                said: None,
            };
            self.own.hpke.insert(0, own);
        }
        self.due.heartbeat = true;
        Ok(())
    }

    /// A new HPKE key with the first heartbeat of a day. There may be keyrings that this device never saw, with the number of another or on a
    /// stick, that name what was dropped since; after the next day's heartbeat it can open none of them. While an older key is still kept, the
    /// newest is not in use yet, and another would gain nothing.
    pub(in crate::sync) fn renew_hpke_for_the_day(&mut self, random: &dyn Random) -> Result<(), SyncError> {
        match &self.own.hpke[..] {
            [only] if only.said.is_some() => self.renew_hpke(random),
            _ => Ok(()),
        }
    }
}
