//! The front door: one owned [`Device`] that does everything a person does with their device, each thing with one method.
//!
//! A method takes a plain request and gives a plain view: owned data without lifetimes, generics, tuples or keys, so that it crosses a binding as
//! it is. It is total: what has to happen around the thing that was asked for happens inside (what is deleted is forgotten in alerts too, a
//! fetch sends the envelopes that are due, what expired is tidied away by every read), so that no shell has an order to keep.

mod backup;
mod checking;
mod error;
mod following;
mod household;
mod joining;
mod keeping;
mod nearby;
mod next_doses;
mod pairing;
mod passes;
mod people;
mod reading;
mod recovery;
mod sending;
mod status;
mod syncing;
mod vaccines;
mod visits;
mod warnings;

use std::path::Path;
use std::sync::Arc;

use techo_protocol::Coded as _;

pub use backup::{MadeBackup, OldRows, OpenedBackup, RestoredBackup};
pub use error::DeviceError;
#[cfg(test)]
pub(crate) use following::stop as stop_following;
pub use following::{FollowedAuthority, Following, IssuerBundle, RevokedPasses, TrustAnswer, TrustAsked, Updated};
pub use household::{HouseholdDevice, RelayTold, RemovedDevice};
pub use joining::{JoinRequest, Joined, Joining, JoiningStep};
pub use keeping::{ExportedDiary, ImportedDiary};
pub use nearby::{Meeting, MeetingOutcome, Nearby, NearbyRequest, NearbyStep};
pub use next_doses::{CalendarFile, CalendarText, PersonNext, ScheduleView, Upcoming};
pub use pairing::{DiaryComes, Paired, Pairing, PairingPlace, PairingStep};
pub use passes::{PassRequest, ShowPass, ShownDocument, ShownPass};
pub use people::NewPerson;
pub use reading::{Camera, Frame, ReadFile};
pub use recovery::{NewWords, RestoredByWords, WordsLanguage, WordsRestore, check_words};
pub use sending::{DiarySent, ReceiverError, SendDiary, SendError};
pub use status::DeviceStatus;
pub use syncing::{FileSynced, ScheduledTurn, SyncStatus, Synced, TurnKind, TurnTaken};
pub use vaccines::{DoseView, ExportedRecord, Paper, PaperView, PartlyDatedView, RecordView};
pub use visits::{AddVisit, CheckIn, CheckedIn, EditVisit, EndEdit, VisitList, VisitView};
pub use warnings::{FetchOutcome, FetchedLists, Warnings};

pub use crate::vaccine::{Check, CheckedDocument, Keep, Kept};

use crate::diary::{Diary, Filter};
use crate::exposure::alerts;
use crate::ports::{LocalNetwork, Ports, Random, Relay};
use crate::sync::{self, household::DEFAULT_NAME};
use crate::vaccine::{Believed, pass, people as vaccine_people};
use crate::vault::{StoreError, Vault};
use techo_protocol::basics::clock::DAY_SECONDS;

/// A person's device: the diary, the warnings, the vaccine records and the household, over one vault that is opened once.
pub struct Device {
    diary: Diary,
    /// The vault's stamp and the Unix day when everything was last tidied.
    tidied: Option<(u64, i64)>,
    /// Whom it believes until it is shut, beside those that it follows.
    believed_for_now: Believed,
    random: Arc<dyn Random + Send + Sync>,
    relay: Arc<dyn Relay + Send + Sync>,
    network: Arc<dyn LocalNetwork + Send + Sync>,
}

impl Device {
    /// Whether a device was begun in this folder.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// assert!(!Device::exists(folder.path()));
    /// drop(Device::open(folder.path(), techo_testing::ports())?);
    /// assert!(Device::exists(folder.path()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn exists(folder: &Path) -> bool {
        Vault::exists(folder)
    }

    /// Opens the device of a folder; begins one where there is none. Visits whose time is over are destroyed.
    ///
    /// ```
    /// use techo_core::device::Device;
    /// use techo_core::diary::Filter;
    ///
    /// let (folder, relay) = (tempfile::tempdir()?, techo_testing::Files::default());
    /// let clock = techo_testing::SetClock::at(techo_testing::NOW);
    /// let mut device = Device::open(folder.path(), techo_testing::ports_with(&relay, &clock))?;
    /// assert!(device.visits(&Filter::default())?.visits.is_empty(), "it was begun");
    /// assert_eq!(device.devices()?.len(), 1, "a household of one");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DeviceError`]: the key cannot be had, or the vault cannot be opened.
    pub fn open(folder: &Path, ports: Ports) -> Result<Self, DeviceError> {
        let Ports {
            keys,
            clock,
            random,
            relay,
            network,
        } = ports;
        let vault = Vault::open(folder, keys, Box::new(random.clone()))?;
        let mut diary = Diary::open(vault, clock)?;
        let now = diary.now();
        checking::forget_shown(diary.vault(), now)?;
        sync::beginning::ensure(diary.vault(), DEFAULT_NAME, now)?;
        Ok(Self {
            diary,
            tidied: None,
            believed_for_now: Believed::default(),
            random,
            relay,
            network,
        })
    }

    /// The time in Unix seconds, by this device's clock.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (relay, clock) = (techo_testing::Files::default(), techo_testing::SetClock::at(techo_testing::NOW));
    /// let device = Device::open(folder.path(), techo_testing::ports_with(&relay, &clock))?;
    /// clock.pass(60);
    /// assert_eq!(device.now(), techo_testing::NOW + 60, "the port is asked each time");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn now(&self) -> i64 {
        self.diary.now()
    }

    /// Destroys what expired, and what a deletion on another device has left behind here: alerts of visits that are gone, records of people who
    /// were taken away, passes that are over. Every read and every sync calls it; where nothing has changed since, it writes nothing.
    ///
    /// A full disk, or another process that is writing, must not keep a person from reading: it is left to the next time then.
    pub(crate) fn tidy(&mut self) -> Result<(), DeviceError> {
        let later = [StoreError::Full, StoreError::Busy, StoreError::NotYetForgotten].map(|error| error.code());
        match self.tidy_now() {
            Err(error) if later.contains(&error.code()) => Ok(()),
            done => done,
        }
    }

    fn tidy_now(&mut self) -> Result<(), DeviceError> {
        let now = self.now();
        let day = now.div_euclid(DAY_SECONDS);
        let listing = self.diary.list(&Filter::default())?;
        let found = (self.diary.vault().stamp(), day);
        if self.tidied == Some(found) {
            return Ok(());
        }
        self.diary.forget_expired()?;
        let here = self.diary.ids()?;
        let vault = self.diary.vault();
        // Where a row cannot be read, whether its visit is gone is not known.
        if listing.damaged.is_empty() {
            // Visits that are hidden are there still: a clock that stands ahead must not make their alerts new again.
            alerts::forget_deleted(vault, &here)?;
        }
        vaccine_people::forget_removed(vault, now)?;
        pass::tidy(vault, None, now)?;
        self.tidied = Some((vault.stamp(), day));
        Ok(())
    }

    /// The vault below this door: for the simulation, and for tests of what lies there. Nothing that is done to it is tidied or told to anybody, so
    /// no shell uses it.
    #[doc(hidden)]
    pub fn vault(&mut self) -> &mut Vault {
        self.diary.vault()
    }
}

/// A number of things as views give it.
fn count(things: usize) -> u32 {
    u32::try_from(things).unwrap_or(u32::MAX)
}
