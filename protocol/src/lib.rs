//! Techo's wire formats and their cryptography. No I/O and no global state: the clock and randomness are passed in.

pub mod basics;
pub mod certificates;
pub mod exposure;
pub mod household;
pub mod trust;
pub mod vaccination;

pub use basics::error::{Coded, ErrorInfo, ErrorValue};
#[doc(hidden)]
pub use thiserror;
