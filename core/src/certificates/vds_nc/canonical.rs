//! JSON in its one canonical form (RFC 8785), as far as VDS-NC needs it: texts and whole numbers. No field of a VDS-NC has a fraction, and a
//! number with one is refused.

use crate::certificates::json::Json;
use crate::certificates::reason::Reason;

/// Largest whole number that a double holds with all before it (RFC 7493, section 2.2).
const LARGEST: u64 = 1 << 53;

/// The canonical text of a value (RFC 8785), over which a seal is signed.
pub(super) fn write(value: &Json) -> Result<String, Reason> {
    let mut out = String::new();
    append(value, &mut out)?;
    Ok(out)
}

fn append(value: &Json, out: &mut String) -> Result<(), Reason> {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Integer(number) if number.unsigned_abs() <= LARGEST => out.push_str(&number.to_string()),
        Json::Integer(_) | Json::OtherNumber => return Err(Reason::Number),
        Json::Text(text) => quote(text, out)?,
        Json::List(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                append(value, out)?;
            }
            out.push(']');
        }
        Json::Map(entries) => {
            let mut entries: Vec<&(String, Json)> = entries.iter().collect();
            // By UTF-16 code units (section 3.2.3).
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (at, (key, value)) in entries.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                quote(key, out)?;
                out.push(':');
                append(value, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// serde_json escapes what section 3.2.2.2 says, in the same forms, and nothing else.
fn quote(text: &str, out: &mut String) -> Result<(), Reason> {
    out.push_str(&serde_json::to_string(text).map_err(|_| Reason::Json)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Result<String, Reason> {
        write(&Json::read(text)?)
    }

    /// RFC 8785, section 3.2.3.
    #[test]
    fn keys_are_sorted_by_their_utf_16() {
        let text = r#"{ "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis" }"#;
        let expected = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\
            \"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}";
        assert_eq!(canonical(text).as_deref(), Ok(expected));
    }

    /// RFC 8785, section 3.2.2.
    #[test]
    fn texts_and_literals_have_one_form() {
        let text = r#"{ "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false, 0, -7] }"#;
        let expected = "{\"literals\":[null,true,false,0,-7],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(canonical(text).as_deref(), Ok(expected));
    }

    #[test]
    fn fractions_and_huge_numbers_are_refused() {
        for number in ["1.5", "1e30", "9007199254740993", "99999999999999999999", "-1e400"] {
            let refused = canonical(&format!("[{number}]"));
            assert!(matches!(refused, Err(Reason::Number | Reason::Json)), "{number}: {refused:?}");
        }
    }
}
