//! Who takes part in the demonstration of sync: two devices with vaults, and a relay on loopback that can be wiped and set back.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use techo_core::diary::{Diary, Filter, NewVisit, Source, VisitKeys};
use techo_core::documents::EntryId;
use techo_core::ports::FixedClock;
use techo_core::sync::exchange::{Exchanged, StreamRelay, exchange};
use techo_core::sync::household::{NewIdentity, ensure, household};
use techo_core::sync::relay_streams::RelayStreams;
use techo_core::sync::{HouseholdRefusal, SyncError, pairing};
use techo_core::vault::Vault;
use techo_core::vault::key_file::KeyFile;
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::household::pairing::{Joiner, Owner};
use techo_protocol::household::sync_api::{Call, SyncAnswer, SyncRequest};
use techo_relay::Background;

use super::loopback::{self, DATABASE, Log};
use crate::Failure;
use crate::device::HttpRelay;
use crate::failure::CliError;

/// The relay, and all that ever went to it.
pub struct Household {
    folder: PathBuf,
    address: SocketAddr,
    relay: Option<Background>,
    log: Log,
    seen: RefCell<Vec<Vec<u8>>>,
    now: i64,
}

/// Passes requests on, and keeps what a relay would keep for ever.
struct Hoarding<'h> {
    relay: HttpRelay,
    address: String,
    seen: &'h RefCell<Vec<Vec<u8>>>,
}

impl StreamRelay for Hoarding<'_> {
    type Error = SyncError;

    fn call(&self, request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, SyncError> {
        let mut seen = self.seen.borrow_mut();
        match &request.call {
            Call::Push { chunks, .. } | Call::Swap { add: chunks, .. } => seen.extend(chunks.iter().map(|chunk| chunk.to_vec())),
            Call::Install {
                records,
                new_keyring,
                add,
                ..
            } => {
                let all = records.iter().chain(new_keyring).chain(add);
                seen.extend(all.map(|bytes| bytes.to_vec()));
            }
            _ => {}
        }
        drop(seen);
        RelayStreams::new(&self.relay, &self.address).call(request, signed)
    }
}

impl Household {
    /// Starts a relay in a folder of its own.
    pub fn begin(folder: &Path, now: i64) -> Result<Self, Failure> {
        let folder = folder.join("relay");
        let mut home = Self {
            folder,
            address: ([127, 0, 0, 1], 0).into(),
            relay: None,
            log: Log::default(),
            seen: RefCell::default(),
            now,
        };
        home.start()?;
        Ok(home)
    }

    fn start(&mut self) -> Result<(), Failure> {
        let relay = loopback::start(&self.folder, self.address, vec![], &self.log)?;
        self.address = relay.address();
        self.relay = Some(relay);
        Ok(())
    }

    fn stop(&mut self) {
        if let Some(relay) = self.relay.take() {
            relay.stop();
        }
    }

    /// Where the relay listens, before and after each of its misfortunes.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that ever went to the relay.
    pub fn hoard(&self) -> Vec<Vec<u8>> {
        self.seen.borrow().clone()
    }

