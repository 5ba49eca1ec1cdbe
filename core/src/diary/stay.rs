//! When a stay ended: as a person said, or else computed, each time the diary is read, from the check-ins alone.

use super::visit::EndedBy;
use crate::documents::week::VisitEntry;
use techo_protocol::basics::clock::DAY_SECONDS;

/// The longest stay in seconds.
pub(super) const LONGEST_STAY: i64 = DAY_SECONDS;

/// How long a visit was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) check_in: i64,
    pub(super) out: i64,
    pub(super) ended_by: EndedBy,
    /// A check-out lies before the check-in, as merging two edits can leave it.
    pub(super) needs_repair: bool,
}

/// The check-in that counts.
pub(super) fn check_in(entry: &VisitEntry) -> i64 {
    entry.check_in.unwrap_or(entry.core.check_in)
}

/// The stays of all entries, in the same order. `entries` are in the order of their check-ins.
///
/// The next check-in ends a visit that nobody has ended: nobody is at two places. Entries from an imported file may be
/// somebody else's, so they end only each other.
pub(super) fn stays(entries: &[VisitEntry]) -> Vec<Stay> {
    let mut stays = Vec::with_capacity(entries.len());
    // The next later check-in and the check-in of the entry looked at last, of one's own and of imported entries.
    let mut next: [(Option<i64>, Option<i64>); 2] = [(None, None); 2];
    for entry in entries.iter().rev() {
        let check_in = check_in(entry);
        let (later, last) = &mut next[usize::from(entry.core.imported)];
        if last.is_some_and(|last| last > check_in) {
            *later = *last;
        }
        *last = Some(check_in);
        stays.push(stay(entry, check_in, *later));
    }
    stays.reverse();
    stays
}

fn stay(entry: &VisitEntry, check_in: i64, next: Option<i64>) -> Stay {
    let longest = check_in.saturating_add(LONGEST_STAY);
    let needs_repair = entry.check_out.is_some_and(|out| out < check_in);
    if let Some(out) = entry.check_out.filter(|_| !needs_repair) {
        return Stay {
            check_in,
            out: out.min(longest),
            ended_by: EndedBy::Person,
            needs_repair,
        };
    }
    let seen = entry.scanned_again.map_or(check_in, |again| again.clamp(check_in, longest));
    let automatic = seen.saturating_add(i64::from(entry.core.default_stay_min) * 60).min(longest);
    match next.filter(|next| *next < automatic) {
        Some(next) => Stay {
            check_in,
            out: next,
            ended_by: EndedBy::NextCheckIn,
            needs_repair,
        },
        None => Stay {
            check_in,
            out: automatic,
            ended_by: EndedBy::Automatic,
            needs_repair,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::EntryId;
    use crate::documents::week::{Source, VisitCore, VisitKeys};

    fn entry(check_in: i64, stay: u16) -> VisitEntry {
        VisitEntry {
            id: EntryId([0; 16]),
            core: VisitCore {
                check_in,
                default_stay_min: stay,
                source: Source::Manual,
                imported: false,
                name: String::new(),
                address: String::new(),
                keys: VisitKeys::None,
            },
            check_in: None,
            check_out: None,
            note: None,
            name: None,
            address: None,
            scanned_again: None,
            people: vec![],
            slots: vec![],
        }
    }

    fn outs(entries: &[VisitEntry]) -> Vec<(i64, EndedBy)> {
        stays(entries).iter().map(|stay| (stay.out, stay.ended_by)).collect()
    }

    #[test]
    fn the_default_stay_ends_it_or_the_next_check_in() {
        assert_eq!(
            outs(&[entry(0, 60), entry(1_800, 10), entry(9_000, 10)]),
            [
                (1_800, EndedBy::NextCheckIn),
                (2_400, EndedBy::Automatic),
                (9_600, EndedBy::Automatic)
            ]
        );
    }

    #[test]
    fn check_ins_at_the_same_moment_do_not_end_each_other() {
        assert_eq!(
            outs(&[entry(0, 60), entry(0, 60), entry(600, 60)]),
            [
                (600, EndedBy::NextCheckIn),
                (600, EndedBy::NextCheckIn),
                (4_200, EndedBy::Automatic)
            ]
        );
    }

    #[test]
    fn what_a_person_said_stands() {
        let said = VisitEntry {
            check_out: Some(5_000),
            ..entry(0, 10)
        };
        assert_eq!(outs(&[said, entry(600, 10)])[0], (5_000, EndedBy::Person));
    }

    #[test]
    fn no_stay_is_longer_than_a_day() {
        assert_eq!(outs(&[entry(0, u16::MAX)]), [(LONGEST_STAY, EndedBy::Automatic)]);
        let said = VisitEntry {
            check_out: Some(LONGEST_STAY + 1),
            ..entry(0, 10)
        };
        assert_eq!(outs(&[said]), [(LONGEST_STAY, EndedBy::Person)]);
        let again = VisitEntry {
            scanned_again: Some(i64::MAX),
            ..entry(0, 10)
        };
        assert_eq!(outs(&[again]), [(LONGEST_STAY, EndedBy::Automatic)]);
        assert_eq!(stays(&[entry(i64::MAX - 5, 60)])[0].out, i64::MAX);
    }

    #[test]
    fn out_before_in_is_shown_and_not_used() {
        let odd = VisitEntry {
            check_out: Some(-1),
            ..entry(0, 10)
        };
        assert_eq!(
            stays(&[odd])[0],
            Stay {
                check_in: 0,
                out: 600,
                ended_by: EndedBy::Automatic,
                needs_repair: true
            }
        );
    }

    #[test]
    fn scanning_again_prolongs() {
        let again = VisitEntry {
            scanned_again: Some(3_000),
            ..entry(0, 60)
        };
        assert_eq!(outs(&[again]), [(6_600, EndedBy::Automatic)]);
    }

    #[test]
    fn imported_entries_end_only_each_other() {
        let mut imported = [entry(300, 60), entry(600, 60)];
        for entry in &mut imported {
            entry.core.imported = true;
        }
        let [first, second] = imported;
        assert_eq!(
            outs(&[entry(0, 60), first, second]),
            [
                (3_600, EndedBy::Automatic),
                (600, EndedBy::NextCheckIn),
                (4_200, EndedBy::Automatic)
            ]
        );
    }
}
