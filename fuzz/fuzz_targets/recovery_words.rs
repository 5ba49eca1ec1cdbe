//! Recovery words as a person types them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::household::recovery::RecoveryWords;

fuzz_target!(|data: &str| {
    if let Ok(words) = RecoveryWords::parse(None, data) {
        assert_eq!(RecoveryWords::parse(None, &words.text()), Ok(words));
    }
});
