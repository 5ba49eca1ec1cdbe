mod stored;

use std::cell::RefCell;

use chrono::NaiveDate;
use techo_protocol::Coded as _;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::basics::keys::{PublicKey, sha256};
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::trust::{Municipality, RevokedSite, Root, TrustedKey};
use techo_protocol::vaccination::dose_bundle::DoseBundle;
use techo_protocol::vaccination::dose_bundle::piece::{Piece, join};
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::site_licence::NewSiteLicence;
use techo_protocol::vaccination::ticket::TicketText;
use techo_protocol::vaccination::town_update::{ProductLot, TownUpdate};
use tempfile::TempDir;

use super::*;
use crate::ports::{HttpError, Relay, SeededRandom};
use crate::vault::key_file::KeyFile;

/// 2021-07-01T10:00+09:00.
const NOON: i64 = 1_625_101_200;
const DAY: i64 = 86_400;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn bundle_key() -> HpkePrivate {
    HpkePrivate::from_seed(&[30; 32])
}

fn list(number: u32) -> TrustList {
    let trusted = |role, key| TrustedKey {
        role,
        key,
        revoked: false,
    };
    TrustList {
        name: "Sakai".into(),
        host: "techo.example".into(),
        number,
        issued_at: NOON - 60 * DAY,
        expires_at: NOON + 700 * DAY,
        roots: vec![Root {
            key: key(1).public(),
            signed_by_previous: vec![],
        }],
        keys: vec![
            trusted(Role::Licence, key(20).public()),
            trusted(Role::Bundle, PublicKey(bundle_key().public())),
        ],
        relays: vec![],
        municipality: Some(Municipality {
            code: MunicipalityCode::read("271403").unwrap(),
            url: None,
            status_keys: vec![],
            revoked_sites: vec![],
        }),
    }
}

fn vault(folder: &TempDir) -> Vault {
    let keeper = KeyFile::new(folder.path(), None, Box::new(SeededRandom::new(3)));
    Vault::open(folder.path(), Box::new(keeper), Box::new(SeededRandom::new(4))).unwrap()
}

fn at(folder: &TempDir, now: i64) -> Clinic {
    Clinic::open(vault(folder), now).unwrap()
}

fn unlicensed(seed: u64) -> (TempDir, SiteRequest) {
    let folder = tempfile::tempdir().unwrap();
    let request = Clinic::init(
        &mut vault(&folder),
        &list(1).write(&key(1)),
        "Kanaria Clinic",
        NOON - DAY,
        &SeededRandom::new(seed),
    )
    .unwrap();
    (folder, SiteRequest::read(&request).unwrap())
}

fn licence_of(request: &SiteRequest) -> Vec<u8> {
    let new = NewSiteLicence {
        municipality: MunicipalityCode::read("271403").unwrap(),
        site: 7,
        key: request.key,
        place: &request.place,
        from: NOON - 2 * DAY,
        until: NOON + 365 * DAY,
    };
    new.sign(&key(20)).unwrap().write(list(1).authority())
}

fn site() -> TempDir {
    let (folder, request) = unlicensed(9);
    at(&folder, NOON).license(&licence_of(&request)).unwrap();
    folder
}

fn dose(ticket: &str) -> NewDose<'static> {
    NewDose {
        ticket: TicketText::read(ticket).unwrap(),
        dose: None,
        product: Product::Pfizer,
        lot: "EX3617",
        at: NOON,
        by: "Dr. K",
        born: None,
        picture: None,
        despite: &[],
    }
}

