//! Whom a device follows.

use techo_core::device::{Device, TrustAnswer};
use techo_protocol::exposure::relay_api::manifest_path;

#[test]
fn a_relay_cannot_make_a_person_follow_another_authority() {
    let folder = tempfile::tempdir().unwrap();
    let relay = techo_testing::Files::default();
    let clock = techo_testing::SetClock::at(techo_testing::NOW);
    let mut device = Device::open(folder.path(), techo_testing::ports_with(&relay, &clock)).unwrap();
    let (osaka, mut other) = (
        techo_testing::Authority::named("Osaka"),
        techo_testing::Authority::named("Other"),
    );
    device.follow(&osaka.trust_file()).unwrap();
    other.publish(&relay, techo_testing::NOW).unwrap();
    let others = relay.file(&manifest_path(other.id())).unwrap();
    relay.add(&manifest_path(osaka.id()), others);

    let asked = device.update_from_relays().unwrap();
    assert!(matches!(asked[0].answer, TrustAnswer::Failed { .. }), "{asked:?}");
    let authorities = device.following().unwrap().authorities;
    assert_eq!(
        authorities.iter().map(|followed| followed.authority).collect::<Vec<_>>(),
        [osaka.id()]
    );
}
