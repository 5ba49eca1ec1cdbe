//! What a text, a picture or a file is: a venue code, another country's poster, a dose slip, a ticket, a certificate, one of Techo's own files;
//! and whether what Techo's authorities sign is to be believed. Whoever wants to know asks here: [`Recognised::of`] of a text, [`FileContent::of`]
//! of a file, [`Form::of`] of a document that is about to be checked.

mod file;
mod form;

use serde::Serialize;
use techo_protocol::exposure::venue_code::{VenueCode, VenueCodeError};
use techo_protocol::trust::{AuthorityId, TrustList};
use techo_protocol::vaccination::dose_slip::{DoseSlip, DoseSlipError};
use techo_protocol::vaccination::status_pass::Presentation;

use crate::certificates::{self, DocumentKind};
use crate::posters::{self, PosterError, PosterKind, PosterSignature, ReadPoster};

pub use file::{FileContent, FileKind, FoundText, LARGEST_FILE};
pub use form::Form;

/// What a text is, decoded as far as it can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognised {
    /// A venue code of Techo.
    Venue(Venue),
    /// A poster of another country, whose places nobody warns about here.
    Foreign(ReadPoster),
    /// A dose slip.
    DoseSlip(Box<LicensedSlip>),
    /// A venue code, poster or slip that cannot be read: which it seems to be, and why not.
    Unreadable(TextKind, Unreadable),
    /// Something else that Techo knows by its form.
    Other(TextKind),
    /// Nothing that Techo knows.
    Unknown,
}

/// What kind of thing a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextKind {
    /// The code on a venue's poster.
    Venue,
    /// A venue code for a few hours, from a screen or a slip.
    Rotating,
    /// A poster of New Zealand's NZ COVID Tracer.
    Nz,
    /// A poster of England's and Wales's NHS COVID-19.
    Nhs,
    /// A poster of Germany's Corona-Warn-App.
    Cwa,
    /// A poster of Switzerland's NotifyMe or SwissCovid.
    #[serde(rename = "notifyme")]
    NotifyMe,
    /// A municipality's vaccination ticket.
    Ticket,
    /// A dose slip.
    DoseSlip,
    /// An EU Digital COVID Certificate.
    Dcc,
    /// A SMART Health Card, or a part of one.
    Shc,
    /// New Zealand's vaccine pass.
    Nzcp,
    /// ICAO's Visible Digital Seal for Non-Constrained environments.
    VdsNc,
    /// A status pass.
    Status,
    /// The text of a pairing.
    Pairing,
    /// Nothing that Techo knows.
    Unknown,
}

impl TextKind {
    /// The stable name that scripts see: `venue`, `rotating`, `nz`, …, `unknown`.
    ///
    /// ```
    /// use techo_core::recognise::TextKind;
    /// assert_eq!(TextKind::VdsNc.name(), "vds_nc");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Venue => "venue",
            Self::Rotating => "rotating",
            Self::Nz => PosterKind::Nz.name(),
            Self::Nhs => PosterKind::Nhs.name(),
            Self::Cwa => PosterKind::Cwa.name(),
            Self::NotifyMe => PosterKind::NotifyMe.name(),
            Self::Ticket => DocumentKind::Ticket.name(),
            Self::DoseSlip => DocumentKind::DoseSlip.name(),
            Self::Dcc => DocumentKind::Dcc.name(),
            Self::Shc => DocumentKind::Shc.name(),
            Self::Nzcp => DocumentKind::Nzcp.name(),
            Self::VdsNc => DocumentKind::VdsNc.name(),
            Self::Status => DocumentKind::Status.name(),
            Self::Pairing => "pairing",
            Self::Unknown => DocumentKind::Unknown.name(),
        }
    }
}

/// What is known of the signature on a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureState {
    /// Somebody who is believed signed it, and it holds at this time.
    Valid,
    /// It was signed by somebody whom nobody here knows.
    UnknownAuthority,
    /// The signature is wrong, or its key was revoked.
    Invalid,
    /// The signature is right, and the time is not.
    Expired,
    /// It bears no signature, or one that is checked elsewhere.
    Unsigned,
}

