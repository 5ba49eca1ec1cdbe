//! Any bytes as a certificate, a JWK, a DID document or a list of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_core::certificates::key_source;

fuzz_target!(|data: &[u8]| {
    if let Ok(keys) = key_source::read(data, Some(1_700_000_000)) {
        assert!(keys.iter().all(|key| !key.key.thumbprint().is_empty()));
    }
});
