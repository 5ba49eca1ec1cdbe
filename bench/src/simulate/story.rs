//! What people did, against which is held what devices show. Every visit's name and every note is a text of its own, a canary.

use std::collections::BTreeSet;

use techo_core::diary::EntryId;
pub use techo_protocol::basics::clock::DAY_SECONDS as DAY;

use super::chance::Chance;

/// Clocks are wrong by two days at most: what expires that soon is shown by one device and by another not.
const EXPIRY_MARGIN_DAYS: i64 = 5;

pub type VisitNumber = usize;

pub struct VisitStory {
    pub canary: String,
    pub id: Option<EntryId>,
    pub recorded: i64,
    /// Somebody has at least tried to delete it.
    pub is_deleted: bool,
}

/// One writing of a note.
pub struct Writing {
    pub visit: VisitNumber,
    /// The text that is new in it; none where the note was cleared.
    pub canary: Option<String>,
    /// The whole of it.
    pub text: String,
    /// What was shown before: that is replaced.
    pub replaced: String,
    /// It was written, and not only tried.
    pub is_certain: bool,
}

pub struct Story {
    pub visits: Vec<VisitStory>,
    pub writings: Vec<Writing>,
    /// The smallest number of days that ever was chosen.
    pub keep_days: i64,
}

impl Story {
    pub fn new() -> Self {
        Self {
            visits: Vec::new(),
            writings: Vec::new(),
            keep_days: 28,
        }
    }

    pub fn new_visit(&mut self, recorded: i64, chance: &Chance) -> VisitNumber {
        let number = self.visits.len();
        self.visits.push(VisitStory {
            canary: format!("Tei {number:05} {:016x}", chance.number()),
            id: None,
            recorded,
            is_deleted: false,
        });
        number
    }

    pub fn number_of(name: &str) -> Option<VisitNumber> {
        name.strip_prefix("Tei ")?.get(..5)?.parse().ok()
    }

    /// Whether it is shown for some time to come on every device, whatever its clock says.
    pub fn is_current(&self, visit: VisitNumber, now: i64) -> bool {
        let recorded = self.visits.get(visit).map_or(0, |visit| visit.recorded);
        recorded > now - (self.keep_days - EXPIRY_MARGIN_DAYS) * DAY
    }

    /// The numbers of the writings of a visit's note that are replaced by one of `made`.
    pub fn replaced(&self, visit: VisitNumber, made: &BTreeSet<usize>) -> BTreeSet<usize> {
        let of_visit = |(_, writing): &(usize, &Writing)| writing.visit == visit;
        let certain = self.writings.iter().enumerate().filter(of_visit);
        let certain = certain.filter(|(number, writing)| writing.is_certain && made.contains(number));
        let shown: Vec<&str> = certain.flat_map(|(_, writing)| writing.replaced.lines()).collect();
        let all = self.writings.iter().enumerate().filter(of_visit);
        all.filter(|(_, writing)| shown.contains(&writing.text.as_str()))
            .map(|(number, _)| number)
            .collect()
    }
}
