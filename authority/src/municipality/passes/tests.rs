use std::path::Path;

use techo_protocol::Coded as _;
use techo_protocol::basics::jwk::base64url;
use techo_protocol::basics::keys::sha256;
use techo_protocol::basics::random::{SeededRandom, SystemRandom};
use techo_protocol::vaccination::revocations::Revocations;
use techo_protocol::vaccination::status_pass::{Field, Issuer, Pass, RequestKeys, Value};

use super::super::tests::{NOW, licensed, record, sealed, town};
use super::*;
use crate::tables::Taking;

const DAY: i64 = 86_400;

fn ticket(number: u64) -> TicketNumber {
    number.try_into().unwrap()
}

/// A town whose ledger has one dose of ticket 1, two of ticket 2, and two contradicting ones of ticket 3.
fn vaccinated() -> (tempfile::TempDir, Authority) {
    let (folder, mut town) = town();
    let site = licensed(&mut town, 40);
    let other = licensed(&mut town, 41);
    let doses = vec![
        record(1, 1, 1, NOW - 10 * DAY),
        record(2, 2, 1, NOW - 24 * DAY),
        record(3, 2, 2, NOW - 3 * DAY),
        record(4, 3, 1, NOW - 9 * DAY),
    ];
    let bundle = sealed(&town, &site, 40, 1, doses);
    town.import_bundle(&bundle, false, NOW).unwrap();
    let bundle = sealed(&town, &other, 41, 1, vec![record(1, 3, 1, NOW - 8 * DAY)]);
    town.import_bundle(&bundle, false, NOW).unwrap();
    (folder, town)
}

fn issue(town: &mut Authority, number: u64, name: Option<&str>) -> Result<IssuedPass, Error> {
    let new = NewPass {
        ticket: ticket(number),
        request: None,
        name,
    };
    // Passes of one test must not have the same ids.
    town.issue_pass(&new, NOW, &SystemRandom::new())
}

fn status_on(pass: &Pass, at: i64) -> Status {
    let status = |value: &Value| match value {
        Value::Status(status) => Some(*status),
        _ => None,
    };
    pass.credential(at).unwrap().values().find_map(status).unwrap()
}

#[test]
fn a_pass_says_what_the_ledger_has_day_by_day() {
    let (_folder, mut town) = vaccinated();
    let first = issue(&mut town, 1, None).unwrap();
    assert_eq!((first.status, first.doses, first.copies), (Status::PartlyVaccinated, 1, 30));
    let second = issue(&mut town, 2, None).unwrap();
    let pass = Pass::open(&second.file, None).unwrap();
    // The fourteenth day after the second dose is the eleventh from now.
    assert_eq!(status_on(&pass, NOW + 10 * DAY), Status::PartlyVaccinated);
    assert_eq!(status_on(&pass, NOW + 11 * DAY), Status::Vaccinated);
    let fields: Vec<Field> = pass.credential(NOW).unwrap().values().map(Value::field).collect();
    assert_eq!(fields, [Field::Status, Field::Doses, Field::LastDose, Field::ValidUntil]);
    let issuers: Vec<Issuer> = Issuer::of_list(&town.trust_list().unwrap()).collect();
    assert_eq!(issuers, [*pass.issuer()]);
    assert_eq!(pass.expires_at(), second.until);
}

#[test]
fn a_dose_that_is_in_doubt_or_is_not_there_gives_no_pass() {
    let (_folder, mut town) = vaccinated();
    assert_eq!(issue(&mut town, 3, None).unwrap_err().code(), "pass.no_dose");
    assert_eq!(issue(&mut town, 9, None).unwrap_err().code(), "pass.no_dose");
}

