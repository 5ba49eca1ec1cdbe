//! Meeting the household's devices on one network, without a relay.

use std::net::SocketAddr;
use std::time::Duration;

use techo_protocol::household::direct::{Advertisement, DirectError};

use super::syncing::Synced;
use super::{Device, DeviceError};
use crate::ports::{Heard, NearbyError};
use crate::sync::SyncError;
use crate::sync::direct::VaultHoldings;
use crate::sync::exchange::Exchanged;
use crate::sync::nearby::{FoundBy, Met, NearbyPeer, NearbySession, listen};

/// How the devices of a household look for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearbyRequest {
    /// How long to look, in seconds.
    pub seconds: u32,
    /// Where this device listens. Without it: everywhere, and it announces itself on the network; or nowhere, where invitations are given.
    pub listen: Option<SocketAddr>,
    /// What other devices gave as [`Nearby::invitation`]: they are called there. For networks that carry no announcements.
    pub invitations: Vec<String>,
}

impl Default for NearbyRequest {
    /// Two minutes, by announcements on the network.
    fn default() -> Self {
        Self {
            seconds: 120,
            listen: None,
            invitations: Vec::new(),
        }
    }
}

/// A session of looking for the household's devices. Dropping it ends it: this device listens and announces no more.
pub struct Nearby {
    session: NearbySession,
    names: Vec<Named>,
    has_spoken: bool,
    has_met: bool,
}

struct Named {
    id: u8,
    name: String,
}

/// What a session has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NearbyStep {
    /// Nobody new was met in this time.
    Looking,
    /// A device was met. Each is told of once.
    Met {
        /// Which, and what came of it.
        meeting: Meeting,
    },
    /// Everybody was met, or the time is over.
    Over,
}

/// A device that was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// The device's id in the household.
    pub id: u8,
    /// The name of the device that was met.
    pub name: String,
    /// What came of it.
    pub outcome: MeetingOutcome,
}

/// What came of a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeetingOutcome {
    /// The two have the same now.
    Synced {
        /// How much went over, both ways.
        synced: Synced,
    },
    /// They could not be brought to the same state. What came over stays.
    Failed {
        /// What the conversation broke off with.
        error: DeviceError,
    },
}

impl Nearby {
    /// What another device can be given as an invitation, where this one listens at an address of its own.
    ///
    /// ```
    /// use techo_core::device::NearbyRequest;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let [mut phone, _tablet] = techo_testing::household(folder.path())?;
    /// let request = NearbyRequest { listen: Some("127.0.0.1:0".parse()?), ..NearbyRequest::default() };
    /// let invitation = phone.look_nearby(&request)?.invitation().expect("it listens at an address of its own");
    /// assert!(invitation.starts_with("127.0.0.1:"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn invitation(&self) -> Option<String> {
        let address = self.session.address().ok().flatten()?;
        Some(format!("{address}/{}", self.session.announcement()))
    }
}

/// Reads an invitation: an address, and what would be announced there.
fn invited(text: &str) -> Result<Heard, SyncError> {
    let (address, announcement) = text.split_once('/').ok_or(DirectError::Stranger)?;
    Advertisement::read(announcement)?;
    Ok(Heard {
        announcement: announcement.to_owned(),
        addresses: vec![address.parse().map_err(|_| DirectError::Stranger)?],
    })
}

