//! One search for the household's devices on a network: who is found, who calls whom, and a session with each, one after the other.

mod connection;

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use techo_protocol::basics::agreement::{AgreementKey, AgreementPublic};
use techo_protocol::household::direct::{Advertisement, DirectError};

pub(crate) use self::connection::Connection;
pub(in crate::sync) use self::connection::prepare;
use super::SyncError;
use super::direct::{Holdings, PeerExchange};
use crate::ports::{Discovery, Heard, NearbyError, Random};

/// How often the listener is looked at while nothing is heard.
const STEP: Duration = Duration::from_millis(100);
/// Callers at once that have not said who they are yet; more are turned away.
const MOST_CALLERS: usize = 8;
/// So often a device is called, with a pause in between.
const MOST_CALLS: usize = 3;
const PAUSE: Duration = Duration::from_secs(2);

/// Another device of the household.
#[derive(Debug, Clone, Copy)]
pub struct NearbyPeer {
    /// Its index in the device list.
    pub index: u8,
    /// The key by which it is recognised.
    pub key: AgreementPublic,
}

/// What came of meeting a device.
#[derive(Debug)]
pub struct Met {
    /// Its index in the device list.
    pub device: u8,
    /// What was synced, or why nothing could be.
    pub result: Result<PeerExchange, SyncError>,
}

/// How the devices of a session hear of each other.
pub enum FoundBy {
    /// By announcements on the network.
    Announcements(Box<dyn Discovery>),
    /// By invitations that a person carried over; nothing is announced. Who is invited is called, whatever the salts say.
    Invitations(Vec<Heard>),
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

/// A session of one device, until it has met the others or its time is over. Dropping it closes the listener and takes the announcement back.
pub struct NearbySession {
    own: Arc<AgreementKey>,
    peers: Vec<NearbyPeer>,
    keys: Arc<[AgreementPublic]>,
    listener: Option<TcpListener>,
    announced: Advertisement,
    found_by: FoundBy,
    random: Arc<dyn Random + Send + Sync>,
    ends: Instant,
    /// So many devices are to be met.
    wanted: usize,
    /// By peer: whether it was met, or given up.
    reported: Vec<bool>,
    /// What is to be told next.
    news: VecDeque<Met>,
    /// Why it went wrong the last time.
    failed: BTreeMap<usize, SyncError>,
    calls: BTreeMap<usize, Call>,
    callers: Arc<AtomicUsize>,
    let_in: Sender<Caller>,
    answered: Receiver<Caller>,
}

/// Listens on every address of this machine, of both kinds where the system allows, or at the one that is given.
///
/// # Errors
/// [`NearbyError::NoNetwork`].
pub fn listen(at: Option<SocketAddr>) -> Result<TcpListener, NearbyError> {
    let port = 0;
    let listener = match at {
        Some(address) => TcpListener::bind(address),
        None => TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))),
    };
    listener.map_err(|_| NearbyError::NoNetwork)
}

impl NearbySession {
    /// Begins a session of the device `own` that looks for `peers` for so long. Without a listener it can only call.
    ///
    /// # Errors
    /// [`NearbyError::NoPeers`]; [`DirectError::Stranger`] for an invitation of a device that is none of the peers; no randomness, or the
    /// network cannot be used.
    pub fn begin(
        own: AgreementKey,
        peers: Vec<NearbyPeer>,
        listener: Option<TcpListener>,
        found_by: FoundBy,
        time: Duration,
        random: Arc<dyn Random + Send + Sync>,
    ) -> Result<Self, SyncError> {
        if peers.is_empty() {
            return Err(NearbyError::NoPeers.into());
        }
        let keys: Arc<[AgreementPublic]> = peers.iter().map(|peer| peer.key).collect();
        let announced = Advertisement::new(&own, &keys, &*random)?;
        if let Some(listener) = &listener {
            listener.set_nonblocking(true).map_err(|_| NearbyError::NoNetwork)?;
        }
        let (let_in, answered) = channel();
        let mut session = Self {
            own: Arc::new(own),
            reported: vec![false; peers.len()],
            news: VecDeque::new(),
            failed: BTreeMap::new(),
            wanted: peers.len(),
            peers,
            keys,
            listener,
            announced,
            found_by,
            random,
            ends: Instant::now() + time,
            calls: BTreeMap::new(),
            callers: Arc::default(),
            let_in,
            answered,
        };
        session.introduce()?;
        Ok(session)
    }

    /// Announces this device, or looks at its invitations.
    fn introduce(&mut self) -> Result<(), SyncError> {
        let (announcement, address) = (self.announcement(), self.address()?);
        match &mut self.found_by {
            FoundBy::Announcements(discovery) => {
                if let Some(address) = address {
                    discovery.announce(&announcement, address.port())?;
                }
            }
            FoundBy::Invitations(invited) => {
                let invited = std::mem::take(invited);
                if address.is_none() {
                    self.wanted = invited.len();
                }
                for heard in invited {
                    let announced = Advertisement::read(&heard.announcement)?;
                    let place = announced.recognise(&self.own, &self.keys).ok_or(DirectError::Stranger)?;
                    self.plan_call(place, heard, announced);
                }
            }
        }
        Ok(())
    }

