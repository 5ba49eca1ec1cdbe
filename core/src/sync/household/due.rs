//! What this device is to do with its next turn, whoever asks it to sync.

/// Work that is due.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::sync) struct Due {
    /// A heartbeat is to be sent.
    pub(in crate::sync) heartbeat: bool,
    /// The Unix day of the last heartbeat.
    pub(in crate::sync) heartbeat_day: u32,
    /// All documents are to be written anew under new keys: this device has changed the epoch.
    pub(in crate::sync) rekey: bool,
}
