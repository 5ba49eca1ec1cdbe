//! Trust bundles: the keys of those who issue certificates, in one signed and dated file.
//!
//! The servers where issuers publish their keys go away, and the certificates stay. So a bundle also keeps, as an archive, what its sources listed
//! once and list no more, and says of every key when it was last seen.
//!
//! ```text
//! keys:  groups of keys that have issuer, uses, type, time seen and length of id in common
//! group: issuer:varint uses:1 type:1 seen_at:4 id_length:1 count:varint key…
//! key:   id not_before:4 not_after:4, then x y (types 0: P-256, 1: P-384), or both numbers with their lengths (2: RSA)
//! ```

use serde::{Deserialize, Serialize};

use crate::basics::keys::SigningKey;
use crate::basics::reader::{ByteReader, Unreadable, write_varint};
use crate::basics::signed::Kind;
use crate::certificates::issuer_key::{IssuerKey, IssuerPublicKey, NO_END, Uses};
use crate::trust::{AuthorityId, Role, TrustList};

const KIND: Kind = Kind {
    magic: b"TTBN",
    version: 1,
    label: b"techo trust bundle v1",
    largest: 4 << 20,
};
/// Whether a file begins like a bundle of issuers' keys.
pub fn is_form(file: &[u8]) -> bool {
    file.starts_with(KIND.magic)
}

crate::coded_errors! {
    /// What can be wrong with a trust bundle.
    pub enum TrustBundleError {
        /// It does not begin like a bundle.
        NotABundle = "trust_bundle.not_a_bundle", "This file is no bundle of issuers' keys.", "Ask the authority for its trust bundle.";
        /// It is of a later format.
        NewerVersion = "trust_bundle.newer_version", "This trust bundle is of a newer version than this program knows.", "Update Techo.";
        /// Lengths do not fit, or it cannot be read.
        Damaged = "trust_bundle.damaged", "This trust bundle is damaged.", "Fetch it again.";
        /// None of the authority's keys signed it.
        SignatureInvalid = "trust_bundle.signature_invalid", "This trust bundle was not signed by the authority that it names.", "Do not use it. Ask the authority for its trust bundle.";
        /// The one that is held is newer.
        Older = "trust_bundle.older", "This trust bundle is older than the one that is here.", "Nothing needs to be done; the newer one stays.";
        /// Nothing to put into one.
        NoKeys = "trust_bundle.no_keys", "The source holds no key that can be used.", "Give certificates, JWKs, DID documents, or a folder or list of them.";
    }
}

/// Keys of issuers, as an authority collected them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustBundle {
    /// What it holds, for people; an authority's newer bundle of a name takes the place of the older.
    pub name: String,
    /// When its sources were looked at and it was signed, in Unix seconds.
    pub signed_at: i64,
    /// The keys, those of the archive among them.
    pub keys: Vec<IssuerKey>,
    /// The authority's trust list as a file.
    pub trust_list: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Body {
    name: String,
    signed_at: i64,
    issuers: Vec<String>,
    #[serde(with = "serde_bytes")]
    keys: Vec<u8>,
    #[serde(with = "serde_bytes")]
    trust_list: Vec<u8>,
}

impl TrustBundle {
    /// Takes over what `earlier` had and this one has not: the archive. It keeps the time at which it was last seen.
    pub fn keep_from(&mut self, earlier: &Self) {
        for key in &earlier.keys {
            let is_here = |other: &IssuerKey| other.key == key.key && other.id == key.id && other.issuer == key.issuer;
            if !self.keys.iter().any(is_here) {
                self.keys.push(key.clone());
            }
        }
    }

    /// Keys that the sources did not list any more when it was signed.
    pub fn archived(&self) -> usize {
        self.keys
            .iter()
            .filter(|key| key.seen_at.is_none_or(|seen| seen < self.signed_at))
            .count()
    }

    /// Signs the bundle by a manifest key of the authority whose trust list is in it.
    pub fn write(&self, signer: &SigningKey) -> Vec<u8> {
        let mut issuers: Vec<&str> = self.keys.iter().map(|key| key.issuer.as_str()).collect();
        issuers.sort_unstable();
        issuers.dedup();
        let body = Body {
            name: self.name.clone(),
            signed_at: self.signed_at,
            keys: pack(&self.keys, &issuers),
            issuers: issuers.into_iter().map(str::to_owned).collect(),
            trust_list: self.trust_list.clone(),
        };
        KIND.write(&body, signer)
    }

    /// Reads a bundle and checks that the authority whose trust list is in it signed it. Whether that authority is to be trusted is for a
    /// person to say, or for [`Self::check_signer`] where one is followed.
    ///
    /// # Errors
    /// [`TrustBundleError`]: no bundle, of a newer version, damaged, or not signed by its authority.
    pub fn read(file: &[u8]) -> Result<Self, TrustBundleError> {
        let signed = KIND.read(file).map_err(|why| match why {
            Unreadable::Other => TrustBundleError::NotABundle,
            Unreadable::Newer => TrustBundleError::NewerVersion,
            Unreadable::TooLarge | Unreadable::Damaged => TrustBundleError::Damaged,
        })?;
        let body: Body = signed.body().ok_or(TrustBundleError::Damaged)?;
        let list = TrustList::read(&body.trust_list).map_err(|_| TrustBundleError::Damaged)?;
        if !signed.signed_by(list.keys(Role::Manifest)) {
            return Err(TrustBundleError::SignatureInvalid);
        }
        Ok(Self {
            name: body.name,
            signed_at: body.signed_at,
            keys: unpack(&body.keys, &body.issuers).ok_or(TrustBundleError::Damaged)?,
            trust_list: body.trust_list,
        })
    }

