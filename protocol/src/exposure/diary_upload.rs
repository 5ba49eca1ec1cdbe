//! A diary on its way to the health centre: the visits that a person chose, sealed to the authority's diary key, always 32 KiB.
//!
//! It is sealed as [`crate::basics::hpke_seal`] does. The code is repeated inside the seal, so that a relay cannot move a diary to another case.
//! Phones also send dummies of the same size that nobody can open; the relay cannot tell them apart.

use serde::{Deserialize, Serialize};

use crate::basics::clock::DAY_SECONDS;
use crate::basics::hpke_seal::{HpkePrivate, HpkeSealError, SEAL_BYTES, open_with, seal_to};
use crate::basics::keys::PublicKey;
use crate::basics::random::{Random, RandomError};
use crate::basics::reader::ByteReader;
use crate::exposure::tag::SlotKey;
use crate::trust::AuthorityId;

/// Length of every sent diary in bytes.
pub const SENT_BYTES: usize = 32 * 1024;
/// How long a relay keeps a sent diary, in seconds.
pub const KEPT_SECONDS: i64 = 7 * DAY_SECONDS;

const PLAIN_BYTES: usize = SENT_BYTES - SEAL_BYTES;
const LABEL: &[u8] = b"techo diary v1";

crate::coded_errors! {
    /// What can go wrong with a diary that is sent.
    pub enum DiaryUploadError {
        /// More visits than 32 KiB hold.
        TooLarge = "diary_upload.too_large", "These are more visits than can be sent at once.", "Choose fewer visits.";
        /// The authority's key is none.
        KeyInvalid = "diary_upload.key_invalid", "The authority's key for diaries is damaged.", "Update the authority's trust list.";
        /// It does not open: a dummy, or sealed to another key.
        NotForUs = "diary_upload.not_for_us", "This is not a diary that was sent to this authority.", "Nothing needs to be done: phones also send empty envelopes.";
        /// It opens and cannot be read.
        Damaged = "diary_upload.damaged", "A sent diary could not be read.", "Ask the resident to update Techo and to send it again.";
        /// The source of randomness failed, so nothing could be sealed.
        NoRandomness = "diary_upload.no_randomness", "This device cannot make random numbers now.", "Restart the device and try again.";
    }
}

impl From<HpkeSealError> for DiaryUploadError {
    fn from(error: HpkeSealError) -> Self {
        match error {
            HpkeSealError::KeyInvalid => Self::KeyInvalid,
            HpkeSealError::NoRandomness => Self::NoRandomness,
        }
    }
}

impl From<RandomError> for DiaryUploadError {
    fn from(_: RandomError) -> Self {
        Self::NoRandomness
    }
}

/// One visit as the health centre sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentVisit {
    /// Name of the place.
    pub name: String,
    /// Its address, where it is known.
    pub address: Option<String>,
    /// Start, in Unix seconds.
    pub from: i64,
    /// End, in Unix seconds.
    pub to: i64,
    /// Keys of the visit's hours, which prove that the venue's code was held; none for an entry by hand.
    pub keys: Vec<(u32, SlotKey)>,
}

/// What a person chose to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentDiary {
    /// The one-time code, as it is written with hyphens.
    pub code: String,
    /// The visits. No name of a person, no device, no account.
    pub visits: Vec<SentVisit>,
}

/// The authority's key that opens diaries (X25519).
#[derive(Debug)]
pub struct DiaryKey(HpkePrivate);

impl DiaryKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`] when the source of randomness fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        HpkePrivate::generate(random).map(Self)
    }

    /// The key that 32 random bytes give (RFC 9180, section 7.1.3).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(HpkePrivate::from_seed(seed))
    }

    /// The public half, which the authority's trust list names under the role `diary`.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public())
    }

    /// Opens a sent diary.
    ///
    /// # Errors
    /// [`DiaryUploadError::NotForUs`] for a dummy, [`DiaryUploadError::Damaged`] for content that cannot be read.
    pub fn open(&self, authority: AuthorityId, sent: &[u8]) -> Result<SentDiary, DiaryUploadError> {
        let plain = open_with(&self.0, &info(authority), &[], sent).ok_or(DiaryUploadError::NotForUs)?;
        unpad(&plain).ok_or(DiaryUploadError::Damaged)
    }
}

impl SentDiary {
    /// Seals the diary to an authority's diary key; the result is always [`SENT_BYTES`] long.
    ///
    /// ```
    /// use techo_protocol::basics::random::SystemRandom;
    /// use techo_protocol::exposure::diary_upload::*;
    /// let (random, authority) = (SystemRandom::new(), techo_protocol::trust::AuthorityId([1; 16]));
    /// let key = DiaryKey::generate(&random).unwrap();
    /// let diary = SentDiary { code: "ABCD-EFGH-JKMN-PQRS".into(), visits: vec![] };
    /// let sent = diary.seal(authority, &key.public(), &random)?;
    /// assert_eq!(key.open(authority, &sent), Ok(diary));
    /// assert_eq!(dummy(authority, &random)?.len(), sent.len(), "a relay cannot tell them apart");
    /// assert_eq!(key.open(authority, &dummy(authority, &random)?), Err(DiaryUploadError::NotForUs));
    /// # Ok::<(), DiaryUploadError>(())
    /// ```
    ///
    /// # Errors
    /// [`DiaryUploadError`]: too large, a damaged key, or no randomness.
    pub fn seal(&self, authority: AuthorityId, key: &PublicKey, random: &dyn Random) -> Result<Vec<u8>, DiaryUploadError> {
        let mut plain = vec![0; 4];
        ciborium::into_writer(self, &mut plain).expect("writing to memory does not fail");
        let length = u32::try_from(plain.len() - 4).map_err(|_| DiaryUploadError::TooLarge)?;
        if plain.len() > PLAIN_BYTES {
            return Err(DiaryUploadError::TooLarge);
        }
        plain[..4].copy_from_slice(&length.to_be_bytes());
        plain.resize(PLAIN_BYTES, 0);
        Ok(seal_to(&key.0, &info(authority), &[], &plain, random)?)
    }
}

