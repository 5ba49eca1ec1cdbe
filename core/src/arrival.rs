//! From a code that was read to a visit: who is believed, which keys are kept, and what a person is told.
//!
//! ```
//! use techo_core::arrival::arrive;
//! use techo_testing::{Authority, NOW};
//! use techo_core::diary::VisitKeys;
//! use techo_core::recognise::Recognised;
//! use techo_protocol::trust::TrustList;
//!
//! let osaka = Authority::named("Osaka Prefecture");
//! let poster = osaka.poster("Bar Yoru")?;
//! let lists = [TrustList::read(&osaka.trust_file())?];
//! let arrival = arrive(&Recognised::of(&poster, &lists), NOW)?;
//! let VisitKeys::Days(days) = &arrival.visit.keys else { panic!("a poster gives keys of days") };
//! assert_eq!(days.len(), 2, "today's and tomorrow's, in UTC");
//!
//! let stranger = arrive(&Recognised::of(&poster, &[]), NOW)?;
//! assert!(stranger.without_warnings && stranger.visit.keys == VisitKeys::None, "it is kept as if it were typed");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::exposure::slot::{day_of_slot, slot_of};
use techo_protocol::exposure::venue_code::{Poster, Rotating, VenueCode, VenueCodeError};

use crate::diary::{NewVisit, Source, VisitKeys};
use crate::documents::week::{CodeKind, ForeignPoster};
use crate::posters::{PosterKind, PosterSignature, ReadPoster};
use crate::recognise::{Recognised, Unreadable};
use crate::scan::ScanError;

techo_protocol::coded_errors! {
    /// Why a code cannot be used to check in.
    pub enum ArrivalError {
        /// The text is no code, or none of a place.
        NotAPlace = "checkin.not_a_venue_code", "This is not a venue code.", "Scan the code on the venue's poster, or enter the visit by hand.";
        /// The picture holds the codes of several places.
        SeveralPlaces = "checkin.several_codes", "The picture holds several venue codes. Nothing was stored.", "Take a picture of one code only.";
        /// The poster is another country's, and its signature is wrong.
        PosterForged = "checkin.poster_signature_invalid", "This poster is forged or changed: its signature is wrong.", "Nothing was stored. Enter the visit by hand.";
    }
}

techo_protocol::coded_errors! {
    /// What a person should look at who checks in with an event's code. The visit is written all the same: events begin early and last longer.
    pub enum EventWarning {
        /// The event has not begun.
        NotBegun = "checkin.event_not_begun", "The event of this code has not begun at that time.", "Check the time, and the code.";
        /// The event is over.
        Over = "checkin.event_over", "The event of this code is over at that time.", "Check the time, and the code.";
    }
}

techo_protocol::coded_union! {
    /// Why nobody was checked in. Nothing is to be stored.
    pub enum Refused {
        /// The code is of no place, of several, or a forged poster.
        Arrival(ArrivalError);
        /// The picture holds no code at all.
        Scan(ScanError);
        /// The venue code is forged, expired, damaged or outside its hours.
        Venue(VenueCodeError);
        /// The text begins like a code of a place or a slip, and cannot be read.
        Unreadable(Unreadable);
    }
}

/// A visit to be written, and what the person is to be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The visit as the diary is to write it.
    pub visit: NewVisit,
    /// Whether nobody will be warned of this place here: its authority is not followed, or it is in another country.
    pub without_warnings: bool,
    /// What does not fit, where the code is of an event.
    pub event: Option<EventWarning>,
}

