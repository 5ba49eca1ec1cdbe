//! The keys that are trusted here, found by the id that a certificate names.

use techo_protocol::certificates::issuer_key::{Algorithm, IssuerKey, Uses};

use super::reason::Reason;

/// Length of a raw ES256 signature in bytes.
const ES256_BYTES: usize = 64;

/// The keys of issuers that are trusted here. The default trusts nobody.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// In the order of their ids.
    keys: Vec<IssuerKey>,
}

impl Trust {
    /// Trusts these keys, each for its own uses and in its own issuer's name.
    ///
    /// ```
    /// use techo_core::certificates::{Reason, Trust, key_source, verify};
    ///
    /// // A card is signed in the name of an address. A key that is trusted in another's name does not do.
    /// let mut keys = key_source::read(techo_testing::CARD_ISSUER.as_bytes(), None)?;
    /// assert!(verify(techo_testing::CARD, &Trust::new(keys.clone()), techo_testing::NOW).reasons.is_empty());
    /// keys[0].issuer = "https://other.example".into();
    /// assert_eq!(verify(techo_testing::CARD, &Trust::new(keys), techo_testing::NOW).reasons, [Reason::IssuerOther]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(mut keys: Vec<IssuerKey>) -> Self {
        keys.sort_by(|a, b| a.id.cmp(&b.id));
        Self { keys }
    }

    /// The keys for a use that have this id, and those without an id, which any certificate may mean.
    ///
    /// ```
    /// use techo_core::certificates::{Trust, key_source};
    /// use techo_protocol::certificates::issuer_key::Uses;
    ///
    /// let mut key = key_source::read(techo_testing::ISSUER.as_bytes(), None)?.remove(0);
    /// assert_eq!(Trust::new(vec![key.clone()]).named(Uses::DCC, b"another").count(), 0);
    /// key.id = vec![];
    /// assert_eq!(Trust::new(vec![key]).named(Uses::DCC, b"another").count(), 1, "one without an id may be meant");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named(&self, uses: Uses, id: &[u8]) -> impl Iterator<Item = &IssuerKey> {
        let of = |id: &[u8]| {
            let start = self.keys.partition_point(|key| key.id.as_slice() < id);
            let end = self.keys.partition_point(|key| key.id.as_slice() <= id);
            &self.keys[start..end]
        };
        let named: &[IssuerKey] = if id.is_empty() { &[] } else { of(id) };
        named.iter().chain(of(&[])).filter(move |key| key.uses.has(uses))
    }

    /// All keys for a use, whatever their ids.
    ///
    /// ```
    /// use techo_core::certificates::{Trust, key_source};
    /// use techo_protocol::certificates::issuer_key::Uses;
    ///
    /// let trust = Trust::new(key_source::read(techo_testing::ISSUER.as_bytes(), None)?);
    /// assert_eq!(trust.all(Uses::DCC).count(), 1);
    /// assert_eq!(trust.all(Uses::SHC).count(), 0, "a card's issuer has a JWK");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
