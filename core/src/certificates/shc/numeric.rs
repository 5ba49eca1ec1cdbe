//! A card's JWS as digits in QR codes: two for each character ("Encoding Chunks as QR Codes"). Cards in several codes are deprecated, and read.

use crate::certificates::reason::Reason;

const PREFIX: &str = "shc:/";
/// What two digits are counted from: the character `-`, the first of those that a JWS has.
const FIRST: u8 = 45;
/// Longest JWS in a single code, and longest part of one in several, in characters: what fits version 22.
const LONGEST_SINGLE: usize = 1_195;
const LONGEST_CHUNK: usize = 1_191;
/// Most codes of one card.
const MOST: usize = 100;

/// The characters of one code.
#[derive(Debug, PartialEq, Eq)]
struct Chunk<'a> {
    /// Which of how many, counted from 1.
    place: Option<(usize, usize)>,
    digits: &'a str,
}

fn split(text: &str) -> Result<Chunk<'_>, Reason> {
    let rest = text.strip_prefix(PREFIX).ok_or(Reason::Encoding)?;
    let parts: Vec<&str> = rest.split('/').collect();
    let number = |text: &str| text.parse::<usize>().map_err(|_| Reason::Chunks);
    match parts[..] {
        [digits] => Ok(Chunk { place: None, digits }),
        [at, of, digits] => Ok(Chunk {
            place: Some((number(at)?, number(of)?)),
            digits,
        }),
        _ => Err(Reason::Chunks),
    }
}

fn decode(digits: &str, longest: usize) -> Result<String, Reason> {
    if digits.len() > 2 * longest {
        return Err(Reason::ChunkTooLong);
    }
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| match *pair {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + (ones - b'0') + FIRST)
                .filter(|code| *code <= b'z')
                .map(char::from)
                .ok_or(Reason::Encoding),
            _ => Err(Reason::Encoding),
        })
        .collect()
}

/// The JWS of a card that is in one code.
pub(super) fn single(text: &str) -> Result<String, Reason> {
    let chunk = split(text)?;
    match chunk.place {
        None | Some((1, 1)) => decode(chunk.digits, LONGEST_SINGLE),
        Some(_) => Err(Reason::Chunks),
    }
}

/// Joins the codes of a card that is in several, wherever they stand among `texts`; every other text stands for itself.
pub(in super::super) fn whole(texts: &[String]) -> Result<Vec<String>, Reason> {
    let mut others = Vec::new();
    let mut parts: Vec<Option<String>> = Vec::new();
    for text in texts {
        let place = match split(text) {
            Ok(Chunk {
                place: Some((at, of)),
                digits,
            }) if of != 1 => Some((at, of, digits)),
            _ => None,
        };
        let Some((at, of, digits)) = place else {
            others.push(text.clone());
            continue;
        };
        if of > MOST || (!parts.is_empty() && parts.len() != of) {
            return Err(Reason::Chunks);
        }
        parts.resize(of, None);
        let part = at.checked_sub(1).and_then(|at| parts.get_mut(at)).ok_or(Reason::Chunks)?;
        if part.replace(decode(digits, LONGEST_CHUNK)?).is_some() {
            return Err(Reason::Chunks);
        }
    }
    if !parts.is_empty() {
        let whole: Option<Vec<String>> = parts.into_iter().collect();
        others.push(whole.ok_or(Reason::Chunks)?.concat());
    }
    Ok(others)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digits(text: &str) -> String {
        let pair = |byte: u8| [b'0' + (byte - FIRST) / 10, b'0' + (byte - FIRST) % 10].map(char::from);
        text.bytes().flat_map(pair).collect()
    }

    fn texts(of: &[&str]) -> Vec<String> {
        of.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn a_code_is_two_digits_a_character() {
        assert_eq!(single("shc:/5676").as_deref(), Ok("ey"));
        assert_eq!(single("shc:/1/1/5676").as_deref(), Ok("ey"));
        assert_eq!(single("shc:5676"), Err(Reason::Encoding));
        assert_eq!(single("shc:/567"), Err(Reason::Encoding));
        assert_eq!(single("shc:/5678"), Err(Reason::Encoding), "78 and 45 are no letter");
        assert_eq!(single("shc:/1/2/5676"), Err(Reason::Chunks));
        let longest = digits(&"a".repeat(LONGEST_SINGLE));
        assert!(single(&format!("shc:/{longest}")).is_ok());
        assert_eq!(single(&format!("shc:/{longest}00")), Err(Reason::ChunkTooLong));
    }

    #[test]
    fn several_codes_make_one_card_in_any_order() {
        let joined = whole(&texts(&["shc:/2/2/5676", "HC1:X", "shc:/1/2/7656"]));
        assert_eq!(joined, Ok(texts(&["HC1:X", "yeey"])));
        for wrong in [
            &["shc:/1/2/5676"][..],
            &["shc:/1/2/5676", "shc:/1/2/5676"],
            &["shc:/1/2/5676", "shc:/2/3/5676"],
            &["shc:/3/2/5676", "shc:/1/2/5676"],
            &["shc:/0/2/5676", "shc:/1/2/5676"],
            &["shc:/1/99999999999/5676"],
            &["shc:/1/0/5676"],
        ] {
            assert_eq!(whole(&texts(wrong)), Err(Reason::Chunks), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn comes_back(text in "[0-9A-Za-z_.-]{0,400}") {
            prop_assert_eq!(single(&format!("shc:/{}", digits(&text))), Ok(text));
        }
    }
}
