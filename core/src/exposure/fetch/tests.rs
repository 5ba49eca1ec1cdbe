use techo_protocol::basics::keys::SigningKey;
use techo_protocol::exposure::manifest::{ManifestError, VALID_SECONDS};
use techo_protocol::trust::{TrustError, TrustedKey};

use super::*;
use crate::exposure::fixture::{Authority, NOW, entries, vault, window};
use crate::exposure::lists::{Freshness, ages};
use crate::following::FollowingRefusal;

fn following(authority: &Authority) -> (tempfile::TempDir, Vault) {
    let (folder, mut vault) = vault();
    following::add(&mut vault, &authority.trust_file()).unwrap();
    (folder, vault)
}

fn get(vault: &mut Vault, authority: &Authority, now: i64) -> Result<Brought, FetchError> {
    fetch(vault, &authority.relay, &[], now).unwrap().remove(0).outcome
}

fn refused(error: impl Into<ExposureError>) -> Result<Brought, FetchError> {
    Err(FetchError::List(error.into()))
}

#[allow(clippy::unnecessary_wraps, reason = "it is compared with results")]
fn list(new_segments: usize) -> Result<Brought, FetchError> {
    Ok(Brought::List { new_segments })
}

#[test]
fn each_segment_is_fetched_once() {
    let mut authority = Authority::new(10);
    let (_folder, mut vault) = following(&authority);
    assert_eq!(get(&mut vault, &authority, NOW), Ok(Brought::NothingPublished));
    authority.add_segment(entries(1, 7, 1, Some(window(0, 60)), &[]), vec![]);
    authority.publish(NOW);
    assert_eq!(get(&mut vault, &authority, NOW), list(1));
    assert_eq!(get(&mut vault, &authority, NOW), list(0));
    authority.publish(NOW + 3_600);
    assert_eq!(get(&mut vault, &authority, NOW + 3_600), list(0));
}

#[test]
fn a_segment_that_is_damaged_on_the_disk_is_named_and_fetched_again() {
    let mut authority = Authority::new(10);
    let (folder, mut vault) = following(&authority);
    authority.add_segment(entries(1, 7, 1, Some(window(0, 60)), &[]), vec![]);
    authority.publish(NOW);
    get(&mut vault, &authority, NOW).unwrap();
    let visits = [crate::exposure::fixture::visit(1, 0, 60)];
    let alerts = |vault: &mut Vault| crate::exposure::alerts::list(vault, &visits).unwrap().len();
    assert_eq!(alerts(&mut vault), 1);
    let raw = rusqlite::Connection::open(folder.path().join(crate::vault::VAULT_FILE)).unwrap();
    raw.execute("UPDATE segment SET sealed = zeroblob(length(sealed))", [])
        .unwrap();
    assert_eq!(ages(&mut vault, NOW).unwrap()[0].freshness, Freshness::Damaged);
    assert_eq!(alerts(&mut vault), 0);
    assert_eq!(get(&mut vault, &authority, NOW), list(1));
    assert_eq!(ages(&mut vault, NOW).unwrap()[0].freshness, Freshness::Fresh);
    assert_eq!(alerts(&mut vault), 1);
}

#[test]
fn nobody_to_ask_says_so() {
    let mut authority = Authority::new(10);
    authority.trust.relays.clear();
    let (_folder, mut vault) = following(&authority);
    assert_eq!(
        fetch(&mut vault, &authority.relay, &[], NOW).err(),
        Some(ListError::NoRelay.into())
    );
}

#[test]
fn an_older_list_is_a_replay() {
    let mut authority = Authority::new(10);
    let (_folder, mut vault) = following(&authority);
    let old = authority.publish(NOW);
    authority.publish(NOW + 60);
    assert_eq!(get(&mut vault, &authority, NOW + 60), list(0));
    authority.relay.files.borrow_mut().insert(manifest_path(authority.id()), old);
    assert_eq!(get(&mut vault, &authority, NOW + 60), refused(ManifestError::Replayed));
}

#[test]
fn a_forged_manifest_is_refused() {
    let mut authority = Authority::new(10);
    let (_folder, mut vault) = following(&authority);
    authority.manifest_key = SigningKey::from_seed(&[99; 32]);
    authority.publish(NOW);
    assert_eq!(get(&mut vault, &authority, NOW), refused(ManifestError::SignatureInvalid));
}

#[test]
fn a_forged_segment_is_refused_and_nothing_of_it_is_kept() {
    let mut authority = Authority::new(10);
    let (_folder, mut vault) = following(&authority);
    authority.notice_key = SigningKey::from_seed(&[99; 32]);
    let hash = authority.add_segment(vec![], vec![]);
    authority.publish(NOW);
    assert_eq!(get(&mut vault, &authority, NOW), refused(SegmentError::SignatureInvalid));
    assert!(!vault.has_segment(&hash).unwrap());
    assert_eq!(ages(&mut vault, NOW).unwrap()[0].as_of, None);
}

