//! Vaccination tickets (接種券): the 18 digits of the OCR line and the QR code, or the 10 digits of the ticket number alone.
//!
//! ```text
//! kind:1 dose number:1 municipality:6 ticket number:10        ("予防接種の実施に関する手引き" 13.1, Ministry of Health, 2022: 券種, 回数, 市町村コード, 券番号)
//! ```
//! A ticket number is unique within its municipality only, and stays the person's for all doses there.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::basics::municipality_code::{MunicipalityCode, MunicipalityCodeError};

/// Numbers of ten digits.
const TICKET_NUMBERS: u64 = 10_000_000_000;

crate::coded_errors! {
    /// What can be wrong with a ticket.
    pub enum TicketError {
        /// Not 18 or 10 digits.
        Malformed = "ticket.malformed", "This is not a ticket: it has neither 18 nor 10 digits.", "Read it again, or type the 18 digits under the ticket's code.";
        /// The municipality's check digit does not fit.
        CheckDigit = "ticket.check_digit", "A digit of the ticket was read wrong: the municipality's check digit does not fit.", "Read it again, or type the 18 digits under the ticket's code.";
        /// Dose 0 or kind 0.
        NoSuchDose = "ticket.no_such_dose", "A ticket's kind and dose number are 1 to 9.", "Read it again, or type the 18 digits under the ticket's code.";
        /// Not the 10 digits of a ticket number.
        NotANumber = "ticket.not_a_number", "This is not a ticket number of 10 digits.", "Give the 10 digits of the ticket number.";
    }
}

impl From<MunicipalityCodeError> for TicketError {
    fn from(error: MunicipalityCodeError) -> Self {
        match error {
            MunicipalityCodeError::Malformed => Self::Malformed,
            MunicipalityCodeError::CheckDigit => Self::CheckDigit,
        }
    }
}

/// A ticket's number within its municipality: ten digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct TicketNumber(u64);

impl TicketNumber {
    /// Reads ten digits.
    ///
    /// # Errors
    /// [`TicketError::NotANumber`].
    pub fn read(text: &str) -> Result<Self, TicketError> {
        let is_number = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<u64>().map_err(|_| TicketError::NotANumber)?;
        is_number.then_some(Self(number)).ok_or(TicketError::NotANumber)
    }

    /// The ten digits as a number.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for TicketNumber {
    type Error = TicketError;

    fn try_from(number: u64) -> Result<Self, TicketError> {
        (number < TICKET_NUMBERS)
            .then_some(Self(number))
            .ok_or(TicketError::NotANumber)
    }
}

impl From<TicketNumber> for u64 {
    fn from(number: TicketNumber) -> Self {
        number.0
    }
}

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}", self.0)
    }
}

/// Shows no digits: a ticket number stands for a person and has no place in a log.
impl fmt::Debug for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketNumber")
    }
}

/// A ticket of which all 18 digits are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// Kind of ticket (券種), 1 to 9.
    pub kind: u8,
    /// The dose that it is for, 1 to 9.
    pub dose: u8,
    /// The municipality that issued the ticket.
    pub municipality: MunicipalityCode,
    /// The person's number there.
    pub number: TicketNumber,
}

/// What a ticket's code or a person's typing gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TicketText {
    /// All 18 digits: kind, dose, municipality and number.
    Whole(Ticket),
    /// The ticket number alone: which municipality and which dose are not known.
    Number(TicketNumber),
}

impl TicketText {
    /// Reads 18 or 10 digits. White space and hyphens between them are passed over, full-width digits are digits, and a start and a stop
    /// letter of an NW-7 bar code (JIS X 0506) around ten digits are dropped.
    ///
    /// ```
    /// use techo_protocol::vaccination::ticket::{TicketError, TicketText};
    /// let TicketText::Whole(ticket) = TicketText::read("11271403 0000000009")? else { panic!() };
    /// assert_eq!((ticket.dose, ticket.municipality.number(), ticket.number.number()), (1, 271_403, 9));
    /// assert_eq!(TicketText::read("112714040000000009"), Err(TicketError::CheckDigit));
    /// # Ok::<(), TicketError>(())
    /// ```
    ///
    /// # Errors
    /// [`TicketError`].
    pub fn read(text: &str) -> Result<Self, TicketError> {
        let text = digits(text).ok_or(TicketError::Malformed)?;
        match text.len() {
            10 => TicketNumber::read(&text).map(Self::Number),
            18 => Ticket::of_digits(&text).map(Self::Whole),
            _ => Err(TicketError::Malformed),
        }
    }

