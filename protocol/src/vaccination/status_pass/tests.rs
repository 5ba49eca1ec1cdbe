use std::collections::HashSet;

use proptest::prelude::*;

use super::fixtures::{NOON, TOWN, World, date, values};
use super::*;
use crate::basics::japan_day;
use crate::basics::p256::P256Key;
use crate::basics::qr::Qr;
use crate::basics::random::SeededRandom;
use crate::basics::reader::ByteReader;

mod door;
mod files;
mod standard;

const DAY: i64 = 86_400;
const USUAL: [Field; 3] = [Field::Status, Field::ValidUntil, Field::Name];

#[test]
fn three_fields_fit_version_18_however_long_the_name_is() {
    let world = World::new();
    let shown = world.pass.present(&USUAL, None, NOON).unwrap();
    let version = Qr::of(&shown.to_text()).unwrap().version();
    assert!(version <= 17, "{version}");

    let mut long = values();
    long[4] = Value::Name("漢".repeat(26) + "ab");
    let request = Request::read(&world.keys.to_request().unwrap()).unwrap();
    let issued = PassFile::issue(
        (TOWN, &world.key),
        Some(&request),
        &|_| long.clone(),
        None,
        NOON,
        &SeededRandom::new(3),
    )
    .unwrap();
    let shown = Pass::open(&issued.file, Some(&world.keys))
        .unwrap()
        .present(&USUAL, Some("abc"), NOON)
        .unwrap();
    assert_eq!(shown.payload_bytes(), 504);
    assert_eq!(Qr::of(&shown.to_text()).unwrap().version(), 18);
    let standard = shown.to_sd_jwt(&world.issuer(), Some("abc"));
    assert!(Qr::of(&standard).unwrap().version() >= 30, "what the form saves");
}

#[test]
fn a_code_comes_back_and_is_no_ticket_and_no_venue_code() {
    let world = World::new();
    for fields in [&[][..], &USUAL, &Field::ALL] {
        for nonce in [None, Some("n0-_nce")] {
            let shown = world.pass.present(fields, nonce, NOON).unwrap();
            let text = shown.to_text();
            assert_eq!(Presentation::read(&text), Ok(shown));
            assert!(is_form(&text));
            assert!(crate::vaccination::ticket::TicketText::read(&text).is_err());
            assert!(crate::exposure::venue_code::VenueCode::read(&text).is_err());
        }
    }
    for text in [
        "",
        "8471",
        "847100000000000000",
        "8471000009",
        &"1".repeat(900),
        &("8471".to_owned() + &"x".repeat(900)),
    ] {
        assert!(!is_form(text), "{text}");
        assert_eq!(Presentation::read(text), Err(StatusPassError::NotAPass));
    }
}

#[test]
fn a_code_holds_what_was_chosen_and_nothing_else() {
    let world = World::new();
    let shown = world.pass.present(&[Field::Status], None, NOON).unwrap();
    assert_eq!(shown.values().collect::<Vec<_>>(), [&Value::Status(Status::Vaccinated)]);
    let bytes = crate::basics::decimal::from_digits(&shown.to_text()[4..]).unwrap();
    for other in &world.pass.credential(NOON).unwrap().disclosures[1..] {
        assert!(
            !bytes.windows(16).any(|window| window == other.salt),
            "without its salt a digest says nothing"
        );
    }
    assert!(!bytes.windows(7).any(|window| window == b"Akihiko"));
}

#[test]
fn every_pass_has_eight_digests_whatever_it_says() {
    let world = World::new();
    let few = NewCredential {
        day: 1,
        holder: world.key.public(),
        values: &[Value::Doses(1)],
    };
    let few = few.sign(TOWN, &world.key, &SeededRandom::new(1)).unwrap();
    assert_eq!(few.digests().len(), DIGESTS);
    let all = world.pass.credential(NOON).unwrap();
    assert_eq!(all.digests().len(), DIGESTS);
    assert!(all.digests().is_sorted() && few.digests().is_sorted());
}

