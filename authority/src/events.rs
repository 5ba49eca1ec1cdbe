//! What an imported list of events does to the notices (docs/authority.md#lists-of-events).
//!
//! An event is known by its layout and id. One that is new becomes a notice, about the venue of that name and address (in whatever width
//! they are written), which is registered where it is not known. One whose row changed becomes a revision; where its venue changed, the old notice is withdrawn and a new one made.
//! One whose row is as it was is left alone, whatever was done to its notice by hand since.
//!
//! With a complete list, what is missing from it is withdrawn. A row that was rejected is not missing, and a file that was cut off is no
//! complete list: nothing is withdrawn for it.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;
use techo_protocol::basics::keys::sha256;
use techo_protocol::basics::random::Random;
use techo_protocol::exposure::notice::{DEFAULT_TAIL_SECONDS, LocalisedText, NoticeId, Window};

use crate::import::{Event, Import};
use crate::notices::{self, Content};
use crate::rejected::RejectedRow;
use crate::store::{narrow, write};
use crate::venues::{self, Issuer, NewVenue, VenueKind, VenueNumber};
use crate::{Authority, Error, audit};

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Rows of the file.
    pub rows: usize,
    /// Rows that say something: all that were not rejected.
    pub accepted: usize,
    /// Notices that were there before and say something else now.
    pub revised: usize,
    /// Notices that were there before and are withdrawn now.
    pub withdrawn: usize,
    /// Rows that could not be used, by row.
    pub rejected: Vec<RejectedRow>,
    /// Venues that were registered on the way.
    pub venues: usize,
}

/// How an import is done.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions {
    /// The list is the whole one: what is missing from it is withdrawn.
    pub complete: bool,
    /// The file is checked and counted, and nothing of it is kept.
    pub dry_run: bool,
}

/// What one event did.
#[derive(Default)]
struct Done {
    /// A notice that was there before says something else now.
    revised: bool,
    /// The place and the number of the venue that was registered for it.
    new_venue: Option<([String; 2], VenueNumber)>,
}

impl Authority {
    /// Applies a list of events, all of it or, where something fails, nothing. `progress` is told how many events are done.
    ///
    /// # Errors
    /// [`crate::store::StoreError`], [`crate::keys::KeyError`] or no randomness; what is wrong with a row is in [`Imported::rejected`].
    pub fn apply_import(
        &mut self,
        import: &Import,
        options: ImportOptions,
        now: i64,
        random: &dyn Random,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Imported, Error> {
        let issuer = self.issuer(now)?;
        let mut transaction = write(&mut self.db)?;
        let mut imported = Imported {
            rows: import.rows,
            accepted: 0,
            revised: 0,
            withdrawn: 0,
            rejected: import.rejected.clone(),
            venues: 0,
        };
        let mut places = venues::places(&transaction)?;
        for (done, event) in (1..).zip(&import.events) {
            // What a row that turns out bad has done by then is undone with it.
            let savepoint = transaction.savepoint()?;
            match apply(&savepoint, (&import.layout, event), &places, &issuer, random) {
                Ok(done) => {
                    savepoint.commit()?;
                    imported.revised += usize::from(done.revised);
                    if let Some((place, venue)) = done.new_venue {
                        imported.venues += 1;
                        places.entry(place).or_insert(venue);
                    }
                }
                Err(why @ (Error::Notice(_) | Error::Venue(_) | Error::VenueCode(_))) => imported.rejected.push(RejectedRow {
                    dose: None,
                    id: Some(event.id.clone()),
                    ..RejectedRow::new(event.row, &why)
                }),
                Err(other) => return Err(other),
            }
            progress(done);
        }
        if options.complete && !import.cut_off {
            imported.withdrawn = withdraw_missing(&transaction, import, now)?;
        }
        imported.rejected.sort_by_key(|row| row.row);
        imported.accepted = imported.rows.saturating_sub(imported.rejected.len());
        if !options.dry_run {
            audit::append(&transaction, now, "notice.imported", &import.layout)?;
            transaction.commit()?;
        }
        Ok(imported)
    }
}

/// What an event was known as before.
struct Known {
    notice: NoticeId,
    content: [u8; 32],
}

fn apply(
    db: &Connection,
    (layout, event): (&str, &Event),
    places: &HashMap<[String; 2], VenueNumber>,
    issuer: &Issuer,
    random: &dyn Random,
) -> Result<Done, Error> {
    let content = content(layout, event);
    let fingerprint = fingerprint(event);
    let known = known(db, layout, &event.id)?;
    if known.as_ref().is_some_and(|known| known.content == fingerprint) {
        return Ok(Done::default());
    }
    let now = issuer.now;
    notices::check(&content, now)?;
    let (venue, new_venue) = venue_of(db, event, places, issuer, random)?;
    let before = known.map(|known| notices::read(db, known.notice)).transpose()?;
    let standing = before.filter(|before| !before.withdrawn);
    let revised = standing.is_some();
    let notice = match standing {
        Some(before) if before.venue == venue => {
            notices::append_revision(db, &before, &content, false, now)?;
            before.id
        }
        Some(before) => {
            notices::append_revision(db, &before, &before.content, true, now)?;
            notices::add(db, venue, &content, now, random)?
        }
        None => notices::add(db, venue, &content, now, random)?,
    };
    db.prepare_cached("INSERT OR REPLACE INTO imported (layout, event, notice, content) VALUES (?1, ?2, ?3, ?4)")?
        .execute((layout, &event.id, notice.number(), fingerprint))?;
    Ok(Done {
        revised,
        new_venue: new_venue.map(|place| (place, venue)),
    })
}

fn known(db: &Connection, layout: &str, event: &str) -> Result<Option<Known>, Error> {
    let mut query = db.prepare_cached("SELECT notice, content FROM imported WHERE layout = ?1 AND event = ?2")?;
    let mut rows = query.query((layout, event))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Known {
        notice: NoticeId::from_low_bits(narrow(row.get::<_, i64>(0)?)?),
        content: row.get(1)?,
    }))
}

