use super::*;

fn look(door: &mut Door, world: &World, shown: &Presentation, nonce: Option<&str>, now: i64) -> Vec<Refused> {
    door.check(shown, &[world.issuer()], nonce, |_, _| false, now).refused
}

/// What a door says that has seen nothing before.
fn fresh(world: &World, shown: &Presentation, nonce: Option<&str>, now: i64) -> Vec<Refused> {
    look(&mut Door::default(), world, shown, nonce, now)
}

#[test]
fn a_code_lives_for_a_minute() {
    let world = World::new();
    let shown = world.pass.present(&USUAL, None, NOON).unwrap();
    for (later, refused) in [
        (0, None),
        (20, None),
        (60, None),
        (61, Some(Refused::TooOld)),
        (120, Some(Refused::TooOld)),
        (-60, None),
        (-61, Some(Refused::ClocksDiffer)),
    ] {
        assert_eq!(
            fresh(&world, &shown, None, NOON + later),
            Vec::from_iter(refused),
            "{later} s"
        );
    }
}

#[test]
fn a_pass_is_shown_once_in_two_minutes_however_it_is_signed() {
    let world = World::new();
    let mut door = Door::default();
    let first = world.pass.present(&USUAL, None, NOON).unwrap();
    let anew = world.pass.present(&[Field::Status], None, NOON + 20).unwrap();
    let later = world.pass.present(&USUAL, None, NOON + 121).unwrap();
    assert_eq!(look(&mut door, &world, &first, None, NOON), []);
    assert_eq!(look(&mut door, &world, &first, None, NOON + 5), [Refused::AlreadyShown]);
    assert_eq!(look(&mut door, &world, &anew, None, NOON + 20), [Refused::AlreadyShown]);
    assert_eq!(
        look(&mut door, &world, &later, None, NOON + 121),
        [],
        "and no longer than that"
    );
    let other = World::new();
    let others = other.pass.present(&USUAL, None, NOON + 121).unwrap();
    assert_eq!(look(&mut door, &other, &others, None, NOON + 121), []);
}

#[test]
fn what_is_refused_is_not_remembered() {
    let world = World::new();
    let mut door = Door::default();
    let shown = world.pass.present(&USUAL, None, NOON).unwrap();
    assert_eq!(look(&mut door, &world, &shown, None, NOON - 100), [Refused::ClocksDiffer]);
    assert_eq!(look(&mut door, &world, &shown, None, NOON), []);
}

#[test]
fn a_strict_check_takes_the_answer_to_its_own_nonce_alone() {
    let world = World::new();
    let shown = world.pass.present(&USUAL, Some("mine"), NOON).unwrap();
    assert_eq!(fresh(&world, &shown, Some("mine"), NOON), []);
    assert_eq!(fresh(&world, &shown, Some("yours"), NOON), [Refused::NotBound]);
    assert_eq!(fresh(&world, &shown, None, NOON), [Refused::NotBound]);
    let quick = world.pass.present(&USUAL, None, NOON).unwrap();
    assert_eq!(fresh(&world, &quick, Some("mine"), NOON), [Refused::NotBound]);
    let minute = (NOON / 60).to_string();
    assert_eq!(fresh(&world, &quick, Some(&minute), NOON), [Refused::NotBound]);
}

#[test]
fn a_strict_check_with_clocks_apart_cannot_tell() {
    let world = World::new();
    let shown = world.pass.present(&USUAL, Some("mine"), NOON).unwrap();
    for later in [61, -61] {
        assert_eq!(fresh(&world, &shown, Some("mine"), NOON + later), [Refused::ClocksDiffer]);
    }
    assert!(Refused::ClocksDiffer.leaves_open() && Refused::UnknownKey.leaves_open());
    assert!(!Refused::TooOld.leaves_open());
}

