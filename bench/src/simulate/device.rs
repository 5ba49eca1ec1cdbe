//! A device of the simulation: its front door over a folder, a clock that may be wrong, and what its person has seen on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use techo_core::device;
use techo_core::diary::Filter;
use techo_core::ports::{Clock, Ports, SeededRandom};
use techo_core::sync::household::{self, Household};
use techo_core::vault::Vault;
use techo_testing::Loopback;
use tempfile::TempDir;

use super::Trouble;
use super::dying::{DyingRandom, Keeper};
use super::network::{Line, Network};
use super::story::VisitNumber;

#[derive(Clone, Default)]
struct Watch(Arc<AtomicI64>);

impl Clock for Watch {
    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the person has seen on a device. A copy of its folder is of somebody who has seen the same.
#[derive(Clone, Default)]
pub struct Memory {
    /// What is shown: each visit's note.
    pub shown: BTreeMap<VisitNumber, String>,
    /// All that ever was.
    pub had: BTreeSet<VisitNumber>,
    /// What was, and then was deleted.
    pub deleted: BTreeSet<VisitNumber>,
    /// The writings of notes that were made here.
    pub wrote: BTreeSet<usize>,
}

pub struct Device {
    /// Its name in the simulation.
    pub number: usize,
    folder: TempDir,
    pub keeper: Keeper,
    watch: Watch,
    /// By so much its clock is wrong, in seconds.
    pub drift: i64,
    /// Since when it stands days or years away, in Unix seconds.
    pub jumped: Option<i64>,
    /// Its way to the relay.
    pub line: Line,
    door: Option<device::Device>,
    pub memory: Memory,
    /// There was a copy of it: it may have to begin anew.
    pub was_copied: bool,
    /// Somebody asked for its removal, or it was silent for long.
    pub may_be_out: bool,
    /// How much had happened at the relay when it last spoke with it.
    pub seen: usize,
    /// How much had when it last had synced completely.
    pub seen_whole: usize,
    /// The relay was set back behind what it has seen, and nothing has happened there since.
    pub must_notice: Option<usize>,
}

fn folder() -> Result<TempDir, Trouble> {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.map_err(|error| error.to_string())
}

impl Device {
    pub fn new(number: usize, now: i64, seed: u64, network: &Network) -> Result<Self, Trouble> {
        let mut device = Self {
            number,
            folder: folder()?,
            keeper: Keeper::default(),
            watch: Watch::default(),
            drift: 0,
            jumped: None,
            line: network.line(),
            door: None,
            memory: Memory::default(),
            was_copied: false,
            may_be_out: false,
            seen: 0,
            seen_whole: 0,
            must_notice: None,
        };
        device.open(now, seed)?;
        Ok(device)
    }

    /// Opens the device from the disk, after a beginning or a death.
    pub fn open(&mut self, now: i64, seed: u64) -> Result<(), Trouble> {
        self.door = None;
        self.line.end();
        self.keeper.life.renew();
        self.set_time(now);
        let random = DyingRandom {
            stream: SeededRandom::new(seed),
            life: self.keeper.life.clone(),
        };
        let ports = Ports {
            keys: Box::new(self.keeper.clone()),
            clock: Box::new(self.watch.clone()),
            random: Arc::new(random),
            relay: Arc::new(self.line.clone()),
            network: Arc::new(Loopback),
        };
        let opened = device::Device::open(self.folder.path(), ports);
        self.door = Some(opened.map_err(|error| format!("device {} does not open: {error}", self.number))?);
        Ok(())
    }

    /// The copy of its folder and keys that somebody makes: what a crash at this moment would leave, too.
    pub fn copy(&self) -> Result<Copy, Trouble> {
        let copy = Copy {
            folder: folder()?,
            keeper: self.keeper.copied(),
            memory: self.memory.clone(),
            seen: self.seen,
        };
        for (from, to) in files(self.folder.path(), copy.folder.path())? {
            std::fs::copy(from, to).map_err(|error| error.to_string())?;
        }
        Ok(copy)
    }

    /// Another device, which goes on from a copy.
    pub fn from_copy(copy: &Copy, number: usize, now: i64, seed: u64, network: &Network) -> Result<Self, Trouble> {
        let mut device = Self {
            number,
            folder: folder()?,
            keeper: copy.keeper.copied(),
            watch: Watch::default(),
            drift: 0,
            jumped: None,
            line: network.line(),
            door: None,
            memory: copy.memory.clone(),
            was_copied: true,
            may_be_out: true,
            seen: copy.seen,
            seen_whole: 0,
            must_notice: None,
        };
        for (from, to) in files(copy.folder.path(), device.folder.path())? {
            std::fs::copy(from, to).map_err(|error| error.to_string())?;
        }
        device.open(now, seed)?;
        Ok(device)
    }

    pub fn set_time(&mut self, now: i64) {
        self.watch.0.store(now + self.drift, Ordering::Relaxed);
    }

    pub fn now(&self) -> i64 {
        self.watch.now()
    }

    /// What its person does with it.
    pub fn door(&mut self) -> Result<&mut device::Device, Trouble> {
        self.door.as_mut().ok_or_else(|| "a device is not open".into())
    }

    /// What lies below the door, where the simulation looks at what no person sees, or does what no person can.
    pub fn vault(&mut self) -> Result<&mut Vault, Trouble> {
        Ok(self.door()?.vault())
    }

    /// What it knows of its household, keys included.
    pub fn household(&mut self) -> Result<Household, Trouble> {
        let household = household::household(self.vault()?).map_err(|error| error.to_string())?;
        household.ok_or_else(|| "a device has no household".into())
    }

    /// What is shown on it: the name and the note of each visit.
    pub fn show(&mut self) -> Result<Vec<(String, String)>, Trouble> {
        let list = self.door()?.visits(&Filter::default()).map_err(|error| error.to_string())?;
        if !list.damaged.is_empty() || !list.newer.is_empty() {
            return Err(format!(
                "device {}: {} rows are damaged, {} of a newer version",
                self.number,
                list.damaged.len(),
                list.newer.len()
            ));
        }
        let visits = list.visits.into_iter();
        Ok(visits.map(|visit| (visit.name, visit.note.unwrap_or_default())).collect())
    }
}

/// A copy of a device's folder and keys.
pub struct Copy {
    folder: TempDir,
    keeper: Keeper,
    memory: Memory,
    seen: usize,
}

fn files(from: &Path, to: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Trouble> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(from).map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        // Not the shared memory: it is made anew from the log.
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            files.push((entry.path(), to.join(entry.file_name())));
        }
    }
    Ok(files)
}
