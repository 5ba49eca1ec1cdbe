//! The registry of venues and the codes on their posters.
//!
//! A venue keeps its number for ever; its code changes. A new code takes the old one's place on the wall, but the old one stays for matching
//! until it expires, because people still hold its keys. A serial is never used again.

mod codes;
mod kind;
mod number;

use std::collections::HashMap;

use rusqlite::{Connection, Row};
use techo_protocol::basics::folding::folded;
use techo_protocol::basics::random::Random;
use techo_protocol::exposure::venue_code::LONGEST_STAY_MINUTES;

use crate::keys::KeyRole;
use crate::store::{StoreError, narrow, write};
use crate::{Authority, Error, audit};

pub use codes::{IssuedCode, RotatingCode};
pub(crate) use codes::{Issuer, read_poster};
pub use kind::VenueKind;
pub use number::VenueNumber;

/// Longest name and longest address in the registry, in characters. A code carries less.
pub const LONGEST_TEXT: usize = 300;

techo_protocol::coded_errors! {
    /// What can be wrong with a venue, or with what is asked of it.
    pub enum VenueError {
        /// The text is not eight digits.
        NotANumber = "venue.not_a_number", "This is not a venue's number.", "A venue's number has eight digits; it stands on the poster.";
        /// Eight digits whose last does not fit.
        NumberMistyped = "venue.number_mistyped", "A digit of this venue's number is wrong.", "Compare it with the poster.";
        /// No venue has this number.
        Unknown = "venue.unknown", "There is no venue with this number.", "`authority venue list` shows the venues.";
        /// A kind that is not known.
        UnknownKind = "venue.unknown_kind", "There is no such kind of venue.", "`authority venue add --help` lists the kinds.";
        /// No name, control characters, or a name or address that is too long.
        Text = "venue.text", "A venue needs a name, and name and address have at most 300 characters without line breaks.", "Correct the name or the address.";
        /// Longer than a stay can be.
        Stay = "venue.stay", "A stay is 10 minutes to 24 hours.", "Give the usual stay in minutes.";
        /// The venue was retired.
        Retired = "venue.retired", "This venue was retired: it gets no new codes.", "Register it again with `authority venue add`.";
        /// Every code of the venue has expired.
        NoCode = "venue.no_code", "This venue has no code that is valid then.", "Make one with `authority venue reissue`.";
        /// A time before the code or far away.
        Time = "venue.time", "A rotating code is made for an hour of this code's life.", "Give a time between the code's issue and its expiry.";
        /// All numbers or serials that were drawn are taken.
        NumbersTaken = "venue.numbers_taken", "The registry found no free number.", "Try again; if this stays, the registry is full.";
    }
}

/// What a venue is registered with.
#[derive(Debug, Clone)]
pub struct NewVenue<'a> {
    /// The venue's name, at most 300 characters and not empty.
    pub name: &'a str,
    /// Its address, may be empty.
    pub address: &'a str,
    /// The kind of venue, whose usual stay counts where none is given.
    pub kind: VenueKind,
    /// How many people find a seat.
    pub seats: Option<u32>,
    /// Floor area in square metres.
    pub area_m2: Option<u32>,
    /// How long people usually stay, in minutes; without it, the kind's default. Rounded up to ten.
    pub stay_minutes: Option<u32>,
}

/// What is to be changed of a venue; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default)]
pub struct VenueChange<'a> {
    /// The venue's new name, at most 300 characters.
    pub name: Option<&'a str>,
    /// The venue's new address, at most 300 characters.
    pub address: Option<&'a str>,
    /// The kind that the venue is now.
    pub kind: Option<VenueKind>,
    /// How many people find a seat.
    pub seats: Option<u32>,
    /// Floor area in square metres.
    pub area_m2: Option<u32>,
    /// How long people usually stay, in minutes.
    pub stay_minutes: Option<u32>,
}

/// A venue as the registry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Venue {
    /// Its number, for people.
    pub number: VenueNumber,
    /// The venue's name, as its poster has it.
    pub name: String,
    /// Its address, may be empty.
    pub address: String,
    /// The kind of venue.
    pub kind: VenueKind,
    /// How many people find a seat.
    pub seats: Option<u32>,
    /// Floor area in square metres.
    pub area_m2: Option<u32>,
    /// How long people usually stay, in minutes.
    pub stay_minutes: u32,
    /// When it was registered, in Unix seconds.
    pub registered_at: i64,
    /// When it was retired, in Unix seconds.
    pub retired_at: Option<i64>,
    /// The code on its wall now; an older one stays for matching.
    pub code: Option<IssuedCode>,
}

