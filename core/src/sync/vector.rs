//! Who has seen what: how far each device was seen at the relay, and what need not be there any more. By this a relay that hides something,
//! or has gone back to an older state, is noticed (docs/sync.md#vectors; ADR 0009).
//!
//! A device that says that it has seen number 9 of another *at the relay* proves, to whoever has since taken in all that the relay shows and
//! not met number 9 or later there, that the relay hides it. Unless it was removed there for a good reason: whoever removes chunks says of each
//! device up to which number they are *gone*, in the same swap.

use serde::{Deserialize, Serialize};
use techo_protocol::household::body::VectorEntry;

/// What is known of one device's chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    device: u8,
    /// The highest number that this device has itself seen at the relay, or that somebody has said there to be gone.
    at_relay: u64,
    /// The highest number that need not be at the relay any more.
    gone: u64,
    /// The highest number that any device claims to have seen at the relay.
    claimed: u64,
    /// What this device has said last: seen, at the relay, gone.
    said: (u64, u64, u64),
}

/// The version vector: what is known of the chunks of each device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Vector(Vec<Seen>);

impl Vector {
    fn of(&mut self, device: u8) -> &mut Seen {
        let at = self.0.iter().position(|seen| seen.device == device).unwrap_or_else(|| {
            self.0.push(Seen {
                device,
                at_relay: 0,
                gone: 0,
                claimed: 0,
                said: (0, 0, 0),
            });
            self.0.len() - 1
        });
        // It is there, or was just put there.
        &mut self.0[at]
    }

    /// A chunk of a device was met at the relay.
    pub(super) fn met_at_relay(&mut self, device: u8, number: u64) {
        let seen = self.of(device);
        seen.at_relay = seen.at_relay.max(number);
    }

    /// A chunk of a device need not be at the relay any more.
    pub(super) fn gone(&mut self, device: u8, number: u64) {
        let seen = self.of(device);
        seen.gone = seen.gone.max(number);
        // What is gone cannot be missed.
        seen.at_relay = seen.at_relay.max(number);
    }

    /// What another device says.
    pub(super) fn take(&mut self, entries: &[VectorEntry]) {
        for entry in entries {
            let seen = self.of(entry.device);
            seen.claimed = seen.claimed.max(entry.at_relay);
            self.gone(entry.device, entry.gone);
        }
    }

    /// Whether something is hidden: somebody has seen at the relay what this device, after taking in all that there is, has not. Of a device
    /// that is not listed nothing is missed: what it wrote beyond its last is refused, and all that counts was written anew when it was removed.
    pub(super) fn misses_something(&self, is_listed: impl Fn(u8) -> bool) -> bool {
        self.0
            .iter()
            .any(|seen| seen.claimed > seen.at_relay && is_listed(seen.device))
    }

    /// Whether there is something that was not said yet.
    pub(super) fn has_news(&self, highest: &[(u8, u64)]) -> bool {
        !self.clone().changed(highest, 1).is_empty()
    }

    /// The entries that have changed since they were said last, at most `most`; `highest` gives how far each device was seen.
    pub(super) fn changed(&mut self, highest: &[(u8, u64)], most: usize) -> Vec<VectorEntry> {
        self.say(highest, most, true)
    }

    /// All entries, for a heartbeat; `highest` gives how far each device was seen.
    pub(super) fn whole(&mut self, highest: &[(u8, u64)]) -> Vec<VectorEntry> {
        self.say(highest, usize::MAX, false)
    }

    fn say(&mut self, highest: &[(u8, u64)], most: usize, only_changed: bool) -> Vec<VectorEntry> {
        for (device, _) in highest {
            self.of(*device);
        }
        let mut said = Vec::new();
        for seen in &mut self.0 {
            let highest = highest.iter().find(|(device, _)| *device == seen.device);
            let now = (highest.map_or(0, |(_, number)| *number), seen.at_relay, seen.gone);
            if said.len() < most && (!only_changed || now != seen.said) && now != (0, 0, 0) {
                seen.said = now;
                said.push(VectorEntry {
                    device: seen.device,
                    seen: now.0,
                    at_relay: now.1,
                    gone: now.2,
                });
            }
        }
        said
    }

    /// Forgets a device that was removed.
    pub(super) fn forget(&mut self, device: u8) {
        self.0.retain(|seen| seen.device != device);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(device: u8, at_relay: u64, gone: u64) -> VectorEntry {
        VectorEntry {
            device,
            seen: 0,
            at_relay,
            gone,
        }
    }

    #[test]
    fn what_another_has_seen_there_is_missed_until_it_is_met_or_gone() {
        let mut vector = Vector::default();
        vector.take(&[entry(1, 9, 0)]);
        assert!(vector.misses_something(|_| true));
        vector.met_at_relay(1, 8);
        assert!(vector.misses_something(|_| true));
        let mut met = vector.clone();
        met.met_at_relay(1, 9);
        assert!(!met.misses_something(|_| true));
        assert!(!vector.misses_something(|device| device != 1), "it was removed");
        vector.take(&[entry(1, 0, 9)]);
        assert!(!vector.misses_something(|_| true));
    }

    #[test]
    fn changes_are_said_once_and_a_heartbeat_says_all() {
        let mut vector = Vector::default();
        for device in 0..5 {
            vector.met_at_relay(device, 3);
        }
        assert_eq!(vector.changed(&[], 3).len(), 3);
        assert_eq!(vector.changed(&[], 3).len(), 2);
        assert_eq!(vector.changed(&[], 3), []);
        assert_eq!(
            vector.changed(&[(4, 1)], 3),
            [VectorEntry {
                seen: 1,
                ..entry(4, 3, 0)
            }]
        );
        assert_eq!(vector.whole(&[(4, 1)]).len(), 5);
    }
}
