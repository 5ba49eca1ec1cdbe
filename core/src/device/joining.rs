//! Joining a household, on the new device.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use techo_protocol::household::pairing::{Joiner, PairingError, PairingText, Waiting};
use zeroize::Zeroizing;

use super::pairing::DiaryComes;
use super::{Device, DeviceError};
use crate::ports::{Random, Relay};
use crate::sync::direct::VaultHoldings;
use crate::sync::exchange::exchange;
use crate::sync::household::NewIdentity;
use crate::sync::nearby::Connection;
use crate::sync::pairing::OwnerToCall;
use crate::sync::pairing_channel::PairingChannel;
use crate::sync::relay_streams::RelayStreams;
use crate::sync::{SyncError, pairing};

/// A request to join a household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// The texts of the codes that a picture holds, or what a person typed: the first that is a pairing's is taken.
    pub texts: Vec<String>,
    /// What this device is called in the household's list.
    pub name: String,
}

/// A pairing under way, on the new device. Dropping it ends it, and nothing was changed.
pub struct Joining {
    text: PairingText,
    identity: NewIdentity,
    channel: PairingChannel,
    stage: Stage,
}

enum Stage {
    Committed(Joiner),
    Shown(Waiting),
    Confirmed(Zeroizing<Vec<u8>>),
    /// The pairing broke off.
    Over,
}

/// What a pairing has come to, on the new device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoiningStep {
    /// The other device has not answered yet.
    Waiting,
    /// These digits are to be shown: the person types them into the other device.
    ShowDigits {
        /// The four digits, as text.
        digits: String,
    },
    /// The person has typed them; [`Device::join`] makes this device one of the household.
    Confirmed,
}

/// A device that has joined a household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// How the household's diary comes to it.
    pub diary: DiaryComes,
}

impl Joining {
    /// Answers a pairing text, before there is a device here: [`Device::begin_joining`] does it for a device that is open. Nothing is written.
    ///
    /// ```
    /// use techo_core::device::{Device, JoinRequest, Joining, JoiningStep, PairingPlace};
    /// use techo_core::ports::SystemRandom;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (relay, clock) = (techo_testing::Files::default(), techo_testing::SetClock::at(techo_testing::NOW));
    /// let ports = || techo_testing::ports_with(&relay, &clock);
    /// let mut phone = Device::open(&folder.path().join("phone"), ports())?;
    /// let pairing = phone.begin_pairing(&PairingPlace::Relay { address: techo_testing::RELAY.into() })?;
    /// let request = JoinRequest { texts: vec![pairing.text()], name: "Tablet".into() };
    /// let mut joining = Joining::begin(&request, &SystemRandom::new(), ports().relay)?;
    /// assert_eq!(joining.wait(0)?, JoiningStep::Waiting);
    /// assert!(!Device::exists(&folder.path().join("tablet")), "nothing is begun before the digits are confirmed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PairingError::NotAPairing`], [`PairingError::NewerVersion`]; [`PairingError::Unreachable`] where the two are to meet on a network and do
    /// not; the relay's; or a name that is none.
    pub fn begin(
        request: &JoinRequest,
        random: &(dyn Random + Send + Sync),
        relay: Arc<dyn Relay + Send + Sync>,
    ) -> Result<Self, DeviceError> {
        let text = pairing_text(&request.texts).map_err(SyncError::from)?;
        let identity = NewIdentity::generate(&request.name, random)?;
        let mut channel = match text.addresses() {
            Some(addresses) => PairingChannel::connecting(&addresses)?,
            None => PairingChannel::mailbox(&text, relay),
        };
        let (joiner, commitment) = Joiner::new(&text, &identity.device, random).map_err(SyncError::from)?;
        channel.leave(0, commitment)?;
        Ok(Self {
            text,
            identity,
            channel,
            stage: Stage::Committed(joiner),
        })
    }

    /// Waits for the other device, for so many seconds at most; a relay may hold a request for 55. Digits that were shown once are answered
    /// again until the person has typed them.
    ///
    /// ```
    /// use techo_core::device::{Device, JoinRequest, JoiningStep, PairingPlace};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (relay, clock) = (techo_testing::Files::default(), techo_testing::SetClock::at(techo_testing::NOW));
    /// let mut phone = Device::open(&folder.path().join("phone"), techo_testing::ports_with(&relay, &clock))?;
    /// let mut pairing = phone.begin_pairing(&PairingPlace::Relay { address: techo_testing::RELAY.into() })?;
    /// let tablet = Device::open(&folder.path().join("tablet"), techo_testing::ports_with(&relay, &clock))?;
    /// let mut joining = tablet.begin_joining(&JoinRequest { texts: vec![pairing.text()], name: "Tablet".into() })?;
    /// pairing.wait(0)?;
    /// let JoiningStep::ShowDigits { digits } = joining.wait(0)? else { panic!("no digits") };
    /// assert_eq!(digits.len(), 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The two minutes are over or the digits were wrong, the relay or the network fails, or the two do not understand each other.
    pub fn wait(&mut self, seconds: u32) -> Result<JoiningStep, DeviceError> {
        let wait = Duration::from_secs(seconds.into());
        let number = match &self.stage {
            Stage::Committed(_) => 1,
            Stage::Shown(_) => 3,
            Stage::Confirmed(_) => return Ok(JoiningStep::Confirmed),
            Stage::Over => return Err(SyncError::from(PairingError::TimedOut).into()),
        };
        if let Some(message) = self.channel.take(number, wait)? {
            self.take(&message)?;
        }
        Ok(match &self.stage {
            Stage::Shown(waiting) => JoiningStep::ShowDigits {
                digits: waiting.code.clone(),
            },
            Stage::Confirmed(_) => JoiningStep::Confirmed,
            Stage::Committed(_) | Stage::Over => JoiningStep::Waiting,
        })
    }

