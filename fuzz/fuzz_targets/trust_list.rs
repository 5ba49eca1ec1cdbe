//! A trust file, by hand or from a relay.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::trust::TrustList;

fuzz_target!(|data: &[u8]| {
    let _ = TrustList::read(data);
});
