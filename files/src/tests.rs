#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
}

#[test]
fn a_replaced_file_is_the_new_one_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    for content in [&b"a longer first content"[..], b"second"] {
        for readers in [Readers::Owner, Readers::Everybody] {
            replace(&file, content, readers).unwrap();
            assert_eq!(fs::read(&file).unwrap(), content);
        }
        replace_secret(&file, content).unwrap();
        assert_eq!(fs::read(&file).unwrap(), content);
    }
    expect_replaceable(&file).unwrap();
    assert_eq!(names(folder.path()), ["file"]);
}

#[cfg(unix)]
#[test]
fn private_files_and_folders_are_their_owner_s() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("open"), b"old").unwrap();
    fs::set_permissions(at("open"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    replace(&at("open"), b"new", Readers::Owner).unwrap();
    replace_secret(&at("secret"), b"key").unwrap();
    make_private_file(&at("database")).unwrap();
    make_private_folder(&at("above/below")).unwrap();
    for file in ["open", "secret", "database"] {
        assert_eq!(mode(&at(file)), 0o600, "{file}");
    }
    assert_eq!((mode(&at("above")), mode(&at("above/below"))), (0o700, 0o700));
    // What is handed out has the mode that any new file has.
    replace(&at("poster"), b"", Readers::Everybody).unwrap();
    fs::write(at("any"), b"").unwrap();
    assert_eq!(mode(&at("poster")), mode(&at("any")));
}

#[test]
fn what_is_there_stays_where_it_is_only_to_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"content").unwrap();
    make_private_file(&file).unwrap();
    make_private_folder(folder.path()).unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"content");
    assert!(make_private_folder(&file).is_err());
}

#[test]
fn a_name_in_the_way_leaves_all_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("name");
    fs::create_dir(&in_the_way).unwrap();
    assert!(replace(&in_the_way, b"content", Readers::Owner).is_err());
    assert!(replace_secret(&in_the_way, b"content").is_err());
    assert!(expect_replaceable(&in_the_way).is_err());
    assert!(replace(&folder.path().join("absent/name"), b"content", Readers::Owner).is_err());
    assert_eq!(names(folder.path()), ["name"]);

    let file = folder.path().join("taken");
    fs::write(&file, b"mine").unwrap();
    let mut draft = Draft::beside(&file, Readers::Owner).unwrap();
    draft.write_all(b"theirs").unwrap();
    assert_eq!(draft.take_free_place().unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    assert_eq!(names(folder.path()), ["name", "taken"]);
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_said() {
    let error = replace(Path::new("/dev/full"), b"content", Readers::Owner).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
}

#[test]
fn a_name_may_be_as_long_as_any() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("n".repeat(255));
    replace(&file, b"content", Readers::Owner).unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"content");
}

#[test]
fn a_draft_that_is_given_up_leaves_the_old_file_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"old").unwrap();
    let mut draft = Draft::beside(&file, Readers::Owner).unwrap();
    draft.write_all(b"half of the n").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"old");
    drop(draft);
    assert_eq!(fs::read(&file).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["file"]);
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_stays_what_it_is() {
    replace(Path::new("/dev/null"), b"content", Readers::Owner).unwrap();
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), b"old").unwrap();
    std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
    replace(&at("link"), b"new", Readers::Owner).unwrap();
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert_eq!(fs::read(at("file")).unwrap(), b"new");
}

#[cfg(unix)]
#[test]
fn old_bytes_of_a_secret_are_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("key"), b"the old key").unwrap();
    // A second name of the old file shows what becomes of its bytes.
    fs::hard_link(at("key"), at("old")).unwrap();
    fs::write(at("key.new"), b"left by a crash").unwrap();
    fs::hard_link(at("key.new"), at("left")).unwrap();
    replace_secret(&at("key"), b"the new key").unwrap();
    assert_eq!(fs::read(at("key")).unwrap(), b"the new key");
    assert_eq!(fs::read(at("old")).unwrap(), [0; 11]);
    assert_eq!(fs::read(at("left")).unwrap(), [0; 15]);
    destroy(&at("key")).unwrap();
    destroy(&at("key")).unwrap();
    assert_eq!(names(folder.path()), ["left", "old"]);
}