impl SignatureState {
    /// The stable name that scripts see: `valid`, `unknown_authority`, `invalid`, `expired` or `none`.
    ///
    /// ```
    /// use techo_core::recognise::SignatureState;
    /// assert_eq!(SignatureState::Unsigned.name(), "none");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::UnknownAuthority => "unknown_authority",
            Self::Invalid => "invalid",
            Self::Expired => "expired",
            Self::Unsigned => "none",
        }
    }
}

/// What a text is, as it is shown: owned, and without the code's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecognisedText {
    /// The text itself.
    pub text: String,
    /// What the text is.
    pub kind: TextKind,
    /// Whether what is signed is to be believed.
    pub signature: SignatureState,
    /// The name of the place, where the text is of one.
    pub name: Option<String>,
    /// The address of the place, where the text has one.
    pub address: Option<String>,
    /// Whether a person can check in with it.
    pub is_place: bool,
    /// Why the text cannot be read, though it begins like something that Techo knows.
    pub unreadable: Option<Unreadable>,
}

techo_protocol::coded_union! {
    /// Why a venue code, a poster or a slip cannot be read.
    pub enum Unreadable {
        /// A venue code of Techo cannot be read.
        Venue(VenueCodeError);
        /// A poster of another country cannot be read.
        Poster(PosterError);
        /// A dose slip cannot be read.
        Slip(DoseSlipError);
    }
}

/// A venue code and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Venue {
    /// The code as it was read.
    pub code: VenueCode,
    /// The authority that signed the code, among those that are followed; or why the code is not to be believed.
    pub authority: Result<AuthorityId, VenueCodeError>,
}

/// A dose slip and the municipality that licensed its site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicensedSlip {
    /// The slip as it was read.
    pub slip: DoseSlip,
    /// The municipality that licensed its site, among those that are followed; or why it is not to be believed. Whether the dose's time has
    /// come is for the clock to say.
    pub town: Result<AuthorityId, DoseSlipError>,
}

impl Recognised {
    /// Looks at a text. `lists` are the trust lists of the authorities that are followed.
    ///
    /// ```
    /// use techo_core::recognise::Recognised;
    /// assert_eq!(Recognised::of("hello", &[]), Recognised::Unknown);
    /// assert_eq!(Recognised::of("112714030000000009", &[]).kind().name(), "ticket");
    /// ```
    pub fn of(text: &str, lists: &[TrustList]) -> Self {
        match VenueCode::read(text) {
            Ok(code) => {
                let authority = code.check_signature(lists).map(TrustList::authority);
                return Self::Venue(Venue { code, authority });
            }
            Err(VenueCodeError::NotAVenueCode) => {}
            Err(error) => return Self::Unreadable(TextKind::Venue, error.into()),
        }
        match posters::read(text) {
            Some(Ok(poster)) => Self::Foreign(poster),
            Some(Err(error)) => Self::Unreadable(TextKind::Unknown, error.into()),
            None => Self::document(text, lists),
        }
    }

    fn document(text: &str, lists: &[TrustList]) -> Self {
        match Form::of(text) {
            Form::Pairing => Self::Other(TextKind::Pairing),
            Form::Ticket => Self::Other(TextKind::Ticket),
            Form::DoseSlip => match DoseSlip::read(text) {
                Ok(slip) => {
                    let town = slip.check(lists, slip.dose.at).map(TrustList::authority);
                    Self::DoseSlip(Box::new(LicensedSlip { slip, town }))
                }
                Err(error) => Self::Unreadable(TextKind::DoseSlip, error.into()),
            },
            Form::StatusPass if Presentation::read(text).is_ok() => Self::Other(TextKind::Status),
            Form::StatusPass | Form::Certificate => match certificates::kind(text) {
                DocumentKind::Dcc => Self::Other(TextKind::Dcc),
                DocumentKind::Shc => Self::Other(TextKind::Shc),
                DocumentKind::Nzcp => Self::Other(TextKind::Nzcp),
                DocumentKind::VdsNc => Self::Other(TextKind::VdsNc),
                _ => Self::Unknown,
            },
        }
    }

