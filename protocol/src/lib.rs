//! Techo's wire formats and their cryptography. No I/O, no clock, no global state: times and randomness are passed in.

pub mod decimal;
pub mod elias_fano;
pub mod error;
pub mod keys;
pub mod manifest;
pub mod notice;
pub mod padme;
pub mod qr;
pub mod random;
pub mod segment;
mod signed;
pub mod slot;
pub mod tag;
pub mod trust;
pub mod venue_code;

pub use error::{Coded, ErrorInfo};
#[doc(hidden)]
pub use thiserror;
