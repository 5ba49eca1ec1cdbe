use proptest::prelude::*;
use techo_protocol::Coded as _;
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::exposure::venue_code::{Poster, VenueCode};

use super::*;
use crate::profile::tests::{NOW, authority};

pub(crate) const BAR: NewVenue<'_> = NewVenue {
    name: "Bar Yoru",
    address: "Kita-ku, Osaka",
    kind: VenueKind::Restaurant,
    seats: Some(40),
    area_m2: None,
    stay_minutes: None,
};

/// Every code of a venue that has not expired at `time`, newest first.
fn posters_of(db: &Connection, venue: VenueNumber, time: i64) -> Vec<Poster> {
    let mut query = db
        .prepare("SELECT text FROM code WHERE venue = ?1 AND expires_at > ?2 ORDER BY issued_at DESC")
        .unwrap();
    let texts = query.query_map((venue.value(), time), |row| row.get::<_, String>(0)).unwrap();
    texts.map(|text| read_poster(&text.unwrap()).unwrap()).collect()
}

/// The text of the code on a venue's wall.
pub(crate) fn text_of(venue: &Venue) -> String {
    venue.code.as_ref().unwrap().text.clone()
}

#[test]
fn a_venue_has_a_code_that_the_trust_list_verifies() {
    let (_folder, mut authority) = authority();
    let venue = authority.add_venue(&BAR, NOW, &SeededRandom::new(2)).unwrap();
    assert_eq!((venue.name.as_str(), venue.stay_minutes), ("Bar Yoru", 120));
    let code = VenueCode::read(&text_of(&venue)).unwrap();
    assert!(code.check_signature([&authority.trust_list().unwrap()]).is_ok());
    assert_eq!((code.name(), code.default_stay_minutes()), ("Bar Yoru", 120));
    assert!(code.check_time(NOW + 365 * DAY_SECONDS).is_ok());
    assert!(code.check_time(NOW + 367 * DAY_SECONDS).is_err());
    assert_eq!(authority.venue(venue.number).unwrap(), venue);
}

#[test]
fn what_cannot_be_registered_is_refused() {
    let (_folder, mut authority) = authority();
    let long = "x".repeat(301);
    for (new, code) in [
        (NewVenue { name: " ", ..BAR }, "venue.text"),
        (NewVenue { name: "a\nb", ..BAR }, "venue.text"),
        (NewVenue { address: &long, ..BAR }, "venue.text"),
        (
            NewVenue {
                stay_minutes: Some(0),
                ..BAR
            },
            "venue.stay",
        ),
        (
            NewVenue {
                stay_minutes: Some(1_441),
                ..BAR
            },
            "venue.stay",
        ),
    ] {
        let error = authority.add_venue(&new, NOW, &SeededRandom::new(2)).unwrap_err();
        assert_eq!(error.code(), code);
    }
    assert_eq!(authority.venues(true).unwrap(), []);
    let number = "10000000";
    let nobody = (0..10).find_map(|d| format!("{}{d}", &number[..7]).parse().ok()).unwrap();
    assert_eq!(authority.venue(nobody).unwrap_err().code(), "venue.unknown");
}

#[test]
fn a_reissued_code_is_new_and_the_old_one_stays_for_matching() {
    let (_folder, mut authority) = authority();
    let random = SeededRandom::new(2);
    let old = authority.add_venue(&BAR, NOW, &random).unwrap();
    let new = authority.reissue_code(old.number, NOW + 60, &random).unwrap();
    assert_eq!(old.number, new.number);
    assert_ne!(text_of(&old), text_of(&new));
    let posters = posters_of(&authority.db, old.number, NOW);
    let texts: Vec<_> = posters.iter().map(Poster::to_text).collect();
    assert_eq!(texts, [text_of(&new), text_of(&old)]);
    let expired = NOW + 366 * DAY_SECONDS;
    assert!(posters_of(&authority.db, old.number, expired).is_empty());
}

