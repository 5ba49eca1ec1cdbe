//! What every format is made of: the clock, randomness and errors that are passed in, keys and seals, small encodings.

pub mod agreement;
pub mod base45;
pub mod clock;
pub mod confirmed_time;
pub mod decimal;
pub mod elias_fano;
pub mod error;
pub mod folding;
pub mod hpke_seal;
pub mod http;
pub mod japan_day;
pub mod jwk;
pub mod keys;
pub mod municipality_code;
pub mod p256;
pub mod padme;
pub mod passphrase;
pub mod qr;
pub mod random;
pub mod reader;
pub(crate) mod seal_once;
pub mod secret;
pub(crate) mod signed;
pub mod text_file;
pub mod written_day;
