//! Whether the code of a venue was held: the keys that a diary brings are compared with those that our own codes give.
//!
//! A key counts for its own hour only. A tablet's code gives the keys of a few hours, so a photo of it proves nothing of another day.

use std::collections::HashMap;

use rusqlite::Connection;
use techo_protocol::exposure::diary_upload::{SentDiary, SentVisit};
use techo_protocol::exposure::slot::{day_of_slot, slots_of, whole_minutes};
use techo_protocol::exposure::tag::{DayKey, SlotKey, VenueSeed};

use super::ClaimedVisit;
use crate::Error;
use crate::venues::{VenueNumber, read_poster};

/// Most keys that are looked at: a visit touches at most 25 hours.
const MOST_KEYS: usize = 26;

/// One of our codes.
struct OwnCode {
    venue: VenueNumber,
    name: String,
    seed: VenueSeed,
    day_keys: HashMap<u32, DayKey>,
}

impl OwnCode {
    fn slot_key(&mut self, slot: u32) -> SlotKey {
        let day = day_of_slot(slot);
        self.day_keys
            .entry(day)
            .or_insert_with(|| self.seed.day_key(day))
            .slot_key(slot)
    }
}

/// The visits of a diary, each with what its keys show.
pub(super) fn visits(db: &Connection, diary: SentDiary) -> Result<Vec<ClaimedVisit>, Error> {
    let mut codes = own_codes(db)?;
    Ok(diary.visits.into_iter().map(|visit| claimed(visit, &mut codes)).collect())
}

fn claimed(visit: SentVisit, codes: &mut [OwnCode]) -> ClaimedVisit {
    let minutes = whole_minutes(visit.from, visit.to);
    let hours = slots_of(minutes.start, minutes.end);
    let mut keys: Vec<&(u32, SlotKey)> = visit
        .keys
        .iter()
        .filter(|(slot, _)| hours.contains(slot))
        .take(MOST_KEYS)
        .collect();
    keys.sort_by_key(|(slot, _)| *slot);
    keys.dedup_by_key(|(slot, _)| *slot);
    // The venue of that name is looked at first: nearly always it is the one.
    codes.sort_by_key(|code| code.name != visit.name);
    let first = keys.first().and_then(|(slot, key)| {
        let at = codes.iter_mut().position(|code| code.slot_key(*slot) == *key)?;
        codes.get_mut(at)
    });
    let (held, proved) = match first {
        Some(code) => {
            let proved = keys.iter().filter(|(slot, key)| code.slot_key(*slot) == *key).count();
            // A wrong key among right ones was put there by somebody.
            (((proved == keys.len()).then_some(code.venue)), proved)
        }
        None => (None, 0),
    };
    ClaimedVisit {
        hours: (hours.len(), if held.is_some() { proved } else { 0 }),
        name: visit.name,
        address: visit.address,
        from: visit.from,
        to: visit.to,
        held,
    }
}

fn own_codes(db: &Connection) -> Result<Vec<OwnCode>, Error> {
    let mut query = db.prepare("SELECT venue, text FROM code")?;
    let mut rows = query.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let poster = read_poster(&row.get::<_, String>(1)?)?;
        out.push(OwnCode {
            venue: VenueNumber::stored(row.get(0)?)?,
            seed: poster.seed(),
            name: poster.name.clone(),
            day_keys: HashMap::new(),
        });
    }
    Ok(out)
}
