use proptest::prelude::*;

use super::*;
use crate::basics::keys::SigningKey;
use crate::basics::random::SeededRandom;
use crate::exposure::notice::{NoticeId, Severity, Window};
use crate::exposure::tag::VenueSeed;

fn signer() -> SigningKey {
    SigningKey::from_seed(&[3; 32])
}

fn seed(venue: u8) -> VenueSeed {
    VenueSeed::from_signature(&[venue; 64])
}

fn body(notice: u32, minutes: crate::exposure::notice::Minutes) -> Body {
    Body {
        minutes,
        severity: Severity::Caution,
        advice: 0,
        notice: NoticeId::from_low_bits(notice),
        revision: 1,
        withdrawn: false,
        has_text: false,
    }
}

fn segment_of(entries: Vec<Entry>, texts: Vec<LocalisedText>, recalls: Vec<Recall>) -> NewSegment {
    NewSegment {
        authority: AuthorityId([1; 16]),
        sequence: 7,
        issued_at: 1_700_000_000,
        area: 0,
        day: 19_675,
        entries,
        texts,
        recalls,
    }
}

fn entries(venue: u8, window: Window, text: Option<usize>) -> Vec<Entry> {
    window
        .hours()
        .map(|(slot, minutes)| Entry {
            key: seed(venue).slot_key(slot),
            body: body(u32::from(venue), minutes),
            text,
        })
        .collect()
}

fn text(words: &str) -> LocalisedText {
    LocalisedText([("en".to_owned(), words.to_owned())].into())
}

const EVENING: Window = Window {
    from: 1_700_000_000,
    to: 1_700_007_200,
    tail: 1_800,
};

#[test]
fn only_the_holder_of_the_code_finds_its_hours() {
    let file = segment_of(entries(1, EVENING, None), vec![], vec![])
        .write(&signer(), &SeededRandom::new(1))
        .unwrap();
    let segment = Segment::parse(&file).unwrap();
    segment.verify(&[signer().public()]).unwrap();
    for (slot, minutes) in EVENING.hours() {
        assert_eq!(
            segment.open_all(&seed(1).slot_key(slot)),
            [Opened {
                body: body(1, minutes),
                text: None
            }]
        );
        assert_eq!(segment.open_all(&seed(2).slot_key(slot)), []);
    }
    assert_eq!(segment.open_all(&seed(1).slot_key(EVENING.hours().last().unwrap().0 + 1)), []);
}

#[test]
fn two_entries_of_one_hour_are_both_found() {
    let both = [entries(1, EVENING, None), entries(1, EVENING, None)].concat();
    let file = segment_of(both, vec![], vec![])
        .write(&signer(), &SeededRandom::new(1))
        .unwrap();
    let (slot, _) = EVENING.hours().next().unwrap();
    assert_eq!(Segment::parse(&file).unwrap().open_all(&seed(1).slot_key(slot)).len(), 2);
}

#[test]
fn a_file_does_not_tell_how_few_hours_it_names() {
    let length = |n: usize| {
        let some = entries(1, EVENING, None).into_iter().take(n).collect();
        segment_of(some, vec![], vec![])
            .write(&signer(), &SeededRandom::new(2))
            .unwrap()
            .len()
    };
    assert_eq!(length(0), length(3));
}

#[test]
fn nothing_of_a_file_comes_back_in_the_next() {
    let notice = segment_of(entries(1, EVENING, None), vec![], vec![]);
    let random = SeededRandom::new(3);
    let tags = || {
        let mut tags = Vec::new();
        Segment::parse(&notice.write(&signer(), &random).unwrap())
            .unwrap()
            .for_each_tag(|tag| tags.push(tag));
        tags
    };
    let (first, second) = (tags(), tags());
    assert!(first.iter().all(|tag| !second.contains(tag)));
}

