//! A manifest from a relay.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::exposure::manifest::Manifest;

fuzz_target!(|data: &[u8]| {
    if let Ok(read) = Manifest::read(data) {
        let _ = read.trust_list().len();
        let _ = read.verify([]);
    }
});
