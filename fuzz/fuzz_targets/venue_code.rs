//! The text of a venue code, from any camera.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::exposure::venue_code::VenueCode;

fuzz_target!(|data: &str| {
    if let Ok(code) = VenueCode::read(data) {
        let _ = code.check_signature([]);
        let _ = code.check_time(1_700_000_000);
        assert_eq!(VenueCode::read(&code.to_text()), Ok(code));
    }
});
