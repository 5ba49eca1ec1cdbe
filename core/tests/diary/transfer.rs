use super::*;

/// A diary with one visit of each sort.
fn full() -> (Phone, String) {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let id = diary
        .check_in(&NewVisit {
            with: vec!["Aki".into(), "Ren".into()],
            note: Some("日本語の\nnote".into()),
            ..poster("Bar Yoru", NOW - 3 * DAY)
        })
        .unwrap()
        .id;
    diary
        .edit(
            &id,
            &Edit {
                check_in: Some(NOW - 3 * DAY - HOUR),
                ..Edit::default()
            },
        )
        .unwrap();
    diary.check_in(&typed("Aunt", NOW - 2 * DAY, NOW - 2 * DAY + HOUR)).unwrap();
    diary
        .check_in(&NewVisit {
            source: Source::Foreign(ForeignPoster::NotifyMe),
            keys: VisitKeys::None,
            ..poster("Käserei", NOW - DAY)
        })
        .unwrap();
    let slot = u32::try_from(NOW / HOUR).unwrap() - 1;
    let rotating = |at, slot| NewVisit {
        source: Source::Code {
            authority: [0xbb; 16],
            kind: CodeKind::Rotating,
        },
        keys: VisitKeys::Slots(vec![(slot, [5; 16].into()), (slot + 1, [6; 16].into())]),
        ..poster("Hall", at)
    };
    diary.check_in(&rotating(NOW - HOUR, slot)).unwrap();
    diary.check_in(&rotating(NOW, slot + 1)).unwrap();
    let exported = diary.export().unwrap();
    assert_eq!((exported.visits, exported.left_out), (4, 0));
    (phone, exported.json)
}

/// A visit without what another diary cannot share: the ids of people, and that it was imported.
fn comparable(diary: &mut Diary) -> Vec<Visit> {
    let mut visits = all(diary);
    for visit in &mut visits {
        visit.imported = false;
        visit.people.iter_mut().for_each(|person| person.id = EntryId([0; 16]));
        visit.people.sort_by(|a, b| a.name.cmp(&b.name));
    }
    visits
}

#[test]
fn an_imported_diary_is_the_exported_one() {
    let (phone, json) = full();
    let other = Phone::at(NOW);
    let mut diary = other.reopened();
    assert_eq!(
        diary.import(&json).unwrap(),
        Imported {
            added: 4,
            ..Imported::default()
        }
    );
    assert_eq!(comparable(&mut other.reopened()), comparable(&mut phone.reopened()));
    assert!(all(&mut diary).iter().all(|visit| visit.imported));
    // Twice adds nothing, into either diary.
    let already = Imported {
        already: 4,
        ..Imported::default()
    };
    assert_eq!(diary.import(&json).unwrap(), already);
    assert_eq!(phone.reopened().import(&json).unwrap(), already);
    assert_eq!(all(&mut diary).len(), 4);
    assert_eq!(diary.people().unwrap().len(), 2);
}

#[test]
fn what_was_deleted_here_or_has_expired_does_not_come_back() {
    let (_, json) = full();
    let other = Phone::at(NOW);
    let mut diary = other.reopened();
    diary.import(&json).unwrap();
    let id = all(&mut diary)[0].id;
    diary.delete(&[id]).unwrap();
    assert_eq!(
        diary.import(&json).unwrap(),
        Imported {
            already: 3,
            deleted: 1,
            ..Imported::default()
        }
    );
    let late = Phone::at(NOW);
    late.clock.set(NOW + 27 * DAY);
    assert_eq!(
        late.reopened().import(&json).unwrap(),
        Imported {
            added: 2,
            expired: 2,
            ..Imported::default()
        }
    );
}

