use proptest::prelude::*;

use super::*;

fn core() -> impl Strategy<Value = RecordCore> {
    let name = || prop::option::of("[a-z0-9/あ]{1,20}");
    let dose = (0..40_000_u64, prop::option::of(1..=9_u8), name(), name()).prop_map(|(days, number, product, lot)| {
        Content::Dose(TypedDose {
            date: NaiveDate::default() + Days::new(days),
            number,
            product,
            lot,
        })
    });
    let content = prop_oneof![
        ".{0,80}".prop_map(Content::Slip),
        ".{0,80}".prop_map(Content::Certificate),
        "[0-9]{10,18}".prop_map(Content::Ticket),
        prop::collection::vec(any::<u8>(), 0..80).prop_map(Content::Pass),
        prop::collection::vec(any::<u8>(), 0..80).prop_map(Content::Request),
        dose,
    ];
    (any::<i64>(), content).prop_map(|(added, content)| RecordCore { added, content })
}

proptest! {
    #[test]
    fn a_core_comes_back(core in core()) {
        prop_assert_eq!(RecordCore::from_bytes(&core.to_bytes().unwrap()), Some(core));
    }

    #[test]
    fn any_bytes_are_read_or_refused(kind in 0..8_u8, rest in prop::collection::vec(any::<u8>(), 0..60)) {
        let bytes = [&[VERSION, kind], &rest[..]].concat();
        if let Some(core) = RecordCore::from_bytes(&bytes) {
            prop_assert_eq!(core.to_bytes(), Some(bytes));
        }
    }
}

/// The bytes of version 1 are on people's devices: they never change.
#[test]
fn version_1_stays_what_it_is() {
    let slip = RecordCore {
        added: 1_625_104_800,
        content: Content::Slip("TECHO-D1:AB".into()),
    };
    assert_eq!(
        hex::encode(slip.to_bytes().unwrap()),
        "01010000000060dd21a0544543484f2d44313a4142"
    );
    let dose = RecordCore {
        added: 1,
        content: Content::Dose(TypedDose {
            date: "2021-07-01".parse().unwrap(),
            number: Some(2),
            product: Some("pfizer".into()),
            lot: None,
        }),
    };
    assert_eq!(
        hex::encode(dose.to_bytes().unwrap()),
        "01050000000000000001000049790206706669 7a657200".replace(' ', "")
    );
}

#[test]
fn what_a_later_version_wrote_is_not_guessed_at() {
    assert_eq!(RecordCore::from_bytes(&[2, 1, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    assert_eq!(RecordCore::from_bytes(&[1, 7, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    let long = |content| RecordCore { added: 0, content }.to_bytes();
    assert_eq!(long(Content::Certificate("x".repeat(LONGEST_TEXT + 1))), None);
    assert_eq!(long(Content::Pass(vec![0; LARGEST_PASS + 1])), None);
    assert_eq!(long(Content::Request(vec![0; LARGEST_PASS + 1])), None);
}
