//! The keys that are trusted here, found by the id that a certificate names.

use techo_protocol::certificates::issuer_key::{Algorithm, IssuerKey, Uses};

use super::reason::Reason;

/// Length of a raw ES256 signature in bytes.
const ES256_BYTES: usize = 64;

/// Trusted keys of issuers.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// In the order of their ids.
    keys: Vec<IssuerKey>,
}

impl Trust {
    /// Trusts these keys.
    pub fn new(mut keys: Vec<IssuerKey>) -> Self {
        keys.sort_by(|a, b| a.id.cmp(&b.id));
        Self { keys }
    }

    /// The keys for a use that have an id, and those that have none and may be meant by any.
    pub fn named(&self, uses: Uses, id: &[u8]) -> impl Iterator<Item = &IssuerKey> {
        let of = |id: &[u8]| {
            let start = self.keys.partition_point(|key| key.id.as_slice() < id);
            let end = self.keys.partition_point(|key| key.id.as_slice() <= id);
            &self.keys[start..end]
        };
        let named: &[IssuerKey] = if id.is_empty() { &[] } else { of(id) };
        named.iter().chain(of(&[])).filter(move |key| key.uses.has(uses))
    }

    /// All keys for a use.
    pub fn all(&self, uses: Uses) -> impl Iterator<Item = &IssuerKey> {
        self.keys.iter().filter(move |key| key.uses.has(uses))
    }
}

/// The key that made a signature, of those that its certificate may mean: an id is only a hint, and two issuers may have the same.
pub(super) fn signer<'a>(
    keys: impl Iterator<Item = &'a IssuerKey>,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<&'a IssuerKey, Reason> {
    if algorithm == Algorithm::Es256 && signature.len() != ES256_BYTES {
        return Err(Reason::SignatureEncoding);
    }
    let mut answer = Reason::UnknownKey;
    for key in keys {
        if !key.key.takes(algorithm) {
            if answer == Reason::UnknownKey {
                answer = Reason::Algorithm;
            }
        } else if key.key.verifies(algorithm, message, signature) {
            return Ok(key);
        } else {
            answer = Reason::SignatureInvalid;
        }
    }
    Err(answer)
}
