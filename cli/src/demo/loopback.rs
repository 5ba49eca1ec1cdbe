//! A relay on loopback, in a folder of its own, whose log can be searched.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use techo_protocol::basics::random::SystemRandom;
use techo_relay::{Background, Config, Limits, store};

use crate::Failure;
use crate::failure::CliError;

/// The file name of the relay's database.
pub const DATABASE: &str = "relay.sqlite";

/// Starts a relay at an address that tells of these authorities; port 0 for any free one.
pub fn start(folder: &Path, address: SocketAddr, trust: Vec<Vec<u8>>, log: &Log) -> Result<Background, Failure> {
    std::fs::create_dir_all(folder).map_err(|_| CliError::FileUnwritable)?;
    let writer = log.clone();
    let config = Config {
        listen: address,
        trust,
        proxies: vec![],
        random: Arc::new(SystemRandom::new()),
        limits: Limits::default(),
        log: techo_relay::log::json(move || writer.clone()),
    };
    let store = store::open(&store::Place::Sqlite(folder.join(DATABASE)), &config.log)?;
    Ok(Background::start(config, store, Arc::new(techo_relay::SystemClock))?)
}

/// The relay's log, kept in memory so that it can be searched.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Everything that the relay has logged so far.
    pub fn text(&self) -> String {
        self.0
            .lock()
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        if let Ok(mut log) = self.0.lock() {
            log.extend_from_slice(line);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
