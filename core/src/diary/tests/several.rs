use proptest::prelude::*;

use super::*;
use crate::documents::keys::{core_key, field_key};

#[test]
fn two_processes_on_one_vault_lose_nothing() {
    let phone = Phone::new();
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
    let mut diary = phone.diary();
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
    let phone = Phone::new();
    let (mut one, mut two) = (phone.diary(), phone.diary());
    let id = one.check_in(&poster("A", NOW - HOUR)).unwrap().id;
    assert_eq!(names(&mut two), ["A"]);
    two.check_out(&id, NOW).unwrap();
    assert_eq!(one.visit(&id).unwrap().unwrap().out, NOW);
    two.delete(&[id]).unwrap();
    assert_eq!(refused(one.check_out(&id, NOW)), Refusal::NoSuchVisit);
    assert!(all(&mut one).is_empty());
}

/// What a person does on one of two devices that share the week.
#[derive(Debug, Clone)]
enum Step {
    CheckIn(i64),
    CheckOut(usize, i64),
    Delete(usize),
    Exchange,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..600i64).prop_map(Step::CheckIn),
        2 => (0..20usize, -300..900i64).prop_map(|(visit, minutes)| Step::CheckOut(visit, minutes)),
        1 => (0..20usize).prop_map(Step::Delete),
        1 => Just(Step::Exchange),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever two devices write, in whichever order they meet: both list every visit that nobody deleted, each with an
    /// end that is not before its beginning and not more than a day after it.
    #[test]
    fn a_list_never_loses_a_visit(steps in prop::collection::vec((any::<bool>(), step()), 0..40)) {
        let start = (NOW - 10 * DAY).div_euclid(7 * DAY) * 7 * DAY;
        let name = DocumentName::Week(week_of(start).unwrap());
        let mut devices = [Documents::default(), Documents::default()];
        let (mut made, mut alive) = (Vec::new(), std::collections::BTreeSet::new());
        for (which, step) in steps {
            let [mine, theirs] = [usize::from(which), 1 - usize::from(which)];
            match step {
                Step::CheckIn(minutes) => {
                    let id = EntryId([u8::try_from(made.len()).unwrap(); 16]);
                    let core = crate::documents::week::VisitCore {
                        check_in: start + minutes * 60,
                        default_stay_min: 90,
                        source: Source::Manual,
                        imported: false,
                        name: String::new(),
                        address: String::new(),
                        keys: VisitKeys::None,
                    };
                    devices[mine].change(&name, [u8::from(which); 16]).set(&core_key(&id), core.to_bytes().unwrap()).unwrap();
                    made.push((id, core.check_in));
                    alive.insert(id);
                }
                Step::CheckOut(visit, minutes) => {
                    if let Some((id, check_in)) = made.get(visit) {
                        devices[mine].change(&name, [u8::from(which); 16]).set(&field_key(id, "o"), check_in + minutes * 60).unwrap();
                    }
                }
                Step::Delete(visit) => {
                    if let Some((id, _)) = made.get(visit) {
                        devices[mine].change(&name, [u8::from(which); 16]).bury(id, true).unwrap();
                        alive.remove(id);
                    }
                }
                Step::Exchange => exchange(&mut devices, &name, theirs, mine),
            }
        }
        exchange(&mut devices, &name, 0, 1);
        exchange(&mut devices, &name, 1, 0);
        for documents in &devices {
            let (entries, newer) = entries(documents, 0..=u32::MAX);
            prop_assert!(newer.is_empty());
            let stays = stay::stays(&entries);
            prop_assert_eq!(&entries.iter().map(|entry| entry.id).collect::<std::collections::BTreeSet<_>>(), &alive);
            for stay in stays {
                prop_assert!(stay.out >= stay.check_in && stay.out <= stay.check_in + DAY, "{:?}", stay);
            }
        }
    }
}

fn exchange(devices: &mut [Documents; 2], name: &DocumentName, from: usize, to: usize) {
    let changes = devices[from].change(name, [u8::try_from(from).unwrap(); 16]).changes();
    devices[to]
        .change(name, [u8::try_from(to).unwrap(); 16])
        .take_in(&changes)
        .unwrap();
}