#[test]
fn a_file_that_is_something_else_is_refused_whole() {
    let (_, json) = full();
    let phone = Phone::at(NOW);
    let import = |text: &str| refused(phone.reopened().import(text));
    for foreign in ["", "a letter", "[]", "{}", "{\"visits\":[]}", "{\"techo_diary\":\"1\"}"] {
        assert_eq!(import(foreign), Refusal::ImportForeign, "{foreign}");
    }
    assert_eq!(
        import(&json.replace("\"techo_diary\": 1", "\"techo_diary\": 2")),
        Refusal::ImportNewer { found: 2 }
    );
    assert_eq!(import(&json[..json.len() / 2]), Refusal::ImportDamaged { entry: 0 });
    assert_eq!(
        import(&json.replacen("\"name\"", "\"nome\"", 1)),
        Refusal::ImportDamaged { entry: 0 }
    );
    // Anything wrong in any entry refuses all of it, and says which.
    for (from, to) in [
        ("\"in\": \"2026-11-19", "\"in\": \"2026-13-19"),
        ("\"out\": \"2026-11-18T11:05:00Z\"", "\"out\": \"2026-11-17T11:05:00Z\""),
        ("\"out\": \"2026-11-18T11:05:00Z\"", "\"out\": \"2026-11-19T11:05:00Z\""),
        ("0505", "05zz"),
        ("bbbbbbbb", "bb"),
        ("\"stay_minutes\": 90", "\"stay_minutes\": 2000"),
        ("\"name\": \"Aunt\"", "\"name\": \" \""),
        ("\"recorded\": \"2026-11-17", "\"recorded\": \"2026-11-15"),
    ] {
        assert!(json.contains(from), "{from}");
        let refusal = import(&json.replacen(from, to, 1));
        assert!(matches!(refusal, Refusal::ImportDamaged { entry: 1.. }), "{to}: {refusal:?}");
    }
    phone.clock.set(NOW - DAY - HOUR);
    assert_eq!(import(&json), Refusal::InTheFuture);
    phone.clock.set(NOW);
    assert!(all(&mut phone.reopened()).is_empty());
    assert!(phone.reopened().people().unwrap().is_empty());
}

/// A file of version 1 is on people's disks: it is read for ever.
#[test]
fn version_1_stays_what_it_is() {
    let json = r#"{
      "techo_diary": 1,
      "exported": "2026-11-20T10:05:00Z",
      "visits": [
        { "id": "AQIDBAUGBwgJCgsMDQ4PEA", "name": "Bar Yoru", "address": "Kita-ku, Osaka", "in": "2026-11-19T19:05:00+09:00",
          "out": "2026-11-19T11:00:00Z", "recorded": "2026-11-19T10:10:00Z", "stay_minutes": 90, "source": "poster",
          "authority": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "keys": { "days": [ { "number": 20776, "key": "01010101010101010101010101010101" } ] },
          "with": ["Aki"], "note": "note" },
        { "id": "EA8ODQwLCgkIBwYFBAMCAQ", "name": "Hall", "in": "2026-11-20T09:00:00Z", "out_computed": "2026-11-20T10:00:00Z",
          "scanned_again": "2026-11-20T09:30:00Z", "stay_minutes": 60, "source": "rotating", "authority": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "keys": { "slots": [ { "number": 498633, "key": "02020202020202020202020202020202" } ] } }
      ]
    }"#;
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    assert_eq!(diary.import(json).unwrap().added, 2);
    let visits = all(&mut diary);
    assert_eq!(
        (visits[0].check_in, visits[0].recorded, visits[0].out),
        (1_795_082_700, 1_795_083_000, 1_795_086_000)
    );
    assert_eq!(visits[0].keys, VisitKeys::Days(vec![(20_776, [1; 16].into())]));
    assert_eq!(visits[1].keys, VisitKeys::Slots(vec![(498_633, [2; 16].into())]));
    assert_eq!(
        (visits[1].out, visits[1].ended_by),
        (NOW - 5 * 60 + 30 * 60, EndedBy::Automatic)
    );
}
