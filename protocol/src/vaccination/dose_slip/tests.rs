use proptest::prelude::*;

use super::*;
use crate::basics::qr::Qr;
use crate::trust::tests::town;
use crate::vaccination::site_licence::NewSiteLicence;
use crate::vaccination::site_licence::tests::{key, licence, new};

const AT: i64 = 1_625_101_200;

fn dose() -> SlipDose {
    SlipDose {
        ticket: TicketNumber::read("0000000009").unwrap(),
        dose: 1,
        at: AT,
        product: Product::Pfizer,
        lot: "EX3617".into(),
        revision: 0,
    }
}

fn slip() -> DoseSlip {
    dose().sign(&licence(), &key(40)).unwrap()
}

#[test]
fn a_slip_is_believed_for_its_town_s_key_alone() {
    assert_eq!(slip().check(&[town()], AT), Ok(&town()));
    assert_eq!(slip().check(&[], AT), Err(DoseSlipError::UnknownTown));
    let self_made = new("Kanaria Clinic").sign(&key(21)).unwrap();
    let forged = dose().sign(&self_made, &key(40)).unwrap();
    assert_eq!(forged.check(&[town()], AT), Err(DoseSlipError::LicenceInvalid));
    assert_eq!(dose().sign(&licence(), &key(41)).err(), Some(DoseSlipError::CannotBeWritten));
}

#[test]
fn a_dose_is_given_within_the_licence_and_not_in_the_future() {
    assert_eq!(slip().check(&[town()], AT - 700), Err(DoseSlipError::InTheFuture));
    assert_eq!(slip().check(&[town()], AT - 500), Ok(&town()));
    let late = SlipDose {
        at: 1_700_000_000,
        ..dose()
    }
    .sign(&licence(), &key(40))
    .unwrap();
    assert_eq!(late.check(&[town()], 1_800_000_000), Err(DoseSlipError::LicenceEnded));
    // A slip is a record: it does not end with the licence.
    assert!(slip().check(&[town()], 1_900_000_000).is_ok());
}

#[test]
fn a_revocation_counts_from_its_time_on() {
    let revoked_from = |from| {
        let mut list = town();
        list.municipality.as_mut().unwrap().revoked_sites = vec![crate::trust::RevokedSite { site: 7, from }];
        list
    };
    assert_eq!(slip().check(&[revoked_from(AT)], AT), Err(DoseSlipError::LicenceRevoked));
    assert!(slip().check(&[revoked_from(AT + 1)], AT).is_ok());
}

#[test]
fn every_changed_character_is_noticed() {
    let text = slip().to_text();
    for at in 0..text.len() {
        let mut damaged = text.clone().into_bytes();
        damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
        let damaged = String::from_utf8(damaged).unwrap();
        let believed = DoseSlip::read(&damaged).is_ok_and(|slip| slip.check(&[town()], AT).is_ok());
        assert!(!believed, "character {at}");
        assert!(DoseSlip::read(&text[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn other_texts_and_versions_are_told_apart() {
    assert_eq!(DoseSlip::read("HC1:6BF"), Err(DoseSlipError::NotASlip));
    assert_eq!(DoseSlip::read("TECHO-D2:AB"), Err(DoseSlipError::NewerVersion));
    for text in ["TECHO-D", "TECHO-D:", "TECHO-D1:", "TECHO-D1:::::", "TECHO-Dx:"] {
        assert_eq!(DoseSlip::read(text), Err(DoseSlipError::Malformed), "{text}");
    }
    let text = format!("  {}\n", slip().to_text());
    assert_eq!(DoseSlip::read(&text), Ok(slip()));
}

#[test]
fn the_largest_slip_is_a_code_of_version_12() {
    let licence = NewSiteLicence {
        site: u32::MAX,
        from: 0xFFFF_FFFE,
        until: 0xFFFF_FFFF,
        ..new("あいうえおかきくけこ")
    };
    let licence = licence.sign(&key(20)).unwrap();
    assert_eq!(licence.place.len(), 30);
    let largest = SlipDose {
        ticket: TicketNumber::read("9999999999").unwrap(),
        at: 0xFFFF_FFFE,
        lot: "X".repeat(LONGEST_LOT_BYTES),
        revision: u8::MAX,
        ..dose()
    };
    let slip = largest.sign(&licence, &key(40)).unwrap();
    assert!(slip.cose_bytes() <= LARGEST_BYTES, "{}", slip.cose_bytes());
    assert!(Qr::of(&slip.to_text()).unwrap().version() <= 12);
    assert_eq!(DoseSlip::read(&slip.to_text()), Ok(slip));
}

#[test]
fn what_no_slip_holds_is_not_written() {
    for wrong in [
        SlipDose { dose: 0, ..dose() },
        SlipDose { dose: 10, ..dose() },
        SlipDose { at: -1, ..dose() },
        SlipDose {
            at: 0x1_0000_0000,
            ..dose()
        },
        SlipDose {
            lot: String::new(),
            ..dose()
        },
        SlipDose {
            lot: "X".repeat(21),
            ..dose()
        },
        SlipDose {
            lot: "ロット".into(),
            ..dose()
        },
        SlipDose {
            lot: " A".into(),
            ..dose()
        },
    ] {
        assert_eq!(wrong.sign(&licence(), &key(40)).err(), Some(DoseSlipError::CannotBeWritten));
    }
}

#[test]
fn vector() {
    assert_eq!(
        slip().to_text(),
        "TECHO-D1:RRQXO8P608CKJIJW80-C3PN0ZJ5F6BOLTM0NR4A$ NOE5-8Q6*EH%CA77 BQAIGHOQ%Q6$V9M1Q0QHK.DCECGECMEDO34XVD5/DZNC0BC5AH7F3ORAL10AOE27BMQA5AVU%NIRLCTGCORHBA8-RP1R 2S.GUYMO7WRO1I$PI4Z9EXHXRT7T28337KDWJVXFW1EQYJJ7RMRUCARDV+446708U/UGA612F3U.RA9I -CY6BD%6+.627BWH7$TV*QEAKFPGI9Z9E2R$5M9BA0CG+*2MC7*1H:7O+EQUD3O$KU$TN%2IAUKQP7BO BHU:B0K20F0C*PAVN5MC9$09MHFMA"
    );
}

proptest! {
    #[test]
    fn slips_come_back(ticket in 0..10_000_000_000_u64, number in 1_u8..=9, at in 0..0xFFFF_FFFF_i64, which in 0_usize..4, lot in "[!-~]([ -~]{0,18}[!-~])?", revision in any::<u8>()) {
        let dose = SlipDose {
            ticket: ticket.try_into().unwrap(),
            dose: number,
            at,
            product: Product::ALL[which],
            lot,
            revision,
        };
        let slip = dose.sign(&licence(), &key(40)).unwrap();
        prop_assert_eq!(DoseSlip::read(&slip.to_text()), Ok(slip));
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..280)) {
        let text = [PREFIX, &base45::encode(&bytes)].concat();
        prop_assert!(DoseSlip::read(&text).is_err());
    }
}
