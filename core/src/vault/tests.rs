//! What the vault keeps, and what happens when something goes wrong. Forgetting has its own file.

mod forgetting;
mod several;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::ports::testing::{MemoryKeeper, copy_folder};

pub(super) const WEEK: DocumentName = DocumentName::Week(2_900);
const OTHER: DocumentName = DocumentName::Week(2_901);

pub(super) fn new_vault() -> (TempDir, MemoryKeeper, Vault) {
    let folder = tempfile::tempdir().unwrap();
    let keeper = MemoryKeeper::default();
    let vault = keeper.open(folder.path());
    (folder, keeper, vault)
}

pub(super) fn append(vault: &mut Vault, name: &DocumentName, changes: &[&[u8]]) -> Result<(), VaultError> {
    vault.write(|writer| {
        let before = writer
            .reader()
            .document(name)?
            .and_then(|document| document.state)
            .unwrap_or_default();
        let new: Vec<NewChange<'_>> = changes.iter().map(|bytes| NewChange { bytes, local: true }).collect();
        writer.append(name, &new, &[[9; 32]], before.changes + new.len() as u64)
    })
}

pub(super) fn document(vault: &mut Vault, name: &DocumentName) -> Option<StoredDocument> {
    vault.read(|reader| reader.document(name)).unwrap()
}

pub(super) fn outbox(vault: &mut Vault) -> Vec<OutboxEntry> {
    let mut entries = Vec::new();
    let read = vault.read(|reader| {
        entries = reader.outbox()?;
        Ok::<_, VaultError>(())
    });
    read.map(|()| entries).unwrap()
}

/// A second connection of its own to the vault's file, which knows nothing of what is sealed.
pub(super) fn raw(folder: &Path) -> Connection {
    Connection::open(folder.join(VAULT_FILE)).unwrap()
}

#[test]
fn documents_come_back_after_reopening() {
    let (folder, keeper, mut vault) = new_vault();
    append(&mut vault, &WEEK, &[b"one", b"two"]).unwrap();
    append(&mut vault, &WEEK, &[b"three"]).unwrap();
    vault.write(|writer| writer.compact(&OTHER, b"whole", &[[1; 32]], 7)).unwrap();
    let actor = vault.actor();
    drop(vault);
    let mut vault = keeper.open(folder.path());
    assert_eq!(vault.actor(), actor);
    let week = document(&mut vault, &WEEK).unwrap();
    assert_eq!(week.changes, [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]);
    assert_eq!((week.generation, week.snapshot, week.damaged.len()), (0, None, 0));
    assert_eq!(week.state.unwrap().changes, 3);
    let other = document(&mut vault, &OTHER).unwrap();
    assert_eq!((other.snapshot.as_deref(), other.changes.len()), (Some(&b"whole"[..]), 0));
    assert_eq!(document(&mut vault, &DocumentName::Settings), None);
}

#[test]
fn a_snapshot_takes_the_place_of_the_tail() {
    let (_folder, _, mut vault) = new_vault();
    append(&mut vault, &WEEK, &[b"one", b"two"]).unwrap();
    vault.write(|writer| writer.compact(&WEEK, b"both", &[[1; 32]], 2)).unwrap();
    append(&mut vault, &WEEK, &[b"three"]).unwrap();
    let week = document(&mut vault, &WEEK).unwrap();
    assert_eq!(
        (week.snapshot.as_deref(), week.changes.as_slice(), week.generation),
        (Some(&b"both"[..]), &[b"three".to_vec()][..], 0)
    );
    assert_eq!(week.state.unwrap().last, 3);
}

#[test]
fn a_failed_write_changes_nothing() {
    let (_folder, _, mut vault) = new_vault();
    append(&mut vault, &WEEK, &[b"one"]).unwrap();
    let result: Result<(), VaultError> = vault.write(|writer| {
        writer.append(
            &WEEK,
            &[NewChange {
                bytes: b"two",
                local: true,
            }],
            &[[2; 32]],
            2,
        )?;
        writer.append(
            &OTHER,
            &[NewChange {
                bytes: b"x",
                local: true,
            }],
            &[[3; 32]],
            1,
        )?;
        writer.destroy(&WEEK)?;
        Err(VaultError::too_large())
    });
    assert!(result.is_err());
    assert_eq!(document(&mut vault, &WEEK).unwrap().changes, [b"one".to_vec()]);
    assert_eq!(document(&mut vault, &OTHER), None);
    append(&mut vault, &WEEK, &[b"two"]).unwrap();
    assert_eq!(document(&mut vault, &WEEK).unwrap().changes.len(), 2);
}

