//! The tables, and how an older database becomes a newer one.
//!
//! | table | a row is |
//! |---|---|
//! | `authority` | this authority |
//! | `trust_list` | one trust list as a file; the highest number counts |
//! | `venue`, `code` | a venue, and each code that was ever issued for it, whose serials are never used again |
//! | `notice`, `revision` | a notice, and everything that was ever said in it |
//! | `imported` | which notice an event of an imported list became, and what the list said of it last |
//! | `recall` | one revision of a recalled lot |
//! | `segment`, `published` | a signed file, and which revision went out in it under which code |
//! | `public_file` | the newest signed file of a kind that manifests name beside segments |
//! | `manifest` | a signed manifest; files of all but the newest are dropped |
//! | `case_file`, `diary` | a one-time code's mailbox (never the code), and the sealed diary that came for it |
//! | `take` | the number of the last request for diaries |
//! | `municipality` | what this authority is as a municipality |
//! | `resident` | a ticket that was given out, and the birth date of its holder, sealed |
//! | `site` | a vaccination site's licence |
//! | `stock` | doses of a lot that were distributed |
//! | `bundle`, `piece` | a site's bundle that was taken in; a piece of one that came through a relay and is not whole yet |
//! | `source` | who states doses: a site, a kind of file, another municipality's slips |
//! | `dose` | one statement of a dose; `current` where it is the newest of its record and not withdrawn |
//! | `audit` | the hash-chained log |
//! | `clock` | what this machine's clock said, and what that confirms |
//!
//! Times are Unix seconds.

use rusqlite::Connection;

use super::{StoreError, write};

/// The version of the schema that this program writes.
pub const SCHEMA_VERSION: i64 = 4;

