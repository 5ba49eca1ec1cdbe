use techo_protocol::Coded as _;
use techo_protocol::basics::passphrase::Cost;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::trust::Role;
use tempfile::TempDir;

use super::*;

/// 2026-11-20 09:00 in Japan.
pub(crate) const NOW: i64 = 1_795_132_800;

pub(crate) const NAME: NewAuthority<'_> = NewAuthority {
    name: "Osaka Prefecture",
    host: "techo.example",
};

/// An authority in a folder that goes when the first half is dropped.
pub(crate) fn authority() -> (TempDir, Authority) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::init(folder.path(), &NAME, None, NOW, &SeededRandom::new(1)).unwrap();
    (folder, authority)
}

#[test]
fn an_authority_is_made_once_and_opened_again() {
    let (folder, authority) = authority();
    let list = authority.trust_list().unwrap();
    assert_eq!((list.name.as_str(), list.number), ("Osaka Prefecture", 1));
    for role in [Role::Code, Role::Manifest, Role::Notice, Role::Diary] {
        assert_eq!(list.keys(role).count(), 1, "{role:?}");
    }
    let again = Authority::init(folder.path(), &NAME, None, NOW, &SeededRandom::new(2));
    assert_eq!(again.err().unwrap().code(), "authority.already_initialised");
    let opened = Authority::open(folder.path(), None).unwrap();
    assert_eq!(opened.id(), authority.id());
    assert_eq!(opened.trust_list().unwrap(), list);
    assert!(opened.has_clear_keys());
}

#[test]
fn an_empty_folder_is_no_authority() {
    let folder = tempfile::tempdir().unwrap();
    let error = Authority::open(folder.path(), None).err().unwrap();
    assert_eq!(error.code(), "authority.not_initialised");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "looking makes nothing");
}

#[test]
fn an_init_that_was_cut_short_is_done_again() {
    let folder = tempfile::tempdir().unwrap();
    drop(store::create(folder.path()).unwrap());
    assert_eq!(
        Authority::open(folder.path(), None).err().unwrap().code(),
        "authority.not_initialised"
    );
    assert!(Authority::init(folder.path(), &NAME, None, NOW, &SeededRandom::new(2)).is_ok());
}

#[test]
fn keys_under_a_passphrase_are_nowhere_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = Passphrase {
        text: "horse battery".to_owned().into(),
        cost: Cost::TEST,
    };
    let authority = Authority::init(folder.path(), &NAME, Some(passphrase), NOW, &SeededRandom::new(1)).unwrap();
    assert!(!authority.has_clear_keys());
    assert!(authority.signer(KeyRole::Code).is_ok());
    let without = Authority::open(folder.path(), None).unwrap();
    assert_eq!(
        without.signer(KeyRole::Code).unwrap_err().code(),
        "authority_key.passphrase_needed"
    );
}

#[test]
fn a_name_or_host_that_no_code_carries_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, host, code) in [
        ("", "techo.example", "trust_change.name"),
        ("Osaka\n", "techo.example", "trust_change.name"),
        ("Osaka", "not a host", "trust_change.host"),
    ] {
        let new = NewAuthority { name, host };
        let error = Authority::init(folder.path(), &new, None, NOW, &SeededRandom::new(1))
            .err()
            .unwrap();
        assert_eq!(error.code(), code);
    }
}

#[test]
fn daily_work_needs_no_root() {
    let (folder, authority) = authority();
    std::fs::remove_dir_all(folder.path().join(crate::keys::ROOT_FOLDER)).unwrap();
    for role in [KeyRole::Code, KeyRole::Manifest, KeyRole::Notice] {
        assert!(authority.signer(role).is_ok());
    }
}
