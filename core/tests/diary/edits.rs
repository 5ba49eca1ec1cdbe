use super::*;
use techo_core::documents::keys::field_key;
use techo_core::vault::{VAULT_FILE, VaultError};

#[test]
fn times_notes_and_people_can_be_edited() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let id = diary
        .check_in(&NewVisit {
            with: vec!["Aki".into()],
            ..poster("A", NOW - 5 * HOUR)
        })
        .unwrap()
        .id;
    let edit = Edit {
        check_in: Some(NOW - 6 * HOUR),
        check_out: Some(Some(NOW - 4 * HOUR)),
        note: Some("with tea".into()),
        with: Some(vec!["Ren".into()]),
        ..Edit::default()
    };
    let visit = diary.edit(&id, &edit).unwrap();
    assert_eq!(visit.id, id);
    assert_eq!(
        (visit.check_in, visit.out, visit.recorded),
        (NOW - 6 * HOUR, NOW - 4 * HOUR, NOW - 5 * HOUR)
    );
    assert_eq!(visit.note.as_deref(), Some("with tea"));
    assert_eq!(
        visit.people.iter().map(|person| person.name.as_deref()).collect::<Vec<_>>(),
        [Some("Ren")]
    );
    let visit = diary
        .edit(
            &id,
            &Edit {
                check_out: Some(None),
                note: Some(" ".into()),
                ..Edit::default()
            },
        )
        .unwrap();
    assert_eq!((visit.out, visit.note.clone()), (NOW - 6 * HOUR + 90 * 60, None));
    assert_eq!(all(&mut phone.reopened()), [visit]);
}

#[test]
fn a_person_is_known_in_whatever_width_their_name_is_typed() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    for (hour, name) in [(5, "ガク"), (3, "ｶﾞｸ"), (1, " カ\u{3099}ク")] {
        let along = NewVisit {
            with: vec![name.into()],
            ..poster(&hour.to_string(), NOW - hour * HOUR)
        };
        diary.check_in(&along).unwrap();
    }
    let called = |diary: &mut Diary| {
        diary
            .people()
            .unwrap()
            .into_iter()
            .map(|person| person.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(called(&mut diary), ["ガク"], "as it was typed first");
    diary.add_person("ｶﾞｸ").unwrap();
    assert_eq!(
        called(&mut diary).len(),
        2,
        "who is added by a person is another, whatever the name"
    );
}

#[test]
fn an_edit_keeps_to_the_rules_of_a_check_in() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let id = diary.check_in(&poster("A", NOW - 2 * DAY)).unwrap().id;
    diary.check_out(&id, NOW - 2 * DAY + HOUR).unwrap();
    let mut edit = |edit: Edit| refused(diary.edit(&id, &edit));
    let none = Edit::default();
    assert_eq!(
        edit(Edit {
            check_in: Some(NOW + 1),
            ..none.clone()
        }),
        Refusal::InTheFuture
    );
    assert_eq!(
        edit(Edit {
            check_in: Some(NOW - 29 * DAY),
            ..none.clone()
        }),
        Refusal::TooOld { days: 28 }
    );
    assert_eq!(
        edit(Edit {
            check_in: Some(NOW - DAY),
            ..none.clone()
        }),
        Refusal::OutBeforeIn
    );
    assert_eq!(
        edit(Edit {
            check_out: Some(Some(NOW)),
            ..none.clone()
        }),
        Refusal::StayTooLong
    );
    assert_eq!(
        edit(Edit {
            name: Some("B".into()),
            ..none.clone()
        }),
        Refusal::NameIsFixed
    );
    assert_eq!(
        edit(Edit {
            address: Some("B".into()),
            ..none.clone()
        }),
        Refusal::NameIsFixed
    );
    let far = Edit {
        check_in: Some(NOW - 3 * DAY - 1),
        check_out: Some(None),
        ..none.clone()
    };
    assert_eq!(edit(far), Refusal::MovedTooFar);
    assert_eq!(refused(diary.edit(&EntryId([1; 16]), &none)), Refusal::NoSuchVisit);
    assert_eq!(diary.visit(&id).unwrap().unwrap().out, NOW - 2 * DAY + HOUR);
}

