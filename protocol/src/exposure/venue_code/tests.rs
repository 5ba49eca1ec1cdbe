use proptest::prelude::*;

use super::*;
use crate::basics::keys::SigningKey;
use crate::trust::{Root, TrustedKey};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn list(code_keys: &[(u8, bool)]) -> TrustList {
    TrustList {
        name: "Osaka Prefecture".into(),
        host: "techo.example".into(),
        number: 1,
        issued_at: 0,
        expires_at: 0,
        roots: vec![Root {
            key: key(1).public(),
            signed_by_previous: vec![],
        }],
        keys: code_keys
            .iter()
            .map(|&(seed, revoked)| TrustedKey {
                role: Role::Code,
                key: key(seed).public(),
                revoked,
            })
            .collect(),
        relays: vec![],
        municipality: None,
    }
}

fn new_poster<'a>(name: &'a str, address: &'a str) -> NewPoster<'a> {
    NewPoster {
        host: "techo.example",
        serial: 77,
        issued_day: 20_000,
        expires_day: 20_365,
        stay_minutes: 95,
        name,
        address,
    }
}

fn poster() -> Poster {
    new_poster("Bar Yoru", "Kita-ku, Osaka").sign(&key(2)).unwrap()
}

fn rotating(keys: usize) -> Rotating {
    NewRotating {
        host: "techo.example",
        first_slot: 490_000,
        stay_minutes: 60,
        name: "Bar Yoru",
        address: "Kita-ku, Osaka",
        keys,
    }
    .sign(&poster().seed(), &key(2))
    .unwrap()
}

#[test]
fn a_poster_is_read_and_believed() {
    let code = VenueCode::read(&poster().to_text()).unwrap();
    assert_eq!(code, VenueCode::Poster(poster()));
    assert_eq!(code.check_signature([&list(&[(2, false)])]).unwrap().name, "Osaka Prefecture");
    assert_eq!(code.default_stay_minutes(), 100);
}

#[test]
fn the_url_is_not_case_sensitive() {
    let text = poster()
        .to_text()
        .replace("https://techo.example/v", "HTTPS://TECHO.EXAMPLE/V");
    assert!(
        VenueCode::read(&text)
            .unwrap()
            .check_signature([&list(&[(2, false)])])
            .is_ok()
    );
}

#[test]
fn the_signature_covers_the_url() {
    let text = poster().to_text().replace("techo.example", "tech0.example");
    assert_eq!(
        VenueCode::read(&text).unwrap().check_signature([&list(&[(2, false)])]),
        Err(VenueCodeError::SignatureInvalid)
    );
}

#[test]
fn unknown_forged_and_revoked_are_told_apart() {
    let code = VenueCode::Poster(poster());
    assert_eq!(
        code.check_signature([&list(&[(3, false)])]),
        Err(VenueCodeError::UnknownAuthority)
    );
    assert_eq!(code.check_signature([]), Err(VenueCodeError::UnknownAuthority));
    assert_eq!(
        code.check_signature([&list(&[(2, true)])]),
        Err(VenueCodeError::SignatureInvalid)
    );
    let mut forged = poster();
    forged.name = "Bar Hiru".into();
    assert_eq!(
        VenueCode::Poster(forged).check_signature([&list(&[(2, false)])]),
        Err(VenueCodeError::SignatureInvalid)
    );
}

#[test]
fn expiry_is_judged_at_the_time_of_the_visit() {
    let code = VenueCode::Poster(poster());
    assert_eq!(code.check_time(20_366 * 86_400 - 1), Ok(()));
    assert_eq!(code.check_time(20_366 * 86_400), Err(VenueCodeError::Expired));
}

#[test]
fn poster_and_tablet_open_the_same_hours() {
    let rotating = rotating(2);
    for (slot, slot_key) in rotating.slots() {
        assert_eq!(*slot_key, poster().seed().slot_key(slot));
    }
    let code = VenueCode::read(&rotating.to_text()).unwrap();
    assert_eq!(code, VenueCode::Rotating(rotating));
    assert!(code.check_signature([&list(&[(2, false)])]).is_ok());
}

#[test]
fn a_photo_of_a_tablet_is_worthless_after_its_hours() {
    let code = VenueCode::Rotating(rotating(2));
    assert_eq!(code.check_time(490_000 * 3_600 - 1), Err(VenueCodeError::OutsideItsHours));
    assert_eq!(code.check_time(490_002 * 3_600 - 1), Ok(()));
    assert_eq!(code.check_time(490_002 * 3_600), Err(VenueCodeError::OutsideItsHours));
}

#[test]
fn a_tablet_gives_as_many_keys_as_its_stay_needs() {
    assert_eq!([1, 60, 61, 120, 300, 1_440].map(keys_for_stay), [2, 2, 3, 3, 6, 6]);
}

