//! An authority's CSV file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_authority::import;

fuzz_target!(|data: &[u8]| {
    for layout in [None, Some("nz"), Some("techo")] {
        if let Ok(read) = import::read(data, layout) {
            // Of rows with one id the last alone is an event, so there may be fewer events than accepted rows.
            assert!(read.events.len() <= read.accepted());
            assert!(read.events.is_sorted_by(|a, b| a.row < b.row));
            assert!(read.rejected.is_sorted_by(|a, b| a.row < b.row));
            assert!(read.events.iter().all(|event| event.from < event.to));
        }
    }
});
