//! A municipality's CSV file and its mapping.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_authority::municipality::mapping::Mapping;
use techo_authority::tables::{Table, Text};

fuzz_target!(|data: &[u8]| {
    let _ = Mapping::read(data);
    if let Ok(text) = Text::of(data, None)
        && let Ok(mut table) = Table::of(&text)
    {
        let mut rows = 0;
        while table.next().is_some() {
            rows += 1;
            assert!(rows <= data.len());
        }
    }
});
