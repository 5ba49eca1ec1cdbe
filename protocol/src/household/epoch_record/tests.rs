use proptest::prelude::*;

use super::*;
use crate::basics::agreement::AgreementKey;
use crate::basics::random::SeededRandom;
use crate::household::recovery::{Language, RecoveryKeys, RecoveryWords};

const STREAM: StreamId = StreamId([9; 16]);

fn hpke(index: u8) -> HpkePrivate {
    HpkePrivate::from_seed(&[index + 1; 32])
}

fn signer(index: u8) -> SigningKey {
    SigningKey::from_seed(&[index + 50; 32])
}

fn words() -> RecoveryKeys {
    RecoveryWords::generate(Language::English, &SeededRandom::new(9))
        .unwrap()
        .keys()
}

fn list(count: u8) -> DeviceList {
    let device = |index| Device {
        index,
        key: signer(index).public(),
        agreement: AgreementKey::from_seed(&[index; 32]).public(),
        hpke: hpke(index).public(),
        name: format!("device {index}"),
        since: 0,
        by_words: false,
    };
    DeviceList {
        devices: (0..count).map(device).collect(),
        removed: Vec::new(),
    }
}

fn epoch_key(byte: u8) -> EpochKey {
    EpochKey([byte; 32].into())
}

fn first() -> EpochRecord {
    let head = Head {
        stream: STREAM,
        number: 0,
        epoch: 0,
        previous: [0; 32],
        day: 20_000,
        relay_key: relay_key(&epoch_key(1)).public(),
        recovery: Some(words().public()),
    };
    let (key, random) = (epoch_key(1), SeededRandom::new(1));
    EpochRecord::make(head, &list(2), &key, Author::Device(0, &signer(0)), &relay_key(&key), &random).unwrap()
}

/// The next record, of another epoch or of the same.
fn next(before: &EpochRecord, (old, new): (u8, u8), old_signer: Option<&SigningKey>) -> EpochRecord {
    let head = Head {
        number: before.head.number + 1,
        epoch: before.head.epoch + u32::from(old != new),
        previous: before.hash(),
        relay_key: relay_key(&epoch_key(new)).public(),
        ..before.head.clone()
    };
    let relay = relay_key(&epoch_key(old));
    EpochRecord::make(
        head,
        &list(2),
        &epoch_key(new),
        Author::Device(1, &signer(1)),
        old_signer.unwrap_or(&relay),
        &SeededRandom::new(2),
    )
    .unwrap()
}

#[test]
fn every_device_and_the_words_open_their_own_slot_and_no_other() {
    let record = EpochRecord::read(&first().write()).unwrap();
    assert_eq!(record, first());
    for index in 0..2_u8 {
        let key = record.open_slot(usize::from(index), &[hpke(9), hpke(index)]).unwrap();
        assert_eq!(key.0, epoch_key(1).0);
        assert!(record.open_slot(usize::from(1 - index), &[hpke(index)]).is_err());
    }
    assert!(record.open_slot(2, &[hpke(0), hpke(1), hpke(2)]).is_err());
    assert!(record.open_slot(SLOTS, &[hpke(0)]).is_err());
    assert_eq!(record.open_slot(RECOVERY_SLOT, &[words().sealing]).unwrap().0, epoch_key(1).0);
    let bare = EpochRecord::read(&record.without_slots().write()).unwrap();
    assert_eq!(bare.hash(), record.hash());
    assert!(bare.open_slot(0, &[hpke(0)]).is_err());
}

#[test]
fn the_list_is_for_the_household_and_its_author_is_known_to_it_alone() {
    let record = first();
    let opened = record.open_list(&epoch_key(1)).unwrap();
    assert_eq!((&opened.list, opened.author), (&list(2), Some(0)));
    assert!(opened.is_by(&signer(0).public()) && !opened.is_by(&signer(1).public()));
    assert!(record.open_list(&epoch_key(2)).is_err());
    let written = record.write();
    for device in list(2).devices {
        for secret in [&device.key.0[..], &device.agreement.0, &device.hpke, device.name.as_bytes()] {
            assert!(!written.windows(secret.len()).any(|window| window == secret));
        }
    }
}

#[test]
fn records_of_one_device_and_of_sixteen_look_alike() {
    let key = epoch_key(1);
    let of = |count| {
        let author = Author::Device(0, &signer(0));
        EpochRecord::make(
            first().head,
            &list(count),
            &key,
            author,
            &relay_key(&key),
            &SeededRandom::new(3),
        )
        .unwrap()
    };
    assert_eq!(of(1).write().len(), of(5).write().len());
}

#[test]
fn a_chain_is_followed_without_opening_anything() {
    let one = next(&first(), (1, 2), None);
    let two = next(&one, (2, 2), None);
    let three = next(&two, (2, 3), None);
    assert_eq!(one.without_slots().follows(&first().without_slots()), Ok(()));
    assert_eq!(two.follows(&one.without_slots()), Ok(()));
    assert_eq!(three.follows(&two), Ok(()));
    assert_eq!(three.is_first(), Ok(()));
    // Left out, turned round, of another branch, or signed by somebody else.
    let stranger = next(&first(), (1, 2), Some(&signer(7)));
    for (record, before) in [(&two, &first()), (&first(), &one), (&three, &one), (&stranger, &first())] {
        assert_eq!(record.follows(before), Err(EpochRecordError::DoesNotFollow));
    }
}

#[test]
fn the_recovery_words_may_override() {
    let by_words = next(&first(), (1, 2), Some(&words().signing));
    assert_eq!(by_words.follows(&first()), Ok(()));
    let mut without = first();
    without.head.recovery = None;
    assert!(by_words.follows_mark(&without.head, first().hash(), &[]).is_err());
}

#[test]
fn an_epoch_keeps_its_key() {
    let mut wrong = next(&first(), (1, 2), None);
    wrong.head.epoch = first().head.epoch;
    assert!(wrong.follows(&first()).is_err());
}

#[test]
fn every_changed_byte_is_noticed() {
    let written = next(&first(), (1, 2), None).write();
    for at in 0..written.len() {
        let mut damaged = written.clone();
        damaged[at] ^= 1;
        let is_good = EpochRecord::read(&damaged).is_ok_and(|record| record.follows(&first()).is_ok() && record.has_slots());
        assert!(!is_good, "byte {at}");
    }
    for length in 0..written.len() {
        assert!(EpochRecord::read(&written[..length]).is_err(), "cut at {length}");
    }
    assert_eq!(EpochRecord::read(b"TEPR\x02"), Err(EpochRecordError::NewerVersion));
}

#[test]
fn fixed_vector() {
    // 3.8 kB: its hash stands for it.
    assert_eq!(
        hex::encode(crate::basics::keys::sha256(&first().write())),
        "449de4a1438b9da773208d7651c0c0702293a322afed54168ff80cfcdfea3141"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = EpochRecord::read(&[b"TEPR\x01".as_slice(), &bytes].concat());
    }
}
