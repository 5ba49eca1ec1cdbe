//! Slots: the hours of Unix time under which exposures are published.

use std::ops::Range;

use crate::basics::clock::{DAY_SECONDS, HOUR_SECONDS};

/// Seconds in a slot.
pub const SLOT_SECONDS: i64 = HOUR_SECONDS;
/// Slots in a UTC day.
pub const SLOTS_PER_DAY: u32 = 24;
/// The longest stay, in seconds.
pub const LONGEST_STAY_SECONDS: i64 = DAY_SECONDS;

/// The slot of a time in Unix seconds; `None` outside 1970 to the year 491936.
///
/// ```
/// use techo_protocol::exposure::slot::{day_of_slot, slot_of, slot_start};
/// assert_eq!(slot_of(1_764_003_599), Some(490_000));
/// assert_eq!((slot_start(490_000), day_of_slot(490_000)), (1_764_000_000, 20_416));
/// assert_eq!(slot_of(-1), None);
/// ```
pub fn slot_of(unix_seconds: i64) -> Option<u32> {
    u32::try_from(unix_seconds.div_euclid(SLOT_SECONDS)).ok()
}

/// The UTC day, counted from 1970-01-01, of a slot.
pub fn day_of_slot(slot: u32) -> u32 {
    slot / SLOTS_PER_DAY
}

/// The Unix time in seconds at which a slot begins.
pub fn slot_start(slot: u32) -> i64 {
    i64::from(slot) * SLOT_SECONDS
}

/// `[from, to)` widened to whole minutes and to one minute at least: what counts as having been there (docs/exposure.md#time).
///
/// ```
/// use techo_protocol::exposure::slot::whole_minutes;
/// assert_eq!(whole_minutes(59, 61), 0..120);
/// assert_eq!(whole_minutes(90, 90), 60..120, "who came and went was there for a minute");
/// ```
pub fn whole_minutes(from: i64, to: i64) -> Range<i64> {
    let start = from.div_euclid(60) * 60;
    let end = to.saturating_add(59).div_euclid(60) * 60;
    start..end.max(start + 60)
}

/// The slots that `[from, to)` touches, both in Unix seconds. Empty where `to <= from` or a time is outside the range of slots.
///
/// ```
/// use techo_protocol::exposure::slot::slots_of;
/// assert_eq!(slots_of(3_599, 7_200), 0..2, "the end is not included");
/// assert!(slots_of(7_200, 7_200).is_empty());
/// ```
pub fn slots_of(from: i64, to: i64) -> Range<u32> {
    if to <= from {
        return 0..0;
    }
    match (slot_of(from), slot_of(to - 1)) {
        (Some(first), Some(last)) if last < u32::MAX => first..last + 1,
        _ => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stay_of_nothing_is_one_minute() {
        assert_eq!(whole_minutes(3_599, 3_599), 3_540..3_600);
        assert_eq!(whole_minutes(3_540, 3_601), 3_540..3_660);
    }

    #[test]
    fn slots_are_half_open() {
        assert_eq!(slots_of(3_600, 7_200), 1..2);
        assert_eq!(slots_of(3_599, 7_201), 0..3);
        assert_eq!(slots_of(7_200, 7_200), 0..0);
        assert_eq!(slots_of(-1, 10), 0..0);
    }

    #[test]
    fn nine_in_japan_is_a_day_boundary() {
        let nine_jst = 1_763_596_800; // 2025-11-20T00:00:00Z
        assert_eq!(
            day_of_slot(slot_of(nine_jst).unwrap()),
            day_of_slot(slot_of(nine_jst - 1).unwrap()) + 1
        );
    }
}
