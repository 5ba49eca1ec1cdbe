use super::*;

#[test]
fn two_processes_on_one_vault_lose_nothing() {
    let phone = Phone::at(NOW);
    let (path, keeper) = (phone.folder.path(), &phone.keeper);
    std::thread::scope(|scope| {
        for thread in 0..3i64 {
            let clock = phone.clock.clone();
            scope.spawn(move || {
                let mut diary = Diary::open(keeper.open(path), Box::new(clock)).unwrap();
                for number in 0..20 {
                    let at = NOW - DAY - number * HOUR - thread;
                    let made = diary
                        .check_in(&NewVisit {
                            with: vec![format!("P{thread}")],
                            ..poster(&format!("{thread}/{number}"), at)
                        })
                        .unwrap();
                    if number % 5 == 4 {
                        diary.delete(&[made.id]).unwrap();
                    }
                }
            });
        }
    });
    let mut diary = phone.reopened();
    let listing = diary.list(&Filter::default()).unwrap();
    assert_eq!(listing.damaged, []);
    let mut found: Vec<String> = listing.visits.into_iter().map(|visit| visit.name).collect();
    found.sort();
    let mut expected: Vec<String> = (0..3)
        .flat_map(|thread| {
            (0..20)
                .filter(|number| number % 5 != 4)
                .map(move |number| format!("{thread}/{number}"))
        })
        .collect();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(diary.people().unwrap().len(), 3);
}

#[test]
fn an_open_diary_sees_what_another_process_wrote() {
    let phone = Phone::at(NOW);
    let (mut one, mut two) = (phone.reopened(), phone.reopened());
    let id = one.check_in(&poster("A", NOW - HOUR)).unwrap().id;
    assert_eq!(names(&mut two), ["A"]);
    two.check_out(&id, NOW).unwrap();
    assert_eq!(one.visit(&id).unwrap().unwrap().out, NOW);
    two.delete(&[id]).unwrap();
    assert_eq!(refused(one.check_out(&id, NOW)), Refusal::NoSuchVisit);
    assert!(all(&mut one).is_empty());
}
