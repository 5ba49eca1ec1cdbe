//! What somebody waits for, as a number: it wakes, and says nothing else. Processes that share a database tell it to each other.

use techo_protocol::basics::keys::sha256;
use techo_protocol::household::sync_api::StreamId;

/// What somebody waits for: eight bytes of a hash. Two that are the same wake somebody for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wake(u64);

/// Who is told of what other processes have written.
pub trait Woken: Send + Sync {
    /// Wakes whoever waits for `what`, since something came.
    fn wake(&self, what: Wake);

    /// Anything may have come.
    fn wake_all(&self);
}

impl Wake {
    /// For something new in a stream.
    pub fn of_stream(stream: StreamId) -> Self {
        Self::of(b"stream", &stream.0)
    }

    /// For a message in a pairing mailbox.
    pub fn of_mailbox(name: &[u8; 16]) -> Self {
        Self::of(b"mailbox", name)
    }

    fn of(kind: &[u8], name: &[u8; 16]) -> Self {
        let hash = sha256(&[b"techo wake v1 ", kind, name].concat());
        Self(hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes)))
    }

    /// As 16 hexadecimal digits.
    pub fn text(self) -> String {
        format!("{:016x}", self.0)
    }

    /// All that stand in a text, one after the other.
    pub fn read_all(text: &str) -> Vec<Self> {
        let digits = text.as_bytes().chunks_exact(16);
        digits
            .filter_map(|digits| u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
            .map(Self)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_what_is_waited_for() {
        let all = [
            Wake::of_stream(StreamId([1; 16])),
            Wake::of_stream(StreamId([2; 16])),
            Wake::of_mailbox(&[1; 16]),
        ];
        let text: String = all.iter().map(|wake| wake.text()).collect();
        assert_eq!(Wake::read_all(&text), all);
        assert_eq!(Wake::read_all("nonsense"), []);
        assert_eq!(Wake::read_all("é".repeat(40).as_str()), []);
        assert!(all[0] != all[1] && all[0] != all[2]);
    }
}
