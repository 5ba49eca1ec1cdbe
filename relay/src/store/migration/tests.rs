use super::*;
use crate::store::testing::{Database, Schema, each_kind};
use crate::store::{Inspected, Place, Publication, Store, inspect, open};
use techo_protocol::exposure::relay_api::StoredDiary;
use techo_protocol::household::sync_api::StreamId;
use techo_protocol::trust::AuthorityId;

const OSAKA: AuthorityId = AuthorityId([1; 16]);

fn fill(store: &dyn Store) {
    crate::store::inspection::tests::fill(store);
    let next = Publication {
        trust_list: b"trust",
        manifest: b"manifest",
        listed: &[(sha256(b"segment"), 7)],
    };
    let held = store.published(OSAKA).unwrap();
    store.publish(OSAKA, &held, next, 5).unwrap();
    let large = vec![7; 300_000];
    store.put_segment(OSAKA, &sha256(&large), &large, 5, u64::MAX).unwrap();
    let diary = StoredDiary {
        mailbox: [7; 16],
        hash: sha256(b"sealed"),
    };
    store.put_diary(OSAKA, &diary, b"sealed", 5, 10).unwrap();
    store.take_diaries(OSAKA, u64::MAX, &[], 0, 10).unwrap();
    store.read_clock(5).unwrap();
}

/// A filled SQLite store, and an empty PostgreSQL; `None` where there is no server.
fn two() -> Option<(tempfile::TempDir, std::path::PathBuf, Schema, PostgresPlace)> {
    let schema = Schema::new()?;
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("relay.sqlite");
    fill(&*open(&Place::Sqlite(file.clone()), &crate::log::none()).unwrap());
    let Place::Postgres(place) = schema.place() else {
        panic!("PostgreSQL")
    };
    Some((folder, file, schema, place))
}

fn look(store: &dyn Store) -> String {
    let stream = StreamId([1; 16]);
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        store.generation(),
        store.account(stream),
        store.page(stream, 0, 10, 10_000),
        store.records(stream, Some(0)),
        store.keys(stream),
        store.published(OSAKA),
        store.totals(),
        store.segment_part(&sha256(&vec![7; 300_000]), 1),
        store.take_diaries(OSAKA, u64::MAX, &[], 0, 10),
        store.read_clock(5),
    )
}

#[test]
fn all_of_it_is_there_afterwards() {
    let Some((_folder, file, _schema, place)) = two() else {
        return;
    };
    let mut told = Vec::new();
    let copied = migrate(&file, &place, &mut |progress| told.push(progress)).unwrap();
    let rows: Vec<u64> = copied.iter().map(|(_, rows)| *rows).collect();
    assert_eq!(rows, [1, 1, 2, 3, 1, 1, 2, 2, 1, 1, 0, 0, 1]);
    assert!(
        told.iter()
            .any(|progress| progress.comparing && progress.table == "chunks" && progress.rows == 2)
    );
    let from = open(&Place::Sqlite(file), &crate::log::none()).unwrap();
    let to = open(&Place::Postgres(place), &crate::log::none()).unwrap();
    assert_eq!(look(&*from), look(&*to));
    let inspected: Vec<Inspected> = [&from, &to]
        .map(|store| inspect(&**store, &mut |fault| panic!("{fault}")).unwrap())
        .into();
    assert_eq!(inspected[0], inspected[1]);
}

/// What is copied by hand, and where SQLite keeps chunks in its own way.
const APART: [(&str, &str); 5] = [
    ("filling", "generation"),
    ("chunks", "place"),
    ("chunks", "bytes"),
    ("pieces", "place"),
    ("pieces", "content"),
];

#[test]
fn every_table_of_the_source_is_copied() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("relay.sqlite");
    drop(open(&Place::Sqlite(file.clone()), &crate::log::none()).unwrap());
    let source = Connection::open(&file).unwrap();
    let mut select = source
        .prepare(
            "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, 2",
        )
        .unwrap();
    let there: Vec<(String, String)> = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut copied: Vec<(String, String)> = TABLES
        .iter()
        .flat_map(|table| {
            table
                .columns
                .iter()
                .map(|column| (table.name.to_owned(), (*column).to_owned()))
        })
        .chain(APART.map(|(table, column)| (table.to_owned(), column.to_owned())))
        .filter(|(table, column)| (table.as_str(), column.as_str()) != ("chunks", "content"))
        .collect();
    copied.sort();
    assert_eq!(there, copied);
}

#[test]
fn a_target_with_something_in_it_is_refused() {
    let Some((_folder, file, _schema, place)) = two() else {
        return;
    };
    migrate(&file, &place, &mut |_| {}).unwrap();
    let before = look(&*open(&Place::Postgres(place.clone()), &crate::log::none()).unwrap());
    assert_eq!(migrate(&file, &place, &mut |_| {}), Err(StoreError::NotEmpty));
    let after = look(&*open(&Place::Postgres(place), &crate::log::none()).unwrap());
    assert_eq!(before, after);
}

#[test]
fn a_source_that_is_being_written_or_is_older_is_refused() {
    let Some((_folder, file, _schema, place)) = two() else {
        return;
    };
    let other = Connection::open(&file).unwrap();
    other.pragma_update(None, "user_version", 1).unwrap();
    assert_eq!(migrate(&file, &place, &mut |_| {}), Err(StoreError::OlderVersion));
    let absent = file.with_file_name("absent");
    assert_eq!(migrate(&absent, &place, &mut |_| {}), Err(StoreError::Damaged));
    assert!(!absent.exists());
}

#[test]
fn what_differs_is_not_kept() {
    let Some((_folder, file, schema, place)) = two() else { return };
    // The target changes what it is given.
    drop(open(&Place::Postgres(place.clone()), &crate::log::none()).unwrap());
    let database = Database::Postgres(schema);
    database.run(
        "CREATE FUNCTION change() RETURNS trigger AS 'BEGIN NEW.content := NEW.content || NEW.content; RETURN NEW; END' LANGUAGE plpgsql;
         CREATE TRIGGER change BEFORE INSERT ON keyrings FOR EACH ROW EXECUTE FUNCTION change()",
    );
    assert_eq!(migrate(&file, &place, &mut |_| {}), Err(StoreError::CopyDiffers));
    database.run("DROP TRIGGER change ON keyrings");
    assert!(
        migrate(&file, &place, &mut |_| {}).is_ok(),
        "nothing was left that is in the way"
    );
}

#[test]
fn a_store_that_begins_again_gives_no_number_twice() {
    each_kind(|database| {
        let store = database.open();
        fill(&*store);
        let before = store.account(StreamId([1; 16])).unwrap().unwrap();
        store.begin_again([9; 16], 100).unwrap();
        let after = database.open();
        assert_eq!(after.generation(), Ok([9; 16]));
        let account = after.account(StreamId([1; 16])).unwrap().unwrap();
        assert!(account.head.cursor > before.head.cursor + u64::from(u32::MAX));
        assert!(account.head.last_swap > before.head.last_swap + u64::from(u32::MAX));
        assert_eq!(account.read_day, 100);
        inspect(&*after, &mut |fault| panic!("{fault}")).unwrap();
    });
}
