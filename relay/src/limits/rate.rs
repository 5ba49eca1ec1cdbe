//! Requests a second, by the generic cell rate algorithm (ITU-T I.371): one instant an address, in a table that cannot grow beyond its bound.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Source;

/// Requests a second of each source.
pub struct RateTable {
    spacing: Duration,
    burst: Duration,
    most: usize,
    /// For each source, when its allowance will be whole again.
    whole_at: HashMap<Source, Instant>,
    forgotten_at: Option<Instant>,
}

/// Forgetting looks at the whole table, so a flood of new addresses may not cause it each time.
const FORGET_EVERY: Duration = Duration::from_secs(1);

impl RateTable {
    /// `per_second` requests in the long run, `burst` at once, `most` sources remembered.
    pub fn new(per_second: u32, burst: u32, most: usize) -> Self {
        Self::spaced(Duration::from_secs(1) / per_second.max(1), burst, most)
    }

    /// One request each `spacing` in the long run, `burst` at once, `most` sources remembered.
    pub fn spaced(spacing: Duration, burst: u32, most: usize) -> Self {
        Self {
            spacing,
            burst: spacing.saturating_mul(burst.max(1)),
            most,
            whole_at: HashMap::new(),
            forgotten_at: None,
        }
    }

    /// Whether a source may make a request now; counts it if so.
    pub fn admit(&mut self, source: Source, now: Instant) -> bool {
        let source = if self.has_room_for(source, now) {
            source
        } else {
            Source::REST
        };
        let whole_at = self.whole_at.get(&source).map_or(now, |&at| at.max(now));
        let next = whole_at + self.spacing;
        let may = next.duration_since(now) <= self.burst;
        if may {
            self.whole_at.insert(source, next);
        }
        may
    }

    /// Forgets whose allowance is whole again: they are as if they had never come.
    pub fn forget(&mut self, now: Instant) {
        self.whole_at.retain(|_, &mut at| at > now);
        self.whole_at.shrink_to(self.most / 4);
        self.forgotten_at = Some(now);
    }

    /// How many sources are remembered at present.
    pub fn len(&self) -> usize {
        self.whole_at.len()
    }

    fn has_room_for(&mut self, source: Source, now: Instant) -> bool {
        if self.whole_at.contains_key(&source) || self.whole_at.len() < self.most {
            return true;
        }
        if self.forgotten_at.is_none_or(|at| now.duration_since(at) >= FORGET_EVERY) {
            self.forget(now);
        }
        self.whole_at.len() < self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last: u8) -> Source {
        Source::of([192, 0, 2, last].into())
    }

    fn admitted(table: &mut RateTable, source: Source, tries: u32, now: Instant) -> u32 {
        (0..tries).map(|_| u32::from(table.admit(source, now))).sum()
    }

    #[test]
    fn a_burst_then_so_many_a_second() {
        let mut table = RateTable::new(10, 30, 100);
        let start = Instant::now();
        assert_eq!(admitted(&mut table, source(1), 100, start), 30);
        assert_eq!(
            admitted(&mut table, source(2), 100, start),
            30,
            "another has an allowance of its own"
        );
        assert_eq!(admitted(&mut table, source(1), 100, start + Duration::from_secs(1)), 10);
        assert_eq!(admitted(&mut table, source(1), 100, start + Duration::from_mins(1)), 30);
    }

    #[test]
    fn a_full_table_does_not_grow() {
        let mut table = RateTable::new(10, 30, 3);
        let start = Instant::now();
        for last in 0..200 {
            table.admit(source(last), start);
        }
        assert!(table.len() <= 4, "three and the rest: {}", table.len());
        assert_eq!(
            admitted(&mut table, source(201), 100, start),
            0,
            "the rest share one allowance"
        );
        assert!(table.admit(source(0), start), "who was there first keeps theirs");
        assert_eq!(admitted(&mut table, source(201), 100, start + Duration::from_secs(9)), 30);
    }

    #[test]
    fn who_is_quiet_is_forgotten() {
        let mut table = RateTable::new(10, 30, 100);
        let start = Instant::now();
        table.admit(source(1), start);
        table.forget(start);
        assert_eq!(table.len(), 1);
        table.forget(start + Duration::from_millis(100));
        assert_eq!(table.len(), 0);
    }
}
