use techo_protocol::certificates::issuer_key::{IssuerKey, IssuerPublicKey, NO_END, Uses};

use super::*;
use crate::exposure::fixture::{Authority, NOW, vault};

fn bundle(authority: &Authority, name: &str, signed_at: i64) -> Vec<u8> {
    let key = IssuerKey {
        key: IssuerPublicKey::P256([7; 64]),
        id: b"12345678".to_vec(),
        issuer: "DE".into(),
        uses: Uses::DCC,
        not_before: 0,
        not_after: NO_END,
        seen_at: Some(signed_at),
    };
    let bundle = TrustBundle {
        name: name.into(),
        signed_at,
        keys: vec![key],
        trust_list: authority.trust_file(),
    };
    bundle.write(&authority.manifest_key)
}

#[test]
fn a_newer_bundle_takes_the_place_of_the_older() {
    let (authority, (_folder, mut vault)) = (Authority::new(10), vault());
    following::add(&mut vault, &authority.trust_file()).unwrap();
    add(&mut vault, &bundle(&authority, "EU", NOW)).unwrap();
    add(&mut vault, &bundle(&authority, "Cards", NOW)).unwrap();
    add(&mut vault, &bundle(&authority, "EU", NOW + 1)).unwrap();
    assert_eq!(
        add(&mut vault, &bundle(&authority, "EU", NOW)).err(),
        Some(TrustBundleError::Older.into())
    );
    let mut held: Vec<_> = all(&mut vault)
        .unwrap()
        .into_iter()
        .map(|bundle| (bundle.name, bundle.signed_at))
        .collect();
    held.sort();
    assert_eq!(held, [("Cards".into(), NOW), ("EU".into(), NOW + 1)]);
    assert_eq!(trusted(&mut vault).unwrap().all(Uses::DCC).count(), 2);
}

#[test]
fn only_an_authority_that_is_followed_is_believed() {
    let (authority, (_folder, mut vault)) = (Authority::new(10), vault());
    let refused = add(&mut vault, &bundle(&authority, "EU", NOW)).err();
    assert_eq!(refused, Some(FollowingError::from(FollowingRefusal::NotFollowed).into()));
    following::add(&mut vault, &authority.trust_file()).unwrap();
    add(&mut vault, &bundle(&authority, "EU", NOW)).unwrap();
    crate::device::stop_following(&mut vault, authority.id()).unwrap();
    assert_eq!(all(&mut vault), Ok(vec![]));
    following::add(&mut vault, &authority.trust_file()).unwrap();
    assert_eq!(all(&mut vault), Ok(vec![]), "its bundles went with it");
}

#[test]
fn what_a_revoked_key_signed_does_not_count() {
    let (mut authority, (_folder, mut vault)) = (Authority::new(10), vault());
    following::add(&mut vault, &authority.trust_file()).unwrap();
    let file = bundle(&authority, "EU", NOW);
    add(&mut vault, &file).unwrap();
    authority.trust.number = 2;
    authority.trust.keys[0].revoked = true;
    following::add(&mut vault, &authority.trust_file()).unwrap();
    assert_eq!(all(&mut vault), Ok(vec![]));
    assert_eq!(add(&mut vault, &file).err(), Some(TrustBundleError::SignatureInvalid.into()));
}

#[test]
fn a_newer_trust_list_in_a_bundle_is_taken() {
    let (mut authority, (_folder, mut vault)) = (Authority::new(10), vault());
    following::add(&mut vault, &authority.trust_file()).unwrap();
    authority.trust.number = 2;
    authority.trust.name = "Renamed".into();
    add(&mut vault, &bundle(&authority, "EU", NOW)).unwrap();
    assert_eq!(following::all(&mut vault).unwrap()[0].name, "Renamed");
}
