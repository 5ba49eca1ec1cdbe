//! Switzerland's posters: protobuf in the fragment of a URL (CrowdNotifier, "Entry QR code format"; SwissCovid,
//! "Check-in QR-Code format").

use super::label::Lines;
use super::trace_location::{self, Dialect};
use super::{PosterError, PosterKind, PosterSignature, ReadPoster, bounded};

/// NotifyMe's host and the one that SwissCovid used from version 4 on.
const HOSTS: [&str; 2] = ["https://qr.notify-me.ch", "https://qr.swisscovid.ch"];
const DIALECT: Dialect = Dialect {
    start_field: 4,
    end_field: 5,
    // SwissCovid's own generator leaves it empty.
    address_required: false,
    lines: Lines::Many,
    seed_bytes: 32,
};

/// Reads a poster of Switzerland; `None` where the text is not one.
pub(super) fn read(text: &str) -> Option<Result<ReadPoster, PosterError>> {
    let after_host = HOSTS.iter().find_map(|host| text.strip_prefix(host))?;
    let (version, payload) = trace_location::version_and_payload(after_host)?;
    // Version 2 was another message.
    if !matches!(version, "3" | "4") {
        return Some(Err(PosterError::Version));
    }
    Some(bounded(payload).and_then(from_payload))
}

/// Versions 3 and 4 differ in `countryData` only: the time after which the app checks out by itself, some twelve hours,
/// is no usual stay and is left alone.
fn from_payload(payload: &str) -> Result<ReadPoster, PosterError> {
    let location = trace_location::read(payload, &DIALECT)?;
    Ok(ReadPoster {
        kind: PosterKind::NotifyMe,
        name: location.name,
        address: location.address,
        signature: PosterSignature::None,
        stay_minutes: None,
        valid: location.valid,
        complaint: location.complaint,
    })
}

#[cfg(test)]
mod tests;