fn refused(clinic: &mut Clinic, dose: &NewDose<'_>) -> &'static str {
    clinic.record(dose).unwrap_err().code()
}

#[test]
fn a_site_records_with_its_own_licence_only() {
    let (folder, request) = unlicensed(9);
    assert_eq!(
        refused(&mut at(&folder, NOON), &dose("112714030000000001")),
        "clinic.no_licence"
    );
    let (_other, other_request) = unlicensed(10);
    let mut clinic = at(&folder, NOON);
    assert_eq!(
        clinic.license(&licence_of(&other_request)).unwrap_err().code(),
        "site_licence.other_site"
    );
    let mut forged = licence_of(&request);
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(clinic.license(&forged).unwrap_err().code(), "site_licence.signature_invalid");
    clinic.license(&licence_of(&request)).unwrap();
    let recorded = clinic.record(&dose("112714030000000001")).unwrap();
    assert_eq!((recorded.record.number, recorded.record.dose), (1, 1));
    assert!(recorded.slip.unwrap().check(&[list(1)], NOON).is_ok());
    let again = Clinic::init(&mut vault(&folder), &list(1).write(&key(1)), "B", NOON, &SeededRandom::new(1));
    assert_eq!(again.unwrap_err().code(), "clinic.already_a_site");
}

#[test]
fn what_went_wrong_elsewhere_is_refused_before_it_is_saved() {
    let folder = site();
    let mut clinic = at(&folder, NOON);
    clinic.record(&dose("112714030000000001")).unwrap();
    assert_eq!(refused(&mut clinic, &dose("112714030000000001")), "clinic.ticket_used");
    assert_eq!(refused(&mut clinic, &dose("111310410000000002")), "clinic.other_town");
    let future = NewDose {
        at: NOON + DAY,
        ..dose("112714030000000002")
    };
    assert_eq!(refused(&mut clinic, &future), "clinic.in_the_future");
    let before = NewDose {
        at: NOON - 3 * DAY,
        ..dose("112714030000000002")
    };
    assert_eq!(refused(&mut clinic, &before), "clinic.licence_ended");
    let same_day = NewDose {
        ..dose("122714030000000001")
    };
    assert_eq!(refused(&mut clinic, &same_day), "clinic.dose_order");
    for (lot, code) in [
        ("", "clinic.lot"),
        ("ロット", "clinic.lot"),
        ("123456789012345678901", "clinic.lot"),
    ] {
        assert_eq!(
            refused(
                &mut clinic,
                &NewDose {
                    lot,
                    ..dose("112714030000000002")
                }
            ),
            code
        );
    }
    assert_eq!(
        refused(
            &mut clinic,
            &NewDose {
                by: " ",
                ..dose("112714030000000002")
            }
        ),
        "clinic.vaccinator"
    );
    let child = NewDose {
        born: NaiveDate::from_ymd_opt(2015, 1, 1),
        ..dose("112714030000000002")
    };
    assert_eq!(
        refused(&mut clinic, &child),
        "schedule.age",
        "twelve only after the rule has ended"
    );
    // Twelve with the end of the 1st of July.
    let soon = |day| NewDose {
        born: NaiveDate::from_ymd_opt(2009, 7, day),
        ..dose("112714030000000002")
    };
    assert_eq!(refused(&mut clinic, &soon(3)), "schedule.too_young");
    assert_eq!(clinic.records().unwrap().len(), 1, "nothing was saved");

    let mut later = at(&folder, NOON + 5 * DAY);
    let early = NewDose {
        at: NOON + 5 * DAY,
        ..dose("122714030000000001")
    };
    assert_eq!(refused(&mut later, &early), "schedule.too_early");
    let mut later = at(&folder, NOON + 19 * DAY);
    let other_maker = NewDose {
        product: Product::Moderna,
        at: NOON + 19 * DAY,
        ..dose("122714030000000001")
    };
    assert_eq!(refused(&mut later, &other_maker), "schedule.other_maker");
    let on_the_first_day = NewDose {
        at: NOON + 19 * DAY,
        ..dose("122714030000000001")
    };
    assert_eq!(later.record(&on_the_first_day).unwrap().record.dose, 2);
}

#[test]
fn the_interval_holds_when_the_rules_have_ended() {
    let (folder, request) = unlicensed(9);
    let years = 5 * 365 * DAY;
    let new = NewSiteLicence {
        municipality: MunicipalityCode::read("271403").unwrap(),
        site: 7,
        key: request.key,
        place: "K",
        from: NOON,
        until: NOON + 2 * years,
    };
    let licence = new.sign(&key(20)).unwrap().write(list(1).authority());
    at(&folder, NOON).license(&licence).unwrap();
    let first = NewDose {
        at: NOON + years,
        ..dose("112714030000000001")
    };
    let recorded = at(&folder, NOON + years).record(&first).unwrap();
    assert!(recorded.warnings.contains(&DoseWarning::NoRule.into()));
    let second = NewDose {
        at: NOON + years + 5 * DAY,
        ..dose("122714030000000001")
    };
    assert_eq!(
        refused(&mut at(&folder, NOON + years + 5 * DAY), &second),
        "schedule.too_early"
    );
}

#[test]
fn a_dose_that_was_given_all_the_same_is_recorded_and_says_so() {
    let folder = site();
    at(&folder, NOON).record(&dose("112714030000000001")).unwrap();
    let despite = ["schedule.too_early".to_owned()];
    let early = NewDose {
        at: NOON + 5 * DAY,
        despite: &despite,
        ..dose("122714030000000001")
    };
    let recorded = at(&folder, NOON + 5 * DAY).record(&early).unwrap();
    assert!(recorded.warnings.iter().any(|warning| warning.code() == "schedule.too_early"));
    let used = ["clinic.ticket_used".to_owned()];
    let twice = NewDose {
        despite: &used,
        ..dose("112714030000000001")
    };
    assert_eq!(
        refused(&mut at(&folder, NOON + DAY), &twice),
        "clinic.ticket_used",
        "that is no matter of choice"
    );
}

#[test]
fn the_picture_of_the_person_before_is_noticed() {
    let folder = site();
    let mut clinic = at(&folder, NOON);
    let first = NewDose {
        picture: Some([1; 32]),
        ..dose("112714030000000001")
    };
    clinic.record(&first).unwrap();
    let again = NewDose {
        picture: Some([1; 32]),
        ..dose("112714030000000002")
    };
    assert_eq!(refused(&mut clinic, &again), "clinic.same_picture");
    clinic
        .record(&NewDose {
            picture: Some([2; 32]),
            ..dose("112714030000000002")
        })
        .unwrap();
}

#[test]
fn ten_digits_take_the_next_dose_and_say_that_it_is_assumed() {
    let folder = site();
    let recorded = at(&folder, NOON).record(&dose("0000000001")).unwrap();
    assert_eq!(recorded.record.dose, 1);
    assert!(recorded.warnings.contains(&DoseWarning::DoseAssumed.into()));
    let later = NOON + 21 * DAY;
    let second = at(&folder, later)
        .record(&NewDose {
            at: later,
            ..dose("0000000001")
        })
        .unwrap();
    assert_eq!(second.record.dose, 2);
    let stated = NewDose {
        dose: Some(2),
        ..dose("0000000005")
    };
    let recorded = at(&folder, NOON).record(&stated).unwrap();
    assert!(recorded.warnings.contains(&DoseWarning::PreviousUnknown.into()));
    let contradicts = NewDose {
        dose: Some(2),
        ..dose("112714030000000006")
    };
    assert_eq!(refused(&mut at(&folder, NOON), &contradicts), "ticket.no_such_dose");
}

fn update(number: u32, revoked: &[RevokedSite]) -> TownUpdate {
    let lot = |product, lot: &str| ProductLot {
        product,
        lot: lot.into(),
    };
    TownUpdate {
        town: list(1).authority(),
        municipality: MunicipalityCode::read("271403").unwrap(),
        number,
        issued_at: NOON,
        lots: vec![lot(Product::Pfizer, "EX3617"), lot(Product::Moderna, "3004220")],
        recalled: vec![lot(Product::Pfizer, "EX0001")],
        revoked_sites: revoked.to_vec(),
    }
}

#[test]
fn lots_are_compared_with_the_municipality_s_list() {
    let folder = site();
    let mut clinic = at(&folder, NOON);
    let unknown = clinic.record(&dose("112714030000000001")).unwrap();
    assert_eq!(unknown.warnings, [LotWarning::Unknown.into()]);
    clinic.take_update(&update(2, &[]).write(&key(20))).unwrap();
    assert_eq!(
        clinic.take_update(&update(1, &[]).write(&key(20))).unwrap_err().code(),
        "town_update.older"
    );
    assert_eq!(
        clinic.take_update(&update(3, &[]).write(&key(21))).unwrap_err().code(),
        "town_update.signature_invalid"
    );
    assert_eq!(clinic.record(&dose("112714030000000002")).unwrap().warnings, []);
    let lot = |lot| NewDose {
        lot,
        ..dose("112714030000000003")
    };
    assert_eq!(refused(&mut clinic, &lot("3004220")), "clinic.lot_of_another_product");
    for typed in ["EX0001", "ex0001", "EX 0001", "EX-0001", "ＥＸ０００１"] {
        assert_eq!(refused(&mut clinic, &lot(typed)), "clinic.lot_recalled", "{typed}");
    }
    for typed in ["３００４２２０", "300-4220"] {
        assert_eq!(refused(&mut clinic, &lot(typed)), "clinic.lot_of_another_product", "{typed}");
    }
    let revoked = RevokedSite { site: 7, from: NOON };
    clinic.take_update(&update(4, &[revoked]).write(&key(20))).unwrap();
    assert_eq!(refused(&mut clinic, &dose("112714030000000004")), "clinic.licence_revoked");
    let before = NewDose {
        at: NOON - 60,
        ..dose("112714030000000004")
    };
    assert!(clinic.record(&before).is_ok());
}

#[test]
fn a_newer_trust_list_of_the_same_municipality_ends_a_licence_too() {
    let folder = site();
    let mut clinic = at(&folder, NOON);
    let mut newer = list(2);
    newer.municipality.as_mut().unwrap().revoked_sites = vec![RevokedSite { site: 7, from: NOON }];
    let mut other = list(2);
    other.roots[0].key = key(2).public();
    assert_eq!(
        clinic.take_trust(&other.write(&key(2))).unwrap_err().code(),
        "trust.other_authority"
    );
    clinic.take_trust(&newer.write(&key(1))).unwrap();
    assert_eq!(refused(&mut clinic, &dose("112714030000000001")), "clinic.licence_revoked");
}

fn open(file: &[u8]) -> DoseBundle {
    DoseBundle::open(file, &list(1), [&bundle_key()]).unwrap()
}

#[test]
fn a_correction_and_an_undoing_are_statements_of_their_own() {
    let folder = site();
    let mut clinic = at(&folder, NOON);
    clinic.record(&dose("112714030000000001")).unwrap();
    clinic.record(&dose("112714030000000002")).unwrap();
    let to = |ticket| Correction {
        ticket: Some(TicketText::read(ticket).unwrap()),
        ..Correction::default()
    };
    assert_eq!(
        clinic.correct(1, &to("112714030000000002")).unwrap_err().code(),
        "clinic.ticket_used"
    );
    let corrected = clinic.correct(1, &to("112714030000000004")).unwrap();
    assert_eq!((corrected.record.revision, corrected.slip.unwrap().dose.revision), (1, 1));
    // The ticket that was read wrong is free again.
    clinic.record(&dose("112714030000000001")).unwrap();
    assert!(clinic.undo(2).unwrap().slip.is_none());
    assert_eq!(clinic.undo(2).unwrap_err().code(), "clinic.withdrawn");
    assert_eq!(clinic.slip(2).unwrap_err().code(), "clinic.withdrawn");
    assert_eq!(
        clinic.correct(2, &Correction::default()).unwrap_err().code(),
        "clinic.withdrawn"
    );
    assert_eq!(clinic.undo(99).unwrap_err().code(), "clinic.unknown_record");
    clinic.record(&dose("112714030000000002")).unwrap();
    let stated: Vec<_> = open(&clinic.bundle(&SeededRandom::new(1)).unwrap().file)
        .doses
        .iter()
        .map(|dose| (dose.number, dose.revision, dose.withdrawn, dose.ticket.number()))
        .collect();
    assert_eq!(
        stated,
        [
            (1, 0, false, 1),
            (2, 0, false, 2),
            (1, 1, false, 4),
            (4, 0, false, 1),
            (2, 1, true, 2),
            (6, 0, false, 2)
        ]
    );
}

#[test]
fn days_without_a_network_go_into_bundles_that_can_be_written_again() {
    let folder = site();
    assert_eq!(
        at(&folder, NOON).bundle(&SeededRandom::new(1)).unwrap_err().code(),
        "clinic.nothing_new"
    );
    at(&folder, NOON).record(&dose("112714030000000001")).unwrap();
    let monday = at(&folder, NOON).bundle(&SeededRandom::new(1)).unwrap();
    let tuesday_dose = NewDose {
        at: NOON + DAY,
        ..dose("112714030000000002")
    };
    at(&folder, NOON + DAY).record(&tuesday_dose).unwrap();
    let tuesday = at(&folder, NOON + DAY).bundle(&SeededRandom::new(2)).unwrap();
    assert_eq!((monday.sequence, tuesday.sequence), (1, 2));
    let again = at(&folder, NOON + 9 * DAY).bundle_again(1, &SeededRandom::new(3)).unwrap();
    assert_eq!(open(&again.file), open(&monday.file));
    assert_ne!(again.file, monday.file);
    assert_eq!(
        at(&folder, NOON).bundle_again(3, &SeededRandom::new(3)).unwrap_err().code(),
        "clinic.unknown_bundle"
    );
    let status = at(&folder, NOON).status().unwrap();
    assert_eq!(
        (status.waiting, status.bundles, status.place.as_str()),
        (0, 2, "Kanaria Clinic")
    );
}

/// A relay that fails from the nth request on, and keeps what it took.
struct Kept {
    taken: RefCell<Vec<Vec<u8>>>,
    most: usize,
}

impl Relay for Kept {
    fn get(&self, _: &str, _: &str, _: usize) -> Result<Option<Vec<u8>>, HttpError> {
        Ok(None)
    }

    fn put(&self, _: &str, path: &str, content: Vec<u8>) -> Result<(), HttpError> {
        assert!(path.starts_with("/v1/authorities/") && content.len() == techo_protocol::exposure::diary_upload::SENT_BYTES);
        if self.taken.borrow().len() >= self.most {
            return Err(HttpError::Unreachable);
        }
        self.taken.borrow_mut().push(content);
        Ok(())
    }

    fn post(&self, _: &str, _: &str, _: Vec<u8>, _: usize) -> Result<Vec<u8>, HttpError> {
        Err(HttpError::Unreachable)
    }
}

#[test]
fn a_relay_carries_sealed_pieces_and_a_failure_loses_none() {
    let folder = site();
    let mut clinic = at(&folder, NOON);
    for ticket in 1..=400 {
        clinic.record(&dose(&format!("11271403{ticket:010}"))).unwrap();
    }
    let relay = Kept {
        taken: RefCell::new(Vec::new()),
        most: 1,
    };
    assert!(clinic.send(&relay, "https://relay.example", &SeededRandom::new(1)).is_err());
    let relay = Kept { most: 100, ..relay };
    let sent = clinic.send(&relay, "https://relay.example", &SeededRandom::new(2)).unwrap();
    assert_eq!((sent.len(), sent[0].sequence, sent[0].doses), (1, 1, 400));
    assert!(sent[0].pieces > 1);
    let town = list(1).authority();
    let pieces: Vec<Piece> = relay
        .taken
        .borrow()
        .iter()
        .skip(1)
        .map(|sealed| Piece::open(sealed, town, [&bundle_key()]).unwrap())
        .collect();
    let file = join(&pieces[0].bundle, &pieces).unwrap();
    assert_eq!(sha256(&file), pieces[0].bundle);
    assert_eq!(open(&file).doses.len(), 400);
    assert!(
        clinic.send(&relay, "https://relay.example", &SeededRandom::new(3)).is_err(),
        "nothing is left"
    );
}

#[test]
fn nothing_of_a_dose_is_readable_on_the_disk() {
    let folder = site();
    at(&folder, NOON).record(&dose("112714031234567890")).unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for secret in [&b"EX3617"[..], b"1234567890", b"Dr. K", b"Kanaria"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}