#[test]
fn a_new_document_is_sent_whole_and_then_by_changes() {
    let (_folder, _, mut vault) = new_vault();
    append(&mut vault, &WEEK, &[b"one"]).unwrap();
    append(&mut vault, &WEEK, &[b"two"]).unwrap();
    let entries = outbox(&mut vault);
    assert_eq!(
        entries
            .iter()
            .map(|entry| (&entry.document, entry.change))
            .collect::<Vec<_>>(),
        [(&WEEK, None)]
    );
    vault.write(|writer| writer.sent(entries[0].place)).unwrap();
    assert_eq!(outbox(&mut vault), []);
    append(&mut vault, &WEEK, &[b"three", b"four"]).unwrap();
    vault
        .write(|writer| {
            writer.append(
                &WEEK,
                &[NewChange {
                    bytes: b"theirs",
                    local: false,
                }],
                &[[4; 32]],
                5,
            )
        })
        .unwrap();
    let entries = outbox(&mut vault);
    assert_eq!(
        entries.iter().map(|entry| entry.change).collect::<Vec<_>>(),
        [Some(3), Some(4)]
    );
    // What was to be sent one by one is then sent with the snapshot: nothing falls out.
    vault.write(|writer| writer.compact(&WEEK, b"all", &[[4; 32]], 5)).unwrap();
    let entries = outbox(&mut vault);
    assert_eq!(entries.iter().map(|entry| entry.change).collect::<Vec<_>>(), [None]);
    // A new generation is sent whole, and nothing of the old one.
    vault
        .write(|writer| writer.renew(&WEEK, b"less", &[[5; 32]], 1, &[[4; 32]]))
        .unwrap();
    let entries = outbox(&mut vault);
    assert_eq!(entries.iter().map(|entry| entry.change).collect::<Vec<_>>(), [None]);
}

#[test]
fn nothing_is_queued_when_a_snapshot_follows_what_was_sent() {
    let (_folder, _, mut vault) = new_vault();
    append(&mut vault, &WEEK, &[b"one"]).unwrap();
    let place = outbox(&mut vault)[0].place;
    vault.write(|writer| writer.sent(place)).unwrap();
    vault.write(|writer| writer.compact(&WEEK, b"all", &[[4; 32]], 1)).unwrap();
    assert_eq!(outbox(&mut vault), []);
}

#[test]
fn records_are_kept_listed_and_deleted() {
    let (folder, keeper, mut vault) = new_vault();
    vault.put_record(RecordKind::Alert, b"b", b"two").unwrap();
    vault.put_record(RecordKind::Alert, b"a", b"one").unwrap();
    vault.put_record(RecordKind::TrustList, b"a", b"list").unwrap();
    vault.put_record(RecordKind::Alert, b"b", b"three").unwrap();
    drop(vault);
    let mut vault = keeper.open(folder.path());
    assert_eq!(vault.record(RecordKind::Alert, b"b").unwrap().as_deref(), Some(&b"three"[..]));
    assert_eq!(vault.record(RecordKind::Alert, b"c").unwrap(), None);
    assert_eq!(
        vault.records(RecordKind::Alert).unwrap(),
        [(b"a".to_vec(), b"one".to_vec()), (b"b".to_vec(), b"three".to_vec())]
    );
    vault.delete_record(RecordKind::Alert, b"b").unwrap();
    vault.delete_record(RecordKind::Alert, b"never there").unwrap();
    assert_eq!(vault.records(RecordKind::Alert).unwrap().len(), 1);
    assert_eq!(
        vault.record(RecordKind::TrustList, b"a").unwrap().as_deref(),
        Some(&b"list"[..])
    );
    assert_eq!(vault.check().unwrap(), []);
}

#[test]
fn segments_are_kept_until_they_are_not_listed() {
    let (folder, keeper, mut vault) = new_vault();
    let bytes = vec![7; 15_000];
    vault
        .put_segments(&[([1; 32], &bytes), ([2; 32], b"b"), ([3; 32], b"c")])
        .unwrap();
    drop(vault);
    let mut vault = keeper.open(folder.path());
    assert_eq!(vault.segment(&[1; 32]).unwrap(), Some(bytes));
    assert!(vault.has_segment(&[2; 32]).unwrap());
    assert!(!vault.has_segment(&[4; 32]).unwrap());
    assert_eq!(vault.retain_segments(&[[1; 32], [4; 32]]).unwrap(), 2);
    assert_eq!(vault.segment(&[2; 32]).unwrap(), None);
    assert!(vault.has_segment(&[1; 32]).unwrap());
}

