//! The keys of those who issue vaccination certificates, and the signed file that carries them.

pub mod issuer_key;
pub mod trust_bundle;
