//! Why the device did not do what was asked: one of the areas' errors, each with its stable code.

use techo_protocol::basics::random::RandomError;

use super::SendError;
use crate::arrival::Refused;
use crate::backup::BackupFailure;
use crate::certificates::bundles::BundleError;
use crate::diary::DiaryError;
use crate::exposure::ExposureError;
use crate::exposure::fetch::FetchError;
use crate::following::FollowingError;
use crate::ports::HttpError;
use crate::scan::ScanError;
use crate::sync::SyncError;
use crate::vaccine::revocations::TakeRevocationsError;
use crate::vaccine::schedule::TakeScheduleError;
use crate::vaccine::{CheckError, VaccineError, VaccineRefusal};
use crate::vault::VaultError;

techo_protocol::coded_union! {
    /// Why the device did not do what was asked.
    pub enum DeviceError {
        /// A code that nobody can check in with.
        Arrival(Refused);
        /// A backup.
        Backup(BackupFailure);
        /// Bundles of issuers' keys.
        Bundle(BundleError);
        /// What somebody shows, and whom to believe.
        Check(CheckError);
        /// The diary's rules.
        Diary(DiaryError);
        /// Lists and alerts.
        Exposure(ExposureError);
        /// Lists that could not be fetched.
        Fetch(FetchError);
        /// Whom the person follows.
        Following(FollowingError);
        /// The random source.
        Random(RandomError);
        /// A relay.
        Relay(HttpError);
        /// A list of revoked status passes.
        Revocations(TakeRevocationsError);
        /// A picture.
        Scan(ScanError);
        /// The schedule of doses.
        Schedule(TakeScheduleError);
        /// Sending a diary.
        Send(SendError);
        /// The household and its sync.
        Sync(SyncError);
        /// The vaccine record.
        Vaccine(VaccineError);
        /// The vault.
        Vault(VaultError);
    }
}

impl From<VaccineRefusal> for DeviceError {
    fn from(refusal: VaccineRefusal) -> Self {
        Self::Vaccine(refusal.into())
    }
}