/// The venue of an event, and its place where it was registered for it.
fn venue_of(
    db: &Connection,
    event: &Event,
    places: &HashMap<[String; 2], VenueNumber>,
    issuer: &Issuer,
    random: &dyn Random,
) -> Result<(VenueNumber, Option<[String; 2]>), Error> {
    // A spreadsheet's cell may hold line breaks; a poster's line does not.
    let in_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (name, address) = (in_one_line(&event.name), in_one_line(&event.address));
    if let Some(venue) = venues::find(db, &name, &address)? {
        return Ok((venue, None));
    }
    let place = venues::place(&name, &address);
    if let Some(venue) = places.get(&place) {
        return Ok((*venue, None));
    }
    let new = NewVenue {
        name: &name,
        address: &address,
        kind: VenueKind::Other,
        seats: None,
        area_m2: None,
        stay_minutes: None,
    };
    Ok((venues::insert(db, &new, issuer, random)?, Some(place)))
}

fn content(layout: &str, event: &Event) -> Content {
    // New Zealand writes English; what language another list is in is not known.
    let language = if layout == "nz" { "en" } else { "und" };
    let text = (!event.advice_text.is_empty()).then(|| (language.to_owned(), event.advice_text.clone()));
    Content {
        window: Window {
            from: event.from,
            to: event.to,
            tail: DEFAULT_TAIL_SECONDS,
        },
        severity: event.severity,
        advice: 0,
        text: LocalisedText(text.into_iter().collect()),
    }
}

/// Tells whether a row says the same as before.
fn fingerprint(event: &Event) -> [u8; 32] {
    let mut bytes = Vec::new();
    for text in [&event.name, &event.address, &event.advice_text] {
        bytes.extend_from_slice(&text.len().to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend_from_slice(&event.from.to_be_bytes());
    bytes.extend_from_slice(&event.to.to_be_bytes());
    bytes.extend_from_slice(event.severity.as_str().as_bytes());
    sha256(&bytes)
}

/// Withdraws the notices of this layout's events that the list does not have, and forgets the events: one that comes back is a new one.
fn withdraw_missing(db: &Connection, import: &Import, now: i64) -> Result<usize, Error> {
    let there: HashSet<&str> = import
        .events
        .iter()
        .map(|event| event.id.as_str())
        .chain(import.rejected.iter().filter_map(|row| row.id.as_deref()))
        .collect();
    let mut query = db.prepare("SELECT event, notice FROM imported WHERE layout = ?1 ORDER BY event")?;
    let known = query
        .query_map([&import.layout], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut withdrawn = 0;
    for (event, notice) in known.into_iter().filter(|(event, _)| !there.contains(event.as_str())) {
        let before = notices::read(db, NoticeId::from_low_bits(notice))?;
        if !before.withdrawn {
            notices::append_revision(db, &before, &before.content, true, now)?;
            withdrawn += 1;
        }
        db.prepare_cached("DELETE FROM imported WHERE layout = ?1 AND event = ?2")?
            .execute((&import.layout, event))?;
    }
    Ok(withdrawn)
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
