//! `techo-bench NAME`: every bar of Techo, one command each. One JSON line; numbers in SI units named in the key; peers in the same run.

mod clinic;
mod code;
mod matching;
mod municipality;
mod relay_load;
mod scan;
mod segment;
mod simulate;
mod stopwatch;
mod sync;
mod vault;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use peak_alloc::PeakAlloc;

/// Counts bytes in use, so that memory bars are measured and not guessed.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

#[derive(Parser)]
#[command(
    name = "techo-bench",
    version,
    about = "Measures Techo against its bars; one JSON line a measurement"
)]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Size and speed of a segment file
    Segment {
        /// Exposed venue-hours in it
        #[arg(long, default_value_t = 1_000)]
        entries: usize,
    },
    /// Matching visits against segments, compared with decoding alone
    Match {
        /// Exposed venue-hours in each segment
        #[arg(long, default_value_t = 1_000_000)]
        entries: usize,
        /// Visits in the diary; a tenth of them match
        #[arg(long, default_value_t = 1_000)]
        visits: usize,
        /// Segments
        #[arg(long, default_value_t = 1)]
        segments: usize,
    },
    /// Sizes of the codes that people scan; a line a size
    Code,
    /// From a ticket's picture to a dose that is durable and signed
    Clinic,
    /// A municipality's ledger: taking in, coverage, who is overdue
    Municipality {
        /// Doses in the file
        #[arg(long, default_value_t = 100_000)]
        doses: usize,
    },
    /// Reading pictures of codes, against plain rqrr
    Scan {
        /// Folder with pictures and manifest.json
        dir: PathBuf,
        /// Also a line a picture
        #[arg(long)]
        each: bool,
    },
    /// A relay's durable chunks a second, against a store that drops and SQLite alone
    RelayLoad {
        /// Devices, two a household
        #[arg(long, default_value_t = 10_000)]
        devices: usize,
        /// The relay's database: `sqlite`, or `postgres://USER@HOST/NAME`, where it makes a schema and takes it away
        #[arg(long, value_name = "DATABASE", default_value = "sqlite")]
        database: relay_load::Database,
        /// Instead: 1, 4 and 16 times as many devices and pushes, a line each (minutes)
        #[arg(long)]
        scale: bool,
    },
    /// The relay of relay-load
    #[command(hide = true)]
    RelayToLoad {
        /// Its database; without it everything is dropped
        database: Option<PathBuf>,
    },
    /// The load of relay-load
    #[command(hide = true)]
    LoadOfRelay {
        /// Where the relay listens
        address: std::net::SocketAddr,
        /// Devices
        devices: usize,
        /// Pushes of each
        pushes_each: usize,
        /// Seconds after which it ends
        seconds: Option<u64>,
    },
    /// Devices that sync through a network that fails and a relay that lies; what it came to, and the mistakes that were caught
    Simulate {
        /// How many schedules; their seeds follow one another
        #[arg(long, default_value_t = 1_000)]
        schedules: u64,
        /// The first one's seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Tells on stderr what happens
        #[arg(long)]
        tell: bool,
    },
    /// Bytes on the wire of a check-in, of a month and of a new device
    Sync,
    /// Opening the vault and a durable check-in, against plain SQLite
    Vault,
    /// Verifying an EU certificate, against decoding and its signature alone; a trust bundle of 829 keys
    Verify,
}

fn main() -> ExitCode {
    match run(Arguments::parse().bench) {
        Ok((lines, well)) => {
            for line in lines {
                println!("{line}");
            }
            if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("techo-bench: {error}");
            ExitCode::from(3)
        }
    }
}

/// The lines, and whether what was measured is as it must be.
fn run(bench: Bench) -> Result<(Vec<serde_json::Value>, bool), Box<dyn std::error::Error>> {
    let lines = match bench {
        Bench::Simulate { schedules, seed, tell } => {
            let (line, well) = simulate::run(schedules, seed, tell);
            return Ok((vec![line], well));
        }
        Bench::Segment { entries } => vec![segment::run(entries)?],
        Bench::Match {
            entries,
            visits,
            segments,
        } => vec![matching::run(entries, visits, segments)?],
        Bench::Code => code::run()?,
        Bench::Clinic => vec![clinic::run()?],
        Bench::Municipality { doses } => vec![municipality::run(doses)?],
        Bench::Scan { dir, each } => scan::run(&dir, each)?,
        Bench::RelayLoad {
            devices,
            database,
            scale: false,
        } => vec![relay_load::run(&database, devices)?],
        Bench::RelayLoad {
            devices,
            database,
            scale: true,
        } => relay_load::scale(&database, devices)?,
        Bench::RelayToLoad { database } => {
            relay_load::run_relay(database, MEMORY)?;
            vec![]
        }
        Bench::Sync => vec![sync::run()?],
        Bench::LoadOfRelay {
            address,
            devices,
            pushes_each,
            seconds,
        } => {
            let longest = seconds.map(Duration::from_secs);
            let load = relay_load::Load {
                devices,
                pushes_each,
                longest,
            };
            vec![relay_load::run_load(address, load)?]
        }
        Bench::Vault => vec![vault::run()?],
        Bench::Verify => vec![verify::run()?],
    };
    Ok((lines, true))
}