/// Every step there ever was, each from the version that is its place to the next; released steps are never changed.
pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE authority (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL, made_at INTEGER NOT NULL) STRICT;
    CREATE TABLE trust_list (number INTEGER PRIMARY KEY, file BLOB NOT NULL) STRICT;

    CREATE TABLE venue (
        number INTEGER PRIMARY KEY, name TEXT NOT NULL, address TEXT NOT NULL, kind TEXT NOT NULL, seats INTEGER, area_m2 INTEGER,
        stay_minutes INTEGER NOT NULL, registered_at INTEGER NOT NULL, retired_at INTEGER
    ) STRICT;
    CREATE INDEX venue_by_name ON venue (name, address);
    CREATE TABLE code (
        serial INTEGER PRIMARY KEY, venue INTEGER NOT NULL REFERENCES venue, text TEXT NOT NULL,
        issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, replaced_at INTEGER
    ) STRICT;
    CREATE INDEX code_by_venue ON code (venue);

    CREATE TABLE notice (
        id INTEGER PRIMARY KEY, venue INTEGER NOT NULL REFERENCES venue, revision INTEGER NOT NULL, earliest_from INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX notice_by_venue ON notice (venue);
    CREATE TABLE revision (
        notice INTEGER NOT NULL REFERENCES notice, revision INTEGER NOT NULL, from_time INTEGER NOT NULL, to_time INTEGER NOT NULL,
        tail INTEGER NOT NULL, severity TEXT NOT NULL, advice INTEGER NOT NULL, text TEXT NOT NULL, withdrawn INTEGER NOT NULL,
        made_at INTEGER NOT NULL, PRIMARY KEY (notice, revision)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE imported (
        layout TEXT NOT NULL, event TEXT NOT NULL, notice INTEGER NOT NULL REFERENCES notice, content BLOB NOT NULL,
        PRIMARY KEY (layout, event)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE recall (
        id INTEGER NOT NULL, revision INTEGER NOT NULL, product TEXT NOT NULL, lot TEXT NOT NULL, text TEXT NOT NULL,
        withdrawn INTEGER NOT NULL, made_at INTEGER NOT NULL, segment INTEGER REFERENCES segment, PRIMARY KEY (id, revision)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE segment (
        sequence INTEGER PRIMARY KEY, hash BLOB NOT NULL, bytes INTEGER NOT NULL, day INTEGER NOT NULL, listed_until INTEGER NOT NULL,
        signer BLOB NOT NULL, revoked INTEGER NOT NULL DEFAULT 0, file BLOB
    ) STRICT;
    CREATE TABLE published (
        notice INTEGER NOT NULL REFERENCES notice, code INTEGER NOT NULL REFERENCES code, revision INTEGER NOT NULL,
        segment INTEGER NOT NULL REFERENCES segment, PRIMARY KEY (notice, code, revision)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE manifest (
        sequence INTEGER PRIMARY KEY, hash BLOB NOT NULL, signed_at INTEGER NOT NULL, trust_list INTEGER NOT NULL,
        taken INTEGER NOT NULL DEFAULT 0, file BLOB
    ) STRICT;

    CREATE TABLE case_file (
        id INTEGER PRIMARY KEY AUTOINCREMENT, mailbox BLOB NOT NULL UNIQUE, made_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE diary (
        case_file INTEGER PRIMARY KEY REFERENCES case_file, received_at INTEGER NOT NULL, hash BLOB NOT NULL, sealed BLOB NOT NULL
    ) STRICT;
    CREATE TABLE take (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL) STRICT;

    CREATE TABLE audit (
        number INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL, about TEXT NOT NULL, hash BLOB NOT NULL
    ) STRICT;
", "
    CREATE TABLE municipality (
        one INTEGER PRIMARY KEY CHECK (one = 1), code INTEGER NOT NULL, residents_key BLOB NOT NULL, updates INTEGER NOT NULL DEFAULT 0,
        made_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE resident (ticket INTEGER PRIMARY KEY, born BLOB NOT NULL, enrolled_at INTEGER NOT NULL) STRICT;
    CREATE TABLE site (
        number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, licence BLOB NOT NULL, added_at INTEGER NOT NULL,
        revoked_from INTEGER
    ) STRICT;
    CREATE TABLE stock (
        product INTEGER NOT NULL, lot TEXT NOT NULL, doses INTEGER NOT NULL, changed_at INTEGER NOT NULL, PRIMARY KEY (product, lot)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE bundle (
        site INTEGER NOT NULL, sequence INTEGER NOT NULL, hash BLOB NOT NULL, made_at INTEGER NOT NULL, taken_at INTEGER NOT NULL,
        PRIMARY KEY (site, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE piece (
        bundle BLOB NOT NULL, place INTEGER NOT NULL, of INTEGER NOT NULL, content BLOB NOT NULL, taken_at INTEGER NOT NULL,
        PRIMARY KEY (bundle, place)
    ) STRICT;
    CREATE TABLE source (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name)) STRICT;
    CREATE TABLE dose (
        id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source, record INTEGER NOT NULL, revision INTEGER NOT NULL,
        current INTEGER NOT NULL, withdrawn INTEGER NOT NULL, ticket INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
        product INTEGER NOT NULL, lot TEXT NOT NULL, place TEXT NOT NULL, given_by TEXT NOT NULL, recorded_at INTEGER NOT NULL,
        taken_at INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX dose_by_record ON dose (source, record, revision);
    CREATE INDEX dose_now ON dose (ticket, number, at, product) WHERE current = 1;
", "
    CREATE TABLE pass (
        id BLOB PRIMARY KEY, ticket INTEGER NOT NULL, ends_at INTEGER NOT NULL, revoked_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX pass_by_ticket ON pass (ticket);
    ALTER TABLE municipality ADD COLUMN revocations INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE public_file (kind INTEGER PRIMARY KEY, hash BLOB NOT NULL, file BLOB NOT NULL) STRICT;
", "
    CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), content BLOB NOT NULL) STRICT;
"];

/// Brings the schema to [`SCHEMA_VERSION`], in one transaction.
pub(super) fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    if version(db)? == SCHEMA_VERSION {
        return Ok(());
    }
    let transaction = write(db)?;
    let found = version(&transaction)?;
    let done = usize::try_from(found).map_err(|_| StoreError::Damaged)?;
    let steps = MIGRATIONS.get(done..).ok_or(StoreError::NewerVersion { found })?;
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()?;
    Ok(())
}

fn version(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
