//! A pairing text, and messages from a mailbox.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::basics::agreement::AgreementPublic;
use techo_protocol::basics::keys::{PublicKey, sha256};
use techo_protocol::household::pairing::{Joiner, NewDevice, Owner, PairingText};
use techo_protocol::basics::random::SeededRandom;

fuzz_target!(|data: &[u8]| {
    let random = SeededRandom::new(1);
    if let Some(text) = std::str::from_utf8(data).ok().and_then(|text| PairingText::read(text).ok()) {
        let device = NewDevice {
            key: PublicKey([1; 32]),
            agreement: AgreementPublic([2; 32]),
            hpke: [3; 32],
            name: String::new(),
        };
        let _ = Joiner::new(&text, &device, &random);
    }
    if let Ok(owner) = Owner::new("https://relay.example", &random)
        && let Ok((committed, _)) = owner.take_commitment(&sha256(data), &random)
    {
        let _ = committed.take_reveal(data);
    }
});
