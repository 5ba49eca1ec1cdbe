//! The household as a device knows it: its keys, its records, and how far each device was heard.

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::agreement::AgreementKey;
use techo_protocol::body::{GenerationKey, MOST_DEVICES, Subject};
use techo_protocol::chunk::EpochKey;
use techo_protocol::epoch_record::{Author, Device, DeviceList, EpochRecord, Head};
use techo_protocol::hpke_seal::HpkePrivate;
use techo_protocol::keyring_record::DocumentKey;
use techo_protocol::keys::{PublicKey, SigningKey};
use techo_protocol::pairing::{LONGEST_DEVICE_NAME, NewDevice};
use techo_protocol::recovery::RecoveryPublic;
use techo_protocol::sync_api::{FOLLOWED_DAYS, Mark, StreamId, relay_key};

use super::line::{LINE, State};
use super::vector::Vector;
use super::{Refusal, SyncError};
use crate::documents::Document;
use crate::ports::{Random, random_bytes};
use crate::vault::{RecordKind, Vault, Writer};

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

/// How far a device was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Heard {
    pub(super) device: u8,
    pub(super) highest: u64,
    /// The chain hash after the highest.
    #[serde(with = "serde_bytes")]
    pub(super) after: [u8; 32],
}

/// What another device said in its newest heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Peer {
    pub(super) device: u8,
    /// The heartbeat's number.
    pub(super) number: u64,
    pub(super) hpke: ByteArray<32>,
    pub(super) keyring: u64,
    pub(super) day: u32,
    /// How far it had seen this device.
    pub(super) seen_of_me: u64,
}

/// What is known of the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayState {
    /// Its address.
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

/// One of this device's HPKE keys.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OwnHpke {
    pub(super) secret: ByteArray<32>,
    /// The number of the heartbeat that announced it; none for the first, which a record did.
    pub(super) said: Option<u64>,
}

/// A document's key without a line of its own: made ahead, or of a lineage whose snapshot has not come yet.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KnownKey {
    pub(super) subject: Subject,
    pub(super) generation: u64,
    pub(super) begins_empty: bool,
    pub(super) key: ByteArray<32>,
}

impl KnownKey {
    pub(super) fn of(key: &DocumentKey) -> Self {
        Self {
            subject: key.subject,
            generation: key.generation,
            begins_empty: key.begins_empty,
            key: ByteArray::new(key.key.0),
        }
    }

    pub(super) fn open(&self) -> DocumentKey {
        DocumentKey {
            subject: self.subject,
            generation: self.generation,
            begins_empty: self.begins_empty,
            key: GenerationKey(self.key.into_array()),
        }
    }
}

/// The keyring that was taken over last.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HeldKeyring {
    pub(super) record: Option<ByteBuf>,
    /// The highest number that was opened.
    pub(super) number: u64,
    /// What it named, with the tag of each.
    pub(super) named: Vec<(Subject, u64, ByteArray<8>)>,
    pub(super) sealed_to: Vec<(u8, ByteArray<32>)>,
}

/// A change of the household that a person asked for; it is made with the next record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Want {
    /// Another name for the device at an index.
    Rename(u8, String),
    /// Removal of the device at an index, which then had this key.
    Remove(u8, PublicKey),
    /// Other recovery words.
    Words(RecoveryPublic),
    /// An end of this epoch.
    Rotate(u32),
    /// A device that was let in off the relay stays in, should the relay have another record by then.
    Admit(Device),
}

/// What the relay was caught at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Caught {
    /// It showed an older state than this device has seen there.
    RolledBack,
    /// It hides what another device has seen there.
    Withholds,
}

/// The account that a device had before it was paired.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerAccount {
    /// The relay's address.
    pub address: String,
    /// The stream.
    pub stream: StreamId,
    /// The account's opening.
    #[serde(with = "serde_bytes")]
    pub opening: [u8; 16],
    #[serde(with = "serde_bytes")]
    pub(super) epoch_key: [u8; 32],
}

