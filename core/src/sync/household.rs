//! The household as a device knows it: its keys, its records, and how far each device was heard.

mod document_keys;
mod due;
mod epochs;
mod new_identity;
mod own_keys;
mod own_log;
mod peers;
mod proposals;
mod relay_state;
mod stored;

use serde_bytes::ByteBuf;
use techo_protocol::basics::agreement::AgreementKey;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::basics::keys::{PublicKey, SigningKey};
use techo_protocol::basics::secret::Secret;
use techo_protocol::household::body::MOST_DEVICES;
use techo_protocol::household::chunk::EpochKey;
use techo_protocol::household::epoch_record::{Author, Device, DeviceList, EpochRecord, Head};
use techo_protocol::household::pairing::LONGEST_DEVICE_NAME;
use techo_protocol::household::sync_api::{FOLLOWED_DAYS, StreamId, relay_key};

use super::today::Today;
use super::{HouseholdRefusal, SyncError};
use crate::ports::{Random, random_bytes};
use crate::vault::{RecordKind, Vault};

pub(super) use document_keys::{DocumentKeys, HeldKeyring, KnownKey};
pub(super) use due::Due;
pub(super) use epochs::Epochs;
pub use new_identity::NewIdentity;
pub(super) use own_keys::{OwnHpke, OwnKeys};
pub(super) use own_log::OwnLog;
pub(super) use peers::{Heard, Peer, Peers};
pub use proposals::{Proposal, propose};
pub(super) use relay_state::AtRelay;
pub use relay_state::{FormerAccount, RelayFault, RelayState};
pub(super) use stored::is_of_the_first_slice;

/// What a device is called until somebody names it.
pub const DEFAULT_NAME: &str = "Techo";
/// Days after which a device that was not heard from is announced as such.
pub const SILENT_DAYS: u32 = 150;

pub(super) const RECORD: &[u8] = b"household";
pub(super) const WAITING: &[u8] = b"waiting";

/// The household. How it lies in the vault is in the `stored` module.
#[derive(Clone, PartialEq, Eq)]
pub struct Household {
    /// Its stream at the relay.
    pub stream: StreamId,
    /// The index of this device in the device list.
    pub index: u8,
    /// The devices of the household, and those that were removed.
    pub list: DeviceList,
    /// This device's secret keys.
    pub(super) own: OwnKeys,
    /// What this device has written.
    pub(super) log: OwnLog,
    /// Records and keys of epochs.
    pub(super) epochs: Epochs,
    /// The keys of documents without a log, and the newest keyring.
    pub(super) documents: DocumentKeys,
    /// The other devices, as far as they were heard.
    pub(super) peers: Peers,
    /// The relay, once there is one.
    pub relay: Option<RelayState>,
    /// What lies at the relay and is not of a document, and the fault that is still to be told.
    pub(super) at_relay: AtRelay,
    /// The fault that the relay was caught at, until it is whole again.
    pub relay_fault: Option<RelayFault>,
    /// The account that this device had before it was paired, to be deleted.
    pub former: Option<FormerAccount>,
    /// Changes that a person asked for, to be made with the next record.
    pub proposals: Vec<Proposal>,
    /// Work that is due.
    pub(super) due: Due,
    /// The household's present key was not given to this device.
    pub locked_out: bool,
}

impl Household {
    /// A household of one.
    pub(super) fn new(name: &str, today: u32, random: &dyn Random) -> Result<Self, SyncError> {
        let seed = Secret::generate(random)?;
        let hpke = HpkePrivate::generate(random)?;
        let signer = SigningKey::from_seed(seed.expose());
        let epoch_key = EpochKey(Secret::generate(random)?);
        let list = DeviceList {
            devices: vec![Device {
                index: 0,
                key: signer.public(),
                agreement: AgreementKey::from_seed(seed.expose()).public(),
                hpke: hpke.public(),
                name: checked(name)?.to_owned(),
                since: 0,
                by_words: false,
            }],
            removed: Vec::new(),
        };
        let head = Head {
            stream: StreamId(random_bytes(random)?),
            number: 0,
            epoch: 0,
            previous: [0; 32],
            day: today,
            relay_key: relay_key(&epoch_key).public(),
            recovery: None,
        };
        let (author, old) = (Author::Device(0, &signer), relay_key(&epoch_key));
        let record = EpochRecord::make(head, &list, &epoch_key, author, &old, random)?;
        Ok(Self::of(&record, list, &epoch_key, 0, &seed, &hpke))
    }

