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

/// Runs a test with a store in each kind of database.
pub fn each_database(test: impl Fn(&dyn Store)) {
    each_shared_database(|store| test(&*store));
}

/// As [`each_database`], for tests that share the store among threads.
pub fn each_shared_database(test: impl Fn(Arc<dyn Store>)) {
    let folder = tempfile::TempDir::new().unwrap();
    let schema = Schema::new();
    for place in databases(folder.path(), schema.as_ref()) {
        test(open(&place, &crate::log::none()).unwrap());
    }
}
