use techo_protocol::Coded as _;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::trust::Role;

use super::*;
use crate::profile::tests::{NOW, authority};

#[test]
fn every_change_is_a_successor() {
    let (_folder, mut authority) = authority();
    let random = SeededRandom::new(5);
    let mut before = authority.trust_list().unwrap();
    let mut check = |after: TrustList| {
        assert_eq!(before.check_successor(&after), Ok(()));
        assert_eq!(after.number, before.number + 1);
        before = after;
    };
    check(authority.renew_trust(NOW + 1).unwrap());
    check(authority.rotate_key(KeyRole::Code, NOW + 2, &random).unwrap());
    check(authority.rotate_root(NOW + 3, &random).unwrap());
    check(authority.rotate_root(NOW + 4, &random).unwrap());
    check(authority.renew_trust(NOW + 5).unwrap());
    assert!(authority.verify_audit().is_ok());
}

#[test]
fn a_new_key_signs_and_the_old_one_stays_until_it_is_revoked() {
    let (_folder, mut authority) = authority();
    let old = authority.signer(KeyRole::Code).unwrap().public();
    let list = authority.rotate_key(KeyRole::Code, NOW, &SeededRandom::new(5)).unwrap();
    let new = authority.signer(KeyRole::Code).unwrap().public();
    assert_ne!(old, new);
    assert!(list.keys(Role::Code).any(|key| *key == old));
    let digits = hex::encode(old.0);
    let list = authority.revoke_key(&digits, NOW, &SeededRandom::new(6)).unwrap();
    assert_eq!(list.keys(Role::Code).collect::<Vec<_>>(), [&new]);
    assert_eq!(
        authority.revoke_key(&digits, NOW, &SeededRandom::new(6)).unwrap_err().code(),
        "trust_change.no_such_key"
    );
}

#[test]
fn the_last_key_of_a_role_is_replaced_when_it_is_revoked() {
    let (_folder, mut authority) = authority();
    let old = authority.signer(KeyRole::Notice).unwrap().public();
    let digits = hex::encode(old.0);
    authority.revoke_key(&digits, NOW, &SeededRandom::new(6)).unwrap();
    assert_ne!(authority.signer(KeyRole::Notice).unwrap().public(), old);
    assert_eq!(
        authority.revoke_key("", NOW, &SeededRandom::new(6)).unwrap_err().code(),
        "trust_change.no_such_key",
        "more than one key begins with nothing"
    );
}

#[test]
fn relays_are_added_once() {
    let (folder, mut authority) = authority();
    let relay = "http://127.0.0.1:8000/".to_owned();
    authority.export_trust(std::slice::from_ref(&relay), NOW).unwrap();
    let file = authority.export_trust(&[relay], NOW).unwrap();
    let list = TrustList::read(&file).unwrap();
    assert_eq!((list.number, list.relays), (2, vec!["http://127.0.0.1:8000".to_owned()]));
    for bad in ["", "ftp://x", "https://", "https:///v", "https://a b"] {
        let error = authority.export_trust(&[bad.to_owned()], NOW).unwrap_err();
        assert_eq!(error.code(), "trust_change.relay", "{bad}");
    }
    std::fs::remove_dir_all(folder.path().join(crate::keys::ROOT_FOLDER)).unwrap();
    assert_eq!(authority.export_trust(&[], NOW).unwrap(), file, "reading needs no root");
    let error = authority.export_trust(&["https://b".to_owned()], NOW).unwrap_err();
    assert_eq!(error.code(), "authority_key.root_away");
    assert_eq!(
        authority
            .rotate_key(KeyRole::Code, NOW, &SeededRandom::new(1))
            .unwrap_err()
            .code(),
        "authority_key.root_away"
    );
}

#[test]
fn a_root_changes_fifteen_times() {
    let (_folder, mut authority) = authority();
    for seed in 0..15 {
        authority.rotate_root(NOW, &SeededRandom::new(100 + seed)).unwrap();
    }
    assert_eq!(
        authority.rotate_root(NOW, &SeededRandom::new(1)).unwrap_err().code(),
        "trust_change.too_many_roots"
    );
    assert!(authority.renew_trust(NOW).is_ok());
}

#[test]
fn a_relay_without_tls_is_on_this_machine() {
    for relay in [
        "https://relay.example",
        "https://relay.example:8443/techo",
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://localhost:80/x",
        "http://[::1]:8080",
        "http://[::1]",
    ] {
        assert_eq!(check_relay(relay), Ok(()), "{relay}");
    }
    for relay in [
        "http://relay.example",
        "http://relay.example/127.0.0.1",
        "http://127.0.0.1.example",
        "http://localhost@relay.example",
        "http://192.0.2.1:8080",
        "https://",
        "ftp://127.0.0.1",
        "relay.example",
    ] {
        assert_eq!(check_relay(relay), Err(TrustChangeError::Relay), "{relay}");
    }
}
