//! Stores for tests: SQLite and plain files in a folder, and PostgreSQL where `TECHO_POSTGRES` names a server, each test in a schema of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Place, PostgresPlace, Store, open};

/// The server for tests.
const SERVER: &str = "TECHO_POSTGRES";
static SCHEMAS: AtomicU32 = AtomicU32::new(0);

/// A schema of a server for tests, which goes with this.
pub struct Schema {
    server: String,
    name: String,
}

impl Schema {
    /// A new one; `None` where there is no server.
    pub fn new() -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            eprintln!("LEFT OUT: nothing was tested on PostgreSQL, because {SERVER} names no server");
            return None;
        };
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        let name = format!("unit_{}_{number}", std::process::id());
        let schema = Self { server, name };
        schema.run(&format!("CREATE SCHEMA {}", schema.name));
        Some(schema)
    }

    pub fn place(&self) -> Place {
        let join = if self.server.contains('?') { '&' } else { '?' };
        Place::Postgres(PostgresPlace {
            url: format!("{}{join}options=-csearch_path%3D{}", self.server, self.name),
            roots: None,
        })
    }

    fn run(&self, sql: &str) {
        let mut client = postgres::Client::connect(&self.server, postgres::NoTls).unwrap();
        client.batch_execute(sql).unwrap();
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        self.run(&format!("DROP SCHEMA {} CASCADE", self.name));
    }
}

/// The places of a kind each.
pub fn databases(folder: &Path, schema: Option<&Schema>) -> Vec<Place> {
    let sqlite = Place::Sqlite(folder.join("sub/relay.sqlite"));
    std::iter::once(sqlite).chain(schema.map(Schema::place)).collect()
}

/// A database for a test.
pub enum Database {
    Sqlite(tempfile::TempDir),
    Postgres(Schema),
}

impl Database {
    pub fn open(&self) -> Arc<dyn Store> {
        let place = match self {
            Self::Sqlite(folder) => Place::Sqlite(folder.path().join("relay.sqlite")),
            Self::Postgres(schema) => schema.place(),
        };
        open(&place, &crate::log::none()).unwrap()
    }

    /// Runs a statement behind the store's back; `HEX` begins bytes in hexadecimal digits.
    pub fn run(&self, sql: &str) {
        let mut parts = sql.split("HEX");
        let mut said = parts.next().unwrap().to_owned();
        for part in parts {
            let end = part.find(|digit: char| !digit.is_ascii_hexdigit()).unwrap_or(part.len());
            let (digits, rest) = part.split_at(end);
            let bytes = match self {
                Self::Sqlite(_) => format!("x'{digits}'"),
                Self::Postgres(_) => format!("'\\x{digits}'::bytea"),
            };
            said.push_str(&bytes);
            said.push_str(rest);
        }
        match self {
            Self::Sqlite(folder) => rusqlite::Connection::open(folder.path().join("relay.sqlite"))
                .unwrap()
                .execute_batch(&said)
                .unwrap(),
            Self::Postgres(schema) => schema.run(&format!("SET search_path TO {}; {said}", schema.name)),
        }
    }
}

/// Runs a test with a database of each kind.
pub fn each_kind(test: impl Fn(&Database)) {
    test(&Database::Sqlite(tempfile::TempDir::new().unwrap()));
    if let Some(schema) = Schema::new() {
        test(&Database::Postgres(schema));
    }
}

/// Runs a test with a store in each kind of database.
pub fn each_database(test: impl Fn(&dyn Store)) {
    each_kind(|database| test(&*database.open()));
}
