//! Who takes part in the demonstration of sync: two devices with vaults, and a relay on loopback that can be wiped and set back.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use techo_core::device::{
    AddVisit, Device, DeviceError, EditVisit, JoinRequest, JoiningStep, PairingPlace, PairingStep, Synced, VisitView,
};
use techo_core::diary::Filter;
use techo_core::documents::EntryId;
use techo_core::ports::{FixedClock, HttpError, Relay};
use techo_core::sync::seizure::{self, Seized};
use techo_protocol::household::sync_api::{Call, SyncRequest};
use techo_relay::Background;

use super::loopback::{self, DATABASE, Log};
use super::phone;
use crate::Failure;
use crate::device::HttpRelay;
use crate::failure::CliError;

/// So long one device waits for the other at a time, in seconds.
const WAIT_SECONDS: u32 = 20;

/// The relay, and all that ever went to it.
pub struct Household {
    folder: PathBuf,
    address: SocketAddr,
    relay: Option<Background>,
    log: Log,
    hoarding: Arc<Hoarding>,
    now: i64,
}

/// Passes requests on, and keeps what a relay would keep for ever.
#[derive(Default)]
struct Hoarding {
    relay: HttpRelay,
    seen: Mutex<Vec<Vec<u8>>>,
}

impl Relay for Hoarding {
    fn get(&self, relay: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, HttpError> {
        self.relay.get(relay, path, most)
    }

    fn put(&self, relay: &str, path: &str, content: Vec<u8>) -> Result<(), HttpError> {
        self.relay.put(relay, path, content)
    }

    fn post(&self, relay: &str, path: &str, content: Vec<u8>, most: usize) -> Result<Vec<u8>, HttpError> {
        if let Some(request) = SyncRequest::read(&content) {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            match request.call() {
                Call::Push { chunks, .. } | Call::Swap { add: chunks, .. } => {
                    seen.extend(chunks.iter().map(|chunk| chunk.to_vec()));
                }
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
        }
        self.relay.post(relay, path, content, most)
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
            hoarding: Arc::default(),
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
        self.hoarding.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A new device of a name, with a household of its own.
    pub fn device(&self, folder: &Path, name: &str) -> Result<Member, Failure> {
        let folder = folder.join(name);
        let mut device = phone::open(&folder, Box::new(FixedClock(self.now)), self.hoarding.clone())?;
        device.rename_device(0, name)?;
        let name = name.to_owned();
        Ok(Member { name, device, folder })
    }

    /// Syncs one device with the relay of the demo.
    pub fn sync(&self, member: &mut Member) -> Result<Synced, Failure> {
        Ok(member.device.sync_now(Some(&self.url()))?)
    }

    /// One device's sync, then the other's, then the first's again.
    pub fn both(&self, one: &mut Member, other: &mut Member) -> Result<(), Failure> {
        self.sync(one)?;
        self.sync(other)?;
        self.sync(one)?;
        Ok(())
    }

    /// Lets the second into the household of the first; gives the four digits that both saw.
    pub fn pair(&self, owner: &mut Member, joiner: &mut Member) -> Result<String, Failure> {
        let mut pairing = owner.device.begin_pairing(&PairingPlace::Relay { address: self.url() })?;
        let mut joining = joiner.device.begin_joining(&JoinRequest {
            texts: vec![pairing.text()],
            name: joiner.name.clone(),
        })?;
        // Each waits on its own, as two devices do: a relay holds the request of whoever waits.
        let digits = std::thread::scope(|both| {
            let shown = both.spawn(|| {
                loop {
                    if let JoiningStep::ShowDigits { digits } = joining.wait(WAIT_SECONDS)? {
                        break Ok::<_, DeviceError>(digits);
                    }
                }
            });
            while pairing.wait(WAIT_SECONDS)? == PairingStep::Waiting {}
            Ok::<_, Failure>(shown.join().map_err(|_| CliError::DemoFailed)??)
        })?;
        owner.device.confirm_pairing(pairing, &digits)?;
        while joining.wait(WAIT_SECONDS)? != JoiningStep::Confirmed {}
        joiner.device.join(joining)?;
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

/// A device of the household.
pub struct Member {
    name: String,
    pub device: Device,
    folder: PathBuf,
}

impl Member {
    /// Enters a visit of an hour.
    pub fn visit(&mut self, name: &str, at: i64) -> Result<EntryId, Failure> {
        let visit = self.device.add_visit(&AddVisit {
            name: name.to_owned(),
            from: at,
            to: at + 3_600,
            ..AddVisit::default()
        })?;
        Ok(visit.id)
    }

    /// Writes a visit's note.
    pub fn write_note(&mut self, visit: EntryId, note: &str) -> Result<(), Failure> {
        let edit = EditVisit {
            note: Some(note.to_owned()),
            ..EditVisit::default()
        };
        self.device.edit_visit(visit, &edit)?;
        Ok(())
    }

    /// The names of the visits, in order.
    pub fn names(&mut self) -> Result<Vec<String>, Failure> {
        let mut names: Vec<String> = self.visits()?.into_iter().map(|visit| visit.name).collect();
        names.sort();
        Ok(names)
    }

    /// The note of a visit, as this device shows it.
    pub fn note(&mut self, id: &EntryId) -> Result<String, Failure> {
        let visit = self.visits()?.into_iter().find(|visit| visit.id == *id);
        Ok(visit.and_then(|visit| visit.note).unwrap_or_default())
    }

    /// The keys that somebody gets who takes the device.
    pub fn seize(&self) -> Result<Seized, Failure> {
        Ok(seizure::keys(&mut phone::seize(&self.folder)?)?)
    }

    fn visits(&mut self) -> Result<Vec<VisitView>, Failure> {
        Ok(self.device.visits(&Filter::default())?.visits)
    }
}
