//! The household as a device knows it: its stream and keys, the device list, and how far each device was heard.

use serde::{Deserialize, Serialize};
use techo_protocol::body::MOST_DEVICES;
use techo_protocol::chunk::EpochKey;
use techo_protocol::keys::{PublicKey, SigningKey};
use techo_protocol::pairing::LONGEST_DEVICE_NAME;
use techo_protocol::sync_api::StreamId;

use super::line::{LINE, State};
use super::{Refusal, SyncError};
use crate::ports::{Random, random_bytes};
use crate::vault::{RecordKind, Vault, Writer};

/// What a device is called until somebody names it.
pub const DEFAULT_NAME: &str = "Techo";

pub(super) const RECORD: &[u8] = b"household";
pub(super) const WAITING: &[u8] = b"waiting";

/// A device of the household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its index, for life.
    pub index: u8,
    /// Its signing key.
    pub key: PublicKey,
    /// Its name, for people.
    pub name: String,
    /// How often it was renamed: of two entries the higher stays.
    pub revision: u64,
}

/// How far a device was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Heard {
    pub(super) device: u8,
    pub(super) highest: u64,
    /// The chain hash after the highest.
    #[serde(with = "serde_bytes")]
    pub(super) after: [u8; 32],
}

/// What is known of the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayState {
    /// Its address.
    pub address: String,
    /// Its filling; another value means that it was wiped.
    #[serde(with = "serde_bytes")]
    pub generation: [u8; 16],
    /// Everything up to here was taken in.
    pub cursor: u64,
}

/// The household's record (CBOR). A field is only ever added, with a default.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Household {
    /// Its stream at the relay.
    pub stream: StreamId,
    /// The epoch.
    pub epoch: u32,
    #[serde(with = "serde_bytes")]
    pub(super) epoch_key: [u8; 32],
    /// This device's index.
    pub index: u8,
    #[serde(with = "serde_bytes")]
    pub(super) seed: [u8; 32],
    /// The device list, by index.
    pub members: Vec<Member>,
    /// The number of this device's last chunk.
    pub(super) number: u64,
    #[serde(with = "serde_bytes")]
    pub(super) chain: [u8; 32],
    pub(super) heard: Vec<Heard>,
    /// The relay, once there is one.
    pub relay: Option<RelayState>,
    /// Chunks at the relay whose content is elsewhere by now, of documents that are gone.
    pub(super) removable: Vec<serde_bytes::ByteArray<16>>,
}

impl Household {
    /// A household of one.
    pub(super) fn new(name: &str, random: &dyn Random) -> Result<Self, SyncError> {
        let signer = SigningKey::generate(random)?;
        let member = Member {
            index: 0,
            key: signer.public(),
            name: checked(name)?.to_owned(),
            revision: 0,
        };
        Ok(Self::of(
            StreamId(random_bytes(random)?),
            0,
            random_bytes(random)?,
            0,
            &signer,
            vec![member],
        ))
    }

    pub(super) fn of(
        stream: StreamId,
        epoch: u32,
        epoch_key: [u8; 32],
        index: u8,
        signer: &SigningKey,
        members: Vec<Member>,
    ) -> Self {
        Self {
            stream,
            epoch,
            epoch_key,
            index,
            seed: *signer.seed(),
            members,
            number: 0,
            chain: [0; 32],
            heard: Vec::new(),
            relay: None,
            removable: Vec::new(),
        }
    }

    /// The key of the epoch.
    pub fn epoch_key(&self) -> EpochKey {
        EpochKey(self.epoch_key)
    }

    pub(super) fn signer(&self) -> SigningKey {
        SigningKey::from_seed(&self.seed)
    }

    pub(super) fn member(&self, index: u8) -> Option<&Member> {
        self.members.iter().find(|member| member.index == index)
    }

    pub(super) fn free_index(&self) -> Result<u8, Refusal> {
        (0..MOST_DEVICES)
            .find(|index| self.member(*index).is_none())
            .ok_or(Refusal::Full)
    }

    /// Takes in another's device list. A key never changes; of two names the later stays.
    pub(super) fn merge(&mut self, others: &[Member]) {
        for other in others
            .iter()
            .filter(|other| other.index < MOST_DEVICES && checked(&other.name).is_ok())
        {
            match self.members.iter_mut().find(|member| member.index == other.index) {
                None => self.members.push(other.clone()),
                Some(mine) if mine.key == other.key && (mine.revision, &mine.name) < (other.revision, &other.name) => {
                    *mine = other.clone();
                }
                Some(_) => {}
            }
        }
        self.members.sort_by_key(|member| member.index);
    }

    pub(super) fn rename(&mut self, index: u8, name: &str) -> Result<(), SyncError> {
        let name = checked(name)?.to_owned();
        let member = self
            .members
            .iter_mut()
            .find(|member| member.index == index)
            .ok_or(Refusal::NoSuchDevice)?;
        member.name = name;
        member.revision = member.revision.saturating_add(1);
        Ok(())
    }
}

fn checked(name: &str) -> Result<&str, Refusal> {
    let name = name.trim();
    if name.is_empty() || name.len() > LONGEST_DEVICE_NAME {
        return Err(Refusal::NameInvalid);
    }
    Ok(name)
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

/// Makes a household of one where there is none. `name` is this device's.
///
/// # Errors
/// [`Refusal::NameInvalid`], or the vault cannot be written.
pub fn ensure(vault: &mut Vault, name: &str) -> Result<(), SyncError> {
    if household(vault)?.is_some() {
        return Ok(());
    }
    vault.write(|writer| {
        if writer.reader().record(RecordKind::Sync, RECORD)?.is_none() {
            State::new(Household::new(name, writer.random())?).store(writer)?;
        }
        Ok(())
    })
}

/// Renames a device, on all devices with their next sync.
///
/// # Errors
/// [`Refusal::NoSuchDevice`], [`Refusal::NameInvalid`], or the vault cannot be written.
pub fn rename(vault: &mut Vault, index: u8, name: &str) -> Result<(), SyncError> {
    vault.write(|writer| {
        let mut state = State::load(writer)?;
        state.household.rename(index, name)?;
        state.members_changed();
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