#[test]
fn a_dose_of_a_site_that_was_revoked_from_before_it_does_not_count() {
    let (_folder, mut town) = vaccinated();
    assert_eq!(issue(&mut town, 2, None).unwrap().doses, 2);
    town.revoke_site(1, NOW - 3 * DAY + 1, NOW).unwrap();
    assert_eq!(issue(&mut town, 2, None).unwrap().doses, 2, "both were given before");
    town.revoke_site(1, NOW - 3 * DAY, NOW).unwrap();
    assert_eq!(issue(&mut town, 2, None).unwrap().doses, 1);
    town.revoke_site(1, NOW - 30 * DAY, NOW).unwrap();
    assert_eq!(issue(&mut town, 2, None).unwrap_err().code(), "pass.no_dose");
}

#[test]
fn a_dose_that_was_taken_back_does_not_count() {
    let (_folder, mut town) = vaccinated();
    let site = town.sites().unwrap().remove(0).licence;
    let mut withdrawn = record(1, 1, 1, NOW - 10 * DAY);
    (withdrawn.revision, withdrawn.withdrawn) = (1, true);
    let bundle = sealed(&town, &site, 40, 2, vec![withdrawn]);
    town.import_bundle(&bundle, false, NOW).unwrap();
    assert_eq!(issue(&mut town, 1, None).unwrap_err().code(), "pass.no_dose");
}

#[test]
fn a_card_is_one_code_or_none() {
    let key = techo_protocol::basics::p256::P256Key::generate().unwrap();
    let born = chrono::NaiveDate::from_ymd_opt(1980, 1, 1).unwrap();
    // Places that hardly get smaller by being packed.
    let dose = |number: u8| super::super::ledger::Dose {
        ticket: ticket(1),
        number,
        at: NOW + i64::from(number) * DAY,
        product: techo_protocol::vaccination::product::Product::Pfizer,
        lot: String::new(),
        place: base64url(&sha256(&[number])).chars().take(30).collect(),
        by: String::new(),
        recorded_at: 0,
    };
    let sign = |doses: u8, issuer: &str| {
        let doses: Vec<_> = (1..=doses).map(dose).collect();
        health_card::sign(issuer, "Akihiko Kimura", born, &doses, &key, NOW).unwrap()
    };
    for doses in 1..=9 {
        let card = sign(doses, "https://sakai.example").unwrap();
        assert!(card.len() <= 5 + 2 * 1_195, "{doses} doses: {}", card.len());
    }
    let long: String = (0..20).map(|n: u8| base64url(&sha256(&[n]))).collect();
    assert_eq!(sign(9, &format!("https://{long}")), None);
}

#[test]
fn a_pass_is_bound_to_the_phone_that_asked() {
    let (_folder, mut town) = vaccinated();
    let keys = RequestKeys::generate(&SeededRandom::new(5)).unwrap();
    let request = keys.to_request().unwrap();
    let mut new = NewPass {
        ticket: ticket(1),
        request: Some(&request),
        name: Some(" Akihiko Kimura "),
    };
    let issued = town.issue_pass(&new, NOW, &SeededRandom::new(6)).unwrap();
    assert!(Pass::open(&issued.file, None).is_err());
    let pass = Pass::open(&issued.file, Some(&keys)).unwrap();
    let said: Vec<String> = pass.credential(NOW).unwrap().values().map(Value::to_text).collect();
    assert_eq!(said[4..], ["Akihiko Kimura", "A. K."]);
    new.request = Some(&request[..100]);
    assert_eq!(
        town.issue_pass(&new, NOW, &SeededRandom::new(6)).unwrap_err().code(),
        "status_pass.damaged"
    );
    new.request = Some(b"hello");
    assert_eq!(
        town.issue_pass(&new, NOW, &SeededRandom::new(6)).unwrap_err().code(),
        "status_pass.not_a_request"
    );
    let long = "n".repeat(81);
    assert_eq!(
        issue(&mut town, 1, Some(&long)).unwrap_err().code(),
        "status_pass.cannot_be_written"
    );
}

/// Looks for a word in all files of a folder, and counts them.
fn search(folder: &Path, word: &[u8]) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += search(&path, word);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(word.len()).any(|part| part == word), "{}", path.display());
            files += 1;
        }
    }
    files
}

