//! Certificates that the world issued: read, and verified offline with an injected clock and reasons that machines can read.
//!
//! ```
//! use techo_core::certificates::{Trust, Verdict, key_source, verify};
//!
//! let nobody = verify(techo_testing::CERTIFICATE, &Trust::default(), techo_testing::NOW);
//! assert_eq!(nobody.verdict(), Verdict::Unknown, "whose key it is, nobody here can tell");
//!
//! let trust = Trust::new(key_source::read(techo_testing::ISSUER.as_bytes(), None)?);
//! let verified = verify(techo_testing::CERTIFICATE, &trust, techo_testing::NOW);
//! assert_eq!(verified.verdict(), Verdict::Valid);
//! assert_eq!(verified.holder.map(|holder| holder.surname), Some("SATO".to_owned()));
//! assert_eq!(verified.doses[0].product.as_deref(), Some("pfizer"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bundles;
mod cbor;
mod cose;
mod dcc;
pub mod holder;
mod inflate;
mod json;
pub mod key_source;
mod link;
mod note;
mod nzcp;
mod product;
mod reason;
mod shc;
mod trust;
mod vds_nc;
mod verified;

use dcc::Dcc;
pub use note::ContentNote;
use nzcp::Nzcp;
pub use reason::Reason;
use shc::Shc;
pub use trust::Trust;
use vds_nc::VdsNc;
pub use verified::{DocumentKind, Holder, StatedDose, StatedRecovery, StatedTest, Verdict, Verified};

/// A certificate that was decoded and not checked.
enum Decoded {
    Dcc(Dcc),
    Shc(Box<Shc>),
    Nzcp(Nzcp),
    VdsNc(Box<VdsNc>),
}

fn decode(text: &str) -> Result<Decoded, Reason> {
    decode_bare(&link::unwrapped(text))
}

/// Decodes a text that stands in no link.
fn decode_bare(text: &str) -> Result<Decoded, Reason> {
    if dcc::is_form(text) {
        Dcc::read(text).map(Decoded::Dcc)
    } else if shc::is_form(text) {
        Shc::read(text).map(Box::new).map(Decoded::Shc)
    } else if nzcp::is_form(text) {
        Nzcp::read(text).map(Decoded::Nzcp)
    } else if vds_nc::is_form(text) {
        VdsNc::read(text).map(Box::new).map(Decoded::VdsNc)
    } else {
        Err(Reason::Unknown)
    }
}

/// Reads the text of one certificate and checks everything that can be checked at `now` (Unix seconds) with the keys that are trusted.
///
/// ```
/// use techo_core::certificates::{DocumentKind, Reason, Trust, key_source, verify};
///
/// let trust = Trust::new(key_source::read(techo_testing::ISSUER.as_bytes(), None)?);
/// let until = verify(techo_testing::CERTIFICATE, &trust, techo_testing::NOW).valid_until.expect("every one of the EU's says so");
/// assert!(verify(techo_testing::CERTIFICATE, &trust, until - 1).reasons.is_empty());
/// assert_eq!(verify(techo_testing::CERTIFICATE, &trust, until).reasons, [Reason::Expired]);
/// assert_eq!(verify("hello", &trust, until).kind, DocumentKind::Unknown);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(text: &str, trust: &Trust, now: i64) -> Verified {
    let mut verified = match decode(text) {
        Ok(Decoded::Dcc(dcc)) => dcc.verify(trust, now),
        Ok(Decoded::Shc(card)) => card.verify(trust, now),
        Ok(Decoded::Nzcp(pass)) => pass.verify(trust, now),
        Ok(Decoded::VdsNc(seal)) => seal.verify(trust, now),
        Err(reason) => return Verified::unreadable(reason),
    };
    verified.note_nothing_told();
    verified
}

/// What kind of certificate a text is, as far as it can be decoded; nothing is checked. A single code of a SMART Health Card is known by its form alone.
///
/// ```
/// use techo_core::certificates::{DocumentKind, kind};
///
/// assert_eq!(kind(techo_testing::CARD), DocumentKind::Shc);
/// assert_eq!(kind("shc:/1/2/5676"), DocumentKind::Shc, "the first of two codes");
/// let later = techo_testing::CERTIFICATE.replacen("HC1:", "HC2:", 1);
/// assert_eq!(kind(&later), DocumentKind::Unknown, "of a version that nobody has defined");
/// ```
pub fn kind(text: &str) -> DocumentKind {
    match decode(text) {
        Ok(Decoded::Dcc(_)) => DocumentKind::Dcc,
        Ok(Decoded::Shc(_)) | Err(Reason::Chunks) => DocumentKind::Shc,
        Ok(Decoded::Nzcp(_)) => DocumentKind::Nzcp,
        Ok(Decoded::VdsNc(_)) => DocumentKind::VdsNc,
        Err(_) => DocumentKind::Unknown,
    }
}

/// The certificates that `texts` hold, each as one text: the codes of a SMART Health Card are joined, a file of several is taken apart, and
/// of a link that carries a certificate, the certificate is taken.
///
/// ```
/// use techo_core::certificates::{Reason, whole};
///
/// let codes = ["shc:/2/2/7662", "shc:/1/2/5676"].map(str::to_owned);
/// assert_eq!(whole(&codes)?, ["eyyk"], "in whatever order they were scanned");
/// assert_eq!(whole(&codes[..1]), Err(Reason::Chunks));
/// # Ok::<(), Reason>(())
/// ```
///
/// # Errors
/// [`Reason::Chunks`] where codes of a card are missing, there twice, or of another card; [`Reason::Encoding`] or [`Reason::ChunkTooLong`] for a code that cannot be decoded.
pub fn whole(texts: &[String]) -> Result<Vec<String>, Reason> {
    let texts: Vec<String> = texts.iter().map(|text| link::unwrapped(text).into_owned()).collect();
    let joined = shc::whole(&texts)?;
    Ok(joined
        .into_iter()
        .flat_map(|text| shc::of_file(&text).unwrap_or_else(|| vec![text]))
        .collect())
}

#[cfg(test)]
mod tests;
