//! Any text that a code may hold, other countries' posters among them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_core::recognise::Recognised;

fuzz_target!(|data: &str| {
    let recognised = Recognised::of(data, &[]);
    let _ = recognised.view(data, 1_700_000_000);
    let _ = techo_core::arrival::arrive(&recognised, 1_700_000_000);
});
