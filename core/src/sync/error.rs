//! What can go wrong between devices.

use techo_protocol::basics::random::RandomError;
use techo_protocol::household::body::BodyError;
use techo_protocol::household::chunk::{ChunkError, SealError};
use techo_protocol::household::direct::{DirectError, DirectFailure};
use techo_protocol::household::epoch_record::EpochRecordError;
use techo_protocol::household::household_file::HouseholdFileError;
use techo_protocol::household::pairing::{PairingError, PairingFailure};
use techo_protocol::household::recovery::RecoveryError;

use crate::ports::{HttpError, NearbyError};
use crate::vault::VaultError;

techo_protocol::coded_errors! {
    /// What the household's rules refuse.
    pub enum HouseholdRefusal {
        /// This device has no household yet.
        None = "household.none", "This device has no household yet.", "Enter a visit, or pair it with a device that has a diary.";
        /// The file or message is about another household.
        Other = "household.other", "This belongs to another household.", "Choose a file of this household's devices, or pair this device with one of them.";
        /// All places of the device list are taken.
        Full = "household.full", "A household has at most 16 devices.", "Use one of the devices that are paired already.";
        /// No device of that id.
        NoSuchDevice = "household.no_such_device", "There is no device with this id.", "The list of devices shows the ids.";
        /// A device cannot remove itself.
        ThisDevice = "household.this_device", "A device cannot remove itself.", "Remove it on another device of the household, or delete the account.";
        /// The newest epoch key was not sealed to this device.
        LockedOut = "household.locked_out", "This device was removed from the household, or was away for so long that it has no key any more. Its diary is still here.", "Pair it again to share its diary; or go on without sync.";
        /// Another device writes under this one's name.
        Copied = "household.copied", "This device's diary was copied, or restored from an old state. It has begun a household of its own, and its diary is whole.", "Pair it again.";
        /// The words open nothing at this relay.
        WordsUnknown = "household.words_unknown", "The relay knows no household of these words.", "Check the words and the relay's address. Words that were replaced by newer ones are of no use.";
        /// No relay was ever used.
        NoRelay = "household.no_relay", "This household has no relay yet.", "Name a relay.";
        /// The name is empty or too long.
        NameInvalid = "household.name_invalid", "A device's name has 1 to 60 bytes.", "Give another name.";
        /// Others are faster each time.
        Behind = "household.behind", "The other devices are sending all the time, and this one did not get its turn.", "Sync again in a moment. Nothing is lost.";
        /// A newer version wrote the record of the household; it is left as it is.
        NewerVersion = "household.newer_version", "What this device knows of its household was written by a newer version of Techo.", "Update Techo. Until then the diary can be read and written here, and nothing is sent.";
        /// The record of the household cannot be read.
        Damaged = "household.damaged", "What this device knows of its household is damaged.", "Pair this device again.";
    }
}

techo_protocol::coded_union! {
    /// Why devices could not sync.
    pub enum SyncError {
        /// What the household's rules refuse.
        Refused(HouseholdRefusal);
        /// The vault cannot be read or written.
        Vault(VaultError);
        /// A chunk cannot be sealed.
        Chunk(ChunkError);
        /// An epoch record that does not follow, or cannot be read.
        Record(EpochRecordError);
        /// A body cannot be written.
        Body(BodyError);
        /// The pairing failed or was refused.
        Pairing(PairingError);
        /// The session with another device failed.
        Direct(DirectError);
        /// A household's file that cannot be read.
        File(HouseholdFileError);
        /// Recovery words that are none.
        Words(RecoveryError);
        /// The relay does not answer, or refuses.
        Relay(HttpError);
        /// The network between two devices.
        Nearby(NearbyError);
    }
}

impl From<RandomError> for SyncError {
    fn from(error: RandomError) -> Self {
        Self::Vault(error.into())
    }
}

impl From<SealError> for SyncError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Chunk(error) => error.into(),
            SealError::Random(error) => error.into(),
        }
    }
}

impl From<PairingFailure> for SyncError {
    fn from(error: PairingFailure) -> Self {
        match error {
            PairingFailure::Pairing(error) => error.into(),
            PairingFailure::Random(error) => error.into(),
        }
    }
}

impl From<DirectFailure> for SyncError {
    fn from(failure: DirectFailure) -> Self {
        match failure {
            DirectFailure::Direct(error) => error.into(),
            DirectFailure::Random(error) => error.into(),
        }
    }
}