#[test]
fn a_typed_visit_that_moves_far_becomes_a_new_one() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let new = NewVisit {
        with: vec!["Aki".into()],
        note: Some("note".into()),
        address: Some("Minami".into()),
        ..typed("A", NOW - 2 * DAY, NOW - 2 * DAY + 60)
    };
    let old = diary.check_in(&new).unwrap();
    let moved = Edit {
        check_in: Some(NOW - 12 * DAY),
        check_out: Some(Some(NOW - 12 * DAY + HOUR)),
        name: Some("B".into()),
        ..Edit::default()
    };
    let visit = diary.edit(&old.id, &moved).unwrap();
    assert_ne!(visit.id, old.id);
    assert_eq!(
        (visit.name.as_str(), visit.check_in, visit.recorded, visit.out),
        ("B", NOW - 12 * DAY, NOW - 12 * DAY, NOW - 12 * DAY + HOUR)
    );
    assert_eq!(
        (visit.note.as_deref(), visit.address.as_deref(), visit.people),
        (Some("note"), Some("Minami"), old.people)
    );
    assert_eq!(names(&mut phone.reopened()), ["B"]);
    // Within the same week's document too.
    let near = diary
        .edit(
            &visit.id,
            &Edit {
                check_in: Some(NOW - 14 * DAY),
                check_out: Some(None),
                ..Edit::default()
            },
        )
        .unwrap();
    assert_eq!(all(&mut phone.reopened()), [near]);
}

/// What edits of two devices can leave behind when they meet.
#[test]
fn out_before_in_is_shown_for_repair() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let id = diary.check_in(&poster("A", NOW - 5 * HOUR)).unwrap().id;
    let week = DocumentName::Week(week_of(NOW - 5 * HOUR).unwrap());
    write(&phone, week, |document| document.set(&field_key(&id, "o"), NOW - 6 * HOUR));
    let visit = phone.reopened().visit(&id).unwrap().unwrap();
    assert!(visit.needs_repair);
    assert_eq!(
        (visit.check_out, visit.out, visit.ended_by),
        (Some(NOW - 6 * HOUR), NOW - 5 * HOUR + 90 * 60, EndedBy::Automatic)
    );
    assert!(!diary.check_out(&id, NOW - 4 * HOUR).unwrap().needs_repair);
}

/// Everything that can be read in the profile's folder by whoever has all of its files and keys.
fn readable(phone: &Phone) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = std::fs::read_dir(phone.folder.path())
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    let mut vault = phone.keeper.open(phone.folder.path());
    vault
        .read(|reader| {
            for (name, _) in reader.document_names() {
                let document = reader.document(&name)?.unwrap();
                all.extend(document.snapshot);
                all.extend(document.changes);
            }
            Ok::<_, VaultError>(())
        })
        .unwrap();
    all
}

fn can_read(phone: &Phone, wanted: &str) -> bool {
    readable(phone)
        .iter()
        .any(|bytes| bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes()))
}

