//! A sealed chunk from a relay or another device.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::household::chunk::{Envelope, EpochKey};

fuzz_target!(|data: &[u8]| {
    let _ = Envelope::read(data);
    let _ = Envelope::open(data, &EpochKey([1; 32].into()));
});
