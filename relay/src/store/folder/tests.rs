use techo_protocol::basics::keys::sha256;
use tempfile::TempDir;

use super::*;

const OSAKA: AuthorityId = AuthorityId([1; 16]);

fn all_files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all_files(&path));
        } else {
            found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    found
}

#[test]
fn public_files_lie_at_the_relay_s_own_paths() {
    let folder = TempDir::new().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    let hash = sha256(b"segment");
    store.put_segment(OSAKA, &hash, b"segment", 0, 1_000).unwrap();
    let next = Publication {
        trust_list: b"trust",
        manifest: b"manifest",
        listed: &[(hash, 7)],
    };
    store.publish(OSAKA, &Published::default(), next, 0).unwrap();
    let public = |path: String| fs::read(folder.path().join("public").join(path.trim_start_matches('/'))).unwrap();
    assert_eq!(public(techo_protocol::exposure::relay_api::manifest_path(OSAKA)), b"manifest");
    assert_eq!(public(techo_protocol::exposure::relay_api::segment_path(&hash)), b"segment");
}

#[test]
fn one_process_at_a_time() {
    let folder = TempDir::new().unwrap();
    let first = FolderStore::open(folder.path()).unwrap();
    assert_eq!(FolderStore::open(folder.path()).err(), Some(StoreError::InUse));
    drop(first);
    assert!(FolderStore::open(folder.path()).is_ok());
}

#[test]
fn what_is_newer_or_something_else_is_left_alone() {
    let folder = TempDir::new().unwrap();
    drop(FolderStore::open(folder.path()).unwrap());
    fs::write(folder.path().join("version"), "2").unwrap();
    assert_eq!(FolderStore::open(folder.path()).err(), Some(StoreError::NewerVersion));

    let other = TempDir::new().unwrap();
    fs::write(other.path().join("holiday.txt"), "photographs").unwrap();
    assert_eq!(FolderStore::open(other.path()).err(), Some(StoreError::Damaged));
}

#[test]
fn what_a_crash_left_half_written_is_dropped() {
    let folder = TempDir::new().unwrap();
    drop(FolderStore::open(folder.path()).unwrap());
    fs::write(folder.path().join("incoming/half"), "ha").unwrap();
    drop(FolderStore::open(folder.path()).unwrap());
    assert!(!all_files(folder.path()).contains(&"half".to_owned()));
}

#[test]
fn what_cannot_be_written_leaves_nothing_half_written() {
    let folder = TempDir::new().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    let diary = StoredDiary {
        mailbox: [7; 16],
        hash: sha256(b"sealed"),
    };
    let put = || store.put_diary(OSAKA, &diary, b"sealed", 5, 10);
    let incoming = folder.path().join("incoming");
    std::fs::remove_dir(&incoming).unwrap();
    assert_eq!(put(), Err(StoreError::Failed));
    assert!(!all_files(folder.path()).contains(&diaries::name(&diary)));
    assert_eq!(store.totals().unwrap().diaries, 0);
    std::fs::create_dir(&incoming).unwrap();
    assert_eq!(put(), Ok(Put::New), "it can be written again");
    assert_eq!(store.totals().unwrap().diaries, 1);
    assert_eq!(std::fs::read_dir(&incoming).unwrap().count(), 0);
    assert_eq!(
        StoreError::from(std::io::Error::from(std::io::ErrorKind::StorageFull)),
        StoreError::Full
    );
}

#[test]
fn a_mark_that_a_crash_left_out_is_set_by_the_next_manifest() {
    let folder = TempDir::new().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    let hash = sha256(b"segment");
    store.put_segment(OSAKA, &hash, b"segment", 0, 1_000).unwrap();
    store.mark(OSAKA, &hash, None).unwrap();
    assert_eq!(store.forget(i64::MAX).unwrap().segments, 0);
    let next = Publication {
        trust_list: b"trust",
        manifest: b"manifest",
        listed: &[],
    };
    store.publish(OSAKA, &Published::default(), next, 1_000).unwrap();
    assert_eq!(store.forget(1_000 + UNLISTED_SECONDS).unwrap().segments, 1);
}
