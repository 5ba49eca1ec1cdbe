use automerge::ScalarValueRef;
use proptest::prelude::*;
use tempfile::TempDir;

use super::keys::{core_key, field_key, setting_key, tombstone_key};
use super::*;
use crate::ports::testing::MemoryKeeper;
use crate::vault::{OutboxEntry, VAULT_FILE, Vault};

const WEEK: DocumentName = DocumentName::Week(2_900);

fn vault() -> (TempDir, MemoryKeeper, Vault) {
    let folder = tempfile::tempdir().unwrap();
    let keeper = MemoryKeeper::default();
    let vault = keeper.open(folder.path());
    (folder, keeper, vault)
}

fn id(number: u8) -> EntryId {
    EntryId([number; 16])
}

/// Loads the week, changes it, and stores it.
fn change(vault: &mut Vault, body: impl FnOnce(&mut Document, &mut Writer<'_>)) {
    vault
        .write(|writer| {
            let stored = writer.reader().document(&WEEK)?;
            let mut document = stored.map_or_else(
                || Document::begin(WEEK, writer.actor()),
                |stored| Document::load(stored, writer.actor()),
            );
            body(&mut document, writer);
            document.save(writer)
        })
        .unwrap();
}

fn add(vault: &mut Vault, number: u8) {
    change(vault, |document, _| {
        document.set(&core_key(&id(number)), vec![1, number]).unwrap();
    });
}

fn load(vault: &mut Vault) -> Document {
    let actor = vault.actor();
    let stored = vault.read(|reader| reader.document(&WEEK)).unwrap().unwrap();
    Document::load(stored, actor)
}

fn outbox(vault: &mut Vault) -> Vec<OutboxEntry> {
    let mut entries = Vec::new();
    let read = vault.read(|reader| {
        entries = reader.outbox()?;
        Ok::<_, VaultError>(())
    });
    read.map(|()| entries).unwrap()
}

fn ids(document: &Document) -> Vec<EntryId> {
    document.rows().iter().map(|row| row.id).collect()
}

fn rows_in(folder: &TempDir, table: &str) -> i64 {
    let db = rusqlite::Connection::open(folder.path().join(VAULT_FILE)).unwrap();
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_document_is_the_sum_of_its_changes() {
    let (folder, keeper, mut vault) = vault();
    for number in 1..=5 {
        add(&mut vault, number);
    }
    change(&mut vault, |document, _| {
        document.set(&field_key(&id(2), "n"), "note").unwrap();
    });
    // Setting what is set already is no change.
    change(&mut vault, |document, _| {
        document.set(&field_key(&id(2), "n"), "note").unwrap();
    });
    assert_eq!(rows_in(&folder, "change"), 6);
    drop(vault);
    let document = load(&mut keeper.open(folder.path()));
    assert_eq!(ids(&document), (1..=5).map(id).collect::<Vec<_>>());
    assert_eq!(document.rows()[1].fields[0].1, ScalarValueRef::from("note"));
    assert_eq!(document.damaged(), []);
}

#[test]
fn a_long_tail_becomes_a_snapshot() {
    let (folder, _, mut vault) = vault();
    for number in 0..LONGEST_TAIL {
        add(&mut vault, u8::try_from(number).unwrap());
    }
    assert_eq!((rows_in(&folder, "change"), rows_in(&folder, "snapshot")), (64, 0));
    add(&mut vault, 64);
    assert_eq!((rows_in(&folder, "change"), rows_in(&folder, "snapshot")), (0, 1));
    add(&mut vault, 65);
    assert_eq!((rows_in(&folder, "change"), rows_in(&folder, "snapshot")), (1, 1));
    let document = load(&mut vault);
    assert_eq!((ids(&document).len(), document.damaged().len()), (66, 0));
}

#[test]
fn a_rewritten_document_holds_what_is_alive_and_no_history() {
    let (_folder, _, mut vault) = vault();
    for number in 1..=3 {
        add(&mut vault, number);
    }
    change(&mut vault, |document, _| {
        document.set(&field_key(&id(1), "n"), "a canary of a note").unwrap();
        document.set(&field_key(&id(3), "p/x"), true).unwrap();
        document.set(&setting_key("keep"), 30i64).unwrap();
        // Of a newer version: passed on unchanged.
        document.set("q/later", "kept").unwrap();
        document.set(&core_key(&id(9)), vec![77, 1, 2]).unwrap();
    });
    change(&mut vault, |document, writer| {
        document.unset(&field_key(&id(1), "n")).unwrap();
        document.bury(&id(3), true).unwrap();
        document.rewrite(writer).unwrap();
    });
    let mut document = load(&mut vault);
    assert_eq!(ids(&document), [id(1), id(2), id(9)]);
    assert!(document.is_buried(&id(3)));
    assert_eq!(document.get(&setting_key("keep")), Some(ScalarValue::Int(30)));
    assert_eq!(document.get("q/later"), Some("kept".into()));
    assert_eq!(document.get(&core_key(&id(3))), None);
    assert_eq!(document.get(&field_key(&id(3), "p/x")), None);
    assert_eq!(document.changes().len(), 1);
    let bytes = document.doc.save();
    assert!(!bytes.windows(8).any(|window| window == b"a canary"));
    // It goes on from there, under the same actor.
    add(&mut vault, 4);
    assert_eq!(ids(&load(&mut vault)), [id(1), id(2), id(4), id(9)]);
}

/// What Automerge alone would pass over without a word: rows that are missing or damaged.
#[test]
fn missing_and_damaged_changes_are_noticed() {
    for damage in [
        "DELETE FROM change WHERE number = 5",
        "DELETE FROM change WHERE number = 3",
        "UPDATE change SET sealed = zeroblob(60) WHERE number = 3",
    ] {
        let (folder, keeper, mut vault) = vault();
        for number in 1..=5 {
            add(&mut vault, number);
        }
        drop(vault);
        assert_eq!(
            rusqlite::Connection::open(folder.path().join(VAULT_FILE))
                .unwrap()
                .execute(damage, [])
                .unwrap(),
            1
        );
        let mut vault = keeper.open(folder.path());
        let document = load(&mut vault);
        assert_eq!(document.damaged().len(), 1, "{damage}");
        let readable = ids(&document);
        assert!(readable.starts_with(&[id(1), id(2)]), "{damage}: {readable:?}");
        // Writing goes on: what could be read is carried over into a new generation, which is whole.
        add(&mut vault, 6);
        let document = load(&mut vault);
        assert_eq!(document.damaged(), []);
        assert_eq!(ids(&document), [&readable[..], &[id(6)]].concat());
        add(&mut vault, 7);
        assert_eq!(load(&mut vault).damaged(), []);
    }
}

#[test]
fn a_damaged_snapshot_costs_its_document_only() {
    let (folder, keeper, mut vault) = vault();
    add(&mut vault, 1);
    change(&mut vault, |document, writer| document.rewrite(writer).unwrap());
    add(&mut vault, 2);
    drop(vault);
    rusqlite::Connection::open(folder.path().join(VAULT_FILE))
        .unwrap()
        .execute("UPDATE snapshot SET sealed = zeroblob(60)", [])
        .unwrap();
    let mut vault = keeper.open(folder.path());
    let document = load(&mut vault);
    assert_eq!(document.damaged().len(), 1);
    assert_eq!(ids(&document), []);
    add(&mut vault, 3);
    assert_eq!(ids(&load(&mut vault)), [id(3)]);
}

#[test]
fn changes_of_others_are_stored_and_not_sent_back() {
    let (_folder, _, mut vault) = vault();
    add(&mut vault, 1);
    let place = outbox(&mut vault)[0].place;
    vault.write(|writer| writer.sent(place)).unwrap();
    let mut other = Document::begin(WEEK, [5; 16]);
    other.take_in(&load(&mut vault).changes()).unwrap();
    other.set(&core_key(&id(2)), vec![1, 2]).unwrap();
    other.doc.commit();
    let theirs = other.changes();
    change(&mut vault, |document, _| document.take_in(&theirs).unwrap());
    assert_eq!(ids(&load(&mut vault)), [id(1), id(2)]);
    assert_eq!(outbox(&mut vault), []);
    // Again, and in the other order: nothing new.
    change(&mut vault, |document, _| {
        document.take_in(&theirs.iter().rev().cloned().collect::<Vec<_>>()).unwrap();
    });
    assert_eq!(load(&mut vault).changes().len(), 2);
    assert!(load(&mut vault).take_in(&[b"no change".to_vec()]).is_err());
}

/// What one of three devices does.
#[derive(Debug, Clone)]
enum Step {
    Add(u8),
    Note(u8, u8),
    Bury(u8),
    Along(u8, u8),
    Merge(usize),
}

fn step() -> impl Strategy<Value = (usize, Step)> {
    let step = prop_oneof![
        3 => (0..12u8).prop_map(Step::Add),
        2 => (0..12u8, any::<u8>()).prop_map(|(row, note)| Step::Note(row, note)),
        1 => (0..12u8).prop_map(Step::Bury),
        1 => (0..12u8, 0..3u8).prop_map(|(row, person)| Step::Along(row, person)),
        2 => (0..3usize).prop_map(Step::Merge),
    ];
    (0..3usize, step)
}

/// A row's id, core and fields.
type Seen = (EntryId, Vec<u8>, Vec<(String, String)>);

/// What is seen of a document: all that a reader gets.
fn seen(document: &Document) -> Vec<Seen> {
    let rows = document.rows();
    rows.iter()
        .map(|row| {
            (
                row.id,
                row.core.to_vec(),
                row.fields
                    .iter()
                    .map(|(field, value)| (field.clone(), value.to_string()))
                    .collect(),
            )
        })
        .collect()
}

fn merged(documents: &mut [Document; 3], order: &[usize]) -> Document {
    let mut all = Document::begin(WEEK, [99; 16]);
    for device in order {
        let changes = documents[*device].changes();
        all.take_in(&changes).unwrap();
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Three devices that each begin the document on their own, change it, and meet at random.
    #[test]
    fn merging_is_commutative_associative_and_idempotent_and_loses_nothing(steps in prop::collection::vec(step(), 0..60)) {
        let mut devices = [1u8, 2, 3].map(|device| Document::begin(WEEK, [device; 16]));
        let (mut added, mut buried) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
        for (device, step) in steps {
            let document = &mut devices[device];
            match step {
                Step::Add(row) => {
                    added.insert(id(row));
                    document.set(&core_key(&id(row)), vec![1, row]).unwrap();
                }
                Step::Note(row, note) => document.set(&field_key(&id(row), "n"), note.to_string()).unwrap(),
                Step::Along(row, person) => document.set(&field_key(&id(row), &format!("p/{}", id(person))), true).unwrap(),
                Step::Bury(row) => {
                    buried.insert(id(row));
                    document.bury(&id(row), true).unwrap();
                }
                Step::Merge(other) => {
                    let changes = devices[other].changes();
                    devices[device].take_in(&changes).unwrap();
                }
            }
            devices[device].doc.commit();
        }
        let expected = seen(&merged(&mut devices, &[0, 1, 2]));
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            prop_assert_eq!(&seen(&merged(&mut devices, &order)), &expected);
        }
        prop_assert_eq!(&seen(&merged(&mut devices, &[0, 0, 1, 2, 1, 0])), &expected);
        // Associative: first two of them meet, and the third meets what came of it.
        for (first, second) in [(0, 1), (1, 2), (2, 0)] {
            let changes = devices[second].changes();
            let mut pair = Document::begin(WEEK, [98; 16]);
            pair.take_in(&devices[first].changes()).unwrap();
            pair.take_in(&changes).unwrap();
            let third = 3 - first - second;
            let changes = pair.changes();
            let mut all = Document::begin(WEEK, [97; 16]);
            all.take_in(&devices[third].changes()).unwrap();
            all.take_in(&changes).unwrap();
            prop_assert_eq!(&seen(&all), &expected);
        }
        // Every row that was added is there, unless somebody deleted it.
        let there: std::collections::BTreeSet<EntryId> = expected.iter().map(|row| row.0).collect();
        prop_assert_eq!(there, added.difference(&buried).copied().collect());
    }
}

#[test]
fn a_tombstone_hides_what_another_device_still_writes() {
    let mut one = Document::begin(WEEK, [1; 16]);
    one.set(&core_key(&id(1)), vec![1, 1]).unwrap();
    one.doc.commit();
    let mut two = Document::begin(WEEK, [2; 16]);
    two.take_in(&one.changes()).unwrap();
    one.bury(&id(1), true).unwrap();
    one.doc.commit();
    two.set(&field_key(&id(1), "n"), "still here").unwrap();
    two.doc.commit();
    one.take_in(&two.changes()).unwrap();
    two.take_in(&one.changes()).unwrap();
    assert_eq!((ids(&one), ids(&two)), (vec![], vec![]));
    assert!(one.get(&tombstone_key(&id(1))).is_some());
}
