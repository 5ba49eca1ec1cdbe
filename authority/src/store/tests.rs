use techo_protocol::Coded as _;
use techo_protocol::basics::random::SeededRandom;

use super::*;
use crate::Authority;
use crate::profile::tests::{NAME, NOW};

/// What version 1 wrote: the statements that make such a database again.
const VERSION_1: &str = include_str!("fixtures/v1.sql");
/// What version 2 wrote: a municipality with two residents, a lot and a dose.
const VERSION_2: &str = include_str!("fixtures/v2.sql");
/// What version 3 wrote: that municipality with a revoked pass.
const VERSION_3: &str = include_str!("fixtures/v3.sql");

fn tables(db: &Connection) -> Vec<(String, String)> {
    let mut query = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        .unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_database_of_version_1_is_opened_and_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let old = Connection::open(folder.path().join(DATABASE)).unwrap();
    old.execute_batch(VERSION_1).unwrap();
    drop(old);
    let authority = Authority::open(folder.path(), None).unwrap();
    assert_eq!(authority.trust_list().unwrap().name, "Osaka Prefecture");
    assert_eq!(authority.venues(true).unwrap().len(), 2);
    let notices = authority.notices().unwrap();
    assert!(notices.len() == 1 && notices[0].revision == 2 && notices[0].published);
    assert_eq!(authority.recalls().unwrap().len(), 1);
    assert_eq!(authority.cases().unwrap().len(), 1);
    assert!(authority.verify_audit().is_ok());

    let new = tempfile::tempdir().unwrap();
    let fresh = create(new.path()).unwrap();
    assert_eq!(tables(&authority.db), tables(&fresh));
}

#[test]
fn a_database_of_version_2_keeps_its_ledger_and_learns_of_passes() {
    let folder = tempfile::tempdir().unwrap();
    let old = Connection::open(folder.path().join(DATABASE)).unwrap();
    old.execute_batch(VERSION_2).unwrap();
    drop(old);
    let mut authority = Authority::open(folder.path(), None).unwrap();
    assert_eq!(authority.residents().unwrap(), 2);
    let mut doses = 0;
    let count = |_| {
        doses += 1;
        Ok::<(), crate::Error>(())
    };
    authority
        .ledger(crate::municipality::ledger::Filter::default(), count)
        .unwrap();
    assert_eq!(doses, 1);
    // It has no key for passes, since its trust list could not be signed anew without the root.
    let new = crate::municipality::passes::NewPass {
        ticket: 1.try_into().unwrap(),
        request: None,
        name: None,
    };
    let refused = authority.issue_pass(&new, NOW, &SeededRandom::new(1)).unwrap_err();
    assert_eq!(refused.code(), "municipality.no_status_key");
    assert!(authority.verify_audit().is_ok());

    let new = tempfile::tempdir().unwrap();
    let fresh = create(new.path()).unwrap();
    assert_eq!(tables(&authority.db), tables(&fresh));
}

#[test]
fn a_database_of_version_3_keeps_its_revoked_passes_and_learns_of_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let old = Connection::open(folder.path().join(DATABASE)).unwrap();
    old.execute_batch(VERSION_3).unwrap();
    drop(old);
    let authority = Authority::open(folder.path(), None).unwrap();
    let revoked = crate::municipality::passes::revoked(&authority.db, NOW).unwrap();
    assert_eq!(revoked.len(), usize::from(NOW < 1_628_467_200));
    let rows = authority.db.query_row("SELECT count(*) FROM pass", [], |row| row.get(0));
    assert_eq!(rows, Ok(1));
    assert!(authority.verify_audit().is_ok());

    let new = tempfile::tempdir().unwrap();
    let fresh = create(new.path()).unwrap();
    assert_eq!(tables(&authority.db), tables(&fresh));
}

#[test]
fn a_newer_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let db = create(folder.path()).unwrap();
    db.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
    drop(db);
    let error = open(folder.path()).unwrap_err();
    assert_eq!(error.code(), "authority.newer_version");
}

#[test]
fn what_is_no_database_says_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join(DATABASE),
        "not a database, and longer than a header of one hundred bytes".repeat(4),
    )
    .unwrap();
    assert_eq!(open(folder.path()).unwrap_err().code(), "authority.damaged");
}

#[test]
fn two_commands_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Authority::init(folder.path(), &NAME, None, NOW, &SeededRandom::new(1)).unwrap();
    let mut second = Authority::open(folder.path(), None).unwrap();
    let holding = write(&mut first.db).unwrap();
    second.db.busy_timeout(Duration::from_millis(10)).unwrap();
    assert_eq!(write(&mut second.db).err().unwrap().code(), "authority.busy");
    drop(holding);
    assert!(write(&mut second.db).is_ok());
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    drop(create(folder.path()).unwrap());
    let mode = std::fs::metadata(folder.path().join(DATABASE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_disk_without_room_for_the_shared_file_is_full() {
    let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_SHMSIZE), None);
    assert_eq!(StoreError::from(error), StoreError::Full);
    let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_READ), None);
    assert!(matches!(StoreError::from(error), StoreError::Io { .. }));
}
