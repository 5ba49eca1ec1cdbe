//! Rows of a person's document: vaccine records. They never change; what is wrong is deleted.
//!
//! A record's core, version 1 (numbers big endian): version 1, kind 1, when it was added 8 (Unix seconds), then its content to the end. The
//! content of a slip, a certificate or a ticket is its text as it was read, so that it can be shown and checked again; of a pass and of a
//! request for one, what `status_pass` keeps of them, with their keys. Of a dose entered by hand: day 4 (counted from 1970-01-01), number 1 (0 for none), product and lot each as length 1 and UTF-8.

use chrono::{Days, NaiveDate};
use techo_protocol::basics::reader::ByteReader;

/// The version that this program writes.
const VERSION: u8 = 1;

/// The longest text of a slip, certificate or ticket, in bytes.
pub const LONGEST_TEXT: usize = 64 * 1024;

/// The largest pass or request, in bytes.
pub const LARGEST_PASS: usize = 256 * 1024;

/// The longest product and the longest lot of a dose that was entered by hand, in bytes.
pub const LONGEST_NAME: usize = 60;

/// What never changes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordCore {
    /// When the record was added, in Unix seconds.
    pub added: i64,
    /// The slip, certificate, ticket, pass, request or dose that the record holds.
    pub content: Content,
}

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A dose slip's text.
    Slip(String),
    /// A certificate's text; of a card of several codes, the whole.
    Certificate(String),
    /// The digits of a vaccination ticket: 18, or the 10 of its number.
    Ticket(String),
    /// A status pass with its keys (`Pass::to_bytes`).
    Pass(Vec<u8>),
    /// The keys of a request for a pass (`RequestKeys::to_bytes`).
    Request(Vec<u8>),
    /// A dose that somebody typed.
    Dose(TypedDose),
}

/// A dose that somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedDose {
    /// The day on which the dose was given.
    pub date: NaiveDate,
    /// Which dose it was, 1 to 9, where somebody said so.
    pub number: Option<u8>,
    /// The vaccine, by the name that it has here.
    pub product: Option<String>,
    /// The lot, as it was typed.
    pub lot: Option<String>,
}

impl RecordCore {
    /// The bytes of the core; `None` if something is longer than the format allows.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let text = |text: &str| (text.len() <= LONGEST_TEXT).then(|| text.as_bytes().to_vec());
        let (kind, content) = match &self.content {
            Content::Slip(slip) => (1, text(slip)?),
            Content::Certificate(certificate) => (2, text(certificate)?),
            Content::Ticket(digits) => (3, text(digits)?),
            Content::Pass(file) => (4, (file.len() <= LARGEST_PASS).then(|| file.clone())?),
            Content::Dose(dose) => (5, dose.to_bytes()?),
            Content::Request(keys) => (6, (keys.len() <= LARGEST_PASS).then(|| keys.clone())?),
        };
        let mut out = vec![VERSION, kind];
        out.extend_from_slice(&self.added.to_be_bytes());
        out.extend_from_slice(&content);
        Some(out)
    }

    /// Reads a core; `None` where the bytes are no core, or one of a version or kind that this program does not know.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = ByteReader::of_version(bytes, VERSION).ok()?;
        let (kind, added) = (reader.byte()?, reader.array()?);
        let content = reader.rest();
        let text = || {
            let is_short = content.len() <= LONGEST_TEXT;
            is_short.then(|| String::from_utf8(content.to_vec()).ok()).flatten()
        };
        let content = match kind {
            1 => Content::Slip(text()?),
            2 => Content::Certificate(text()?),
            3 => Content::Ticket(text()?),
            4 if content.len() <= LARGEST_PASS => Content::Pass(content.to_vec()),
            5 => Content::Dose(TypedDose::from_bytes(content)?),
            6 if content.len() <= LARGEST_PASS => Content::Request(content.to_vec()),
            _ => return None,
        };
        Some(Self {
            added: i64::from_be_bytes(added),
            content,
        })
    }
}

impl TypedDose {
    fn to_bytes(&self) -> Option<Vec<u8>> {
        let days = self.date.signed_duration_since(NaiveDate::default()).num_days();
        let mut out = u32::try_from(days).ok()?.to_be_bytes().to_vec();
        out.push(match self.number {
            None => 0,
            Some(number @ 1..=9) => number,
            Some(_) => return None,
        });
        for text in [&self.product, &self.lot] {
            let text = text.as_deref().unwrap_or_default();
            if text.len() > LONGEST_NAME {
                return None;
            }
            out.push(u8::try_from(text.len()).ok()?);
            out.extend_from_slice(text.as_bytes());
        }
        Some(out)
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = ByteReader::new(bytes);
        let (days, number) = (reader.u32()?, reader.byte()?);
        let mut text = || {
            let length = usize::from(reader.byte()?);
            let text = String::from_utf8(reader.take(length)?.to_vec()).ok()?;
            (text.len() <= LONGEST_NAME).then(|| Some(text).filter(|text| !text.is_empty()))
        };
        let (product, lot) = (text()?, text()?);
        // chrono's default is 1970-01-01.
        let date = NaiveDate::default().checked_add_days(Days::new(days.into()))?;
        let dose = Self {
            date,
            number: (number != 0).then_some(number),
            product,
            lot,
        };
        (number <= 9 && reader.is_empty()).then_some(dose)
    }
}

#[cfg(test)]
mod tests;
