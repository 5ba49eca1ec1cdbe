//! Whether a dose slip is to be believed, in the terms of certificates.

use techo_protocol::trust::TrustList;
use techo_protocol::vaccination::dose_slip::{DoseSlip, DoseSlipError};

use super::day_in_japan;
use crate::certificates::{DocumentKind, Reason, StatedDose, Verified};

/// Reads a dose slip and checks it at `now` (Unix seconds) by the municipalities' trust lists. It names a ticket, and so nobody.
///
/// ```
/// use techo_core::certificates::{Reason, Verdict};
/// use techo_testing::{NOW, Town};
/// use techo_core::vaccine::verify_slip;
/// use techo_protocol::trust::TrustList;
///
/// let sakai = Town::named("Sakai");
/// let slip = sakai.slip(1, NOW)?;
/// assert_eq!(verify_slip(&slip, &[], NOW).reasons, [Reason::UnknownKey]);
/// let verified = verify_slip(&slip, &[TrustList::read(&sakai.trust_file())?], NOW);
/// assert_eq!((verified.verdict(), verified.holder), (Verdict::Valid, None), "a slip names a ticket, and nobody");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(text: &str, lists: &[TrustList], now: i64) -> Verified {
    let slip = match DoseSlip::read(text) {
        Ok(slip) => slip,
        Err(error) => return Verified::unreadable(reason(&error)),
    };
    let mut verified = Verified::of(DocumentKind::DoseSlip);
    match slip.check(lists, now) {
        Ok(town) => verified.issuer = Some(town.name.clone()),
        Err(error) => verified.reasons.push(reason(&error)),
    }
    verified.doses.push(StatedDose {
        date: Some(day_in_japan(slip.dose.at).to_string()),
        product: Some(slip.dose.product.name().to_owned()),
        number: Some(slip.dose.dose.into()),
        lot: Some(slip.dose.lot.clone()),
        ..StatedDose::default()
    });
    verified
}

fn reason(error: &DoseSlipError) -> Reason {
    match error {
        DoseSlipError::NotASlip => Reason::Unknown,
        DoseSlipError::NewerVersion => Reason::Version,
        DoseSlipError::SignatureInvalid => Reason::SignatureInvalid,
        DoseSlipError::UnknownTown => Reason::UnknownKey,
        DoseSlipError::LicenceInvalid | DoseSlipError::LicenceEnded | DoseSlipError::LicenceRevoked => Reason::IssuerLicence,
        DoseSlipError::InTheFuture => Reason::NotYetValid,
        DoseSlipError::Malformed | DoseSlipError::CannotBeWritten => Reason::Encoding,
    }
}
