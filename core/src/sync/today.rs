//! The day that a session goes by: what is said and made goes by the clock, what is destroyed by the confirmed time.

use super::household::day_of;
use super::state::State;

/// The Unix day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Today {
    /// By this device's clock: for what can be taken back.
    pub(super) day: u32,
    /// By the confirmed time, which is no later ([`crate::confirmed_time`]): for what cannot. A device that was silent for 180 days is removed by it,
    /// keys of old weeks are dropped, a removed device's index is given away.
    pub(super) confirmed: u32,
}

impl State {
    /// The day of a time by this device's clock, in Unix seconds.
    pub(super) fn today(&self, now: i64) -> Today {
        Today {
            day: day_of(now),
            confirmed: day_of(self.time.up_to(now)),
        }
    }
}
