//! The day that a session goes by: what is said and made goes by the clock, what is destroyed by the confirmed time.

/// The Unix day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Today {
    /// By this device's clock: for what can be taken back.
    pub(super) day: u32,
    /// By the confirmed time, which is no later ([`crate::confirmed_time`]): for what cannot. A device that was silent for 180 days is removed by it,
    /// keys of old weeks are dropped, a removed device's index is given away, an epoch ends.
    pub(super) confirmed: u32,
    /// By the relay's clock, where it has said so in this session.
    pub(super) relay: Option<u32>,
}

impl Today {
    /// Of a device that is only coming to be, whose clock nothing confirms yet.
    pub(super) fn unconfirmed(day: u32) -> Self {
        Self {
            day,
            confirmed: 0,
            relay: None,
        }
    }

    /// Whether this device and the relay have one day, but for the hours around midnight.
    pub(super) fn is_agreed(self) -> bool {
        self.relay.is_some_and(|relay| relay.abs_diff(self.day) <= 1)
    }

    /// The day that a record is dated with, from which others count; `before` is that of the record which it follows. Of this clock, the relay's and
    /// the record before it is the middle one: no single one of them can date it years ahead, or years back.
    pub(super) fn dated(self, before: u32) -> u32 {
        let Some(relay) = self.relay else { return self.day };
        let mut days = [self.day, relay, before];
        days.sort_unstable();
        days[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_single_clock_dates_a_record() {
        let dated = |day, relay| {
            Today {
                relay,
                ..Today::unconfirmed(day)
            }
            .dated(1_000)
        };
        assert_eq!(dated(1_030, None), 1_030);
        assert_eq!(dated(1_030, Some(1_030)), 1_030);
        assert_eq!(dated(1_230, Some(1_030)), 1_030, "this clock is ahead");
        assert_eq!(dated(1_030, Some(9_000)), 1_030, "the relay's is");
        assert_eq!(dated(200, Some(1_030)), 1_000, "this clock is behind");
    }
}
