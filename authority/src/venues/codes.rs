//! Issuing codes: on paper for twelve months, and on a tablet for a few hours.
//!
//! A serial is drawn at random from 24 bits: counting up would tell everybody who reads a poster how many were issued before it, and a thief
//! of the signing key could count along to every seed.

use rusqlite::Connection;
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::random::{Random, random_bytes};
use techo_protocol::exposure::slot::{slot_of, slot_start};
use techo_protocol::exposure::venue_code::{NewPoster, NewRotating, Poster, VenueCode, keys_for_stay};

use super::{Venue, VenueError, VenueNumber};
use crate::keys::KeyRole;
use crate::store::{StoreError, narrow};
use crate::{Authority, Error};

/// How long a code is valid, in days after its day of issue: twelve months.
const LIFE_DAYS: u32 = 365;
/// Draws before the serials are called used up.
const DRAWS: usize = 1_000;

/// A code that was issued for a venue's poster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCode {
    /// Its number within the authority, never used again.
    pub serial: u32,
    /// The text of its QR code.
    pub text: String,
    /// When it was issued, in Unix seconds.
    pub issued_at: i64,
    /// From when on it is no longer valid, in Unix seconds.
    pub expires_at: i64,
}

impl IssuedCode {
    /// Whether a code issued now would say the same of the venue.
    pub(super) fn says(&self, venue: &Venue) -> bool {
        let Ok(on_the_wall) = read_poster(&self.text) else {
            return false;
        };
        // Signed by no key of anybody's: only what it would carry, cut as codes are, is looked at.
        let now = NewPoster {
            host: &on_the_wall.host,
            serial: self.serial,
            issued_day: 0,
            expires_day: 0,
            stay_minutes: venue.stay_minutes,
            name: &venue.name,
            address: &venue.address,
        }
        .sign(&SigningKey::from_seed(&[0; 32]));
        now.is_ok_and(|now| {
            (now.name, now.address, now.stay_minutes) == (on_the_wall.name, on_the_wall.address, on_the_wall.stay_minutes)
        })
    }
}

/// A code for a tablet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotatingCode {
    /// The text of its QR code.
    pub text: String,
    /// From when on it is of use, in Unix seconds: the beginning of an hour.
    pub from: i64,
    /// Until when it has keys, in Unix seconds.
    pub to: i64,
}

/// What is needed to issue codes.
pub(crate) struct Issuer {
    /// The key that signs the code.
    pub key: SigningKey,
    /// The host of the codes.
    pub host: String,
    /// When they are issued, in Unix seconds.
    pub now: i64,
}

impl Issuer {
    /// Issues a code in the place of the one before, in the caller's transaction.
    pub fn issue(&self, db: &Connection, venue: &Venue, random: &dyn Random) -> Result<IssuedCode, Error> {
        let issued_day: u32 = narrow(self.now.div_euclid(DAY_SECONDS))?;
        let serial = draw_serial(db, random)?;
        let poster = NewPoster {
            host: &self.host,
            serial,
            issued_day,
            expires_day: issued_day.saturating_add(LIFE_DAYS),
            stay_minutes: venue.stay_minutes,
            name: &venue.name,
            address: &venue.address,
        }
        .sign(&self.key)?;
        let code = IssuedCode {
            serial,
            text: poster.to_text(),
            issued_at: self.now,
            expires_at: poster.expires_at(),
        };
        db.prepare_cached("UPDATE code SET replaced_at = ?2 WHERE venue = ?1 AND replaced_at IS NULL")?
            .execute((venue.number.value(), self.now))?;
        db.prepare_cached("INSERT INTO code (serial, venue, text, issued_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute((serial, venue.number.value(), &code.text, code.issued_at, code.expires_at))?;
        Ok(code)
    }
}

fn draw_serial(db: &Connection, random: &dyn Random) -> Result<u32, Error> {
    let mut taken = db.prepare_cached("SELECT 1 FROM code WHERE serial = ?1")?;
    for _ in 0..DRAWS {
        let [a, b, c] = random_bytes(random)?;
        let serial = u32::from_be_bytes([0, a, b, c]);
        if !taken.exists([serial])? {
            return Ok(serial);
        }
    }
    Err(VenueError::NumbersTaken.into())
}

/// A code's text out of the database.
pub(crate) fn read_poster(text: &str) -> Result<Poster, Error> {
    match VenueCode::read(text)? {
        VenueCode::Poster(poster) => Ok(poster),
        VenueCode::Rotating(_) => Err(StoreError::Damaged.into()),
    }
}

impl Authority {
    /// Makes the code that a venue's tablet shows in the hour of `at`, with keys for as long as people usually stay.
    ///
    /// Its keys come from the code on the wall, so visits from poster and tablet match the same notices.
    ///
    /// # Errors
    /// [`VenueError`]: unknown, retired, no code, or a time that is outside the code's life.
    pub fn rotate_code(&self, number: VenueNumber, at: i64) -> Result<RotatingCode, Error> {
        let venue = self.venue(number)?;
        if venue.retired_at.is_some() {
            return Err(VenueError::Retired.into());
        }
        let code = venue.code.as_ref().ok_or(VenueError::NoCode)?;
        let first_slot = slot_of(at).ok_or(VenueError::Time)?;
        if at >= code.expires_at || slot_start(first_slot) < code.issued_at.div_euclid(DAY_SECONDS) * DAY_SECONDS {
            return Err(VenueError::Time.into());
        }
        let new = NewRotating {
            host: &self.trust_list()?.host,
            first_slot,
            stay_minutes: venue.stay_minutes,
            name: &venue.name,
            address: &venue.address,
            keys: keys_for_stay(venue.stay_minutes),
        };
        let rotating = new.sign(&read_poster(&code.text)?.seed(), &self.signer(KeyRole::Code)?)?;
        let hours = u32::try_from(rotating.keys.len()).map_err(|_| VenueError::Time)?;
        Ok(RotatingCode {
            text: rotating.to_text(),
            from: slot_start(first_slot),
            to: slot_start(first_slot.saturating_add(hours)),
        })
    }
}
