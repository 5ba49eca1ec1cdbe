//! A door: whether what is shown there is to be believed, now. It remembers nothing but hashes of what it saw, for two minutes.
//!
//! Where a door is asked again and again by a program that ends in between, its memory is kept ([`Door::to_bytes`]):
//!
//! ```text
//! version:1 (hash:32 seen at:8, Unix seconds)*
//! ```

use std::collections::BTreeMap;

use super::credential::{Issuer, expires_at, not_before};
use super::{CredentialId, Presentation, REMEMBERED_SECONDS, SHOWN_SECONDS, StatusPassError, Value};
use crate::basics::japan_day;
use crate::basics::keys::sha256;
use crate::basics::reader::ByteReader;
use crate::trust::AuthorityId;

/// Why a shown pass is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refused {
    /// No trusted municipality has the key that it names.
    UnknownKey,
    /// A trusted municipality has the key that it names, and did not sign this.
    SignatureInvalid,
    /// The phone that holds the pass did not sign it, or not for this check.
    NotBound,
    /// Signed more than a minute ago: perhaps a picture of another phone's screen.
    TooOld,
    /// The phone's clock and this one are more than a minute apart.
    ClocksDiffer,
    /// Before the day of the credential.
    NotYetValid,
    /// After the day of the credential, or after the last day of what it says.
    Expired,
    /// Its id is published as revoked.
    Revoked,
    /// The same pass was shown here within the last two minutes.
    AlreadyShown,
}

impl Refused {
    /// Whether nothing is wrong by it, and it only says why nobody here can tell.
    pub fn leaves_open(&self) -> bool {
        matches!(self, Self::UnknownKey | Self::ClocksDiffer)
    }
}

/// What a door found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Who issued it; none where no trusted key fits.
    pub authority: Option<AuthorityId>,
    /// What is against it; empty where all that was checked holds.
    pub refused: Vec<Refused>,
    /// What was shown. Not to be believed where something is against it.
    pub values: Vec<Value>,
}

/// The version of a kept memory.
const VERSION: u8 = 1;
const HASH_BYTES: usize = 32;

/// A checker's memory of the last two minutes.
///
/// ```
/// use techo_protocol::basics::{p256::P256Key, random::SystemRandom};
/// use techo_protocol::{trust::AuthorityId, vaccination::status_pass::*};
/// let (town, key, noon) = (AuthorityId([7; 16]), P256Key::generate()?, 1_633_143_600);
/// let says = |_day| vec![Value::Status(Status::Vaccinated), Value::Doses(2)];
/// let issued = PassFile::issue((town, &key), None, &says, None, noon, &SystemRandom::new())?;
/// let pass = Pass::open(&issued.file, None)?;
/// let shown = Presentation::read(&pass.present(&[Field::Status], None, noon)?.to_text())?;
///
/// let issuer = Issuer { authority: town, key: key.public() };
/// let mut door = Door::default();
/// let seen = door.check(&shown, &[issuer], None, |_, _| false, noon);
/// assert!(seen.refused.is_empty());
/// assert_eq!(seen.values, [Value::Status(Status::Vaccinated)], "and not how many doses");
/// let again = door.check(&shown, &[issuer], None, |_, _| false, noon + 5);
/// assert_eq!(again.refused, [Refused::AlreadyShown]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Door {
    seen: BTreeMap<[u8; HASH_BYTES], i64>,
}

impl Door {
    /// Forgets what was shown more than two minutes before or after `now`, in Unix seconds.
    pub fn forget(&mut self, now: i64) {
        self.seen
            .retain(|_, at| now.abs_diff(*at) <= REMEMBERED_SECONDS.unsigned_abs());
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// The memory as bytes, for a vault to seal.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        for (hash, at) in &self.seen {
            out.extend_from_slice(hash);
            out.extend_from_slice(&at.to_be_bytes());
        }
        out
    }

    /// Reads what [`Door::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`StatusPassError`]: of a newer version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatusPassError> {
        let mut rest = ByteReader::new(bytes);
        let version = rest.byte().ok_or(StatusPassError::Damaged)?;
        if version > VERSION {
            return Err(StatusPassError::NewerVersion);
        }
        let mut seen = BTreeMap::new();
        while !rest.is_empty() {
            let (Some(hash), Some(at)) = (rest.array(), rest.array()) else {
                return Err(StatusPassError::Damaged);
            };
            seen.insert(hash, i64::from_be_bytes(at));
        }
        (version == VERSION).then_some(Self { seen }).ok_or(StatusPassError::Damaged)
    }

    /// Checks a code at `now` (Unix seconds). `nonce` is what the phone was asked to sign, for a strict check; without one it is a quick check, which
    /// refuses what it has already seen. `is_revoked` is asked only for credentials that a trusted issuer signed.
    pub fn check(
        &mut self,
        shown: &Presentation,
        issuers: &[Issuer],
        nonce: Option<&str>,
        is_revoked: impl FnOnce(AuthorityId, CredentialId) -> bool,
        now: i64,
    ) -> Checked {
        let mut refused = Vec::new();
        let named: Vec<&Issuer> = issuers.iter().filter(|issuer| issuer.key_id() == shown.key_id).collect();
        let issuer = named.iter().find(|issuer| shown.is_issued_by(issuer));
        match issuer {
            None if named.is_empty() => refused.push(Refused::UnknownKey),
            None => refused.push(Refused::SignatureInvalid),
            Some(issuer) => {
                if shown.is_nonce_given != nonce.is_some() || !shown.is_bound(issuer, nonce) {
                    refused.push(Refused::NotBound);
                }
                if is_revoked(issuer.authority, shown.id) {
                    refused.push(Refused::Revoked);
                }
            }
        }
        refused.extend(moment(shown, nonce.is_some(), now));
        refused.extend(days(shown, now));
        // What fails otherwise is not remembered, or a forged code could shut out the pass whose number it bears.
        if refused.is_empty() && nonce.is_none() && self.has_seen(shown, now) {
            refused.push(Refused::AlreadyShown);
        }
        Checked {
            authority: issuer.map(|issuer| issuer.authority),
            refused,
            values: shown.values().cloned().collect(),
        }
    }

    /// Whether this credential was shown in the last two minutes. A code that was signed anew is of the same pass, and counts.
    fn has_seen(&mut self, shown: &Presentation, now: i64) -> bool {
        self.forget(now);
        let hash = sha256(&[&shown.key_id[..], &shown.id.0].concat());
        let is_seen = self.seen.contains_key(&hash);
        self.seen.entry(hash).or_insert(now);
        is_seen
    }
}

/// What is against the moment at which the phone signed.
fn moment(shown: &Presentation, is_strict: bool, now: i64) -> Option<Refused> {
    let age = now.saturating_sub(i64::from(shown.signed_at));
    if age < -SHOWN_SECONDS {
        Some(Refused::ClocksDiffer)
    } else if age <= SHOWN_SECONDS {
        None
    } else if is_strict {
        // The nonce was made for this check, so it was signed just now, whatever the phone's clock says.
        Some(Refused::ClocksDiffer)
    } else {
        Some(Refused::TooOld)
    }
}

/// What is against the days that it is for.
fn days(shown: &Presentation, now: i64) -> Option<Refused> {
    let today = japan_day::date(japan_day::day(now));
    let is_over = |value: &Value| match value {
        Value::ValidUntil(last) => today.is_none_or(|today| today > *last),
        _ => false,
    };
    if now < not_before(shown.day) {
        Some(Refused::NotYetValid)
    } else if now >= expires_at(shown.day) || shown.values().any(is_over) {
        Some(Refused::Expired)
    } else {
        None
    }
}
