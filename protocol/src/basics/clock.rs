//! Where the time comes from, passed in wherever a time is needed. Days are counted by it; speed and time-outs are not.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Length of an hour, in seconds.
pub const HOUR_SECONDS: i64 = 3_600;
/// Length of a day, in seconds. Unix time has no leap seconds (POSIX, section 4.16), so every UTC day is as long.
pub const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The time, in Unix seconds (UTC).
    fn now(&self) -> i64;
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> i64 {
        (**self).now()
    }
}

/// The operating system's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        // A clock that stands before 1970 or beyond i64 is wrong by so much that 0 says it as well.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_secs()).ok())
            .unwrap_or(0)
    }
}

/// A clock that stands still, at Unix seconds: a one-shot command's `--now`, and tests.
///
/// ```
/// use techo_protocol::basics::clock::{Clock, DAY_SECONDS, FixedClock};
/// fn is_old(signed_at: i64, clock: &dyn Clock) -> bool {
///     clock.now() - signed_at > DAY_SECONDS
/// }
/// assert!(!is_old(0, &FixedClock(DAY_SECONDS)));
/// assert!(is_old(0, &FixedClock(DAY_SECONDS + 1)));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub i64);

impl Clock for FixedClock {
    fn now(&self) -> i64 {
        self.0
    }
}

/// A clock that was set by hand and runs on from there: a server's `--now`.
#[derive(Debug, Clone, Copy)]
pub struct RunningClock {
    start: i64,
    since: Instant,
}

impl RunningClock {
    /// A clock that stands at `start` (Unix seconds) now.
    pub fn starting_at(start: i64) -> Self {
        Self {
            start,
            since: Instant::now(),
        }
    }
}

impl Clock for RunningClock {
    fn now(&self) -> i64 {
        let passed = i64::try_from(self.since.elapsed().as_secs()).unwrap_or(i64::MAX);
        self.start.saturating_add(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_by_hand_starts_there() {
        let now = RunningClock::starting_at(1_000).now();
        assert!((1_000..1_060).contains(&now), "{now}");
        assert_eq!(RunningClock::starting_at(i64::MAX).now(), i64::MAX);
    }

    #[test]
    fn the_system_clock_is_after_this_was_written() {
        assert!(SystemClock.now() > 1_760_000_000);
        assert_eq!(FixedClock(7).now(), 7);
    }
}