#[test]
fn a_rotating_code_never_holds_the_poster_s_signature() {
    let poster = decimal::from_digits(poster().to_text().split_once('#').unwrap().1).unwrap();
    let rotating = decimal::from_digits(rotating(6).to_text().split_once('#').unwrap().1).unwrap();
    let signature = &poster[poster.len() - 64..];
    assert!(
        !rotating
            .windows(16)
            .any(|window| signature.windows(16).any(|part| part == window))
    );
}

#[test]
fn sizes_are_those_of_the_design() {
    let (name, address) = ("n".repeat(40), "a".repeat(40));
    let poster = new_poster(&name, &address).sign(&key(2)).unwrap();
    assert_eq!(poster.payload_bytes(), 154);
    assert_eq!(crate::basics::qr::Qr::of(&poster.to_text()).unwrap().version(), 9);
    for (keys, version) in [(4, 11), (6, 12)] {
        let new = NewRotating {
            host: "techo.example",
            first_slot: 490_000,
            stay_minutes: 60,
            name: &name,
            address: &address,
            keys,
        };
        let code = new.sign(&poster.seed(), &key(2)).unwrap();
        assert!(crate::basics::qr::Qr::of(&code.to_text()).unwrap().version() <= version);
    }
}

#[test]
fn long_texts_are_cut_at_a_character() {
    let long = "金糸雀亭".repeat(20);
    let code = new_poster(&long, &long).sign(&key(2)).unwrap();
    assert!(code.name.len() + code.address.len() <= LONGEST_TEXT_BYTES);
    assert!(long.starts_with(&code.name) && code.name.len() >= 38 && code.address.len() >= 38);
    assert!(new_poster(&long, "").sign(&key(2)).unwrap().name.len() >= 78);
}

#[test]
fn what_no_code_can_carry_is_refused() {
    let refused = |new: NewPoster| assert_eq!(new.sign(&key(2)), Err(VenueCodeError::CannotBeWritten));
    let good = new_poster("Bar", "Osaka");
    refused(NewPoster {
        name: "",
        ..good.clone()
    });
    refused(NewPoster {
        name: "a\nb",
        ..good.clone()
    });
    refused(NewPoster {
        host: "Techo Example",
        ..good.clone()
    });
    refused(NewPoster {
        serial: 1 << 24,
        ..good.clone()
    });
    refused(NewPoster {
        expires_day: 20_367,
        ..good.clone()
    });
    refused(NewPoster {
        stay_minutes: 1_441,
        ..good
    });
}

#[test]
fn what_is_no_code_says_what_it_is() {
    let text = poster().to_text();
    let (prefix, digits) = text.split_once('#').unwrap();
    for (text, error) in [
        ("hello".to_owned(), VenueCodeError::NotAVenueCode),
        ("https://techo.example/w#123".to_owned(), VenueCodeError::NotAVenueCode),
        (format!("{prefix}#"), VenueCodeError::NotAVenueCode),
        (format!("{prefix}#12a"), VenueCodeError::NotAVenueCode),
        (format!("{prefix}#0{digits}"), VenueCodeError::Damaged),
        (
            format!("{prefix}#{}", decimal::to_digits(&[0x11; 60])),
            VenueCodeError::Damaged,
        ),
        (
            format!("{prefix}#{}", decimal::to_digits(&[0x21; 160])),
            VenueCodeError::NewerVersion,
        ),
    ] {
        assert_eq!(VenueCode::read(&text), Err(error), "{text}");
    }
}

proptest! {
    #[test]
    fn every_venue_comes_back(name in "\\PC{1,60}", address in "\\PC{0,60}", serial in 0..1_u32 << 24, stay in 1..=1_440_u32) {
        let code = NewPoster { serial, stay_minutes: stay, ..new_poster(&name, &address) }.sign(&key(2)).unwrap();
        prop_assert_eq!(VenueCode::read(&code.to_text()), Ok(VenueCode::Poster(code)));
    }

    #[test]
    fn any_payload_is_read_or_refused(kind in prop::sample::select(vec![0x11_u8, 0x12]), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = format!("https://techo.example/v#{}", decimal::to_digits(&[vec![kind], bytes].concat()));
        if let Ok(code) = VenueCode::read(&text) {
            prop_assert_eq!(code.to_text(), text);
            prop_assert!(code.check_signature([&list(&[(2, false)])]).is_err());
        }
    }

    #[test]
    fn a_changed_digit_is_noticed(at in any::<prop::sample::Index>(), digit in 0..10_u8) {
        let text = poster().to_text();
        let (prefix, digits) = text.split_once('#').unwrap();
        let mut digits = digits.as_bytes().to_vec();
        let at = at.index(digits.len());
        prop_assume!(digits[at] != b'0' + digit);
        digits[at] = b'0' + digit;
        let read = VenueCode::read(&format!("{prefix}#{}", String::from_utf8(digits).unwrap()));
        prop_assert!(read.is_err() || read.unwrap().check_signature([&list(&[(2, false)])]).is_err());
    }
}
