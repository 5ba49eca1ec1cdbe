//! Techo's wire formats and their cryptography. No I/O and no global state: the clock and randomness are passed in.

pub mod agreement;
pub mod base45;
pub mod body;
pub mod case_code;
pub mod chunk;
pub mod clock;
pub mod decimal;
pub mod diary_upload;
pub mod direct;
pub mod dose_bundle;
pub mod dose_slip;
pub mod elias_fano;
pub mod epoch_record;
pub mod error;
pub mod household_file;
pub mod hpke_seal;
pub mod keyring_record;
pub mod keys;
pub mod manifest;
pub mod municipality_code;
pub mod notice;
pub mod p256;
pub mod padme;
pub mod pairing;
pub mod passphrase;
pub mod product;
pub mod qr;
pub mod random;
pub mod recovery;
pub mod relay_api;
pub mod revocations;
pub mod segment;
mod signed;
pub mod site_licence;
pub mod slot;
pub mod status_pass;
pub mod sync_api;
pub mod tag;
pub mod ticket;
pub mod town_update;
pub mod trust;
mod varint;
pub mod venue_code;

pub use error::{Coded, ErrorInfo};
#[doc(hidden)]
pub use thiserror;
