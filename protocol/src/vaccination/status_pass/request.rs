//! A request: the public halves of keys that a phone made, for a municipality to bind a pass to. It names nobody.
//!
//! ```text
//! "TSRQ" version:1 sealing key:32 count:1 keys, 64 each, signature:64      ES256 by the first key over "techo status request v1" and all before
//! ```

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{MOST_CREDENTIALS, StatusPassError};
use crate::basics::hpke_seal::HpkePrivate;
use crate::basics::p256::{P256_SIGNATURE_BYTES, P256Key, P256Public};
use crate::basics::random::Random;
use crate::basics::reader::{ByteReader, Unreadable};
use crate::basics::secret::{self, Secret};

const MAGIC: &[u8; 4] = b"TSRQ";
const VERSION: u8 = 1;
const LABEL: &[u8] = b"techo status request v1";
/// What two keys of a pass would cost: days that can be joined. So each is there once.
const KEYS: usize = MOST_CREDENTIALS;

/// What a phone asks a pass for.
///
/// ```
/// use techo_protocol::vaccination::status_pass::{MOST_CREDENTIALS, Request, RequestKeys, StatusPassError};
/// let keys = RequestKeys::generate(&techo_protocol::basics::random::SystemRandom::new())?;
/// let mut file = keys.to_request()?;
/// let request = Request::read(&file)?;
/// assert_eq!((request.sealing_key, request.keys.len()), (keys.sealing_key(), MOST_CREDENTIALS));
/// file[40] ^= 1;
/// assert_eq!(Request::read(&file), Err(StatusPassError::Damaged));
/// # Ok::<(), StatusPassError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The pass is sealed to this key (X25519).
    pub sealing_key: [u8; 32],
    /// The keys of the credentials, one for each day.
    pub keys: Vec<P256Public>,
}

/// The private halves, which stay on the phone.
pub struct RequestKeys {
    pub(super) sealing: HpkePrivate,
    pub(super) keys: Vec<P256Key>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u8,
    #[serde(with = "secret::as_bytes")]
    sealing: Secret<32>,
    keys: Vec<serde_bytes::ByteBuf>,
}

impl RequestKeys {
    /// Makes the keys of a request.
    ///
    /// # Errors
    /// [`StatusPassError::NoRandomness`].
    pub fn generate(random: &dyn Random) -> Result<Self, StatusPassError> {
        let keys = (0..KEYS).map(|_| P256Key::generate()).collect::<Result<_, _>>()?;
        Ok(Self {
            sealing: HpkePrivate::generate(random)?,
            keys,
        })
    }

    /// The file for the municipality.
    ///
    /// # Errors
    /// [`StatusPassError::NoRandomness`].
    pub fn to_request(&self) -> Result<Vec<u8>, StatusPassError> {
        let mut file = [MAGIC.as_slice(), &[VERSION], &self.sealing.public()].concat();
        file.push(u8::try_from(self.keys.len()).map_err(|_| StatusPassError::CannotBeWritten)?);
        file.extend(self.keys.iter().flat_map(|key| key.public().0));
        let first = self.keys.first().ok_or(StatusPassError::CannotBeWritten)?;
        let signature = first.sign(&[LABEL, &file].concat())?;
        file.extend(signature);
        Ok(file)
    }

    /// The key that a pass is sealed to, by which a pass and its request find each other.
    pub fn sealing_key(&self) -> [u8; 32] {
        self.sealing.public()
    }

    /// The private halves as bytes, for a vault to seal.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let kept = Kept {
            version: VERSION,
            sealing: self.sealing.secret().clone(),
            keys: self
                .keys
                .iter()
                .map(|key| serde_bytes::ByteBuf::from(key.to_pkcs8()))
                .collect(),
        };
        let mut out = Zeroizing::new(Vec::new());
        ciborium::into_writer(&kept, &mut *out).expect("writing to memory does not fail");
        out
    }

    /// Reads what [`RequestKeys::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`StatusPassError::Damaged`], [`StatusPassError::NewerVersion`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatusPassError> {
        let kept: Kept = ciborium::from_reader(bytes).map_err(|_| StatusPassError::Damaged)?;
        if kept.version != VERSION {
            return Err(StatusPassError::NewerVersion);
        }
        let keys: Option<Vec<P256Key>> = kept.keys.iter().map(|key| P256Key::from_pkcs8(key)).collect();
        Ok(Self {
            sealing: HpkePrivate::from_secret(&kept.sealing),
            keys: keys.ok_or(StatusPassError::Damaged)?,
        })
    }
}

impl Request {
    /// Reads a request and checks that whoever made it has the first key.
    ///
    /// # Errors
    /// [`StatusPassError`]: not a request, of a newer version, or damaged.
    pub fn read(file: &[u8]) -> Result<Self, StatusPassError> {
        let mut reader = ByteReader::of_file(file, MAGIC, VERSION).map_err(|why| match why {
            Unreadable::Other => StatusPassError::NotARequest,
            other => other.into(),
        })?;
        let request = Self::parse(&mut reader).ok_or(StatusPassError::Damaged)?;
        let (signed, signature) = file
            .split_last_chunk::<P256_SIGNATURE_BYTES>()
            .ok_or(StatusPassError::Damaged)?;
        let first = request.keys.first().ok_or(StatusPassError::Damaged)?;
        if !first.verifies(&[LABEL, signed].concat(), signature) {
            return Err(StatusPassError::Damaged);
        }
        Ok(request)
    }

    fn parse(bytes: &mut ByteReader<'_>) -> Option<Self> {
        let sealing_key = bytes.array()?;
        (usize::from(bytes.byte()?) == KEYS).then_some(())?;
        let keys: Vec<P256Public> = (0..KEYS).map(|_| bytes.array().map(P256Public)).collect::<Option<_>>()?;
        let different: std::collections::HashSet<_> = keys.iter().collect();
        let is_whole = bytes.len() == P256_SIGNATURE_BYTES && different.len() == KEYS;
        is_whole.then_some(Self { sealing_key, keys })
    }
}

impl std::fmt::Debug for RequestKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestKeys").finish_non_exhaustive()
    }
}
