//! The write-ahead log: when it is moved into the database and emptied (a checkpoint).
//!
//! SQLite with `synchronous = FULL` syncs the log at each commit, and the folder at a process' first. A checkpoint syncs the log and then the database, and the first commit into an
//! emptied log syncs its header too. Left alone, SQLite makes a checkpoint whenever the last connection closes, and removes the log: a command
//! line process that writes once would sync five times. So the log stays when a vault is closed. It is emptied
//!
//! * by each deletion, as before: what is deleted is in no file then ([`super::Vault::write`]);
//! * by the closing of a vault in which this process has changed a document, once the log has [`LONGEST_FRAMES`]: an act of a person pays for it,
//!   and not a sync that has only sent;
//! * by SQLite itself, in a process that stays open, at a thousand frames.
//!
//! What the log holds is sealed like everything else. The vault's files belong together: one without its log is an older state.

use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

/// How many frames (pages of 4 KiB) a log has that is emptied when the vault is closed: 1 MiB.
const LONGEST_FRAMES: i64 = 256;

/// Has SQLite leave the log where it is when the connection is closed.
pub(super) fn stays_when_closed(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(|_| ())
}

/// Moves the log into the database and cuts it to nothing. Another process that is reading can hold up the cutting; that is no error.
pub(super) fn empty(db: &Connection) -> rusqlite::Result<()> {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Empties a long log. Where it cannot be done now, the next closing tries again.
pub(super) fn empty_if_long(db: &Connection) {
    let frames = db.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get::<_, i64>(1));
    if frames.is_ok_and(|frames| frames >= LONGEST_FRAMES) {
        // Nobody waits for another process in order to close.
        let _ = db.busy_timeout(Duration::ZERO).and_then(|()| empty(db));
    }
}
