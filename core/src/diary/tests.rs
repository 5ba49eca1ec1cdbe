//! What a list makes of two devices' documents, which a diary never shows. The diary's rules are tested from outside, in `core/tests/diary`.

use proptest::prelude::*;

use super::*;
use crate::documents::keys::{core_key, field_key};

const DAY: i64 = 86_400;

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
        let start = (1_795_169_100 - 10 * DAY).div_euclid(7 * DAY) * 7 * DAY;
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