#[test]
fn the_name_of_a_pass_is_nowhere_afterwards() {
    let (folder, mut town) = vaccinated();
    issue(&mut town, 1, Some("Kanariyama Akihiko")).unwrap();
    drop(town);
    assert!(search(folder.path(), b"Kanariyama") > 5);
}

#[test]
fn a_revoked_pass_is_on_the_list_until_it_ends_and_no_other_is() {
    let (_folder, mut town) = vaccinated();
    let first = issue(&mut town, 1, None).unwrap();
    let second = issue(&mut town, 2, None).unwrap();
    assert_eq!(town.revoke_passes(ticket(1), NOW).unwrap(), 30);
    assert_eq!(town.revoke_passes(ticket(1), NOW).unwrap_err().code(), "pass.none");
    assert_eq!(town.revoke_passes(ticket(9), NOW).unwrap_err().code(), "pass.none");
    let id = |issued: &IssuedPass, at: i64| Pass::open(&issued.file, None).unwrap().credential(at).unwrap().id();
    let list = |town: &mut Authority, at: i64| {
        let (number, file) = town.revocations(at, &SeededRandom::new(3)).unwrap();
        let list = Revocations::read(&file, [&town.trust_list().unwrap()]).unwrap();
        assert_eq!((list.number(), list.issued_at()), (number, at));
        list
    };
    let now = list(&mut town, NOW);
    assert!(now.contains(id(&first, NOW)) && now.contains(id(&first, NOW + 29 * DAY)) && !now.contains(id(&second, NOW)));
    let later = list(&mut town, NOW + 10 * DAY);
    assert_eq!((now.number(), later.number()), (1, 2));
    assert!(!later.contains(id(&first, NOW)) && later.contains(id(&first, NOW + 29 * DAY)));
    // The clock was wrong: nothing has ended, and what was revoked is on the list again.
    let back = list(&mut town, NOW);
    assert!(back.contains(id(&first, NOW)));
    let ended = |town: &Authority| {
        let query = "SELECT count(*) FROM pass WHERE ends_at <= ?1";
        town.db
            .query_row(query, [NOW + 10 * DAY], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert!(ended(&town) > 0);
    list(&mut town, NOW + 10 * DAY);
    list(&mut town, NOW + 11 * DAY);
    assert_eq!(ended(&town), 0, "it has stood there for a day");
}

#[test]
fn a_rotated_key_signs_and_the_old_one_counts_until_it_is_revoked() {
    let (_folder, mut town) = vaccinated();
    let issuer = |issued: &IssuedPass| *Pass::open(&issued.file, None).unwrap().issuer();
    let old = issuer(&issue(&mut town, 1, None).unwrap());
    let new = town.rotate_status_key(false, NOW, &SeededRandom::new(1)).unwrap();
    let now = issuer(&issue(&mut town, 1, None).unwrap());
    assert_eq!(now.key, new);
    let trusted = |town: &Authority| -> Vec<Issuer> { Issuer::of_list(&town.trust_list().unwrap()).collect() };
    assert_eq!(trusted(&town), [old, now]);
    town.rotate_status_key(true, NOW, &SeededRandom::new(1)).unwrap();
    assert!(trusted(&town).len() == 1 && !trusted(&town).contains(&now));
}

#[test]
fn a_card_comes_with_a_name_where_the_town_has_an_address_and_knows_the_birth_date() {
    let (_folder, mut town) = vaccinated();
    assert!(!issue(&mut town, 1, Some("Akihiko")).unwrap().has_card, "no address");
    let mut list = town.trust_list().unwrap();
    list.municipality.as_mut().unwrap().url = Some("https://sakai.example".into());
    town.sign_next(list, NOW, "test").unwrap();
    assert!(!issue(&mut town, 1, Some("Akihiko")).unwrap().has_card, "no birth date");
    town.enrol(
        b"ticket,born\n0000000001,1980-01-01\n",
        Taking::default(),
        NOW,
        &SeededRandom::new(4),
    )
    .unwrap();
    assert!(!issue(&mut town, 1, None).unwrap().has_card, "no name");
    assert!(issue(&mut town, 1, Some("Akihiko")).unwrap().has_card);
}
