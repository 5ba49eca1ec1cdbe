//! One day's SD-JWT: its content, and the one text that it has.

use serde::{Deserialize, Serialize};

use super::field::Value;
use super::{DAY_MARGIN_SECONDS, DIGESTS, Field, StatusPassError};
use crate::basics::japan_day;
use crate::basics::jwk::base64url;
use crate::basics::keys::sha256;
use crate::basics::p256::{P256_SIGNATURE_BYTES, P256Key, P256Public};
use crate::basics::random::{Random, random_bytes};
use crate::trust::{AuthorityId, Municipality, TrustList};

pub(super) const SALT_BYTES: usize = 16;

/// A credential's number: random, so that it says nothing, and published where the credential is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CredentialId(#[serde(with = "serde_bytes")] pub [u8; 8]);

/// Who issues, and with which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Issuer {
    /// The authority of the municipality that issues.
    pub authority: AuthorityId,
    /// Its key for status passes.
    pub key: P256Public,
}

impl Issuer {
    /// The issuers that a trust list names: none for an authority that is no municipality.
    pub fn of_list(list: &TrustList) -> impl Iterator<Item = Self> {
        let keys = list.municipality.iter().flat_map(Municipality::status_keys);
        // A compressed point is no key here: nobody who issues writes one.
        keys.filter_map(|key| P256Public::of_point(&key.point)).map(|key| Self {
            authority: list.authority(),
            key,
        })
    }

    /// By what a code names the key: the first bytes of its thumbprint.
    pub(super) fn key_id(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.key.thumbprint();
        [a, b, c, d]
    }
}

/// A field, and the salt that keeps its digest from being guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Disclosure {
    #[serde(with = "serde_bytes")]
    pub salt: [u8; SALT_BYTES],
    pub value: Value,
}

impl Disclosure {
    /// The disclosure as it stands in an SD-JWT (RFC 9901, section 4.2.1).
    pub fn to_text(&self) -> String {
        let json = format!(
            r#"["{}","{}",{}]"#,
            base64url(&self.salt),
            self.value.field().name(),
            self.value.to_json()
        );
        base64url(json.as_bytes())
    }

    /// Its digest (RFC 9901, section 4.2.3).
    pub fn digest(&self) -> [u8; 32] {
        sha256(self.to_text().as_bytes())
    }
}

/// A signed SD-JWT with all its disclosures, for one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    pub(super) id: CredentialId,
    pub(super) day: u16,
    pub(super) holder: P256Public,
    pub(super) disclosures: Vec<Disclosure>,
    pub(super) decoys: Vec<serde_bytes::ByteArray<32>>,
    #[serde(with = "serde_bytes")]
    pub(super) signature: [u8; P256_SIGNATURE_BYTES],
}

/// What a credential is made from.
#[derive(Debug, Clone, Copy)]
pub struct NewCredential<'a> {
    /// Its day: Japan's, counted from 1970-01-01.
    pub day: u16,
    /// The key that must sign when it is shown.
    pub holder: P256Public,
    /// What it says, each field at most once.
    pub values: &'a [Value],
}

impl NewCredential<'_> {
    /// Draws id, salts and decoys, and signs.
    ///
    /// # Errors
    /// [`StatusPassError::CannotBeWritten`] for values that none holds or that are there twice, [`StatusPassError::NoRandomness`].
    pub fn sign(&self, authority: AuthorityId, key: &P256Key, random: &dyn Random) -> Result<Credential, StatusPassError> {
        let mut values: Vec<&Value> = self.values.iter().collect();
        values.sort_by_key(|value| value.field());
        let is_once = values.windows(2).all(|pair| pair[0].field() != pair[1].field());
        if !is_once || !values.iter().all(|value| value.is_possible()) {
            return Err(StatusPassError::CannotBeWritten);
        }
        let mut disclosures = Vec::new();
        for value in values {
            disclosures.push(Disclosure {
                salt: random_bytes(random)?,
                value: value.clone(),
            });
        }
        let mut decoys = Vec::new();
        while disclosures.len() + decoys.len() < DIGESTS {
            decoys.push(serde_bytes::ByteArray::new(random_bytes(random)?));
        }
        let mut credential = Credential {
            id: CredentialId(random_bytes(random)?),
            day: self.day,
            holder: self.holder,
            disclosures,
            decoys,
            signature: [0; P256_SIGNATURE_BYTES],
        };
        let issuer = Issuer {
            authority,
            key: key.public(),
        };
        let message = signing_input(
            &issuer,
            credential.id,
            credential.day,
            &credential.holder,
            &credential.digests(),
        );
        credential.signature = key.sign(message.as_bytes())?;
        Ok(credential)
    }
}