    fn take(&mut self, message: &[u8]) -> Result<(), SyncError> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Committed(joiner) => {
                let (waiting, reveal) = joiner.take_nonce(message)?;
                self.channel.leave(2, reveal)?;
                Stage::Shown(waiting)
            }
            Stage::Shown(waiting) => Stage::Confirmed(waiting.take_answer(message)?),
            stage => stage,
        };
        Ok(())
    }
}

/// The first pairing text; the reason why the first text is none, where there is no other.
fn pairing_text(texts: &[String]) -> Result<PairingText, PairingError> {
    let mut read = texts.iter().map(|text| PairingText::read(text));
    let first = read.next().unwrap_or(Err(PairingError::NotAPairing));
    first.or_else(|error| read.find_map(Result::ok).ok_or(error))
}

impl Device {
    /// Begins to join the household of a pairing text. The example of [`Self::begin_pairing`] shows all of it.
    ///
    /// ```
    /// use techo_core::device::{Device, JoinRequest};
    /// use techo_protocol::Coded;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let tablet = Device::open(folder.path(), techo_testing::ports())?;
    /// let request = JoinRequest { texts: vec!["a poster".into()], name: "Tablet".into() };
    /// let refused = tablet.begin_joining(&request).err();
    /// assert_eq!(refused.map(|error| error.code()), Some("pairing.not_a_pairing"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Joining::begin`].
    pub fn begin_joining(&self, request: &JoinRequest) -> Result<Joining, DeviceError> {
        Joining::begin(request, &*self.random, self.relay.clone())
    }

    /// Makes this device one of the household whose digits were confirmed. A diary that is here stays, and becomes part of the household's.
    ///
    /// ```
    /// use techo_core::device::{Device, DiaryComes, JoinRequest, JoiningStep, PairingPlace, PairingStep};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let [mut phone, mut tablet] = ["phone", "tablet"].map(|name| Device::open(&folder.path().join(name), techo_testing::ports()));
    /// let (mut phone, mut tablet) = (phone?, tablet?);
    /// // Without a relay, on one network.
    /// let mut pairing = phone.begin_pairing(&PairingPlace::Network { listen: Some("127.0.0.1:0".parse()?) })?;
    /// let mut joining = tablet.begin_joining(&JoinRequest { texts: vec![pairing.text()], name: "Tablet".into() })?;
    /// let other = std::thread::spawn(move || {
    ///     let digits = loop {
    ///         if let JoiningStep::ShowDigits { digits } = joining.wait(1).unwrap() { break digits }
    ///     };
    ///     // The person reads them here and types them there.
    ///     (joining, digits)
    /// });
    /// while pairing.wait(1)? == PairingStep::Waiting {}
    /// let (mut joining, digits) = other.join().unwrap();
    /// let paired = std::thread::spawn(move || phone.confirm_pairing(pairing, &digits));
    /// while joining.wait(1)? != JoiningStep::Confirmed {}
    /// assert_eq!(tablet.join(joining)?.diary, DiaryComes::WithThePairing);
    /// assert_eq!(paired.join().unwrap()?.diary, DiaryComes::WithThePairing);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PairingError::TimedOut`] where nothing was confirmed; the relay's; or the vault cannot be written.
    pub fn join(&mut self, joining: Joining) -> Result<Joined, DeviceError> {
        let Joining {
            text,
            identity,
            channel,
            stage: Stage::Confirmed(welcome),
        } = joining
        else {
            return Err(SyncError::from(PairingError::TimedOut).into());
        };
        let now = self.now();
        let mut diary = DiaryComes::WithNextSync;
        if text.addresses().is_none() {
            let streams = RelayStreams::new(&*self.relay, &text.relay);
            pairing::join(self.diary.vault(), &streams, &identity, &welcome, now)?;
            // So that the household's diary is here, and the relay is known to a sync that names none.
            diary = exchange(self.diary.vault(), &streams, &text.relay, now).map(drop).into();
        } else {
            let owner = pairing::join_directly(self.diary.vault(), &identity, &welcome, now)?;
            if let Some(stream) = channel.into_stream() {
                diary = self.get_diary(stream, &owner).into();
            }
        }
        self.tidy()?;
        Ok(Joined { diary })
    }

    fn get_diary(&mut self, stream: TcpStream, owner: &OwnerToCall) -> Result<(), SyncError> {
        let (own, now) = (self.household()?.agreement(), self.now());
        let connection = Connection::call_over(stream, &own, &owner.key, &owner.salt, &self.random)?;
        connection.talk(true, &mut VaultHoldings::new(self.diary.vault(), now))?;
        Ok(())
    }
}
