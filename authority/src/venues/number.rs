//! A venue's number: eight digits that a person can read off a poster and type.
//!
//! The last is a check digit by H. M. Damm's method ("Total anti-symmetrische Quasigruppen", Marburg 2004), which finds every single wrong
//! digit and every swap of neighbours. The seven before it are drawn at random, so that a number neither tells how many venues there are
//! nor leads to the next. The first is never 0: a number is typed and kept whole.

use std::fmt;
use std::str::FromStr;

use techo_protocol::basics::random::{Random, random_bytes};

use super::VenueError;
use crate::Error;
use crate::store::{StoreError, narrow};

/// Damm's quasigroup of order 10: row is the interim digit, column the next digit.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// Draws before the registry is called full.
const DRAWS: usize = 1_000;

/// The number that people know a venue by: eight digits, of which the last checks the seven before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VenueNumber(u32);

impl VenueNumber {
    /// The number of seven digits and their check digit. `seven` is taken into its range first.
    fn with_check_digit(seven: u32) -> Self {
        let seven = 1_000_000 + seven % 9_000_000;
        Self(seven * 10 + u32::from(damm(&seven.to_string())))
    }

    /// Draws a number that is not taken.
    pub(super) fn draw(random: &dyn Random, taken: impl Fn(Self) -> Result<bool, Error>) -> Result<Self, Error> {
        for _ in 0..DRAWS {
            let number = Self::with_check_digit(u32::from_be_bytes(random_bytes(random)?));
            if !taken(number)? {
                return Ok(number);
            }
        }
        Err(VenueError::NumbersTaken.into())
    }

    /// A number out of the database.
    pub(crate) fn stored(number: i64) -> Result<Self, StoreError> {
        Ok(Self(narrow(number)?))
    }

    /// The number, of eight decimal digits.
    pub fn value(self) -> u32 {
        self.0
    }
}

/// The check digit that follows these digits; 0 where the last of them is their check digit.
fn damm(digits: &str) -> u8 {
    digits.bytes().fold(0, |interim, digit| {
        // Interim and digit are 0 to 9: the table holds nothing else, and callers give decimal digits.
        DAMM[usize::from(interim)][usize::from(digit.wrapping_sub(b'0') % 10)]
    })
}

impl fmt::Display for VenueNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

impl FromStr for VenueNumber {
    type Err = VenueError;

    /// Reads eight digits; spaces and hyphens between them are forgiven.
    fn from_str(text: &str) -> Result<Self, VenueError> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(VenueError::NotANumber);
        }
        if damm(&digits) != 0 || digits.starts_with('0') {
            return Err(VenueError::NumberMistyped);
        }
        digits.parse().map(Self).map_err(|_| VenueError::NotANumber)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn damm_s_own_example() {
        assert_eq!(damm("572"), 4);
        assert_eq!(damm("5724"), 0);
    }

    #[test]
    fn what_is_no_number_says_so() {
        for text in ["", "1234567", "123456789", "1234567x", "１２３４５６７８"] {
            assert_eq!(text.parse::<VenueNumber>(), Err(VenueError::NotANumber), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_comes_back_and_every_slip_is_noticed(drawn in any::<u32>(), at in 0..8_usize, by in 1..10_u8) {
            let number = VenueNumber::with_check_digit(drawn);
            let text = number.to_string();
            prop_assert_eq!(text.len(), 8);
            prop_assert_eq!(text.parse(), Ok(number));
            prop_assert_eq!(format!("{} {}", &text[..4], &text[4..]).parse(), Ok(number));

            let mut wrong = text.clone().into_bytes();
            wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert_eq!(wrong.parse::<VenueNumber>(), Err(VenueError::NumberMistyped));

            let mut swapped = text.clone().into_bytes();
            swapped.swap(at, (at + 1).min(7));
            let swapped = String::from_utf8(swapped).unwrap();
            if swapped != text {
                prop_assert_eq!(swapped.parse::<VenueNumber>(), Err(VenueError::NumberMistyped));
            }
        }
    }
}
