//! Germany's posters: protobuf in the fragment of a URL (Corona-Warn-App, "Event Registration").

use super::label::Lines;
use super::protobuf::{Fields, NotProtobuf, Value};
use super::trace_location::{self, Dialect};
use super::{PosterError, PosterKind, PosterSignature, ReadPoster, bounded};

const HOST: &str = "https://e.coronawarn.app";
/// Luca's posters carried the same message for Germany's app behind `/CWA1/`.
const LUCA: &str = "https://app.luca-app.de/webapp/";
const DIALECT: Dialect = Dialect {
    start_field: 5,
    end_field: 6,
    address_required: true,
    lines: Lines::One,
    seed_bytes: 16,
};
/// A stay is at most 24 h here (docs/exposure.md#time).
const LONGEST_STAY_MINUTES: u64 = 1_440;

/// Reads a poster of Germany; `None` where the text is not one.
pub(super) fn read(text: &str) -> Option<Result<ReadPoster, PosterError>> {
    let (version, payload) = match text.strip_prefix(HOST) {
        Some(rest) => trace_location::version_and_payload(rest)?,
        None => from_luca(text)?,
    };
    if version != "1" {
        return Some(Err(PosterError::Version));
    }
    Some(bounded(payload).and_then(from_payload))
}

/// `VENUE#ANYTHING/CWAVERSION/PAYLOAD` after Luca's prefix.
fn from_luca(text: &str) -> Option<(&str, &str)> {
    let (_venue, fragment) = text.strip_prefix(LUCA)?.split_once('#')?;
    let (_own, tail) = fragment.split_once("/CWA")?;
    tail.split_once('/').filter(|(version, _)| trace_location::is_number(version))
}

fn from_payload(payload: &str) -> Result<ReadPoster, PosterError> {
    let location = trace_location::read(payload, &DIALECT)?;
    let stay_minutes = default_stay(&location.country_data).map_err(|NotProtobuf| PosterError::Malformed)?;
    Ok(ReadPoster {
        kind: PosterKind::Cwa,
        name: location.name,
        address: location.address,
        signature: PosterSignature::None,
        stay_minutes,
        valid: location.valid,
        complaint: location.complaint,
    })
}

/// `CWALocationData.defaultCheckInLengthInMinutes`; 0 says nothing, and what is over a day is a day.
fn default_stay(country_data: &[u8]) -> Result<Option<u32>, NotProtobuf> {
    let mut minutes = 0;
    for field in Fields::new(country_data) {
        if let (3, Value::Varint(value)) = field? {
            minutes = value.min(LONGEST_STAY_MINUTES);
        }
    }
    Ok(u32::try_from(minutes).ok().filter(|minutes| *minutes > 0))
}

#[cfg(test)]
mod tests;
