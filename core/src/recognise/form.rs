//! What a text that is no place claims to be, by how it begins: the one place that tells the forms of documents apart. Nothing is checked here.

use techo_protocol::household::pairing;
use techo_protocol::vaccination::ticket::{TicketError, TicketText};
use techo_protocol::vaccination::{dose_slip, status_pass};

/// The form of a document's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The text of a pairing, which a new device of the household reads.
    Pairing,
    /// A municipality's vaccination ticket: as many digits as one has, right or wrong.
    Ticket,
    /// A dose slip.
    DoseSlip,
    /// A status pass as a phone shows it.
    StatusPass,
    /// A certificate, if the text is anything.
    Certificate,
}

impl Form {
    /// The form of a text.
    ///
    /// ```
    /// use techo_core::recognise::Form;
    ///
    /// assert_eq!(Form::of("112714030000000009"), Form::Ticket);
    /// assert_eq!(Form::of("TECHO-D1:A"), Form::DoseSlip, "whatever follows");
    /// assert_eq!(Form::of("hello"), Form::Certificate, "nothing else is left");
    /// ```
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        if pairing::is_form(text) {
            Self::Pairing
        } else if text.starts_with(dose_slip::PREFIX) {
            Self::DoseSlip
        } else if status_pass::is_form(text) {
            Self::StatusPass
        } else if !matches!(TicketText::read(text), Err(TicketError::Malformed)) {
            Self::Ticket
        } else {
            Self::Certificate
        }
    }
}
