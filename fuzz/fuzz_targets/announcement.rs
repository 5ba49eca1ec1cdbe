//! What anybody on the network may announce.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::basics::agreement::AgreementKey;
use techo_protocol::household::direct::Advertisement;

fuzz_target!(|data: &[u8]| {
    if let Some(heard) = std::str::from_utf8(data).ok().and_then(|text| Advertisement::read(text).ok()) {
        let peer = AgreementKey::from_seed(&[2; 32]).public();
        let _ = heard.recognise(&AgreementKey::from_seed(&[1; 32]), &[peer]);
        assert_eq!(Advertisement::read(&heard.write()), Ok(heard));
    }
});
