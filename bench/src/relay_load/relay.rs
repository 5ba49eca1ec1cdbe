//! The process that is the relay: says where it listens, serves until its input ends, says its peak memory.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use peak_alloc::PeakAlloc;
use techo_relay::store::{Place, PostgresPlace, Store, open};
use techo_relay::{Background, Config, Limits, SystemClock, log};

use super::dropping::Dropping;

/// Peak of resident memory in bytes, SQLite's own too, where the system tells (Linux, proc(5)).
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024)
}

/// A file, or the address of a PostgreSQL.
fn place(database: PathBuf) -> Place {
    match database.to_str() {
        Some(url) if url.starts_with("postgres://") => Place::Postgres(PostgresPlace {
            url: url.to_owned(),
            roots: None,
        }),
        _ => Place::Sqlite(database),
    }
}

/// Serves; without a database, a store that drops.
///
/// # Errors
/// When the relay cannot start.
pub fn run(database: Option<PathBuf>, memory: PeakAlloc) -> Result<(), Box<dyn std::error::Error>> {
    let store: Arc<dyn Store> = match database {
        Some(database) => open(&place(database), &log::none())?,
        None => Arc::new(Dropping::default()),
    };
    let limits = Limits {
        // All of the load comes from one address.
        burst: u32::MAX,
        accounts_at_once: u32::MAX,
        account_every: Duration::from_nanos(1),
        connections_per_address: 1_024,
        ..Limits::default()
    };
    let config = Config {
        listen: "127.0.0.1:0".parse()?,
        trust: vec![],
        proxies: vec![],
        random: std::sync::Arc::new(techo_protocol::basics::random::SystemRandom::new()),
        limits,
        log: log::none(),
    };
    let relay = Background::start(config, store, Arc::new(SystemClock))?;
    println!("{}", relay.address());
    std::io::stdout().flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    relay.stop();
    println!("{}", peak_memory().unwrap_or_else(|| memory.peak_usage() as u64));
    Ok(())
}
