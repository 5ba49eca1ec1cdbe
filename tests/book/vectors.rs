//! The vectors, each made by the real code with fixed seeds.

mod exposure;
mod sync;
mod vaccine;
mod vault;

use techo_protocol::basics::keys::{PublicKey, SIGNATURE_BYTES, SigningKey};
use techo_protocol::basics::random::SeededRandom;

use crate::vector::Vector;

/// The vectors of all pages, as the code makes them.
pub fn all() -> Vec<Vector> {
    [exposure::all(), sync::all(), vaccine::all(), vault::all()]
        .into_iter()
        .flatten()
        .collect()
}

/// The signing key whose seed is this byte, 32 times.
fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// The repeatable source that every vector draws from.
fn random() -> SeededRandom {
    SeededRandom::new(1)
}

const ROOT: u8 = 1;
const CODE: u8 = 2;
const MANIFEST: u8 = 3;
const NOTICE: u8 = 4;
const DIARY: u8 = 5;

/// 2026-11-20T10:00:00Z, the time of every vector.
const NOW: i64 = 1_795_168_800;

/// The fields of a signed file of version 1.
fn signed(vector: Vector, magic: &[u8], signer: &PublicKey, file: &[u8]) -> Vector {
    let length: [u8; 4] = file[5..9].try_into().expect("four bytes");
    vector
        .is("magic", magic)
        .is("version", &[1])
        .is("length", &length)
        .take("body", u32::from_be_bytes(length) as usize)
        .is("key id", &signer.id().0)
        .take("signature", SIGNATURE_BYTES)
}
