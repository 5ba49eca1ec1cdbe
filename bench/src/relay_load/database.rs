//! The database under a relay that is measured: a new one each time.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, NoTls};
use tempfile::TempDir;

use super::Failed;

/// A database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// SQLite in one file.
    Sqlite,
    /// PostgreSQL at this address.
    Postgres(String),
}

impl FromStr for Database {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sqlite" => Ok(Self::Sqlite),
            url if url.starts_with("postgres://") => Ok(Self::Postgres(url.to_owned())),
            _ => Err("write `sqlite` or `postgres://USER@HOST/NAME`".to_owned()),
        }
    }
}

/// One that is empty, and goes with this.
pub enum Empty {
    /// In a folder.
    Sqlite(TempDir),
    /// In a schema.
    Postgres {
        /// The server.
        server: String,
        /// The schema.
        schema: String,
    },
}

static SCHEMAS: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// What it is.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// An empty one.
    ///
    /// # Errors
    /// When there is none to be had.
    pub fn empty(&self) -> Result<Empty, Failed> {
        Ok(match self {
            Self::Sqlite => Empty::Sqlite(tempfile::tempdir()?),
            Self::Postgres(server) => {
                let schema = format!("bench_{}_{}", std::process::id(), SCHEMAS.fetch_add(1, Ordering::Relaxed));
                Client::connect(server, NoTls)?.batch_execute(&format!("CREATE SCHEMA {schema}"))?;
                Empty::Postgres {
                    server: server.clone(),
                    schema,
                }
            }
        })
    }
}

impl Empty {
    /// As the relay's process is told: a file, or an address.
    pub fn place(&self) -> PathBuf {
        match self {
            Self::Sqlite(folder) => folder.path().join("relay.sqlite"),
            Self::Postgres { server, schema } => {
                let join = if server.contains('?') { '&' } else { '?' };
                format!("{server}{join}options=-csearch_path%3D{schema}").into()
            }
        }
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        if let Self::Postgres { server, schema } = self {
            // What stays is in nobody's way: the next has another name.
            let dropped = Client::connect(server, NoTls)
                .and_then(|mut client| client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")));
            drop(dropped);
        }
    }
}
