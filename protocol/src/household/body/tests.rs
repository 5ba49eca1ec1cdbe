use proptest::prelude::*;

use super::*;
use crate::basics::random::SeededRandom;

const HOUSEHOLD: StreamId = StreamId([9; 16]);

fn signer() -> SigningKey {
    SigningKey::from_seed(&[3; 32])
}

fn key() -> GenerationKey {
    GenerationKey([4; 32].into())
}

fn change() -> Body {
    let mut body = Body {
        identity: Identity { device: 2, number: 300 },
        chain: [7; 32],
        subject: Subject::Week(2_942),
        lineage: Lineage {
            generation: 1,
            tag: key().tag(),
        },
        kind: Kind::Change,
        vector: vec![VectorEntry {
            device: 1,
            seen: 5,
            at_relay: 4,
            gone: 3,
        }],
        payload: Vec::new(),
    };
    body.seal(HOUSEHOLD, &key(), b"a visit", &SeededRandom::new(1)).unwrap();
    body
}

fn read(bytes: &[u8]) -> Result<Body, BodyError> {
    UnverifiedBody::read(bytes)?.verify(HOUSEHOLD, &signer().public())
}

#[test]
fn fixed_vector() {
    let bytes = change().write(HOUSEHOLD, &signer()).unwrap();
    assert_eq!(
        hex::encode(&bytes[..bytes.len() - SIGNATURE_BYTES]),
        "0202ac02070707070707070707070707070707070707070707070707070707070707070702fe16017e45bdd03e636d8d0001010504032746e9bfd8fe39f715d88815213e04d7147557aff5696865fc10e02a4ec6cbcef9aa1e94a913f77b"
    );
}

#[test]
fn a_change_costs_little_over_its_payload() {
    let written = change().write(HOUSEHOLD, &signer()).unwrap();
    let overhead = written.len() - b"a visit".len();
    assert!(overhead <= 160, "{overhead}");
}

#[test]
fn every_changed_byte_is_noticed() {
    let bytes = change().write(HOUSEHOLD, &signer()).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(read(&damaged).is_err(), "byte {at}");
    }
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "cut at {length}");
    }
    assert_eq!(read(&[]), Err(BodyError::Damaged));
    assert_eq!(read(&[3]), Err(BodyError::NewerVersion));
}

#[test]
fn it_is_signed_for_one_household_by_one_device() {
    let bytes = change().write(HOUSEHOLD, &signer()).unwrap();
    assert_eq!(read(&bytes), Ok(change()));
    let unverified = || UnverifiedBody::read(&bytes).unwrap();
    assert_eq!(
        unverified().verify(StreamId([8; 16]), &signer().public()),
        Err(BodyError::SignatureInvalid)
    );
    let other = SigningKey::from_seed(&[5; 32]).public();
    assert_eq!(unverified().verify(HOUSEHOLD, &other), Err(BodyError::SignatureInvalid));
}

#[test]
fn the_payload_opens_in_its_place_only() {
    let body = change();
    assert_eq!(body.open(HOUSEHOLD, &key()), Ok(b"a visit".to_vec()));
    assert_eq!(body.open(HOUSEHOLD, &GenerationKey([5; 32].into())), Err(BodyError::WrongKey));
    assert_eq!(body.open(StreamId([1; 16]), &key()), Err(BodyError::WrongKey));
    let moved = Body {
        subject: Subject::Week(2_943),
        ..body
    };
    assert_eq!(moved.open(HOUSEHOLD, &key()), Err(BodyError::WrongKey));
}

#[test]
fn more_than_a_reader_takes_is_not_written() {
    let many = Body {
        vector: vec![change().vector[0]; MOST_VECTOR_ENTRIES + 1],
        ..change()
    };
    assert_eq!(many.write(HOUSEHOLD, &signer()), Err(BodyError::TooLarge));
    let whole = Body {
        kind: Kind::Heartbeat(Heartbeat {
            hpke: [1; 32],
            keyring: 1,
            day: 20_000,
        }),
        payload: Vec::new(),
        vector: vec![
            VectorEntry {
                device: 1,
                seen: 99_999,
                at_relay: 99_999,
                gone: 99_999
            };
            16
        ],
        ..change()
    };
    let written = whole.write(HOUSEHOLD, &signer()).unwrap();
    assert!(
        written.len() <= crate::household::chunk::CELL_BYTES - 4,
        "a heartbeat is one cell: {}",
        written.len()
    );
    let foreign = Body {
        identity: Identity {
            device: MOST_DEVICES,
            number: 1,
        },
        ..change()
    };
    assert!(read(&foreign.write(HOUSEHOLD, &signer()).unwrap()).is_err());
}

prop_compose! {
    fn identities()(device in 0..MOST_DEVICES, number in 1..u64::MAX) -> Identity {
        Identity { device, number }
    }
}

fn kinds() -> impl Strategy<Value = Kind> {
    let snapshot = (
        prop::collection::vec(identities(), 0..40),
        prop::collection::vec(any::<[u8; 32]>(), 0..4),
    );
    prop_oneof![
        Just(Kind::Change),
        snapshot.prop_map(|(absorbed, heads)| Kind::Snapshot(Snapshot { absorbed, heads })),
        (any::<[u8; 32]>(), any::<u64>(), any::<u32>()).prop_map(|(hpke, keyring, day)| Kind::Heartbeat(Heartbeat {
            hpke,
            keyring,
            day
        })),
    ]
}

fn subjects() -> impl Strategy<Value = Subject> {
    prop_oneof![
        Just(Subject::Heartbeat),
        Just(Subject::Settings),
        any::<u32>().prop_map(Subject::Week),
        any::<[u8; 16]>().prop_map(Subject::Person),
    ]
}

prop_compose! {
    fn bodies()(
        identity in identities(), chain in any::<[u8; 32]>(), subject in subjects(), generation in any::<u64>(), tag in any::<[u8; 8]>(), kind in kinds(),
        vector in prop::collection::vec((0..MOST_DEVICES, any::<u64>(), any::<u64>(), any::<u64>()), 0..=MOST_VECTOR_ENTRIES),
        payload in prop::collection::vec(any::<u8>(), 0..200),
    ) -> Body {
        let vector = vector.into_iter().map(|(device, seen, at_relay, gone)| VectorEntry { device, seen, at_relay, gone }).collect();
        Body { identity, chain, subject, lineage: Lineage { generation, tag }, kind, vector, payload }
    }
}

proptest! {
    #[test]
    fn bodies_come_back(body in bodies()) {
        prop_assert_eq!(read(&body.write(HOUSEHOLD, &signer()).unwrap()), Ok(body));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = UnverifiedBody::read(&[&[VERSION][..], &bytes].concat());
    }
}
