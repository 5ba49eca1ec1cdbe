//! `techo relay serve`: the relay itself, until it is told to stop.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::trust::TrustList;
use techo_relay::store::{self, Place};
use techo_relay::{Config, Limits};

use super::database::DatabaseFlags;
use super::limits::LimitFlags;
use crate::failure::CliError;
use crate::profile::{self, Kind};
use crate::session::Session;
use crate::{Failure, Outcome, input};

/// Serve until SIGTERM or Ctrl-C; what is under way is finished first
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo --data relay relay serve --trust pref.trust
  techo --data relay relay serve --listen 127.0.0.1:0 --trust pref.trust --store folder:/srv/techo
  techo --data relay relay serve --database postgres://techo@127.0.0.1/techo    several relays may share it
  techo --data relay relay serve --trust pref.trust --segments s3://lists/osaka
  techo --data relay relay serve --trust pref.trust --proxy 127.0.0.1     behind a reverse proxy that speaks TLS")]
pub struct Serve {
    /// Where to listen, without TLS; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Trust file of an authority to carry lists and diaries for; may be given several times. Without one it carries neither
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// Where files are kept: `sqlite` in the profile, or `folder:DIR`, whose `public` part any web server can serve as it is
    #[arg(long, value_name = "STORE", default_value = "sqlite", value_parser = read_store, conflicts_with_all = ["database", "segments"])]
    store: Store,
    #[command(flatten, next_help_heading = "Database")]
    database: DatabaseFlags,
    /// Address of a reverse proxy of one's own, whose last X-Forwarded-For entry limits count by; may be given several times
    #[arg(long, value_name = "IP")]
    proxy: Vec<IpAddr>,
    #[command(flatten, next_help_heading = "Limits")]
    limits: LimitFlags,
}

#[derive(Debug, Clone)]
enum Store {
    Sqlite,
    Folder(PathBuf),
}

fn read_store(text: &str) -> Result<Store, String> {
    match text.split_once(':') {
        None if text == "sqlite" => Ok(Store::Sqlite),
        Some(("folder", folder)) if !folder.is_empty() => Ok(Store::Folder(folder.into())),
        _ => Err("write `sqlite` or `folder:DIR`".to_owned()),
    }
}

impl Serve {
    /// Serves until the process is told to stop.
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        // Read before a profile is made: a wrong file leaves nothing behind.
        let trust = self.trust.iter().map(|file| trust_file(file)).collect::<Result<_, _>>()?;
        let folder = session.folder()?;
        profile::ensure(&folder, Kind::Relay).map_err(|error| Failure::from(error).about(folder.display()))?;
        let config = Config {
            listen: self.listen,
            trust,
            proxies: self.proxy,
            random: Arc::new(SystemRandom::new()),
            limits: self.limits.over(Limits::default()),
            log: techo_relay::log::json(std::io::stderr),
        };
        // On this thread: a database may make threads and runtimes of its own.
        let store = match self.store {
            Store::Folder(folder) => store::open(&Place::Folder(folder), &config.log)?,
            Store::Sqlite => self.database.open(&folder, &config.log)?,
        };
        let clock = session.running_clock();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|_| CliError::CannotServe)?;
        runtime.block_on(async {
            // Before the first line is out: whoever reads it may ask for the end at once.
            let end = techo_relay::termination();
            let relay = techo_relay::Relay::bind(config, store, clock).await?;
            session
                .out
                .print(&json!({ "listening": format!("http://{}", relay.address()) }).to_string())?;
            relay.serve(end).await;
            Ok(Outcome::Done)
        })
    }
}

fn trust_file(file: &Path) -> Result<Vec<u8>, Failure> {
    let content = input::file(file)?;
    TrustList::read(&content).map_err(|error| Failure::from(error).about(file.display()))?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_sqlite_or_a_folder() {
        assert!(matches!(read_store("sqlite"), Ok(Store::Sqlite)));
        assert!(matches!(read_store("folder:/srv/a:b"), Ok(Store::Folder(folder)) if folder == Path::new("/srv/a:b")));
        for wrong in ["", "folder:", "folder", "postgres://x", "sqlite:file"] {
            assert!(read_store(wrong).is_err(), "{wrong}");
        }
    }
}
