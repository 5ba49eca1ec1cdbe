use proptest::prelude::*;

use super::*;

fn core() -> impl Strategy<Value = VisitCore> {
    let source = prop_oneof![
        Just(Source::Manual),
        any::<([u8; 16], bool)>().prop_map(|(authority, rotating)| Source::Code {
            authority,
            kind: if rotating { CodeKind::Rotating } else { CodeKind::Poster }
        }),
        prop_oneof![
            Just(ForeignPoster::Nz),
            Just(ForeignPoster::Nhs),
            Just(ForeignPoster::Cwa),
            Just(ForeignPoster::NotifyMe)
        ]
        .prop_map(Source::Foreign),
    ];
    let list = prop::collection::vec(any::<(u32, [u8; 16])>().prop_map(|(number, key)| (number, key.into())), 0..8);
    let keys = prop_oneof![
        Just(VisitKeys::None),
        list.clone().prop_map(VisitKeys::Days),
        list.prop_map(VisitKeys::Slots)
    ];
    (any::<i64>(), any::<u16>(), source, any::<bool>(), ".{0,60}", ".{0,60}", keys).prop_map(
        |(check_in, default_stay_min, source, imported, name, address, keys)| VisitCore {
            check_in,
            default_stay_min,
            source,
            imported,
            name,
            address,
            keys,
        },
    )
}

proptest! {
    #[test]
    fn a_core_comes_back(core in core()) {
        let bytes = core.to_bytes().unwrap();
        prop_assert_eq!(VisitCore::from_bytes(&bytes), Some(core));
        // Neither cut nor longer: a core has one way to be written.
        for length in 0..bytes.len() {
            prop_assert_eq!(VisitCore::from_bytes(&bytes[..length]), None);
        }
        prop_assert_eq!(VisitCore::from_bytes(&[&bytes[..], &[0]].concat()), None);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(core) = VisitCore::from_bytes(&bytes) {
            prop_assert_eq!(core.to_bytes(), Some(bytes));
        }
    }
}

/// The bytes of version 1 are on people's devices: they never change.
#[test]
fn version_1_stays_what_it_is() {
    let core = VisitCore {
        check_in: 1_763_633_100,
        default_stay_min: 90,
        source: Source::Code {
            authority: [0xaa; 16],
            kind: CodeKind::Poster,
        },
        imported: true,
        name: "Bar Yoru".into(),
        address: "Kita-ku".into(),
        keys: VisitKeys::Days(vec![(20_412, [1; 16].into()), (20_413, [2; 16].into())]),
    };
    let expected = concat!(
        "0181",
        "00000000691ee7cc",
        "005a",
        "0008",
        "42617220596f7275",
        "0007",
        "4b6974612d6b75",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "0102",
        "00004fbc",
        "01010101010101010101010101010101",
        "00004fbd",
        "02020202020202020202020202020202"
    );
    assert_eq!(hex::encode(core.to_bytes().unwrap()), expected);
}

#[test]
fn what_does_not_fit_is_not_cut_silently() {
    let core = VisitCore {
        check_in: 0,
        default_stay_min: 0,
        source: Source::Manual,
        imported: false,
        name: "x".repeat(70_000),
        address: String::new(),
        keys: VisitKeys::None,
    };
    assert_eq!(core.to_bytes(), None);
    let keys = VisitKeys::Slots(vec![(0, [0; 16].into()); MOST_KEYS + 1]);
    assert_eq!(
        VisitCore {
            name: String::new(),
            keys,
            ..core
        }
        .to_bytes(),
        None
    );
}

#[test]
fn weeks_begin_on_thursday_in_utc() {
    assert_eq!(week_of(0), Some(0));
    assert_eq!(week_of(-1), None);
    assert_eq!(week_of(7 * DAY_SECONDS - 1), Some(0));
    assert_eq!(week_of(7 * DAY_SECONDS), Some(1));
    assert_eq!(last_day(0), 6);
    assert_eq!(week_of(last_day(2_900) * DAY_SECONDS + DAY_SECONDS - 1), Some(2_900));
    assert_eq!(week_of(i64::MAX), None);
}

#[test]
fn what_is_printed_of_a_visit_has_no_byte_of_its_keys() {
    for keys in [
        VisitKeys::Days(vec![(20_416, [171; 16].into())]),
        VisitKeys::Slots(vec![(490_000, [171; 16].into())]),
    ] {
        let printed = format!("{keys:?} {keys:#?}");
        assert!(!printed.contains("171"), "{printed}");
    }
}
