//! `docs/vault.md`.

use techo_protocol::basics::passphrase::{Cost, open, seal};

use super::random;
use crate::vector::Vector;

/// All of this page.
pub fn all() -> Vec<Vector> {
    vec![passphrase()]
}

fn passphrase() -> Vector {
    let write = || seal(b"secret", "correct horse", Cost::TEST, &random()).expect("a cheap seal");
    Vector::new(
        "passphrase",
        "A secret under a passphrase, at a cost that is for tests only.",
        &write(),
        move |sealed| {
            assert_eq!(open(sealed, "correct horse").expect("it opens").as_slice(), b"secret");
            write()
        },
    )
    .fact("passphrase", "correct horse")
    .fact("secret", "secret")
    .is("magic", b"TPAS")
    .is("version", &[1])
    .is("memory", &8_u32.to_be_bytes())
    .is("passes", &1_u32.to_be_bytes())
    .is("lanes", &1_u32.to_be_bytes())
    .take("salt", 16)
    .take("nonce", 12)
    .take("ciphertext", 6)
    .take("tag", 16)
}
