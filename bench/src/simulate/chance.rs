//! What happens next is drawn from one seed, so that a failing schedule can be run again.

use techo_protocol::basics::random::{Random, SeededRandom};

pub struct Chance(SeededRandom);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    pub fn number(&self) -> u64 {
        u64::from_be_bytes(self.0.bytes().unwrap_or_default())
    }

    /// Below `end`; 0 where that is 0.
    pub fn below(&self, end: usize) -> usize {
        usize::try_from(self.number() % u64::try_from(end).unwrap_or(1).max(1)).unwrap_or_default()
    }

    pub fn one_in(&self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<T: Clone>(&self, from: &[T]) -> Option<T> {
        from.get(self.below(from.len())).cloned()
    }
}
