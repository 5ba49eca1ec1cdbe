use proptest::prelude::*;

use super::*;

/// A writer of the same format, for tests.
#[derive(Default)]
pub(in crate::posters) struct Writer(pub Vec<u8>);

impl Writer {
    pub(in crate::posters) fn varint(mut self, number: u64, value: u64) -> Self {
        self.raw_varint(number << 3);
        self.raw_varint(value);
        self
    }

    pub(in crate::posters) fn bytes(mut self, number: u64, value: &[u8]) -> Self {
        self.raw_varint(number << 3 | 2);
        self.raw_varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn fixed(mut self, number: u64, wide: bool) -> Self {
        self.raw_varint(number << 3 | if wide { 1 } else { 5 });
        self.0.extend_from_slice(&[0xff; 8][..if wide { 8 } else { 4 }]);
        self
    }

    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }
}

#[derive(Debug, Clone)]
enum Field {
    Varint(u64, u64),
    Bytes(u64, Vec<u8>),
    Fixed(u64, bool),
}

fn field() -> impl Strategy<Value = Field> {
    let number = 1_u64..1 << 29;
    prop_oneof![
        (number.clone(), any::<u64>()).prop_map(|(number, value)| Field::Varint(number, value)),
        (number.clone(), prop::collection::vec(any::<u8>(), 0..300)).prop_map(|(number, value)| Field::Bytes(number, value)),
        (number, any::<bool>()).prop_map(|(number, wide)| Field::Fixed(number, wide)),
    ]
}

fn write(fields: &[Field]) -> Vec<u8> {
    fields
        .iter()
        .fold(Writer::default(), |writer, field| match field {
            Field::Varint(number, value) => writer.varint(*number, *value),
            Field::Bytes(number, value) => writer.bytes(*number, value),
            Field::Fixed(number, wide) => writer.fixed(*number, *wide),
        })
        .0
}

fn read(message: &[u8]) -> Vec<Result<(u64, Value<'_>), NotProtobuf>> {
    Fields::new(message).collect()
}

proptest! {
    #[test]
    fn what_is_written_is_read(fields in prop::collection::vec(field(), 0..20)) {
        let message = write(&fields);
        let expected: Vec<_> = fields
            .iter()
            .map(|field| Ok(match field {
                Field::Varint(number, value) => (*number, Value::Varint(*value)),
                Field::Bytes(number, value) => (*number, Value::Bytes(value)),
                Field::Fixed(number, _) => (*number, Value::Fixed),
            }))
            .collect();
        prop_assert_eq!(read(&message), expected);
    }

    #[test]
    fn any_bytes_end_in_at_most_one_error_and_it_is_the_last(message in prop::collection::vec(any::<u8>(), 0..400)) {
        let fields = read(&message);
        prop_assert!(fields.len() <= message.len());
        prop_assert!(fields.iter().rev().skip(1).all(Result::is_ok));
    }

    #[test]
    fn a_message_cut_within_a_field_is_an_error(field in field(), cut in any::<prop::sample::Index>()) {
        let message = write(&[field]);
        let cut = 1 + cut.index(message.len() - 1);
        prop_assert_eq!(read(&message[..cut]).pop(), Some(Err(NotProtobuf)));
    }
}

#[test]
fn the_documentation_s_own_examples() {
    assert_eq!(read(&[0x08, 0x96, 0x01]), [Ok((1, Value::Varint(150)))]);
    assert_eq!(read(b"\x12\x07testing"), [Ok((2, Value::Bytes(b"testing")))]);
    assert_eq!(read(&[]), []);
}

#[test]
fn what_no_writer_makes_is_refused() {
    let ten = |last: u8| [&[0x08][..], &[0xff; 9], &[last]].concat();
    assert_eq!(read(&ten(0x01)), [Ok((1, Value::Varint(u64::MAX)))]);
    for message in [
        ten(0x02),                                   // 65 bits
        ten(0x81),                                   // an eleventh byte
        vec![0x00, 0x00],                            // field number 0
        vec![0x0b],                                  // a group
        vec![0x0f],                                  // wire type 7
        vec![0x12, 0x05, b'a'],                      // longer than the message
        Writer::default().varint(1 << 29, 0).0,      // number too large
        [&[0x12][..], &[0xff; 9], &[0x01]].concat(), // a length of 2^64 - 1
    ] {
        assert_eq!(read(&message), [Err(NotProtobuf)], "{message:02x?}");
    }
}
