//! Two rules of merging that the simulation breaks on purpose, to show that it would notice. Every device keeps them all.

/// Which rules are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Where another lineage takes a document's place, everything that is here is carried over into it, one's own and others'.
    pub others_rows_are_carried: bool,
    /// Of two lineages of one generation the one with the higher tag stays. Without it nobody goes above a lost lineage either: that would mend
    /// what this breaks.
    pub siblings_have_an_order: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            others_rows_are_carried: true,
            siblings_have_an_order: true,
        }
    }
}