    /// Where it listens.
    ///
    /// # Errors
    /// [`NearbyError::NoNetwork`].
    pub fn address(&self) -> Result<Option<SocketAddr>, NearbyError> {
        let address = self.listener.as_ref().map(TcpListener::local_addr);
        address.transpose().map_err(|_| NearbyError::NoNetwork)
    }

    /// The tag that this device announces on the network, which only its household recognises.
    pub fn announcement(&self) -> String {
        self.announced.write()
    }

    /// Whether all were met or the time is over, and everything was told.
    pub fn is_over(&self) -> bool {
        self.news.is_empty() && self.failed.is_empty() && self.looks_no_more()
    }

    fn looks_no_more(&self) -> bool {
        Instant::now() >= self.ends || self.reported.iter().filter(|reported| **reported).count() >= self.wanted
    }

    /// Looks for the others until there is something to tell, for so long at most; a session that has begun is held to its end. Each
    /// device is told of once: when it went well, when it was tried often enough, or at the end.
    ///
    /// # Errors
    /// The network cannot be used, or there is no randomness. That a device could not be synced with is told like one that could.
    pub fn meet_next<H>(&mut self, holdings: &mut H, wait: Duration) -> Result<Option<Met>, SyncError>
    where
        H: Holdings,
        SyncError: From<H::Error>,
    {
        let until = Instant::now() + wait;
        loop {
            if self.looks_no_more() {
                for (place, error) in std::mem::take(&mut self.failed) {
                    self.end(place, Err(error));
                }
            } else if self.news.is_empty() {
                self.look(holdings)?;
            }
            let news = self.news.pop_front();
            if news.is_some() || self.is_over() || Instant::now() >= until {
                return Ok(news);
            }
        }
    }

    /// Listens and calls once.
    fn look<H>(&mut self, holdings: &mut H) -> Result<(), SyncError>
    where
        H: Holdings,
        SyncError: From<H::Error>,
    {
        self.let_callers_in();
        match &mut self.found_by {
            FoundBy::Announcements(discovery) => {
                if let Some(heard) = discovery.hear(STEP)? {
                    self.note(heard);
                }
            }
            FoundBy::Invitations(_) => std::thread::sleep(STEP),
        }
        while let Ok((place, connection)) = self.answered.try_recv() {
            match connection.talk(false, holdings) {
                Ok(exchanged) => self.end(place, Ok(exchanged)),
                // The caller calls again.
                Err(error) => drop(self.failed.insert(place, error)),
            }
        }
        match self.call(holdings) {
            Some((place, Ok(exchanged))) => self.end(place, Ok(exchanged)),
            Some((place, Err(error))) if self.calls.get(&place).is_none_or(|call| call.tries >= MOST_CALLS) => {
                self.end(place, Err(error));
            }
            Some((place, Err(error))) => drop(self.failed.insert(place, error)),
            None => {}
        }
        Ok(())
    }

    fn end(&mut self, place: usize, result: Result<PeerExchange, SyncError>) {
        self.calls.remove(&place);
        self.failed.remove(&place);
        // Otherwise it came back for what it missed, or had failed before it went well.
        if !std::mem::replace(&mut self.reported[place], true) {
            self.news.push_back(Met {
                device: self.peers[place].index,
                result,
            });
        }
    }

    /// Takes note of a device that was heard, where it is one of the household's and is to be called.
    fn note(&mut self, heard: Heard) {
        let Ok(announced) = Advertisement::read(&heard.announcement) else {
            return;
        };
        let Some(place) = announced.recognise(&self.own, &self.keys) else {
            return;
        };
        if self.announced.salt.connects_to(&announced.salt) && !self.reported[place] {
            self.plan_call(place, heard, announced);
        }
    }

    fn plan_call(&mut self, place: usize, heard: Heard, announced: Advertisement) {
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
    fn call<H: Holdings>(&mut self, holdings: &mut H) -> Option<(usize, Result<PeerExchange, SyncError>)>
    where
        SyncError: From<H::Error>,
    {
        let now = Instant::now();
        let (place, call) = self.calls.iter_mut().find(|(_, call)| call.not_before <= now)?;
        let peer = &self.keys[*place];
        let connected = Connection::call(&call.heard.addresses, &self.own, peer, &call.announced.salt, &self.random);
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
        let (salt, answered, random) = (self.announced.salt, self.let_in.clone(), self.random.clone());
        std::thread::spawn(move || {
            if let Ok(caller) = Connection::answer(stream, &own, &keys, &salt, &random) {
                // Where the session is over by now, the connection is closed.
                let _ = answered.send(caller);
            }
            callers.fetch_sub(1, Ordering::AcqRel);
        });
    }
}

#[cfg(test)]
mod tests;
