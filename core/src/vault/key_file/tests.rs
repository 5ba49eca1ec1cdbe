use super::*;
use crate::ports::SystemRandom;

fn keeper(folder: &Path, passphrase: Option<&str>) -> KeyFile {
    KeyFile::with_small_cost(folder, passphrase, Box::new(SystemRandom::new()))
}

fn key(byte: u8) -> WrappingKey {
    WrappingKey::from([byte; 32])
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn keys_come_back_and_go() {
    for passphrase in [None, Some("correct horse")] {
        let folder = folder();
        let mut file = keeper(folder.path(), passphrase);
        assert_eq!(file.load(&[1; 16]), Ok(None));
        assert_eq!(file.ids(), Ok(vec![]));
        file.store(&[1; 16], &key(1)).unwrap();
        file.store(&[2; 16], &key(2)).unwrap();
        assert_eq!(file.ids(), Ok(vec![[1; 16], [2; 16]]));
        // Another process, which has to read it all from the file.
        let other = keeper(folder.path(), passphrase);
        assert_eq!(other.load(&[1; 16]), Ok(Some(key(1))));
        assert_eq!(other.load(&[2; 16]), Ok(Some(key(2))));
        file.delete(&[1; 16]).unwrap();
        file.delete(&[1; 16]).unwrap();
        assert_eq!(other.load(&[1; 16]), Ok(None));
        file.delete(&[2; 16]).unwrap();
        assert!(!folder.path().join(KEY_FILE).exists());
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let mut file = keeper(folder.path(), None);
    file.store(&[1; 16], &key(1)).unwrap();
    file.store(&[2; 16], &key(2)).unwrap();
    let mode = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_passphrase_keeps_the_key_out_of_the_file() {
    let folder = folder();
    keeper(folder.path(), Some("correct horse")).store(&[1; 16], &key(7)).unwrap();
    let text = std::fs::read_to_string(folder.path().join(KEY_FILE)).unwrap();
    assert!(!text.contains(&URL_SAFE_NO_PAD.encode([7; 32])));
    assert_eq!(
        keeper(folder.path(), Some("wrong")).load(&[1; 16]),
        Err(KeyError::WrongPassphrase)
    );
    assert_eq!(
        keeper(folder.path(), Some("wrong")).store(&[2; 16], &key(2)),
        Err(KeyError::WrongPassphrase)
    );
    assert_eq!(keeper(folder.path(), None).load(&[1; 16]), Err(KeyError::PassphraseNeeded));
    assert_eq!(keeper(folder.path(), Some("correct horse")).load(&[1; 16]), Ok(Some(key(7))));
}

#[test]
fn a_passphrase_is_not_taken_for_a_file_without() {
    let folder = folder();
    keeper(folder.path(), None).store(&[1; 16], &key(7)).unwrap();
    assert_eq!(
        keeper(folder.path(), Some("x")).load(&[1; 16]),
        Err(KeyError::NotUnderPassphrase)
    );
}

#[test]
fn the_old_file_is_overwritten() {
    let folder = folder();
    let mut file = keeper(folder.path(), None);
    file.store(&[1; 16], &key(7)).unwrap();
    // A second name for the same bytes on the disk: what a renaming alone would leave behind.
    let left = folder.path().join("left");
    std::fs::hard_link(folder.path().join(KEY_FILE), &left).unwrap();
    assert!(std::fs::read(&left).unwrap().iter().any(|byte| *byte != 0));
    file.store(&[2; 16], &key(2)).unwrap();
    assert!(std::fs::read(&left).unwrap().iter().all(|byte| *byte == 0));
}

#[test]
fn a_damaged_or_newer_file_is_said_to_be_one() {
    let folder = folder();
    let path = folder.path().join(KEY_FILE);
    for (text, error) in [
        ("", KeyError::Damaged),
        ("{}", KeyError::Damaged),
        ("\u{0}", KeyError::Damaged),
        (
            r#"{"techo_key_file":1,"keys":[{"id":"AQEBAQEBAQEBAQEBAQEBAQ","key":"AA"}]}"#,
            KeyError::Damaged,
        ),
        (r#"{"techo_key_file":2,"keys":[]}"#, KeyError::NewerVersion { found: 2 }),
    ] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(keeper(folder.path(), None).load(&[1; 16]), Err(error), "{text}");
    }
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert_eq!(keeper(folder.path(), None).load(&[1; 16]), Err(KeyError::Damaged));
}

#[test]
fn a_key_belongs_to_its_id_and_passphrase_file() {
    let folder = folder();
    let mut file = keeper(folder.path(), Some("correct horse"));
    file.store(&[1; 16], &key(1)).unwrap();
    file.store(&[2; 16], &key(2)).unwrap();
    let path = folder.path().join(KEY_FILE);
    let mut stored: Stored = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let (first, second) = stored.keys.split_at_mut(1);
    std::mem::swap(&mut first[0].key, &mut second[0].key);
    std::fs::write(&path, serde_json::to_vec(&stored).unwrap()).unwrap();
    assert_eq!(
        keeper(folder.path(), Some("correct horse")).load(&[1; 16]),
        Err(KeyError::Damaged)
    );
    stored.under_passphrase = Some("AAAA".into());
    std::fs::write(&path, serde_json::to_vec(&stored).unwrap()).unwrap();
    assert_eq!(
        keeper(folder.path(), Some("correct horse")).load(&[1; 16]),
        Err(KeyError::Damaged)
    );
}
