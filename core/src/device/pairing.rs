//! Letting a device into the household, on the device that has the diary.
//!
//! ```text
//! this device                                  the new one
//! begin_pairing: a text, shown as a QR code
//! Pairing::wait ...                            begin_joining with that text
//!                                              Joining::wait: four digits, to be shown
//! Pairing::wait: the new one's name
//! confirm_pairing with the digits, typed
//!                                              Joining::wait: confirmed
//!                                              join
//! ```
//!
//! Nothing is changed on either before the right digits were typed; one wrong try ends the pairing. All of it takes two minutes at most.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use techo_protocol::basics::agreement::AgreementPublic;
use techo_protocol::household::direct::Salt;
use techo_protocol::household::pairing::{Committed, Confirming, NewDevice, Owner, PairingError, PairingText, network_place};
use techo_protocol::household::sync_api::Call;

use super::{Device, DeviceError};
use crate::ports::Random;
use crate::sync::direct::VaultHoldings;
use crate::sync::exchange::{ask, exchange};
use crate::sync::nearby::{Connection, listen};
use crate::sync::pairing_channel::{PairingChannel, addresses};
use crate::sync::relay_streams::RelayStreams;
use crate::sync::{SyncError, pairing};

/// Where the two devices of a pairing meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PairingPlace {
    /// The two meet at a relay.
    Relay {
        /// The relay's address.
        address: String,
    },
    /// On the network that both are on, without a relay.
    Network {
        /// Where this device listens; everywhere, where it is not said.
        listen: Option<SocketAddr>,
    },
}

/// A pairing under way, on the device that has the diary. Dropping it ends it, and nothing was changed.
pub struct Pairing {
    text: PairingText,
    channel: PairingChannel,
    stage: Stage,
    random: Arc<dyn Random + Send + Sync>,
}

enum Stage {
    Offered(Owner),
    Committed(Committed),
    Confirming(Confirming),
    /// The pairing broke off.
    Over,
}

/// What a pairing has come to, on the device that has the diary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PairingStep {
    /// The new device has not come yet.
    Waiting,
    /// The new device shows four digits, which the person types here.
    TypeDigits {
        /// The new device's name, as it says.
        name: String,
    },
}

/// A device that was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paired {
    /// The name of the device that was let in.
    pub name: String,
    /// How the diary comes to it.
    pub diary: DiaryComes,
}

/// How the diary comes to a device that was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiaryComes {
    /// It came with the pairing: both have it.
    WithThePairing,
    /// The new device gets it by itself: at a relay as it joins, otherwise with its next sync.
    WithNextSync,
    /// It was to come with the pairing, which broke off; it comes with the next sync.
    BrokeOff {
        /// What the transfer broke off with.
        error: DeviceError,
    },
}