#[test]
fn a_text_opens_for_each_hour_that_has_it() {
    let many = [
        entries(1, EVENING, Some(0)),
        entries(2, EVENING, Some(1)),
        entries(3, EVENING, None),
    ]
    .concat();
    let file = segment_of(many, vec![text("Wait at home."), text("See a doctor.")], vec![])
        .write(&signer(), &SeededRandom::new(4))
        .unwrap();
    let segment = Segment::parse(&file).unwrap();
    for (slot, _) in EVENING.hours() {
        let texts = |venue| segment.open_all(&seed(venue).slot_key(slot)).remove(0).text;
        assert_eq!(texts(1), Some(text("Wait at home.")));
        assert_eq!(texts(2), Some(text("See a doctor.")));
        assert_eq!(texts(3), None);
    }
    assert!(!file.windows(4).any(|w| w == b"Wait"));
}

#[test]
fn texts_are_padded_and_too_long_ones_refused() {
    let length = |words: &str| {
        segment_of(entries(1, EVENING, Some(0)), vec![text(words)], vec![])
            .write(&signer(), &SeededRandom::new(4))
            .map(|file| file.len())
    };
    assert_eq!(length("a"), length(&"a".repeat(200)));
    assert_eq!(length(&"a".repeat(16_001)), Err(SegmentError::TextTooLong.into()));
}

#[test]
fn recalls_ride_in_the_clear() {
    let recall = Recall {
        id: 1,
        revision: 1,
        withdrawn: false,
        product: "pfizer".into(),
        lot: "EX3617".into(),
        text: text("Call your doctor."),
    };
    let file = segment_of(vec![], vec![], vec![recall.clone()])
        .write(&signer(), &SeededRandom::new(5))
        .unwrap();
    assert_eq!(Segment::parse(&file).unwrap().recalls().unwrap(), [recall]);
}

#[test]
fn every_changed_byte_is_noticed() {
    let file = segment_of(entries(1, EVENING, Some(0)), vec![text("Wait.")], vec![])
        .write(&signer(), &SeededRandom::new(6))
        .unwrap();
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        let believed = Segment::parse(&damaged).is_ok_and(|segment| segment.verify(&[signer().public()]).is_ok());
        assert!(!believed, "byte {at}");
    }
    for length in 0..file.len() {
        assert!(Segment::parse(&file[..length]).is_err(), "cut at {length}");
    }
}

#[test]
fn another_key_does_not_do() {
    let file = segment_of(vec![], vec![], vec![])
        .write(&signer(), &SeededRandom::new(7))
        .unwrap();
    let other = SigningKey::from_seed(&[4; 32]).public();
    assert_eq!(
        Segment::parse(&file).unwrap().verify(&[other]),
        Err(SegmentError::SignatureInvalid)
    );
}

#[test]
fn a_newer_version_says_so() {
    let mut file = segment_of(vec![], vec![], vec![])
        .write(&signer(), &SeededRandom::new(8))
        .unwrap();
    file[4] = 2;
    assert_eq!(Segment::parse(&file).unwrap_err(), SegmentError::NewerVersion);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..3_000)) {
        let file = [b"TSEG\x01".as_slice(), &bytes].concat();
        if let Ok(segment) = Segment::parse(&file) {
            segment.for_each_tag(|_| ());
            let _ = segment.recalls();
        }
    }

    #[test]
    fn what_is_written_is_found(venues in prop::collection::vec((0..40_u8, 0..200_i64, 1..300_i64), 1..30), seed_number in any::<u64>()) {
        let windows: Vec<_> = venues.iter().map(|&(venue, from, minutes)| (venue, Window { from: from * 600, to: from * 600 + minutes * 60, tail: 1_800 })).collect();
        let all: Vec<Entry> = windows.iter().flat_map(|&(venue, window)| entries(venue, window, None)).collect();
        let file = segment_of(all.clone(), vec![], vec![]).write(&signer(), &SeededRandom::new(seed_number)).unwrap();
        let segment = Segment::parse(&file).unwrap();
        for entry in &all {
            let opened = segment.open_all(&entry.key);
            prop_assert!(opened.iter().any(|o| o.body == entry.body));
            prop_assert_eq!(opened.len(), all.iter().filter(|e| e.key == entry.key).count());
        }
    }
}
