use super::*;

#[test]
fn a_request_comes_back_and_every_changed_byte_is_noticed() {
    let keys = RequestKeys::generate(&SeededRandom::new(1)).unwrap();
    let file = keys.to_request().unwrap();
    let request = Request::read(&file).unwrap();
    assert_eq!(request.sealing_key, keys.sealing_key());
    assert_eq!(request.keys.len(), MOST_CREDENTIALS);
    let kept = RequestKeys::from_bytes(&keys.to_bytes()).unwrap();
    assert_eq!(Request::read(&kept.to_request().unwrap()), Ok(request));
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        assert!(Request::read(&damaged).is_err(), "byte {at}");
        assert!(Request::read(&file[..at]).is_err(), "length {at}");
    }
    assert!(Request::read(&[file, vec![0]].concat()).is_err());
}

#[test]
fn a_request_with_a_key_twice_is_refused() {
    let mut keys = RequestKeys::generate(&SeededRandom::new(1)).unwrap();
    keys.keys[1] = P256Key::from_pkcs8(keys.keys[0].to_pkcs8()).unwrap();
    assert_eq!(Request::read(&keys.to_request().unwrap()), Err(StatusPassError::Damaged));
}

#[test]
fn a_holders_pass_opens_on_its_phone_alone_and_says_nothing_to_others() {
    let world = World::new();
    let file = &world.issued.file;
    assert_eq!(PassFile::form(file), Ok(Opened::Holder(world.keys.sealing_key())));
    assert!(!file.windows(7).any(|window| window == b"Akihiko"));
    let other = RequestKeys::generate(&SeededRandom::new(9)).unwrap();
    assert_eq!(Pass::open(file, Some(&other)).err(), Some(StatusPassError::NotForUs));
    assert_eq!(Pass::open(file, None).err(), Some(StatusPassError::NotForUs));
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        assert!(Pass::open(&damaged, Some(&world.keys)).is_err(), "byte {at}");
    }
}

#[test]
fn a_bearers_pass_opens_anywhere_and_says_what_it_is() {
    let world = World::new();
    let issued = PassFile::issue(
        (TOWN, &world.key),
        None,
        &|_| values(),
        Some("shc:/1".into()),
        NOON,
        &SeededRandom::new(3),
    )
    .unwrap();
    assert_eq!(PassFile::form(&issued.file), Ok(Opened::Bearer));
    let pass = Pass::open(&issued.file, None).unwrap();
    assert_eq!((pass.card(), issued.ids.len()), (Some("shc:/1"), 30));
    let kept = Pass::from_bytes(&pass.to_bytes()).unwrap();
    let shown = kept.present(&USUAL, None, NOON + 29 * DAY).unwrap();
    let checked = Door::default().check(&shown, &[world.issuer()], None, |_, _| false, NOON + 29 * DAY);
    assert_eq!(checked.refused, []);
    assert_eq!(kept.expires_at(), NOON + 29 * DAY + 12 * 3_600 + 600);
}

#[test]
fn a_pass_can_be_for_fewer_days() {
    let world = World::new();
    let until = japan_day::day(NOON) + 4;
    let values = |day: u16| if i64::from(day) <= until { values() } else { vec![] };
    let issued = PassFile::issue((TOWN, &world.key), None, &values, None, NOON, &SeededRandom::new(3)).unwrap();
    assert_eq!(issued.ids.len(), 5);
    let pass = Pass::open(&issued.file, None).unwrap();
    assert!(pass.credential(NOON + 4 * DAY).is_ok() && pass.credential(NOON + 5 * DAY).is_err());
    let never = PassFile::issue((TOWN, &world.key), None, &|_| vec![], None, NOON, &SeededRandom::new(3));
    assert_eq!(never.err(), Some(StatusPassError::CannotBeWritten));
}

#[test]
fn files_of_other_kinds_and_versions_are_told_apart() {
    for (file, why) in [
        (&b"TSRQ\x01"[..], StatusPassError::NotAPass),
        (b"TSPA\x02\x01", StatusPassError::NewerVersion),
        (b"TSPA\x01\x03", StatusPassError::Damaged),
        (b"TSPA\x01\x02abc", StatusPassError::Damaged),
        (b"TSPA", StatusPassError::Damaged),
    ] {
        assert_eq!(PassFile::form(file), Err(why));
    }
    assert_eq!(Request::read(b"TSPA\x01"), Err(StatusPassError::NotARequest));
    assert_eq!(Request::read(b"TSRQ\x02"), Err(StatusPassError::NewerVersion));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Pass::open(&[b"TSPA\x01\x01".as_slice(), &bytes].concat(), None).is_err());
        prop_assert!(Request::read(&[b"TSRQ\x01".as_slice(), &bytes].concat()).is_err());
        prop_assert!(RequestKeys::from_bytes(&bytes).is_err());
        prop_assert!(Pass::from_bytes(&bytes).is_err());
    }
}
