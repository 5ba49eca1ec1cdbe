//! Any bytes as a bundle of issuers' keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::certificates::trust_bundle::TrustBundle;

fuzz_target!(|data: &[u8]| {
    let _ = TrustBundle::read(data);
    let _ = TrustBundle::read(&[b"TTBN\x01".as_slice(), data].concat());
});