#[test]
fn an_edit_asks_for_a_new_poster_when_the_code_says_something_else() {
    let (_folder, mut authority) = authority();
    let random = SeededRandom::new(2);
    let venue = authority.add_venue(&BAR, NOW, &random).unwrap();
    let edit = |authority: &mut Authority, change| authority.edit_venue(venue.number, &change, NOW).unwrap();
    let seats = edit(
        &mut authority,
        VenueChange {
            seats: Some(120),
            ..VenueChange::default()
        },
    );
    assert_eq!((seats.seats, seats.needs_reissue()), (Some(120), false));
    let stay = edit(
        &mut authority,
        VenueChange {
            stay_minutes: Some(45),
            ..VenueChange::default()
        },
    );
    assert_eq!((stay.stay_minutes, stay.needs_reissue()), (50, true));
    let reissued = authority.reissue_code(venue.number, NOW, &random).unwrap();
    assert!(!reissued.needs_reissue());
    let long = "x".repeat(120);
    let named = edit(
        &mut authority,
        VenueChange {
            name: Some(&long),
            ..VenueChange::default()
        },
    );
    assert!(named.needs_reissue());
    let reissued = authority.reissue_code(venue.number, NOW, &random).unwrap();
    assert!(!reissued.needs_reissue(), "a code that says what fits says all it can");
}

#[test]
fn a_retired_venue_gets_no_new_codes() {
    let (_folder, mut authority) = authority();
    let random = SeededRandom::new(2);
    let venue = authority.add_venue(&BAR, NOW, &random).unwrap();
    authority.retire_venue(venue.number, NOW).unwrap();
    let number = venue.number;
    for error in [
        authority.reissue_code(number, NOW, &random).unwrap_err(),
        authority.retire_venue(number, NOW).unwrap_err(),
        authority.rotate_code(number, NOW).unwrap_err(),
    ] {
        assert_eq!(error.code(), "venue.retired");
    }
    assert_eq!(authority.venues(false).unwrap(), []);
    assert_eq!(authority.venues(true).unwrap().len(), 1);
    assert_eq!(find(&authority.db, BAR.name, BAR.address).unwrap(), None);
    assert_eq!(posters_of(&authority.db, number, NOW).len(), 1);
}

#[test]
fn a_tablet_s_code_has_the_poster_s_keys_for_its_hours_only() {
    let (_folder, mut authority) = authority();
    let venue = authority.add_venue(&BAR, NOW, &SeededRandom::new(2)).unwrap();
    let at = NOW + 10 * 3_600 + 1_234;
    let code = authority.rotate_code(venue.number, at).unwrap();
    let VenueCode::Rotating(rotating) = VenueCode::read(&code.text).unwrap() else {
        panic!("a rotating code")
    };
    assert!(
        VenueCode::Rotating(rotating.clone())
            .check_signature([&authority.trust_list().unwrap()])
            .is_ok()
    );
    assert_eq!(
        (code.from, code.to),
        (NOW + 10 * 3_600, NOW + 13 * 3_600),
        "a stay of two hours touches three"
    );
    let poster = posters_of(&authority.db, venue.number, NOW).remove(0);
    for (slot, key) in rotating.slots() {
        assert_eq!(*key, poster.seed().slot_key(slot));
    }
    for at in [NOW - 2 * DAY_SECONDS, NOW + 400 * DAY_SECONDS, i64::MAX] {
        assert_eq!(authority.rotate_code(venue.number, at).unwrap_err().code(), "venue.time");
    }
}

#[test]
fn serials_neither_count_nor_repeat() {
    let (_folder, mut authority) = authority();
    let venue = authority.add_venue(&BAR, NOW, &SeededRandom::new(2)).unwrap();
    // The same stream again draws the same serial first, which is taken by then.
    let again = authority.reissue_code(venue.number, NOW, &SeededRandom::new(2)).unwrap();
    let more = authority.reissue_code(venue.number, NOW, &SeededRandom::new(2)).unwrap();
    let serials = [&venue, &again, &more].map(|venue| venue.code.as_ref().unwrap().serial);
    assert!(serials[0] != serials[1] && serials[1] != serials[2] && serials[0] != serials[2]);
    assert!(serials.iter().any(|serial| *serial > 1_000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_texts_are_registered_or_refused(name in ".{0,100}", address in ".{0,100}") {
        let (_folder, mut authority) = authority();
        let new = NewVenue { name: &name, address: &address, ..BAR };
        match authority.add_venue(&new, NOW, &SeededRandom::new(2)) {
            Ok(venue) => prop_assert_eq!(find(&authority.db, &name, &address).unwrap(), Some(venue.number)),
            Err(error) => prop_assert_eq!(error.code(), "venue.text"),
        }
    }
}
