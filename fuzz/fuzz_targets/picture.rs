//! Any bytes as a picture file, read and scanned.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_core::scan::{Options, picture, scan};

fuzz_target!(|data: &[u8]| {
    if let Ok(picture) = picture::decode(data) {
        let _ = scan(&picture, &Options::default());
    }
});
