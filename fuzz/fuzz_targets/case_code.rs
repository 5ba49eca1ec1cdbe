//! A one-time code as a person types it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::exposure::case_code::CaseCode;

fuzz_target!(|data: &str| {
    if let Ok(code) = CaseCode::read(data) {
        assert_eq!(CaseCode::read(&code.to_string()), Ok(code));
    }
});
