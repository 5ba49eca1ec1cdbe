//! Bringing the household's devices to the same state: through a relay now or on schedule, and by a file.

use techo_protocol::household::household_file::HouseholdFile;

use super::{Device, DeviceError, count};
use crate::ports::HttpError;
use crate::sync::SyncError;
use crate::sync::engine::{self, Report};
use crate::sync::exchange::{self, Exchanged};
use crate::sync::file::{make_file, take_file};
use crate::sync::household::RelayFault;
use crate::sync::relay_streams::RelayStreams;
use crate::sync::rules::Rules;
use crate::sync::schedule::{next_upload, upload};

/// How long one request of a scheduled turn waits for something new, in seconds: less than a client's patience.
const WAIT_SECONDS: u32 = 20;
/// The pause after a relay that does not answer, in seconds.
const PAUSE_SECONDS: u32 = 30;

/// What a sync did. Counts are of sealed pieces of documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Synced {
    /// How many came in.
    pub received: u32,
    /// How many were sent.
    pub sent: u32,
    /// How many that others have taken the place of were taken away from the relay.
    pub removed: u32,
    /// How many wait for a key, or for what belongs before them.
    pub waiting: u32,
    /// How many were refused, because they cannot be what they say.
    pub refused: u32,
    /// How many show that a device of the household was copied.
    pub copied: u32,
    /// Whether the relay had lost everything and was filled again.
    pub refilled: bool,
    /// What the relay was caught at.
    pub relay_fault: Option<RelayFault>,
}

/// One turn of the sync on schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScheduledTurn {
    /// The relay's address; the one that was used last, where none is named.
    pub relay: Option<String>,
    /// When the next upload is due, as the last turn answered it; `None` for the first turn.
    pub next_upload: Option<i64>,
}

/// What a turn on schedule did, and when the next one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnTaken {
    /// What this turn did.
    pub did: TurnKind,
    /// When the next upload is due, in Unix seconds: to be given to the next turn.
    pub next_upload: i64,
    /// After so many seconds the next turn is to be taken. Where a shell cannot receive live, it takes the next turn at the upload instead.
    pub pause_seconds: u32,
}

/// What a turn on schedule did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnKind {
    /// The first turn: the time of the first upload was drawn.
    Began,
    /// Four cells were sent, and all that was there was taken in.
    Uploaded {
        /// How much this upload sent and took.
        synced: Synced,
    },
    /// It was waited for something new.
    Waited {
        /// How many pieces came in.
        received: u32,
    },
    /// The relay did not answer. Nothing is lost.
    NoAnswer,
}

/// A household's file after a sync with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSynced {
    /// What was taken in, and how much the file holds now.
    pub synced: Synced,
    /// What the file is to hold now. The shell writes it beside the old one first, so that a stick that is pulled out has one of the two.
    pub content: Vec<u8>,
}

/// Where the household's sync stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncStatus {
    /// How many devices the household has.
    pub devices: u32,
    /// The relay that was used last.
    pub relay: Option<String>,
    /// How many pieces are still to be sent.
    pub to_send: u32,
    /// The number of the present epoch: how often the household has changed its keys.
    pub epoch: u32,
    /// How many changes of the household wait for a relay.
    pub wants: u32,
    /// Names of the devices that may still hold what was deleted here last.
    pub deleted_still_on: Vec<String>,
    /// What the relay was caught at, until it is whole again.
    pub relay_fault: Option<RelayFault>,
    /// Whether this device was taken out of the household.
    pub is_locked_out: bool,
}

impl Device {
    /// Sends and takes all there is, now, through a relay: the one at an address, or the one that was used last. It sees when, and how much.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut phone = Device::open(folder.path(), techo_testing::ports())?;
    /// phone.sync_now(Some(techo_testing::RELAY))?;
    /// assert_eq!(phone.sync_status()?.relay.as_deref(), Some(techo_testing::RELAY));
    /// assert_eq!(phone.sync_status()?.to_send, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`HouseholdRefusal::NoRelay`](crate::sync::HouseholdRefusal::NoRelay), the relay's, or a [`SyncError`]. What was done until then stays.
    pub fn sync_now(&mut self, relay: Option<&str>) -> Result<Synced, DeviceError> {
        self.sync_by(relay, Rules::default())
    }

    /// [`Self::sync_now`] by rules that the simulation breaks on purpose. Every device keeps them all, so no shell uses it.
    #[doc(hidden)]
    pub fn sync_by(&mut self, relay: Option<&str>, rules: Rules) -> Result<Synced, DeviceError> {
        let (address, now) = (self.relay_address(relay)?, self.now());
        let streams = RelayStreams::new(&*self.relay, &address);
        let done = exchange::exchange_by(self.diary.vault(), &streams, &address, now, rules)?;
        self.tidy()?;
        Ok(done.into())
    }

