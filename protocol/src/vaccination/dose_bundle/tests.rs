use proptest::prelude::*;

use super::*;
use crate::basics::random::SeededRandom;
use crate::trust::tests::town;
use crate::vaccination::site_licence::tests::{key, licence, new};

fn private() -> HpkePrivate {
    HpkePrivate::from_seed(&[30; 32])
}

fn public() -> PublicKey {
    PublicKey(private().public())
}

fn record(number: u32) -> DoseRecord {
    DoseRecord {
        number,
        revision: 0,
        withdrawn: false,
        ticket: TicketNumber::read("0000000009").unwrap(),
        dose: 1,
        at: 1_625_101_200,
        product: Product::Pfizer,
        lot: "EX3617".into(),
        by: "Dr. K".into(),
        recorded_at: 1_625_101_205,
    }
}

fn bundle(doses: u32) -> DoseBundle {
    DoseBundle {
        town: town().authority(),
        licence: licence(),
        sequence: 1,
        made_at: 1_625_110_000,
        doses: (1..=doses).map(record).collect(),
    }
}

fn seal(bundle: &DoseBundle) -> Vec<u8> {
    bundle.seal(&key(40), &public(), &SeededRandom::new(1)).unwrap()
}

#[test]
fn opens_for_its_town_alone() {
    let file = seal(&bundle(3));
    assert_eq!(DoseBundle::open(&file, &town(), [&private()]), Ok(bundle(3)));
    let other_key = HpkePrivate::from_seed(&[31; 32]);
    assert_eq!(DoseBundle::open(&file, &town(), [&other_key]), Err(DoseBundleError::Damaged));
    let mut other = town();
    other.roots[0].key = key(9).public();
    assert_eq!(DoseBundle::open(&file, &other, [&private()]), Err(DoseBundleError::OtherTown));
}

#[test]
fn a_site_without_a_licence_is_refused() {
    let self_licensed = DoseBundle {
        licence: new("Kanaria Clinic").sign(&key(41)).unwrap(),
        ..bundle(1)
    };
    assert_eq!(
        DoseBundle::open(&seal(&self_licensed), &town(), [&private()]),
        Err(DoseBundleError::LicenceInvalid)
    );
    let by_another = bundle(1).seal(&key(41), &public(), &SeededRandom::new(1)).unwrap();
    assert_eq!(
        DoseBundle::open(&by_another, &town(), [&private()]),
        Err(DoseBundleError::SignatureInvalid)
    );
}

#[test]
fn a_bundle_cannot_be_moved_to_another_town() {
    let moved = DoseBundle {
        town: AuthorityId([9; 16]),
        ..bundle(1)
    };
    let mut file = seal(&moved);
    file[7..23].copy_from_slice(&town().authority().0);
    assert_eq!(DoseBundle::open(&file, &town(), [&private()]), Err(DoseBundleError::Damaged));
}

#[test]
fn every_changed_or_missing_byte_is_noticed() {
    let file = seal(&bundle(2));
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        assert!(DoseBundle::open(&damaged, &town(), [&private()]).is_err(), "byte {at}");
        assert!(DoseBundle::open(&file[..at], &town(), [&private()]).is_err(), "cut at {at}");
    }
}

#[test]
fn nothing_of_a_dose_is_readable_and_lengths_come_in_steps() {
    let file = seal(&bundle(3));
    assert!(!file.windows(6).any(|window| window == b"EX3617"));
    let lengths: std::collections::BTreeSet<usize> = (100..120).map(|doses| seal(&bundle(doses)).len()).collect();
    assert!(lengths.len() < 10, "{lengths:?}");
}

#[test]
fn what_no_site_records_is_not_sealed() {
    let spoil = |change: fn(&mut DoseRecord)| {
        let mut bundle = bundle(1);
        change(&mut bundle.doses[0]);
        bundle.seal(&key(40), &public(), &SeededRandom::new(1)).err()
    };
    assert_eq!(spoil(|_| {}), None);
    assert_eq!(spoil(|dose| dose.dose = 0), Some(DoseBundleError::TooLarge));
    assert_eq!(spoil(|dose| dose.lot = String::new()), Some(DoseBundleError::TooLarge));
    assert_eq!(spoil(|dose| dose.by = "x".repeat(21)), Some(DoseBundleError::TooLarge));
    assert_eq!(spoil(|dose| dose.at = -1), Some(DoseBundleError::TooLarge));
}

#[test]
fn the_content_s_hash_is_of_the_doses_and_not_of_the_licence() {
    let renewed = DoseBundle {
        licence: new("Another name").sign(&key(20)).unwrap(),
        ..bundle(2)
    };
    assert_eq!(renewed.content_hash(), bundle(2).content_hash());
    assert_ne!(bundle(3).content_hash(), bundle(2).content_hash());
}

#[test]
fn vector() {
    // The stream of `SeededRandom::new(1)` is fixed, and so is what it seals.
    assert_eq!(
        hex::encode(sha256(&seal(&bundle(3)))),
        "5720b5a820506f33f58fa2c01b056ae1cd5c2f34b212e3d05c34731f7372b881"
    );
}

proptest! {
    #[test]
    fn bundles_come_back(doses in 0_u32..40, sequence in 1_u32.., withdrawn in any::<bool>(), revision in any::<u8>(), by in "[a-zあ-ん]{1,20}") {
        let mut bundle = DoseBundle { sequence, ..bundle(doses) };
        for dose in &mut bundle.doses {
            dose.withdrawn = withdrawn;
            dose.revision = revision;
            dose.by.clone_from(&by);
        }
        prop_assert_eq!(DoseBundle::open(&seal(&bundle), &town(), [&private()]), Ok(bundle));
    }

    #[test]
    fn any_sealed_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut file = b"TECHOB\x01".to_vec();
        file.extend_from_slice(&town().authority().0);
        let sealed = seal_to(&public().0, INFO, &file, &bytes, &SeededRandom::new(1)).unwrap();
        file.extend_from_slice(&sealed);
        prop_assert!(DoseBundle::open(&file, &town(), [&private()]).is_err());
    }
}
