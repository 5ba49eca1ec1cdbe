//! What somebody can read who seizes a device, and has every byte that a relay ever saw: the measure of "really deleted". For tests and the
//! simulation; nothing of a device's own work needs it.

use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::household::body::{GenerationKey, UnverifiedBody};
use techo_protocol::household::chunk::{Envelope, EpochKey};
use techo_protocol::household::epoch_record::EpochRecord;
use techo_protocol::household::keyring_record::KeyringRecord;
use techo_protocol::household::sync_api::StreamId;

use super::SyncError;
use super::document_log::DocumentLog;
use super::state::change;
use crate::vault::Vault;

/// All keys that devices have.
///
/// ```
/// use techo_core::sync::seizure;
/// use techo_testing::{Phone, memory_relay::MemoryRelay};
///
/// let (relay, mut phone) = (MemoryRelay::new(1), Phone::new());
/// let visit = phone.add("Bar Yoru", 1);
/// phone.sync(&relay);
/// // A relay that keeps all that it ever saw, and whoever seizes the phone.
/// let opens = |phone: &mut Phone| {
///     let plain = seizure::keys(phone.diary.vault())?.read(&relay.kept.borrow().hoard);
///     Ok::<_, techo_core::sync::SyncError>(plain.iter().any(|bytes| bytes.windows(8).any(|part| part == b"Bar Yoru")))
/// };
/// assert!(opens(&mut phone)?);
/// phone.diary.delete(&[visit])?;
/// for _ in 0..3 {
///     phone.sync(&relay);
/// }
/// assert!(!opens(&mut phone)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Seized {
    epochs: Vec<(u32, EpochKey)>,
    /// HPKE keys, with the stream and the slot of the device that has them.
    hpke: Vec<(StreamId, u8, HpkePrivate)>,
    documents: Vec<GenerationKey>,
}

/// The keys that a device still has.
///
/// # Errors
/// The vault cannot be read, or has no household.
pub fn keys(vault: &mut Vault) -> Result<Seized, SyncError> {
    change(vault, |state, _| {
        let household = &state.household;
        let of_logs = state.logs.values().map(DocumentLog::key);
        let hpke = household.own_hpke().into_iter();
        Ok(Seized {
            epochs: household
                .epochs
                .keys
                .iter()
                .map(|(epoch, key)| (*epoch, key.clone()))
                .collect(),
            hpke: hpke.map(|key| (household.stream, household.index, key)).collect(),
            documents: of_logs
                .chain(household.documents.known.iter().map(|known| known.open().key))
                .collect(),
        })
    })
}

impl Seized {
    /// Adds another device's keys.
    pub fn and(&mut self, other: Self) {
        for (epoch, key) in other.epochs {
            self.learn_epoch(epoch, key);
        }
        for (stream, slot, key) in other.hpke {
            let known = |(_, _, other): &(StreamId, u8, HpkePrivate)| other.public() == key.public();
            if !self.hpke.iter().any(known) {
                self.hpke.push((stream, slot, key));
            }
        }
        for key in other.documents {
            self.learn_document(key);
        }
    }

    /// The HPKE keys alone.
    #[must_use]
    pub fn only_hpke(self) -> Self {
        Self {
            hpke: self.hpke,
            ..Self::default()
        }
    }

    fn learn_epoch(&mut self, epoch: u32, key: EpochKey) {
        if !self.epochs.iter().any(|(_, other)| other.0 == key.0) {
            self.epochs.push((epoch, key));
        }
    }

    fn learn_document(&mut self, key: GenerationKey) {
        if !self.documents.iter().any(|other| other.0 == key.0) {
            self.documents.push(key);
        }
    }

    /// All that these keys open of chunks, epoch records and keyrings: first the keys that lie in records, then each chunk's signed body and
    /// what it holds.
    pub fn read(&mut self, hoard: &[Vec<u8>]) -> Vec<Vec<u8>> {
        for bytes in hoard {
            if let Ok(record) = EpochRecord::read(bytes) {
                let slots = self.hpke.iter().filter(|(stream, _, _)| *stream == record.head.stream);
                let opened =
                    slots.filter_map(|(_, slot, key)| record.open_slot(usize::from(*slot), std::slice::from_ref(key)).ok());
                for key in opened.collect::<Vec<_>>() {
                    self.learn_epoch(record.head.epoch, key);
                }
            } else if let Ok(record) = KeyringRecord::read(bytes) {
                let slots = self.hpke.iter().filter(|(stream, _, _)| *stream == record.stream);
                let opened = slots.filter_map(|(_, slot, key)| record.open(usize::from(*slot), std::slice::from_ref(key)).ok());
                for key in opened.flat_map(|opened| opened.keyring.keys).collect::<Vec<_>>() {
                    self.learn_document(key.key);
                }
            }
        }
        let tags: Vec<_> = self.documents.iter().map(GenerationKey::tag).collect();
        let mut plain = Vec::new();
        for bytes in hoard {
            let Ok(envelope) = Envelope::read(bytes) else { continue };
            let of_epoch = self.epochs.iter().filter(|(epoch, _)| *epoch == envelope.epoch);
            for (_, signed) in of_epoch.filter_map(|(_, key)| Envelope::open(bytes, key).ok()) {
                if let Ok(body) = UnverifiedBody::read(&signed) {
                    let body = body.peek();
                    let keys = self.documents.iter().zip(&tags).filter(|(_, tag)| **tag == body.lineage.tag);
                    plain.extend(keys.filter_map(|(key, _)| body.open(StreamId(envelope.stream), key).ok()));
                }
                plain.push(signed);
            }
        }
        plain
    }
}
