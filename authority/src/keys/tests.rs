use proptest::prelude::*;
use techo_protocol::Coded as _;
use techo_protocol::basics::random::SeededRandom;

use super::*;

fn files(folder: &Path, passphrase: Option<&str>) -> KeyFiles {
    let passphrase = passphrase.map(|text| Passphrase {
        text: Zeroizing::new(text.into()),
        cost: Cost::TEST,
    });
    KeyFiles::new(folder, passphrase)
}

#[test]
fn a_key_comes_back_in_the_clear_and_under_a_passphrase() {
    for passphrase in [None, Some("horse battery")] {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path(), passphrase);
        let public = files.make(KeyRole::Code, &SeededRandom::new(1)).unwrap();
        assert_eq!(files.signing_key(KeyRole::Code, &public).unwrap().public(), public);
        let diary = files.make(KeyRole::Diary, &SeededRandom::new(1)).unwrap();
        assert_eq!(files.diary_key(&diary).unwrap().public(), diary);
        assert_eq!(files.any_in_clear(), passphrase.is_none());
    }
}

#[test]
fn a_sealed_key_needs_its_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let public = files(folder.path(), Some("horse battery"))
        .make(KeyRole::Code, &SeededRandom::new(1))
        .unwrap();
    let code = |passphrase| {
        let files = files(folder.path(), passphrase);
        files.signing_key(KeyRole::Code, &public).unwrap_err().code()
    };
    assert_eq!(code(None), "authority_key.passphrase_needed");
    assert_eq!(code(Some("horse")), "passphrase.wrong");
}

#[test]
fn a_file_is_of_one_role_and_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path(), None);
    let code = files.make(KeyRole::Code, &SeededRandom::new(1)).unwrap();
    let other = files.make(KeyRole::Code, &SeededRandom::new(2)).unwrap();
    fs::copy(files.file(KeyRole::Code, &code), files.file(KeyRole::Notice, &code)).unwrap();
    assert_eq!(
        files.signing_key(KeyRole::Notice, &code).unwrap_err().code(),
        "authority_key.damaged"
    );
    fs::copy(files.file(KeyRole::Code, &code), files.file(KeyRole::Code, &other)).unwrap();
    assert_eq!(
        files.signing_key(KeyRole::Code, &other).unwrap_err().code(),
        "authority_key.damaged"
    );
    fs::write(files.file(KeyRole::Code, &code), b"TAKY\x02").unwrap();
    assert!(files.signing_key(KeyRole::Code, &code).is_err());
    fs::remove_file(files.file(KeyRole::Code, &code)).unwrap();
    assert_eq!(
        files.signing_key(KeyRole::Code, &code).unwrap_err().code(),
        "authority_key.missing"
    );
}

#[test]
fn a_root_that_is_away_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path(), None);
    let public = files.make(KeyRole::Root, &SeededRandom::new(1)).unwrap();
    assert_eq!(
        files.root_key(&public).unwrap().public(),
        public,
        "a change of roots that was cut short is finished"
    );
    assert!(files.root_file(ROOT_FILE).exists());
    fs::remove_dir_all(folder.path().join(ROOT_FOLDER)).unwrap();
    assert_eq!(files.root_key(&public).unwrap_err().code(), "authority_key.root_away");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path(), None);
    let public = files.make(KeyRole::Code, &SeededRandom::new(1)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&files.file(KeyRole::Code, &public)), 0o600);
    assert_eq!(mode(&folder.path().join(KEYS_FOLDER)), 0o700);
}

proptest! {
    #[test]
    fn any_file_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path(), Some("horse battery"));
        let public = files.make(KeyRole::Code, &SeededRandom::new(1)).unwrap();
        for start in [&b""[..], b"TAKY", b"TAKY\x01\x01"] {
            fs::write(files.file(KeyRole::Code, &public), [start, &bytes].concat()).unwrap();
            prop_assert!(files.signing_key(KeyRole::Code, &public).is_err());
        }
    }
}
