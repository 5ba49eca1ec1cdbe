//! Base45 (RFC 9285): bytes as characters of a QR code's alphanumeric mode.

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
/// No character of the alphabet.
const NONE: u8 = 0xFF;
/// What each byte stands for.
const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut value: u8 = 0;
    while (value as usize) < ALPHABET.len() {
        values[ALPHABET[value as usize] as usize] = value;
        value += 1;
    }
    values
}

/// Writes bytes in Base45.
///
/// ```
/// // RFC 9285, section 4.3.
/// use techo_protocol::basics::base45::encode;
/// assert_eq!(encode(b"Hello!!"), "%69 VD92EX0");
/// ```
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(2) * 3);
    for pair in bytes.chunks(2) {
        let (mut value, digits) = match *pair {
            [high, low] => (usize::from(high) * 256 + usize::from(low), 3),
            [one] => (usize::from(one), 2),
            _ => continue,
        };
        for _ in 0..digits {
            out.push(char::from(ALPHABET[value % 45]));
            value /= 45;
        }
    }
    out
}

/// Reads Base45; `None` for a character of another alphabet, a cut end, or a group that stands for more than its bytes hold.
///
/// ```
/// use techo_protocol::basics::base45::decode;
/// assert_eq!(decode("QED8WEX0").as_deref(), Some(&b"ietf!"[..]));
/// assert_eq!(decode("GGW"), None, "65,536 is more than two bytes hold");
/// ```
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let value = |byte: u8| Some(VALUES[usize::from(byte)]).filter(|&value| value != NONE).map(u32::from);
    let mut out = Vec::with_capacity(text.len() / 3 * 2 + 1);
    for group in text.as_bytes().chunks(3) {
        match *group {
            [a, b, c] => {
                let sum = value(a)? + value(b)? * 45 + value(c)? * 2025;
                out.extend_from_slice(&u16::try_from(sum).ok()?.to_be_bytes());
            }
            [a, b] => out.push(u8::try_from(value(a)? + value(b)? * 45).ok()?),
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 9285, sections 4.3 and 4.4.
    #[test]
    fn examples_of_the_rfc() {
        for (plain, text) in [
            ("AB", "BB8"),
            ("Hello!!", "%69 VD92EX0"),
            ("base-45", "UJCLQE7W581"),
            ("ietf!", "QED8WEX0"),
        ] {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(plain.as_bytes()));
        }
        for text in ["GGW", ":::", "::", "A", "ABCD", "ab8", "あ"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn comes_back(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn what_is_read_is_written_in_one_way(text in "[0-9A-Z $%*+./:-]{0,40}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