/// A dummy that looks like a sent diary and that nobody can open: sealed to a key that is thrown away, since random bytes would be no curve point.
///
/// # Errors
/// [`DiaryUploadError::NoRandomness`] when the source of randomness fails.
pub fn dummy(authority: AuthorityId, random: &dyn Random) -> Result<Vec<u8>, DiaryUploadError> {
    let thrown_away = DiaryKey::generate(random)?;
    SentDiary {
        code: String::new(),
        visits: Vec::new(),
    }
    .seal(authority, &thrown_away.public(), random)
}

fn info(authority: AuthorityId) -> Vec<u8> {
    [LABEL, &authority.0].concat()
}

fn unpad(plain: &[u8]) -> Option<SentDiary> {
    ciborium::from_reader(ByteReader::new(plain).counted()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basics::keys::sha256;
    use crate::basics::random::SeededRandom;

    const AUTHORITY: AuthorityId = AuthorityId([1; 16]);

    fn key() -> DiaryKey {
        DiaryKey::from_seed(&[5; 32])
    }

    fn diary(visits: usize) -> SentDiary {
        let visit = SentVisit {
            name: "Bar Yoru".into(),
            address: Some("Kita-ku, Osaka".into()),
            from: 1_700_000_000,
            to: 1_700_003_600,
            keys: vec![(472_222, SlotKey([7; 16].into()))],
        };
        SentDiary {
            code: "ABCD-EFGH-JKMN-PQRS".into(),
            visits: vec![visit; visits],
        }
    }

    #[test]
    fn comes_back_and_always_has_one_size() {
        for visits in [0, 1, 100] {
            let sent = diary(visits).seal(AUTHORITY, &key().public(), &SeededRandom::new(1)).unwrap();
            assert_eq!(sent.len(), SENT_BYTES);
            assert_eq!(key().open(AUTHORITY, &sent), Ok(diary(visits)));
        }
        assert_eq!(
            diary(2_000).seal(AUTHORITY, &key().public(), &SeededRandom::new(1)),
            Err(DiaryUploadError::TooLarge)
        );
    }

    #[test]
    fn opens_for_its_authority_and_key_only() {
        let sent = diary(1).seal(AUTHORITY, &key().public(), &SeededRandom::new(1)).unwrap();
        assert_eq!(key().open(AuthorityId([2; 16]), &sent), Err(DiaryUploadError::NotForUs));
        assert_eq!(
            DiaryKey::from_seed(&[6; 32]).open(AUTHORITY, &sent),
            Err(DiaryUploadError::NotForUs)
        );
        for at in [0, 31, 32, 1_000, SENT_BYTES - 1] {
            let mut damaged = sent.clone();
            damaged[at] ^= 1;
            assert_eq!(key().open(AUTHORITY, &damaged), Err(DiaryUploadError::NotForUs));
        }
        assert_eq!(key().open(AUTHORITY, &sent[..20]), Err(DiaryUploadError::NotForUs));
    }

    #[test]
    fn vector() {
        // The stream of `SeededRandom::new(1)` is fixed, and so is what it seals.
        let sent = diary(1).seal(AUTHORITY, &key().public(), &SeededRandom::new(1)).unwrap();
        assert_eq!(
            hex::encode(key().public().0),
            "402802aae25501861e6da002ef9f3e105b9296c3e3c90c92e600ec9a0ff52657"
        );
        assert_eq!(
            hex::encode(sha256(&sent)),
            "845b9ec3c541fa3f8b4c798c49ae91073e0429118c90e8133db66a1ddcd6a25e"
        );
    }

    #[test]
    fn a_dummy_is_as_long_and_does_not_open() {
        let dummy = dummy(AUTHORITY, &SeededRandom::new(3)).unwrap();
        assert_eq!(dummy.len(), SENT_BYTES);
        assert_eq!(key().open(AUTHORITY, &dummy), Err(DiaryUploadError::NotForUs));
    }
}
