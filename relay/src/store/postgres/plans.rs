//! How the database goes about the statements of every push and pull.

use super::PostgresStore;
use super::pages::{ACCOUNTS, LARGE_PAGES, PAGES};
use super::rows::{LENGTHS, LOCKED, REMOVE, WRITE};
use crate::store::Place;
use crate::store::testing::Schema;

/// Planned while the tables are empty, as on the first day of a relay, and then kept.
#[test]
fn what_every_push_and_pull_asks_goes_by_an_index() {
    let Some(schema) = Schema::new() else { return };
    let Place::Postgres(place) = schema.place() else {
        panic!("a schema is in PostgreSQL")
    };
    let store = PostgresStore::open(&place, &crate::log::none()).unwrap();
    for (sql, values) in [
        (ACCOUNTS, 1),
        (LOCKED, 1),
        (PAGES, 4),
        (LARGE_PAGES, 4),
        (LENGTHS, 2),
        (REMOVE, 2),
        (WRITE, 7),
    ] {
        let nulls = vec!["NULL"; values].join(", ");
        let plan = store
            .write_all(|work| {
                work.run(&format!("PREPARE asked AS {sql}"))?;
                let rows = work.query_text(&format!("EXPLAIN EXECUTE asked ({nulls})"))?;
                work.run("DEALLOCATE asked")?;
                Ok(rows.join("\n"))
            })
            .unwrap();
        assert!(plan.contains("Index "), "{sql}\n{plan}");
        assert!(!plan.contains("Seq Scan") && !plan.contains("Hash Join"), "{sql}\n{plan}");
    }
}
