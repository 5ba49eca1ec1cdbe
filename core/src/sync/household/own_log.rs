//! What this device has written of itself: its chunks are numbered and chained, and by that it knows what it did not write.

use serde_bytes::ByteArray;

use super::Household;

/// So many of its own chunks a device remembers: more than it writes between a copy of its folder and the day on which that is noticed.
const MOST_WRITTEN: usize = 512;

/// The log of this device's own chunks.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::sync) struct OwnLog {
    /// The number of this device's last chunk.
    pub(in crate::sync) number: u64,
    /// The chain hash after it.
    pub(in crate::sync) chain: [u8; 32],
    /// How the names of this device's last chunks begin, the newest last: by them it knows what it did not write.
    pub(in crate::sync) written: Vec<ByteArray<8>>,
    /// How far the device was seen that had this one's index before it.
    pub(in crate::sync) of_predecessor: u64,
    /// The number of the last snapshot of this device with which something was deleted.
    pub(in crate::sync) last_deletion: Option<u64>,
    /// This device had to leave a household because it was copied. What it deletes, or has deleted unheard, may lie there under keys that are
    /// in use still: if it comes in again, all documents are to be written anew.
    pub(in crate::sync) was_copied: bool,
}

impl Household {
    /// Notes a chunk that this device has written.
    pub(in crate::sync) fn wrote(&mut self, number: u64, after: [u8; 32]) {
        (self.log.number, self.log.chain) = (number, after);
        self.log.written.push(ByteArray::new(beginning(&after)));
        let too_many = self.log.written.len().saturating_sub(MOST_WRITTEN);
        self.log.written.drain(..too_many);
    }

    /// Whether a chunk under this device's name is one that it wrote, as far back as it remembers.
    pub(in crate::sync) fn has_written(&self, number: u64, after: &[u8; 32]) -> bool {
        let back = self
            .log
            .number
            .checked_sub(number)
            .and_then(|back| usize::try_from(back).ok());
        back.is_some_and(|back| {
            let place = self.log.written.len().checked_sub(back.saturating_add(1));
            let name = place.and_then(|place| self.log.written.get(place));
            name.is_none_or(|name| **name == beginning(after))
        })
    }
}

fn beginning(hash: &[u8; 32]) -> [u8; 8] {
    let mut beginning = [0; 8];
    beginning.copy_from_slice(&hash[..8]);
    beginning
}
