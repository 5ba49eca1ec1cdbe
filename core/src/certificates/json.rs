//! JSON (RFC 8259) that is to be signed or compared: no key twice, numbers whole, order kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::reason::Reason;

/// A JSON value whose maps keep their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number with a fraction or an exponent, or too large.
    OtherNumber,
    Text(String),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text. serde_json itself goes no deeper than 128 levels.
    pub fn read(text: &str) -> Result<Self, Reason> {
        let value: Self = serde_json::from_str(text).map_err(|_| Reason::Json)?;
        value.check()?;
        Ok(value)
    }

    fn check(&self) -> Result<(), Reason> {
        match self {
            Self::List(values) => values.iter().try_for_each(Self::check),
            Self::Map(entries) => {
                let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
                keys.sort_unstable();
                if keys.windows(2).any(|pair| pair[0] == pair[1]) {
                    return Err(Reason::DuplicateKey);
                }
                entries.iter().try_for_each(|(_, value)| value.check())
            }
            _ => Ok(()),
        }
    }

    /// The value of a map's key; `None` where there is no such key, or no map.
    pub fn at(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text that this value is; `None` for another kind of value.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The list that this value is; `None` for another kind of value.
    pub fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Integer(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(i64::try_from(value).map_or(Json::OtherNumber, Json::Integer))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
                Ok(Json::OtherNumber)
            }
            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::Text(value.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = access.next_element()? {
                    values.push(value);
                }
                Ok(Json::List(values))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = access.next_entry()? {
                    entries.push(entry);
                }
                Ok(Json::Map(entries))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_found_at_any_depth() {
        assert_eq!(Json::read(r#"{"a":[{"b":1,"b":2}]}"#), Err(Reason::DuplicateKey));
        assert_eq!(Json::read(r#"{"a":1,"\u0061":2}"#), Err(Reason::DuplicateKey));
        assert!(Json::read(r#"{"a":{"b":1},"b":2}"#).is_ok());
    }

    #[test]
    fn deep_texts_are_refused() {
        assert_eq!(Json::read(&"[".repeat(100_000)), Err(Reason::Json));
        assert_eq!(Json::read("1 1"), Err(Reason::Json));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}:,\"a0-9.e\\\\-]{0,60}") {
            let _ = Json::read(&text);
        }
    }
}
