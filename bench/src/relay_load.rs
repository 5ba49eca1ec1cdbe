//! `techo-bench relay-load`: durable chunks a second of a relay under load, beside two ceilings taken by turns in the same run: the same relay
//! and load with a store that drops everything, and SQLite alone at 100 rows a transaction.
//!
//! Relay and load are processes of their own: this program again, under hidden names. A household has two devices. Each device's turn is what a
//! device does: it pushes four cells and pulls what came after its cursor. Requests are signed before the clock runs.

mod dropping;
mod load;
mod relay;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use serde_json::{Value, json};

pub use load::run as run_load;
pub use relay::run as run_relay;

/// A cell on the wire, in bytes.
const CHUNK_BYTES: usize = 617;
/// Rows in one transaction of SQLite alone.
const BARE_BATCH: usize = 100;
/// Rows that SQLite alone writes.
const BARE_ROWS: usize = 40_000;

/// Times that relay, store that drops and SQLite alone are measured, by turns: the medians are of one time, whatever else the machine did.
const ROUNDS: usize = 3;
/// Pushes of one measurement, where devices are not more.
const PUSHES: usize = 20_000;
/// Time after which a measurement ends.
const LONGEST: Duration = Duration::from_secs(4);
/// By how much more each line of the scale has, of devices and of pushes.
const SCALE: [usize; 3] = [1, 4, 16];

type Failed = Box<dyn std::error::Error>;

/// The database under a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Database {
    /// SQLite in one file
    Sqlite,
}

impl Database {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
        }
    }
}

/// How much load.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Devices, two a household.
    pub devices: usize,
    /// Pushes of each.
    pub pushes_each: usize,
    /// When it ends, done or not.
    pub longest: Option<Duration>,
}

/// Runs the measurement and answers its line.
///
/// # Errors
/// When a process or the database fails.
pub fn run(database: Database, devices: usize) -> Result<Value, Failed> {
    let load = Load {
        devices,
        pushes_each: (PUSHES / devices.max(1)).max(1),
        longest: Some(LONGEST),
    };
    let (mut nulls, mut reals, mut bares) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir()?;
        nulls.push(measure(load, None)?);
        reals.push(measure(load, Some(&folder.path().join("relay.sqlite")))?);
        bares.push(json!({ CHUNKS: bare(&folder.path().join("bare.sqlite"))? }));
    }
    let (dropping, real, bare) = (median(nulls)?, median(reals)?, median(bares)?);
    let (chunks, dropping, bare) = (number(&real, CHUNKS)?, number(&dropping, CHUNKS)?, number(&bare, CHUNKS)?);
    Ok(json!({
        "database": database.name(),
        "devices": devices,
        "pushes": real["pushes"],
        "pulls": real["pulls"],
        "chunks_pulled": real["chunks_pulled"],
        "chunks_per_s": chunks,
        "null_chunks_per_s": dropping,
        "bare_chunks_per_s": bare,
        "ratio": chunks / dropping.min(bare),
        "p50_ms": real["p50_ms"],
        "p99_ms": real["p99_ms"],
        "memory_bytes": real["memory_bytes"],
    }))
}

/// Runs the load with 1, 4 and 16 times the devices, each of which pushes as often: what a chunk costs should not grow.
///
/// # Errors
/// When a process or the database fails.
pub fn scale(database: Database, devices: usize) -> Result<Vec<Value>, Failed> {
    let lines = SCALE.iter().map(|factor| {
        let load = Load {
            devices: devices * factor,
            pushes_each: (PUSHES / devices.max(1)).max(1),
            longest: None,
        };
        let folder = tempfile::tempdir()?;
        let mut line = measure(load, Some(&folder.path().join("relay.sqlite")))?;
        line["us_per_chunk"] = (1e6 / number(&line, CHUNKS)?).into();
        line["devices"] = load.devices.into();
        line["database"] = database.name().into();
        Ok(line)
    });
    lines.collect()
}

const CHUNKS: &str = "chunks_per_s";

fn number(line: &Value, key: &str) -> Result<f64, Failed> {
    Ok(line[key].as_f64().ok_or("a process did not say what it measured")?)
}

/// The line in the middle by chunks a second.
fn median(mut lines: Vec<Value>) -> Result<Value, Failed> {
    let chunks = |line: &Value| line[CHUNKS].as_f64().unwrap_or(0.0);
    lines.sort_by(|a, b| chunks(a).total_cmp(&chunks(b)));
    Ok(lines.get(lines.len() / 2).cloned().ok_or("nothing was measured")?)
}

/// One relay under load: what the load measured, and the relay's memory.
fn measure(load: Load, database: Option<&Path>) -> Result<Value, Failed> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("relay-to-load");
    if let Some(database) = database {
        command.arg(database);
    }
    let mut relay = Ended(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
    let mut lines = BufReader::new(relay.0.stdout.take().ok_or("no output")?).lines();
    let address = lines.next().ok_or("the relay did not start")??;
    let load = Command::new(std::env::current_exe()?)
        .args(["load-of-relay", &address])
        .args([load.devices.to_string(), load.pushes_each.to_string()])
        .args(load.longest.map(|longest| longest.as_secs().to_string()))
        .stderr(Stdio::inherit())
        .output()?;
    if !load.status.success() {
        return Err("the load failed".into());
    }
    let mut line: Value = serde_json::from_slice(&load.stdout)?;
    // Its input's end is how the relay is asked to end; it says its memory then.
    drop(relay.0.stdin.take());
    line["memory_bytes"] = lines.next().ok_or("the relay did not end well")??.parse::<u64>()?.into();
    relay.0.wait()?;
    Ok(line)
}

/// A process that does not outlive the measurement, however that ends.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Rows a second of SQLite alone, each commit on disk.
fn bare(file: &Path) -> Result<f64, Failed> {
    let mut db = Connection::open(file)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE chunks (id INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;",
    )?;
    let content = [7_u8; CHUNK_BYTES];
    let started = Instant::now();
    for _ in 0..BARE_ROWS / BARE_BATCH {
        let transaction = db.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO chunks (content) VALUES (?1)")?;
            for _ in 0..BARE_BATCH {
                insert.execute(params![content])?;
            }
        }
        transaction.commit()?;
    }
    #[allow(clippy::cast_precision_loss, reason = "a count far under 2^52")]
    Ok(BARE_ROWS as f64 / started.elapsed().as_secs_f64())
}
