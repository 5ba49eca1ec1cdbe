//! A municipality's update for its sites.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::vaccination::town_update::TownUpdate;
use techo_protocol::trust::TrustList;

fuzz_target!(|data: &[u8]| {
    let Ok(town) = TrustList::read(include_bytes!("../../protocol/fixtures/trust-list-v1.trust")) else {
        return;
    };
    let _ = TownUpdate::read(data, &town);
});