#[test]
fn a_credential_counts_on_its_day() {
    let world = World::new();
    let midnight = NOON + 12 * 3_600;
    let shown = world.pass.present(&USUAL, None, midnight - 30).unwrap();
    assert_eq!(
        fresh(&world, &shown, None, midnight + 10),
        [],
        "somebody stands at the door at midnight"
    );
    let credential = world.pass.credential(NOON).unwrap();
    let key = world
        .keys
        .keys
        .iter()
        .find(|key| key.public() == credential.holder())
        .unwrap();
    for (at, refused) in [
        (midnight + 599, None),
        (midnight + 600, Some(Refused::Expired)),
        (NOON - 12 * 3_600 - 600, None),
        (NOON - 12 * 3_600 - 601, Some(Refused::NotYetValid)),
    ] {
        let shown = credential.present(&world.issuer(), &USUAL, None, key, at).unwrap();
        assert_eq!(fresh(&world, &shown, None, at), Vec::from_iter(refused));
    }
}

#[test]
fn a_last_day_that_is_over_is_refused_where_it_is_shown() {
    let world = World::new();
    let last = |text: &str| {
        let values = [Value::Doses(2), Value::ValidUntil(date(text))];
        let issued = PassFile::issue(
            (TOWN, &world.key),
            None,
            &|_| values.to_vec(),
            None,
            NOON,
            &SeededRandom::new(3),
        )
        .unwrap();
        let shown = Pass::open(&issued.file, None)
            .unwrap()
            .present(&[Field::ValidUntil], None, NOON)
            .unwrap();
        fresh(&world, &shown, None, NOON)
    };
    assert_eq!(last("2021-10-02"), []);
    assert_eq!(last("2021-10-01"), [Refused::Expired]);
}

#[test]
fn a_revoked_pass_is_refused_and_nobody_else() {
    let world = World::new();
    let shown = world.pass.present(&USUAL, None, NOON).unwrap();
    let revoked = world.pass.credential(NOON).unwrap().id();
    let look = |id: CredentialId| {
        let is_revoked = |town: crate::trust::AuthorityId, shown: CredentialId| town == TOWN && shown == id;
        Door::default()
            .check(&shown, &[world.issuer()], None, is_revoked, NOON)
            .refused
    };
    assert_eq!(look(revoked), [Refused::Revoked]);
    assert_eq!(look(CredentialId([0; 8])), []);
    assert!(
        world
            .issued
            .ids
            .iter()
            .any(|(id, ends)| *id == revoked && *ends == NOON + 12 * 3_600 + 600)
    );
}

#[test]
fn an_unknown_issuer_leaves_it_open_and_a_forger_does_not() {
    let world = World::new();
    let shown = world.pass.present(&USUAL, None, NOON).unwrap();
    let check = |issuers: &[Issuer]| Door::default().check(&shown, issuers, None, |_, _| false, NOON);
    assert_eq!(check(&[]).refused, [Refused::UnknownKey]);
    assert_eq!(check(&[World::new().issuer()]).refused, [Refused::UnknownKey]);
    let elsewhere = Issuer {
        authority: crate::trust::AuthorityId([8; 16]),
        ..world.issuer()
    };
    assert_eq!(
        check(&[elsewhere]).refused,
        [Refused::SignatureInvalid],
        "the town's name is signed too"
    );
    let checked = check(&[elsewhere, world.issuer()]);
    assert_eq!((checked.authority, checked.refused), (Some(TOWN), vec![]));
    assert_eq!(checked.values, [&values()[0], &values()[3], &values()[4]].map(Clone::clone));
}

#[test]
fn every_changed_byte_is_noticed() {
    let world = World::new();
    let shown = world.pass.present(&USUAL, None, NOON).unwrap();
    let bytes = crate::basics::decimal::from_digits(&shown.to_text()[4..]).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let text = format!("8471{}", crate::basics::decimal::to_digits(&changed));
        if let Ok(read) = Presentation::read(&text) {
            assert_ne!(fresh(&world, &read, None, NOON), [], "byte {at}");
        }
    }
}
