use std::path::PathBuf;

use super::super::SqliteStore;
use super::super::schema::PRESENT;
use crate::store::{Inspected, Store as _, StreamStore, inspect};
use techo_protocol::household::sync_api::StreamId;

const HOME: StreamId = StreamId([1; 16]);

/// When the relay whose database it was read its clock last, in Unix seconds.
const READ_AT: i64 = 1_795_360_400;

fn fixture(version: usize) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/store-{version}.sqlite"))
}

/// Makes the fixture of the present version. Run by hand once, when a version is released; the older ones stay as they are.
#[test]
#[ignore = "writes a fixture"]
fn write_fixture_with_records() {
    let store = SqliteStore::open(&fixture(PRESENT)).unwrap();
    crate::store::inspection::tests::fill(&store);
    store.read_clock(READ_AT).unwrap();
    store.empty_log().unwrap();
}

#[test]
fn a_database_with_records_opens() {
    for version in [4, PRESENT] {
        with_records(version);
    }
}

fn with_records(version: usize) {
    let folder = tempfile::TempDir::new().unwrap();
    let copy = folder.path().join("relay.sqlite");
    std::fs::copy(fixture(version), &copy).unwrap();
    let store = SqliteStore::open(&copy).unwrap();
    let whole = Inspected {
        accounts: 1,
        chunks: 2,
        records: 2,
        segments: 1,
        faults: 0,
    };
    assert_eq!(inspect(&store, &mut |fault| panic!("{fault}")), Ok(whole));
    let held = store.records(HOME, Some(0)).unwrap().unwrap();
    assert_eq!((held.records.len(), held.keyring.is_some()), (2, true));
    assert_eq!(store.keys(HOME).unwrap().old.len(), 1);
    let tomorrow = READ_AT + crate::store::DAY;
    let confirmed = store.read_clock(tomorrow).unwrap().up_to(tomorrow);
    assert_eq!(confirmed, if version < 5 { 0 } else { READ_AT });
}

#[test]
fn an_account_of_before_has_no_records() {
    let folder = tempfile::TempDir::new().unwrap();
    let copy = folder.path().join("relay.sqlite");
    let of_before = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/store-2.sqlite");
    std::fs::copy(of_before, &copy).unwrap();
    let store = SqliteStore::open(&copy).unwrap();
    let account = store.account(StreamId([5; 16])).unwrap().unwrap();
    assert_eq!(account.head.opening, [0; 16]);
    assert_eq!((account.head.record, account.head.keyring), (None, None));
    let records = store.records(StreamId([5; 16]), Some(0)).unwrap().unwrap();
    assert_eq!((records.records.len(), records.keyring), (0, None));
}
