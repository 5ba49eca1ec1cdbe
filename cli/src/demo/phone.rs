//! A phone of the demonstrations: a device on this disk, for which the story sets the clock.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use techo_core::device::Device;
use techo_core::ports::{Clock, Ports, Relay};
use techo_core::vault::Vault;
use techo_core::vault::key_file::KeyFile;
use techo_protocol::basics::random::SystemRandom;

use crate::Failure;
use crate::local_network::ThisNetwork;

/// The time of the story, which its teller sets.
#[derive(Clone)]
pub struct StoryClock(Arc<AtomicI64>);

impl StoryClock {
    /// A clock that stands at a time in Unix seconds.
    pub fn at(now: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now)))
    }

    /// Sets the clock to a time in Unix seconds.
    pub fn set(&self, now: i64) {
        self.0.store(now, Ordering::SeqCst);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Opens the device of a folder, and begins it where there is none.
pub fn open(folder: &Path, clock: Box<dyn Clock>, relay: Arc<dyn Relay + Send + Sync>) -> Result<Device, Failure> {
    let ports = Ports {
        keys: key_file(folder),
        clock,
        random: Arc::new(SystemRandom::new()),
        relay,
        network: Arc::new(ThisNetwork),
    };
    Ok(Device::open(folder, ports)?)
}

/// Opens a device's vault as somebody does who has taken the device.
pub fn seize(folder: &Path) -> Result<Vault, Failure> {
    Ok(Vault::open(folder, key_file(folder), Box::new(SystemRandom::new()))?)
}

fn key_file(folder: &Path) -> Box<KeyFile> {
    Box::new(KeyFile::new(folder, None, Box::new(SystemRandom::new())))
}