    /// Checks that a key of `list`, the newest that is known of its authority, signed `file`: what a revoked key signed does not count.
    ///
    /// # Errors
    /// [`TrustBundleError::SignatureInvalid`], or `file` is no bundle.
    pub fn check_signer(file: &[u8], list: &TrustList) -> Result<(), TrustBundleError> {
        let signed = KIND.read(file).map_err(|_| TrustBundleError::Damaged)?;
        let is_right = signed.signed_by(list.keys(Role::Manifest));
        is_right.then_some(()).ok_or(TrustBundleError::SignatureInvalid)
    }

    /// The authority that signed it.
    pub fn authority(&self) -> Option<AuthorityId> {
        TrustList::read(&self.trust_list).ok().map(|list| list.authority())
    }
}

mod key_type {
    pub const P256: u8 = 0;
    pub const P384: u8 = 1;
    pub const RSA: u8 = 2;
}

fn type_of(key: &IssuerPublicKey) -> u8 {
    match key {
        IssuerPublicKey::P256(_) => key_type::P256,
        IssuerPublicKey::P384(_) => key_type::P384,
        IssuerPublicKey::Rsa { .. } => key_type::RSA,
    }
}

/// A time in four bytes, 1970 to 2106.
fn seconds(time: i64) -> [u8; 4] {
    u32::try_from(time.clamp(0, NO_END)).unwrap_or(u32::MAX).to_be_bytes()
}

fn pack(keys: &[IssuerKey], issuers: &[&str]) -> Vec<u8> {
    // An id is a certificate's hash or a key's thumbprint; one that is longer than a byte counts names no key of any kind.
    let mut keys: Vec<&IssuerKey> = keys.iter().filter(|key| u8::try_from(key.id.len()).is_ok()).collect();
    let group = |key: &IssuerKey| {
        let issuer = issuers.binary_search(&key.issuer.as_str()).unwrap_or(0);
        (
            issuer,
            key.uses,
            type_of(&key.key),
            seconds(key.seen_at.unwrap_or(0)),
            key.id.len(),
        )
    };
    keys.sort_by(|a, b| (group(a), &a.id).cmp(&(group(b), &b.id)));
    let mut out = Vec::new();
    for keys in keys.chunk_by(|a, b| group(a) == group(b)) {
        let (issuer, uses, kind, seen_at, id_length) = group(keys[0]);
        write_varint(issuer as u64, &mut out);
        out.extend_from_slice(&[uses.0, kind]);
        out.extend_from_slice(&seen_at);
        // At most 255, by the filter above.
        out.push(u8::try_from(id_length).unwrap_or(u8::MAX));
        write_varint(keys.len() as u64, &mut out);
        for key in keys {
            out.extend_from_slice(&key.id);
            out.extend_from_slice(&seconds(key.not_before));
            out.extend_from_slice(&seconds(key.not_after));
            match &key.key {
                IssuerPublicKey::P256(point) => out.extend_from_slice(point),
                IssuerPublicKey::P384(point) => out.extend_from_slice(point),
                IssuerPublicKey::Rsa { modulus, exponent } => {
                    for number in [modulus, exponent] {
                        write_varint(number.len() as u64, &mut out);
                        out.extend_from_slice(number);
                    }
                }
            }
        }
    }
    out
}

fn unpack(bytes: &[u8], issuers: &[String]) -> Option<Vec<IssuerKey>> {
    let mut keys = Vec::with_capacity(bytes.len() / 80);
    let rest = &mut ByteReader::new(bytes);
    while !rest.is_empty() {
        let issuer = issuers.get(usize::try_from(rest.varint()?).ok()?)?;
        let [uses, kind] = rest.array()?;
        let seen_at = time(rest)?;
        let id_length = rest.byte()?;
        let count = rest.varint()?;
        for _ in 0..count {
            let id = rest.take(usize::from(id_length))?.to_vec();
            let (not_before, not_after) = (time(rest)?, time(rest)?);
            let key = match kind {
                key_type::P256 => IssuerPublicKey::P256(rest.array()?),
                key_type::P384 => IssuerPublicKey::P384(rest.array()?),
                key_type::RSA => IssuerPublicKey::Rsa {
                    modulus: number(rest)?,
                    exponent: number(rest)?,
                },
                _ => return None,
            };
            keys.push(IssuerKey {
                key,
                id,
                issuer: issuer.clone(),
                uses: Uses(uses),
                not_before,
                not_after,
                seen_at: Some(seen_at).filter(|&at| at > 0),
            });
        }
    }
    Some(keys)
}

fn time(bytes: &mut ByteReader<'_>) -> Option<i64> {
    bytes.u32().map(i64::from)
}

fn number(bytes: &mut ByteReader<'_>) -> Option<Vec<u8>> {
    let length = usize::try_from(bytes.varint()?).ok()?;
    bytes.take(length).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests;