impl Venue {
    /// Whether the code on the wall says something else than the registry, so that a new poster is due.
    pub fn needs_reissue(&self) -> bool {
        self.code.as_ref().is_some_and(|code| !code.says(self))
    }
}

impl Authority {
    /// Registers a venue and issues its first code, valid for twelve months.
    ///
    /// # Errors
    /// [`VenueError`] for a name, address or stay that cannot be.
    pub fn add_venue(&mut self, new: &NewVenue<'_>, now: i64, random: &dyn Random) -> Result<Venue, Error> {
        let issuer = self.issuer(now)?;
        let transaction = write(&mut self.db)?;
        let number = insert(&transaction, new, &issuer, random)?;
        let venue = read(&transaction, number)?;
        transaction.commit()?;
        Ok(venue)
    }

    /// All venues, by name; without those that were retired unless they are asked for.
    ///
    /// # Errors
    /// [`StoreError`] where the profile cannot be read.
    pub fn venues(&self, with_retired: bool) -> Result<Vec<Venue>, Error> {
        let mut query = self.db.prepare(&format!(
            "{SELECT} WHERE ?1 OR v.retired_at IS NULL ORDER BY v.name, v.number"
        ))?;
        let mut rows = query.query([with_retired])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            out.push(from_row(row)?);
        }
        Ok(out)
    }

    /// One venue.
    ///
    /// # Errors
    /// [`VenueError::Unknown`] where there is none.
    pub fn venue(&self, number: VenueNumber) -> Result<Venue, Error> {
        read(&self.db, number)
    }

    /// Changes what the registry says. The code on the wall stays as it is until it is issued anew: see [`Venue::needs_reissue`].
    ///
    /// # Errors
    /// [`VenueError`]: unknown, or a name, address or stay that cannot be.
    pub fn edit_venue(&mut self, number: VenueNumber, change: &VenueChange<'_>, now: i64) -> Result<Venue, Error> {
        let transaction = write(&mut self.db)?;
        let before = read(&transaction, number)?;
        let (name, address) = check_texts(change.name.unwrap_or(&before.name), change.address.unwrap_or(&before.address))?;
        let stay = change.stay_minutes.map_or(Ok(before.stay_minutes), check_stay)?;
        transaction.execute(
            "UPDATE venue SET name = ?2, address = ?3, kind = ?4, seats = ?5, area_m2 = ?6, stay_minutes = ?7 WHERE number = ?1",
            (
                number.value(),
                name,
                address,
                change.kind.unwrap_or(before.kind).as_str(),
                change.seats.or(before.seats),
                change.area_m2.or(before.area_m2),
                stay,
            ),
        )?;
        audit::append(&transaction, now, "venue.edited", &number.to_string())?;
        let venue = read(&transaction, number)?;
        transaction.commit()?;
        Ok(venue)
    }

    /// Issues a new code; the old one stays for matching until it expires.
    ///
    /// # Errors
    /// [`VenueError`]: unknown, or retired.
    pub fn reissue_code(&mut self, number: VenueNumber, now: i64, random: &dyn Random) -> Result<Venue, Error> {
        let issuer = self.issuer(now)?;
        let transaction = write(&mut self.db)?;
        let venue = read(&transaction, number)?;
        if venue.retired_at.is_some() {
            return Err(VenueError::Retired.into());
        }
        issuer.issue(&transaction, &venue, random)?;
        audit::append(&transaction, now, "venue.reissued", &number.to_string())?;
        let venue = read(&transaction, number)?;
        transaction.commit()?;
        Ok(venue)
    }

    /// Retires a venue: it gets no new codes. Notices about it can still be published.
    ///
    /// # Errors
    /// [`VenueError`]: unknown, or retired already.
    pub fn retire_venue(&mut self, number: VenueNumber, now: i64) -> Result<Venue, Error> {
        let transaction = write(&mut self.db)?;
        if read(&transaction, number)?.retired_at.is_some() {
            return Err(VenueError::Retired.into());
        }
        transaction.execute("UPDATE venue SET retired_at = ?2 WHERE number = ?1", (number.value(), now))?;
        audit::append(&transaction, now, "venue.retired", &number.to_string())?;
        let venue = read(&transaction, number)?;
        transaction.commit()?;
        Ok(venue)
    }

    /// What is needed to issue codes.
    pub(crate) fn issuer(&self, now: i64) -> Result<Issuer, Error> {
        Ok(Issuer {
            key: self.signer(KeyRole::Code)?,
            host: self.trust_list()?.host,
            now,
        })
    }
}

