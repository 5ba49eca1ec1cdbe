//! Public files beside segments: a town's update for its sites, which is signed anew where it says something new.

use techo_protocol::trust::Role;
use techo_protocol::vaccination::public_file::PublicFileKind;
use techo_protocol::vaccination::revocations::Revocations;
use techo_protocol::vaccination::status_pass::Pass;
use techo_protocol::vaccination::town_update::TownUpdate;

use super::*;
use crate::municipality::passes::NewPass;
use crate::municipality::tests::{NOW, licensed, record, sealed, town};

fn publish(town: &mut Authority, relay: &FakeRelay, now: i64) -> usize {
    let published = town.publish(&[relay], now, &SeededRandom::new(4)).unwrap();
    assert!(published.relays[0].is_ok(), "{:?}", published.relays);
    published.prepared.len()
}

/// The file of a kind that the relay's manifest names.
fn file(relay: &FakeRelay, kind: PublicFileKind) -> Option<Vec<u8>> {
    let files = relay.manifest().files;
    let named = files.iter().find(|file| file.kind == kind.number())?;
    let file = relay.segments.borrow()[&named.hash].clone();
    assert!(named.names(&file) && named.bytes as usize == file.len());
    Some(file)
}

fn update(relay: &FakeRelay) -> Option<TownUpdate> {
    let file = file(relay, PublicFileKind::Sites)?;
    Some(TownUpdate::read(&file, &relay.trust.borrow()).unwrap())
}

fn revocations(relay: &FakeRelay) -> Option<Revocations> {
    let file = file(relay, PublicFileKind::Revocations)?;
    Some(Revocations::read(&file, [&*relay.trust.borrow()]).unwrap())
}

#[test]
fn a_town_s_lots_are_published_and_signed_anew_where_they_change() {
    let (_folder, mut town) = town();
    let relay = FakeRelay::new(&town);
    assert_eq!(publish(&mut town, &relay, NOW), 1);
    assert_eq!(update(&relay), None, "there is nothing to say to sites");

    town.import_lots(b"product,lot,doses\npfizer,EX3617,975\n", false, NOW)
        .unwrap();
    publish(&mut town, &relay, NOW + 1);
    let first = update(&relay).unwrap();
    assert_eq!((first.lots.len(), first.recalled.len(), first.issued_at), (1, 0, NOW + 1));
    publish(&mut town, &relay, NOW + HOUR);
    assert_eq!(update(&relay).as_ref(), Some(&first), "nothing has changed");

    town.add_recall("pfizer", "EX3617", &LocalisedText::default(), NOW + HOUR)
        .unwrap();
    publish(&mut town, &relay, NOW + HOUR);
    let second = update(&relay).unwrap();
    assert_eq!((second.number, second.recalled.len()), (first.number + 1, 1));
    // A relay that is new gets the newest alone.
    let new = FakeRelay::new(&town);
    town.send(&new).unwrap();
    assert_eq!(update(&new).as_ref(), Some(&second));
    assert_eq!(
        town.site_update(NOW + HOUR).unwrap().0.number,
        second.number + 1,
        "files by hand count on"
    );
    // What was taken back makes it shorter, and it is still said.
    town.withdraw_recall(1, NOW + 2 * HOUR).unwrap();
    publish(&mut town, &relay, NOW + 2 * HOUR);
    assert_eq!(update(&relay).unwrap().recalled, []);
}

#[test]
fn what_a_revoked_licence_key_signed_is_named_no_longer() {
    let (_folder, mut town) = town();
    let relay = FakeRelay::new(&town);
    town.import_lots(b"product,lot,doses\npfizer,EX3617,975\n", false, NOW)
        .unwrap();
    assert_eq!(publish(&mut town, &relay, NOW), 2, "first the key is announced");
    let first = file(&relay, PublicFileKind::Sites);
    let stolen = town.signer(KeyRole::Licence).unwrap().public();
    town.revoke_key(&hex::encode(stolen.0), NOW, &SeededRandom::new(5)).unwrap();
    assert_eq!(publish(&mut town, &relay, NOW + 1), 2);
    assert!(file(&relay, PublicFileKind::Sites) != first);
    assert_eq!(update(&relay).unwrap().lots.len(), 1);
    assert!(relay.trust.borrow().keys(Role::Licence).all(|key| *key != stolen));
}

#[test]
fn revoked_passes_are_published_at_once_and_otherwise_once_a_day() {
    let (_folder, mut town) = town();
    let relay = FakeRelay::new(&town);
    let site = licensed(&mut town, 40);
    let bundle = sealed(&town, &site, 40, 1, vec![record(1, 1, 1, NOW - 10 * DAY_SECONDS)]);
    town.import_bundle(&bundle, false, NOW).unwrap();
    let new = NewPass {
        ticket: 1.try_into().unwrap(),
        request: None,
        name: None,
    };
    let issued = town.issue_pass(&new, NOW, &SeededRandom::new(9)).unwrap();
    let pass = Pass::open(&issued.file, None).unwrap();
    let id = pass.credential(NOW).unwrap().id();
    publish(&mut town, &relay, NOW + 1);
    let first = revocations(&relay).unwrap();
    assert!(!first.contains(id));
    publish(&mut town, &relay, NOW + HOUR);
    assert_eq!(revocations(&relay).unwrap().number(), first.number(), "nothing has changed");

    town.revoke_passes(1.try_into().unwrap(), NOW + HOUR).unwrap();
    publish(&mut town, &relay, NOW + HOUR);
    let second = revocations(&relay).unwrap();
    assert!(second.contains(id) && second.number() == first.number() + 1);
    publish(&mut town, &relay, NOW + HOUR + DAY_SECONDS);
    let third = revocations(&relay).unwrap();
    assert_eq!(
        (third.number(), third.issued_at()),
        (second.number() + 1, NOW + HOUR + DAY_SECONDS)
    );
}

#[test]
fn an_authority_that_is_no_town_names_no_files() {
    let mut world = World::new();
    world.add(window(1, 3));
    world.publish();
    assert_eq!(world.relay.manifest().files, []);
}
