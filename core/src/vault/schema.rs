//! The tables, how they are made, and how an older vault becomes a newer one.
//!
//! | table | key in the clear | sealed content |
//! |---|---|---|
//! | `keyring` | 1, and the random name of the wrapping key | all row keys and what each is for |
//! | `snapshot`, `state` | a document's random id | its saved state; its heads and counts |
//! | `change` | that id and a number from 1 | one Automerge change |
//! | `outbox` | order, that id, a change's number or 0 for the whole document | none |
//! | `record`, `segment` | keyed hashes of kind and name | name and bytes |
//!
//! A random id is drawn anew for each generation of a document.

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreError, VaultError};

/// The version of the schema that this program writes.
pub const SCHEMA_VERSION: i64 = 1;

/// Marks the file as a vault (SQLite's `application_id`): "Tech".
const APPLICATION_ID: i32 = 0x5465_6368;

/// One step from the version that is its place in [`MIGRATIONS`] to the next.
pub(super) type Migration = &'static str;

/// Every step there ever was; released steps are never changed.
pub(super) const MIGRATIONS: &[Migration] = &["
    CREATE TABLE keyring (one INTEGER PRIMARY KEY CHECK (one = 1), wrapping BLOB NOT NULL, sealed BLOB NOT NULL);
    CREATE TABLE snapshot (document INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
    CREATE TABLE state (document INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
    CREATE TABLE change (document INTEGER NOT NULL, number INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (document, number)) WITHOUT ROWID;
    CREATE TABLE outbox (place INTEGER PRIMARY KEY AUTOINCREMENT, document INTEGER NOT NULL, number INTEGER NOT NULL, UNIQUE (document, number));
    CREATE TABLE record (kind INTEGER NOT NULL, name BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
    CREATE TABLE segment (name BLOB PRIMARY KEY, sealed BLOB NOT NULL);
"];

/// Settings of a connection, made before anything is written through it.
///
/// `secure_delete` overwrites what is deleted; `fullfsync` reaches the disk itself on Apple's systems and does nothing
/// elsewhere; sorting stays in memory, so that no temporary file holds anything.
pub(super) fn configure(db: &Connection) -> Result<(), VaultError> {
    db.execute_batch(
        "PRAGMA secure_delete = ON;
         PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA journal_size_limit = 1048576;",
    )?;
    Ok(())
}

/// What is in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The file holds no tables yet.
    Empty,
    /// A vault of an older or of this version.
    Vault(i64),
}

/// Looks what the file is.
pub(super) fn look(db: &Connection) -> Result<Found, VaultError> {
    let (application, version, objects): (i32, i64, i64) = db.query_row(
        "SELECT a.application_id, v.user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id a, pragma_user_version v",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    match (application, version, objects) {
        (0, 0, 0) => Ok(Found::Empty),
        (APPLICATION_ID, found, _) if found > SCHEMA_VERSION => Err(StoreError::NewerVersion { found }.into()),
        (APPLICATION_ID, version @ 0.., _) => Ok(Found::Vault(version)),
        _ => Err(StoreError::NotAVault.into()),
    }
}

/// Switches to the write-ahead log, which the file remembers. SQLite does not wait for others here, so `wait` is asked
/// before each new try and says when to give up.
pub(super) fn use_write_ahead_log(db: &Connection, mut wait: impl FnMut() -> bool) -> Result<(), VaultError> {
    loop {
        match db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                return Err(StoreError::Io {
                    reason: format!("journal mode {mode}"),
                }
                .into());
            }
            Err(error) => {
                let error = VaultError::from(error);
                if error != StoreError::Busy.into() || !wait() {
                    return Err(error);
                }
            }
        }
    }
}

/// Brings the schema from the version found to that of `migrations`, all in one transaction.
///
/// `first_rows` writes what a new vault begins with; it is called when there was no vault.
pub(super) fn migrate(
    db: &mut Connection,
    migrations: &[Migration],
    first_rows: impl FnOnce(&Connection) -> Result<(), VaultError>,
) -> Result<(), VaultError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Looked at again under the lock: another process may have been first.
    let found = look(&tx)?;
    let from = match found {
        Found::Empty => 0,
        Found::Vault(version) => usize::try_from(version).unwrap_or(0),
    };
    for step in migrations.iter().skip(from) {
        tx.execute_batch(step)?;
    }
    if found == Found::Empty {
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        first_rows(&tx)?;
    }
    let version = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    tx.pragma_update(None, "user_version", version)?;
    tx.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migrated(db: &mut Connection, migrations: &[Migration]) -> bool {
        let mut first = false;
        migrate(db, migrations, |_| {
            first = true;
            Ok(())
        })
        .unwrap();
        first
    }

    #[test]
    fn the_version_counts_the_migrations() {
        assert_eq!(usize::try_from(SCHEMA_VERSION).unwrap(), MIGRATIONS.len());
    }

    #[test]
    fn a_later_step_keeps_what_was_there() {
        let mut db = Connection::open_in_memory().unwrap();
        assert!(migrated(&mut db, MIGRATIONS));
        db.execute("INSERT INTO segment VALUES (x'01', x'02')", []).unwrap();
        let longer = [
            MIGRATIONS[0],
            "ALTER TABLE segment ADD COLUMN added INTEGER NOT NULL DEFAULT 7;",
        ];
        assert!(!migrated(&mut db, &longer));
        let row: (Vec<u8>, i64) = db
            .query_row("SELECT sealed, added FROM segment", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(row, (vec![2], 7));
        // What this program does not know, it leaves alone.
        assert_eq!(look(&db), Err(StoreError::NewerVersion { found: 2 }.into()));
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut db = Connection::open_in_memory().unwrap();
        assert!(migrated(&mut db, MIGRATIONS));
        assert!(!migrated(&mut db, MIGRATIONS));
        assert_eq!(look(&db), Ok(Found::Vault(SCHEMA_VERSION)));
    }

    #[test]
    fn somebody_elses_database_is_left_alone() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
        assert_eq!(look(&db), Err(StoreError::NotAVault.into()));
    }
}
