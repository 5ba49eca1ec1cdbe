//! This whole suite once more, with PostgreSQL as the store: this program again, as a process of its own that is told so.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, NoTls};
use techo_relay::store::{Place, PostgresPlace};

/// The server for tests.
const SERVER: &str = "TECHO_POSTGRES";
/// Tells the process that its stores are there.
const HERE: &str = "TECHO_RELAY_TESTS_ON_POSTGRES";
static SCHEMAS: AtomicU32 = AtomicU32::new(0);

/// A schema of the server, which goes with this.
pub struct Schema {
    server: String,
    pub name: String,
}

impl Schema {
    /// A new one in the process that tests PostgreSQL, and none in the other.
    pub fn of_this_run() -> Option<Self> {
        std::env::var_os(HERE)?;
        Self::new()
    }

    /// A new one; `None` where there is no server.
    pub fn new() -> Option<Self> {
        let server = std::env::var(SERVER).ok()?;
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        let name = format!("relay_{}_{number}", std::process::id());
        let schema = Self { server, name };
        schema.run(&format!("CREATE SCHEMA {}", schema.name));
        Some(schema)
    }

    pub fn url(&self) -> String {
        let join = if self.server.contains('?') { '&' } else { '?' };
        format!(
            "{0}{join}options=-csearch_path%3D{1}&application_name={1}",
            self.server, self.name
        )
    }

    pub fn place(&self) -> Place {
        Place::Postgres(PostgresPlace {
            url: self.url(),
            roots: None,
        })
    }

    /// A connection whose tables are these.
    pub fn client(&self) -> Client {
        Client::connect(&self.url(), NoTls).unwrap()
    }

    fn run(&self, sql: &str) {
        Client::connect(&self.server, NoTls).unwrap().batch_execute(sql).unwrap();
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        self.run(&format!("DROP SCHEMA {} CASCADE", self.name));
    }
}

/// Says loudly that there is no server, where there is none.
pub fn is_left_out() -> bool {
    let left_out = std::env::var_os(SERVER).is_none();
    if left_out {
        eprintln!("LEFT OUT: nothing was tested on PostgreSQL, because {SERVER} names no server");
    }
    left_out
}

#[test]
fn the_same_suite() {
    if std::env::var_os(HERE).is_some() || is_left_out() {
        return;
    }
    let suite = Command::new(std::env::current_exe().unwrap())
        .env(HERE, "1")
        .output()
        .unwrap();
    assert!(
        suite.status.success(),
        "{}{}",
        String::from_utf8_lossy(&suite.stdout),
        String::from_utf8_lossy(&suite.stderr)
    );
    let said = String::from_utf8_lossy(&suite.stdout);
    assert!(said.contains("test syncing::many_at_once_lose_nothing ... ok"), "{said}");
}
