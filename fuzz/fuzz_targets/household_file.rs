//! A `.techo` file from a stick.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::household::household_file::HouseholdFile;

fuzz_target!(|data: &[u8]| {
    let _ = HouseholdFile::read(data);
});
