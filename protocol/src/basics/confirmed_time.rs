//! What one clock has said, and up to which time that may be acted on where nothing can be taken back (ADR 0024).
//!
//! A clock may stand anywhere: a battery ran flat, a machine started before it had asked for the time, somebody typed another year. So what has
//! expired is *hidden* by the clock, at once, and *destroyed* only up to a time that the clock was seen to stand at a day ago or more, and at most
//! [`LONGEST_GAP`] ago, without having gone back since. Whoever hears other clocks as well, as a device hears a relay's, adds that to it.
//!
//! Data and rules only: each program keeps it in its own store, so that a restart is no second clock.

use serde::{Deserialize, Serialize};

use super::clock::DAY_SECONDS;

/// Longest time in seconds between two readings by which a clock was seen to run, and not to jump: a week, for who looks once a week, and a day.
pub const LONGEST_GAP: i64 = 8 * DAY_SECONDS;

/// Version of a [`ServerTime`] at rest.
const VERSION: u8 = 1;
/// More readings than there are days in [`LONGEST_GAP`] are none of ours.
const MOST_READINGS: usize = 16;

/// Readings of one clock in Unix seconds: the first of each UTC day, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClockReadings(Vec<i64>);

impl ClockReadings {
    /// Notes what the clock says, once a day. What it said before and lies in the future now was wrong.
    pub fn note(&mut self, now: i64) {
        let oldest = now.saturating_sub(LONGEST_GAP);
        self.0.retain(|reading| (oldest..=now).contains(reading));
        let day = |time: i64| time.div_euclid(DAY_SECONDS);
        if self.0.last().is_none_or(|last| day(*last) != day(now)) {
            self.0.push(now);
        }
    }

    /// The latest time, in Unix seconds, at which the clock stood a day before `now` or earlier; `None` where nothing shows that it did not jump.
    ///
    /// ```
    /// use techo_protocol::basics::clock::DAY_SECONDS;
    /// use techo_protocol::basics::confirmed_time::ClockReadings;
    ///
    /// let (today, ahead) = (1_795_360_400, 1_795_360_400 + 60 * DAY_SECONDS);
    /// let mut clock = ClockReadings::default();
    /// clock.note(ahead);
    /// assert_eq!(clock.stood(ahead), None, "one reading");
    /// clock.note(today);
    /// assert_eq!(clock.stood(ahead + DAY_SECONDS), None, "it went back");
    /// clock.note(today + DAY_SECONDS);
    /// assert_eq!(clock.stood(today + DAY_SECONDS), Some(today));
    /// ```
    pub fn stood(&self, now: i64) -> Option<i64> {
        let latest = self
            .0
            .iter()
            .rev()
            .find(|reading| **reading <= now.saturating_sub(DAY_SECONDS));
        latest.copied().filter(|reading| *reading >= now.saturating_sub(LONGEST_GAP))
    }

    /// Forgets all readings, because a better clock contradicts this one.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// The time of a server, which has no clock but its own: what it read, and what that confirmed last.
///
/// | bytes | what |
/// |---|---|
/// | 1 | version, 1 |
/// | 8 | the time that was confirmed last, in Unix seconds, big-endian; 0 where none was |
/// | 8 each | readings, in Unix seconds, big-endian, in their order |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerTime {
    readings: ClockReadings,
    confirmed: i64,
}

impl ServerTime {
    /// Notes what the clock says. What it confirms takes the place of what was confirmed before, also where that was later: then a clock stood
    /// wrong for longer than a day, and was set right a day ago.
    pub fn read(&mut self, now: i64) {
        self.readings.note(now);
        if let Some(stood) = self.readings.stood(now) {
            self.confirmed = stood;
        }
    }

    /// The time up to which may be destroyed what has expired, in Unix seconds. It is never later than the clock, which says `now`; the beginning of
    /// 1970 where nothing confirms the clock.
    pub fn up_to(&self, now: i64) -> i64 {
        self.readings.stood(now).unwrap_or(0)
    }

    /// The time to note with something that is to be kept for so long from `now` on, in Unix seconds: a clock that has gone back makes nothing old.
    pub fn at_least(&self, now: i64) -> i64 {
        now.max(self.confirmed)
    }

    /// Its bytes at rest.
    pub fn to_bytes(&self) -> Vec<u8> {
        let times = std::iter::once(&self.confirmed).chain(&self.readings.0);
        let times = times.flat_map(|time| time.to_be_bytes());
        std::iter::once(VERSION).chain(times).collect()
    }

