//! `techo relay backup` and `techo relay restore`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use techo_protocol::basics::clock::DAY_SECONDS as DAY;
use techo_protocol::basics::random::random_bytes;
use techo_relay::store::{self, Place, StoreError};

use super::database::{PostgresFlags, SQLITE};
use crate::failure::CliError;
use crate::profile::{self, Kind};
use crate::session::Session;
use crate::{Failure, Outcome};

/// Write a copy of the relay's SQLite database into one new file, also while the relay serves
#[derive(Debug, Args)]
#[command(after_help = "Keep copies for seven days at most: what is deleted stays in them.
Example:
  techo --data relay relay backup relay-monday.backup")]
pub struct Backup {
    /// The new file
    file: PathBuf,
    #[command(flatten)]
    postgres: PostgresFlags,
}

/// Put a copy back, while no relay serves. Devices then send again what the copy lacks
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo --data relay relay restore relay-monday.backup
  techo --data relay relay restore --database postgres://techo@127.0.0.1/techo      after pg_restore, before a relay serves")]
pub struct Restore {
    /// What `relay backup` has written; not for PostgreSQL, which is put back with its own programs first
    #[arg(required_unless_present = "database", conflicts_with = "database")]
    file: Option<PathBuf>,
    #[command(flatten)]
    postgres: PostgresFlags,
}

impl Backup {
    /// Writes a copy of the relay's store to the new file.
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        if self.postgres.place()?.is_some() {
            return Err(CliError::CopiedByPgDump.into());
        }
        let database = session.profile(Kind::Relay)?.join(SQLITE);
        let bytes = store::back_up(&database, &self.file).map_err(|error| {
            let about = if error == StoreError::Damaged { &database } else { &self.file };
            Failure::from(error).about(about.display())
        })?;
        let file = self.file.display();
        session.out.answer(
            &json!({ "file": file.to_string(), "bytes": bytes }),
            "relay-backed-up",
            &[("file", &file), ("bytes", &bytes)],
        )?;
        Ok(Outcome::Done)
    }
}

impl Restore {
    /// Puts the copy back.
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let generation = random_bytes(&session.random)?;
        let day = session.now().div_euclid(DAY);
        if let Some(file) = &self.file {
            let folder = session.folder()?;
            profile::ensure(&folder, Kind::Relay).map_err(|error| Failure::from(error).about(folder.display()))?;
            let database = folder.join(SQLITE);
            store::put_back(file, &database, generation, day).map_err(|error| {
                let about = if error == StoreError::FileThere { &database } else { file };
                Failure::from(error).about(about.display())
            })?;
        } else if let Some(place) = self.postgres.place()? {
            let log = techo_relay::log::json(std::io::stderr);
            store::open(&Place::Postgres(place), &log)?.begin_again(generation, day)?;
        }
        session.out.answer(&json!({ "restored": true }), "relay-restored", &[])?;
        Ok(Outcome::Done)
    }
}
