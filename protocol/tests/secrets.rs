//! Every type that holds a secret prints nothing of it.

use std::fmt::Debug;

use techo_protocol::basics::agreement::AgreementKey;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::basics::keys::{SIGNATURE_BYTES, SigningKey};
use techo_protocol::basics::p256::P256Key;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::exposure::diary_upload::{DiaryKey, SentDiary, SentVisit};
use techo_protocol::exposure::tag::{DayKey, SlotKey, VenueSeed};
use techo_protocol::exposure::venue_code::{NewPoster, NewRotating};
use techo_protocol::household::body::{GenerationKey, Subject};
use techo_protocol::household::chunk::EpochKey;
use techo_protocol::household::keyring_record::{DocumentKey, Keyring};
use techo_protocol::household::pairing::Owner;
use techo_protocol::household::recovery::{Language, RecoveryWords};
use techo_protocol::vaccination::status_pass::RequestKeys;

/// Fails where what is printed of `value`, in any of the usual forms, has three bytes of `secret` in a row.
fn hides(value: &dyn Debug, secret: &[u8]) {
    let printed = format!("{value:?} {value:#?} {value:x?} {value:X?}");
    let packed: String = printed.chars().filter(|c| !c.is_whitespace()).collect();
    for [a, b, c] in secret.array_windows() {
        for bytes in [
            format!("{a},{b},{c}"),
            format!("{a:x},{b:x},{c:x}"),
            format!("{a:X},{b:X},{c:X}"),
            format!("{a:02x}{b:02x}{c:02x}"),
            format!("{a:02X}{b:02X}{c:02X}"),
        ] {
            assert!(!packed.contains(&bytes), "{printed} shows {bytes}");
        }
    }
}

#[test]
#[should_panic(expected = "shows")]
fn the_test_itself_notices_bytes_that_are_printed() {
    hides(&[7_u8; 32], &[7; 32]);
}

#[test]
fn keys_that_sign_and_open() {
    hides(&SigningKey::from_seed(&[0xA1; 32]), &[0xA1; 32]);
    let hpke = HpkePrivate::from_seed(&[0xA2; 32]);
    hides(&hpke, hpke.secret().expose());
    hides(&DiaryKey::from_seed(&[0xA2; 32]), hpke.secret().expose());
    hides(&AgreementKey::from_seed(&[0xA3; 32]), &[0xA3; 32]);
    let p256 = P256Key::generate().unwrap();
    hides(&p256, &p256.to_pkcs8()[36..68]);
    let request = RequestKeys::generate(&SeededRandom::new(1)).unwrap();
    assert_eq!(format!("{request:?}"), "RequestKeys { .. }");
}

#[test]
fn keys_of_a_venue() {
    let signer = SigningKey::from_seed(&[1; 32]);
    let seed = VenueSeed::from_signature(&[0xB1; SIGNATURE_BYTES]);
    assert_eq!(format!("{seed:?}"), "VenueSeed(Secret<32>(..))");
    hides(&DayKey([0xB2; 16].into()), &[0xB2; 16]);
    hides(&SlotKey([0xB3; 16].into()), &[0xB3; 16]);
    let poster = NewPoster {
        host: "example.org",
        serial: 1,
        issued_day: 20_000,
        expires_day: 20_100,
        stay_minutes: 60,
        name: "Bar Yoru",
        address: "Kita-ku, Osaka",
    };
    let poster = poster.sign(&signer).unwrap();
    let payload = techo_protocol::basics::decimal::from_digits(poster.to_text().split_once('#').unwrap().1).unwrap();
    hides(&poster, payload.last_chunk::<SIGNATURE_BYTES>().unwrap());
    assert!(format!("{poster:?}").contains("Bar Yoru"));
    let rotating = NewRotating {
        host: "example.org",
        first_slot: 490_000,
        stay_minutes: 60,
        name: "Bar Yoru",
        address: "Kita-ku, Osaka",
        keys: 2,
    };
    hides(&rotating.sign(&seed, &signer).unwrap(), seed.slot_key(490_001).0.expose());
    let visit = SentVisit {
        name: "Bar Yoru".into(),
        address: None,
        from: 1_764_000_000,
        to: 1_764_003_600,
        keys: vec![(490_000, SlotKey([0xB3; 16].into()))],
    };
    let sent = SentDiary {
        code: "ABCD-EFGH-JKMN-PQRS".into(),
        visits: vec![visit],
    };
    hides(&sent, &[0xB3; 16]);
}

#[test]
fn keys_of_a_household() {
    hides(&EpochKey([0xC1; 32].into()), &[0xC1; 32]);
    hides(&GenerationKey([0xC2; 32].into()), &[0xC2; 32]);
    let keyring = Keyring {
        keys: vec![DocumentKey {
            subject: Subject::Settings,
            generation: 1,
            begins_empty: true,
            key: GenerationKey([0xC3; 32].into()),
        }],
        sealed_to: Vec::new(),
    };
    hides(&keyring, &[0xC3; 32]);
    let words = RecoveryWords::generate(Language::English, &SeededRandom::new(1)).unwrap();
    assert!(words.text().split(' ').all(|word| !format!("{words:?}").contains(word)));
    let keys = words.keys();
    hides(&keys, keys.signing.seed().expose());
    hides(&keys, keys.sealing.secret().expose());
    let owner = Owner::new("https://relay.example", &SeededRandom::new(1)).unwrap();
    hides(owner.text(), owner.text().secret.expose());
}