impl Credential {
    /// The credential's number, by which it can be revoked.
    pub fn id(&self) -> CredentialId {
        self.id
    }

    /// Its day: Japan's, counted from 1970-01-01.
    pub fn day(&self) -> u16 {
        self.day
    }

    /// The key that must sign when it is shown.
    pub fn holder(&self) -> P256Public {
        self.holder
    }

    /// What it says, in the order of the fields' numbers.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.disclosures.iter().map(|disclosure| &disclosure.value)
    }

    /// When it ends, in Unix seconds: its id need not be published after that.
    pub fn expires_at(&self) -> i64 {
        expires_at(self.day)
    }

    /// Every digest, ascending: their order says nothing of the fields'.
    pub(super) fn digests(&self) -> Vec<[u8; 32]> {
        let fields = self.disclosures.iter().map(Disclosure::digest);
        let mut digests: Vec<[u8; 32]> = fields.chain(self.decoys.iter().map(|decoy| **decoy)).collect();
        digests.sort_unstable();
        digests
    }

    /// Whether it is whole and `issuer` signed it.
    pub fn is_signed_by(&self, issuer: &Issuer) -> bool {
        let fields: Vec<Field> = self.values().map(Value::field).collect();
        let is_whole = self.disclosures.len() + self.decoys.len() == DIGESTS
            && fields.windows(2).all(|pair| pair[0] < pair[1])
            && self.values().all(Value::is_possible);
        is_whole && {
            let message = signing_input(issuer, self.id, self.day, &self.holder, &self.digests());
            issuer.key.verifies(message.as_bytes(), &self.signature)
        }
    }
}

/// From when to when a day's credential counts, in Unix seconds.
pub(super) fn not_before(day: u16) -> i64 {
    japan_day::start_of(i64::from(day)) - DAY_MARGIN_SECONDS
}

/// Until when a day's credential counts, in Unix seconds; [`not_before`] says from when.
pub(super) fn expires_at(day: u16) -> i64 {
    japan_day::start_of(i64::from(day) + 1) + DAY_MARGIN_SECONDS
}

/// Header and payload of the issuer's JWT, in the one form that they have.
pub(super) fn signing_input(issuer: &Issuer, id: CredentialId, day: u16, holder: &P256Public, digests: &[[u8; 32]]) -> String {
    let header = format!(
        r#"{{"alg":"ES256","kid":"{}","typ":"dc+sd-jwt"}}"#,
        base64url(&issuer.key.thumbprint())
    );
    let digests: Vec<String> = digests.iter().map(|digest| format!("\"{}\"", base64url(digest))).collect();
    let payload = format!(
        r#"{{"iss":"urn:techo:authority:{}","nbf":{},"exp":{},"vct":"urn:techo:status:1","jti":"{}","_sd_alg":"sha-256","_sd":[{}],"cnf":{{"jwk":{}}}}}"#,
        issuer.authority,
        not_before(day),
        expires_at(day),
        base64url(&id.0),
        digests.join(","),
        holder.to_jwk(),
    );
    format!("{}.{}", base64url(header.as_bytes()), base64url(payload.as_bytes()))
}
