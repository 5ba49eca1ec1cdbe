//! What every command is given: the profile's folder, the clock, randomness, and where answers go.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use techo_protocol::basics::clock::{Clock, RunningClock, SystemClock};
use techo_protocol::basics::random::SystemRandom;

use crate::Failure;
use crate::failure::CliError;
use crate::output::Output;
use crate::profile::{self, Kind};
use crate::texts::Texts;
use crate::time;

/// Times that a clock can show: 1970 to 2106, which every format of ours can hold.
const CLOCKS: std::ops::RangeInclusive<i64> = 0..=0xFFFF_FFFF;

/// Flags that are taken before and after every subcommand.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The profile's folder; without it, the platform's data folder
    #[arg(long, global = true, value_name = "DIR", overrides_with = "data")]
    pub data: Option<PathBuf>,
    /// Print JSON Lines on stdout, and nothing else there
    #[arg(long, global = true, overrides_with = "json")]
    pub json: bool,
    /// Set the clock: RFC 3339, or a local time such as 2026-11-20T19:05. A server starts there and runs on
    #[arg(long, global = true, value_name = "TIME", overrides_with = "now")]
    pub now: Option<String>,
}

/// One run of the program.
pub struct Session {
    /// Where this command's answers go.
    pub out: Output,
    /// The operating system's source of random bytes.
    pub random: SystemRandom,
    data: Option<PathBuf>,
    now: Option<i64>,
    passphrase: Option<String>,
}

impl Session {
    /// Reads the global flags.
    ///
    /// # Errors
    /// [`CliError::TimeInvalid`] for a `--now` that is no time.
    pub fn open(global: &Global) -> Result<Self, Failure> {
        let now = global.now.as_deref().map(time::read).transpose()?;
        if now.is_some_and(|now| !CLOCKS.contains(&now)) {
            return Err(CliError::TimeInvalid.into());
        }
        let out = Output::new(global.json, Texts::of_environment());
        Ok(Self {
            out,
            random: SystemRandom::new(),
            data: global.data.clone(),
            now,
            passphrase: std::env::var("TECHO_PASSPHRASE")
                .ok()
                .filter(|passphrase| !passphrase.is_empty()),
        })
    }

    /// The time in Unix seconds: `--now`, or the system's.
    pub fn now(&self) -> i64 {
        self.now.unwrap_or_else(|| SystemClock.now())
    }

    /// A clock for a server: it starts at `--now` and runs on.
    pub fn running_clock(&self) -> Arc<dyn Clock> {
        match self.now {
            // The system's clock may be set while a server runs.
            None => Arc::new(SystemClock),
            Some(start) => Arc::new(RunningClock::starting_at(start)),
        }
    }

    /// The profile's folder, whether it is there or not.
    ///
    /// # Errors
    /// [`CliError::NoDataFolder`] where none was given and the platform has none.
    pub fn folder(&self) -> Result<PathBuf, Failure> {
        self.data
            .clone()
            .or_else(platform_folder)
            .ok_or_else(|| CliError::NoDataFolder.into())
    }

    /// The folder of an existing profile of this kind.
    ///
    /// # Errors
    /// `profile.missing`, `profile.wrong_kind`.
    pub fn profile(&self, kind: Kind) -> Result<PathBuf, Failure> {
        let folder = self.folder()?;
        profile::expect(&folder, kind).map_err(|error| Failure::from(error).about(folder.display()))?;
        Ok(folder)
    }

    /// The passphrase of the profile, from `TECHO_PASSPHRASE`.
    pub fn passphrase(&self) -> Option<String> {
        self.passphrase.clone()
    }
}

/// `$XDG_DATA_HOME/techo`, or what the platform has in its place.
fn platform_folder() -> Option<PathBuf> {
    let from = |name: &str, below: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(|base| Path::new(&base).join(below))
    };
    from("XDG_DATA_HOME", "techo")
        .or_else(|| {
            if cfg!(target_os = "macos") {
                from("HOME", "Library/Application Support/techo")
            } else {
                None
            }
        })
        .or_else(|| if cfg!(windows) { from("APPDATA", "techo") } else { None })
        .or_else(|| from("HOME", ".local/share/techo"))
}