    fn streams(&self) -> Hoarding<'_> {
        Hoarding {
            relay: HttpRelay::default(),
            address: self.url(),
            seen: &self.seen,
        }
    }

    /// Syncs one device with the relay of the demo.
    pub fn sync(&self, person: &mut Person) -> Result<Exchanged, Failure> {
        Ok(exchange(person.diary.vault(), &self.streams(), &self.url(), self.now)?)
    }

    /// One device's sync, then the other's, then the first's again.
    pub fn both(&self, one: &mut Person, other: &mut Person) -> Result<(), Failure> {
        self.sync(one)?;
        self.sync(other)?;
        self.sync(one)?;
        Ok(())
    }

    /// Lets the second into the household of the first; gives the four digits that both saw.
    pub fn pair(&self, owner: &mut Person, joiner: &mut Person) -> Result<String, Failure> {
        let random = SystemRandom::new();
        self.sync(owner)?;
        let offered = Owner::new(&self.url(), &random)?;
        let text = offered.text().clone();
        let identity = NewIdentity::generate("tablet", &random)?;
        let (joining, commitment) = Joiner::new(&text, &identity.device, &random)?;
        let (committed, nonce) = offered.take_commitment(&commitment, &random)?;
        let (waiting, reveal) = joining.take_nonce(&nonce)?;
        let confirming = committed.take_reveal(&reveal)?;
        let device = confirming.device.clone();
        let digits = waiting.code.clone();
        let confirmed = confirming.confirm(&digits)?;
        let streams = self.streams();
        let welcome = pairing::admit(owner.diary.vault(), &streams, &self.url(), &device, self.now)?;
        let answer = waiting.take_answer(&confirmed.answer(&welcome))?;
        pairing::join(joiner.diary.vault(), &streams, &identity, &answer, self.now)?;
        self.both(owner, joiner)?;
        Ok(digits)
    }

    /// The relay loses everything.
    pub fn wipe(&mut self) -> Result<(), Failure> {
        self.stop();
        self.remove()?;
        self.start()
    }

    fn remove(&self) -> Result<(), Failure> {
        for end in ["", "-wal", "-shm"] {
            let file = self.folder.join(format!("{DATABASE}{end}"));
            if file.exists() {
                std::fs::remove_file(&file).map_err(|_| CliError::FileUnwritable)?;
            }
        }
        Ok(())
    }

    /// The relay's database as it is now.
    pub fn copy(&mut self) -> Result<Vec<u8>, Failure> {
        // Stopped, all of it is in one file.
        self.stop();
        let copy = std::fs::read(self.folder.join(DATABASE)).map_err(|_| CliError::FileUnreadable)?;
        self.start()?;
        Ok(copy)
    }

    /// The relay goes on from an older state, and says nothing of it.
    pub fn set_back(&mut self, old: &[u8]) -> Result<(), Failure> {
        self.stop();
        self.remove()?;
        std::fs::write(self.folder.join(DATABASE), old).map_err(|_| CliError::FileUnwritable)?;
        self.start()
    }

    /// Ends the relay; how many lines it logged, and the log.
    pub fn end(&mut self) -> (usize, String) {
        self.stop();
        let log = self.log.text();
        (log.lines().count(), log)
    }
}

/// A device with a diary.
pub struct Person {
    pub diary: Diary,
}

impl Person {
    /// A new device, with a household of its own.
    pub fn new(folder: &Path, name: &str, now: i64) -> Result<Self, Failure> {
        let folder = folder.join(name);
        let keeper = KeyFile::new(&folder, None, Box::new(SystemRandom::new()));
        let vault = Vault::open(&folder, Box::new(keeper), Box::new(SystemRandom::new()))?;
        let mut diary = Diary::open(vault, Box::new(FixedClock(now)))?;
        ensure(diary.vault(), name, now)?;
        Ok(Self { diary })
    }

    /// Enters a visit of an hour.
    pub fn visit(&mut self, name: &str, at: i64) -> Result<EntryId, Failure> {
        let visit = NewVisit {
            name: name.to_owned(),
            address: None,
            check_in: at,
            check_out: None,
            default_stay_min: 60,
            source: Source::Manual,
            keys: VisitKeys::None,
            with: vec![],
            note: None,
        };
        Ok(self.diary.check_in(&visit)?.id)
    }

    /// The names of the visits, in order.
    pub fn names(&mut self) -> Result<Vec<String>, Failure> {
        let visits = self.diary.list(&Filter::default())?.visits;
        let mut names: Vec<String> = visits.into_iter().map(|visit| visit.name).collect();
        names.sort();
        Ok(names)
    }

    /// The note of a visit, as this device shows it.
    pub fn note(&mut self, id: &EntryId) -> Result<String, Failure> {
        let visits = self.diary.list(&Filter::default())?.visits;
        let visit = visits.into_iter().find(|visit| visit.id == *id);
        Ok(visit.and_then(|visit| visit.note).unwrap_or_default())
    }

    /// The device's signing key, by which the others know it.
    pub fn key(&mut self) -> Result<PublicKey, Failure> {
        let household = household(self.diary.vault())?.ok_or(SyncError::from(HouseholdRefusal::None))?;
        let me = household.list.device(household.index);
        Ok(me.ok_or(SyncError::from(HouseholdRefusal::NoSuchDevice))?.key)
    }
}
