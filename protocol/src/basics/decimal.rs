//! Bytes as decimal digits: in a QR code's numeric mode a digit costs 3 1/3 bits, so bytes travel almost without loss.

use std::fmt::Write as _;

/// Nine digits fit a limb, and a limb times 256 fits 64 bits.
const LIMB: u64 = 1_000_000_000;
const LIMB_DIGITS: usize = 9;

/// Most digits that are read: far above any code, far below what would take time.
pub const MOST_DIGITS: usize = 2_000;

/// Writes `bytes`, a big-endian number, in decimal. The first byte must not be zero, or it is lost.
///
/// ```
/// use techo_protocol::basics::decimal::to_digits;
/// assert_eq!(to_digits(&[1, 0]), "256");
/// assert_eq!(to_digits(&[0xFF; 154]).len(), 371, "2.4 digits a byte");
/// ```
pub fn to_digits(bytes: &[u8]) -> String {
    // Little-endian limbs; each byte multiplies by 256 and adds.
    let mut limbs: Vec<u64> = vec![0];
    for &byte in bytes {
        let mut carry = u64::from(byte);
        for limb in &mut limbs {
            let value = *limb * 256 + carry;
            *limb = value % LIMB;
            carry = value / LIMB;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    let mut out = limbs.pop().unwrap_or(0).to_string();
    for limb in limbs.iter().rev() {
        // Writing to a string does not fail.
        let _ = write!(out, "{limb:09}");
    }
    out
}

/// Reads decimal digits into the shortest big-endian bytes. `None` for anything but 1 to 2,000 digits without a leading zero.
///
/// ```
/// use techo_protocol::basics::decimal::from_digits;
/// assert_eq!(from_digits("65536"), Some(vec![1, 0, 0]));
/// assert_eq!(from_digits("065536"), None, "a number has one form only");
/// ```
pub fn from_digits(digits: &str) -> Option<Vec<u8>> {
    if digits.is_empty() || digits.len() > MOST_DIGITS || digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Little-endian bytes; each group of digits multiplies by its power of ten and adds.
    let mut bytes: Vec<u8> = Vec::with_capacity(digits.len() / 2);
    let head = digits.len() % LIMB_DIGITS;
    let groups = std::iter::once(&digits[..head]).filter(|g| !g.is_empty()).map(str::as_bytes);
    for group in groups.chain(digits.as_bytes()[head..].chunks(LIMB_DIGITS)) {
        let mut carry = group.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        let factor = 10_u64.pow(u32::try_from(group.len()).ok()?);
        for byte in &mut bytes {
            let value = u64::from(*byte) * factor + carry;
            *byte = value.to_le_bytes()[0];
            carry = value >> 8;
        }
        while carry > 0 {
            bytes.push(carry.to_le_bytes()[0]);
            carry >>= 8;
        }
    }
    bytes.reverse();
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_come_back(first in 1..=255_u8, rest in prop::collection::vec(any::<u8>(), 0..300)) {
            let bytes = [vec![first], rest].concat();
            prop_assert_eq!(from_digits(&to_digits(&bytes)), Some(bytes));
        }

        #[test]
        fn digits_come_back(digits in "[1-9][0-9]{0,400}") {
            prop_assert_eq!(to_digits(&from_digits(&digits).unwrap()), digits);
        }
    }

    #[test]
    fn vectors() {
        assert_eq!(to_digits(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), "18446744073709551616");
        assert_eq!(from_digits("18446744073709551616"), Some(vec![1, 0, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(to_digits(&[0xFF; 154]).len(), 371);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "01", "-1", "1a", "１"] {
            assert_eq!(from_digits(text), None, "{text}");
        }
        assert_eq!(from_digits(&"1".repeat(MOST_DIGITS + 1)), None);
    }
}
