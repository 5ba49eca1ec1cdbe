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
mod household;
mod papers;
mod town;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use authority::Authority;
pub use household::household;
pub use papers::{CARD, CARD_ISSUER, CERTIFICATE, ISSUER};
pub use town::Town;

use techo_protocol::basics::qr::{Qr, QrError};

use crate::diary::{Diary, DiaryError};
use crate::ports::{
    Clock, Discovery, HttpError, KeyError, KeyId, KeyKeeper, LocalNetwork, NearbyError, Ports, Relay, SystemRandom, WrappingKey,
};
use crate::scan::Luminance;
use crate::sync::memory_relay::{MemoryRelay, Refused};
use crate::vault::{Vault, VaultError};

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
        relay: Arc::new(relay.clone()),
        network: Arc::new(Loopback),
    }
}

/// The vault of a folder, for an example that looks below the door. Its key lies in memory alone, so a folder's vault is opened once.
///
/// # Errors
/// The folder cannot be written.
pub fn vault(folder: &Path) -> Result<Vault, VaultError> {
    let Ports { keys, random, .. } = ports();
    Vault::open(folder, keys, Box::new(random))
}

/// The diary of a folder, as [`vault`] opens it, with a clock that stands at [`NOW`].
///
/// # Errors
/// The folder cannot be written.
pub fn diary(folder: &Path) -> Result<Diary, DiaryError> {
    Diary::open(vault(folder)?, Box::new(SetClock::at(NOW)))
}

/// A text as a camera sees it: a picture of its QR code.
///
/// ```
/// use techo_core::device::example;
/// use techo_core::scan::camera::FrameScanner;
///
/// let found = FrameScanner::default().frame(&example::picture("0000000009")?);
/// assert_eq!(found[0].text, "0000000009");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The text is too long for a code.
pub fn picture(text: &str) -> Result<Luminance<'static>, QrError> {
    let (pixels, side) = Qr::of(text)?.to_grey(4);
    // As many pixels as its sides say; only a code of more than 8,000 modules a side would be too large.
    Ok(Luminance::packed(side, side, pixels))
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

/// The network of one machine: nobody is heard on it, and others reach it at 127.0.0.1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Loopback;

impl LocalNetwork for Loopback {
    fn discovery(&self) -> Result<Box<dyn Discovery>, NearbyError> {
        Err(NearbyError::NoNetwork)
    }

    fn addresses(&self) -> Result<Vec<IpAddr>, NearbyError> {
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

/// A relay that keeps files, households' streams and pairing mailboxes in memory, whatever address it is asked under. Clones are the same
/// relay.
#[derive(Clone, Default)]
pub struct Files {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    streams: Arc<Mutex<MemoryRelay>>,
}

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
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Relay for Files {
    fn get(&self, _relay: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, HttpError> {
        match self.file(path) {
            Some(file) if file.len() > most => Err(HttpError::TooLarge),
            // A mailbox in which nothing lies yet.
            None if path.starts_with("/v1/rendezvous/") => Ok(Some(Vec::new())),
            file => Ok(file),
        }
    }

    fn put(&self, _relay: &str, path: &str, content: Vec<u8>) -> Result<(), HttpError> {
        self.add(path, content);
        Ok(())
    }

    fn post(&self, _relay: &str, path: &str, content: Vec<u8>, most: usize) -> Result<Vec<u8>, HttpError> {
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, otherwise) = match path.strip_prefix("/v1/recovery/").map(hex::decode) {
            None => (streams.answer(&content), "sync.came_since"),
            Some(locator) => {
                let locator = locator.ok().and_then(|locator| locator.try_into().ok());
                let locator = locator.ok_or(HttpError::Refused { status: 404 })?;
                (Ok(streams.by_words(&locator, &content)), "sync.words_unknown")
            }
        };
        let refused = |status| HttpError::Refused { status };
        let answer = answer.map_err(|error| match error {
            Refused::NotSigned => refused(403),
            Refused::NoAccount => refused(404),
            Refused::NotARequest => refused(400),
        })?;
        let answer = answer.ok_or_else(|| HttpError::Problem {
            status: 409,
            code: otherwise.to_owned(),
            title: "Get what is new first.".to_owned(),
        })?;
        let bytes = answer.to_bytes();
        if bytes.len() > most {
            Err(HttpError::TooLarge)
        } else {
            Ok(bytes)
        }
    }
}
