//! Other countries' venue posters, read into what a diary entry needs.
//!
//! None of these countries' authorities warns Techo's users: a poster becomes a diary entry with the right name, and no
//! keys are derived from it (docs/scanning.md#from-a-text-to-what-it-is). Everything here is text in, plain data out.
//!
//! | poster | begins with | form | signed |
//! |---|---|---|---|
//! | New Zealand | `NZCOVIDTRACER:`, `https://tracing.covid19.govt.nz/scan#data=` | base64 JSON | no |
//! | England, Wales | `UKC19TRACING:1:` | JWS, ES256 | yes |
//! | Germany | `https://e.coronawarn.app?v=1#`, and Luca's with `/CWA1/` | base64url protobuf | no |
//! | Switzerland | `https://qr.notify-me.ch?v=3#` or `4`, `https://qr.swisscovid.ch?v=4#` | base64url protobuf | no |

mod base64;
mod cwa;
mod label;
mod nhs;
mod notify_me;
mod nz;
mod protobuf;
mod trace_location;

pub use nhs::{Es256Key, PRODUCTION_KEYS};

/// Most bytes of text that are looked at: what a QR code holds as alphanumeric text (ISO/IEC 18004, version 40-L).
///
/// ```
/// use techo_core::posters::{self, MAX_POSTER_BYTES, PosterError};
///
/// let text = format!("UKC19TRACING:1:{}", "A".repeat(MAX_POSTER_BYTES));
/// assert_eq!(posters::read(&text), Some(Err(PosterError::TooLong)));
/// ```
pub const MAX_POSTER_BYTES: usize = 4_296;

/// The country whose poster it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PosterKind {
    /// New Zealand: posters of NZ COVID Tracer.
    Nz,
    /// England and Wales: posters of NHS COVID-19.
    Nhs,
    /// Germany: posters of the Corona-Warn-App.
    Cwa,
    /// Switzerland: posters of NotifyMe and SwissCovid (CrowdNotifier).
    NotifyMe,
}

impl PosterKind {
    /// The stable name that scripts see: `nz`, `nhs`, `cwa`, `notifyme`.
    ///
    /// ```
    /// use techo_core::posters::PosterKind;
    /// assert_eq!(PosterKind::NotifyMe.name(), "notifyme");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Nz => "nz",
            Self::Nhs => "nhs",
            Self::Cwa => "cwa",
            Self::NotifyMe => "notifyme",
        }
    }
}

/// What is known of a poster's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PosterSignature {
    /// The poster is signed by a key that is trusted here.
    Valid,
    /// The poster is signed by a key that is not known here: nothing is known to be wrong.
    UnknownKey,
    /// The signature is wrong, missing, or of another algorithm: the poster must not be kept.
    Invalid,
    /// This kind of poster carries no signature.
    None,
}

/// What another country's poster says.
///
/// ```
/// use base64::Engine as _;
/// use techo_core::posters::{self, PosterSignature};
///
/// let json = r#"{"typ":"entry","gln":"9429000000000","opn":"Cafe","adr":"","ver":"c19:1"}"#;
/// let text = format!("NZCOVIDTRACER:{}", base64::engine::general_purpose::STANDARD.encode(json));
/// let poster = posters::read(&text).expect("it begins like one")?;
/// assert_eq!((poster.address, poster.signature), (None, PosterSignature::None));
/// # Ok::<(), posters::PosterError>(())
/// ```
///
/// ```
/// use base64::Engine as _;
/// use techo_core::posters::{self, PosterError, PosterSignature};
///
/// let json = r#"{"typ":"entry","gln":"9429000000001","opn":"Cafe","adr":"","ver":"c19:1"}"#;
/// let text = format!("NZCOVIDTRACER:{}", base64::engine::general_purpose::STANDARD.encode(json));
/// let poster = posters::read(&text).expect("it begins like one")?;
/// assert_eq!(poster.signature, PosterSignature::None, "New Zealand signed none of its posters");
/// assert_eq!(poster.complaint, Some(PosterError::LocationNumber), "its check digit is wrong; the name is good");
/// # Ok::<(), PosterError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPoster {
    /// The country whose poster it is.
    pub kind: PosterKind,
    /// The venue's name as printed in the code, 1 to 255 characters, white space around it included.
    pub name: String,
    /// The venue's address, or for England and Wales its postcode where there is no address; at most 255 characters.
    /// New Zealand's holds line breaks.
    pub address: Option<String>,
    /// What is known of the signature. A poster that is [`PosterSignature::Invalid`] is still read, to show what it claims.
    pub signature: PosterSignature,
    /// How long people usually stay, in minutes, 1 to 1,440; Germany's posters only.
    pub stay_minutes: Option<u32>,
    /// Start and end of an event in Unix seconds, start <= end; `None` for a venue that is always there.
    pub valid: Option<(i64, i64)>,
    /// A rule of the poster's own country that it breaks in a part that a diary entry does not need
    /// ([`PosterError::LocationNumber`], [`PosterError::Seed`]).
    pub complaint: Option<PosterError>,
}