impl FormerAccount {
    /// The key that signs for it.
    pub fn key(&self) -> SigningKey {
        relay_key(&EpochKey(self.epoch_key))
    }
}

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
        EpochRecord::read(&self.record).map_err(|_| Refusal::Damaged.into())
    }

    pub(super) fn own_hpke(&self) -> Vec<HpkePrivate> {
        self.hpke.iter().map(|own| HpkePrivate::from_bytes(&own.secret)).collect()
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

    /// The newest HPKE key that is known of a device.
    pub(super) fn hpke_of(&self, device: &Device) -> [u8; 32] {
        if device.index == self.index
            && let Some(own) = self.hpke.first()
        {
            return HpkePrivate::from_bytes(&own.secret).public();
        }
        let peer = self.peers.iter().find(|peer| peer.device == device.index);
        peer.map_or(device.hpke, |peer| peer.hpke.into_array())
    }

    /// The list with each device's newest HPKE key: to whom records are sealed.
    pub(super) fn recipients(&self) -> DeviceList {
        let mut list = self.list.clone();
        for device in &mut list.devices {
            device.hpke = self.hpke_of(device);
        }
        list
    }

    /// A new HPKE key, to be announced with the next heartbeat.
    pub(super) fn renew_hpke(&mut self, random: &dyn Random) -> Result<(), SyncError> {
        // One that nobody has been told of yet is new enough.
        let is_told = self.hpke.first().is_none_or(|own| own.said.is_some() || self.hpke.len() == 1);
        if is_told {
            let own = OwnHpke {
                secret: ByteArray::new(*HpkePrivate::generate(random)?.to_bytes()),
                said: None,
            };
            self.hpke.insert(0, own);
        }
        self.heartbeat_due = true;
        Ok(())
    }

    /// A new HPKE key with the first heartbeat of a day. There may be keyrings that this device never saw, with the number of another or on a
    /// stick, that name what was dropped since; after the next day's heartbeat it can open none of them. While an older key is still kept, the
    /// newest is not in use yet, and another would gain nothing.
    pub(super) fn renew_hpke_for_the_day(&mut self, random: &dyn Random) -> Result<(), SyncError> {
        match &self.hpke[..] {
            [only] if only.said.is_some() => self.renew_hpke(random),
            _ => Ok(()),
        }
    }

    /// When each device was last heard from: its index, and the Unix day; `None` for those that were never.
    pub fn last_heard(&self, index: u8) -> Option<u32> {
        self.peers.iter().find(|peer| peer.device == index).map(|peer| peer.day)
    }

    /// Whether the relay hides what another device has seen there, after all that it shows was taken in.
    pub(super) fn misses_something(&self) -> bool {
        self.vector.misses_something(|device| self.list.device(device).is_some())
    }

    /// The devices that may still hold what was deleted here last.
    pub fn still_holding(&self) -> Vec<&Device> {
        let Some(deletion) = self.last_deletion else {
            return Vec::new();
        };
        let has_it = |device: &&Device| {
            let peer = self.peers.iter().find(|peer| peer.device == device.index);
            device.index != self.index && peer.is_none_or(|peer| peer.seen_of_me < deletion)
        };
        self.list.devices.iter().filter(has_it).collect()
    }
}

/// A new device as it introduces itself, and what it keeps.
pub struct NewIdentity {
    /// What it says of itself.
    pub device: NewDevice,
    pub(super) seed: [u8; 32],
    pub(super) hpke: HpkePrivate,
}

impl NewIdentity {
    /// Makes the keys of a device that is to join a household.
    ///
    /// # Errors
    /// No randomness.
    pub fn generate(name: &str, random: &dyn Random) -> Result<Self, SyncError> {
        let (seed, hpke) = (random_bytes(random)?, HpkePrivate::generate(random)?);
        let device = NewDevice {
            key: SigningKey::from_seed(&seed).public(),
            agreement: AgreementKey::from_seed(&seed).public(),
            hpke: hpke.public(),
            name: checked(name)?.to_owned(),
        };
        Ok(Self { device, seed, hpke })
    }
}

fn beginning(hash: &[u8; 32]) -> [u8; 8] {
    let mut beginning = [0; 8];
    beginning.copy_from_slice(&hash[..8]);
    beginning
}

/// An index that no device has, and none had in the last [`FOLLOWED_DAYS`].
pub(super) fn free_index(list: &DeviceList, today: u32) -> Result<u8, Refusal> {
    let is_taken = |index| {
        let removed = list.removed.iter().find(|removed| removed.index == index);
        list.device(index).is_some()
            || removed.is_some_and(|removed| i64::from(today.saturating_sub(removed.day)) < FOLLOWED_DAYS)
    };
    (0..MOST_DEVICES).find(|index| !is_taken(*index)).ok_or(Refusal::Full)
}

