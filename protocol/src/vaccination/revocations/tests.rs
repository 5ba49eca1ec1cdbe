use proptest::prelude::*;

use super::*;
use crate::basics::random::SeededRandom;
use crate::trust::TrustedKey;
use crate::trust::tests::{key, town};

fn trusted() -> TrustList {
    let mut town = town();
    town.keys.push(TrustedKey {
        role: Role::Notice,
        key: key(21).public(),
        revoked: false,
    });
    town
}

fn file(ids: &[CredentialId]) -> Vec<u8> {
    write(town().authority(), 3, 1_633_000_000, ids, &key(21), &SeededRandom::new(1)).unwrap()
}

fn read(file: &[u8]) -> Result<Revocations, RevocationsError> {
    Revocations::read(file, [&trusted()])
}

fn ids(count: u64) -> Vec<CredentialId> {
    let id = |n: u64| CredentialId(n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    (1..=count).map(id).collect()
}

#[test]
fn ten_thousand_take_about_65_kilobytes() {
    let bytes = file(&ids(10_000)).len();
    assert!((60_000..=68_000).contains(&bytes), "{bytes}");
}

#[test]
fn a_short_list_does_not_say_how_short() {
    assert_eq!(file(&[]).len(), file(&ids(100)).len());
}

#[test]
fn its_municipality_alone_signs_it() {
    let list = file(&ids(3));
    assert_eq!(authority_of(&list), Ok(town().authority()));
    let read_list = read(&list).unwrap();
    assert_eq!((read_list.number(), read_list.issued_at()), (3, 1_633_000_000));
    assert_eq!(Revocations::read(&list, [&town()]), Err(RevocationsError::SignatureInvalid));
    let by_another = write(town().authority(), 3, 0, &[], &key(20), &SeededRandom::new(1)).unwrap();
    assert_eq!(
        read(&by_another),
        Err(RevocationsError::SignatureInvalid),
        "a key for licences is none for this"
    );
    let of_another = write(AuthorityId([9; 16]), 3, 0, &[], &key(21), &SeededRandom::new(1)).unwrap();
    assert_eq!(read(&of_another), Err(RevocationsError::SignatureInvalid));
    assert_eq!(read(b"TTRL"), Err(RevocationsError::NotRevocations));
    for at in 0..list.len() {
        let mut damaged = list.clone();
        damaged[at] ^= 1;
        assert!(read(&damaged).is_err(), "byte {at}");
    }
}

#[test]
fn a_signed_list_that_holds_nonsense_is_damage() {
    let spoil = |change: fn(&mut Body)| {
        let list = file(&ids(3));
        let mut body: Body = KIND.read(&list).ok().unwrap().body().unwrap();
        change(&mut body);
        read(&KIND.write(&body, &key(21)))
    };
    assert!(spoil(|_| ()).is_ok());
    assert_eq!(spoil(|body| body.count = 127), Err(RevocationsError::Damaged));
    assert_eq!(spoil(|body| body.count = u32::MAX), Err(RevocationsError::Damaged));
    assert_eq!(spoil(|body| body.ids.truncate(100)), Err(RevocationsError::Damaged));
    assert_eq!(spoil(|body| body.ids.fill(0)), Err(RevocationsError::Damaged));
}

proptest! {
    #[test]
    fn what_is_revoked_is_found_and_nothing_else(revoked in prop::collection::btree_set(any::<u64>(), 0..400), crowded in prop::collection::btree_set(0..500_u64, 0..50), other in any::<u64>()) {
        let all: Vec<CredentialId> = revoked.iter().chain(&crowded).map(|id| CredentialId(id.to_be_bytes())).collect();
        let list = read(&file(&all)).unwrap();
        for id in &all {
            prop_assert!(list.contains(*id));
        }
        prop_assert_eq!(list.contains(CredentialId(other.to_be_bytes())), revoked.contains(&other) || crowded.contains(&other));
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&[b"TREV\x01".as_slice(), &bytes].concat()).is_err());
    }
}
