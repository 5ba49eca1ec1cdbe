//! The one-time code by which a resident sends a diary: 16 characters that survive being read out over the telephone.
//!
//! Crockford's base 32 (no I, L, O, U; small letters, hyphens and spaces are forgiven): 15 characters are 75 random bits, the last makes
//! the weighted sum over GF(32) zero, so that one wrong character and two swapped ones are always noticed.

use ring::hkdf;

use crate::basics::clock::HOUR_SECONDS;
use crate::basics::random::{Random, RandomError, random_bytes};

/// How long a code is valid, in seconds.
pub const VALID_SECONDS: i64 = 48 * HOUR_SECONDS;
/// Characters of a code without hyphens.
pub const CHARACTERS: usize = 16;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

crate::coded_errors! {
    /// What can be wrong with a one-time code.
    pub enum CaseCodeError {
        /// It has another length, or characters that no code has.
        NotACode = "case_code.not_a_code", "This is not a one-time code.", "It has 16 letters and digits, as ABCD-EFGH-JKMN-PQRS. Check what the health centre told you.";
        /// One character at least is wrong.
        Mistyped = "case_code.mistyped", "A character of this one-time code is wrong.", "Compare it with what the health centre told you.";
    }
}

/// A one-time code of 16 characters, by which a health centre lets one person send a diary.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CaseCode([u8; CHARACTERS]);

/// Where the relay keeps what was sent with a code: 16 bytes that the code gives and that do not give the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MailboxId(pub [u8; 16]);

impl CaseCode {
    /// Draws a new code.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`] when the source of randomness fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let drawn: [u8; CHARACTERS] = random_bytes(random)?;
        let mut symbols = drawn.map(|byte| byte & 31);
        symbols[CHARACTERS - 1] = 0;
        // The last character's weight is 1, so the sum of the others is what it must be.
        symbols[CHARACTERS - 1] = weighted_sum(&symbols);
        Ok(Self(symbols))
    }

    /// Reads a code as a person types it.
    ///
    /// # Errors
    /// [`CaseCodeError`]: not a code, or mistyped.
    ///
    /// ```
    /// use techo_protocol::exposure::case_code::CaseCode;
    /// let code = CaseCode::generate(&techo_protocol::basics::random::SeededRandom::new(1)).unwrap();
    /// assert_eq!(CaseCode::read(&code.to_string().to_lowercase()), Ok(code));
    /// ```
    pub fn read(text: &str) -> Result<Self, CaseCodeError> {
        let mut symbols = [0; CHARACTERS];
        let mut count = 0;
        for character in text.trim().bytes().filter(|b| !b"- ".contains(b)) {
            let character = match character.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            let symbol = ALPHABET
                .iter()
                .position(|&known| known == character)
                .ok_or(CaseCodeError::NotACode)?;
            // The alphabet has 32 characters.
            *symbols.get_mut(count).ok_or(CaseCodeError::NotACode)? = u8::try_from(symbol).unwrap_or(0);
            count += 1;
        }
        if count != CHARACTERS {
            return Err(CaseCodeError::NotACode);
        }
        if weighted_sum(&symbols) == 0 {
            Ok(Self(symbols))
        } else {
            Err(CaseCodeError::Mistyped)
        }
    }

    /// Where the relay keeps what is sent with this code.
    ///
    /// ```
    /// use techo_protocol::exposure::case_code::{CaseCode, CaseCodeError};
    /// let code = CaseCode::generate(&techo_protocol::basics::random::SystemRandom::new()).unwrap();
    /// let typed = CaseCode::read(&code.to_string().replace('-', " "))?;
    /// assert_eq!(typed.mailbox(), code.mailbox());
    /// assert_eq!(format!("{code:?}"), "CaseCode(..)");
    /// # Ok::<(), CaseCodeError>(())
    /// ```
    pub fn mailbox(&self) -> MailboxId {
        let mut id = [0; 16];
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"techo case v1")
            .extract(&self.0)
            .expand(&[b"box"], Sixteen)
            .and_then(|okm| okm.fill(&mut id))
            .expect("16 bytes is less than one block of HKDF-SHA256");
        MailboxId(id)
    }
}

struct Sixteen;

impl hkdf::KeyType for Sixteen {
    fn len(&self) -> usize {
        16
    }
}

impl std::fmt::Display for CaseCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, &symbol) in self.0.iter().enumerate() {
            if index > 0 && index % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(ALPHABET[usize::from(symbol & 31)]))?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for CaseCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CaseCode(..)")
    }
}

/// Sum of symbol times a weight of its own, 2^15 to 2^0 in GF(32) with x^5 + x^2 + 1, by Horner's rule.
fn weighted_sum(symbols: &[u8; CHARACTERS]) -> u8 {
    symbols.iter().fold(0, |sum, &symbol| {
        let doubled = sum << 1;
        let reduced = if doubled & 32 == 0 { doubled } else { doubled ^ 0b10_0101 };
        reduced ^ symbol
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basics::random::SeededRandom;

    fn code(seed: u64) -> CaseCode {
        CaseCode::generate(&SeededRandom::new(seed)).unwrap()
    }

    #[test]
    fn reads_what_people_type() {
        for seed in 0..200 {
            let text = code(seed).to_string();
            assert_eq!(text.len(), 19);
            assert_eq!(
                CaseCode::read(&format!(
                    " {} ",
                    text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l")
                )),
                Ok(code(seed))
            );
        }
    }

    #[test]
    fn one_wrong_character_is_always_noticed() {
        let text: Vec<char> = code(1).to_string().replace('-', "").chars().collect();
        for at in 0..CHARACTERS {
            for &other in ALPHABET {
                let mut wrong = text.clone();
                wrong[at] = char::from(other);
                if wrong != text {
                    assert_eq!(
                        CaseCode::read(&wrong.iter().collect::<String>()),
                        Err(CaseCodeError::Mistyped)
                    );
                }
            }
        }
    }

    #[test]
    fn two_swapped_characters_are_always_noticed() {
        let text: Vec<char> = code(2).to_string().replace('-', "").chars().collect();
        for a in 0..CHARACTERS {
            for b in 0..a {
                let mut wrong = text.clone();
                wrong.swap(a, b);
                if wrong != text {
                    assert_eq!(
                        CaseCode::read(&wrong.iter().collect::<String>()),
                        Err(CaseCodeError::Mistyped)
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_no_code_says_so() {
        for text in [
            "",
            "ABCD",
            "ABCD-EFGH-JKMN-PQRU",
            &"A".repeat(17),
            "日本日本日本日本日本日本日本日本",
        ] {
            assert_eq!(CaseCode::read(text), Err(CaseCodeError::NotACode), "{text}");
        }
    }

    #[test]
    fn codes_have_mailboxes_of_their_own() {
        assert_ne!(code(1).mailbox(), code(2).mailbox());
        assert_eq!(code(1).mailbox(), code(1).mailbox());
    }
}
