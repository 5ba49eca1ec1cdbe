//! Recalled vaccine lots, in the clear: that a lot was recalled is public, only who had it is private.

use serde::{Deserialize, Serialize};

use crate::exposure::notice::LocalisedText;

/// A recalled lot of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// The recall's number within its authority.
    pub id: u32,
    /// Counts up from 1; a higher one replaces the earlier.
    pub revision: u32,
    /// The recall no longer holds.
    pub withdrawn: bool,
    /// The product, as in the list of products.
    pub product: String,
    /// The lot as printed.
    pub lot: String,
    /// What to do, in several languages.
    pub text: LocalisedText,
}

/// Writes recalls as CBOR; nothing for none.
pub(super) fn write(recalls: &[Recall]) -> Vec<u8> {
    let mut out = Vec::new();
    if !recalls.is_empty() {
        ciborium::into_writer(recalls, &mut out).expect("writing to memory does not fail");
    }
    out
}

/// Reads what [`write`] wrote; `None` where it cannot be read or something follows it.
pub(super) fn read(mut bytes: &[u8]) -> Option<Vec<Recall>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let recalls = ciborium::from_reader(&mut bytes).ok()?;
    bytes.is_empty().then_some(recalls)
}
