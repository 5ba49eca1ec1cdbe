//! A pass on its way from the municipality to a phone, and what a phone keeps of it.
//!
//! ```text
//! "TSPA" version:1 form:1                     form 1: a bearer's; whoever has the file has the pass
//!                         CBOR
//!                                             form 2: a holder's; sealed to the request (module hpke_seal), so the file says nothing to others
//!                         sealing key:32 sealed CBOR
//! ```

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Credential, Field, Issuer, MOST_CREDENTIALS, NewCredential, Presentation, Request, RequestKeys, StatusPassError, Value,
};
use crate::basics::hpke_seal::{HpkeSealError, open_with, seal_to};
use crate::basics::japan_day;
use crate::basics::p256::P256Key;
use crate::basics::random::Random;
use crate::trust::AuthorityId;

const MAGIC: &[u8; 4] = b"TSPA";
const VERSION: u8 = 1;
const BEARER: u8 = 1;
const HOLDER: u8 = 2;
const LABEL: &[u8] = b"techo status pass v1";
/// Largest file that is read, in bytes: several times what thirty credentials and a card take.
const LARGEST_BYTES: usize = 64 * 1024;

/// A pass with its keys, as a phone keeps it.
pub struct Pass {
    issuer: Issuer,
    credentials: Vec<Credential>,
    keys: Vec<P256Key>,
    card: Option<String>,
}

/// A pass as it was issued: without the keys, where a phone has them.
#[derive(Serialize, Deserialize)]
struct Issued {
    version: u8,
    issuer: Issuer,
    credentials: Vec<Credential>,
    /// PKCS #8; none in a holder's file.
    keys: Vec<serde_bytes::ByteBuf>,
    card: Option<String>,
}

/// A pass that was just issued.
#[derive(Debug)]
pub struct PassFile {
    /// The file for the person.
    pub file: Vec<u8>,
    /// The credentials' ids and when each ends (Unix seconds), for the municipality to be able to revoke them.
    pub ids: Vec<(super::CredentialId, i64)>,
}

/// What a file is before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// Anybody can open it.
    Bearer,
    /// Only the request with this key can.
    Holder([u8; 32]),
}

/// What a pass says on one day.
pub type DayValues<'a> = &'a dyn Fn(u16) -> Vec<Value>;

impl PassFile {
    /// Issues a pass from the day of `now` (Unix seconds) on. `values` says what it says on each day, and nothing for days that it is not for.
    /// `card` is a SMART Health Card of the same doses.
    ///
    /// # Errors
    /// [`StatusPassError`]: values that no pass holds, no day at all, no randomness.
    pub fn issue(
        (authority, key): (AuthorityId, &P256Key),
        request: Option<&Request>,
        values: DayValues<'_>,
        card: Option<String>,
        now: i64,
        random: &dyn Random,
    ) -> Result<Self, StatusPassError> {
        let first = u16::try_from(japan_day::day(now)).map_err(|_| StatusPassError::CannotBeWritten)?;
        let mut issued = Issued {
            version: VERSION,
            issuer: Issuer {
                authority,
                key: key.public(),
            },
            credentials: Vec::new(),
            keys: Vec::new(),
            card,
        };
        for (day, number) in (first..=u16::MAX).zip(0..MOST_CREDENTIALS) {
            let values = values(day);
            if values.is_empty() {
                continue;
            }
            let holder = if let Some(request) = request {
                *request.keys.get(number).ok_or(StatusPassError::Damaged)?
            } else {
                let fresh = P256Key::generate()?;
                issued.keys.push(serde_bytes::ByteBuf::from(fresh.to_pkcs8()));
                fresh.public()
            };
            let new = NewCredential {
                day,
                holder,
                values: &values,
            };
            issued.credentials.push(new.sign(authority, key, random)?);
        }
        if issued.credentials.is_empty() {
            return Err(StatusPassError::CannotBeWritten);
        }
        let ids = issued.credentials.iter().map(|one| (one.id(), one.expires_at())).collect();
        let body = issued.to_bytes();
        let file = match request {
            None => [MAGIC.as_slice(), &[VERSION, BEARER], &body].concat(),
            Some(request) => {
                let head = [MAGIC.as_slice(), &[VERSION, HOLDER], &request.sealing_key].concat();
                let sealed = seal_to(&request.sealing_key, LABEL, &head, &body, random).map_err(|error| match error {
                    HpkeSealError::KeyInvalid => StatusPassError::Damaged,
                    HpkeSealError::NoRandomness => StatusPassError::NoRandomness,
                })?;
                [head, sealed].concat()
            }
        };
        Ok(Self { file, ids })
    }

    /// Whether a file is a pass, and what opens it.
    ///
    /// # Errors
    /// [`StatusPassError`]: not a pass, of a newer version, or damaged.
    pub fn form(file: &[u8]) -> Result<Opened, StatusPassError> {
        let rest = file.strip_prefix(MAGIC.as_slice()).ok_or(StatusPassError::NotAPass)?;
        match rest {
            [VERSION, BEARER, ..] => Ok(Opened::Bearer),
            [VERSION, HOLDER, rest @ ..] => rest
                .first_chunk::<32>()
                .map(|key| Opened::Holder(*key))
                .ok_or(StatusPassError::Damaged),
            [VERSION, ..] | [] => Err(StatusPassError::Damaged),
            _ => Err(StatusPassError::NewerVersion),
        }
    }
}