/// Makes a visit that begins at `at` (Unix seconds) from what was read.
///
/// From a poster the keys of the check-in's UTC day and of the next are kept, and the venue's seed is dropped here (docs/exposure.md#tags): whoever opens the diary later cannot follow the venue beyond these two days.
///
/// ```
/// use techo_core::arrival::{ArrivalError, Refused, arrive};
/// use techo_core::recognise::Recognised;
///
/// let ticket = Recognised::of("0000000009", &[]);
/// assert_eq!(arrive(&ticket, 0), Err(Refused::from(ArrivalError::NotAPlace)));
/// ```
///
/// # Errors
/// [`Refused`]: what was read is no place, or is forged, expired or outside its hours.
pub fn arrive(recognised: &Recognised, at: i64) -> Result<Arrival, Refused> {
    let new = |name: &str, address: Option<&str>, stay: u32, source, keys| NewVisit {
        name: name.to_owned(),
        address: address.map(str::to_owned),
        check_in: at,
        check_out: None,
        default_stay_min: u16::try_from(stay).unwrap_or(u16::MAX),
        source,
        keys,
        with: Vec::new(),
        note: None,
    };
    match recognised {
        Recognised::Venue(venue) => {
            let code = &venue.code;
            let visit = |source, keys| new(code.name(), recognised.address(), code.default_stay_minutes(), source, keys);
            match &venue.authority {
                Err(VenueCodeError::UnknownAuthority) => Ok(Arrival {
                    visit: visit(Source::Manual, VisitKeys::None),
                    without_warnings: true,
                    event: None,
                }),
                Err(error) => Err(error.clone().into()),
                Ok(authority) => {
                    code.check_time(at)?;
                    let (kind, keys) = match code {
                        VenueCode::Poster(poster) => (CodeKind::Poster, poster_keys(poster, at)?),
                        VenueCode::Rotating(rotating) => (CodeKind::Rotating, rotating_keys(rotating)),
                    };
                    let source = Source::Code {
                        authority: authority.0,
                        kind,
                    };
                    Ok(Arrival {
                        visit: visit(source, keys),
                        without_warnings: false,
                        event: None,
                    })
                }
            }
        }
        Recognised::Foreign(poster) if poster.signature == PosterSignature::Invalid => Err(ArrivalError::PosterForged.into()),
        Recognised::Foreign(poster) => {
            let source = Source::Foreign(match poster.kind {
                PosterKind::Nz => ForeignPoster::Nz,
                PosterKind::Nhs => ForeignPoster::Nhs,
                PosterKind::Cwa => ForeignPoster::Cwa,
                PosterKind::NotifyMe => ForeignPoster::NotifyMe,
            });
            let visit = new(
                &poster.name,
                poster.address.as_deref(),
                foreign_stay(poster, at),
                source,
                VisitKeys::None,
            );
            Ok(Arrival {
                visit,
                without_warnings: true,
                event: poster.valid.and_then(|(start, end)| match at {
                    _ if at < start => Some(EventWarning::NotBegun),
                    _ if at >= end => Some(EventWarning::Over),
                    _ => None,
                }),
            })
        }
        Recognised::Unreadable(_, Unreadable::Slip(_)) | Recognised::DoseSlip(_) | Recognised::Other(_) | Recognised::Unknown => {
            Err(ArrivalError::NotAPlace.into())
        }
        Recognised::Unreadable(_, error) => Err(error.clone().into()),
    }
}

/// After how many minutes a stay at another country's poster ends: what the poster says is usual, and no later than the event; where it says nothing,
/// at the event's end. 0 where neither is said: codes that hold for longer than a day are no event's.
fn foreign_stay(poster: &ReadPoster, at: i64) -> u32 {
    let end = poster
        .valid
        .filter(|(start, end)| (*start..*end).contains(&at))
        .map(|(_, end)| end - at);
    let left = end
        .filter(|left| *left <= DAY_SECONDS)
        .and_then(|left| u32::try_from(left.saturating_add(59) / 60).ok());
    match (poster.stay_minutes, left) {
        (Some(stay), Some(left)) => stay.min(left),
        (stay, left) => stay.or(left).unwrap_or(0),
    }
}

fn poster_keys(poster: &Poster, at: i64) -> Result<VisitKeys, VenueCodeError> {
    let seed = poster.seed();
    // A time that has no slot is far outside any code's life.
    let day = day_of_slot(slot_of(at).ok_or(VenueCodeError::Expired)?);
    Ok(VisitKeys::Days(
        (day..=day + 1).map(|day| (day, seed.day_key(day).0)).collect(),
    ))
}

fn rotating_keys(rotating: &Rotating) -> VisitKeys {
    VisitKeys::Slots(rotating.slots().map(|(slot, key)| (slot, key.0.clone())).collect())
}

#[cfg(test)]
mod tests {
    use techo_protocol::basics::keys::SigningKey;
    use techo_protocol::exposure::venue_code::{NewPoster, NewRotating};
    use techo_protocol::trust::{Role, Root, TrustList, TrustedKey};

    use super::*;

    const AT: i64 = 20_000 * 86_400 + 19 * 3_600;

    fn code_key() -> SigningKey {
        SigningKey::from_seed(&[2; 32])
    }

    fn followed() -> TrustList {
        TrustList {
            name: "Osaka Prefecture".into(),
            host: "techo.example".into(),
            number: 1,
            issued_at: 0,
            expires_at: 0,
            roots: vec![Root {
                key: SigningKey::from_seed(&[1; 32]).public(),
                signed_by_previous: vec![],
            }],
            keys: vec![TrustedKey {
                role: Role::Code,
                key: code_key().public(),
                revoked: false,
            }],
            relays: vec![],
            municipality: None,
        }
    }

