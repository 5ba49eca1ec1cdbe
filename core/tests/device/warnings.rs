//! Alerts of several devices.

use techo_core::device::{CheckIn, Device};
use techo_core::diary::Filter;
use techo_core::sync::household::NewIdentity;
use techo_core::sync::{exchange, pairing};
use techo_core::vault::RecordKind;
use techo_protocol::basics::random::SystemRandom;
use techo_testing::memory_relay::MemoryRelay;

fn sync(device: &mut Device, relay: &MemoryRelay) {
    let now = device.now();
    exchange::exchange(device.vault(), relay, "relay", now).unwrap();
}

#[test]
fn a_visit_deleted_on_one_phone_leaves_no_alert_in_the_other() {
    let (files, clock) = (
        techo_testing::Files::default(),
        techo_testing::SetClock::at(techo_testing::NOW),
    );
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [mut first, mut second] = [0, 1].map(|n: usize| {
        let ports = techo_testing::ports_with(&files, &clock);
        Device::open(folders[n].path(), ports).unwrap()
    });
    let relay = MemoryRelay::new(1);
    let identity = NewIdentity::generate("second", &SystemRandom::new()).unwrap();
    sync(&mut first, &relay);
    let now = techo_testing::NOW;
    let welcome = pairing::admit(first.vault(), &relay, "relay", &identity.device, now).unwrap();
    pairing::join(second.vault(), &relay, &identity, &welcome, now).unwrap();
    for device in [&mut first, &mut second] {
        sync(device, &relay);
    }

    let mut osaka = techo_testing::Authority::named("Osaka Prefecture");
    second.follow(&osaka.trust_file()).unwrap();
    let check_in = CheckIn {
        texts: vec![osaka.poster("Bar Yoru").unwrap()],
        ..CheckIn::default()
    };
    let visit = second.check_in(&check_in).unwrap().visit.id;
    clock.pass(7_200);
    osaka.warn("Bar Yoru", now, now + 1_800).unwrap();
    osaka.publish(&files, now + 7_200).unwrap();
    second.fetch(&[]).unwrap();
    let shown = second.warnings().unwrap().alerts;
    second.mark_alerts_seen(&shown).unwrap();
    assert_eq!(second.vault().records(RecordKind::Alert).unwrap().len(), 1);
    sync(&mut second, &relay);
    sync(&mut first, &relay);

    first.delete_visits(&[visit]).unwrap();
    sync(&mut first, &relay);
    sync(&mut second, &relay);
    second.visits(&Filter::default()).unwrap();
    assert_eq!(second.vault().records(RecordKind::Alert).unwrap(), []);
}
