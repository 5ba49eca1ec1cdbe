use ::base64::Engine as _;
use ::base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::super::protobuf::tests::Writer;
use super::*;

/// What a poster's message is made of, for tests.
#[derive(Debug, Clone)]
pub(in crate::posters) struct Sample {
    pub description: String,
    pub address: String,
    pub times: (u64, u64),
    /// Numbers of the fields of the two times.
    pub time_fields: (u64, u64),
    pub seed: Vec<u8>,
    pub country_data: Vec<u8>,
}

impl Sample {
    pub(in crate::posters) fn base64(&self) -> String {
        let location = Writer::default()
            .varint(1, 1)
            .bytes(2, self.description.as_bytes())
            .bytes(3, self.address.as_bytes())
            .varint(self.time_fields.0, self.times.0)
            .varint(self.time_fields.1, self.times.1);
        let crowd_notifier = Writer::default().varint(1, 1).bytes(2, &[7; 96]).bytes(3, &self.seed);
        let message = Writer::default()
            .varint(1, 1)
            .bytes(2, &location.0)
            .bytes(3, &crowd_notifier.0)
            .bytes(4, &self.country_data);
        URL_SAFE_NO_PAD.encode(message.0)
    }
}

const DIALECT: Dialect = Dialect {
    start_field: 5,
    end_field: 6,
    address_required: true,
    lines: Lines::One,
    seed_bytes: 16,
};

fn sample() -> Sample {
    Sample {
        description: "Friseur".to_owned(),
        address: "Berlin".to_owned(),
        times: (0, 0),
        time_fields: (5, 6),
        seed: vec![9; 16],
        country_data: vec![1, 2, 3],
    }
}

fn read_sample(change: impl FnOnce(&mut Sample)) -> Result<TraceLocation, PosterError> {
    let mut sample = sample();
    change(&mut sample);
    read(&sample.base64(), &DIALECT)
}

#[test]
fn a_venue() {
    let expected = TraceLocation {
        name: "Friseur".to_owned(),
        address: Some("Berlin".to_owned()),
        valid: None,
        complaint: None,
        country_data: vec![1, 2, 3],
    };
    assert_eq!(read_sample(|_| {}), Ok(expected));
}

#[test]
fn times_are_both_zero_or_in_order() {
    let valid = |times| read_sample(|s| s.times = times).map(|l| l.valid);
    assert_eq!(valid((5, 5)), Ok(Some((5, 5))));
    assert_eq!(valid((0, 5)), Ok(Some((0, 5))));
    assert_eq!(valid((5, 0)), Err(PosterError::Times));
    assert_eq!(valid((6, 5)), Err(PosterError::Times));
    assert_eq!(valid((0, LAST_SECOND)), Ok(Some((0, 253_402_300_799))));
    assert_eq!(valid((0, LAST_SECOND + 1)), Err(PosterError::Times));
    assert_eq!(valid((u64::MAX, u64::MAX)), Err(PosterError::Times));
}

#[test]
fn the_other_country_s_time_fields_are_not_read() {
    let read = read_sample(|s| {
        s.times = (1_000, 2_000);
        s.time_fields = (14, 15);
    });
    assert_eq!(read.map(|l| l.valid), Ok(None));
}

#[test]
fn texts_have_rules() {
    assert_eq!(read_sample(|s| s.description.clear()), Err(PosterError::TextMissing));
    assert_eq!(read_sample(|s| s.address.clear()), Err(PosterError::TextMissing));
    assert_eq!(read_sample(|s| s.address = "a\nb".to_owned()), Err(PosterError::TextControl));
    assert_eq!(
        read_sample(|s| s.description = "x".repeat(256)),
        Err(PosterError::TextTooLong)
    );
    assert!(read_sample(|s| s.description = "x".repeat(255)).is_ok());
}

#[test]
fn a_seed_of_another_length_is_complained_of_and_the_name_still_read() {
    for length in [0, 4, 15, 17] {
        let read = read_sample(|s| s.seed = vec![1; length]).unwrap();
        assert_eq!(
            (read.name.as_str(), read.complaint),
            ("Friseur", Some(PosterError::Seed)),
            "{length}"
        );
    }
}

#[test]
fn fields_split_over_two_messages_are_merged() {
    // Protobuf's rule: a message that comes twice is the sum of both, and a later value wins.
    let message = Writer::default()
        .bytes(2, &Writer::default().bytes(2, b"first").bytes(3, b"Berlin").0)
        .bytes(2, &Writer::default().bytes(2, b"second").0)
        .bytes(99, b"unknown")
        .varint(4, 7); // of the wrong type: as good as unknown
    let read = read(&URL_SAFE_NO_PAD.encode(message.0), &DIALECT).unwrap();
    assert_eq!((read.name.as_str(), read.address.as_deref()), ("second", Some("Berlin")));
    assert!(read.country_data.is_empty());
}

#[test]
fn what_is_no_message_is_malformed() {
    let not_utf8 = Writer::default()
        .bytes(2, &Writer::default().bytes(2, b"\xff").bytes(3, b"x").0)
        .0;
    let torn_inside = Writer::default().bytes(2, b"\x12\x09short").0;
    for message in [not_utf8, torn_inside, b"not a message".to_vec()] {
        assert_eq!(
            read(&URL_SAFE_NO_PAD.encode(&message), &DIALECT),
            Err(PosterError::Malformed),
            "{message:?}"
        );
    }
    assert_eq!(read("*", &DIALECT), Err(PosterError::Malformed));
    // The empty message is a message; it names nothing.
    assert_eq!(read("", &DIALECT), Err(PosterError::TextMissing));
}

#[test]
fn the_part_after_the_host() {
    for (text, expected) in [
        ("?v=1#abc", Some(("1", "abc"))),
        ("/?v=12#a#b", Some(("12", "a#b"))),
        ("?v=1#", Some(("1", ""))),
        ("?v=#abc", None),
        ("?v=x#abc", None),
        ("?v=1", None),
        (".example?v=1#abc", None),
        ("//?v=1#abc", None),
    ] {
        assert_eq!(version_and_payload(text), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        description in "[^\\p{Cc}\\s][^\\p{Cc}]{0,100}",
        address in "[^\\p{Cc}\\s][^\\p{Cc}]{0,100}",
        start in 1..LAST_SECOND,
        length in 0..100_000_u64,
        country_data in prop::collection::vec(any::<u8>(), 0..50),
    ) {
        let end = (start + length).min(LAST_SECOND);
        let read = read_sample(|s| {
            s.description.clone_from(&description);
            s.address.clone_from(&address);
            s.times = (start, end);
            s.country_data.clone_from(&country_data);
        });
        prop_assert_eq!(read, Ok(TraceLocation {
            name: description,
            address: Some(address),
            valid: Some((start.cast_signed(), end.cast_signed())),
            complaint: None,
            country_data,
        }));
    }

    #[test]
    fn any_bytes_are_an_answer(message in prop::collection::vec(any::<u8>(), 0..300)) {
        // Whatever comes out, it obeys the rules on texts.
        if let Ok(read) = read(&URL_SAFE_NO_PAD.encode(message), &DIALECT) {
            prop_assert!(!read.name.trim().is_empty() && read.name.chars().count() <= 255);
        }
    }
}
