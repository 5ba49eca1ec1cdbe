//! What lies inside a chunk that another device sealed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::household::body::UnverifiedBody;
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::StreamId;

fuzz_target!(|data: &[u8]| {
    if let Ok(body) = UnverifiedBody::read(data) {
        let _ = body.verify(StreamId([1; 16]), &PublicKey([2; 32]));
    }
});
