//! The code of a Japanese municipality (全国地方公共団体コード): five digits and a check digit.

use std::fmt;

use serde::{Deserialize, Serialize};

crate::coded_errors! {
    /// What can be wrong with a municipality's code.
    pub enum MunicipalityCodeError {
        /// Not six digits, or of no prefecture.
        Malformed = "municipality_code.malformed", "This is not a municipality's code.", "Give the six digits of the municipality, check digit included.";
        /// The last digit does not fit the others.
        CheckDigit = "municipality_code.check_digit", "A digit of the municipality's code is wrong: its check digit does not fit.", "Compare it with the printed code, digit by digit.";
    }
}

/// A municipality's code, whose check digit fits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct MunicipalityCode(u32);

impl MunicipalityCode {
    /// Reads six digits.
    ///
    /// ```
    /// use techo_protocol::basics::municipality_code::{MunicipalityCode, MunicipalityCodeError};
    /// assert_eq!(MunicipalityCode::read("271403")?.number(), 271_403);
    /// assert_eq!(MunicipalityCode::read("271430"), Err(MunicipalityCodeError::CheckDigit), "two digits changed places");
    /// # Ok::<(), MunicipalityCodeError>(())
    /// ```
    ///
    /// # Errors
    /// [`MunicipalityCodeError`].
    pub fn read(text: &str) -> Result<Self, MunicipalityCodeError> {
        if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(MunicipalityCodeError::Malformed);
        }
        text.parse::<u32>().map_err(|_| MunicipalityCodeError::Malformed)?.try_into()
    }

    /// The code as a number.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for MunicipalityCode {
    type Error = MunicipalityCodeError;

    fn try_from(number: u32) -> Result<Self, MunicipalityCodeError> {
        // JIS X 0401 numbers the prefectures 01 to 47.
        if !(1..=47).contains(&(number / 10_000)) {
            return Err(MunicipalityCodeError::Malformed);
        }
        if check_digit(number / 10) != number % 10 {
            return Err(MunicipalityCodeError::CheckDigit);
        }
        Ok(Self(number))
    }
}

impl From<MunicipalityCode> for u32 {
    fn from(code: MunicipalityCode) -> Self {
        code.0
    }
}

/// Weights 6, 5, 4, 3, 2 over the five digits; 11 less the rest by 11, its last digit (総務省「検査数字を算出する算式」).
fn check_digit(five: u32) -> u32 {
    let mut left = five;
    let mut sum = 0;
    for weight in 2..=6 {
        sum += left % 10 * weight;
        left /= 10;
    }
    (11 - sum % 11) % 10
}

impl fmt::Display for MunicipalityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl fmt::Debug for MunicipalityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MunicipalityCode({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_codes_are_read() {
        // Hokkaido, Sapporo, Tokyo-to, Shinjuku, Osaka-fu, Sakai, Naha.
        for code in ["010006", "011002", "130001", "131041", "270008", "271403", "472018"] {
            assert_eq!(MunicipalityCode::read(code).map(|code| code.to_string()), Ok(code.to_owned()));
        }
    }

    #[test]
    fn every_wrong_digit_is_noticed() {
        for at in 0..6 {
            for digit in b'0'..=b'9' {
                let mut code = *b"271403";
                if code[at] != digit {
                    code[at] = digit;
                    assert!(
                        MunicipalityCode::read(std::str::from_utf8(&code).unwrap()).is_err(),
                        "{code:?}"
                    );
                }
            }
        }
        assert_eq!(MunicipalityCode::read("271404"), Err(MunicipalityCodeError::CheckDigit));
        for text in ["", "27140", "2714030", "+71403", "２７１４０３", "480002", "000000"] {
            assert_eq!(MunicipalityCode::read(text), Err(MunicipalityCodeError::Malformed), "{text}");
        }
    }
}
