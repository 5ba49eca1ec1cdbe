use proptest::prelude::*;

use super::*;
use crate::basics::municipality_code::MunicipalityCode;

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn list(number: u32) -> TrustList {
    TrustList {
        name: "Osaka Prefecture".into(),
        host: "techo.example".into(),
        number,
        issued_at: 1_700_000_000,
        expires_at: 1_800_000_000,
        roots: vec![Root {
            key: key(1).public(),
            signed_by_previous: vec![],
        }],
        keys: vec![
            TrustedKey {
                role: Role::Code,
                key: key(5).public(),
                revoked: false,
            },
            TrustedKey {
                role: Role::Code,
                key: key(6).public(),
                revoked: true,
            },
        ],
        relays: vec![],
        municipality: None,
    }
}

/// The trust list of Sakai: its licence key is `key(20)`, its bundle key that of 32 bytes 30.
pub fn town() -> TrustList {
    let mut town = list(1);
    town.name = "Sakai".into();
    town.keys.push(TrustedKey {
        role: Role::Licence,
        key: key(20).public(),
        revoked: false,
    });
    town.keys.push(TrustedKey {
        role: Role::Bundle,
        key: PublicKey(crate::basics::hpke_seal::HpkePrivate::from_seed(&[30; 32]).public()),
        revoked: false,
    });
    town.municipality = Some(Municipality {
        code: MunicipalityCode::read("271403").unwrap(),
        url: Some("https://sakai.example".into()),
        status_keys: vec![StatusKey {
            point: [vec![2], vec![7; 32]].concat(),
            revoked: false,
        }],
        revoked_sites: vec![],
    });
    town
}

/// Made by `authority trust export` before there were municipalities.
#[test]
fn a_list_of_before_municipalities_is_read_and_written_as_it_was() {
    let file = include_bytes!("../../fixtures/trust-list-v1.trust");
    let list = TrustList::read(file).unwrap();
    assert_eq!((list.name.as_str(), list.number, list.keys.len()), ("Osaka Prefecture", 2, 4));
    assert_eq!(list.municipality, None);
    let body = file.get(9..).unwrap();
    let mut again = Vec::new();
    ciborium::into_writer(&list, &mut again).unwrap();
    assert!(body.starts_with(&again));
}

#[test]
fn a_municipality_comes_back_and_an_old_reader_passes_over_it() {
    #[derive(Deserialize)]
    struct Before {
        name: String,
        keys: Vec<TrustedKey>,
    }
    let file = town().write(&key(1));
    assert_eq!(TrustList::read(&file), Ok(town()));
    let before: Before = ciborium::from_reader(&file[9..]).unwrap();
    assert_eq!((before.name.as_str(), before.keys.len()), ("Sakai", 4));
}

#[test]
fn a_municipality_that_cannot_be_is_damage() {
    let spoil = |change: fn(&mut Municipality)| {
        let mut town = town();
        change(town.municipality.as_mut().unwrap());
        TrustList::read(&town.write(&key(1)))
    };
    assert_eq!(
        spoil(|town| town.status_keys[0].point = vec![2; 32]),
        Err(TrustError::Damaged)
    );
    assert_eq!(
        spoil(|town| town.status_keys[0].point = vec![4; 33]),
        Err(TrustError::Damaged)
    );
    assert!(spoil(|town| town.status_keys[0].point = vec![4; 65]).is_ok());
    assert_eq!(
        spoil(|town| town.url = Some("javascript:alert(1)".into())),
        Err(TrustError::Damaged)
    );
    assert_eq!(
        spoil(|town| town.url = Some(format!("https://{}", "a".repeat(200)))),
        Err(TrustError::Damaged)
    );
}

#[test]
fn comes_back() {
    assert_eq!(TrustList::read(&list(1).write(&key(1))), Ok(list(1)));
}

#[test]
fn only_its_root_signs_it() {
    assert_eq!(TrustList::read(&list(1).write(&key(2))), Err(TrustError::SignatureInvalid));
}

#[test]
fn every_changed_byte_is_noticed() {
    let file = list(1).write(&key(1));
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        assert!(TrustList::read(&damaged).is_err(), "byte {at}");
    }
}

#[test]
fn a_revoked_key_is_named_and_not_used() {
    assert!(list(1).names_key(Role::Code, key(6).public().id()));
    assert_eq!(list(1).keys(Role::Code).collect::<Vec<_>>(), [&key(5).public()]);
}

#[test]
fn a_new_root_is_followed_when_the_old_one_signed_it() {
    let mut rotated = list(2);
    rotated.roots.push(succeed_root(&key(1), &key(9).public()));
    let read = TrustList::read(&rotated.write(&key(9))).unwrap();
    assert_eq!(read.authority(), list(1).authority());
    assert_eq!(list(1).check_successor(&read), Ok(()));
    assert_eq!(
        read.check_successor(&list(3)),
        Err(TrustError::Forked),
        "the old root may not go on alone"
    );

    let mut forged = list(2);
    forged.roots.push(succeed_root(&key(7), &key(9).public()));
    assert_eq!(TrustList::read(&forged.write(&key(9))), Err(TrustError::SignatureInvalid));
}

#[test]
fn never_goes_back() {
    assert_eq!(list(2).check_successor(&list(1)), Err(TrustError::Older));
    assert_eq!(list(2).check_successor(&list(2)), Ok(()));
    let mut other = list(2);
    other.name = "Kyoto".into();
    assert_eq!(list(2).check_successor(&other), Err(TrustError::Forked));
    other.roots[0].key = key(3).public();
    assert_eq!(list(2).check_successor(&other), Err(TrustError::OtherAuthority));
}

#[test]
fn a_role_of_a_later_version_is_kept_out_of_the_way() {
    #[derive(Serialize)]
    struct Later<'a> {
        role: &'a str,
        key: PublicKey,
        revoked: bool,
    }
    let mut bytes = Vec::new();
    ciborium::into_writer(
        &Later {
            role: "oracle",
            key: key(1).public(),
            revoked: false,
        },
        &mut bytes,
    )
    .unwrap();
    let read: TrustedKey = ciborium::from_reader(&bytes[..]).unwrap();
    assert_eq!(read.role, Role::Unknown);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(TrustList::read(&[b"TTRL\x01".as_slice(), &bytes].concat()).is_err());
    }
}
