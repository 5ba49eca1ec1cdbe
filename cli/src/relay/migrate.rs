//! `techo relay migrate`: from SQLite to PostgreSQL.

use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use techo_relay::store::{self, PostgresPlace, Progress};

use super::database::SQLITE;
use crate::profile::Kind;
use crate::session::Session;
use crate::{Failure, Outcome, input};

/// Copy the whole SQLite store into an empty PostgreSQL database, all or nothing, and compare. Stop the relay first; the SQLite store stays as it is
#[derive(Debug, Args)]
#[command(after_help = "Example:
  techo --data relay relay migrate --to postgres://techo@127.0.0.1/techo")]
pub struct Migrate {
    /// The database: `postgres://USER@HOST/NAME`; with a password, set `TECHO_DATABASE` and not this
    #[arg(long, value_name = "URL", env = "TECHO_DATABASE", hide_env_values = true)]
    to: String,
    /// Certificates (PEM) that are trusted for the database, in place of the public ones
    #[arg(long, value_name = "FILE")]
    database_ca: Option<PathBuf>,
}

impl Migrate {
    /// Copies the SQLite store into the PostgreSQL database, and compares every row.
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let database = session.profile(Kind::Relay)?.join(SQLITE);
        let roots = self.database_ca.as_deref().map(input::file).transpose()?;
        let place = PostgresPlace { url: self.to, roots };
        let mut bar: Option<(ProgressBar, Progress)> = None;
        let copied = store::migrate(&database, &place, &mut |progress| {
            let is_same =
                |(_, before): &(ProgressBar, Progress)| (before.table, before.comparing) == (progress.table, progress.comparing);
            if !bar.as_ref().is_some_and(is_same) {
                if let Some((bar, _)) = bar.take() {
                    bar.finish();
                }
                let id = if progress.comparing {
                    "relay-comparing"
                } else {
                    "relay-copying"
                };
                bar = Some((session.out.progress(progress.of, id), progress));
            }
            if let Some((bar, _)) = &bar {
                bar.set_position(progress.rows);
            }
        })?;
        if let Some((bar, _)) = bar {
            bar.finish_and_clear();
        }
        let rows: u64 = copied.iter().map(|(_, rows)| rows).sum();
        let tables: serde_json::Map<String, serde_json::Value> = copied
            .iter()
            .map(|(table, rows)| ((*table).to_owned(), (*rows).into()))
            .collect();
        session.out.answer(
            &json!({ "rows": rows, "tables": tables }),
            "relay-migrated",
            &[("rows", &rows)],
        )?;
        Ok(Outcome::Done)
    }
}