impl Pass {
    /// Opens a file: a bearer's with no keys, a holder's with those of its request. Whether its issuer is to be trusted is for the caller to say.
    ///
    /// # Errors
    /// [`StatusPassError`]: not a pass, of a newer version, damaged, or for another request.
    pub fn open(file: &[u8], keys: Option<&RequestKeys>) -> Result<Self, StatusPassError> {
        if file.len() > LARGEST_BYTES {
            return Err(StatusPassError::Damaged);
        }
        match (PassFile::form(file)?, keys) {
            (Opened::Bearer, _) => Self::of_issued(Issued::from_bytes(file.get(6..).unwrap_or_default())?),
            (Opened::Holder(sealing_key), Some(keys)) if keys.sealing_key() == sealing_key => {
                let (head, sealed) = file.split_at_checked(38).ok_or(StatusPassError::Damaged)?;
                let body = open_with(&keys.sealing, LABEL, head, sealed).ok_or(StatusPassError::Damaged)?;
                let mut issued = Issued::from_bytes(&body)?;
                let mine = |credential: &Credential| keys.keys.iter().find(|key| key.public() == credential.holder());
                let found: Option<Vec<&P256Key>> = issued.credentials.iter().map(mine).collect();
                let found = found.ok_or(StatusPassError::NotForUs)?;
                issued.keys = found.iter().map(|key| serde_bytes::ByteBuf::from(key.to_pkcs8())).collect();
                Self::of_issued(issued)
            }
            (Opened::Holder(_), _) => Err(StatusPassError::NotForUs),
        }
    }

    fn of_issued(issued: Issued) -> Result<Self, StatusPassError> {
        let keys: Option<Vec<P256Key>> = issued.keys.iter().map(|key| P256Key::from_pkcs8(key)).collect();
        let pass = Self {
            issuer: issued.issuer,
            credentials: issued.credentials,
            keys: keys.ok_or(StatusPassError::Damaged)?,
            card: issued.card,
        };
        let is_whole = (1..=MOST_CREDENTIALS).contains(&pass.credentials.len())
            && pass.keys.len() == pass.credentials.len()
            && pass.credentials.windows(2).all(|pair| pair[0].day() < pair[1].day())
            && pass
                .credentials
                .iter()
                .zip(&pass.keys)
                .all(|(credential, key)| credential.holder() == key.public() && credential.is_signed_by(&pass.issuer));
        is_whole.then_some(pass).ok_or(StatusPassError::Damaged)
    }

    /// The pass with its keys as bytes, for a vault to seal.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let issued = Issued {
            version: VERSION,
            issuer: self.issuer,
            credentials: self.credentials.clone(),
            keys: self
                .keys
                .iter()
                .map(|key| serde_bytes::ByteBuf::from(key.to_pkcs8()))
                .collect(),
            card: self.card.clone(),
        };
        issued.to_bytes()
    }

    /// Reads what [`Pass::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`StatusPassError`]: of a newer version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatusPassError> {
        Self::of_issued(Issued::from_bytes(bytes)?)
    }

    /// The municipality that issued the pass, and its key.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// A SMART Health Card of the same doses, for checkers who know only that.
    pub fn card(&self) -> Option<&str> {
        self.card.as_deref()
    }

    /// When its last credential ends, in Unix seconds.
    pub fn expires_at(&self) -> i64 {
        self.credentials.last().map_or(0, Credential::expires_at)
    }

    /// What it says on the day of `now` (Unix seconds).
    ///
    /// # Errors
    /// [`StatusPassError::Expired`] where it has no credential for that day.
    pub fn credential(&self, now: i64) -> Result<&Credential, StatusPassError> {
        self.credentials
            .iter()
            .find(|credential| i64::from(credential.day()) == japan_day::day(now))
            .ok_or(StatusPassError::Expired)
    }

    /// Shows fields of the credential of `now`'s day. See [`Credential::present`].
    ///
    /// # Errors
    /// [`StatusPassError`].
    pub fn present(&self, fields: &[Field], nonce: Option<&str>, now: i64) -> Result<Presentation, StatusPassError> {
        let credential = self.credential(now)?;
        let key = self.keys.iter().find(|key| key.public() == credential.holder());
        credential.present(&self.issuer, fields, nonce, key.ok_or(StatusPassError::Damaged)?, now)
    }
}

impl Issued {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::new());
        ciborium::into_writer(self, &mut *out).expect("writing to memory does not fail");
        out
    }

    fn from_bytes(mut bytes: &[u8]) -> Result<Self, StatusPassError> {
        let issued: Self = ciborium::from_reader(&mut bytes).map_err(|_| StatusPassError::Damaged)?;
        if issued.version != VERSION {
            return Err(StatusPassError::NewerVersion);
        }
        bytes.is_empty().then_some(issued).ok_or(StatusPassError::Damaged)
    }
}

impl std::fmt::Debug for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pass").finish_non_exhaustive()
    }
}
