//! An authority's CSV file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_authority::import;

fuzz_target!(|data: &[u8]| {
    for layout in [None, Some("nz"), Some("techo")] {
        if let Ok(read) = import::read(data, layout) {
            assert_eq!(read.accepted() + read.rejected.len(), read.rows);
        }
    }
});