    fn poster() -> Poster {
        let new = NewPoster {
            host: "techo.example",
            serial: 1,
            issued_day: 20_000,
            expires_day: 20_010,
            stay_minutes: 90,
            name: "Bar Yoru",
            address: "Kita-ku",
        };
        new.sign(&code_key()).unwrap()
    }

    fn read(text: &str, lists: &[TrustList]) -> Recognised {
        Recognised::of(text, lists)
    }

    #[test]
    fn a_poster_leaves_two_day_keys_and_no_seed() {
        let arrival = arrive(&read(&poster().to_text(), &[followed()]), AT).unwrap();
        let seed = poster().seed();
        assert_eq!(
            arrival.visit.keys,
            VisitKeys::Days(vec![(20_000, seed.day_key(20_000).0), (20_001, seed.day_key(20_001).0)])
        );
        assert_eq!(
            (
                arrival.visit.name.as_str(),
                arrival.visit.default_stay_min,
                arrival.without_warnings
            ),
            ("Bar Yoru", 90, false)
        );
    }

    #[test]
    fn a_code_of_an_unknown_authority_is_kept_without_keys() {
        let arrival = arrive(&read(&poster().to_text(), &[]), AT).unwrap();
        assert_eq!(
            (arrival.visit.source, arrival.visit.keys, arrival.without_warnings),
            (Source::Manual, VisitKeys::None, true)
        );
    }

    #[test]
    fn a_forged_or_expired_code_stores_nothing() {
        let forged = poster().to_text().replace("techo.example", "tech0.example");
        assert_eq!(
            arrive(&read(&forged, &[followed()]), AT),
            Err(VenueCodeError::SignatureInvalid.into())
        );
        let genuine = read(&poster().to_text(), &[followed()]);
        assert_eq!(arrive(&genuine, 20_011 * 86_400), Err(VenueCodeError::Expired.into()));
        assert!(arrive(&genuine, 20_011 * 86_400 - 1).is_ok());
    }

    #[test]
    fn a_rotating_code_leaves_its_slot_keys_and_is_for_its_hours() {
        let first_slot = u32::try_from(AT / 3_600).unwrap();
        let new = NewRotating {
            host: "techo.example",
            first_slot,
            stay_minutes: 60,
            name: "Bar Yoru",
            address: "",
            keys: 2,
        };
        let text = new.sign(&poster().seed(), &code_key()).unwrap().to_text();
        let code = read(&text, &[followed()]);
        let arrival = arrive(&code, AT).unwrap();
        let seed = poster().seed();
        let keys = vec![
            (first_slot, seed.slot_key(first_slot).0),
            (first_slot + 1, seed.slot_key(first_slot + 1).0),
        ];
        assert_eq!(arrival.visit.keys, VisitKeys::Slots(keys));
        assert_eq!(arrive(&code, AT + 2 * 3_600), Err(VenueCodeError::OutsideItsHours.into()));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        assert_eq!(arrive(&read("hello", &[]), AT), Err(ArrivalError::NotAPlace.into()));
        assert_eq!(arrive(&read("HC1:6BF", &[]), AT), Err(ArrivalError::NotAPlace.into()));
        assert_eq!(
            arrive(&read("https://techo.example/v#11", &[]), AT),
            Err(Refused::Unreadable(VenueCodeError::NewerVersion.into()))
        );
    }

    #[test]
    fn an_event_ends_when_its_poster_says_and_before_or_after_it_something_is_said() {
        let event = |stay_minutes, hours: i64| {
            Recognised::Foreign(ReadPoster {
                kind: PosterKind::Cwa,
                name: "Concert".into(),
                address: None,
                signature: PosterSignature::None,
                stay_minutes,
                valid: Some((AT, AT + hours * 3_600)),
                complaint: None,
            })
        };
        let said = |event: &Recognised, at: i64| {
            let arrival = arrive(event, at).unwrap();
            (arrival.visit.default_stay_min, arrival.event)
        };
        assert_eq!(said(&event(None, 4), AT + 1_800), (210, None));
        assert_eq!(said(&event(Some(60), 4), AT), (60, None));
        assert_eq!(
            said(&event(Some(60), 4), AT + 3 * 3_600 + 1_800),
            (30, None),
            "not beyond its end"
        );
        assert_eq!(
            said(&event(None, 24 * 365), AT),
            (0, None),
            "a code that holds for a year is no event's"
        );
        assert_eq!(said(&event(None, 4), AT - 1), (0, Some(EventWarning::NotBegun)));
        assert_eq!(said(&event(None, 4), AT + 4 * 3_600), (0, Some(EventWarning::Over)));
    }
}
