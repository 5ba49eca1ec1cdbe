//! The household as a device knows it: its keys, its records, and how far each device was heard.

mod beginning;
mod known_key;
mod own_hpke;
mod peers;
mod relay_state;
mod wants;

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::basics::agreement::AgreementKey;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::basics::keys::{PublicKey, SigningKey};
use techo_protocol::household::body::{MOST_DEVICES, Subject};
use techo_protocol::household::chunk::EpochKey;
use techo_protocol::household::epoch_record::{Author, Device, DeviceList, EpochRecord, Head};
use techo_protocol::household::pairing::LONGEST_DEVICE_NAME;
use techo_protocol::household::sync_api::{FOLLOWED_DAYS, StreamId, relay_key};

use super::vector::Vector;
use super::{HouseholdRefusal, SyncError};
use crate::ports::{Random, random_bytes};
use crate::vault::{RecordKind, Vault};

pub use beginning::{NewIdentity, ensure};
pub(super) use beginning::{replace, start_over, write_as_another};
pub(super) use known_key::{HeldKeyring, KnownKey};
pub(super) use own_hpke::OwnHpke;
pub(super) use peers::{Heard, Peer};
pub use relay_state::{Caught, FormerAccount, RelayState};
pub use wants::{Want, want};

/// What a device is called until somebody names it.
pub const DEFAULT_NAME: &str = "Techo";
/// Days after which a device that was not heard from is announced as such.
pub const SILENT_DAYS: u32 = 150;

/// So many of its own chunks a device remembers: more than it writes between a copy of its folder and the day on which that is noticed.
const MOST_WRITTEN: usize = 512;

pub(super) const RECORD: &[u8] = b"household";
pub(super) const WAITING: &[u8] = b"waiting";

/// 1 was the first slice's, whose devices had one key each: such a device begins a household of its own and is paired again.
const VERSION: u8 = 2;

/// The household's record (CBOR). A field is only ever added, with a default.
#[allow(clippy::struct_excessive_bools, reason = "each says that one thing is due")]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Household {
    version: u8,
    /// Its stream at the relay.
    pub stream: StreamId,
    /// This device's index.
    pub index: u8,
    #[serde(with = "serde_bytes")]
    pub(super) seed: [u8; 32],
    /// The device list.
    pub list: DeviceList,
    /// The present epoch record.
    pub(super) record: ByteBuf,
    /// Those that it has replaced, without their slots, oldest first.
    pub(super) replaced: Vec<ByteBuf>,
    /// Epoch keys by epoch; the present one last.
    pub(super) epoch_keys: Vec<(u32, ByteArray<32>)>,
    /// HPKE keys, newest first.
    pub(super) hpke: Vec<OwnHpke>,
    pub(super) keyring: HeldKeyring,
    pub(super) keys: Vec<KnownKey>,
    /// The number of this device's last chunk.
    pub(super) number: u64,
    #[serde(with = "serde_bytes")]
    pub(super) chain: [u8; 32],
    /// How the names of this device's last chunks begin, the newest last: by them it knows what it did not write.
    #[serde(default)]
    pub(super) written: Vec<ByteArray<8>>,
    /// How far the device was seen that had this one's index before it.
    #[serde(default)]
    pub(super) of_predecessor: u64,
    pub(super) heard: Vec<Heard>,
    pub(super) peers: Vec<Peer>,
    pub(super) vector: Vector,
    /// The relay, once there is one.
    pub relay: Option<RelayState>,
    /// Chunks at the relay that nothing needs any more and that are of no document.
    pub(super) sweep: Vec<ByteArray<16>>,
    /// Chunks at the relay that were shown to this device and of which it keeps nothing.
    #[serde(default)]
    pub(super) passed: Vec<ByteArray<16>>,
    /// What is to change with the next record.
    pub wants: Vec<Want>,
    /// The account of before the pairing, to be deleted.
    pub former: Option<FormerAccount>,
    /// What the relay was caught at, until it is whole again.
    pub caught: Option<Caught>,
    /// The same, of a conversation that broke off before it could tell.
    #[serde(default)]
    pub(super) untold: Option<Caught>,
    /// A heartbeat is to be sent.
    pub(super) heartbeat_due: bool,
    /// All documents are to be written anew under new keys: this device has changed the epoch.
    pub(super) rekey_due: bool,
    /// This device had to leave a household because it was copied. What it deletes, or has deleted unheard, may lie there under keys that are
    /// in use still: if it comes in again, all documents are to be written anew.
    #[serde(default)]
    pub(super) was_copied: bool,
    /// The day of the last heartbeat.
    pub(super) heartbeat_day: u32,
    /// Documents that were destroyed with their time; no key is made for them again.
    pub(super) destroyed: Vec<Subject>,
    /// Keys were dropped here that the keyring still names.
    pub(super) drop_due: bool,
    /// The number of the last snapshot of this device with which something was deleted.
    pub(super) last_deletion: Option<u64>,
    /// The household's present key was not given to this device.
    pub locked_out: bool,
}

