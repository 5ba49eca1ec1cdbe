use super::*;
use crate::store::{Inspected, Place, inspect, open};
use techo_protocol::household::sync_api::StreamId;

const HOME: StreamId = StreamId([1; 16]);

#[test]
fn a_copy_made_while_it_is_used_is_put_back_as_another_filling() {
    let folder = tempfile::TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let database = at("relay.sqlite");
    let store = open(&Place::Sqlite(database.clone()), &crate::log::none()).unwrap();
    crate::store::inspection::tests::fill(&*store);
    let length = back_up(&database, &at("copy")).unwrap();
    assert_eq!(length, fs::metadata(at("copy")).unwrap().len());
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(at("copy")).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    put_back(&at("copy"), &at("new/relay.sqlite"), [9; 16], 100).unwrap();
    let again = open(&Place::Sqlite(at("new/relay.sqlite")), &crate::log::none()).unwrap();
    assert_eq!(again.generation(), Ok([9; 16]));
    assert_ne!(store.generation(), again.generation());
    let chunks = |store: &dyn Store| store.chunks_after(HOME, 0, 10).unwrap();
    assert_eq!(chunks(&*store), chunks(&*again));
    let inspected: Inspected = inspect(&*again, &mut |fault| panic!("{fault}")).unwrap();
    assert_eq!((inspected.accounts, inspected.chunks), (1, 2));
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains(".new")), "{left:?}");
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let folder = tempfile::TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    drop(open(&Place::Sqlite(at("relay.sqlite")), &crate::log::none()).unwrap());
    fs::write(at("there"), b"mine").unwrap();
    assert_eq!(back_up(&at("relay.sqlite"), &at("there")), Err(StoreError::FileThere));
    assert_eq!(fs::read(at("there")).unwrap(), b"mine");
    assert_eq!(back_up(&at("absent"), &at("copy")), Err(StoreError::Damaged));
    assert!(!at("absent").exists() && !at("copy").exists());
    back_up(&at("relay.sqlite"), &at("copy")).unwrap();
    assert_eq!(
        put_back(&at("copy"), &at("relay.sqlite"), [9; 16], 1),
        Err(StoreError::FileThere)
    );
}

#[test]
fn what_is_no_copy_is_not_put_back() {
    let folder = tempfile::TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    drop(open(&Place::Sqlite(at("relay.sqlite")), &crate::log::none()).unwrap());
    back_up(&at("relay.sqlite"), &at("copy")).unwrap();
    let whole = fs::read(at("copy")).unwrap();
    fs::write(at("text"), "no database at all, but long enough to look into".repeat(30)).unwrap();
    fs::write(at("cut"), &whole[..whole.len() / 2]).unwrap();
    for bad in ["text", "cut", "absent"] {
        assert!(put_back(&at(bad), &at("new.sqlite"), [9; 16], 1).is_err(), "{bad}");
        assert!(!at("new.sqlite").exists());
    }
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(
        left,
        4 + usize::from(at("relay.sqlite-wal").exists()) + usize::from(at("relay.sqlite-shm").exists())
    );
}
