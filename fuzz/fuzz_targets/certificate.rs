//! Any text as a certificate of any kind, and several as the codes of one card.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_core::certificates::{self, Trust, Verdict};

fuzz_target!(|data: &str| {
    let texts: Vec<String> = data.lines().map(str::to_owned).collect();
    for text in certificates::whole(&texts).unwrap_or_default().iter().chain(&texts) {
        let _ = certificates::kind(text);
        let verified = certificates::verify(text, &Trust::default(), 1_700_000_000);
        assert_ne!(verified.verdict(), Verdict::Valid, "nobody is trusted");
    }
});
