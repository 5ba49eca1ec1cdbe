//! What goes wrong, and how often it did.
//!
//! A network may lose, repeat, hold up and reorder, give a page in halves, and let old requests come again: with such an honest relay no device
//! may ever raise an alarm. A relay that answers from an older state, though from none older than the device has itself seen, is not told from
//! an honest one, unless somebody else has told more on a stick: alarms of such a conversation are not judged. All else that a relay does here is a
//! lie, after which alarms are allowed; after it was set back behind what a device has seen, one is demanded of that device's next complete sync,
//! as long as nobody else has put anything there in between.

use std::collections::BTreeMap;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A request is lost on the way to the relay.
    LostThere,
    /// An answer is lost on the way back: what was asked is done.
    LostBack,
    /// A request arrives twice.
    Twice,
    /// A request arrives after the conversation is over.
    Late,
    /// A request that somebody kept is sent again.
    Replayed,
    /// A page's chunks come in another order.
    Reordered,
    /// A page has half of what there is.
    Paged,
    /// The relay answers from an older state, though none older than the device has seen.
    Delayed,
    /// The relay is set back to an older state.
    RolledBack,
    /// The relay loses everything.
    Wiped,
    /// The relay shows two views.
    Forked,
    /// The relay keeps what was removed.
    Hoarded,
    /// The relay answers nonsense.
    Garbage,
    /// The relay hides what one device sent.
    Withheld,
    /// Devices cannot reach the relay, and exchange directly.
    Partitioned,
    /// Another process of the device dies in the middle of a write.
    Died,
    /// A clock is wrong.
    Drifted,
    /// A clock stands days to years ahead or behind, for less than a day.
    Jumped,
    /// A stick is taken up again.
    OldStick,
    /// A folder is copied, and both go on.
    Copied,
    /// A folder is set back to an old copy.
    SetBack,
    /// A backup is restored.
    Restored,
    /// A device is away for more than 180 days.
    Away,
    /// A pairing is cut short.
    PairingCut,
}

/// All kinds, with the name of each.
pub const ALL: [(Fault, &str); 24] = [
    (Fault::LostThere, "lost_there"),
    (Fault::LostBack, "lost_back"),
    (Fault::Twice, "duplicated"),
    (Fault::Late, "late"),
    (Fault::Replayed, "replayed"),
    (Fault::Reordered, "reordered"),
    (Fault::Paged, "paged"),
    (Fault::Delayed, "delayed"),
    (Fault::RolledBack, "rolled_back"),
    (Fault::Wiped, "wiped"),
    (Fault::Forked, "forked"),
    (Fault::Hoarded, "hoarded"),
    (Fault::Garbage, "garbage"),
    (Fault::Withheld, "withheld"),
    (Fault::Partitioned, "partitioned"),
    (Fault::Died, "died"),
    (Fault::Drifted, "clock_drifted"),
    (Fault::Jumped, "clock_jumped"),
    (Fault::OldStick, "old_stick"),
    (Fault::Copied, "copied_folder"),
    (Fault::SetBack, "restored_folder"),
    (Fault::Restored, "restored_backup"),
    (Fault::Away, "away_180_days"),
    (Fault::PairingCut, "pairing_cut_short"),
];

/// How often each kind took place.
#[derive(Debug, Clone, Default)]
pub struct Counts(BTreeMap<Fault, u64>);

impl Counts {
    pub fn add(&mut self, fault: Fault) {
        self.add_many(fault, 1);
    }

    pub fn add_many(&mut self, fault: Fault, times: u64) {
        *self.0.entry(fault).or_default() += times;
    }

    pub fn and(&mut self, other: &Self) {
        for (fault, times) in &other.0 {
            self.add_many(*fault, *times);
        }
    }

    pub fn of(&self, fault: Fault) -> u64 {
        self.0.get(&fault).copied().unwrap_or_default()
    }
}
