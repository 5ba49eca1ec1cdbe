//! A dose slip's text, and the bytes below its Base45.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::basics::base45;
use techo_protocol::vaccination::dose_slip::{DoseSlip, PREFIX};

fuzz_target!(|data: &[u8]| {
    let text = [PREFIX, &base45::encode(data)].concat();
    if let Ok(slip) = DoseSlip::read(&text) {
        assert_eq!(slip.to_text(), text);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = DoseSlip::read(text);
    }
});
