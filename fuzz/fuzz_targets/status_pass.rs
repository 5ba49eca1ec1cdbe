//! A status pass: what a phone shows, what it asks for, the file it is given, and what it keeps.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::basics::decimal;
use techo_protocol::vaccination::status_pass::{Door, Pass, Presentation, Request, RequestKeys};

fuzz_target!(|data: &[u8]| {
    // The digits of any bytes, which a fuzzer would not find by itself; and any text.
    let digits = format!("8471{}", decimal::to_digits(data));
    for text in [Some(digits.as_str()), std::str::from_utf8(data).ok()].into_iter().flatten() {
        if let Ok(shown) = Presentation::read(text) {
            assert_eq!(Presentation::read(&shown.to_text()), Ok(shown.clone()));
            let _ = Door::default().check(&shown, &[], None, |_, _| false, 1_700_000_000);
        }
    }
    let file = |head: &[u8]| [head, data].concat();
    let _ = Request::read(data);
    let _ = Request::read(&file(b"TSRQ\x01"));
    let _ = Pass::open(data, None);
    for pass in [Pass::open(&file(b"TSPA\x01\x01"), None), Pass::from_bytes(data)].into_iter().flatten() {
        assert!(Pass::from_bytes(&pass.to_bytes()).is_ok());
    }
    if let Ok(keys) = RequestKeys::from_bytes(data) {
        assert!(RequestKeys::from_bytes(&keys.to_bytes()).is_ok());
    }
});
