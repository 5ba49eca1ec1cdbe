//! What relays get, and when nothing may be sent.

use super::*;

#[test]
fn what_was_signed_and_not_sent_is_sent_as_it_is() {
    let mut world = World::new();
    world.add(window(1, 3));
    let signed = world.authority.prepare(LATER, &world.random).unwrap();
    let file = world.authority.newest_manifest_file().unwrap().unwrap().1;
    // Here the process ends and another begins.
    world.authority = Authority::open(world.folder.path(), None).unwrap();
    let again = world.publish_at(LATER + 60).prepared.remove(0);
    assert!(again.reused && again.sequence == signed.sequence && again.segments == 0);
    assert_eq!(world.relay.manifest.borrow().as_ref(), Some(&file));
    assert_eq!(world.hours(&world.seed()), ".xx.......");

    world.authority.prepare(LATER + 120, &world.random).unwrap();
    let late = world.publish_at(LATER + 120 + 600).prepared.remove(0);
    assert!(!late.reused, "a manifest that is no longer fresh is signed anew");
    assert_eq!(world.relay.manifest().segments.len(), 1);
}

#[test]
fn relays_get_what_they_lack() {
    let mut world = World::new();
    world.add(window(1, 3));
    world.publish();
    let new = FakeRelay::new(&world.authority);
    let sent = world.authority.send(&new).unwrap();
    assert_eq!((sent.segments, new.listed().len()), (1, 1));
    assert_eq!(world.authority.send(&new).unwrap().bytes, 0);
    assert_eq!(new.puts.get(), 3, "the trust list, one segment, the manifest");

    new.is_away.set(true);
    let published = world.authority.publish(&[&new, &world.relay], LATER, &world.random).unwrap();
    assert_eq!(published.relays[0].as_ref().unwrap_err().code(), "http.unreachable");
    assert!(published.relays[1].is_ok(), "one that is away does not stop the others");
    new.is_away.set(false);
    assert!(world.authority.send(&new).is_ok());
}

#[test]
fn a_relay_that_was_away_while_the_notice_key_changed_follows() {
    let mut world = World::new();
    let away = FakeRelay::new(&world.authority);
    let old = world.authority.signer(KeyRole::Notice).unwrap().public();
    world.authority.rotate_key(KeyRole::Notice, LATER, &world.random).unwrap();
    world.publish();
    let digits = hex::encode(old.0);
    world.authority.revoke_key(&digits, LATER, &world.random).unwrap();
    world.add(window(1, 3));
    world.publish();
    let sent = world.authority.send(&away).unwrap();
    assert_eq!((sent.segments, away.listed().len()), (1, 1));
}

#[test]
fn two_copies_of_a_profile_do_not_both_publish() {
    let mut world = World::new();
    world.publish();
    let copy = tempfile::tempdir().unwrap();
    for part in [".", "keys", "root"] {
        std::fs::create_dir_all(copy.path().join(part)).unwrap();
        for file in std::fs::read_dir(world.folder.path().join(part)).unwrap().flatten() {
            if file.path().is_file() {
                std::fs::copy(file.path(), copy.path().join(part).join(file.file_name())).unwrap();
            }
        }
    }
    let mut old_copy = Authority::open(copy.path(), None).unwrap();
    world.publish();
    world.publish();
    let published = old_copy.publish(&[&world.relay], LATER + 1, &SeededRandom::new(8)).unwrap();
    assert_eq!(published.relays[0].as_ref().unwrap_err().code(), "publish.relay_ahead");
}

#[test]
fn a_relay_that_holds_another_list_of_the_same_number_is_told_of() {
    let mut world = World::new();
    world.publish();
    world.authority.prepare(LATER + 5, &world.random).unwrap();
    let (sequence, file) = world.authority.newest_manifest_file().unwrap().unwrap();
    let unverified = techo_protocol::exposure::manifest::Manifest::read(&file).unwrap();
    let signer = world.authority.signer(KeyRole::Manifest).unwrap();
    let mut forked = unverified.verify([&signer.public()]).unwrap();
    forked.audit_head = [9; 32];
    assert_eq!(forked.sequence, sequence);
    *world.relay.manifest.borrow_mut() = Some(forked.write(&signer));
    assert_eq!(
        world.authority.send(&world.relay).unwrap_err().code(),
        "publish.relay_disagrees"
    );
}

#[test]
fn a_clock_that_is_behind_signs_nothing() {
    let mut world = World::new();
    world.publish();
    let error = world.authority.prepare(LATER - 1, &world.random).unwrap_err();
    assert_eq!(error.code(), "publish.clock_behind");
}
