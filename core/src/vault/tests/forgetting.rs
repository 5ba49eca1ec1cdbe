//! Really deleting: what is deleted is in no file in the clear, and no key that is left opens any byte that ever was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::super::keyring::Keyring;
use super::super::seal::{self, Place};
use super::*;
use crate::ports::testing::{KeeperCall, copy_folder};
use crate::ports::{KeyId, WrappingKey};

const CANARY: &[u8] = b"canary at the Bar Yoru";

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Opens every row of the copies with every key that the given wrapping keys reach, through the keyring of any copy: what
/// a thief with all copies and these keys can read. Any key is tried on any row, so that one kept under another name
/// would be found too.
fn all_that_opens(copies: &[PathBuf], wrapping: &BTreeMap<KeyId, WrappingKey>) -> Vec<Vec<u8>> {
    let mut keys = BTreeSet::new();
    for copy in copies {
        let (id, sealed): (KeyId, Vec<u8>) = raw(copy)
            .query_row("SELECT wrapping, sealed FROM keyring", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        for keyring in wrapping
            .values()
            .filter_map(|key| Keyring::open(&id, key, sealed.clone()).ok())
        {
            keys.extend([&keyring.records, &keyring.segments, &keyring.names].map(|key| *key.expose()));
            keys.extend(keyring.documents.iter().map(|document| *document.key.expose()));
        }
    }
    let mut opened = Vec::new();
    for copy in copies {
        for key in &keys {
            opened.extend(rows_that_open(&raw(copy), &WrappingKey::new(*key)));
        }
    }
    opened
}

fn rows_that_open(db: &Connection, key: &WrappingKey) -> Vec<Vec<u8>> {
    let mut statement = db
        .prepare(
            "SELECT 's', document, 0, x'', sealed FROM snapshot UNION ALL SELECT 'h', document, 0, x'', sealed FROM state
             UNION ALL SELECT 'c', document, number, x'', sealed FROM change UNION ALL SELECT 'r', kind, 0, name, sealed FROM record",
        )
        .unwrap();
    let rows = statement
        .query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get::<_, Vec<u8>>(3)?,
                row.get(4)?,
            ))
        })
        .unwrap();
    rows.filter_map(|row| {
        let (kind, first, second, name, sealed) = row.unwrap();
        let place = match kind.as_str() {
            "s" => Place::Snapshot(first),
            "h" => Place::State(first),
            "c" => Place::Change(first, second),
            _ => Place::Record(first, &name),
        };
        seal::open(key, place, sealed)
    })
    .collect()
}

/// A vault with the canary in a change, a snapshot and a record, and a copy of its files after each write.
fn with_canary() -> (TempDir, TempDir, MemoryKeeper, Vault, Vec<PathBuf>) {
    let (folder, keeper, mut vault) = new_vault();
    let copies = tempfile::tempdir().unwrap();
    let mut kept = Vec::new();
    let mut keep = || {
        let copy = copies.path().join(kept.len().to_string());
        copy_folder(folder.path(), &copy);
        kept.push(copy);
    };
    append(&mut vault, &WEEK, &[b"a visit that stays", CANARY]).unwrap();
    keep();
    vault.write(|writer| writer.compact(&OTHER, CANARY, &[[1; 32]], 1)).unwrap();
    keep();
    vault.put_record(RecordKind::Alert, b"a", CANARY).unwrap();
    vault.put_record(RecordKind::TrustList, b"b", b"a record that stays").unwrap();
    keep();
    (folder, copies, keeper, vault, kept)
}

fn delete_all(vault: &mut Vault) -> Result<(), VaultError> {
    vault.write(|writer| {
        writer.renew(&WEEK, b"a visit that stays", &[[2; 32]], 1, &[[9; 32]])?;
        writer.destroy(&OTHER)?;
        writer.delete_record(RecordKind::Alert, b"a")
    })
}

#[test]
fn what_is_deleted_cannot_be_opened_from_any_copy_with_any_key_left() {
    let (folder, copies, keeper, mut vault, mut kept) = with_canary();
    // The search can find it: with the keys of before, it is in every one of the three places.
    let before = keeper.keys.lock().unwrap().clone();
    let found = all_that_opens(&kept, &before);
    assert_eq!(
        found.iter().filter(|plain| contains(plain, CANARY)).count(),
        3 + 2 + 1,
        "in each copy since it was written"
    );

    delete_all(&mut vault).unwrap();
    let after = copies.path().join("after");
    copy_folder(folder.path(), &after);
    kept.push(after);
    let left = keeper.keys.lock().unwrap().clone();
    assert_eq!(left.len(), 1);
    assert!(left.keys().all(|id| !before.contains_key(id)));
    let found = all_that_opens(&kept, &left);
    assert!(!found.iter().any(|plain| contains(plain, CANARY)));
    // What was not deleted still opens.
    for stays in [&b"a visit that stays"[..], b"a record that stays"] {
        assert!(found.iter().any(|plain| contains(plain, stays)));
    }
}