#[test]
fn a_damaged_row_is_named_and_the_rest_opens() {
    let (folder, keeper, mut vault) = new_vault();
    append(&mut vault, &WEEK, &[b"one", b"two", b"three"]).unwrap();
    vault.write(|writer| writer.compact(&OTHER, b"whole", &[[1; 32]], 1)).unwrap();
    vault.put_record(RecordKind::Alert, b"a", b"one").unwrap();
    vault.put_record(RecordKind::TrustList, b"a", b"one").unwrap();
    vault.put_segments(&[([1; 32], b"a"), ([2; 32], b"b")]).unwrap();
    assert_eq!(vault.check().unwrap(), []);
    drop(vault);
    let flip = "substr(sealed, 1, 14) || char(1) || substr(sealed, 16)";
    for (table, condition) in [
        ("change", "number = 2"),
        ("snapshot", "1"),
        ("record", "name = (SELECT min(name) FROM record)"),
        ("segment", "rowid = 1"),
    ] {
        assert_eq!(
            raw(folder.path())
                .execute(
                    &format!("UPDATE {table} SET sealed = CAST({flip} AS BLOB) WHERE {condition}"),
                    []
                )
                .unwrap(),
            1
        );
    }
    let mut vault = keeper.open(folder.path());
    let week = document(&mut vault, &WEEK).unwrap();
    assert_eq!(week.changes, [b"one".to_vec(), b"three".to_vec()]);
    assert_eq!(
        (week.damaged[0].kind, week.damaged[0].document.as_ref()),
        (DamagedKind::Change, Some(&WEEK))
    );
    assert!(week.damaged[0].to_string().ends_with("number 2"), "{}", week.damaged[0]);
    assert_eq!(document(&mut vault, &OTHER).unwrap().damaged[0].kind, DamagedKind::Snapshot);
    let kinds: Vec<DamagedKind> = vault.check().unwrap().iter().map(|row| row.kind).collect();
    assert_eq!(
        kinds,
        [
            DamagedKind::Change,
            DamagedKind::Snapshot,
            DamagedKind::Record,
            DamagedKind::Segment
        ]
    );
    // One of the two records is whole, and the segment can be downloaded again.
    let found = [RecordKind::Alert, RecordKind::TrustList].map(|kind| vault.record(kind, b"a"));
    assert_eq!(found.iter().filter(|record| record.is_ok()).count(), 1);
    assert!(
        found
            .iter()
            .any(|record| matches!(record, Err(VaultError::Store(StoreError::Damaged { .. }))))
    );
    assert_eq!(vault.segment(&[1; 32]).unwrap(), None);
    assert_eq!(vault.segment(&[2; 32]).unwrap().as_deref(), Some(&b"b"[..]));
}

#[test]
fn a_row_moved_to_another_place_is_damaged() {
    let (folder, keeper, mut vault) = new_vault();
    append(&mut vault, &WEEK, &[b"one", b"two"]).unwrap();
    drop(vault);
    let copied = "UPDATE change SET sealed = (SELECT sealed FROM change WHERE number = 2) WHERE number = 1";
    raw(folder.path()).execute(copied, []).unwrap();
    let week = document(&mut keeper.open(folder.path()), &WEEK).unwrap();
    assert_eq!((week.changes, week.damaged.len()), (vec![b"two".to_vec()], 1));
}

#[test]
fn a_damaged_record_of_keys_is_said_to_be_one() {
    let (folder, keeper, vault) = new_vault();
    drop(vault);
    raw(folder.path()).execute("UPDATE keyring SET sealed = x'00'", []).unwrap();
    let opened = Vault::open(folder.path(), Box::new(keeper), Box::new(crate::ports::SystemRandom::new()));
    assert!(matches!(opened.err(), Some(VaultError::Store(StoreError::Damaged { .. }))));
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let (_folder, _, mut vault) = new_vault();
    append(&mut vault, &WEEK, &[b"one"]).unwrap();
    let pages: i64 = vault.db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    vault
        .db
        .query_row(&format!("PRAGMA max_page_count = {}", pages + 1), [], |_| Ok(()))
        .unwrap();
    let large = vec![0; 100_000];
    assert_eq!(append(&mut vault, &WEEK, &[&large]), Err(StoreError::Full.into()));
    assert_eq!(document(&mut vault, &WEEK).unwrap().changes, [b"one".to_vec()]);
    vault.db.query_row("PRAGMA max_page_count = 100000", [], |_| Ok(())).unwrap();
    append(&mut vault, &WEEK, &[&large]).unwrap();
}

#[test]
fn a_newer_vault_and_a_foreign_file_are_left_alone() {
    let (folder, keeper, vault) = new_vault();
    drop(vault);
    let open = |folder: &Path| Vault::open(folder, Box::new(keeper.clone()), Box::new(crate::ports::SystemRandom::new())).err();
    raw(folder.path()).pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(open(folder.path()), Some(StoreError::NewerVersion { found: 99 }.into()));
    let foreign = tempfile::tempdir().unwrap();
    raw(foreign.path()).execute_batch("CREATE TABLE t (x)").unwrap();
    assert_eq!(open(foreign.path()), Some(StoreError::NotAVault.into()));
    std::fs::write(
        foreign.path().join(VAULT_FILE),
        "a picture of a cat, not a database at all, and long enough to be read",
    )
    .unwrap();
    assert_eq!(open(foreign.path()), Some(StoreError::NotAVault.into()));
}