pub(super) fn checked(name: &str) -> Result<&str, Refusal> {
    let name = name.trim();
    if name.is_empty() || name.len() > LONGEST_DEVICE_NAME {
        return Err(Refusal::NameInvalid);
    }
    Ok(name)
}

/// The Unix day (UTC) of a time in Unix seconds.
pub(super) fn day_of(now: i64) -> u32 {
    u32::try_from(now.div_euclid(crate::documents::week::DAY_SECONDS)).unwrap_or(0)
}

/// The household; `None` before the first write.
///
/// # Errors
/// [`Refusal::Damaged`], or the vault cannot be read.
pub fn household(vault: &mut Vault) -> Result<Option<Household>, SyncError> {
    let record = vault.record(RecordKind::Sync, RECORD)?;
    record
        .map(|bytes| ciborium::from_reader(&bytes[..]).map_err(|_| Refusal::Damaged.into()))
        .transpose()
}

/// Makes a household of one where there is none. `name` is this device's, `now` Unix seconds.
///
/// # Errors
/// [`Refusal::NameInvalid`], or the vault cannot be written.
pub fn ensure(vault: &mut Vault, name: &str, now: i64) -> Result<(), SyncError> {
    let is_present = |record: Option<Vec<u8>>| record.is_some_and(|record| !is_of_the_first_slice(&record));
    if is_present(vault.record(RecordKind::Sync, RECORD)?) {
        return Ok(());
    }
    vault.write(|writer| {
        if !is_present(writer.reader().record(RecordKind::Sync, RECORD)?) {
            let household = Household::new(name, day_of(now), writer.random())?;
            replace(writer, household)?;
        }
        Ok(())
    })
}

/// Whether a record is of a time before devices had records: it names no version.
fn is_of_the_first_slice(record: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Versioned {
        version: Option<u8>,
    }
    ciborium::from_reader::<Versioned, _>(record).is_ok_and(|record| record.version.is_none())
}

/// Asks for a change of the household; it is made with the next record.
///
/// # Errors
/// [`Refusal::NoSuchDevice`], [`Refusal::ThisDevice`], [`Refusal::NameInvalid`], or the vault cannot be written.
pub fn want(vault: &mut Vault, want: Want) -> Result<(), SyncError> {
    vault.write(|writer| {
        let mut state = State::load(writer)?;
        let household = &mut state.household;
        match &want {
            Want::Rename(index, name) => {
                checked(name)?;
                household.list.device(*index).ok_or(Refusal::NoSuchDevice)?;
            }
            Want::Remove(index, key) => {
                household
                    .list
                    .device(*index)
                    .filter(|device| device.key == *key)
                    .ok_or(Refusal::NoSuchDevice)?;
                if *index == household.index {
                    return Err(Refusal::ThisDevice.into());
                }
            }
            Want::Words(_) | Want::Rotate(_) | Want::Admit(_) => {}
        }
        if !household.wants.contains(&want) {
            household.wants.push(want);
        }
        state.store(writer)
    })
}

/// Puts a household in the place of the one that was here; the diary's documents stay and become entries of it.
pub(super) fn replace(writer: &mut Writer<'_>, household: Household) -> Result<(), SyncError> {
    for (name, _) in writer.reader().records(RecordKind::Sync)? {
        if name.starts_with(LINE) || name == WAITING || name == RECORD {
            writer.delete_record(RecordKind::Sync, &name)?;
        }
    }
    State::new(household).store(writer)
}

/// Gives this device a new actor, and writes all documents anew under it. What it wrote before may bear the numbers that a copy, or the household
/// it now joins, has given to something else; such changes would never merge.
pub(super) fn write_as_another(writer: &mut Writer<'_>) -> Result<(), SyncError> {
    writer.renew_actor()?;
    for (name, _) in writer.reader().document_names() {
        if let Some(stored) = writer.reader().document(&name)? {
            Document::load(stored, writer.actor()).rewrite(writer)?;
        }
    }
    Ok(())
}

/// Begins a household of its own with new keys and a new actor: this device was copied, or restored from an old state, and another writes
/// under its name. The diary's documents stay.
pub(super) fn start_over(state: &mut State, writer: &mut Writer<'_>, now: i64) -> Result<(), SyncError> {
    let name = state
        .household
        .list
        .device(state.household.index)
        .map(|device| device.name.clone());
    let fresh = Household::new(name.as_deref().unwrap_or(DEFAULT_NAME), day_of(now), writer.random())?;
    write_as_another(writer)?;
    state.begin_anew(fresh);
    Ok(())
}
