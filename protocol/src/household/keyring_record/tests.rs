use proptest::prelude::*;

use super::*;
use crate::basics::agreement::AgreementKey;
use crate::basics::random::SeededRandom;
use crate::household::epoch_record::Device;
use crate::household::recovery::{Language, RecoveryKeys, RecoveryWords};

const STREAM: StreamId = StreamId([9; 16]);

fn hpke(index: u8) -> HpkePrivate {
    HpkePrivate::from_seed(&[index + 1; 32])
}

fn signer() -> SigningKey {
    SigningKey::from_seed(&[50; 32])
}

fn words() -> RecoveryKeys {
    RecoveryWords::generate(Language::English, &SeededRandom::new(9))
        .unwrap()
        .keys()
}

fn list(count: u8) -> DeviceList {
    let device = |index| Device {
        index,
        key: signer().public(),
        agreement: AgreementKey::from_seed(&[index; 32]).public(),
        hpke: hpke(index).public(),
        name: String::new(),
        since: 0,
        by_words: false,
    };
    DeviceList {
        devices: (0..count).map(device).collect(),
        removed: Vec::new(),
    }
}

fn keys(count: u32) -> Vec<DocumentKey> {
    let key = |week: u32| DocumentKey {
        subject: Subject::Week(week),
        generation: 3,
        begins_empty: week > 2,
        key: GenerationKey([7; 32].into()),
    };
    (0..count).map(key).collect()
}

fn made(devices: u8, count: u32) -> KeyringRecord {
    let (devices, recovery) = (list(devices), words().public());
    let to = Recipients {
        devices: &devices,
        recovery: Some(&recovery),
    };
    KeyringRecord::make(STREAM, 5, &keys(count), &to, (0, &signer()), &SeededRandom::new(1)).unwrap()
}

#[test]
fn every_recipient_opens_it_and_nobody_else() {
    let record = KeyringRecord::read(made(2, 4).bytes()).unwrap();
    assert_eq!((record.stream, record.number), (STREAM, 5));
    for slot in 0..2_u8 {
        let opened = record.open(usize::from(slot), &[hpke(7), hpke(slot)]).unwrap();
        assert_eq!(opened.keyring.keys, keys(4));
        assert_eq!(opened.keyring.sealed_to, [(0, hpke(0).public()), (1, hpke(1).public())]);
        assert_eq!(opened.author, 0);
        assert!(opened.is_by(&signer().public()));
        assert!(!opened.is_by(&SigningKey::from_seed(&[1; 32]).public()));
    }
    assert!(record.open(RECOVERY_SLOT, &[words().sealing]).is_ok());
    assert_eq!(
        record.open(2, &[hpke(0), hpke(1), hpke(2)]),
        Err(KeyringError::NotForThisDevice)
    );
    assert_eq!(record.open(99, &[hpke(0)]), Err(KeyringError::NotForThisDevice));
}

#[test]
fn keyrings_look_alike() {
    assert_eq!(made(1, 3).bytes().len(), made(4, 12).bytes().len());
}

#[test]
fn every_changed_byte_is_noticed() {
    let record = made(1, 2);
    for at in 0..record.bytes().len() {
        let mut damaged = record.bytes().to_vec();
        damaged[at] ^= 1;
        // The slots of others are all that a change may touch unseen; the associated data binds them too.
        let opened = KeyringRecord::read(&damaged).and_then(|record| record.open(0, &[hpke(0)]));
        assert!(opened.is_err(), "byte {at}");
    }
    for length in 0..record.bytes().len() {
        let opened = KeyringRecord::read(&record.bytes()[..length]).and_then(|record| record.open(0, &[hpke(0)]));
        assert!(opened.is_err(), "cut at {length}");
    }
    assert_eq!(KeyringRecord::read(b"TKYR\x02"), Err(KeyringError::NewerVersion));
}

#[test]
fn a_device_whose_key_is_none_costs_only_itself() {
    let mut devices = list(2);
    devices.devices[1].hpke = [0; 32];
    let to = Recipients {
        devices: &devices,
        recovery: None,
    };
    let record = KeyringRecord::make(STREAM, 5, &keys(1), &to, (0, &signer()), &SeededRandom::new(1)).unwrap();
    assert!(record.open(0, &[hpke(0)]).is_ok());
}

#[test]
fn fixed_vector() {
    // 3.4 kB: its hash stands for it.
    assert_eq!(
        hex::encode(crate::basics::keys::sha256(made(2, 2).bytes())),
        "157618322173e0fe9852125ccf4fadad56ff04231f6ffc524f19a573b3ccd3a5"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = KeyringRecord::read(&[b"TKYR\x01".as_slice(), &bytes].concat()).map(|record| record.open(0, &[hpke(0)]));
    }
}