impl Household {
    /// A household of one.
    pub(super) fn new(name: &str, today: u32, random: &dyn Random) -> Result<Self, SyncError> {
        let seed: [u8; 32] = random_bytes(random)?;
        let hpke = HpkePrivate::generate(random)?;
        let signer = SigningKey::from_seed(&seed);
        let epoch_key = EpochKey(random_bytes(random)?);
        let list = DeviceList {
            devices: vec![Device {
                index: 0,
                key: signer.public(),
                agreement: AgreementKey::from_seed(&seed).public(),
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
        seed: &[u8; 32],
        hpke: &HpkePrivate,
    ) -> Self {
        Self {
            version: VERSION,
            stream: record.head.stream,
            index,
            seed: *seed,
            list,
            record: ByteBuf::from(record.write()),
            replaced: Vec::new(),
            epoch_keys: vec![(record.head.epoch, ByteArray::new(epoch_key.0))],
            hpke: vec![OwnHpke {
                secret: ByteArray::new(*hpke.to_bytes()),
                said: None,
            }],
            keyring: HeldKeyring::default(),
            keys: Vec::new(),
            number: 0,
            chain: [0; 32],
            written: Vec::new(),
            of_predecessor: 0,
            heard: Vec::new(),
            peers: Vec::new(),
            vector: Vector::default(),
            relay: None,
            sweep: Vec::new(),
            passed: Vec::new(),
            wants: Vec::new(),
            former: None,
            caught: None,
            untold: None,
            heartbeat_due: true,
            rekey_due: false,
            was_copied: false,
            heartbeat_day: 0,
            destroyed: Vec::new(),
            drop_due: false,
            last_deletion: None,
            locked_out: false,
        }
    }

    /// The present epoch.
    pub fn epoch(&self) -> u32 {
        self.epoch_keys.last().map_or(0, |(epoch, _)| *epoch)
    }

    /// The key of the present epoch.
    pub fn epoch_key(&self) -> EpochKey {
        EpochKey(self.epoch_keys.last().map_or([0; 32], |(_, key)| key.into_array()))
    }

    /// The key of an epoch, while this device has it.
    pub(super) fn key_of(&self, epoch: u32) -> Option<EpochKey> {
        let (_, key) = self.epoch_keys.iter().find(|(of, _)| *of == epoch)?;
        Some(EpochKey(key.into_array()))
    }

    pub(super) fn signer(&self) -> SigningKey {
        SigningKey::from_seed(&self.seed)
    }

    /// The key by which this device talks to others directly.
    pub fn agreement(&self) -> AgreementKey {
        AgreementKey::from_seed(&self.seed)
    }

    pub(super) fn present(&self) -> Result<EpochRecord, SyncError> {
        EpochRecord::read(&self.record).map_err(|_| HouseholdRefusal::Damaged.into())
    }

    /// Notes a chunk that this device has written.
    pub(super) fn wrote(&mut self, number: u64, after: [u8; 32]) {
        (self.number, self.chain) = (number, after);
        self.written.push(ByteArray::new(beginning(&after)));
        let too_many = self.written.len().saturating_sub(MOST_WRITTEN);
        self.written.drain(..too_many);
    }

    /// Whether a chunk under this device's name is one that it wrote, as far back as it remembers.
    pub(super) fn has_written(&self, number: u64, after: &[u8; 32]) -> bool {
        let back = self.number.checked_sub(number).and_then(|back| usize::try_from(back).ok());
        back.is_some_and(|back| {
            let place = self.written.len().checked_sub(back.saturating_add(1));
            let name = place.and_then(|place| self.written.get(place));
            name.is_none_or(|name| **name == beginning(after))
        })
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

fn beginning(hash: &[u8; 32]) -> [u8; 8] {
    let mut beginning = [0; 8];
    beginning.copy_from_slice(&hash[..8]);
    beginning
}

/// An index that no device has, and none had in the last [`FOLLOWED_DAYS`].
pub(super) fn free_index(list: &DeviceList, today: u32) -> Result<u8, HouseholdRefusal> {
    let is_taken = |index| {
        let removed = list.removed.iter().find(|removed| removed.index == index);
        list.device(index).is_some()
            || removed.is_some_and(|removed| i64::from(today.saturating_sub(removed.day)) < FOLLOWED_DAYS)
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
    u32::try_from(now.div_euclid(crate::documents::week::DAY_SECONDS)).unwrap_or(0)
}

/// The household; `None` before the first write.
///
/// ```
/// use techo_core::device::example;
/// use techo_core::sync::household;
/// use techo_core::vault::Vault;
///
/// # let folder = tempfile::tempdir()?;
/// # let ports = example::ports();
/// # let mut vault = Vault::open(folder.path(), ports.keys, Box::new(ports.random))?;
/// household::ensure(&mut vault, "Aki's phone", example::NOW)?;
/// let household = household::household(&mut vault)?.expect("it has begun");
/// assert_eq!(household.list.devices[0].name, "Aki's phone");
/// assert_eq!(household.epoch(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`HouseholdRefusal::Damaged`], or the vault cannot be read.
pub fn household(vault: &mut Vault) -> Result<Option<Household>, SyncError> {
    let record = vault.record(RecordKind::Sync, RECORD)?;
    record
        .map(|bytes| ciborium::from_reader(&bytes[..]).map_err(|_| HouseholdRefusal::Damaged.into()))
        .transpose()
}
