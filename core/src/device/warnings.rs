//! Warnings: bringing the authorities' lists, what they say of this person's visits, and what the person has seen of it.

use techo_protocol::exposure::notice::NoticeId;
use techo_protocol::trust::AuthorityId;

use super::{Device, DeviceError, count};
use crate::diary::{EntryId, Filter};
use crate::exposure::alerts::{self, Alert, AlertState};
use crate::exposure::decoys;
use crate::exposure::fetch::{self, Brought, FetchError};
use crate::exposure::lists::{self, ListAge};

/// What became of one authority's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedLists {
    /// The authority whose lists they are.
    pub authority: AuthorityId,
    /// The name that the authority gives itself.
    pub name: String,
    /// What the fetch came to.
    pub outcome: FetchOutcome,
}

/// What came of one authority's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchOutcome {
    /// The newest lists are here now.
    Current {
        /// How many of them were not here before.
        new: u32,
    },
    /// The authority has never published anything at these relays.
    NothingPublished,
    /// No relay gave lists that can be believed; those that were here stay.
    Failed {
        /// What the last relay said.
        why: FetchError,
    },
}

/// The alerts, and how old the lists are that they come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warnings {
    /// The alerts, by the beginning of the exposure.
    pub alerts: Vec<Alert>,
    /// The lists of each authority that is followed. "Nothing found" may be said up to the oldest of them only.
    pub lists: Vec<ListAge>,
}

impl Warnings {
    /// Whether an alert holds that the person has not put away.
    ///
    /// ```
    /// use techo_core::device::Warnings;
    /// assert!(!Warnings::default().has_standing());
    /// ```
    pub fn has_standing(&self) -> bool {
        let stands = |alert: &Alert| matches!(alert.state, AlertState::New | AlertState::Seen | AlertState::Revised);
        self.alerts.iter().any(stands)
    }
}

impl Device {
    /// Brings the newest lists of all authorities that are followed, from `relays`, or where none are given from those that the trust lists name.
    ///
    /// Everybody fetches the same files. The empty envelopes that are due leave after them, so that a sent diary does not stand out. One
    /// authority's failure does not stop the others.
    ///
    /// ```
    /// use techo_core::device::{CheckIn, Device, FetchOutcome};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (relay, clock) = (techo_testing::Files::default(), techo_testing::SetClock::at(techo_testing::NOW));
    /// let mut device = Device::open(folder.path(), techo_testing::ports_with(&relay, &clock))?;
    /// let mut osaka = techo_testing::Authority::named("Osaka Prefecture");
    /// device.follow(&osaka.trust_file())?;
    /// osaka.warn("Bar Yoru", techo_testing::NOW - 3_600, techo_testing::NOW)?;
    /// osaka.publish(&relay, techo_testing::NOW)?;
    /// assert_eq!(device.fetch(&[])?[0].outcome, FetchOutcome::Current { new: 1 });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::exposure::ListError::NoRelay`] where there is nobody to ask; the vault cannot be read or written.
    pub fn fetch(&mut self, relays: &[String]) -> Result<Vec<FetchedLists>, DeviceError> {
        let now = self.now();
        let vault = self.diary.vault();
        let fetched = fetch::fetch(vault, &*self.relay, relays, now)?;
        decoys::send_due(vault, &*self.relay, relays, now)?;
        self.tidy()?;
        Ok(fetched
            .into_iter()
            .map(|fetched| FetchedLists {
                authority: fetched.authority,
                name: fetched.name,
                outcome: match fetched.outcome {
                    Ok(Brought::List { new_segments }) => FetchOutcome::Current {
                        new: count(new_segments),
                    },
                    Ok(Brought::NothingPublished) => FetchOutcome::NothingPublished,
                    Err(why) => FetchOutcome::Failed { why },
                },
            })
            .collect())
    }

    /// Which visits were exposures, and how old the lists are that say so. Found on this device alone.
    ///
    /// ```
    /// use techo_core::device::{CheckIn, Device};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (relay, clock) = (techo_testing::Files::default(), techo_testing::SetClock::at(techo_testing::NOW));
    /// let mut device = Device::open(folder.path(), techo_testing::ports_with(&relay, &clock))?;
    /// let mut osaka = techo_testing::Authority::named("Osaka Prefecture");
    /// device.follow(&osaka.trust_file())?;
    /// device.check_in(&CheckIn {
    ///     texts: vec![osaka.poster("Bar Yoru")?],
    ///     ..CheckIn::default()
    /// })?;
    /// clock.pass(7_200);
    /// osaka.warn("Bar Yoru", techo_testing::NOW, techo_testing::NOW + 1_800)?;
    /// osaka.publish(&relay, techo_testing::NOW + 7_200)?;
    /// device.fetch(&[])?;
    /// let warnings = device.warnings()?;
    /// let told = &warnings.alerts[0].content;
    /// assert_eq!((warnings.alerts[0].name.as_str(), told.overlap_minutes, told.after_minutes), ("Bar Yoru", 30, 30));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DeviceError`] where the vault or a list cannot be read.
    pub fn warnings(&mut self) -> Result<Warnings, DeviceError> {
        self.tidy()?;
        let now = self.now();
        let visits = self.diary.list(&Filter::default())?.visits;
        let vault = self.diary.vault();
        Ok(Warnings {
            alerts: alerts::list(vault, &visits)?,
            lists: lists::ages(vault, now)?,
        })
    }

    /// Remembers that the person has seen these alerts, as they were shown.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let shown = device.warnings()?;
    /// device.mark_alerts_seen(&shown.alerts)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DeviceError`] where the vault cannot be written.
    pub fn mark_alerts_seen(&mut self, shown: &[Alert]) -> Result<(), DeviceError> {
        Ok(alerts::mark_seen(self.diary.vault(), shown)?)
    }

    /// Puts an alert away; it comes back only when the authority changes what it says.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// for alert in device.warnings()?.alerts {
    ///     device.dismiss_alert(alert.id.visit, alert.id.notice)?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::exposure::ListError::NoSuchAlert`] where there is none; the vault cannot be written.
    pub fn dismiss_alert(&mut self, visit: EntryId, notice: NoticeId) -> Result<(), DeviceError> {
        let visits = self.diary.list(&Filter::default())?.visits;
        Ok(alerts::dismiss(self.diary.vault(), &visits, visit, notice)?)
    }
}