    /// The household of a record, for the device at an index.
    pub(super) fn of(
        record: &EpochRecord,
        list: DeviceList,
        epoch_key: &EpochKey,
        index: u8,
        seed: &Secret<32>,
        hpke: &HpkePrivate,
    ) -> Self {
        Self {
            stream: record.head.stream,
            index,
            list,
            own: OwnKeys {
                seed: seed.clone(),
                hpke: vec![OwnHpke {
                    secret: hpke.secret().clone(),
                    said: None,
                }],
            },
            log: OwnLog::default(),
            epochs: Epochs {
                record: ByteBuf::from(record.write()),
                replaced: Vec::new(),
                keys: vec![(record.head.epoch, epoch_key.clone())],
            },
            documents: DocumentKeys::default(),
            peers: Peers::default(),
            relay: None,
            at_relay: AtRelay::default(),
            relay_fault: None,
            former: None,
            proposals: Vec::new(),
            due: Due {
                heartbeat: true,
                heartbeat_day: 0,
                rekey: false,
            },
            locked_out: false,
        }
    }

    pub(super) fn signer(&self) -> SigningKey {
        SigningKey::from_seed(self.own.seed.expose())
    }

    /// The key by which this device talks to others directly.
    pub fn agreement(&self) -> AgreementKey {
        AgreementKey::from_seed(self.own.seed.expose())
    }

    /// The key of who wrote number `number` of a device; `None` where it is not listed, or was removed before that.
    pub(super) fn author(&self, device: u8, number: u64) -> Option<PublicKey> {
        let mut removed = self.list.removed.iter();
        let removed = removed.find(|removed| removed.index == device && number <= removed.last);
        self.list
            .device(device)
            .map(|device| device.key)
            .or(removed.map(|removed| removed.key))
    }
}

/// An index that no device has, and none had in the last [`FOLLOWED_DAYS`].
pub(super) fn free_index(list: &DeviceList, today: Today) -> Result<u8, HouseholdRefusal> {
    let is_taken = |index| {
        let removed = list.removed.iter().find(|removed| removed.index == index);
        list.device(index).is_some()
            || removed.is_some_and(|removed| i64::from(today.confirmed.saturating_sub(removed.day)) < FOLLOWED_DAYS)
    };
    (0..MOST_DEVICES)
        .find(|index| !is_taken(*index))
        .ok_or(HouseholdRefusal::Full)
}

pub(super) fn checked(name: &str) -> Result<&str, HouseholdRefusal> {
    let name = name.trim();
    if name.is_empty() || name.len() > LONGEST_DEVICE_NAME {
        return Err(HouseholdRefusal::NameInvalid);
    }
    Ok(name)
}

/// The Unix day (UTC) of a time in Unix seconds.
pub(super) fn day_of(now: i64) -> u32 {
    u32::try_from(now.div_euclid(techo_protocol::basics::clock::DAY_SECONDS)).unwrap_or(0)
}

/// The household; `None` before the first write.
///
/// ```
/// use techo_core::sync::{beginning, household};
/// use techo_core::vault::Vault;
///
/// # let folder = tempfile::tempdir()?;
/// # let ports = techo_testing::ports();
/// # let mut vault = Vault::open(folder.path(), ports.keys, Box::new(ports.random))?;
/// beginning::ensure(&mut vault, "Aki's phone", techo_testing::NOW)?;
/// let household = household::household(&mut vault)?.expect("it has begun");
/// assert_eq!(household.list.devices[0].name, "Aki's phone");
/// assert_eq!(household.epoch(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`HouseholdRefusal::Damaged`], [`HouseholdRefusal::NewerVersion`], or the vault cannot be read.
pub fn household(vault: &mut Vault) -> Result<Option<Household>, SyncError> {
    let record = vault.record(RecordKind::Sync, RECORD)?;
    record.map(|bytes| Household::from_bytes(&bytes)).transpose()
}
