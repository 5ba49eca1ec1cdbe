//! Exposure: which of a person's visits were at a place and time that an authority names, found on the device alone.
//!
//! Whom the person follows is in [`crate::following`]. [`fetch`] brings the authorities' lists, [`lists`] keeps them and knows how old they are,
//! [`matching`] finds the visits, [`recalls`] tells of lots, [`alerts`] remembers what the person has seen of them.
//!
//! ```
//! use techo_core::arrival::arrive;
//! use techo_testing::{Authority, Files, NOW};
//! use techo_core::exposure::{alerts, fetch};
//! use techo_core::following;
//! use techo_core::recognise::Recognised;
//!
//! let folder = tempfile::tempdir()?;
//! let (mut osaka, relay) = (Authority::named("Osaka Prefecture"), Files::default());
//! let mut diary = techo_testing::diary(folder.path())?;
//! let list = following::add(diary.vault(), &osaka.trust_file())?;
//! let arrival = arrive(&Recognised::of(&osaka.poster("Bar Yoru")?, &[list]), NOW - 7_200)?;
//! let visits = [diary.check_in(&arrival.visit)?];
//!
//! osaka.warn("Bar Yoru", NOW - 7_200, NOW - 5_400)?;
//! osaka.publish(&relay, NOW)?;
//! fetch::fetch(diary.vault(), &relay, &[], NOW)?;
//! let found = alerts::list(diary.vault(), &visits)?;
//! assert_eq!((found[0].name.as_str(), found[0].state), ("Bar Yoru", alerts::AlertState::New));
//! alerts::mark_seen(diary.vault(), &found)?;
//! assert_eq!(alerts::list(diary.vault(), &visits)?[0].state, alerts::AlertState::Seen);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod alerts;
pub mod decoys;
pub mod fetch;
pub mod lists;
pub mod matching;
pub mod recalls;

#[cfg(test)]
pub(crate) mod fixture;

use techo_protocol::exposure::manifest::ManifestError;
use techo_protocol::exposure::segment::SegmentError;
use techo_protocol::trust::TrustError;

use crate::following::FollowingError;
use crate::vaccine::revocations::TakeRevocationsError;
use crate::vault::VaultError;

techo_protocol::coded_errors! {
    /// What can go wrong with exposure lists as a whole.
    pub enum ListError {
        /// No relay was given, and no trust list names one.
        NoRelay = "exposure.no_relay", "No relay is known to ask for lists.", "Follow an authority whose trust list names a relay, or name a relay.";
        /// The manifest names a segment that the relay does not have.
        Withheld = "exposure.withheld", "The relay does not give a list that the authority has published.", "Try again later, or use another relay.";
        /// What is kept of an authority's lists cannot be read.
        Damaged = "exposure.damaged", "What is stored of an authority's lists is damaged.", "Fetch the lists again.";
        /// There is no such alert.
        NoSuchAlert = "exposure.no_such_alert", "There is no such alert.", "The list of alerts shows the visits and notices.";
    }
}

techo_protocol::coded_union! {
    /// Why lists could not be taken in or looked through.
    pub enum ExposureError {
        /// The lists as a whole.
        List(ListError);
        /// A manifest is not to be believed.
        Manifest(ManifestError);
        /// A segment is not to be believed.
        Segment(SegmentError);
        /// Whom the person follows.
        Following(FollowingError);
        /// A list of revoked status passes.
        Revocations(TakeRevocationsError);
        /// The vault could not be read or written.
        Vault(VaultError);
    }
}

impl From<TrustError> for ExposureError {
    fn from(error: TrustError) -> Self {
        Self::Following(error.into())
    }
}
