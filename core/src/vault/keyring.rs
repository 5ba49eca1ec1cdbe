//! The record of all row keys: the one small thing that a wrapping key seals.

use serde::{Deserialize, Serialize};
use techo_protocol::basics::secret::{self, Secret};
use zeroize::Zeroizing;

use super::seal::{self, Key, Place};
use super::{DocumentName, StoreError, VaultError};
use crate::ports::{KeyId, Random, WrappingKey, random_bytes};

/// All keys of the vault, and which document has which.
#[derive(Clone)]
pub(super) struct Keyring {
    /// This install's Automerge actor.
    pub(super) actor: [u8; 16],
    /// Makes the tags under which records and segments lie.
    pub(super) names: Key,
    /// The key that seals all records.
    pub(super) records: Key,
    /// The key that seals all segments.
    pub(super) segments: Key,
    /// The living generation of each document.
    pub(super) documents: Vec<DocumentKey>,
}

/// The living generation of one document.
#[derive(Clone)]
pub(super) struct DocumentKey {
    pub(super) name: DocumentName,
    /// Its opaque id in the tables.
    pub(super) id: i64,
    pub(super) generation: u64,
    pub(super) key: Key,
}

/// The keyring as it is sealed (CBOR). A field is only ever added, with a default.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(with = "serde_bytes")]
    actor: [u8; 16],
    #[serde(with = "secret::as_bytes")]
    names: Key,
    #[serde(with = "secret::as_bytes")]
    records: Key,
    #[serde(with = "secret::as_bytes")]
    segments: Key,
    documents: Vec<StoredDocumentKey>,
}

#[derive(Serialize, Deserialize)]
struct StoredDocumentKey {
    name: DocumentName,
    id: i64,
    generation: u64,
    #[serde(with = "secret::as_bytes")]
    key: Key,
}

/// A key of 32 random bytes.
pub(super) fn new_key(random: &dyn Random) -> Result<Key, VaultError> {
    Ok(Secret::generate(random)?)
}

impl Keyring {
    /// The keyring of a new vault: new keys, a new actor, no document.
    pub(super) fn new(random: &dyn Random) -> Result<Self, VaultError> {
        Ok(Self {
            actor: random_bytes::<16>(random)?,
            names: new_key(random)?,
            records: new_key(random)?,
            segments: new_key(random)?,
            documents: Vec::new(),
        })
    }

    /// The living generation of a document, if it has one.
    pub(super) fn document(&self, name: &DocumentName) -> Option<&DocumentKey> {
        self.documents.iter().find(|document| document.name == *name)
    }

    /// Takes a document's key out; whatever it sealed cannot be opened any more once the keyring is stored under a new wrapping key.
    pub(super) fn take(&mut self, name: &DocumentName) -> Option<DocumentKey> {
        let at = self.documents.iter().position(|document| document.name == *name)?;
        Some(self.documents.swap_remove(at))
    }

    /// Adds a generation of a document under a new id and key.
    pub(super) fn add(&mut self, name: &DocumentName, generation: u64, random: &dyn Random) -> Result<DocumentKey, VaultError> {
        // Positive, so that ids look alike; 63 random bits do not meet by chance, and the tables' keys refuse it if they do.
        let id = i64::from_be_bytes(random_bytes::<8>(random)?) & i64::MAX;
        let document = DocumentKey {
            name: name.clone(),
            id,
            generation,
            key: new_key(random)?,
        };
        self.documents.push(document.clone());
        Ok(document)
    }

    /// Seals the keyring under a wrapping key.
    pub(super) fn seal(&self, id: &KeyId, key: &WrappingKey, random: &dyn Random) -> Result<Vec<u8>, VaultError> {
        let stored = Stored {
            actor: self.actor,
            names: self.names.clone(),
            records: self.records.clone(),
            segments: self.segments.clone(),
            documents: self
                .documents
                .iter()
                .map(|document| StoredDocumentKey {
                    name: document.name.clone(),
                    id: document.id,
                    generation: document.generation,
                    key: document.key.clone(),
                })
                .collect(),
        };
        // Room for all, so that no half-grown buffer with keys in it is left behind in memory.
        let mut plain = Zeroizing::new(Vec::with_capacity(512 + 256 * self.documents.len()));
        ciborium::into_writer(&stored, &mut *plain).map_err(|_| VaultError::too_large())?;
        seal::seal(key, random, Place::Keyring(id), &plain)
    }

    /// Opens a sealed keyring.
    pub(super) fn open(id: &KeyId, key: &WrappingKey, sealed: Vec<u8>) -> Result<Self, VaultError> {
        let damaged = || StoreError::Damaged {
            rows: "the record of keys".into(),
        };
        let plain = Zeroizing::new(seal::open(key, Place::Keyring(id), sealed).ok_or_else(damaged)?);
        let stored: Stored = ciborium::from_reader(&plain[..]).map_err(|_| damaged())?;
        Ok(Self {
            actor: stored.actor,
            names: stored.names,
            records: stored.records,
            segments: stored.segments,
            documents: stored
                .documents
                .into_iter()
                .map(|document| DocumentKey {
                    name: document.name,
                    id: document.id,
                    generation: document.generation,
                    key: document.key,
                })
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SeededRandom;

    #[test]
    fn the_keyring_comes_back_under_its_wrapping_key_only() {
        let random = SeededRandom::new(1);
        let mut keyring = Keyring::new(&random).unwrap();
        keyring.add(&DocumentName::Week(2940), 3, &random).unwrap();
        keyring.add(&DocumentName::Settings, 0, &random).unwrap();
        let (id, key) = ([1; 16], new_key(&random).unwrap());
        let sealed = keyring.seal(&id, &key, &random).unwrap();
        let back = Keyring::open(&id, &key, sealed.clone()).unwrap();
        assert_eq!(back.actor, keyring.actor);
        let week = back.document(&DocumentName::Week(2940)).unwrap();
        assert_eq!(week.generation, 3);
        assert_eq!(week.key, keyring.document(&DocumentName::Week(2940)).unwrap().key);
        assert!(Keyring::open(&[2; 16], &key, sealed.clone()).is_err());
        assert!(Keyring::open(&id, &new_key(&random).unwrap(), sealed).is_err());
    }

    #[test]
    fn a_document_taken_out_is_gone() {
        let random = SeededRandom::new(2);
        let mut keyring = Keyring::new(&random).unwrap();
        keyring.add(&DocumentName::Settings, 0, &random).unwrap();
        assert!(keyring.take(&DocumentName::Settings).is_some());
        assert!(keyring.document(&DocumentName::Settings).is_none());
        assert!(keyring.take(&DocumentName::Settings).is_none());
    }
}
