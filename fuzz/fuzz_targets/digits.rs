//! Decimal digits of a code.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::basics::decimal;

fuzz_target!(|data: &str| {
    if let Some(bytes) = decimal::from_digits(data) {
        assert_eq!(decimal::to_digits(&bytes), data);
    }
});