impl Pairing {
    /// The text that the new device is to be given, best as a QR code. It holds a secret for two minutes.
    ///
    /// ```
    /// use techo_core::device::{Device, PairingPlace};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (relay, clock) = (techo_testing::Files::default(), techo_testing::SetClock::at(techo_testing::NOW));
    /// let mut phone = Device::open(&folder.path().join("phone"), techo_testing::ports_with(&relay, &clock))?;
    /// let pairing = phone.begin_pairing(&PairingPlace::Relay { address: techo_testing::RELAY.into() })?;
    /// assert!(techo_protocol::household::pairing::is_form(&pairing.text()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn text(&self) -> String {
        self.text.write()
    }

    /// Waits for the new device, for so many seconds at most; a relay may hold a request for 55. The same may be asked again, at any time.
    ///
    /// ```
    /// use techo_core::device::{Device, PairingPlace, PairingStep};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (relay, clock) = (techo_testing::Files::default(), techo_testing::SetClock::at(techo_testing::NOW));
    /// let mut phone = Device::open(&folder.path().join("phone"), techo_testing::ports_with(&relay, &clock))?;
    /// let mut pairing = phone.begin_pairing(&PairingPlace::Relay { address: techo_testing::RELAY.into() })?;
    /// assert_eq!(pairing.wait(0)?, PairingStep::Waiting, "nobody has read the text yet");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The two minutes are over, the relay or the network fails, or the two do not understand each other.
    pub fn wait(&mut self, seconds: u32) -> Result<PairingStep, DeviceError> {
        let wait = Duration::from_secs(seconds.into());
        loop {
            let number = match &self.stage {
                Stage::Offered(_) => 0,
                Stage::Committed(_) => 2,
                Stage::Confirming(confirming) => {
                    let name = confirming.device.name.clone();
                    return Ok(PairingStep::TypeDigits { name });
                }
                Stage::Over => return Err(SyncError::from(PairingError::TimedOut).into()),
            };
            let Some(message) = self.channel.take(number, wait)? else {
                return Ok(PairingStep::Waiting);
            };
            self.take(&message)?;
        }
    }

    fn take(&mut self, message: &[u8]) -> Result<(), SyncError> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Offered(owner) => {
                let (committed, nonce) = owner.take_commitment(message, &self.random)?;
                self.channel.leave(1, nonce)?;
                Stage::Committed(committed)
            }
            Stage::Committed(committed) => Stage::Confirming(committed.take_reveal(message)?),
            stage => stage,
        };
        Ok(())
    }
}

impl Device {
    /// Begins to let a device in. At a relay this device syncs first, so that the relay has what the new one asks for.
    ///
    /// ```
    /// use techo_core::device::{Device, JoinRequest, JoiningStep, PairingPlace, PairingStep};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let relay = techo_testing::Files::default();
    /// let clock = techo_testing::SetClock::at(techo_testing::NOW);
    /// let mut phone = Device::open(&folder.path().join("phone"), techo_testing::ports_with(&relay, &clock))?;
    /// let mut tablet = Device::open(&folder.path().join("tablet"), techo_testing::ports_with(&relay, &clock))?;
    ///
    /// let mut pairing = phone.begin_pairing(&PairingPlace::Relay { address: techo_testing::RELAY.into() })?;
    /// let mut joining = tablet.begin_joining(&JoinRequest { texts: vec![pairing.text()], name: "Tablet".into() })?;
    /// assert_eq!(joining.wait(0)?, JoiningStep::Waiting);
    /// assert_eq!(pairing.wait(0)?, PairingStep::Waiting);
    /// let JoiningStep::ShowDigits { digits } = joining.wait(0)? else { panic!("no digits") };
    /// assert_eq!(pairing.wait(0)?, PairingStep::TypeDigits { name: "Tablet".into() });
    /// phone.confirm_pairing(pairing, &digits)?;
    /// assert_eq!(joining.wait(0)?, JoiningStep::Confirmed);
    /// tablet.join(joining)?;
    /// assert_eq!(tablet.devices()?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The relay's or the network's, or a [`SyncError`].
    pub fn begin_pairing(&mut self, place: &PairingPlace) -> Result<Pairing, DeviceError> {
        let (text, owner, channel) = match place {
            PairingPlace::Relay { address } => {
                self.sync_now(Some(address))?;
                let owner = Owner::new(address, &self.random).map_err(SyncError::from)?;
                let text = owner.text().clone();
                let household = self.household()?;
                let open = Call::OpenMailbox { mailbox: text.mailbox };
                ask(&RelayStreams::new(&*self.relay, address), &household, open)?;
                let channel = PairingChannel::mailbox(&text, self.relay.clone());
                (text, owner, channel)
            }
            PairingPlace::Network { listen: at } => {
                let listener = listen(*at).map_err(SyncError::from)?;
                let here = addresses(&listener, || self.network.addresses()).map_err(SyncError::from)?;
                let owner = Owner::new(&network_place(&here), &self.random).map_err(SyncError::from)?;
                (owner.text().clone(), owner, PairingChannel::listening(listener)?)
            }
        };
        Ok(Pairing {
            text,
            channel,
            stage: Stage::Offered(owner),
            random: self.random.clone(),
        })
    }