#[test]
fn without_its_key_the_vault_stays_shut() {
    let (folder, keeper, vault) = new_vault();
    drop(vault);
    keeper.keys.lock().unwrap().clear();
    let opened = Vault::open(folder.path(), Box::new(keeper), Box::new(crate::ports::SystemRandom::new()));
    assert_eq!(opened.err(), Some(KeyError::Missing.into()));
}

#[test]
fn a_file_that_was_cut_to_nothing_is_a_lost_vault_and_no_new_one() {
    let (folder, keeper, vault) = new_vault();
    drop(vault);
    let (file, log) = (
        folder.path().join(VAULT_FILE),
        folder.path().join(format!("{VAULT_FILE}-wal")),
    );
    let (kept, kept_log) = (std::fs::read(&file).unwrap(), std::fs::read(&log).unwrap());
    std::fs::write(&file, b"").unwrap();
    let opened = Vault::open(
        folder.path(),
        Box::new(keeper.clone()),
        Box::new(crate::ports::SystemRandom::new()),
    );
    assert_eq!(opened.err(), Some(StoreError::Missing.into()));
    // Neither the log nor the key was touched: the file put back from a copy opens again.
    assert_eq!(std::fs::read(&log).unwrap(), kept_log);
    std::fs::write(&file, kept).unwrap();
    keeper.open(folder.path());
}

#[test]
fn settings_that_durability_rests_on_are_on() {
    let (folder, _, vault) = new_vault();
    let pragma = |name: &str| {
        vault
            .db
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0))
            .unwrap()
    };
    assert_eq!(pragma("journal_mode"), "wal".to_string().into());
    for (name, value) in [
        ("synchronous", 2),
        ("secure_delete", 1),
        ("fullfsync", 1),
        ("checkpoint_fullfsync", 1),
        ("temp_store", 2),
    ] {
        assert_eq!(pragma(name), value.into(), "{name}");
    }
    #[cfg(unix)]
    for file in [
        VAULT_FILE.to_string(),
        format!("{VAULT_FILE}-wal"),
        format!("{VAULT_FILE}-shm"),
    ] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(folder.path().join(&file)).unwrap().permissions().mode() & 0o777,
            0o600,
            "{file}"
        );
    }
}

#[test]
fn a_destroyed_vault_leaves_no_key_and_no_file() {
    let (folder, keeper, mut vault) = new_vault();
    append(&mut vault, &WEEK, &[b"one"]).unwrap();
    vault.destroy().unwrap();
    assert!(keeper.keys.lock().unwrap().is_empty());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(!Vault::exists(folder.path()));
}

#[test]
fn a_new_actor_is_kept() {
    let (folder, keeper, mut vault) = new_vault();
    let before = vault.actor();
    let after = vault.write(|writer| {
        writer.renew_actor()?;
        Ok::<_, VaultError>(writer.actor())
    });
    let after = after.unwrap();
    assert_eq!(vault.actor(), after);
    assert_ne!(before, after);
    drop(vault);
    assert_eq!(keeper.open(folder.path()).actor(), after);
}

#[test]
fn a_disk_without_room_for_the_shared_file_is_full() {
    let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_SHMSIZE), None);
    assert_eq!(techo_protocol::Coded::code(&VaultError::from(error)), "vault.full");
}

#[test]
fn a_copy_without_its_log_is_an_older_state() {
    let (folder, keeper, mut vault) = new_vault();
    let copies = tempfile::tempdir().unwrap();
    vault.put_record(RecordKind::DeviceSetting, b"a", b"first").unwrap();
    // A deletion empties the log, and the first record is in the database from then on.
    vault.put_record(RecordKind::Alert, b"gone", b"gone").unwrap();
    vault.delete_record(RecordKind::Alert, b"gone").unwrap();
    vault.put_record(RecordKind::DeviceSetting, b"a", b"second").unwrap();
    drop(vault);
    let (whole, alone) = (copies.path().join("whole"), copies.path().join("alone"));
    copy_folder(folder.path(), &whole);
    std::fs::create_dir(&alone).unwrap();
    std::fs::copy(folder.path().join(VAULT_FILE), alone.join(VAULT_FILE)).unwrap();
    let opened = |folder: &Path| keeper.open(folder).record(RecordKind::DeviceSetting, b"a").unwrap().unwrap();
    assert_eq!(opened(&whole), b"second");
    assert_eq!(opened(&alone), b"first", "it opens, and says nothing");
}