    /// What kind of thing the text is.
    pub fn kind(&self) -> TextKind {
        match self {
            Self::Venue(venue) => match venue.code {
                VenueCode::Poster(_) => TextKind::Venue,
                VenueCode::Rotating(_) => TextKind::Rotating,
            },
            Self::Foreign(poster) => match poster.kind {
                PosterKind::Nz => TextKind::Nz,
                PosterKind::Nhs => TextKind::Nhs,
                PosterKind::Cwa => TextKind::Cwa,
                PosterKind::NotifyMe => TextKind::NotifyMe,
            },
            Self::DoseSlip(_) => TextKind::DoseSlip,
            Self::Unreadable(kind, _) | Self::Other(kind) => *kind,
            Self::Unknown => TextKind::Unknown,
        }
    }

    /// What is known of the signature at a moment in Unix seconds.
    ///
    /// ```
    /// use techo_testing::{Authority, NOW};
    /// use techo_core::recognise::{Recognised, SignatureState};
    /// use techo_protocol::trust::TrustList;
    ///
    /// let osaka = Authority::named("Osaka Prefecture");
    /// let (poster, list) = (osaka.poster("Bar Yoru")?, TrustList::read(&osaka.trust_file())?);
    /// assert_eq!(Recognised::of(&poster, &[]).signature(NOW), SignatureState::UnknownAuthority);
    /// let followed = Recognised::of(&poster, &[list]);
    /// assert_eq!(followed.signature(NOW), SignatureState::Valid);
    /// assert_eq!(followed.signature(NOW + 365 * 86_400), SignatureState::Expired);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn signature(&self, now: i64) -> SignatureState {
        match self {
            Self::Venue(venue) => match (&venue.authority, venue.code.check_time(now)) {
                (Ok(_), Ok(())) => SignatureState::Valid,
                (Ok(_), Err(_)) => SignatureState::Expired,
                (Err(VenueCodeError::UnknownAuthority), _) => SignatureState::UnknownAuthority,
                (Err(_), _) => SignatureState::Invalid,
            },
            Self::Foreign(poster) => match poster.signature {
                PosterSignature::Valid => SignatureState::Valid,
                PosterSignature::UnknownKey => SignatureState::UnknownAuthority,
                PosterSignature::Invalid => SignatureState::Invalid,
                PosterSignature::None => SignatureState::Unsigned,
            },
            Self::DoseSlip(slip) => match (&slip.town, slip.slip.check_time(now)) {
                (Ok(_), Ok(())) => SignatureState::Valid,
                // The signatures are right, and the time is not.
                (Ok(_), Err(_)) | (Err(DoseSlipError::LicenceEnded), _) => SignatureState::Expired,
                (Err(DoseSlipError::UnknownTown), _) => SignatureState::UnknownAuthority,
                (Err(_), _) => SignatureState::Invalid,
            },
            _ => SignatureState::Unsigned,
        }
    }

    /// What is shown of the text that this was recognised from, at a moment in Unix seconds.
    pub fn view(&self, text: &str, now: i64) -> RecognisedText {
        RecognisedText {
            text: text.to_owned(),
            kind: self.kind(),
            signature: self.signature(now),
            name: self.name().map(str::to_owned),
            address: self.address().map(str::to_owned),
            is_place: self.is_place(),
            unreadable: match self {
                Self::Unreadable(_, why) => Some(why.clone()),
                _ => None,
            },
        }
    }

    /// The name of the place that the text names: a venue, or the site of a slip.
    ///
    /// ```
    /// use techo_testing::{NOW, Town};
    /// use techo_core::recognise::{Recognised, TextKind};
    ///
    /// let slip = Recognised::of(&Town::named("Sakai").slip(1, NOW)?, &[]);
    /// assert_eq!((slip.kind(), slip.name()), (TextKind::DoseSlip, Some("Kanaria Clinic")), "where the dose was given");
    /// assert!(!slip.is_place(), "and nobody checks in with it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Venue(venue) => Some(venue.code.name()),
            Self::Foreign(poster) => Some(&poster.name),
            Self::DoseSlip(slip) => Some(&slip.slip.licence.place),
            _ => None,
        }
    }

    /// The address of the place, where there is one.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Venue(venue) => Some(venue.code.address()).filter(|address| !address.is_empty()),
            Self::Foreign(poster) => poster.address.as_deref(),
            _ => None,
        }
    }

    /// Whether the text is of a place, so that a person can check in with it.
    ///
    /// ```
    /// use techo_testing::Authority;
    /// use techo_core::recognise::{Recognised, TextKind};
    ///
    /// let poster = Authority::named("Osaka Prefecture").poster("Bar Yoru")?;
    /// let cut = Recognised::of(&poster[..poster.len() - 8], &[]);
    /// assert!(cut.is_place() && matches!(cut, Recognised::Unreadable(TextKind::Venue, _)), "a poster, though a damaged one");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_place(&self) -> bool {
        match self {
            Self::Venue(_) | Self::Foreign(_) | Self::Unreadable(_, Unreadable::Venue(_) | Unreadable::Poster(_)) => true,
            Self::DoseSlip(_) | Self::Unreadable(_, Unreadable::Slip(_)) | Self::Other(_) | Self::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use techo_protocol::trust::RevokedSite;

    use super::*;
    use crate::vaccine::tests::{FIRST, sakai, slip};

    #[test]
    fn other_documents_are_known_when_they_can_be_decoded() {
        for (text, kind) in [
            ("HC1:6BF", "unknown"),
            ("shc:/5676", "unknown"),
            ("shc:/1/3/5676", "shc"),
            ("NZCP:/1/2KCE", "unknown"),
            ("{\"data\":{\"hdr\":{\"t\":\"icao.vacc\"}}}", "unknown"),
            ("0000000009", "ticket"),
            ("112714030000000009", "ticket"),
            ("TECHO-PAIR:01", "pairing"),
            ("000000009", "unknown"),
            ("https://example.org/", "unknown"),
        ] {
            let recognised = Recognised::of(text, &[]);
            assert_eq!(
                (recognised.kind().name(), recognised.signature(0).name()),
                (kind, "none"),
                "{text}"
            );
            assert!(!recognised.is_place());
        }
    }

    #[test]
    fn a_torn_code_is_none_and_says_so() {
        let torn = Recognised::of("https://techo.example/v#123456", &[]);
        assert_eq!(torn.kind(), TextKind::Venue);
        assert!(matches!(torn, Recognised::Unreadable(_, Unreadable::Venue(_))));
        let torn = Recognised::of("UKC19TRACING:1:abc", &[]);
        assert!(matches!(torn, Recognised::Unreadable(_, Unreadable::Poster(_))), "{torn:?}");
        let torn = Recognised::of("TECHO-D1:ABC", &[]);
        assert_eq!((torn.kind(), torn.is_place()), (TextKind::DoseSlip, false));
        assert!(matches!(torn, Recognised::Unreadable(_, Unreadable::Slip(_))), "{torn:?}");
    }

    #[test]
    fn a_slip_is_as_good_as_its_town_says() {
        let text = slip(1, FIRST, "EX3617");
        let said = |lists: &[TrustList], now| Recognised::of(&text, lists).signature(now).name();
        let town = |change: fn(&mut TrustList)| {
            let mut list = sakai();
            change(&mut list);
            [list]
        };
        assert_eq!(said(&[sakai()], FIRST), "valid");
        assert_eq!(said(&[], FIRST), "unknown_authority");
        assert_eq!(said(&[sakai()], FIRST - 3_600), "expired", "its time has not come");
        assert_eq!(said(&town(|list| list.keys[0].revoked = true), FIRST), "invalid");
        let ended = town(|list| {
            let revoked = RevokedSite { site: 3, from: FIRST };
            list.municipality.as_mut().unwrap().revoked_sites.push(revoked);
        });
        assert_eq!(said(&ended, FIRST), "invalid");
        let late = slip(1, FIRST + 500 * 86_400, "EX3617");
        assert_eq!(
            Recognised::of(&late, &[sakai()]).signature(FIRST + 501 * 86_400).name(),
            "expired"
        );

        let whole = Recognised::of(&text, &[sakai()]);
        assert_eq!(
            (whole.kind(), whole.name(), whole.is_place()),
            (TextKind::DoseSlip, Some("Kanaria Clinic"), false)
        );
        // Another letter near the end is another signature.
        let forged: String = [&text[..text.len() - 6], "0000", &text[text.len() - 2..]].concat();
        assert_eq!(Recognised::of(&forged, &[sakai()]).signature(FIRST).name(), "invalid");
    }
}
