//! How a manifest names the public signed files beside segments: what an authority tells everybody that is no exposure.
//!
//! A manifest names the newest file of each kind by its hash, and a relay keeps it under that name like a segment, so that nobody is given an
//! older one than the manifest says. What the kinds are is for those who read them: [`crate::vaccination::public_file`].

use serde::{Deserialize, Serialize};

use crate::basics::keys::sha256;

/// A public file as a manifest names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Row", into = "Row")]
pub struct PublicFileRef {
    /// The number of its kind, which a later version may have more of.
    pub kind: u8,
    /// SHA-256 of the file: its name.
    pub hash: [u8; 32],
    /// Length of the file in bytes.
    pub bytes: u32,
}

#[derive(Clone, Serialize, Deserialize)]
struct Row(u8, #[serde(with = "serde_bytes")] [u8; 32], u32);

impl From<Row> for PublicFileRef {
    fn from(Row(kind, hash, bytes): Row) -> Self {
        Self { kind, hash, bytes }
    }
}

impl From<PublicFileRef> for Row {
    fn from(of: PublicFileRef) -> Self {
        Self(of.kind, of.hash, of.bytes)
    }
}

impl PublicFileRef {
    /// Whether it names this file.
    ///
    /// ```
    /// use techo_protocol::{basics::keys::sha256, exposure::public_file::PublicFileRef};
    /// let named = PublicFileRef { kind: 1, hash: sha256(b"update 4"), bytes: 8 };
    /// assert!(named.names(b"update 4"));
    /// assert!(!named.names(b"update 3"));
    /// ```
    pub fn names(&self, file: &[u8]) -> bool {
        sha256(file) == self.hash
    }
}
