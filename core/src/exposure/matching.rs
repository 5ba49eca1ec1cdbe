//! Finding which visits a segment is about: one pass over its tags for all visits together, no work per pair.

use std::collections::HashSet;

use techo_protocol::basics::elias_fano::Target;
use techo_protocol::exposure::notice::{Body, LocalisedText, NoticeId};
use techo_protocol::exposure::segment::Segment;
use techo_protocol::exposure::slot::{day_of_slot, slots_of, whole_minutes};
use techo_protocol::exposure::tag::{DayKey, SlotKey, SlotMac};

use crate::documents::week::VisitKeys;

/// A visit's time and keys.
#[derive(Debug, Clone, Copy)]
pub struct Stay<'a> {
    /// Check-in, in Unix seconds.
    pub from: i64,
    /// Check-out, in Unix seconds.
    pub to: i64,
    /// The keys that the visit's code gave.
    pub keys: &'a VisitKeys,
}

/// An hour of a notice that one of the visits' keys opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The index of the stay, among those that the matcher was made of.
    pub stay: usize,
    /// The hour, as a slot: hours of Unix time.
    pub slot: u32,
    /// What the notice says of this hour.
    pub body: Body,
    /// The text of the authority, where it wrote one.
    pub text: Option<LocalisedText>,
}

struct StaySlot {
    stay: usize,
    slot: u32,
    mac: SlotMac,
}

/// Stays made ready for many segments.
pub struct Matcher<'a> {
    stays: &'a [Stay<'a>],
    slots: Vec<StaySlot>,
    scratch: Scratch,
}

/// Kept between segments, so that a search of many allocates once.
#[derive(Default)]
struct Scratch {
    targets: Vec<Target>,
    found: Vec<(u32, usize)>,
}

impl<'a> Matcher<'a> {
    /// Computes the slots of all stays that have keys.
    ///
    /// ```
    /// use techo_core::diary::VisitKeys;
    /// use techo_core::exposure::matching::{Matcher, Stay};
    ///
    /// let keys = VisitKeys::Days(vec![(18_809, [7; 16].into())]);
    /// // 2021-07-01T09:50+09:00 to 10:10: of two hours, a few minutes each.
    /// let stay = Stay { from: 1_625_100_600, to: 1_625_101_800, keys: &keys };
    /// assert_eq!(Matcher::new(&[stay]).slots(), 2);
    /// let by_hand = Stay { keys: &VisitKeys::None, ..stay };
    /// assert_eq!(Matcher::new(&[by_hand]).slots(), 0, "a visit that was typed is never matched");
    /// ```
    pub fn new(stays: &'a [Stay<'a>]) -> Self {
        let mut slots = Vec::new();
        for (index, stay) in stays.iter().enumerate() {
            let minutes = whole_minutes(stay.from, stay.to);
            slots.extend(slots_of(minutes.start, minutes.end).filter_map(|slot| stay_slot(stays, index, slot)));
        }
        Self {
            stays,
            slots,
            scratch: Scratch::default(),
        }
    }

    /// How many venue-hours are looked for.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Adds to `findings` what the segment says of any stay, and the hours of the same notices beside it that the stay's keys open.
    pub fn search(&mut self, segment: &Segment<'_>, findings: &mut Vec<Finding>) {
        let before = findings.len();
        self.scratch.look_up(segment, &self.slots, findings);
        if findings.len() > before {
            self.widen(segment, before, findings);
        }
    }

    /// The hours before and after the stay, as far as its keys open them: they show the whole window, not only the person's part of it.
    fn widen(&mut self, segment: &Segment<'_>, before: usize, findings: &mut Vec<Finding>) {
        let known: HashSet<(usize, NoticeId)> = findings[before..].iter().map(|f| (f.stay, f.body.notice)).collect();
        let mut looked: HashSet<(usize, u32)> = self.slots.iter().map(|slot| (slot.stay, slot.slot)).collect();
        let mut edge = before;
        while edge < findings.len() {
            let beside: Vec<StaySlot> = findings[edge..]
                .iter()
                .flat_map(|f| {
                    [f.slot.checked_sub(1), f.slot.checked_add(1)]
                        .into_iter()
                        .flatten()
                        .map(|slot| (f.stay, slot))
                })
                .filter(|place| looked.insert(*place))
                .filter_map(|(stay, slot)| stay_slot(self.stays, stay, slot))
                .collect();
            edge = findings.len();
            let mut opened = Vec::new();
            self.scratch.look_up(segment, &beside, &mut opened);
            // Another notice of a neighbouring hour is none of the person's.
            findings.extend(opened.into_iter().filter(|f| known.contains(&(f.stay, f.body.notice))));
        }
    }
}

impl Scratch {
    /// Adds to `findings` all that the segment says of `slots`. Number i + 1 of a slot is looked for only where number i was found.
    fn look_up(&mut self, segment: &Segment<'_>, slots: &[StaySlot], findings: &mut Vec<Finding>) {
        let salt = segment.header().salt;
        self.targets.clear();
        self.targets.extend((0..).zip(slots).map(|(id, slot)| Target {
            tag: slot.mac.tag(&salt, 0),
            id,
        }));
        for i in 0..segment.entries() {
            self.targets.sort_unstable();
            self.found.clear();
            segment.search(&self.targets, |id, entry| self.found.push((id, entry)));
            self.targets.clear();
            for &(id, entry) in &self.found {
                // Every target has a slot's number.
                let slot = &slots[id as usize];
                if let Some(opened) = segment.open(&slot.mac, i, entry) {
                    findings.push(Finding {
                        stay: slot.stay,
                        slot: slot.slot,
                        body: opened.body,
                        text: opened.text,
                    });
                    self.targets.push(Target {
                        tag: slot.mac.tag(&salt, i + 1),
                        id,
                    });
                }
            }
            if self.targets.is_empty() {
                break;
            }
        }
    }
}

fn stay_slot(stays: &[Stay<'_>], stay: usize, slot: u32) -> Option<StaySlot> {
    slot_key(stays[stay].keys, slot).map(|key| StaySlot {
        stay,
        slot,
        mac: SlotMac::new(&key),
    })
}

/// The key that a visit has for one hour.
///
/// ```
/// use techo_core::diary::VisitKeys;
/// use techo_core::exposure::matching::slot_key;
///
/// let (day, noon) = (18_809, 18_809 * 24 + 12);
/// let poster = VisitKeys::Days(vec![(day, [7; 16].into())]);
/// assert!(slot_key(&poster, noon).is_some() && slot_key(&poster, noon + 24).is_none(), "a day's key opens its hours");
/// let tablet = VisitKeys::Slots(vec![(noon, [7; 16].into())]);
/// assert!(slot_key(&tablet, noon + 1).is_none(), "a tablet's code opens single hours");
/// ```
pub fn slot_key(keys: &VisitKeys, slot: u32) -> Option<SlotKey> {
    match keys {
        VisitKeys::None => None,
        VisitKeys::Days(days) => {
            let day = day_of_slot(slot);
            days.iter()
                .find(|(of, _)| *of == day)
                .map(|(_, key)| DayKey(key.clone()).slot_key(slot))
        }
        VisitKeys::Slots(slots) => slots.iter().find(|(of, _)| *of == slot).map(|(_, key)| SlotKey(key.clone())),
    }
}

#[cfg(test)]
mod tests;
