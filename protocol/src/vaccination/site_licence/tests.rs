use proptest::prelude::*;

use super::*;
use crate::trust::tests::town;

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

pub fn new(place: &str) -> NewSiteLicence<'_> {
    NewSiteLicence {
        municipality: MunicipalityCode::read("271403").unwrap(),
        site: 7,
        key: key(40).public(),
        place,
        from: 1_625_000_000,
        until: 1_700_000_000,
    }
}

/// The licence of site 7, whose key is `key(40)`, by the licence key of `town()`.
pub fn licence() -> SiteLicence {
    new("Kanaria Clinic").sign(&key(20)).unwrap()
}

#[test]
fn its_town_alone_signs_it() {
    assert!(licence().is_signed_by(&town()));
    assert!(!new("Kanaria Clinic").sign(&key(21)).unwrap().is_signed_by(&town()));

    let mut revoked = town();
    for key in &mut revoked.keys {
        key.revoked = key.role == Role::Licence;
    }
    assert!(!licence().is_signed_by(&revoked));

    let mut other_town = town();
    if let Some(section) = &mut other_town.municipality {
        section.code = MunicipalityCode::read("131041").unwrap();
    }
    assert!(!licence().is_signed_by(&other_town), "a town licenses sites of its own only");
    let mut no_town = town();
    no_town.municipality = None;
    assert!(!licence().is_signed_by(&no_town));
}

#[test]
fn every_changed_byte_of_a_licence_is_noticed() {
    let file = licence().write(AuthorityId([3; 16]));
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        let same = SiteLicence::read(&damaged)
            .is_ok_and(|(town_id, licence)| town_id == AuthorityId([3; 16]) && licence.is_signed_by(&town()));
        assert!(!same, "byte {at}");
        assert!(SiteLicence::read(&file[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn a_long_place_is_cut_at_a_character() {
    assert_eq!(
        new("堺市立総合医療センター別館").sign(&key(20)).unwrap().place,
        "堺市立総合医療センタ".to_owned()
    );
    assert_eq!(new(" a ").sign(&key(20)).unwrap().place, "a");
    for place in ["", "  ", "a\nb"] {
        assert_eq!(new(place).sign(&key(20)).err(), Some(SiteLicenceError::Place), "{place:?}");
    }
    let ends_first = NewSiteLicence { until: 1, ..new("a") };
    assert_eq!(ends_first.sign(&key(20)).err(), Some(SiteLicenceError::Times));
    let before_the_epoch = NewSiteLicence { from: -1, ..new("a") };
    assert_eq!(before_the_epoch.sign(&key(20)).err(), Some(SiteLicenceError::Times));
}

#[test]
fn a_licence_covers_its_time() {
    let covered = [1_624_999_999, 1_625_000_000, 1_699_999_999, 1_700_000_000].map(|at| licence().covers(at));
    assert_eq!(covered, [false, true, true, false]);
}

#[test]
fn a_request_is_signed_by_its_own_key() {
    let request = SiteRequest {
        town: AuthorityId([3; 16]),
        place: "Kanaria Clinic".into(),
        key: key(40).public(),
        made_at: 1_625_000_000,
    };
    let file = request.write(&key(40));
    assert_eq!(SiteRequest::read(&file), Ok(request.clone()));
    assert_eq!(
        SiteRequest::read(&request.write(&key(41))),
        Err(SiteLicenceError::RequestSignature)
    );
    assert_eq!(SiteRequest::read(b"TSLI"), Err(SiteLicenceError::NotARequest));
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        assert!(SiteRequest::read(&damaged).is_err(), "byte {at}");
    }
}

#[test]
fn vector() {
    let file = licence().write(AuthorityId([3; 16]));
    assert_eq!(
        hex::encode(crate::basics::keys::sha256(&file)),
        "de33a4556822df9736d004467d258bd43ba0e7fbe4bb76509c79ec2a02a1463f"
    );
}

proptest! {
    #[test]
    fn licences_come_back(site in any::<u32>(), place in "[^\\p{Cc}]{1,40}", from in 0_i64..0xFFFF_FFFE, life in 1_i64..100_000) {
        prop_assume!(!place.trim().is_empty());
        let until = (from + life).min(0xFFFF_FFFF);
        let licence = NewSiteLicence { site, place: &place, from, until, ..new("") }.sign(&key(20)).unwrap();
        prop_assert_eq!(SiteLicence::read(&licence.write(AuthorityId([3; 16]))), Ok((AuthorityId([3; 16]), licence)));
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(SiteLicence::read(&[b"TSLI\x01".as_slice(), &[0; 16], &bytes].concat()).is_err());
        prop_assert!(SiteRequest::read(&[b"TSRQ\x01".as_slice(), &bytes].concat()).is_err());
    }
}