#[test]
fn what_is_deleted_shortened_or_taken_off_is_gone_from_the_document_too() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let kept = diary.check_in(&poster("KeptVenue", NOW - 8 * HOUR)).unwrap().id;
    let new = NewVisit {
        note: Some("CanaryNote in the corner".into()),
        with: vec!["CanaryPerson".into()],
        address: Some("CanaryStreet".into()),
        ..typed("CanaryName", NOW - 5 * HOUR, NOW)
    };
    let id = diary.check_in(&new).unwrap().id;
    for canary in ["CanaryNote", "CanaryName", "CanaryStreet", "CanaryPerson", "KeptVenue"] {
        assert!(can_read(&phone, canary), "{canary} is there to begin with");
    }
    // Added to: nothing to forget, and the document stays as it is.
    let generation = |diary: &mut Diary| {
        diary
            .vault()
            .read(|reader| Ok::<_, VaultError>(reader.document_names()))
            .unwrap()
    };
    let before = generation(&mut diary);
    diary
        .edit(
            &id,
            &Edit {
                note: Some("CanaryNote in the corner, late".into()),
                ..Edit::default()
            },
        )
        .unwrap();
    assert_eq!(generation(&mut diary), before);

    diary
        .edit(
            &id,
            &Edit {
                note: Some("in the corner".into()),
                ..Edit::default()
            },
        )
        .unwrap();
    assert!(!can_read(&phone, "CanaryNote"));
    diary
        .edit(
            &id,
            &Edit {
                name: Some("Somewhere".into()),
                address: Some(String::new()),
                ..Edit::default()
            },
        )
        .unwrap();
    assert!(!can_read(&phone, "CanaryName") && !can_read(&phone, "CanaryStreet"));
    let person = diary.people().unwrap().remove(0);
    diary
        .edit(
            &id,
            &Edit {
                with: Some(vec![]),
                ..Edit::default()
            },
        )
        .unwrap();
    // Of somebody taken off a null field with the id stays, as of a deleted visit its tombstone (ADR 0008): no name, and no person.
    assert!(diary.visit(&id).unwrap().unwrap().people.is_empty());
    diary.remove_person(&person.id).unwrap();
    assert!(!can_read(&phone, "CanaryPerson"));
    assert_eq!(refused(diary.remove_person(&person.id)), Refusal::NoSuchPerson);
    assert!(diary.people().unwrap().is_empty());
    diary.delete(&[id]).unwrap();
    assert!(!can_read(&phone, "Somewhere"));
    assert!(can_read(&phone, "KeptVenue"));
    assert_eq!(
        all(&mut phone.reopened()).iter().map(|visit| visit.id).collect::<Vec<_>>(),
        [kept]
    );
}

#[test]
fn nothing_readable_reaches_the_disk() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    diary
        .check_in(&NewVisit {
            note: Some("SecretNote".into()),
            with: vec!["SecretPerson".into()],
            ..poster("SecretVenue", NOW - HOUR)
        })
        .unwrap();
    let ids = all(&mut diary)[0].id.to_string();
    let mut files = 0;
    for entry in std::fs::read_dir(phone.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        for secret in ["SecretNote", "SecretPerson", "SecretVenue", "Kita-ku", &ids] {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()),
                "{secret}"
            );
        }
    }
    assert_eq!(files, 3, "{VAULT_FILE}, its log and its shared memory");
}

#[test]
fn deleting_is_all_or_nothing() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let one = diary.check_in(&poster("A", NOW - 20 * DAY)).unwrap().id;
    let two = diary.check_in(&poster("B", NOW - HOUR)).unwrap().id;
    assert_eq!(refused(diary.delete(&[one, EntryId([1; 16])])), Refusal::NoSuchVisit);
    assert_eq!(names(&mut phone.reopened()), ["A", "B"]);
    diary.delete(&[one, two, one]).unwrap();
    assert!(names(&mut phone.reopened()).is_empty());
    assert_eq!(refused(diary.delete(&[one])), Refusal::NoSuchVisit);
    assert_eq!(refused(diary.edit(&one, &Edit::default())), Refusal::NoSuchVisit);
    assert_eq!(refused(diary.check_out(&one, NOW)), Refusal::NoSuchVisit);
}

#[test]
fn somebody_of_a_visit_who_is_gone_is_someone() {
    let phone = Phone::at(NOW);
    let mut diary = phone.reopened();
    let id = diary
        .check_in(&NewVisit {
            with: vec!["Aki".into()],
            ..poster("A", NOW)
        })
        .unwrap()
        .id;
    let aki = diary.people().unwrap().remove(0);
    diary.remove_person(&aki.id).unwrap();
    assert_eq!(
        diary.visit(&id).unwrap().unwrap().people,
        [Companion { id: aki.id, name: None }]
    );
    // Two of one name are two, when they are added as such.
    let one = diary.add_person("Ren").unwrap();
    let two = diary.add_person("Ren").unwrap();
    assert_ne!(one.id, two.id);
    assert_eq!(diary.people().unwrap().len(), 2);
}
