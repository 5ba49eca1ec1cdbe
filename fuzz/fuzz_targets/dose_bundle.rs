//! A bundle's plain content, sealed to a known key so that the parser below the seal is reached; and a file as it comes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::vaccination::dose_bundle::DoseBundle;
use techo_protocol::vaccination::dose_bundle::piece::Piece;
use techo_protocol::basics::hpke_seal::{HpkePrivate, seal_to};
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::trust::{AuthorityId, TrustList};

fuzz_target!(|data: &[u8]| {
    let key = HpkePrivate::from_seed(&[30; 32]);
    // Any trust list does: what is read below the seal comes before who signed it.
    let Ok(town) = TrustList::read(include_bytes!("../../protocol/fixtures/trust-list-v1.trust")) else {
        return;
    };
    let _ = DoseBundle::open(data, &town, [&key]);
    let mut file = b"TECHOB\x01".to_vec();
    file.extend_from_slice(&town.authority().0);
    if let Ok(sealed) = seal_to(&key.public(), b"techo dose bundle v1", &file, data, &SeededRandom::new(1)) {
        file.extend_from_slice(&sealed);
        let _ = DoseBundle::open(&file, &town, [&key]);
    }
    if let Ok(sealed) = seal_to(
        &key.public(),
        b"techo dose bundle piece v1",
        &[1; 16],
        data,
        &SeededRandom::new(1),
    ) {
        let _ = Piece::open(&sealed, AuthorityId([1; 16]), [&key]);
    }
});
