//! CBOR (RFC 8949) as certificates have it: shallow, small maps, no key twice, nothing behind the end.

use ciborium::Value;

use super::reason::Reason;

/// Deepest nesting that is read. A DCC has 7 levels.
const DEEPEST: usize = 16;
/// Largest map that is read. A DCC's have at most 12 entries.
const LARGEST_MAP: usize = 64;

/// Reads the one value that the bytes hold, to the last byte.
pub(super) fn read(mut bytes: &[u8]) -> Result<Value, Reason> {
    let value = ciborium::de::from_reader_with_recursion_limit(&mut bytes, DEEPEST).map_err(|_| Reason::Cbor)?;
    if !bytes.is_empty() {
        return Err(Reason::Cbor);
    }
    check(&value)?;
    Ok(value)
}

fn check(value: &Value) -> Result<(), Reason> {
    match value {
        Value::Array(values) => values.iter().try_for_each(check),
        Value::Tag(_, inner) => check(inner),
        Value::Map(entries) if entries.len() > LARGEST_MAP => Err(Reason::Cbor),
        Value::Map(entries) => {
            for (at, (key, value)) in entries.iter().enumerate() {
                if entries[..at].iter().any(|(earlier, _)| earlier == key) {
                    return Err(Reason::DuplicateKey);
                }
                check(key)?;
                check(value)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The value of a map under a key that is a number.
pub(super) fn of_number(map: &[(Value, Value)], key: i64) -> Option<&Value> {
    map.iter()
        .find(|(k, _)| k.as_integer() == Some(key.into()))
        .map(|(_, value)| value)
}

/// The value of a map under a key that is a text; `null` counts as absent.
pub(super) fn of_text<'a>(map: &'a [(Value, Value)], key: &str) -> Option<&'a Value> {
    map.iter()
        .find(|(k, _)| k.as_text() == Some(key))
        .map(|(_, value)| value)
        .filter(|value| !value.is_null())
}

/// Unix seconds of a claim (RFC 8392, section 2: a number, whole or not; some issuers write tag 1 before it).
pub(super) fn time(value: &Value) -> Result<i64, Reason> {
    match value {
        Value::Integer(number) => i64::try_from(*number).map_err(|_| Reason::Number).and_then(seconds),
        Value::Float(number) => whole(*number).and_then(seconds),
        Value::Tag(1, inner) if !inner.is_tag() => time(inner),
        _ => Err(Reason::Schema { field: "time" }),
    }
}

/// Unix seconds, and no milliseconds: some issuers count those. 10^12 is in the year 33658 as seconds, and in 2001 as milliseconds, so that a
/// certificate "until the end of the year 9999" is none.
pub(super) fn seconds(number: i64) -> Result<i64, Reason> {
    const FEWEST_MILLISECONDS: i64 = 1_000_000_000_000;
    if number < FEWEST_MILLISECONDS {
        Ok(number)
    } else {
        Err(Reason::Milliseconds)
    }
}

/// The whole number at or below a number.
pub(super) fn whole(number: f64) -> Result<i64, Reason> {
    /// Beyond that, a double does not hold every whole number any more.
    const MOST: f64 = 9_007_199_254_740_992.0;
    if !number.is_finite() || number.abs() > MOST {
        return Err(Reason::Number);
    }
    #[allow(clippy::cast_possible_truncation, reason = "its bounds were checked")]
    Ok(number.floor() as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(value: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        ciborium::into_writer(value, &mut out).unwrap();
        out
    }

    #[test]
    fn a_key_that_stands_twice_is_found_at_any_depth() {
        let twice = Value::Map(vec![(1.into(), 2.into()), (1.into(), 3.into())]);
        assert_eq!(read(&bytes(&twice)), Err(Reason::DuplicateKey));
        let below = Value::Map(vec![(1.into(), Value::Array(vec![Value::Tag(9, Box::new(twice))]))]);
        assert_eq!(read(&bytes(&below)), Err(Reason::DuplicateKey));
    }

    #[test]
    fn deep_large_and_trailing_are_refused() {
        assert_eq!(read(&vec![0x81; 100_000]), Err(Reason::Cbor));
        assert_eq!(
            read(&[0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
            Err(Reason::Cbor)
        );
        assert_eq!(
            read(&[0x5B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0]),
            Err(Reason::Cbor)
        );
        assert_eq!(read(&[0x01, 0x01]), Err(Reason::Cbor));
        let large = Value::Map((0..65).map(|at| (Value::from(at), Value::Null)).collect());
        assert_eq!(read(&bytes(&large)), Err(Reason::Cbor));
    }

    #[test]
    fn times_are_whole_seconds_and_bounded() {
        assert_eq!(time(&Value::from(7)), Ok(7));
        assert_eq!(time(&Value::Tag(1, Box::new(Value::Float(7.9)))), Ok(7));
        assert_eq!(time(&Value::Float(-0.5)), Ok(-1));
        for huge in [f64::INFINITY, f64::NAN, 1e300, -1e300] {
            assert_eq!(time(&Value::Float(huge)), Err(Reason::Number));
        }
        assert_eq!(time(&Value::from(u64::MAX)), Err(Reason::Number));
        assert_eq!(
            time(&Value::from(253_402_300_799_i64)),
            Ok(253_402_300_799),
            "the end of the year 9999"
        );
        assert_eq!(time(&Value::from(1_630_000_000_000_i64)), Err(Reason::Milliseconds));
        assert_eq!(time(&Value::Text("7".into())), Err(Reason::Schema { field: "time" }));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
