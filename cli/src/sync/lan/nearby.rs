//! One session of looking for the household's devices: who is found, who calls whom, and a conversation with each, one after the other.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use techo_core::ports::{Discovery, Heard, SystemRandom};
use techo_core::sync::SyncError;
use techo_core::sync::direct::{Holdings, Talked};
use techo_protocol::basics::agreement::{AgreementKey, AgreementPublic};
use techo_protocol::basics::random::{Random, RandomError};
use techo_protocol::household::direct::{Advertisement, DirectError, DirectFailure};

use super::LanError;
use super::connection::Connection;
use crate::Failure;

/// How often the listener is looked at while nothing is heard.
const STEP: Duration = Duration::from_millis(100);
/// Callers at once that have not said who they are yet; more are turned away.
const MOST_CALLERS: usize = 8;
/// So often a device is called, with a pause in between.
const MOST_CALLS: usize = 3;
const PAUSE: Duration = Duration::from_secs(2);

techo_protocol::coded_union! {
    /// Why a device could not be synced with.
    pub enum MeetError {
        /// The connection.
        Lan(LanError);
        /// What the other said.
        Direct(DirectError);
        /// The vault.
        Sync(SyncError);
        /// No random bytes.
        Random(RandomError);
    }
}

impl From<DirectFailure> for MeetError {
    fn from(failure: DirectFailure) -> Self {
        match failure {
            DirectFailure::Direct(error) => error.into(),
            DirectFailure::Random(error) => error.into(),
        }
    }
}

/// Another device of the household.
#[derive(Debug, Clone, Copy)]
pub struct Device {
    pub index: u8,
    pub key: AgreementPublic,
}

/// What came of meeting a device.
#[derive(Debug)]
pub struct Met {
    /// Its index in the device list.
    pub device: u8,
    pub result: Result<Talked, MeetError>,
}

/// A device that is to be called.
struct Call {
    heard: Heard,
    announced: Advertisement,
    tries: usize,
    not_before: Instant,
}

/// A device that has called and said who it is, by its place among the peers.
type Caller = (usize, Connection);

/// A session.
pub struct Nearby {
    own: Arc<AgreementKey>,
    peers: Vec<Device>,
    keys: Arc<[AgreementPublic]>,
    listener: Option<TcpListener>,
    announced: Advertisement,
    /// Calls whoever is heard, whatever the salts say: the other only listens.
    pub calls_always: bool,
    /// So many devices are to be met; all listed ones, if nothing else is said.
    pub wanted: usize,
    reported: Vec<bool>,
    /// Why it went wrong the last time.
    failed: BTreeMap<usize, MeetError>,
    calls: BTreeMap<usize, Call>,
    callers: Arc<AtomicUsize>,
    let_in: Sender<Caller>,
    answered: Receiver<Caller>,
}

