use proptest::prelude::*;

use super::*;
use crate::trust::{Root, TrustedKey};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn list() -> TrustList {
    TrustList {
        name: "Osaka Prefecture".into(),
        host: "techo.example".into(),
        number: 1,
        issued_at: 1_700_000_000,
        expires_at: 1_800_000_000,
        roots: vec![Root {
            key: key(1).public(),
            signed_by_previous: vec![],
        }],
        keys: [(Role::Manifest, 5, false), (Role::Manifest, 6, true), (Role::Code, 7, false)]
            .map(|(role, seed, revoked)| TrustedKey {
                role,
                key: key(seed).public(),
                revoked,
            })
            .into(),
        relays: vec![],
        municipality: None,
    }
}

fn issuer_key(id: &[u8], issuer: &str, seen_at: i64) -> IssuerKey {
    IssuerKey {
        key: IssuerPublicKey::P256([id.first().copied().unwrap_or(0); 64]),
        id: id.to_vec(),
        issuer: issuer.into(),
        uses: Uses::DCC,
        not_before: 1_600_000_000,
        not_after: NO_END,
        seen_at: Some(seen_at),
    }
}

fn bundle(keys: Vec<IssuerKey>) -> TrustBundle {
    TrustBundle {
        name: "EU".into(),
        signed_at: 1_750_000_000,
        keys,
        trust_list: list().write(&key(1)),
    }
}

#[test]
fn only_its_authority_s_manifest_key_signs_it() {
    let bundle = bundle(vec![issuer_key(b"12345678", "DE", 1_750_000_000)]);
    assert_eq!(TrustBundle::read(&bundle.write(&key(5))), Ok(bundle.clone()));
    // A revoked key, a key of another role, and anybody's.
    for seed in [6, 7, 8] {
        assert_eq!(
            TrustBundle::read(&bundle.write(&key(seed))),
            Err(TrustBundleError::SignatureInvalid),
            "{seed}"
        );
    }
}

#[test]
fn a_key_that_was_revoked_since_does_not_count() {
    let file = bundle(vec![]).write(&key(5));
    assert_eq!(TrustBundle::check_signer(&file, &list()), Ok(()));
    let mut newer = list();
    newer.keys[0].revoked = true;
    assert_eq!(
        TrustBundle::check_signer(&file, &newer),
        Err(TrustBundleError::SignatureInvalid)
    );
}

#[test]
fn every_changed_byte_is_noticed() {
    let file = bundle(vec![issuer_key(b"12345678", "DE", 1_750_000_000), issuer_key(b"", "", 0)]).write(&key(5));
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        assert!(TrustBundle::read(&damaged).is_err(), "byte {at}");
    }
}

#[test]
fn what_a_source_lists_no_more_stays_in_the_archive() {
    let earlier = TrustBundle {
        signed_at: 1_700_000_000,
        ..bundle(vec![
            issuer_key(b"gone", "DE", 1_700_000_000),
            issuer_key(b"here", "DE", 1_700_000_000),
        ])
    };
    let mut newer = bundle(vec![issuer_key(b"here", "DE", 1_750_000_000)]);
    newer.keep_from(&earlier);
    assert_eq!(
        newer.keys,
        [
            issuer_key(b"here", "DE", 1_750_000_000),
            issuer_key(b"gone", "DE", 1_700_000_000)
        ]
    );
    assert_eq!((newer.keys.len(), newer.archived()), (2, 1));
}

/// A bundle as version 1 wrote it, with a key of each type. Ed25519 signs alike every time, so it is also written like that.
#[test]
fn version_1_is_read_and_written() {
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trust-bundle-1.bin");
    let mut ca = issuer_key(b"P384", "JP", 1_750_000_000);
    ca.key = IssuerPublicKey::P384([9; 96]);
    ca.uses = Uses::VDS_NC_AUTHORITY;
    let mut rsa = issuer_key(b"RSA 2048", "LT", 1_700_000_000);
    rsa.key = IssuerPublicKey::Rsa {
        modulus: vec![0xAB; 256],
        exponent: vec![1, 0, 1],
    };
    let bundle = bundle(vec![issuer_key(b"12345678", "DE", 1_750_000_000), ca, rsa]);
    let file = bundle.write(&key(5));
    if std::env::var_os("TECHO_WRITE").is_some() && !fixture.exists() {
        std::fs::write(&fixture, &file).unwrap();
    }
    let stored = std::fs::read(fixture).unwrap();
    assert_eq!(TrustBundle::read(&stored), Ok(bundle));
    assert!(file == stored);
}

fn any_key() -> impl Strategy<Value = IssuerKey> {
    let point = |bytes: Vec<u8>| bytes.into_iter().cycle();
    let public = prop_oneof![
        any::<[u8; 32]>().prop_map(move |half| IssuerPublicKey::P256([half, half].concat().try_into().unwrap())),
        any::<[u8; 32]>().prop_map(move |part| IssuerPublicKey::P384([part, part, part].concat().try_into().unwrap())),
        (
            prop::collection::vec(any::<u8>(), 1..300),
            prop::collection::vec(any::<u8>(), 1..5)
        )
            .prop_map(move |(modulus, exponent)| IssuerPublicKey::Rsa {
                modulus: point(modulus).take(256).collect(),
                exponent
            }),
    ];
    let times = (0..=NO_END, 0..=NO_END, prop::option::of(1..=NO_END));
    (
        public,
        prop::collection::vec(any::<u8>(), 0..45),
        "[A-Z]{0,2}",
        any::<u8>(),
        times,
    )
        .prop_map(|(key, id, issuer, uses, (not_before, not_after, seen_at))| IssuerKey {
            key,
            id,
            issuer,
            uses: Uses(uses),
            not_before,
            not_after,
            seen_at,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn comes_back(keys in prop::collection::vec(any_key(), 0..20)) {
        let written = bundle(keys);
        let read = TrustBundle::read(&written.write(&key(5))).unwrap();
        prop_assert_eq!(read.keys.len(), written.keys.len());
        prop_assert!(written.keys.iter().all(|key| read.keys.contains(key)));
        prop_assert_eq!(&TrustBundle::read(&read.write(&key(5))).unwrap(), &read, "and in the same order");
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = unpack(&bytes, &["DE".to_owned()]);
        prop_assert!(TrustBundle::read(&[b"TTBN\x01".as_slice(), &bytes].concat()).is_err());
    }
}