    /// Reads its bytes at rest. Damaged or of a later version, the clock is confirmed anew, and until then nothing is destroyed.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let Some((VERSION, rest)) = bytes.split_first().map(|(version, rest)| (*version, rest)) else {
            return Self::default();
        };
        let (times, []) = rest.as_chunks::<8>() else {
            return Self::default();
        };
        let mut times = times.iter().map(|time| i64::from_be_bytes(*time));
        let confirmed = times.next().unwrap_or(0);
        let readings: Vec<i64> = times.collect();
        if readings.len() > MOST_READINGS || !readings.is_sorted() {
            return Self::default();
        }
        Self {
            readings: ClockReadings(readings),
            confirmed,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_795_360_400;

    fn read_at(days: &[i64]) -> ServerTime {
        let mut time = ServerTime::default();
        for day in days {
            time.read(NOW + day * DAY_SECONDS);
        }
        time
    }

    /// Up to which day after `NOW` may be destroyed on the day `now` after it.
    fn up_to(time: &ServerTime, now: i64) -> Option<i64> {
        let up_to = time.up_to(NOW + now * DAY_SECONDS);
        (up_to > 0).then(|| (up_to - NOW) / DAY_SECONDS)
    }

    #[test]
    fn one_reading_confirms_nothing_and_a_day_on_the_clock_does() {
        assert_eq!(up_to(&read_at(&[]), 0), None);
        assert_eq!(up_to(&read_at(&[0]), 0), None);
        assert_eq!(read_at(&[0]).up_to(NOW + DAY_SECONDS - 1), 0);
        assert_eq!(up_to(&read_at(&[0]), 1), Some(0));
        assert_eq!(up_to(&read_at(&[0, 8]), 8), Some(0), "once a week is enough");
        assert_eq!(up_to(&read_at(&[0, 9]), 9), None);
    }

    #[test]
    fn a_clock_that_jumps_confirms_nothing() {
        assert_eq!(up_to(&read_at(&[0, 1, 60]), 60), None);
        assert_eq!(up_to(&read_at(&[0, 200, 217, 235]), 235), None, "again and again");
        assert_eq!(up_to(&read_at(&[0, 1, 6]), 6), Some(1), "a few days ahead");
    }

    #[test]
    fn what_a_clock_said_before_it_went_back_does_not_count() {
        let time = read_at(&[0, 1, 60, 2]);
        assert_eq!(up_to(&time, 2), None, "nor what it said before the jump");
        assert_eq!(up_to(&time, 61), None);
        assert_eq!(up_to(&time, 3), Some(2));
    }

    #[test]
    fn a_clock_that_has_gone_back_makes_nothing_old() {
        let time = read_at(&[0, 1, -20_000]);
        assert_eq!(time.at_least(NOW - 20_000 * DAY_SECONDS), NOW);
        assert_eq!(time.at_least(NOW + 9 * DAY_SECONDS), NOW + 9 * DAY_SECONDS);
        let set_right = read_at(&[60, 61, 0, 1]);
        assert_eq!(
            set_right.at_least(NOW + DAY_SECONDS),
            NOW + DAY_SECONDS,
            "what was confirmed wrongly does not stay"
        );
    }

    #[test]
    fn few_readings_are_kept() {
        let mut time = ServerTime::default();
        for hour in 0..2_000 {
            time.read(NOW + hour * 3_600);
        }
        assert!(time.to_bytes().len() <= 1 + 8 + 9 * 8);
    }

    #[test]
    fn one_of_a_later_version_confirms_nothing() {
        let mut bytes = read_at(&[0, 1]).to_bytes();
        assert_eq!(bytes[..9], [&[1][..], &NOW.to_be_bytes()].concat());
        assert_eq!(up_to(&ServerTime::from_bytes(&bytes), 1), Some(0));
        bytes[0] = 2;
        assert_eq!(ServerTime::from_bytes(&bytes), ServerTime::default());
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(times in prop::collection::vec(any::<i64>(), 0..20)) {
            let mut time = ServerTime::default();
            for now in times {
                time.read(now);
                prop_assert!(time.up_to(now) <= now.max(0));
            }
            prop_assert_eq!(ServerTime::from_bytes(&time.to_bytes()), time);
        }

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let time = ServerTime::from_bytes(&bytes);
            prop_assert_eq!(ServerTime::from_bytes(&time.to_bytes()), time);
        }
    }
}
