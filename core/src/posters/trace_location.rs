//! `QRCodePayload`, the protobuf message that Germany and Switzerland both put on their posters (CrowdNotifier,
//! "Entry QR code format"), apart from the numbers of two fields.

use super::label::{self, Lines};
use super::protobuf::{Fields, NotProtobuf, Value};
use super::{PosterError, base64};

/// 9999-12-31T23:59:59Z: later times do not fit the calendars that a diary is shown in.
const LAST_SECOND: u64 = 253_402_300_799;

/// In what one country's message differs from the other's.
pub(super) struct Dialect {
    /// The number of the field `TraceLocation.startTimestamp`.
    pub start_field: u64,
    /// The number of the field `TraceLocation.endTimestamp`.
    pub end_field: u64,
    /// Whether an address has to be there.
    pub address_required: bool,
    /// Whether name and address may have several lines.
    pub lines: Lines,
    /// The length of `CrowdNotifierData.cryptographicSeed`, in bytes.
    pub seed_bytes: usize,
}

/// What the message says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TraceLocation {
    pub name: String,
    pub address: Option<String>,
    /// Start and end in Unix seconds.
    pub valid: Option<(i64, i64)>,
    /// [`PosterError::Seed`] where the seed has another length than the country asks for.
    pub complaint: Option<PosterError>,
    /// `countryData`: a message that each country defines for itself.
    pub country_data: Vec<u8>,
}

/// Splits `?v=VERSION#PAYLOAD` or `/?v=VERSION#PAYLOAD`, what follows a poster's host.
pub(super) fn version_and_payload(after_host: &str) -> Option<(&str, &str)> {
    let query = after_host.strip_prefix('/').unwrap_or(after_host);
    let (version, payload) = query.strip_prefix("?v=")?.split_once('#')?;
    is_number(version).then_some((version, payload))
}

/// Whether a text is one or more decimal digits.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads the message from base64.
///
/// # Errors
/// [`PosterError::Malformed`] where it is not one; the others where it breaks a rule of its country.
pub(super) fn read(payload: &str, dialect: &Dialect) -> Result<TraceLocation, PosterError> {
    let message = base64::any(payload)?;
    let raw = Raw::from_message(&message, dialect).map_err(|NotProtobuf| PosterError::Malformed)?;
    let name = std::str::from_utf8(raw.description).map_err(|_| PosterError::Malformed)?;
    let address = std::str::from_utf8(raw.address).map_err(|_| PosterError::Malformed)?;
    if dialect.address_required && address.trim().is_empty() {
        return Err(PosterError::TextMissing);
    }
    Ok(TraceLocation {
        name: label::required(name, dialect.lines)?,
        address: label::optional(address, dialect.lines)?,
        valid: event_times(raw.start, raw.end)?,
        complaint: (raw.seed.len() != dialect.seed_bytes).then_some(PosterError::Seed),
        country_data: raw.country_data.to_vec(),
    })
}

/// Both 0 is a venue that is always there; else the start must not be after the end.
fn event_times(start: u64, end: u64) -> Result<Option<(i64, i64)>, PosterError> {
    if start == 0 && end == 0 {
        return Ok(None);
    }
    if start > end || end > LAST_SECOND {
        return Err(PosterError::Times);
    }
    match (i64::try_from(start), i64::try_from(end)) {
        (Ok(start), Ok(end)) => Ok(Some((start, end))),
        _ => Err(PosterError::Times),
    }
}

/// The message's fields before any rule; what is missing has proto3's default.
#[derive(Default)]
struct Raw<'a> {
    description: &'a [u8],
    address: &'a [u8],
    start: u64,
    end: u64,
    seed: &'a [u8],
    country_data: &'a [u8],
}

impl<'a> Raw<'a> {
    fn from_message(message: &'a [u8], dialect: &Dialect) -> Result<Self, NotProtobuf> {
        let mut raw = Self::default();
        for field in Fields::new(message) {
            match field? {
                (2, Value::Bytes(location)) => raw.merge_location(location, dialect)?,
                (3, Value::Bytes(crowd_notifier)) => raw.merge_crowd_notifier(crowd_notifier)?,
                (4, Value::Bytes(country_data)) => raw.country_data = country_data,
                _ => {}
            }
        }
        Ok(raw)
    }

    fn merge_location(&mut self, message: &'a [u8], dialect: &Dialect) -> Result<(), NotProtobuf> {
        for field in Fields::new(message) {
            match field? {
                (2, Value::Bytes(description)) => self.description = description,
                (3, Value::Bytes(address)) => self.address = address,
                (number, Value::Varint(time)) if number == dialect.start_field => self.start = time,
                (number, Value::Varint(time)) if number == dialect.end_field => self.end = time,
                _ => {}
            }
        }
        Ok(())
    }

    fn merge_crowd_notifier(&mut self, message: &'a [u8]) -> Result<(), NotProtobuf> {
        for field in Fields::new(message) {
            if let (3, Value::Bytes(seed)) = field? {
                self.seed = seed;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests;