    /// The ticket number, whichever of the two was read.
    pub fn number(&self) -> TicketNumber {
        match self {
            Self::Whole(ticket) => ticket.number,
            Self::Number(number) => *number,
        }
    }
}

impl Ticket {
    fn of_digits(text: &str) -> Result<Self, TicketError> {
        // 18 ASCII digits, so every cut is at a character.
        let number = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
        let (kind, dose) = (one_digit(number(0..1)), one_digit(number(1..2)));
        let municipality = MunicipalityCode::read(number(2..8))?;
        if kind == 0 || dose == 0 {
            return Err(TicketError::NoSuchDose);
        }
        Ok(Self {
            kind,
            dose,
            municipality,
            number: TicketNumber::read(number(8..18))?,
        })
    }

    /// The 18 digits as they are printed, without spaces.
    ///
    /// ```
    /// use techo_protocol::vaccination::ticket::{TicketError, TicketText};
    /// let TicketText::Whole(ticket) = TicketText::read("１１ 271403 0000000009")? else { panic!() };
    /// assert_eq!(ticket.to_text(), "112714030000000009");
    /// assert!(!format!("{ticket:?}").contains("0000000009"), "a log shows no number");
    /// # Ok::<(), TicketError>(())
    /// ```
    pub fn to_text(&self) -> String {
        format!("{}{}{}{}", self.kind, self.dose, self.municipality, self.number)
    }
}

fn one_digit(text: &str) -> u8 {
    text.bytes().next().map_or(0, |byte| byte.wrapping_sub(b'0'))
}

fn digits(text: &str) -> Option<String> {
    // More than any ticket has, with room for separators.
    if text.len() > 200 {
        return None;
    }
    let out: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '－'))
        .map(|c| match c {
            // The full-width forms stand in the order of the digits.
            '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
            _ => c,
        })
        .collect();
    let is_stop = |c: char| matches!(c.to_ascii_lowercase(), 'a'..='d');
    if out.len() == 12 && out.starts_with(is_stop) && out.ends_with(is_stop) {
        return out
            .get(1..11)
            .filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
            .map(str::to_owned);
    }
    out.bytes().all(|byte| byte.is_ascii_digit()).then_some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_ticket_is_read_as_it_is_printed_or_typed() {
        for text in [
            "112714030000000009",
            " 1 1 271403 0000000009\n",
            "11-271403-0000000009",
            "１１２７１４０３０００００００００９",
        ] {
            let TicketText::Whole(ticket) = TicketText::read(text).unwrap() else {
                panic!("{text}")
            };
            assert_eq!(ticket.to_text(), "112714030000000009");
        }
        for text in ["0000000009", "a0000000009a", "A0000000009B"] {
            assert_eq!(
                TicketText::read(text),
                TicketNumber::read("0000000009").map(TicketText::Number)
            );
        }
    }

    #[test]
    fn what_is_no_ticket_is_refused() {
        for text in [
            "",
            "12345",
            "11271403000000009",
            "1127140300000000090",
            "x12714030000000009",
            "+000000009",
            "a000000009a",
        ] {
            assert_eq!(TicketText::read(text), Err(TicketError::Malformed), "{text}");
        }
        assert_eq!(TicketText::read("112714040000000009"), Err(TicketError::CheckDigit));
        assert_eq!(TicketText::read("412714030000000009").map(|_| ()), Ok(()));
        for text in ["102714030000000009", "012714030000000009"] {
            assert_eq!(TicketText::read(text), Err(TicketError::NoSuchDose), "{text}");
        }
    }

    #[test]
    fn a_log_shows_no_number() {
        let ticket = TicketText::read("112714031234567890").unwrap();
        assert!(!format!("{ticket:?}").contains("1234567890"));
    }

    proptest! {
        #[test]
        fn tickets_come_back(kind in 1_u8..=9, dose in 1_u8..=9, number in 0..TICKET_NUMBERS) {
            let municipality = MunicipalityCode::read("271403").unwrap();
            let ticket = Ticket { kind, dose, municipality, number: TicketNumber(number) };
            prop_assert_eq!(TicketText::read(&ticket.to_text()), Ok(TicketText::Whole(ticket)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
            if let Ok(TicketText::Whole(ticket)) = TicketText::read(&text) {
                prop_assert_eq!(ticket.to_text().len(), 18);
            }
        }
    }
}
