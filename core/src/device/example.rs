//! What an example needs to open a [`Device`](super::Device) without a disk's secrets, a network or an authority: ports in memory.
//!
//! [`ports`] is the short way; where an example moves the clock or shares a relay, it makes the parts itself and puts them in [`Ports`].
//! Nothing here protects anybody: keys lie in memory and every [`Authority`] of the same name has the same ones.
//!
//! ```
//! use techo_core::device::{Device, example};
//!
//! let folder = tempfile::tempdir()?;
//! let device = Device::open(folder.path(), example::ports())?;
//! assert_eq!(device.now(), example::NOW);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod authority;
mod town;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use authority::Authority;
pub use town::Town;

use crate::ports::{Clock, HttpError, KeyError, KeyId, KeyKeeper, Ports, Relay, SystemRandom, WrappingKey};

/// The time of the examples, in Unix seconds: 2026-11-20T21:00:00+09:00.
pub const NOW: i64 = 1_795_176_000;

/// The address of the relay that an example's authority names.
pub const RELAY: &str = "https://relay.example";

/// Ports in memory: a clock that stands at [`NOW`], and a relay that has nothing.
pub fn ports() -> Ports {
    ports_with(&Files::default(), &SetClock::at(NOW))
}

/// Ports in memory with a relay and a clock that the example keeps a handle on.
pub fn ports_with(relay: &Files, clock: &SetClock) -> Ports {
    Ports {
        keys: Box::new(MemoryKeys::default()),
        clock: Box::new(clock.clone()),
        random: Arc::new(SystemRandom::new()),
        relay: Box::new(relay.clone()),
    }
}

/// A clock that shows what it was set to. Clones show the same time.
#[derive(Debug, Clone)]
pub struct SetClock(Arc<AtomicI64>);

impl SetClock {
    /// A clock that stands at a time in Unix seconds.
    pub fn at(now: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now)))
    }

    /// Moves the clock forward by so many seconds.
    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A key keeper in memory. Clones keep the same keys, as two runs of a program on one device do.
#[derive(Clone, Default)]
pub struct MemoryKeys(Arc<Mutex<BTreeMap<KeyId, WrappingKey>>>);

impl MemoryKeys {
    fn keys(&self) -> MutexGuard<'_, BTreeMap<KeyId, WrappingKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyKeeper for MemoryKeys {
    fn load(&self, id: &KeyId) -> Result<Option<WrappingKey>, KeyError> {
        Ok(self.keys().get(id).cloned())
    }

    fn store(&mut self, id: &KeyId, key: &WrappingKey) -> Result<(), KeyError> {
        self.keys().insert(*id, key.clone());
        Ok(())
    }

    fn ids(&self) -> Result<Vec<KeyId>, KeyError> {
        Ok(self.keys().keys().copied().collect())
    }

    fn delete(&mut self, id: &KeyId) -> Result<(), KeyError> {
        self.keys().remove(id);
        Ok(())
    }
}

/// A relay that keeps files in memory, whatever address it is asked under. Clones are the same relay.
#[derive(Debug, Clone, Default)]
pub struct Files(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Files {
    /// The paths of all files that are there.
    pub fn paths(&self) -> Vec<String> {
        self.files().keys().cloned().collect()
    }

    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.files().get(path).cloned()
    }

    /// Puts a file at a path.
    pub fn add(&self, path: &str, content: Vec<u8>) {
        self.files().insert(path.to_owned(), content);
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Relay for Files {
    fn get(&self, _relay: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, HttpError> {
        match self.file(path) {
            Some(file) if file.len() > most => Err(HttpError::TooLarge),
            file => Ok(file),
        }
    }

    fn put(&self, _relay: &str, path: &str, content: Vec<u8>) -> Result<(), HttpError> {
        self.add(path, content);
        Ok(())
    }

    /// Nobody answers a call here: a household's stream is another port's.
    fn post(&self, _relay: &str, _path: &str, _content: Vec<u8>, _most: usize) -> Result<Vec<u8>, HttpError> {
        Err(HttpError::Unreachable)
    }
}
