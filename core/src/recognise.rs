//! What a text from a code is: a venue code, another country's poster, a dose slip, a ticket, a certificate; and whether what Techo's
//! authorities sign is to be believed.

use techo_protocol::exposure::venue_code::{VenueCode, VenueCodeError};
use techo_protocol::trust::{AuthorityId, TrustList};
use techo_protocol::vaccination::dose_slip::{DoseSlip, DoseSlipError};
use techo_protocol::vaccination::status_pass::Presentation;

use crate::certificates::{self, DocumentKind};
use crate::posters::{self, ForeignPoster, PosterError, PosterSignature};

/// What a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognised {
    /// A venue code of Techo.
    Venue(Venue),
    /// A poster of another country, whose places nobody warns about here.
    Foreign(ForeignPoster),
    /// A dose slip of a vaccination site.
    Slip(Box<Slip>),
    /// A venue code, poster or slip that cannot be read: which it seems to be, and why not.
    Unreadable(&'static str, Unreadable),
    /// Something else that Techo knows by its form: the name of its kind.
    Other(&'static str),
    /// The text is nothing that Techo knows.
    Unknown,
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

/// A dose slip and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
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
    /// assert_eq!(Recognised::of("112714030000000009", &[]).kind(), "ticket");
    /// ```
    pub fn of(text: &str, lists: &[TrustList]) -> Self {
        match VenueCode::read(text) {
            Ok(code) => {
                let authority = code.check_signature(lists).map(TrustList::authority);
                return Self::Venue(Venue { code, authority });
            }
            Err(VenueCodeError::NotAVenueCode) => {}
            Err(error) => return Self::Unreadable("venue", error.into()),
        }
        match posters::read(text) {
            Some(Ok(poster)) => Self::Foreign(poster),
            Some(Err(error)) => Self::Unreadable("unknown", error.into()),
            None => Self::slip(text, lists),
        }
    }

    fn slip(text: &str, lists: &[TrustList]) -> Self {
        match DoseSlip::read(text) {
            Ok(slip) => {
                let town = slip.check(lists, slip.dose.at).map(TrustList::authority);
                Self::Slip(Box::new(Slip { slip, town }))
            }
            Err(DoseSlipError::NotASlip) => other(text).map_or(Self::Unknown, Self::Other),
            Err(error) => Self::Unreadable(DocumentKind::DoseSlip.name(), error.into()),
        }
    }

    /// The name of the text's kind in JSON and on the command line.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Venue(Venue {
                code: VenueCode::Poster(_),
                ..
            }) => "venue",
            Self::Venue(Venue {
                code: VenueCode::Rotating(_),
                ..
            }) => "rotating",
            Self::Foreign(poster) => poster.kind.name(),
            Self::Slip(_) => DocumentKind::DoseSlip.name(),
            Self::Unreadable(kind, _) | Self::Other(kind) => kind,
            Self::Unknown => "unknown",
        }
    }

    /// What is known of the signature at a moment in Unix seconds: `valid`, `unknown_authority`, `invalid`, `expired` or `none`.
    ///
    /// ```
    /// use techo_testing::{Authority, NOW};
    /// use techo_core::recognise::Recognised;
    /// use techo_protocol::trust::TrustList;
    ///
    /// let osaka = Authority::named("Osaka Prefecture");
    /// let (poster, list) = (osaka.poster("Bar Yoru")?, TrustList::read(&osaka.trust_file())?);
    /// assert_eq!(Recognised::of(&poster, &[]).signature(NOW), "unknown_authority");
    /// let followed = Recognised::of(&poster, &[list]);
    /// assert_eq!(followed.signature(NOW), "valid");
    /// assert_eq!(followed.signature(NOW + 365 * 86_400), "expired");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn signature(&self, now: i64) -> &'static str {
        match self {
            Self::Venue(venue) => match (&venue.authority, venue.code.check_time(now)) {
                (Ok(_), Ok(())) => "valid",
                (Ok(_), Err(_)) => "expired",
                (Err(VenueCodeError::UnknownAuthority), _) => "unknown_authority",
                (Err(_), _) => "invalid",
            },
            Self::Foreign(poster) => match poster.signature {
                PosterSignature::Valid => "valid",
                PosterSignature::UnknownKey => "unknown_authority",
                PosterSignature::Invalid => "invalid",
                PosterSignature::None => "none",
            },
            Self::Slip(slip) => match (&slip.town, slip.slip.check_time(now)) {
                (Ok(_), Ok(())) => "valid",
                // The signatures are right, and the time is not.
                (Ok(_), Err(_)) | (Err(DoseSlipError::LicenceEnded), _) => "expired",
                (Err(DoseSlipError::UnknownTown), _) => "unknown_authority",
                (Err(_), _) => "invalid",
            },
            _ => "none",
        }
    }

    /// The name of the place that the text names: a venue, or the site of a slip.
    ///
    /// ```
    /// use techo_testing::{NOW, Town};
    /// use techo_core::recognise::Recognised;
    ///
    /// let slip = Recognised::of(&Town::named("Sakai").slip(1, NOW)?, &[]);
    /// assert_eq!((slip.kind(), slip.name()), ("dose_slip", Some("Kanaria Clinic")), "where the dose was given");
    /// assert!(!slip.is_place(), "and nobody checks in with it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Venue(venue) => Some(venue.code.name()),
            Self::Foreign(poster) => Some(&poster.name),
            Self::Slip(slip) => Some(&slip.slip.licence.place),
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
    /// use techo_core::recognise::Recognised;
    ///
    /// let poster = Authority::named("Osaka Prefecture").poster("Bar Yoru")?;
    /// let cut = Recognised::of(&poster[..poster.len() - 8], &[]);
    /// assert!(cut.is_place() && matches!(cut, Recognised::Unreadable("venue", _)), "a poster, though a damaged one");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_place(&self) -> bool {
        match self {
            Self::Venue(_) | Self::Foreign(_) | Self::Unreadable(_, Unreadable::Venue(_) | Unreadable::Poster(_)) => true,
            Self::Slip(_) | Self::Unreadable(_, Unreadable::Slip(_)) | Self::Other(_) | Self::Unknown => false,
        }
    }
}

