//! `techo relay`: carries signed lists and sealed diaries, and can read neither visits nor names.

mod check;
mod copies;
mod database;
mod limits;
mod migrate;
mod serve;

use clap::Subcommand;

use crate::session::Session;
use crate::{Failure, Outcome};

/// Run a relay, which carries signed lists and sealed diaries that it cannot read
#[derive(Debug, Subcommand)]
pub enum Relay {
    Serve(Box<serve::Serve>),
    Check(check::Check),
    Backup(copies::Backup),
    Restore(copies::Restore),
    Migrate(migrate::Migrate),
}

impl Relay {
    /// Runs a command of a relay and answers its outcome.
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Serve(serve) => serve.run(session),
            Self::Check(check) => check.run(session),
            Self::Backup(backup) => backup.run(session),
            Self::Restore(restore) => restore.run(session),
            Self::Migrate(migrate) => migrate.run(session),
        }
    }
}
