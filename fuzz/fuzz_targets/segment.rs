//! A segment from a relay.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::basics::elias_fano::Target;
use techo_protocol::exposure::segment::Segment;
use techo_protocol::exposure::tag::SlotKey;

fuzz_target!(|data: &[u8]| {
    if let Ok(segment) = Segment::parse(data) {
        segment.for_each_tag(|_| ());
        segment.search(&[Target { tag: 0, id: 0 }, Target { tag: 1 << 55, id: 1 }], |_, _| ());
        let _ = segment.open_all(&SlotKey([7; 16].into()));
        let _ = segment.recalls();
        let _ = segment.verify([]);
    }
});
