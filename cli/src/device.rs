//! A resident's profile on this machine: the diary and what it follows.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use techo_core::device::Device;
use techo_core::documents::EntryId;
use techo_core::ports::{Clock, FixedClock, Ports, Relay};
use techo_core::vault::key_file::KeyFile;
use techo_http::{Http, HttpError};
use techo_protocol::basics::random::SystemRandom;

use crate::Failure;
use crate::failure::CliError;
use crate::local_network::ThisNetwork;
use crate::profile::{self, Kind};
use crate::session::Session;

/// Opens the device of an existing profile.
///
/// # Errors
/// `profile.missing`, `profile.wrong_kind`, or the vault cannot be opened.
pub fn opened(session: &Session) -> Result<Device, Failure> {
    let folder = session.profile(Kind::Device)?;
    door(session, &folder)
}

/// Opens the device, and makes the profile where there is none: for commands that write.
///
/// # Errors
/// As [`opened`].
pub fn opened_or_made(session: &Session) -> Result<Device, Failure> {
    let folder = session.folder()?;
    profile::ensure(&folder, Kind::Device).map_err(|error| Failure::from(error).about(folder.display()))?;
    door(session, &folder)
}

/// As [`opened_or_made`], with a clock that runs on: for a command that stays.
///
/// # Errors
/// As [`opened`].
pub fn opened_to_stay(session: &Session) -> Result<Device, Failure> {
    let folder = session.folder()?;
    profile::ensure(&folder, Kind::Device).map_err(|error| Failure::from(error).about(folder.display()))?;
    door_by(session, &folder, Box::new(session.running_clock()))
}

/// Opens the device of the profile; `None` where there is no device's profile, which a command that only looks does not need.
///
/// # Errors
/// The vault cannot be opened.
pub fn opened_if_any(session: &Session) -> Result<Option<Device>, Failure> {
    let Ok(folder) = session.folder() else { return Ok(None) };
    if profile::kind(&folder)? != Some(Kind::Device) {
        return Ok(None);
    }
    Ok(Some(door(session, &folder)?))
}

fn door(session: &Session, folder: &Path) -> Result<Device, Failure> {
    door_by(session, folder, Box::new(FixedClock(session.now())))
}

fn door_by(session: &Session, folder: &Path, clock: Box<dyn Clock>) -> Result<Device, Failure> {
    let ports = Ports {
        keys: Box::new(KeyFile::new(
            folder,
            session.passphrase().map(Into::into),
            Box::new(SystemRandom::new()),
        )),
        clock,
        random: Arc::new(SystemRandom::new()),
        relay: relay(),
        network: Arc::new(ThisNetwork),
    };
    Ok(Device::open(folder, ports)?)
}

/// How this program asks relays.
pub fn relay() -> Arc<dyn Relay + Send + Sync> {
    Arc::new(HttpRelay::default())
}

/// Reads a visit's id.
///
/// # Errors
/// [`CliError::NotAVisitId`].
pub fn visit_id(text: &str) -> Result<EntryId, Failure> {
    text.parse().map_err(|_| Failure::from(CliError::NotAVisitId).about(text))
}

/// The relay over HTTPS. What TLS needs is made ready at the first request: most commands ask nobody.
#[derive(Default)]
pub struct HttpRelay(OnceLock<Http>);

impl HttpRelay {
    fn http(&self) -> Result<&Http, HttpError> {
        if let Some(http) = self.0.get() {
            return Ok(http);
        }
        let http = Http::new()?;
        Ok(self.0.get_or_init(|| http))
    }
}

impl Relay for HttpRelay {
    fn get(&self, relay: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, HttpError> {
        self.http()?.get(relay, path, most)
    }

    fn put(&self, relay: &str, path: &str, content: Vec<u8>) -> Result<(), HttpError> {
        // A fresh client: what is sent must not share a connection with what was fetched.
        Http::new()?.put(relay, path, content)
    }

    fn post(&self, relay: &str, path: &str, content: Vec<u8>, most: usize) -> Result<Vec<u8>, HttpError> {
        self.http()?.post(relay, path, content, most)
    }
}