techo_protocol::coded_errors! {
    /// What is wrong with a text that begins like another country's poster.
    pub enum PosterError {
        /// The text is more than a QR code can hold.
        TooLong = "poster.too_long", "The text is longer than any poster's code.", "Scan the poster again, or type the visit by hand.";
        /// The poster is of a version that is not known.
        Version = "poster.version", "This poster has a version that is not known here.", "Type the visit by hand.";
        /// The content is not base64, not JSON or not protobuf, or lacks fields that belong there.
        Malformed = "poster.malformed", "The poster's code is damaged or was made wrongly.", "Scan it again, or type the visit by hand.";
        /// The venue's name, or an address that has to be there, is empty.
        TextMissing = "poster.text_missing", "The poster's code lacks the venue's name or address.", "Type the visit by hand.";
        /// A name or address has more than 255 characters.
        TextTooLong = "poster.text_too_long", "The name or address in the poster's code is longer than 255 characters.", "Type the visit by hand.";
        /// A name or address has line breaks where no line may break, or control characters.
        TextControl = "poster.text_control", "The name or address in the poster's code holds characters that do not belong there.", "Type the visit by hand.";
        /// The event ends before it starts, or lies outside of the calendar.
        Times = "poster.times", "The event in the poster's code ends before it starts.", "Type the visit by hand.";
        /// New Zealand's location number has not 13 digits with a right check digit.
        LocationNumber = "poster.location_number", "The poster's location number is a placeholder or mistyped.", "The name can be used; nothing needs to be done.";
        /// The seed has not the length that the poster's country asks for.
        Seed = "poster.seed", "The poster's own app would refuse it: its random part has the wrong length.", "The name can be used; nothing needs to be done.";
    }
}

/// Reads a scanned text as another country's poster; England's and Wales's are checked against [`PRODUCTION_KEYS`].
///
/// `None` means that the text is no such poster at all.
///
/// ```
/// use base64::Engine as _;
/// use techo_core::posters::{self, PosterKind};
///
/// let json = r#"{"typ":"entry","gln":"9429000000000","opn":"Cafe","adr":"1 Main Street","ver":"c19:1"}"#;
/// let text = format!("NZCOVIDTRACER:{}", base64::engine::general_purpose::STANDARD.encode(json));
/// let poster = posters::read(&text).expect("it begins like one")?;
/// assert_eq!((poster.kind, poster.name.as_str()), (PosterKind::Nz, "Cafe"));
/// assert_eq!(posters::read("https://example.org/"), None);
/// # Ok::<(), posters::PosterError>(())
/// ```
///
/// # Errors
/// [`PosterError`] where the text begins like one of them but cannot be made into a diary entry.
pub fn read(text: &str) -> Option<Result<ReadPoster, PosterError>> {
    read_with_keys(text, &PRODUCTION_KEYS)
}

/// [`read`] with other keys than the two that are built in.
///
/// ```
/// use techo_core::posters::{self, PosterError};
///
/// assert_eq!(posters::read_with_keys("UKC19TRACING:1:abc", &[]), Some(Err(PosterError::Malformed)));
/// ```
///
/// # Errors
/// As [`read`].
pub fn read_with_keys(text: &str, keys: &[Es256Key<'_>]) -> Option<Result<ReadPoster, PosterError>> {
    let text = text.trim();
    nz::read(text)
        .or_else(|| nhs::read(text, keys))
        .or_else(|| cwa::read(text))
        .or_else(|| notify_me::read(text))
}

/// Refuses a text that no QR code can hold, before it is decoded.
fn bounded(text: &str) -> Result<&str, PosterError> {
    if text.len() > MAX_POSTER_BYTES {
        return Err(PosterError::TooLong);
    }
    Ok(text)
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
