//! What tests, examples and the simulation share: ports in memory, a relay in memory, phones that sync, an authority and a town.
//!
//! Nothing that is shipped depends on this crate, and nothing here protects anybody: keys lie in memory, and every [`Authority`] of the same name
//! has the same ones (ADR 0023).
//!
//! ```text
//! ports(), SetClock, Files       what a Device is opened with        memory_relay   a relay of streams that keeps every rule
//! household()                    two paired Devices                  memory_keeper  a key keeper that a test may watch
//! Phone, Household::of(3)        diaries below the front door        Authority, Town, papers: who signs
//! ```
//!
//! [`ports`] is the short way; where an example moves the clock or shares a relay, it makes the parts itself and puts them in
//! [`Ports`].
//!
//! ```
//! use techo_core::device::Device;
//!
//! let folder = tempfile::tempdir()?;
//! let device = Device::open(folder.path(), techo_testing::ports())?;
//! assert_eq!(device.now(), techo_testing::NOW);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod authority;
mod household;
pub mod memory_keeper;
pub mod memory_relay;
mod papers;
pub mod phone;
mod town;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use authority::Authority;
pub use household::{Household, household, let_in, pair};
pub use memory_keeper::MemoryKeeper;
pub use papers::{CARD, CARD_ISSUER, CERTIFICATE, ISSUER};
pub use phone::Phone;
pub use town::Town;

use techo_protocol::basics::qr::{Qr, QrError};

use memory_relay::{MemoryRelay, over_http};
use techo_core::device::Frame;
use techo_core::diary::{Diary, DiaryError, NewVisit, Source, VisitKeys};
use techo_core::ports::{Clock, Discovery, HttpError, LocalNetwork, NearbyError, Ports, Relay, SystemRandom};
use techo_core::scan::{Luminance, ScanError};
use techo_core::vault::{Vault, VaultError};

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
        keys: Box::new(MemoryKeeper::default()),
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

/// A visit for the diary as a person types it: an hour at a place, with Aki, that began two hours before [`NOW`]. Nobody says when it ended.
pub fn visit(name: &str) -> NewVisit {
    NewVisit {
        name: name.to_owned(),
        address: None,
        check_in: NOW - 2 * 3_600,
        check_out: None,
        default_stay_min: 60,
        source: Source::Manual,
        keys: VisitKeys::None,
        with: vec!["Aki".to_owned()],
        note: None,
    }
}

/// A text as a camera sees it: a picture of its QR code.
///
/// ```
/// use techo_core::scan::camera::FrameScanner;
///
/// let found = FrameScanner::default().frame(&techo_testing::picture("0000000009")?);
/// assert_eq!(found[0].text, "0000000009");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The text is too long for a code.
pub fn picture(text: &str) -> Result<Luminance<'static>, QrError> {
    let (pixels, side) = Qr::of(text)?.to_grey(4);
    // As many pixels as its sides say; only a code of more than 8,000 modules a side would be too large.
    Ok(Luminance::new(side, side, side, pixels).unwrap())
}

/// [`picture`] as a frame of a camera.
///
/// # Errors
/// The text is too long for a code.
pub fn frame(text: &str) -> Result<Frame, QrError> {
    let (grey, side) = Qr::of(text)?.to_grey(4);
    let side = u32::try_from(side).unwrap();
    Ok(Frame {
        width: side,
        height: side,
        stride: side,
        grey,
    })
}

/// [`picture`] as a PNG file.
///
/// # Errors
/// The text is too long for a code.
pub fn png(text: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let (pixels, side) = Qr::of(text)?.to_grey(4);
    let side = u32::try_from(side)?;
    let mut file = Vec::new();
    image::GrayImage::from_raw(side, side, pixels)
        .ok_or(ScanError::FrameShape)?
        .write_to(&mut std::io::Cursor::new(&mut file), image::ImageFormat::Png)?;
    Ok(file)
}

/// A clock that shows what it was set to. Clones show the same time.
#[derive(Debug, Clone)]
pub struct SetClock(Arc<AtomicI64>);

impl SetClock {
    /// A clock that stands at a time in Unix seconds.
    pub fn at(now: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now)))
    }

    /// Sets the clock to a time in Unix seconds.
    pub fn set(&self, now: i64) {
        self.0.store(now, Ordering::SeqCst);
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
        over_http(answer, otherwise, most)
    }
}
