use proptest::prelude::*;

use super::*;
use crate::basics::random::SeededRandom;

const RELAY: &str = "https://relay.example";

fn device(byte: u8) -> NewDevice {
    NewDevice {
        key: PublicKey([byte; 32]),
        agreement: AgreementPublic([byte; 32]),
        hpke: [byte; 32],
        name: "phone".into(),
    }
}

/// Both ends up to the code.
fn up_to_the_code(seed: u64) -> (Confirming, Waiting) {
    let random = SeededRandom::new(seed);
    let owner = Owner::new(RELAY, &random).unwrap();
    let text = PairingText::read(&owner.text().write()).unwrap();
    let (joiner, commitment) = Joiner::new(&text, &device(1), &random).unwrap();
    let (committed, nonce) = owner.take_commitment(&commitment, &random).unwrap();
    let (waiting, reveal) = joiner.take_nonce(&nonce).unwrap();
    (committed.take_reveal(&reveal).unwrap(), waiting)
}

#[test]
fn two_devices_agree_and_the_keys_go_over_after_the_code() {
    let mut codes = Vec::new();
    for seed in 0..20 {
        let (confirming, waiting) = up_to_the_code(seed);
        assert_eq!(confirming.device, device(1));
        assert_eq!(waiting.code.len(), 4);
        codes.push(waiting.code.clone());
        let typed = format!(" {}\n", waiting.code);
        let answer = confirming.confirm(&typed).unwrap().answer(b"keys");
        assert_eq!(&waiting.take_answer(&answer).unwrap()[..], b"keys");
    }
    codes.sort();
    codes.dedup();
    assert!(codes.len() > 15, "{codes:?}");
}

#[test]
fn one_wrong_code_ends_it() {
    let (confirming, waiting) = up_to_the_code(1);
    let wrong = if waiting.code == "0000" { "0001" } else { "0000" };
    assert_eq!(confirming.confirm(wrong).err(), Some(PairingError::WrongCode));
}

#[test]
fn a_changed_answer_is_refused() {
    let (confirming, waiting) = up_to_the_code(2);
    let mut answer = confirming.confirm(&waiting.code.clone()).unwrap().answer(b"keys");
    answer[0] ^= 1;
    assert_eq!(waiting.take_answer(&answer).err(), Some(PairingError::Damaged));
}

#[test]
fn only_what_was_committed_to_is_taken() {
    let random = SeededRandom::new(3);
    let owner = Owner::new(RELAY, &random).unwrap();
    let (_, commitment) = Joiner::new(owner.text(), &device(1), &random).unwrap();
    let (other, _) = Joiner::new(owner.text(), &device(1), &random).unwrap();
    let (committed, nonce) = owner.take_commitment(&commitment, &random).unwrap();
    let (_, reveal) = other.take_nonce(&nonce).unwrap();
    assert_eq!(committed.take_reveal(&reveal).err(), Some(PairingError::Damaged));
}

#[test]
fn who_has_not_seen_the_secret_cannot_answer() {
    let random = SeededRandom::new(4);
    let owner = Owner::new(RELAY, &random).unwrap();
    let guess = PairingText {
        secret: [0; 16].into(),
        ..owner.text().clone()
    };
    let (joiner, commitment) = Joiner::new(&guess, &device(1), &random).unwrap();
    let (committed, nonce) = owner.take_commitment(&commitment, &random).unwrap();
    let (_, reveal) = joiner.take_nonce(&nonce).unwrap();
    assert_eq!(committed.take_reveal(&reveal).err(), Some(PairingError::Damaged));
}

#[test]
fn somebody_in_between_shows_another_code() {
    // The one in between pairs with each end under the text that both have seen; without the joiner's own messages the codes differ.
    let mut same = 0;
    for seed in 0..30 {
        let random = SeededRandom::new(100 + seed);
        let owner = Owner::new(RELAY, &random).unwrap();
        let text = owner.text().clone();
        let (joiner, _) = Joiner::new(&text, &device(1), &random).unwrap();
        let (between, commitment) = Joiner::new(&text, &device(2), &random).unwrap();
        let (committed, nonce) = owner.take_commitment(&commitment, &random).unwrap();
        let (honest, _) = joiner.take_nonce(&random_bytes::<16>(&random).unwrap()).unwrap();
        let (_, reveal) = between.take_nonce(&nonce).unwrap();
        same += usize::from(committed.take_reveal(&reveal).unwrap().confirm(&honest.code).is_ok());
    }
    assert_eq!(same, 0);
}

#[test]
fn no_message_says_a_name_or_a_key() {
    let random = SeededRandom::new(5);
    let owner = Owner::new(RELAY, &random).unwrap();
    let (joiner, commitment) = Joiner::new(owner.text(), &device(1), &random).unwrap();
    let (_, nonce) = owner.take_commitment(&commitment, &random).unwrap();
    let (_, reveal) = joiner.take_nonce(&nonce).unwrap();
    let said = [commitment, nonce, reveal].concat();
    for secret in [&b"phone"[..], &[1; 32]] {
        assert!(!said.windows(secret.len()).any(|part| part == secret));
    }
}

#[test]
fn fixed_vector() {
    let text = PairingText {
        key: [1; 32],
        mailbox: [2; 16],
        secret: [3; 16].into(),
        relay: "https://r.jp".into(),
    };
    let written = format!(
        "TECHO-PAIR:01{}{}{}68747470733A2F2F722E6A70",
        "01".repeat(32),
        "02".repeat(16),
        "03".repeat(16)
    );
    assert_eq!(text.write(), written);
    assert_eq!(PairingText::read(&format!(" {}\n", written.to_lowercase())), Ok(text));
}

#[test]
fn damaged_texts_are_refused() {
    let text = Owner::new(RELAY, &SeededRandom::new(1)).unwrap().text().write();
    // Cut within the relay's address it is another address; before that it is no pairing.
    for length in 0..PREFIX.len() + 2 * 65 {
        assert_eq!(PairingText::read(&text[..length]), Err(PairingError::NotAPairing), "{length}");
    }
    assert_eq!(
        PairingText::read(&text.replacen(":01", ":02", 1)),
        Err(PairingError::NewerVersion)
    );
    assert_eq!(
        PairingText::read(&text.replacen(":01", ":0G", 1)),
        Err(PairingError::NotAPairing)
    );
    assert!(matches!(
        Owner::new(&"x".repeat(201), &SeededRandom::new(1)),
        Err(PairingFailure::Pairing(PairingError::TooLong))
    ));
}

proptest! {
    #[test]
    fn texts_come_back(key in any::<[u8; 32]>(), mailbox in any::<[u8; 16]>(), secret in any::<[u8; 16]>(), relay in "[a-z:/.]{0,60}") {
        let text = PairingText { key, mailbox, secret: secret.into(), relay };
        prop_assert_eq!(PairingText::read(&text.write()), Ok(text));
    }

    #[test]
    fn any_message_is_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,80}") {
        let random = SeededRandom::new(1);
        let owner = Owner::new(RELAY, &random).unwrap();
        let _ = PairingText::read(&format!("{PREFIX}{text}"));
        let (committed, _) = owner.take_commitment(&sha256(&bytes), &random).unwrap();
        prop_assert!(committed.take_reveal(&bytes).is_err());
    }
}
