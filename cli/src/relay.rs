//! `techo relay`: carries signed lists and sealed diaries, and can read neither visits nor names.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;
use techo_protocol::trust::TrustList;
use techo_relay::store::{self, Place};
use techo_relay::{Config, Limits};

use crate::failure::CliError;
use crate::profile::{self, Kind};
use crate::session::Session;
use crate::{Failure, Outcome, input};

/// Run a relay, which carries signed lists and sealed diaries that it cannot read
#[derive(Debug, Subcommand)]
pub enum Relay {
    Serve(Box<Serve>),
}

/// Serve until SIGTERM or Ctrl-C; what is under way is finished first
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo --data relay relay serve --trust pref.trust
  techo --data relay relay serve --listen 127.0.0.1:0 --trust pref.trust --store folder:/srv/techo
  techo --data relay relay serve --trust pref.trust --proxy 127.0.0.1     behind a reverse proxy that speaks TLS")]
pub struct Serve {
    /// Where to listen, without TLS; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Trust file of an authority to carry lists and diaries for; may be given several times. Without one it carries neither
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// Where files are kept: `sqlite` in the profile, or `folder:DIR`, whose `public` part any web server can serve as it is
    #[arg(long, value_name = "STORE", default_value = "sqlite", value_parser = read_store)]
    store: Store,
    /// Address of a reverse proxy of one's own, whose last X-Forwarded-For entry limits count by; may be given several times
    #[arg(long, value_name = "IP")]
    proxy: Vec<IpAddr>,
    #[command(flatten, next_help_heading = "Limits")]
    limits: LimitFlags,
}

/// Limits on size and rate; what is not given has the relay's own default.
#[derive(Debug, Args)]
struct LimitFlags {
    /// Largest list that is taken, in bytes
    #[arg(long, value_name = "BYTES")]
    max_segment_bytes: Option<usize>,
    /// All lists of one authority together, in bytes
    #[arg(long, value_name = "BYTES")]
    max_authority_bytes: Option<u64>,
    /// Diaries of 32 KiB that wait for one authority
    #[arg(long, value_name = "N")]
    max_diaries: Option<usize>,
    /// Requests a second from one address in the long run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_second: Option<u32>,
    /// Requests from one address at once, before that counts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    burst: Option<u32>,
    /// Connections at once
    #[arg(long, value_name = "N")]
    max_connections: Option<usize>,
    /// Connections at once from one address
    #[arg(long, value_name = "N")]
    max_connections_per_address: Option<usize>,
    /// How long a request's body may take, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    body_seconds: Option<u64>,
    /// How long requests that are under way at the end may go on, in seconds
    #[arg(long, value_name = "SECONDS")]
    shutdown_seconds: Option<u64>,
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

impl Relay {
    /// Does it.
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Serve(serve) => serve.run(session),
        }
    }
}

impl Serve {
    fn run(self, session: &Session) -> Result<Outcome, Failure> {
        // Read before a profile is made: a wrong file leaves nothing behind.
        let trust = self.trust.iter().map(|file| trust_file(file)).collect::<Result<_, _>>()?;
        let folder = session.folder()?;
        profile::ensure(&folder, Kind::Relay).map_err(|error| Failure::from(error).about(folder.display()))?;
        let config = Config {
            listen: self.listen,
            trust,
            proxies: self.proxy,
            random: std::sync::Arc::new(techo_protocol::random::SystemRandom::new()),
            limits: self.limits.over(Limits::default()),
            log: techo_relay::log::json(std::io::stderr),
        };
        let place = self.store.place(&folder);
        let clock = session.running_clock();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|_| CliError::CannotServe)?;
        runtime.block_on(async {
            // Before the first line is out: whoever reads it may ask for the end at once.
            let end = techo_relay::termination();
            let store = store::open(&place, &config.log)?;
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

impl Store {
    fn place(self, profile: &Path) -> Place {
        match self {
            Self::Sqlite => Place::Sqlite(profile.join("relay.sqlite")),
            Self::Folder(folder) => Place::Folder(folder),
        }
    }
}

impl LimitFlags {
    fn over(&self, default: Limits) -> Limits {
        Limits {
            segment_bytes: self.max_segment_bytes.unwrap_or(default.segment_bytes),
            segments_bytes_per_authority: self.max_authority_bytes.unwrap_or(default.segments_bytes_per_authority),
            diaries_per_authority: self.max_diaries.unwrap_or(default.diaries_per_authority),
            requests_per_second: self.requests_per_second.unwrap_or(default.requests_per_second),
            burst: self.burst.unwrap_or(default.burst),
            connections: self.max_connections.unwrap_or(default.connections),
            connections_per_address: self.max_connections_per_address.unwrap_or(default.connections_per_address),
            body: self.body_seconds.map_or(default.body, Duration::from_secs),
            shutdown: self.shutdown_seconds.map_or(default.shutdown, Duration::from_secs),
            ..default
        }
    }
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
