//! A backup as a file, and what may lie under its seal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_core::backup::Backup;
use techo_core::ports::SeededRandom;
use techo_protocol::basics::passphrase::{Cost, cost, seal};

fuzz_target!(|data: &[u8]| {
    // What asks for memory and time gets up to a second of it: that is no finding.
    if data.get(5..).and_then(cost).is_none() {
        let _ = Backup::open(data, "passphrase");
    }
    let sealed = seal(data, "passphrase", Cost::TEST, &SeededRandom::new(1)).expect("it is cheap");
    let _ = Backup::open(&[b"TBAK\x01", &sealed[..]].concat(), "passphrase");
});