#[test]
fn a_segment_that_is_withheld_or_changed_leaves_the_old_list() {
    let mut authority = Authority::new(10);
    let (_folder, mut vault) = following(&authority);
    authority.publish(NOW);
    get(&mut vault, &authority, NOW).unwrap();
    let hash = authority.add_segment(vec![], vec![]);
    authority.publish(NOW + 60);
    let file = authority.relay.files.borrow_mut().remove(&segment_path(&hash)).unwrap();
    assert_eq!(get(&mut vault, &authority, NOW + 60), refused(ListError::Withheld));
    let mut changed = file.clone();
    changed[100] ^= 1;
    authority.relay.files.borrow_mut().insert(segment_path(&hash), changed);
    assert_eq!(get(&mut vault, &authority, NOW + 60), refused(SegmentError::Damaged));
    assert_eq!(ages(&mut vault, NOW + 60).unwrap()[0].as_of, Some(NOW));
}

#[test]
fn a_list_from_the_future_means_a_wrong_clock() {
    let mut authority = Authority::new(10);
    let (_folder, mut vault) = following(&authority);
    authority.publish(NOW);
    assert_eq!(get(&mut vault, &authority, NOW - 601), refused(ManifestError::ClockWrong));
    assert_eq!(get(&mut vault, &authority, NOW - 600), list(0));
    assert_eq!(ages(&mut vault, NOW - 600).unwrap()[0].freshness, Freshness::ClockWrong);
    assert_eq!(ages(&mut vault, NOW).unwrap()[0].freshness, Freshness::Fresh);
    assert_eq!(
        ages(&mut vault, NOW + VALID_SECONDS + 1).unwrap()[0].freshness,
        Freshness::Stale
    );
}

#[test]
fn a_rotation_of_keys_is_followed_and_an_unsigned_one_is_not() {
    let mut authority = Authority::new(10);
    let (_folder, mut vault) = following(&authority);
    authority.publish(NOW);
    get(&mut vault, &authority, NOW).unwrap();
    let new = SigningKey::from_seed(&[77; 32]);
    authority.trust.number = 2;
    authority.trust.keys.retain(|key| key.role != Role::Manifest);
    authority.trust.keys.push(TrustedKey {
        role: Role::Manifest,
        key: new.public(),
        revoked: false,
    });
    authority.manifest_key = new;
    authority.publish(NOW + 60);
    assert_eq!(get(&mut vault, &authority, NOW + 60), list(0));
    assert_eq!(following::all(&mut vault).unwrap()[0].number, 2);

    let mut impostor = Authority::new(50);
    impostor.trust.number = 3;
    impostor.publish(NOW + 120);
    let forged = impostor.relay.files.borrow()[&manifest_path(impostor.id())].clone();
    authority
        .relay
        .files
        .borrow_mut()
        .insert(manifest_path(authority.id()), forged);
    assert_eq!(get(&mut vault, &authority, NOW + 120), refused(ManifestError::OtherAuthority));
}

#[test]
fn an_older_trust_list_is_not_taken() {
    let mut authority = Authority::new(10);
    let old = authority.trust_file();
    authority.trust.number = 2;
    let (_folder, mut vault) = following(&authority);
    assert_eq!(following::add(&mut vault, &old).err(), Some(TrustError::Older.into()));
}

#[test]
fn one_authority_s_failure_does_not_stop_the_others() {
    let mut good = Authority::new(10);
    let bad = Authority::new(20);
    let (_folder, mut vault) = following(&good);
    following::add(&mut vault, &bad.trust_file()).unwrap();
    good.publish(NOW);
    good.relay
        .files
        .borrow_mut()
        .insert(manifest_path(bad.id()), b"nonsense".to_vec());
    let outcomes = fetch(&mut vault, &good.relay, &[], NOW).unwrap();
    let of = |id| &outcomes.iter().find(|fetched| fetched.authority == id).unwrap().outcome;
    assert_eq!(*of(good.id()), list(0));
    assert_eq!(*of(bad.id()), refused(ManifestError::NotAManifest));
}

#[test]
fn no_request_depends_on_a_visit_or_an_alert() {
    let asked = |with_alert: bool| {
        let mut authority = Authority::new(10);
        let (_folder, mut vault) = following(&authority);
        authority.add_segment(entries(1, 7, 1, Some(window(0, 60)), &[]), vec![]);
        authority.publish(NOW);
        for _ in 0..2 {
            get(&mut vault, &authority, NOW).unwrap();
            let visits = if with_alert {
                vec![crate::exposure::fixture::visit(1, 0, 60)]
            } else {
                vec![]
            };
            let alerts = crate::exposure::alerts::list(&mut vault, &visits).unwrap();
            assert_eq!(!alerts.is_empty(), with_alert);
            crate::exposure::alerts::mark_seen(&mut vault, &alerts).unwrap();
        }
        authority.relay.asked.take()
    };
    assert_eq!(asked(true), asked(false));
}

#[test]
fn lists_of_an_authority_that_is_not_followed_any_more_are_gone() {
    let mut authority = Authority::new(10);
    let (_folder, mut vault) = following(&authority);
    authority.publish(NOW);
    get(&mut vault, &authority, NOW).unwrap();
    crate::device::stop_following(&mut vault, authority.id()).unwrap();
    assert_eq!(ages(&mut vault, NOW).unwrap(), []);
    assert_eq!(
        crate::device::stop_following(&mut vault, authority.id()),
        Err(FollowingRefusal::NotFollowed.into())
    );
}