impl Nearby {
    /// A session of the device `own`. Without a listener it can only call.
    ///
    /// # Errors
    /// No randomness, or the listener cannot be used.
    pub fn new(
        own: AgreementKey,
        peers: Vec<Device>,
        listener: Option<TcpListener>,
        random: &dyn Random,
    ) -> Result<Self, Failure> {
        let keys: Arc<[AgreementPublic]> = peers.iter().map(|peer| peer.key).collect();
        let announced = Advertisement::new(&own, &keys, random)?;
        if let Some(listener) = &listener {
            listener.set_nonblocking(true).map_err(|_| LanError::NoNetwork)?;
        }
        let (let_in, answered) = channel();
        Ok(Self {
            own: Arc::new(own),
            reported: vec![false; peers.len()],
            failed: BTreeMap::new(),
            wanted: peers.len(),
            peers,
            keys,
            listener,
            announced,
            calls_always: false,
            calls: BTreeMap::new(),
            callers: Arc::default(),
            let_in,
            answered,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// [`LanError::NoNetwork`].
    pub fn address(&self) -> Result<Option<SocketAddr>, LanError> {
        let address = self.listener.as_ref().map(TcpListener::local_addr);
        address.transpose().map_err(|_| LanError::NoNetwork)
    }

    /// What it announces.
    pub fn announcement(&self) -> String {
        self.announced.write()
    }

    /// Which device announced this, by its index.
    pub fn whose(&self, heard: &Heard) -> Option<u8> {
        let announced = Advertisement::read(&heard.announcement).ok()?;
        let place = announced.recognise(&self.own, &self.keys)?;
        Some(self.peers[place].index)
    }

    /// Looks for the others until all were met, or the time is over. `report` is told of each once: when it went well, when it was tried often
    /// enough, or at the end.
    ///
    /// # Errors
    /// The network cannot be used, or `report`'s. That a device could not be synced with is told to `report`.
    pub fn run<H>(
        &mut self,
        discovery: &mut dyn Discovery,
        holdings: &mut H,
        until: Instant,
        report: &mut dyn FnMut(Met) -> Result<(), Failure>,
    ) -> Result<(), Failure>
    where
        H: Holdings,
        MeetError: From<H::Error>,
    {
        if let Some(address) = self.address()? {
            discovery.announce(&self.announcement(), address.port())?;
        }
        while Instant::now() < until && self.reported.iter().filter(|reported| **reported).count() < self.wanted {
            self.let_callers_in();
            if let Some(heard) = discovery.hear(STEP)? {
                self.note(heard);
            }
            while let Ok((place, connection)) = self.answered.try_recv() {
                match connection.talk(false, holdings) {
                    Ok(talked) => self.end(place, Ok(talked), report)?,
                    // The caller calls again.
                    Err(error) => drop(self.failed.insert(place, error)),
                }
            }
            match self.call(holdings) {
                Some((place, Ok(talked))) => self.end(place, Ok(talked), report)?,
                Some((place, Err(error))) if self.calls.get(&place).is_none_or(|call| call.tries >= MOST_CALLS) => {
                    self.end(place, Err(error), report)?;
                }
                Some((place, Err(error))) => drop(self.failed.insert(place, error)),
                None => {}
            }
        }
        for (place, error) in std::mem::take(&mut self.failed) {
            self.end(place, Err(error), report)?;
        }
        Ok(())
    }

    fn end(
        &mut self,
        place: usize,
        result: Result<Talked, MeetError>,
        report: &mut dyn FnMut(Met) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.calls.remove(&place);
        if std::mem::replace(&mut self.reported[place], true) {
            // It came back for what it missed, or had failed before it went well.
            return Ok(());
        }
        report(Met {
            device: self.peers[place].index,
            result,
        })
    }

    /// Takes note of a device that was heard, where it is one of the household's and is to be called.
    fn note(&mut self, heard: Heard) {
        let Ok(announced) = Advertisement::read(&heard.announcement) else {
            return;
        };
        let Some(place) = announced.recognise(&self.own, &self.keys) else {
            return;
        };
        let calls = self.calls_always || self.announced.salt.connects_to(&announced.salt);
        if !calls || self.reported[place] {
            return;
        }
        match self.calls.get_mut(&place) {
            // The same again, perhaps with more addresses.
            Some(call) if call.announced == announced => call.heard = heard,
            _ => {
                let call = Call {
                    heard,
                    announced,
                    tries: 0,
                    not_before: Instant::now(),
                };
                self.calls.insert(place, call);
            }
        }
    }

    /// Calls one device, if one is due.
    fn call<H: Holdings>(&mut self, holdings: &mut H) -> Option<(usize, Result<Talked, MeetError>)>
    where
        MeetError: From<H::Error>,
    {
        let now = Instant::now();
        let (place, call) = self.calls.iter_mut().find(|(_, call)| call.not_before <= now)?;
        let peer = &self.keys[*place];
        let connected = Connection::call(
            &call.heard.addresses,
            &self.own,
            peer,
            &call.announced.salt,
            &SystemRandom::new(),
        );
        let result = connected.and_then(|connection| connection.talk(true, holdings));
        call.tries += 1;
        call.not_before = Instant::now() + PAUSE;
        Some((*place, result))
    }

    /// Each caller says who it is on a thread of its own: a stranger that says nothing holds nobody up.
    fn let_callers_in(&self) {
        let Some(listener) = &self.listener else { return };
        while let Ok((stream, _)) = listener.accept() {
            if self.callers.fetch_add(1, Ordering::AcqRel) >= MOST_CALLERS {
                self.callers.fetch_sub(1, Ordering::AcqRel);
                continue;
            }
            self.let_in(stream);
        }
    }

    fn let_in(&self, stream: TcpStream) {
        let (own, keys, callers) = (self.own.clone(), self.keys.clone(), self.callers.clone());
        let (salt, answered) = (self.announced.salt, self.let_in.clone());
        std::thread::spawn(move || {
            if let Ok(caller) = Connection::answer(stream, &own, &keys, &salt, &SystemRandom::new()) {
                // Where the session is over by now, the connection is closed.
                let _ = answered.send(caller);
            }
            callers.fetch_sub(1, Ordering::AcqRel);
        });
    }
}

#[cfg(test)]
mod tests;
