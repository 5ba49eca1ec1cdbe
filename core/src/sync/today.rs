//! The day that a session goes by: what is said and made goes by the clock, what is destroyed by the confirmed time.

/// The Unix day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Today {
    /// By this device's clock: for what can be taken back.
    pub(super) day: u32,
    /// By the confirmed time, which is no later ([`crate::confirmed_time`]): for what cannot. A device that was silent for 180 days is removed by it,
    /// keys of old weeks are dropped, a removed device's index is given away.
    pub(super) confirmed: u32,
}
