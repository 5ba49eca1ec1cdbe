//! Any bytes inside the outer shells of a DCC and of a card, which a fuzzer would not get through by itself.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use techo_core::certificates::{Trust, verify};
use techo_protocol::basics::base45;

fuzz_target!(|data: &[u8]| {
    let now = 1_700_000_000;
    // A COSE_Sign1 by ES256 over the bytes, and the bytes as the message itself.
    let mut message = vec![0xD2, 0x84, 0x43, 0xA1, 0x01, 0x26, 0xA0, 0x5A];
    message.extend_from_slice(&u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    message.extend_from_slice(data);
    message.extend_from_slice(&[0x58, 64]);
    message.extend_from_slice(&[0; 64]);
    for message in [data, &message] {
        verify(&format!("HC1:{}", base45::encode(&compress_to_vec_zlib(message, 1))), &Trust::default(), now);
    }
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","zip":"DEF","kid":"x"}"#);
    let payload = URL_SAFE_NO_PAD.encode(compress_to_vec(data, 1));
    verify(&format!("{header}.{payload}.{}", "A".repeat(86)), &Trust::default(), now);
});
