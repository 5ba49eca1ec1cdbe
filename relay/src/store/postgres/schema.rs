//! The database's tables and how older ones are brought to the present version.

use super::columns::bytes;
use super::connection::{Done, Work};
use crate::store::StoreError;

/// Step `n` makes version `n + 1` from version `n`. Steps are never changed, only added.
const STEPS: &[&str] = &[VERSION_1, VERSION_2];
/// Held while tables are made: relays that start at once do it one after the other.
const MAKING: i64 = 0x5465_6368_6f00_0001;

/// What is sealed does not get smaller by being compressed: `EXTERNAL`. Accounts change with each push, and have room on their page for that.
/// Mailboxes live for two minutes and are in no log (`UNLOGGED`).
const VERSION_1: &str = "
CREATE TABLE relay (
    version int NOT NULL,
    generation bytea NOT NULL
);
INSERT INTO relay (version, generation) VALUES (0, uuid_send(gen_random_uuid()));

CREATE TABLE authorities (
    id bytea PRIMARY KEY,
    trust_list bytea NOT NULL,
    manifest bytea
);

CREATE TABLE taken (
    authority bytea PRIMARY KEY,
    number bytea NOT NULL
);

CREATE TABLE segments (
    hash bytea PRIMARY KEY,
    authority bytea NOT NULL,
    bytes bigint NOT NULL,
    unlisted_since bigint
);
CREATE INDEX segments_of_authority ON segments (authority, bytes);

CREATE TABLE segment_parts (
    hash bytea NOT NULL,
    part bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (hash, part)
);
ALTER TABLE segment_parts ALTER content SET STORAGE EXTERNAL;

CREATE TABLE diaries (
    authority bytea NOT NULL,
    day bigint NOT NULL,
    mailbox bytea NOT NULL,
    hash bytea NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (authority, day, mailbox, hash)
);
ALTER TABLE diaries ALTER sealed SET STORAGE EXTERNAL;
CREATE INDEX diaries_by_content ON diaries (authority, mailbox, hash);

CREATE TABLE accounts (
    stream bytea PRIMARY KEY,
    key bytea NOT NULL,
    epoch bigint NOT NULL,
    last_swap bigint NOT NULL,
    cursor bigint NOT NULL,
    bytes bigint NOT NULL,
    read_day bigint NOT NULL,
    deleted_day bigint,
    opening bytea NOT NULL,
    record_number bigint,
    record_hash bytea,
    keyring_number bigint,
    keyring_hash bytea
) WITH (fillfactor = 70);

CREATE TABLE chunks (
    stream bytea NOT NULL,
    number bigint NOT NULL,
    id bytea NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (stream, number)
);
ALTER TABLE chunks ALTER content SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX chunks_by_id ON chunks (stream, id);

CREATE TABLE records (
    stream bytea NOT NULL,
    number bigint NOT NULL,
    content bytea NOT NULL,
    replaced_day bigint,
    PRIMARY KEY (stream, number)
);
CREATE INDEX records_by_day ON records (replaced_day) WHERE replaced_day IS NOT NULL;

CREATE TABLE keyrings (
    stream bytea PRIMARY KEY,
    content bytea NOT NULL
);

CREATE TABLE old_keys (
    stream bytea NOT NULL,
    key bytea NOT NULL,
    replaced_day bigint NOT NULL,
    PRIMARY KEY (stream, key)
);
CREATE INDEX old_keys_by_day ON old_keys (replaced_day);

CREATE TABLE words (
    stream bytea NOT NULL,
    key bytea NOT NULL,
    replaced_day bigint,
    PRIMARY KEY (stream, key)
);
CREATE INDEX words_by_day ON words (replaced_day) WHERE replaced_day IS NOT NULL;

CREATE TABLE locators (
    locator bytea PRIMARY KEY,
    stream bytea NOT NULL UNIQUE
);

CREATE UNLOGGED TABLE mailboxes (
    name bytea PRIMARY KEY,
    account bytea NOT NULL UNIQUE,
    ends_at bigint NOT NULL,
    messages bytea[] NOT NULL,
    taken boolean[] NOT NULL
);
";

/// What the relays' clocks said (`ServerTime`), so that a restart confirms nothing, and relays whose clocks differ confirm nothing together.
const VERSION_2: &str = "
CREATE TABLE clock (
    one bigint PRIMARY KEY CHECK (one = 1),
    content bytea NOT NULL
);
";

/// Brings the tables to the present version and gives the generation of this filling.
pub fn migrate(work: &mut Work<'_>) -> Done<[u8; 16]> {
    work.execute("SELECT pg_advisory_xact_lock($1)", &[&MAKING])?;
    let there: bool = work.query_one("SELECT to_regclass('relay') IS NOT NULL", &[])?.try_get(0)?;
    let done = if there {
        let version: i32 = work.query_one("SELECT version FROM relay", &[])?.try_get(0)?;
        usize::try_from(version).map_err(|_| StoreError::Damaged)?
    } else {
        0
    };
    if done > STEPS.len() {
        return Err(StoreError::NewerVersion.into());
    }
    for step in &STEPS[done..] {
        work.run(step)?;
    }
    if done < STEPS.len() {
        let version = i32::try_from(STEPS.len()).map_err(|_| StoreError::NewerVersion)?;
        work.execute("UPDATE relay SET version = $1", &[&version])?;
    }
    let generation = work.query_one("SELECT generation FROM relay", &[])?;
    Ok(bytes(&generation, 0)?)
}
