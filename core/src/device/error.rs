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
        /// What a backup was refused for.
        Backup(BackupFailure);
        /// Bundles of issuers' keys.
        Bundle(BundleError);
        /// What somebody shows, and whom to believe.
        Check(CheckError);
        /// One of the diary's rules.
        Diary(DiaryError);
        /// Exposure lists, and the alerts that they give.
        Exposure(ExposureError);
        /// Lists that could not be fetched.
        Fetch(FetchError);
        /// Whom the person follows.
        Following(FollowingError);
        /// The random source gave nothing.
        Random(RandomError);
        /// A relay did not answer, or refused.
        Relay(HttpError);
        /// A list of revoked status passes.
        Revocations(TakeRevocationsError);
        /// A picture or frame that cannot be looked at.
        Scan(ScanError);
        /// The schedule of doses.
        Schedule(TakeScheduleError);
        /// A diary that was not sent.
        Send(SendError);
        /// The household and its sync.
        Sync(SyncError);
        /// The vaccine record refused something.
        Vaccine(VaccineError);
        /// The vault cannot be read or written.
        Vault(VaultError);
    }
}

impl From<VaccineRefusal> for DeviceError {
    fn from(refusal: VaccineRefusal) -> Self {
        Self::Vaccine(refusal.into())
    }
}