/// Registers a venue and issues its code, in the caller's transaction.
pub(crate) fn insert(db: &Connection, new: &NewVenue<'_>, issuer: &Issuer, random: &dyn Random) -> Result<VenueNumber, Error> {
    let (name, address) = check_texts(new.name, new.address)?;
    let stay = check_stay(new.stay_minutes.unwrap_or(new.kind.default_stay_minutes()))?;
    let number = VenueNumber::draw(random, |number| exists(db, number))?;
    db.prepare_cached(
        "INSERT INTO venue (number, name, address, kind, seats, area_m2, stay_minutes, registered_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute((
        number.value(),
        name,
        address,
        new.kind.as_str(),
        new.seats,
        new.area_m2,
        stay,
        issuer.now,
    ))?;
    issuer.issue(db, &read(db, number)?, random)?;
    audit::append(db, issuer.now, "venue.added", &number.to_string())?;
    Ok(number)
}

/// The venue that is registered under exactly this name and address; the oldest of several.
pub(crate) fn find(db: &Connection, name: &str, address: &str) -> Result<Option<VenueNumber>, Error> {
    let mut query = db.prepare_cached(
        "SELECT number FROM venue WHERE name = ?1 AND address = ?2 AND retired_at IS NULL ORDER BY registered_at, rowid LIMIT 1",
    )?;
    let mut rows = query.query((name.trim(), address.trim()))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(VenueNumber::stored(row.get(0)?)?))
}

/// A venue's name and address in whatever width and composition they are written: [`find`] goes first, because most are written alike.
pub(crate) fn place(name: &str, address: &str) -> [String; 2] {
    [name, address].map(|text| folded(text.trim()).into_owned())
}

/// The venues by their [`place`]; the oldest of several.
pub(crate) fn places(db: &Connection) -> Result<HashMap<[String; 2], VenueNumber>, Error> {
    let mut query =
        db.prepare("SELECT number, name, address FROM venue WHERE retired_at IS NULL ORDER BY registered_at, rowid")?;
    let mut rows = query.query([])?;
    let mut places = HashMap::new();
    while let Some(row) = rows.next()? {
        let [name, address]: [String; 2] = [row.get(1)?, row.get(2)?];
        places
            .entry(place(&name, &address))
            .or_insert(VenueNumber::stored(row.get(0)?)?);
    }
    Ok(places)
}

/// One venue, in the caller's transaction.
pub(crate) fn read(db: &Connection, number: VenueNumber) -> Result<Venue, Error> {
    let mut query = db.prepare_cached(&format!("{SELECT} WHERE v.number = ?1"))?;
    let mut rows = query.query([number.value()])?;
    match rows.next()? {
        Some(row) => from_row(row),
        None => Err(VenueError::Unknown.into()),
    }
}

const SELECT: &str =
    "SELECT v.number, v.name, v.address, v.kind, v.seats, v.area_m2, v.stay_minutes, v.registered_at, v.retired_at,
    c.serial, c.text, c.issued_at, c.expires_at FROM venue v LEFT JOIN code c ON c.venue = v.number AND c.replaced_at IS NULL";

fn from_row(row: &Row<'_>) -> Result<Venue, Error> {
    let kind: String = row.get(3)?;
    let code = match row.get::<_, Option<i64>>(9)? {
        Some(serial) => Some(IssuedCode {
            serial: narrow(serial)?,
            text: row.get(10)?,
            issued_at: row.get(11)?,
            expires_at: row.get(12)?,
        }),
        None => None,
    };
    Ok(Venue {
        number: VenueNumber::stored(row.get(0)?)?,
        name: row.get(1)?,
        address: row.get(2)?,
        kind: kind.parse().map_err(|_| StoreError::Damaged)?,
        seats: row.get(4)?,
        area_m2: row.get(5)?,
        stay_minutes: row.get(6)?,
        registered_at: row.get(7)?,
        retired_at: row.get(8)?,
        code,
    })
}

fn exists(db: &Connection, number: VenueNumber) -> Result<bool, Error> {
    let mut query = db.prepare_cached("SELECT 1 FROM venue WHERE number = ?1")?;
    Ok(query.exists([number.value()])?)
}

fn check_texts<'a>(name: &'a str, address: &'a str) -> Result<(&'a str, &'a str), VenueError> {
    let (name, address) = (name.trim(), address.trim());
    let fits = |text: &str| text.chars().count() <= LONGEST_TEXT && !text.chars().any(char::is_control);
    if name.is_empty() || !fits(name) || !fits(address) {
        return Err(VenueError::Text);
    }
    Ok((name, address))
}

fn check_stay(minutes: u32) -> Result<u32, VenueError> {
    let rounded = minutes.checked_next_multiple_of(10).ok_or(VenueError::Stay)?;
    (10..=LONGEST_STAY_MINUTES)
        .contains(&rounded)
        .then_some(rounded)
        .ok_or(VenueError::Stay)
}

#[cfg(test)]
pub(crate) mod tests;
