//! The database's tables and how an older one is brought to the present version.

use std::cmp::Ordering;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::store::StoreError;

/// "Tech": tells a relay's database from any other SQLite file.
const APPLICATION_ID: i32 = 0x5465_6368;
/// Step `n` makes version `n + 1` from version `n`. Steps are never changed, only added; each version keeps a fixture that a test opens.
const STEPS: &[&str] = &[VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5];
/// The version of the schema that this program makes.
#[cfg(test)]
pub const PRESENT: usize = STEPS.len();
/// Statements that a connection keeps prepared: more than there are.
const STATEMENTS: usize = 64;
/// Pages that a connection keeps in memory, in KiB: pushes go to all accounts, and what is read again from the file is slower.
const CACHE_KIB: i32 = 32 * 1024;
/// Pages of the log after which it is carried over into the database: pushes touch pages all over it, and a page that many of them touched is
/// then written once.
const LOG_PAGES: u32 = 8_000;

const VERSION_1: &str = "
CREATE TABLE authorities (
    id BLOB PRIMARY KEY,
    trust_list BLOB NOT NULL,
    manifest BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE taken (
    authority BLOB PRIMARY KEY,
    number BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE segments (
    hash BLOB PRIMARY KEY,
    authority BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    unlisted_since INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX segments_of_authority ON segments (authority, bytes);

CREATE TABLE segment_parts (
    hash BLOB NOT NULL,
    part INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (hash, part)
) STRICT;

-- WITHOUT ROWID: a counting row id would tell in which order diaries came.
CREATE TABLE diaries (
    authority BLOB NOT NULL,
    day INTEGER NOT NULL,
    mailbox BLOB NOT NULL,
    hash BLOB NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (authority, day, mailbox, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX diaries_by_content ON diaries (authority, mailbox, hash);
";

/// Households' streams. A chunk's number counts within its account.
const VERSION_2: &str = "
CREATE TABLE filling (
    generation BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO filling (generation) VALUES (randomblob(16));

CREATE TABLE accounts (
    stream BLOB PRIMARY KEY,
    key BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    last_swap INTEGER NOT NULL,
    cursor INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    read_day INTEGER NOT NULL,
    deleted_day INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE chunks (
    stream BLOB NOT NULL,
    number INTEGER NOT NULL,
    id BLOB NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (stream, number)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX chunks_by_id ON chunks (stream, id);
";

/// What chunks hold lies apart from where each is found, so that a transaction's chunks, whosever they are, fill whole pages, and what has to be
/// searched is small. What is there already lies in the order of accounts.
const VERSION_3: &str = "
DROP INDEX chunks_by_id;
ALTER TABLE chunks RENAME TO chunks_2;

CREATE TABLE pieces (
    place INTEGER PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;

CREATE TABLE chunks (
    stream BLOB NOT NULL,
    number INTEGER NOT NULL,
    id BLOB NOT NULL,
    place INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (stream, number)
) STRICT, WITHOUT ROWID;

INSERT INTO chunks (stream, number, id, place, bytes)
SELECT stream, number, id, row_number() OVER (ORDER BY stream, number), length(content) FROM chunks_2;

INSERT INTO pieces (place, content)
SELECT place, content FROM chunks JOIN chunks_2 USING (stream, number) ORDER BY place;

CREATE UNIQUE INDEX chunks_by_id ON chunks (stream, id);

DROP TABLE chunks_2;
";

/// Households' records. Numbers and hashes of the present ones are with the account; a key, record or recovery words that others replaced have
/// the day of that. An account of before has no name of its opening: zeros, which no later one gets.
const VERSION_4: &str = "
ALTER TABLE accounts ADD COLUMN opening BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
ALTER TABLE accounts ADD COLUMN record_number INTEGER;
ALTER TABLE accounts ADD COLUMN record_hash BLOB;
ALTER TABLE accounts ADD COLUMN keyring_number INTEGER;
ALTER TABLE accounts ADD COLUMN keyring_hash BLOB;

CREATE TABLE records (
    stream BLOB NOT NULL,
    number INTEGER NOT NULL,
    content BLOB NOT NULL,
    replaced_day INTEGER,
    PRIMARY KEY (stream, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX records_by_day ON records (replaced_day) WHERE replaced_day IS NOT NULL;

CREATE TABLE keyrings (
    stream BLOB PRIMARY KEY,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE old_keys (
    stream BLOB NOT NULL,
    key BLOB NOT NULL,
    replaced_day INTEGER NOT NULL,
    PRIMARY KEY (stream, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX old_keys_by_day ON old_keys (replaced_day);

CREATE TABLE words (
    stream BLOB NOT NULL,
    key BLOB NOT NULL,
    replaced_day INTEGER,
    PRIMARY KEY (stream, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX words_by_day ON words (replaced_day) WHERE replaced_day IS NOT NULL;

CREATE TABLE locators (
    locator BLOB PRIMARY KEY,
    stream BLOB NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
";

/// What the relay's clock said (`ServerTime`), so that a restart confirms nothing.
const VERSION_5: &str = "
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    content BLOB NOT NULL
) STRICT;
";

/// Opens a connection with the settings that durability and erasure need.
pub fn connect(file: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(connection)
}

/// Whether a database is a relay's, of the present version.
pub fn is_present(connection: &Connection) -> Result<(), StoreError> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    match (version as usize).cmp(&STEPS.len()) {
        _ if application != APPLICATION_ID => Err(StoreError::Damaged),
        Ordering::Less => Err(StoreError::OlderVersion),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(StoreError::NewerVersion),
    }
}

/// Brings the database to the present version, in one transaction.
pub fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    migrate_to(connection, STEPS.len())
}

/// Brings the database to a version, if it is older.
pub fn migrate_to(connection: &mut Connection, wanted: usize) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: u32 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (version, tables) != (0, 0) {
        return Err(StoreError::Damaged);
    }
    let done = version as usize;
    if done > STEPS.len() {
        return Err(StoreError::NewerVersion);
    }
    for step in STEPS.iter().take(wanted).skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(
        None,
        "user_version",
        u32::try_from(wanted.max(done)).map_err(|_| StoreError::NewerVersion)?,
    )?;
    transaction.commit()?;
    Ok(())
}