    /// Takes one turn of the sync on schedule: it sends exactly four cells where an upload is due, and otherwise waits up to 20 seconds for
    /// something new. The relay learns neither when somebody was somewhere nor how much there is to say. A shell takes turns for as long as it
    /// runs, and pauses in between as it is told.
    ///
    /// ```
    /// use techo_core::device::{Device, ScheduledTurn, TurnKind};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let clock = techo_testing::SetClock::at(techo_testing::NOW);
    /// let ports = techo_testing::ports_with(&techo_testing::Files::default(), &clock);
    /// let mut phone = Device::open(folder.path(), ports)?;
    /// let relay = Some(techo_testing::RELAY.to_owned());
    /// let first = phone.take_turn(&ScheduledTurn { relay: relay.clone(), next_upload: None })?;
    /// assert_eq!(first.did, TurnKind::Began);
    ///
    /// clock.pass(first.next_upload - techo_testing::NOW);
    /// let turn = phone.take_turn(&ScheduledTurn { relay, next_upload: Some(first.next_upload) })?;
    /// assert!(matches!(turn.did, TurnKind::Uploaded { .. }));
    /// assert!(turn.next_upload > first.next_upload);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::sync_now`], but for a relay that does not answer: that is [`TurnKind::NoAnswer`].
    pub fn take_turn(&mut self, turn: &ScheduledTurn) -> Result<TurnTaken, DeviceError> {
        let (address, now) = (self.relay_address(turn.relay.as_deref())?, self.now());
        let draw = |random| next_upload(now, random);
        let Some(due) = turn.next_upload else {
            return Ok(TurnTaken {
                did: TurnKind::Began,
                next_upload: draw(&*self.random)?,
                pause_seconds: 0,
            });
        };
        let is_due = now >= due;
        let next_upload = if is_due { draw(&*self.random)? } else { due };
        let streams = RelayStreams::new(&*self.relay, &address);
        let vault = self.diary.vault();
        let did = if is_due {
            upload(vault, &streams, &address, now).map(|done| TurnKind::Uploaded { synced: done.into() })
        } else {
            let wait = u32::try_from(due - now).unwrap_or(WAIT_SECONDS).min(WAIT_SECONDS);
            exchange::receive(vault, &streams, &address, wait, now).map(|report| TurnKind::Waited {
                received: count(report.taken),
            })
        };
        let (did, pause_seconds) = match did {
            Ok(did) => (did, 0),
            Err(SyncError::Relay(HttpError::Unreachable | HttpError::TimedOut)) => (TurnKind::NoAnswer, PAUSE_SECONDS),
            Err(error) => return Err(error.into()),
        };
        self.tidy()?;
        Ok(TurnTaken {
            did,
            next_upload,
            pause_seconds,
        })
    }

    /// Takes in what a file of the household holds, and gives what it is to hold now; without a file, a new one.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut phone = Device::open(folder.path(), techo_testing::ports())?;
    /// let stick = phone.sync_with_file(None)?.content;
    /// let again = phone.sync_with_file(Some(&stick))?;
    /// assert_eq!((again.synced.received, again.synced.refused), (0, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// It is no such file, or another household's; this device was taken out; or the vault cannot be written.
    pub fn sync_with_file(&mut self, held: Option<&[u8]>) -> Result<FileSynced, DeviceError> {
        let now = self.now();
        let vault = self.diary.vault();
        let mut received = Report::default();
        if let Some(held) = held {
            let held = HouseholdFile::read(held).map_err(SyncError::from)?;
            received = take_file(vault, &held, now)?;
        }
        let made = make_file(vault, now)?;
        let sent = made.chunks.len();
        let content = made.write().map_err(SyncError::from)?;
        let done = Exchanged {
            received,
            sent,
            ..Exchanged::default()
        };
        self.tidy()?;
        Ok(FileSynced {
            synced: done.into(),
            content,
        })
    }

    /// Where the household's sync stands: what is still to be sent, and where what was deleted may still be.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut phone = Device::open(folder.path(), techo_testing::ports())?;
    /// let status = phone.sync_status()?;
    /// assert_eq!((status.devices, status.relay), (1, None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`HouseholdRefusal::None`](crate::sync::HouseholdRefusal::None), or the vault cannot be read.
    pub fn sync_status(&mut self) -> Result<SyncStatus, DeviceError> {
        let now = self.now();
        let to_send = engine::outgoing(self.diary.vault(), now)?.push.len();
        let household = self.household()?;
        Ok(SyncStatus {
            devices: count(household.list.devices.len()),
            relay: household.relay.as_ref().map(|relay| relay.address.clone()),
            to_send: count(to_send),
            epoch: household.epoch(),
            wants: count(household.proposals.len()),
            deleted_still_on: household.still_holding().iter().map(|device| device.name.clone()).collect(),
            relay_fault: household.relay_fault,
            is_locked_out: household.locked_out,
        })
    }

    /// Deletes the household's account at its relay: unserved at once, erased after seven days; until then the recovery words bring it back.
    /// What is on the devices stays. Answers the relay's address.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut phone = Device::open(folder.path(), techo_testing::ports())?;
    /// phone.sync_now(Some(techo_testing::RELAY))?;
    /// assert_eq!(phone.delete_account()?, techo_testing::RELAY);
    /// assert_eq!(phone.sync_status()?.relay, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`HouseholdRefusal::NoRelay`](crate::sync::HouseholdRefusal::NoRelay), or the relay's.
    pub fn delete_account(&mut self) -> Result<String, DeviceError> {
        let address = self.relay_address(None)?;
        exchange::delete_account(self.diary.vault(), &RelayStreams::new(&*self.relay, &address))?;
        Ok(address)
    }
}

impl From<Exchanged> for Synced {
    fn from(done: Exchanged) -> Self {
        let received = done.received;
        Self {
            received: count(received.taken),
            sent: count(done.sent),
            removed: count(done.removed),
            waiting: count(received.waiting),
            refused: count(received.refused),
            copied: count(received.copied),
            refilled: done.refilled,
            relay_fault: done.relay_fault,
        }
    }
}