impl Device {
    /// Begins to look for the household's devices on this network. [`Self::meet`] goes on with it.
    ///
    /// ```
    /// use techo_core::device::{Device, NearbyRequest};
    /// use techo_protocol::Coded;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut phone = Device::open(folder.path(), techo_testing::ports())?;
    /// let alone = phone.look_nearby(&NearbyRequest::default()).err();
    /// assert_eq!(alone.map(|error| error.code()), Some("lan.no_peers"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`NearbyError::NoPeers`], [`NearbyError::NoNetwork`]; an invitation that is none, or of a device of another household.
    pub fn look_nearby(&mut self, request: &NearbyRequest) -> Result<Nearby, DeviceError> {
        let household = self.household()?;
        let others = || household.list.devices.iter().filter(|device| device.index != household.index);
        let peers: Vec<NearbyPeer> = others()
            .map(|device| NearbyPeer {
                index: device.index,
                key: device.agreement,
            })
            .collect();
        if peers.is_empty() {
            return Err(SyncError::from(NearbyError::NoPeers).into());
        }
        let named = others().map(|device| Named {
            id: device.index,
            name: device.name.clone(),
        });
        let names = named.collect();
        let by_announcement = request.listen.is_none() && request.invitations.is_empty();
        let listener = match request.listen {
            None if !by_announcement => None,
            at => Some(listen(at).map_err(SyncError::from)?),
        };
        let found_by = if by_announcement {
            FoundBy::Announcements(self.network.discovery().map_err(SyncError::from)?)
        } else {
            let heard = request.invitations.iter().map(|text| invited(text));
            FoundBy::Invitations(heard.collect::<Result<_, _>>()?)
        };
        let time = Duration::from_secs(request.seconds.into());
        let session = NearbySession::begin(household.agreement(), peers, listener, found_by, time, self.random.clone())?;
        Ok(Nearby {
            session,
            names,
            has_spoken: false,
            has_met: false,
        })
    }

    /// Goes on with a session, for so many seconds at most, until there is something to tell. A conversation that has begun is held to its end.
    ///
    /// ```
    /// use techo_core::device::{MeetingOutcome, NearbyRequest, NearbyStep};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let [mut phone, mut tablet] = techo_testing::household(folder.path())?;
    /// let here = Some("127.0.0.1:0".parse()?);
    /// let mut listening = phone.look_nearby(&NearbyRequest { listen: here, ..NearbyRequest::default() })?;
    /// let invitations = listening.invitation().into_iter().collect();
    /// let other = std::thread::spawn(move || {
    ///     while phone.meet(&mut listening, 1) == Ok(NearbyStep::Looking) {}
    /// });
    /// let mut calling = tablet.look_nearby(&NearbyRequest { invitations, ..NearbyRequest::default() })?;
    /// let NearbyStep::Met { meeting } = tablet.meet(&mut calling, 60)? else { panic!("nobody was met") };
    /// assert_eq!((meeting.id, meeting.name.as_str()), (0, "Techo"));
    /// assert!(matches!(meeting.outcome, MeetingOutcome::Synced { .. }));
    /// assert_eq!(tablet.meet(&mut calling, 60)?, NearbyStep::Over);
    /// other.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`NearbyError::Nobody`] at the end where nobody was met, or the network cannot be used any more.
    pub fn meet(&mut self, nearby: &mut Nearby, seconds: u32) -> Result<NearbyStep, DeviceError> {
        let now = self.now();
        let mut holdings = VaultHoldings::resumed(self.diary.vault(), now, nearby.has_spoken);
        let met = nearby.session.meet_next(&mut holdings, Duration::from_secs(seconds.into()))?;
        nearby.has_spoken = holdings.has_spoken();
        if let Some(met) = met {
            nearby.has_met = true;
            self.tidy()?;
            return Ok(NearbyStep::Met {
                meeting: nearby.meeting(met),
            });
        }
        match (nearby.session.is_over(), nearby.has_met) {
            (false, _) => Ok(NearbyStep::Looking),
            (true, true) => Ok(NearbyStep::Over),
            (true, false) => Err(SyncError::from(NearbyError::Nobody).into()),
        }
    }
}

impl Nearby {
    fn meeting(&self, met: Met) -> Meeting {
        let named = self.names.iter().find(|named| named.id == met.device);
        Meeting {
            id: met.device,
            name: named.map(|named| named.name.clone()).unwrap_or_default(),
            outcome: match met.result {
                Ok(exchanged) => MeetingOutcome::Synced {
                    synced: Exchanged {
                        received: exchanged.received,
                        sent: exchanged.sent,
                        ..Exchanged::default()
                    }
                    .into(),
                },
                Err(error) => MeetingOutcome::Failed { error: error.into() },
            },
        }
    }
}
