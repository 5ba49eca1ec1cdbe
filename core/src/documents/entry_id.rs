//! Ids of rows: 128 random bits, written as 22 characters of base64url.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ports::{Random, RandomError, random_bytes};

/// Characters of an id in a key.
pub const ID_CHARS: usize = 22;

/// The id of a visit or a person, the same on all devices.
///
/// ```
/// use techo_core::documents::EntryId;
///
/// let id = EntryId([7; 16]);
/// assert_eq!(id.to_string(), "BwcHBwcHBwcHBwcHBwcHBw");
/// assert_eq!("BwcHBwcHBwcHBwcHBwcHBw".parse(), Ok(id));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub [u8; 16]);

impl EntryId {
    /// A new id, 128 bits drawn at random.
    ///
    /// The text of an id never begins with `-`, so that it can be an argument of a command.
    ///
    /// ```
    /// use techo_core::documents::{EntryId, ID_CHARS};
    /// use techo_core::ports::SystemRandom;
    ///
    /// assert_eq!(EntryId::random(&SystemRandom::new())?.to_string().len(), ID_CHARS);
    /// # Ok::<(), techo_core::ports::RandomError>(())
    /// ```
    ///
    /// # Errors
    /// [`RandomError`] when the source fails.
    pub fn random(random: &dyn Random) -> Result<Self, RandomError> {
        loop {
            let id = Self(random_bytes::<16>(random)?);
            if !id.to_string().starts_with('-') {
                return Ok(id);
            }
        }
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// The text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

impl FromStr for EntryId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let mut bytes = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(NotAnId),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SeededRandom;

    #[test]
    fn ids_are_22_characters_and_come_back() {
        let random = SeededRandom::new(1);
        for _ in 0..500 {
            let id = EntryId::random(&random).unwrap();
            let text = id.to_string();
            assert_eq!(text.len(), ID_CHARS);
            assert!(!text.starts_with('-'));
            assert_eq!(text.parse(), Ok(id));
        }
        assert_eq!(EntryId([0xfb; 16]).to_string(), "-_v7-_v7-_v7-_v7-_v7-w");
    }

    #[test]
    fn an_id_is_written_in_one_way_only() {
        for text in [
            "",
            "AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAB",
            "AAAAAAAAAAAAAAAAAAAA==",
            "あああああああ",
        ] {
            assert_eq!(text.parse::<EntryId>(), Err(NotAnId), "{text}");
        }
    }
}