/// Each way of deleting by itself: none may lean on the new keys that another one brings.
#[test]
fn each_way_of_deleting_takes_its_own_canary_away() {
    type Deletion = fn(&mut Writer<'_>) -> Result<(), VaultError>;
    let ways: [(&str, Deletion); 3] = [
        ("renew", |writer| {
            writer
                .renew(&WEEK, b"a visit that stays", &[[2; 32]], 1, &[[9; 32]])
                .map(|_| ())
        }),
        ("destroy", |writer| writer.destroy(&OTHER)),
        ("record", |writer| writer.delete_record(RecordKind::Alert, b"a")),
    ];
    for (way, deletion) in ways {
        let (_folder, _copies, keeper, mut vault, kept) = with_canary();
        let count = |keeper: &MemoryKeeper| {
            let opened = all_that_opens(&kept, &keeper.keys.lock().unwrap());
            opened.iter().filter(|plain| contains(plain, CANARY)).count()
        };
        assert_eq!(count(&keeper), 6, "{way}");
        vault.write(deletion).unwrap();
        // No key that is left opens the keyrings of before, and so nothing in these copies.
        assert_eq!(count(&keeper), 0, "{way}");
        assert_eq!(keeper.keys.lock().unwrap().len(), 1, "{way}");
    }
}

/// The key of a generation is its own: the next one's does not open it.
#[test]
fn a_rewritten_document_that_is_rewritten_again_is_gone_too() {
    let (folder, keeper, mut vault) = new_vault();
    let copies = tempfile::tempdir().unwrap();
    let with = copies.path().join("with");
    vault.write(|writer| writer.renew(&WEEK, CANARY, &[[1; 32]], 1, &[])).unwrap();
    vault.write(|writer| writer.renew(&WEEK, CANARY, &[[2; 32]], 1, &[])).unwrap();
    copy_folder(folder.path(), &with);
    vault
        .write(|writer| writer.renew(&WEEK, b"less", &[[3; 32]], 1, &[]))
        .unwrap();
    let (old, new): (i64, i64) = {
        let id = |folder: &Path| {
            raw(folder)
                .query_row("SELECT document FROM snapshot", [], |row| row.get(0))
                .unwrap()
        };
        (id(&with), id(folder.path()))
    };
    assert_ne!(old, new);
    // Even with the keyring of after in hand, not only with the wrapping keys that are left.
    let keys: Vec<_> = vault
        .keys
        .keyring
        .documents
        .iter()
        .map(|document| document.key.clone())
        .collect();
    assert!(keys.iter().all(|key| rows_that_open(&raw(&with), key).is_empty()));
    assert!(
        !all_that_opens(&[with], &keeper.keys.lock().unwrap())
            .iter()
            .any(|plain| contains(plain, CANARY))
    );
}

#[test]
fn nothing_readable_and_nothing_deleted_is_in_any_file() {
    let (folder, _copies, _keeper, mut vault, kept) = with_canary();
    let sealed_rows = || -> Vec<Vec<u8>> {
        let db = raw(folder.path());
        let mut statement = db
            .prepare("SELECT sealed FROM snapshot UNION ALL SELECT sealed FROM change UNION ALL SELECT sealed FROM record")
            .unwrap();
        statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    };
    let old_rows = sealed_rows();
    assert_eq!(old_rows.len(), 5);
    let anywhere = |folder: &Path, wanted: &[u8]| {
        std::fs::read_dir(folder)
            .unwrap()
            .any(|entry| contains(&std::fs::read(entry.unwrap().path()).unwrap(), wanted))
    };
    // The search can find a row: it is there, sealed.
    assert!(old_rows.iter().all(|row| anywhere(folder.path(), &row[..40])));
    delete_all(&mut vault).unwrap();
    for copy in kept.iter().chain([&folder.path().to_path_buf()]) {
        for readable in [CANARY, b"a visit that stays", b"a record that stays"] {
            assert!(!anywhere(copy, readable));
        }
    }
    // Not even the sealed bytes of before are left, in the database or in its log: every one was deleted or sealed anew.
    assert!(old_rows.iter().all(|row| !anywhere(folder.path(), &row[..40])));
    assert_eq!(
        std::fs::metadata(folder.path().join(format!("{VAULT_FILE}-wal")))
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn a_crash_before_the_commit_leaves_the_old_state_and_its_key() {
    let (folder, copies, keeper, mut vault, _) = with_canary();
    let crashed = copies.path().join("crashed");
    let (from, to) = (folder.path().to_path_buf(), crashed.clone());
    keeper.watch(move |call| {
        if call == KeeperCall::Store {
            copy_folder(&from, &to);
        }
        Ok(())
    });
    let before = keeper.keys.lock().unwrap().clone();
    delete_all(&mut vault).unwrap();
    // As a crash right after the keeper had stored the new key: both keys are there, the file names the old one.
    let crashed_keeper = MemoryKeeper::default();
    crashed_keeper.keys.lock().unwrap().extend(before.clone());
    crashed_keeper
        .keys
        .lock()
        .unwrap()
        .extend(keeper.keys.lock().unwrap().clone());
    assert_eq!(crashed_keeper.keys.lock().unwrap().len(), 2);
    let mut vault = crashed_keeper.open(&crashed);
    assert_eq!(document(&mut vault, &WEEK).unwrap().changes.len(), 2);
    assert!(document(&mut vault, &OTHER).is_some());
    assert!(
        crashed_keeper.keys.lock().unwrap().keys().eq(before.keys()),
        "the key that never came into use is gone"
    );
}

#[test]
fn a_crash_after_the_commit_is_finished_at_the_next_opening() {
    let (folder, copies, keeper, mut vault, mut kept) = with_canary();
    let crashed = copies.path().join("crashed");
    let both = Arc::new(Mutex::new(BTreeMap::new()));
    let (from, to, keys, seen) = (
        folder.path().to_path_buf(),
        crashed.clone(),
        keeper.keys.clone(),
        both.clone(),
    );
    keeper.watch(move |call| {
        if call == KeeperCall::Delete {
            copy_folder(&from, &to);
            seen.lock().unwrap().extend(keys.lock().unwrap().clone());
        }
        Ok(())
    });
    delete_all(&mut vault).unwrap();
    let crashed_keeper = MemoryKeeper::default();
    crashed_keeper.keys.lock().unwrap().extend(both.lock().unwrap().clone());
    assert_eq!(crashed_keeper.keys.lock().unwrap().len(), 2);
    let mut vault = crashed_keeper.open(&crashed);
    assert_eq!(document(&mut vault, &WEEK).unwrap().generation, 1);
    kept.push(crashed);
    assert!(
        !all_that_opens(&kept, &crashed_keeper.keys.lock().unwrap())
            .iter()
            .any(|plain| contains(plain, CANARY))
    );
}

#[test]
fn a_keeper_that_cannot_delete_is_tried_again() {
    let (folder, _copies, keeper, mut vault, _) = with_canary();
    keeper.watch(|call| match call {
        KeeperCall::Delete => Err(KeyError::Unavailable { reason: "locked".into() }),
        KeeperCall::Store => Ok(()),
    });
    assert_eq!(delete_all(&mut vault), Err(StoreError::NotYetForgotten.into()));
    // It is deleted all the same. Other writes and openings are not held up by it, and finish it once they can.
    assert_eq!(document(&mut vault, &OTHER), None);
    append(&mut vault, &WEEK, &[b"more"]).unwrap();
    assert!(keeper.open(folder.path()).has_unfinished_deletion());
    assert_eq!(keeper.keys.lock().unwrap().len(), 2);
    keeper.stop_watching();
    append(&mut vault, &WEEK, &[b"still more"]).unwrap();
    assert!(!vault.has_unfinished_deletion());
    assert_eq!(keeper.keys.lock().unwrap().len(), 1);
}

#[test]
fn a_keeper_that_cannot_store_stops_the_deletion() {
    let (_folder, _copies, keeper, mut vault, _) = with_canary();
    keeper.watch(|_| Err(KeyError::Unavailable { reason: "locked".into() }));
    assert!(matches!(
        delete_all(&mut vault),
        Err(VaultError::Key(KeyError::Unavailable { .. }))
    ));
    keeper.stop_watching();
    assert_eq!(document(&mut vault, &WEEK).unwrap().changes.len(), 2);
    assert!(document(&mut vault, &OTHER).is_some());
    delete_all(&mut vault).unwrap();
    assert_eq!(document(&mut vault, &OTHER), None);
}
