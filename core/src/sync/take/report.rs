//! What came of chunks that came in.

/// How many chunks came in, and what became of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Chunks that were taken in.
    pub taken: usize,
    /// Known already, or of a lineage that another has replaced.
    pub known: usize,
    /// Waiting for others that have not come yet.
    pub waiting: usize,
    /// Refused: damaged, forged, of another household or of nobody.
    pub refused: usize,
    /// Two different chunks bear one number: a device was copied.
    pub copied: usize,
    /// It was this device that was copied: it has begun a household of its own.
    pub begun_anew: bool,
}

impl Report {
    /// Adds the counts of another report to these.
    pub fn add(&mut self, other: Self) {
        self.taken += other.taken;
        self.known += other.known;
        self.refused += other.refused;
        self.copied += other.copied;
        self.begun_anew |= other.begun_anew;
        // What waits is kept, and looked at again each time.
        self.waiting = other.waiting;
    }
}
