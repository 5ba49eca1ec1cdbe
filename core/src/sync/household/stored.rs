//! The household's record as it lies in the vault: CBOR, one flat map, version 2. A field is only ever added, with a default.
//!
//! Version 1 was that of devices with one key each: such a device begins a household of its own and is paired again. A record of a newer version
//! is left as it is, whoever wrote it, and every use of it answers [`HouseholdRefusal::NewerVersion`]. The version holds for the records beside it
//! too: logs, and the chunks that wait. A field keeps in its record the name that it was released under, whatever it is called here.

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::basics::secret::{self, Secret};
use techo_protocol::household::body::Subject;
use techo_protocol::household::chunk::EpochKey;
use techo_protocol::household::epoch_record::DeviceList;
use techo_protocol::household::sync_api::StreamId;

use super::{
    AtRelay, DocumentKeys, Due, Epochs, FormerAccount, Heard, HeldKeyring, Household, KnownKey, OwnHpke, OwnKeys, OwnLog, Peer,
    Peers, Proposal, RelayFault, RelayState,
};
use crate::sync::cbor::{from_cbor, to_cbor};
use crate::sync::vector::Vector;
use crate::sync::{HouseholdRefusal, SyncError};

/// The version that this program writes.
const VERSION: u8 = 2;

#[allow(clippy::struct_excessive_bools, reason = "it is as flat as it was when it was released")]
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u8,
    stream: StreamId,
    index: u8,
    #[serde(with = "secret::as_bytes")]
    seed: Secret<32>,
    list: DeviceList,
    record: ByteBuf,
    replaced: Vec<ByteBuf>,
    epoch_keys: Vec<StoredEpochKey>,
    hpke: Vec<OwnHpke>,
    keyring: HeldKeyring,
    keys: Vec<KnownKey>,
    number: u64,
    #[serde(with = "serde_bytes")]
    chain: [u8; 32],
    #[serde(default)]
    written: Vec<ByteArray<8>>,
    #[serde(default)]
    of_predecessor: u64,
    heard: Vec<Heard>,
    peers: Vec<Peer>,
    vector: Vector,
    relay: Option<RelayState>,
    sweep: Vec<ByteArray<16>>,
    #[serde(default)]
    passed: Vec<ByteArray<16>>,
    #[serde(rename = "wants")]
    proposals: Vec<Proposal>,
    former: Option<FormerAccount>,
    #[serde(rename = "caught")]
    relay_fault: Option<RelayFault>,
    #[serde(default, rename = "untold")]
    unreported_fault: Option<RelayFault>,
    heartbeat_due: bool,
    rekey_due: bool,
    #[serde(default)]
    was_copied: bool,
    heartbeat_day: u32,
    destroyed: Vec<Subject>,
    drop_due: bool,
    last_deletion: Option<u64>,
    locked_out: bool,
}

/// An epoch and its key: an array of two.
#[derive(Serialize, Deserialize)]
struct StoredEpochKey(u32, #[serde(with = "secret::as_bytes")] Secret<32>);

/// The version that a record names, which is all that is read of one of another version.
#[derive(Deserialize)]
struct Versioned {
    version: Option<u64>,
}

/// Whether a record is of a time before devices had records: it names no version.
pub(in crate::sync) fn is_of_the_first_slice(record: &[u8]) -> bool {
    ciborium::from_reader::<Versioned, _>(record).is_ok_and(|record| record.version.is_none())
}

impl Household {
    /// The bytes under which the record is stored.
    pub(in crate::sync) fn to_bytes(&self) -> Vec<u8> {
        to_cbor(&Stored::from(self.clone()))
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`HouseholdRefusal::NewerVersion`], or [`HouseholdRefusal::Damaged`].
    pub(in crate::sync) fn from_bytes(bytes: &[u8]) -> Result<Self, SyncError> {
        let found = from_cbor::<Versioned>(bytes)?.version;
        if found.is_some_and(|found| found > u64::from(VERSION)) {
            return Err(HouseholdRefusal::NewerVersion.into());
        }
        from_cbor::<Stored>(bytes).map(Self::from)
    }
}

impl From<Household> for Stored {
    fn from(household: Household) -> Self {
        Self {
            version: VERSION,
            stream: household.stream,
            index: household.index,
            seed: household.own.seed,
            list: household.list,
            record: household.epochs.record,
            replaced: household.epochs.replaced,
            epoch_keys: household
                .epochs
                .keys
                .into_iter()
                .map(|(epoch, key)| StoredEpochKey(epoch, key.0))
                .collect(),
            hpke: household.own.hpke,
            keyring: household.documents.keyring,
            keys: household.documents.known,
            number: household.log.number,
            chain: household.log.chain,
            written: household.log.written,
            of_predecessor: household.log.of_predecessor,
            heard: household.peers.heard,
            peers: household.peers.said,
            vector: household.peers.vector,
            relay: household.relay,
            sweep: household.at_relay.sweep,
            passed: household.at_relay.passed,
            proposals: household.proposals,
            former: household.former,
            relay_fault: household.relay_fault,
            unreported_fault: household.at_relay.unreported_fault,
            heartbeat_due: household.due.heartbeat,
            rekey_due: household.due.rekey,
            was_copied: household.log.was_copied,
            heartbeat_day: household.due.heartbeat_day,
            destroyed: household.documents.destroyed,
            drop_due: household.documents.drop_due,
            last_deletion: household.log.last_deletion,
            locked_out: household.locked_out,
        }
    }
}

impl From<Stored> for Household {
    fn from(stored: Stored) -> Self {
        Self {
            stream: stored.stream,
            index: stored.index,
            list: stored.list,
            own: OwnKeys {
                seed: stored.seed,
                hpke: stored.hpke,
            },
            log: OwnLog {
                number: stored.number,
                chain: stored.chain,
                written: stored.written,
                of_predecessor: stored.of_predecessor,
                last_deletion: stored.last_deletion,
                was_copied: stored.was_copied,
            },
            epochs: Epochs {
                record: stored.record,
                replaced: stored.replaced,
                keys: stored
                    .epoch_keys
                    .into_iter()
                    .map(|StoredEpochKey(epoch, key)| (epoch, EpochKey(key)))
                    .collect(),
            },
            documents: DocumentKeys {
                keyring: stored.keyring,
                known: stored.keys,
                destroyed: stored.destroyed,
                drop_due: stored.drop_due,
            },
            peers: Peers {
                heard: stored.heard,
                said: stored.peers,
                vector: stored.vector,
            },
            relay: stored.relay,
            at_relay: AtRelay {
                sweep: stored.sweep,
                passed: stored.passed,
                unreported_fault: stored.unreported_fault,
            },
            relay_fault: stored.relay_fault,
            former: stored.former,
            proposals: stored.proposals,
            due: Due {
                heartbeat: stored.heartbeat_due,
                heartbeat_day: stored.heartbeat_day,
                rekey: stored.rekey_due,
            },
            locked_out: stored.locked_out,
        }
    }
}
