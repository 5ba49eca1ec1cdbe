//! Tests of the scanner as a whole, on drawn codes and on public pictures.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the numbers of a test are small"
)]

mod conformance;
mod drawing;
mod hostile;
mod reading;

pub(super) use drawing::{any_code, upright};
