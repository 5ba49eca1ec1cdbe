//! Public files beside segments: a town's update for its sites, which is signed anew where it says something new.

use techo_protocol::keys::sha256;
use techo_protocol::public_file::PublicFileKind;
use techo_protocol::revocations::Revocations;
use techo_protocol::status_pass::CredentialId;
use techo_protocol::town_update::TownUpdate;
use techo_protocol::trust::Role;

use super::*;
use crate::municipality::tests::{NOW, town};

fn publish(town: &mut Authority, relay: &FakeRelay, now: i64) -> usize {
    let published = town.publish(&[relay], now, &SeededRandom::new(4)).unwrap();
    assert!(published.relays[0].is_ok(), "{:?}", published.relays);
    published.prepared.len()
}

/// The file of a kind that the relay's manifest names.
fn file(relay: &FakeRelay, kind: PublicFileKind) -> Option<Vec<u8>> {
    let files = relay.manifest().files;
    let named: Vec<_> = files.iter().filter(|file| file.kind == kind.number()).collect();
    assert!(named.len() <= 1);
    let file = relay.segments.borrow().get(&named.first()?.hash)?.clone();
    assert_eq!(sha256(&file), named[0].hash);
    Some(file)
}

/// The update that the relay's manifest names.
fn update(relay: &FakeRelay) -> Option<TownUpdate> {
    Some(TownUpdate::read(&file(relay, PublicFileKind::Sites)?, &relay.trust.borrow()).unwrap())
}

/// The list of revoked passes that the relay's manifest names.
fn revocations(relay: &FakeRelay) -> Revocations {
    Revocations::read(&file(relay, PublicFileKind::Revocations).unwrap(), [&*relay.trust.borrow()]).unwrap()
}

#[test]
fn revoked_passes_are_listed_at_the_next_publishing_and_the_list_is_a_day_old_at_most() {
    let (_folder, mut town) = town();
    let relay = FakeRelay::new(&town);
    publish(&mut town, &relay, NOW);
    let empty = revocations(&relay);
    publish(&mut town, &relay, NOW + HOUR);
    assert_eq!(revocations(&relay), empty, "nothing was revoked");
    let id = CredentialId([7; 8]);
    let insert = "INSERT INTO pass (id, ticket, ends_at, revoked_at) VALUES (?1, 1, ?2, 0)";
    town.db.execute(insert, (id.0, NOW + 30 * HOUR)).unwrap();
    publish(&mut town, &relay, NOW + 2 * HOUR);
    let listed = revocations(&relay);
    assert!(listed.contains(id) && !empty.contains(id) && listed.number() > empty.number());
    publish(&mut town, &relay, NOW + 27 * HOUR);
    assert!(revocations(&relay).issued_at() == NOW + 27 * HOUR && revocations(&relay).contains(id));
    publish(&mut town, &relay, NOW + 52 * HOUR);
    assert!(!revocations(&relay).contains(id), "its copy has ended");
}

#[test]
fn a_town_s_lots_are_published_and_signed_anew_where_they_change() {
    let (_folder, mut town) = town();
    let relay = FakeRelay::new(&town);
    assert_eq!(publish(&mut town, &relay, NOW), 1);
    assert_eq!(update(&relay), None, "there is nothing to say");

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
    let first = relay.manifest().files;
    let stolen = town.signer(KeyRole::Licence).unwrap().public();
    town.revoke_key(&hex(&stolen.0), NOW, &SeededRandom::new(5)).unwrap();
    assert_eq!(publish(&mut town, &relay, NOW + 1), 2);
    let second = relay.manifest().files;
    assert!(second.len() == 2 && second != first);
    assert_eq!(update(&relay).unwrap().lots.len(), 1);
    assert!(relay.trust.borrow().keys(Role::Licence).all(|key| *key != stolen));
}

#[test]
fn an_authority_that_is_no_town_names_no_files() {
    let mut world = World::new();
    world.add(window(1, 3));
    world.publish();
    assert_eq!(world.relay.manifest().files, []);
}
