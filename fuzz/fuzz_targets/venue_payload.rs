//! The payload of a venue code, past its decimal digits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::basics::decimal;
use techo_protocol::exposure::venue_code::VenueCode;

fuzz_target!(|data: &[u8]| {
    let text = format!("https://techo.example/v#{}", decimal::to_digits(data));
    if let Ok(code) = VenueCode::read(&text) {
        assert_eq!(code.to_text(), text);
    }
});