#[test]
fn days_share_no_key_no_salt_no_id_and_no_digest() {
    let world = World::new();
    let mut seen = HashSet::new();
    let mut days = HashSet::new();
    for number in 0..30 {
        let credential = world.pass.credential(NOON + number * DAY).unwrap();
        assert!(days.insert(credential.day()));
        assert!(seen.insert(credential.id().0.to_vec()));
        assert!(seen.insert(credential.holder().0.to_vec()));
        for disclosure in &credential.disclosures {
            assert!(seen.insert(disclosure.salt.to_vec()));
        }
        for digest in credential.digests() {
            assert!(seen.insert(digest.to_vec()));
        }
    }
    assert_eq!(world.pass.credential(NOON + 30 * DAY).err(), Some(StatusPassError::Expired));
    assert_eq!(world.pass.credential(NOON - DAY).err(), Some(StatusPassError::Expired));
}

#[test]
fn a_day_begins_at_midnight_in_japan() {
    assert_eq!(japan_day::day(NOON - 12 * 3_600), japan_day::day(NOON));
    assert_eq!(japan_day::day(NOON - 12 * 3_600 - 1), japan_day::day(NOON) - 1);
    assert_eq!(
        date("2021-10-02"),
        chrono::NaiveDate::default() + chrono::Days::new(japan_day::day(NOON).unsigned_abs())
    );
}

#[test]
fn what_no_pass_can_say_is_refused() {
    let world = World::new();
    let sign = |values: &[Value]| {
        let new = NewCredential {
            day: 1,
            holder: world.key.public(),
            values,
        };
        new.sign(TOWN, &world.key, &SeededRandom::new(1)).map(|_| ())
    };
    assert_eq!(sign(&values()), Ok(()));
    assert_eq!(
        sign(&[Value::Doses(1), Value::Doses(2)]),
        Err(StatusPassError::CannotBeWritten)
    );
    assert_eq!(sign(&[Value::Doses(0)]), Err(StatusPassError::CannotBeWritten));
    assert_eq!(
        sign(&[Value::LastDose(date("1969-12-31"))]),
        Err(StatusPassError::CannotBeWritten)
    );
    let without_name = PassFile::issue(
        (TOWN, &world.key),
        None,
        &|_| values()[..4].to_vec(),
        None,
        NOON,
        &SeededRandom::new(3),
    )
    .unwrap();
    let without_name = Pass::open(&without_name.file, None).unwrap();
    assert_eq!(
        without_name.present(&[Field::Name], None, NOON).err(),
        Some(StatusPassError::NoSuchField)
    );
    for nonce in ["", "a\"b", "a b", &"a".repeat(65)] {
        assert_eq!(
            world.pass.present(&USUAL, Some(nonce), NOON).err(),
            Some(StatusPassError::CannotBeWritten),
            "{nonce}"
        );
    }
    let credential = world.pass.credential(NOON).unwrap();
    let stranger = P256Key::generate().unwrap();
    assert_eq!(
        credential.present(&world.issuer(), &USUAL, None, &stranger, NOON).err(),
        Some(StatusPassError::CannotBeWritten)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_digits_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 200..560), how in any::<u8>()) {
        let text = format!("8471{}", crate::basics::decimal::to_digits(&[&[1, how][..], &bytes].concat()));
        if let Ok(read) = Presentation::read(&text) {
            prop_assert_eq!(read.to_text(), text);
        }
    }

    #[test]
    fn values_come_back(doses in 1..=99_u8, days in any::<u16>(), name in "[\\PC]{1,20}") {
        let date = chrono::NaiveDate::default() + chrono::Days::new(u64::from(days));
        for value in [Value::Doses(doses), Value::LastDose(date), Value::ValidUntil(date), Value::Name(name.clone()), Value::Initials(name)] {
            if value.is_possible() {
                let mut bytes = Vec::new();
                value.write(&mut bytes);
                let mut reader = ByteReader::new(&bytes);
                prop_assert_eq!(Value::read(value.field(), &mut reader), Some(value));
                prop_assert!(reader.is_empty());
            }
        }
    }
}
