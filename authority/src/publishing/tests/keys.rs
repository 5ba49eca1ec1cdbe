//! Publishing while keys are rotated, revoked, or away.

use super::*;

#[test]
fn a_rotated_key_is_announced_before_it_signs() {
    let mut world = World::new();
    world.publish();
    world.authority.rotate_key(KeyRole::Notice, LATER, &world.random).unwrap();
    world.authority.rotate_key(KeyRole::Manifest, LATER, &world.random).unwrap();
    world.add(window(1, 3));
    let published = world.publish_at(LATER);
    assert_eq!(published.prepared.len(), 1, "the old key still signs");
    world.add(window(4, 5));
    assert_eq!(world.publish().segments, 1);
    let signer = world.authority.signer(KeyRole::Notice).unwrap().public();
    let newest = world.relay.listed().pop().unwrap();
    assert!(
        Segment::parse(&newest).unwrap().verify([&signer]).is_ok(),
        "the new key signs once it is announced"
    );
}

#[test]
fn what_a_revoked_key_signed_is_published_again() {
    let mut world = World::new();
    let notice = world.add(window(1, 3));
    world
        .authority
        .add_recall("pfizer", "A1", &LocalisedText::default(), LATER)
        .unwrap();
    world.publish();
    let stolen = world.authority.signer(KeyRole::Notice).unwrap().public();
    world
        .authority
        .revoke_key(&hex::encode(stolen.0), LATER, &world.random)
        .unwrap();
    let published = world.publish_at(LATER);
    assert_eq!(published.prepared.len(), 2, "first the new key is announced");
    assert!(published.prepared[0].deferred && published.prepared[0].segments == 0);
    let listed = world.relay.listed();
    assert_eq!(listed.len(), 1);
    let segment = Segment::parse(&listed[0]).unwrap();
    assert!(segment.verify([&stolen]).is_err());
    assert_eq!(segment.recalls().unwrap().len(), 1);
    assert_eq!(world.hours(&world.seed()), ".xx.......");
    world.change(&revise(notice, 2, 3));
    world.publish();
    assert_eq!(
        world.hours(&world.seed()),
        ".wx.......",
        "what was said before is not forgotten"
    );
}

#[test]
fn publishing_needs_no_root_and_an_old_trust_list_is_warned_of() {
    let mut world = World::new();
    std::fs::remove_dir_all(world.folder.path().join(crate::keys::ROOT_FOLDER)).unwrap();
    world.add(window(1, 3));
    assert_eq!(world.publish().warnings, []);
    let soon = world.publish_at(NOW + 700 * DAY_SECONDS).prepared.remove(0);
    assert_eq!(soon.warnings, [PublishWarning::TrustListExpiresSoon { days: 30 }]);
    let late = world.publish_at(NOW + 731 * DAY_SECONDS).prepared.remove(0);
    assert_eq!(late.warnings, [PublishWarning::TrustListExpired]);
}

#[test]
fn a_manifest_carries_the_audit_log_s_head_and_the_newest_trust_list() {
    let mut world = World::new();
    world.add(window(1, 3));
    world.authority.renew_trust(LATER).unwrap();
    world.publish();
    let manifest = world.relay.manifest();
    let rows = world.authority.audit_rows().unwrap();
    assert!(
        rows.iter()
            .any(|row| row.hash == manifest.audit_head && row.what == "segment.signed")
    );
    assert_eq!(world.relay.trust.borrow().number, 2);
    assert!(world.authority.verify_audit().is_ok());
}
