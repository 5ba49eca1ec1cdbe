//! A keyring as a relay or a file brings it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::household::keyring_record::KeyringRecord;

fuzz_target!(|data: &[u8]| {
    if let Ok(record) = KeyringRecord::read(data) {
        let _ = record.open(0, &[HpkePrivate::from_seed(&[1; 32])]);
    }
});
