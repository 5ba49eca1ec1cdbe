//! Seals once: a key that is used for one message only, under AES-GCM with a nonce of zeros.
//!
//! AES-GCM loses its secrecy and its integrity where one key seals two messages under one nonce (NIST SP 800-38D, section 8). The nonce is there
//! so that a key can be used again. A key that is drawn or derived anew for each message (from a fresh random salt, say) seals one message only, so
//! every nonce is as good as any other, and a fixed one saves its bytes in the file. That the key is new each time is what the caller owes:
//! sealing consumes the key, so one value of it cannot seal twice.

use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::basics::secret::Secret;

/// A key that seals one message, or opens it.
pub(crate) struct OnceKey(LessSafeKey);

impl From<UnboundKey> for OnceKey {
    fn from(key: UnboundKey) -> Self {
        Self(LessSafeKey::new(key))
    }
}

impl OnceKey {
    /// A key of AES-256-GCM.
    pub fn aes_256(key: &Secret<32>) -> Self {
        UnboundKey::new(&AES_256_GCM, key.expose())
            .expect("a key of 32 bytes is always accepted")
            .into()
    }

    /// A key of AES-128-GCM.
    pub fn aes_128(key: &Secret<16>) -> Self {
        UnboundKey::new(&AES_128_GCM, key.expose())
            .expect("a key of 16 bytes is always accepted")
            .into()
    }

    /// Seals `message` in place, bound to `place`; the tag follows it. `None` beyond the 64 GB that AES-GCM takes.
    pub fn seal(self, place: &[u8], message: &mut Vec<u8>) -> Option<()> {
        self.0.seal_in_place_append_tag(nonce(), Aad::from(place), message).ok()
    }

    /// Opens `sealed` in place; `None` under another key, at another place, or where a byte was changed.
    pub fn open<'s>(self, place: &[u8], sealed: &'s mut [u8]) -> Option<&'s mut [u8]> {
        self.0.open_in_place(nonce(), Aad::from(place), sealed).ok()
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_under_its_key_at_its_place_and_unchanged_only() {
        let mut sealed = b"Bar Yoru".to_vec();
        OnceKey::aes_256(&[1; 32].into()).seal(b"here", &mut sealed).unwrap();
        let open = |key: u8, place: &[u8], mut sealed: Vec<u8>| {
            OnceKey::aes_256(&[key; 32].into())
                .open(place, &mut sealed)
                .map(|plain| plain.to_vec())
        };
        assert_eq!(open(1, b"here", sealed.clone()), Some(b"Bar Yoru".to_vec()));
        assert_eq!(open(2, b"here", sealed.clone()), None);
        assert_eq!(open(1, b"there", sealed.clone()), None);
        sealed[0] ^= 1;
        assert_eq!(open(1, b"here", sealed), None);
    }

    #[test]
    fn is_aes_gcm_under_a_nonce_of_zeros() {
        // The GCM specification's test cases 2 and 14: key, nonce and 16 bytes of plain text are all zeros.
        let mut short = vec![0; 16];
        OnceKey::aes_128(&[0; 16].into()).seal(b"", &mut short).unwrap();
        assert_eq!(
            hex::encode(short),
            "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"
        );
        let mut long = vec![0; 16];
        OnceKey::aes_256(&[0; 32].into()).seal(b"", &mut long).unwrap();
        assert_eq!(
            hex::encode(long),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        );
    }
}