/// Documents of other parts of Techo: decoded, where that is more than digits, but not checked.
fn other(text: &str) -> Option<&'static str> {
    let is_ticket = matches!(text.len(), 10 | 18) && text.bytes().all(|b| b.is_ascii_digit());
    if is_ticket {
        return Some("ticket");
    }
    if Presentation::read(text).is_ok() {
        return Some("status");
    }
    match certificates::kind(text) {
        DocumentKind::Unknown => None,
        kind => Some(kind.name()),
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
            ("000000009", "unknown"),
            ("https://example.org/", "unknown"),
        ] {
            let recognised = Recognised::of(text, &[]);
            assert_eq!((recognised.kind(), recognised.signature(0)), (kind, "none"), "{text}");
            assert!(!recognised.is_place());
        }
    }

    #[test]
    fn a_torn_code_is_none_and_says_so() {
        let torn = Recognised::of("https://techo.example/v#123456", &[]);
        assert_eq!(torn.kind(), "venue");
        assert!(matches!(torn, Recognised::Unreadable(_, Unreadable::Venue(_))));
        let torn = Recognised::of("UKC19TRACING:1:abc", &[]);
        assert!(matches!(torn, Recognised::Unreadable(_, Unreadable::Poster(_))), "{torn:?}");
        let torn = Recognised::of("TECHO-D1:ABC", &[]);
        assert_eq!((torn.kind(), torn.is_place()), ("dose_slip", false));
        assert!(matches!(torn, Recognised::Unreadable(_, Unreadable::Slip(_))), "{torn:?}");
    }

    #[test]
    fn a_slip_is_as_good_as_its_town_says() {
        let text = slip(1, FIRST, "EX3617");
        let said = |lists: &[TrustList], now| Recognised::of(&text, lists).signature(now);
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
        assert_eq!(Recognised::of(&late, &[sakai()]).signature(FIRST + 501 * 86_400), "expired");

        let whole = Recognised::of(&text, &[sakai()]);
        assert_eq!(
            (whole.kind(), whole.name(), whole.is_place()),
            ("dose_slip", Some("Kanaria Clinic"), false)
        );
        // Another letter near the end is another signature.
        let forged: String = [&text[..text.len() - 6], "0000", &text[text.len() - 2..]].concat();
        assert_eq!(Recognised::of(&forged, &[sakai()]).signature(FIRST), "invalid");
    }
}