    /// Lets the new device in, if the digits are those that it shows; the household's keys go over to it, and without a relay its diary too.
    /// Digits that are wrong end the pairing, and nothing was given away.
    ///
    /// ```
    /// use techo_core::device::{Device, JoinRequest, JoiningStep, PairingPlace};
    /// use techo_protocol::Coded;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let relay = techo_testing::Files::default();
    /// let clock = techo_testing::SetClock::at(techo_testing::NOW);
    /// let mut phone = Device::open(&folder.path().join("phone"), techo_testing::ports_with(&relay, &clock))?;
    /// let mut tablet = Device::open(&folder.path().join("tablet"), techo_testing::ports_with(&relay, &clock))?;
    /// let mut pairing = phone.begin_pairing(&PairingPlace::Relay { address: techo_testing::RELAY.into() })?;
    /// let mut joining = tablet.begin_joining(&JoinRequest { texts: vec![pairing.text()], name: "Tablet".into() })?;
    /// joining.wait(0)?;
    /// pairing.wait(0)?;
    /// joining.wait(0)?;
    /// pairing.wait(0)?;
    /// let refused = phone.confirm_pairing(pairing, "none").unwrap_err();
    /// assert_eq!(refused.code(), "pairing.wrong_code");
    /// assert_eq!((phone.devices()?.len(), tablet.devices()?.len()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PairingError::WrongCode`]; [`PairingError::TimedOut`] where no new device has come; the household is full; or the relay's.
    pub fn confirm_pairing(&mut self, pairing: Pairing, digits: &str) -> Result<Paired, DeviceError> {
        let Pairing {
            text,
            mut channel,
            stage: Stage::Confirming(confirming),
            ..
        } = pairing
        else {
            return Err(SyncError::from(PairingError::TimedOut).into());
        };
        let new = confirming.device.clone();
        let confirmed = confirming.confirm(digits).map_err(SyncError::from)?;
        let now = self.now();
        let mut diary = DiaryComes::WithNextSync;
        if text.addresses().is_none() {
            // The list is at the relay before the keys go over: no two devices get one place.
            let (vault, streams) = (self.diary.vault(), RelayStreams::new(&*self.relay, &text.relay));
            let welcome = pairing::admit(vault, &streams, &text.relay, &new, now)?;
            exchange(vault, &streams, &text.relay, now)?;
            channel.leave(3, confirmed.answer(&welcome))?;
        } else {
            let salt = Salt::new(&self.random)?;
            let welcome = pairing::admit_directly(self.diary.vault(), &new, &salt, now)?;
            channel.leave(3, confirmed.answer(&welcome))?;
            if let Some(stream) = channel.into_stream() {
                diary = self.give_diary(stream, &new, &salt).into();
            }
        }
        self.tidy()?;
        Ok(Paired { name: new.name, diary })
    }

    fn give_diary(&mut self, stream: TcpStream, new: &NewDevice, salt: &Salt) -> Result<(), SyncError> {
        let (own, now) = (self.household()?.agreement(), self.now());
        let expected: [AgreementPublic; 1] = [new.agreement];
        let (_, connection) = Connection::answer(stream, &own, &expected, salt, &self.random)?;
        connection.talk(false, &mut VaultHoldings::new(self.diary.vault(), now))?;
        Ok(())
    }
}

impl From<Result<(), SyncError>> for DiaryComes {
    fn from(came: Result<(), SyncError>) -> Self {
        match came {
            Ok(()) => Self::WithThePairing,
            // The two are paired already: that the diary did not come over is no failure of that.
            Err(error) => Self::BrokeOff { error: error.into() },
        }
    }
}
