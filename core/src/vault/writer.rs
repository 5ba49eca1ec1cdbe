//! Writing, inside one transaction that holds the write lock.

use rusqlite::{Connection, OptionalExtension};
use serde_bytes::ByteArray;

use super::keyring::{self, DocumentKey, Keyring};
use super::reader::{self, DocumentState, Reader};
use super::seal::{self, Place};
use super::{DocumentName, StoreError, VaultError, outbox};
use crate::ports::Random;

/// One open transaction; see [`super::Vault::write`].
pub struct Writer<'a> {
    pub(super) db: &'a Connection,
    pub(super) keyring: &'a mut Keyring,
    pub(super) random: &'a dyn Random,
    pub(super) effects: Effects,
    stamp: u64,
}

/// What a transaction has to do besides its rows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Effects {
    /// The keyring has changed.
    pub(super) keyring: bool,
    /// A document has changed.
    pub(super) documents: bool,
    /// What was deleted, and so which keys have to go.
    pub(super) forgets: Forgets,
}

/// What a transaction has deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Forgets {
    #[default]
    Nothing,
    /// Generations of documents, whose keys go: a new wrapping key is due.
    Documents,
    /// Records: those that stay get a new key besides.
    RecordsToo,
}

impl Effects {
    /// Whether a new wrapping key is due.
    pub(super) fn forgets(self) -> bool {
        self.forgets != Forgets::Nothing
    }

    fn forgets_document(&mut self) {
        self.forgets = self.forgets.max(Forgets::Documents);
    }
}

/// A change to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewChange<'a> {
    /// The change as Automerge saves it.
    pub bytes: &'a [u8],
    /// Whether this device made it, and so has to send it.
    pub local: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(db: &'a Connection, keyring: &'a mut Keyring, random: &'a dyn Random, stamp: u64) -> Self {
        Self {
            db,
            keyring,
            random,
            effects: Effects::default(),
            stamp,
        }
    }

    pub(super) fn effects(&self) -> Effects {
        self.effects
    }

    /// The state as it is now, what this transaction has written included.
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(self.db, self.keyring, self.stamp)
    }

    /// The vault's random source.
    pub fn random(&self) -> &'a dyn Random {
        self.random
    }

    /// This install's Automerge actor.
    pub fn actor(&self) -> [u8; 16] {
        self.keyring.actor
    }

    /// Adds changes to a document's tail, with the heads and the count of changes that it then has, and queues the local
    /// ones to be sent. A document that does not exist begins here, with generation 0.
    ///
    /// # Errors
    /// A [`VaultError`]; the transaction must not be committed then.
    pub fn append(
        &mut self,
        name: &DocumentName,
        changes: &[NewChange<'_>],
        heads: &[[u8; 32]],
        count: u64,
    ) -> Result<(), VaultError> {
        self.effects.documents = true;
        let (document, mut state) = match self.keyring.document(name).cloned() {
            Some(document) => {
                let state = self.state(&document)?;
                (document, state)
            }
            None => (self.begin(name, 0)?, DocumentState::default()),
        };
        let mut insert = self
            .db
            .prepare_cached("INSERT INTO change (document, number, sealed) VALUES (?1, ?2, ?3)")?;
        for change in changes {
            state.last += 1;
            let number = i64::try_from(state.last).map_err(|_| VaultError::too_large())?;
            let sealed = seal::seal(&document.key, self.random, Place::Change(document.id, number), change.bytes)?;
            insert.execute((document.id, number, sealed))?;
            if change.local {
                outbox::queue_change(self.db, document.id, number)?;
            }
        }
        state.heads = byte_arrays(heads);
        state.changes = count;
        self.put_state(&document, &state)
    }

    /// Puts a snapshot in the place of a document's whole tail, within the same generation and with the same heads.
    ///
    /// # Errors
    /// A [`VaultError`]; the transaction must not be committed then.
    pub fn compact(&mut self, name: &DocumentName, snapshot: &[u8], heads: &[[u8; 32]], count: u64) -> Result<(), VaultError> {
        self.effects.documents = true;
        let document = match self.keyring.document(name).cloned() {
            Some(document) => document,
            None => self.begin(name, 0)?,
        };
        let mut state = self.state(&document)?;
        self.put_snapshot(&document, snapshot)?;
        self.delete_rows("change", document.id)?;
        if outbox::has_entries(self.db, document.id)? {
            // Changes that were to be sent one by one are now only in the snapshot.
            outbox::queue_whole(self.db, &document)?;
        }
        state.heads = byte_arrays(heads);
        state.changes = count;
        self.put_state(&document, &state)
    }

    /// Replaces a document by its next generation, under a new id and a new key: what only the old one held is gone once
    /// the transaction is committed. `base` are the heads of the old generation that the new one was made from.
    ///
    /// # Errors
    /// A [`VaultError`]; the transaction must not be committed then.
    pub fn renew(
        &mut self,
        name: &DocumentName,
        snapshot: &[u8],
        heads: &[[u8; 32]],
        count: u64,
        base: &[[u8; 32]],
    ) -> Result<u64, VaultError> {
        self.effects.documents = true;
        let generation = match self.keyring.take(name) {
            Some(old) => {
                self.delete_document(old.id)?;
                self.effects.forgets_document();
                old.generation.saturating_add(1)
            }
            None => 0,
        };
        let document = self.begin(name, generation)?;
        self.put_snapshot(&document, snapshot)?;
        let state = DocumentState {
            heads: byte_arrays(heads),
            changes: count,
            last: 0,
            base: byte_arrays(base),
        };
        self.put_state(&document, &state)?;
        Ok(generation)
    }

    /// Destroys a document with its key. Destroying one that is not there is done already.
    ///
    /// ```
    /// use techo_testing::NOW;
    /// use techo_core::vaccine::people;
    /// use techo_core::vault::{DocumentName, VaultError};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let mut vault = techo_testing::vault(folder.path())?;
    /// people::add(&mut vault, "Aki", None, NOW)?;
    /// vault.write(|writer| writer.destroy(&DocumentName::Settings))?;
    /// let names = vault.read(|reader| Ok::<_, VaultError>(reader.document_names()))?;
    /// assert!(names.is_empty(), "and its key is gone with it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`VaultError`]; the transaction must not be committed then.
    pub fn destroy(&mut self, name: &DocumentName) -> Result<(), VaultError> {
        if let Some(document) = self.keyring.take(name) {
            self.effects.documents = true;
            self.effects.forgets_document();
            self.delete_document(document.id)?;
        }
        Ok(())
    }

    /// Takes an entry out of the outbox, once the relay or a peer has it.
    ///
    /// ```
    /// use techo_testing::NOW;
    /// use techo_core::vaccine::people;
    /// use techo_core::vault::VaultError;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let mut vault = techo_testing::vault(folder.path())?;
    /// people::add(&mut vault, "Aki", None, NOW)?;
    /// let waiting = vault.read(|reader| reader.outbox())?;
    /// assert_eq!((waiting.len(), waiting[0].change), (1, None), "what was never sent goes as a whole");
    /// vault.write(|writer| writer.sent(waiting[0].place))?;
    /// assert!(vault.read(|reader| Ok::<_, VaultError>(reader.outbox()?.is_empty()))?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`VaultError`]; the transaction must not be committed then.
    pub fn sent(&mut self, place: i64) -> Result<(), VaultError> {
        outbox::remove(self.db, place)
    }

    /// Takes all of a document's entries out of the outbox: what it holds is queued otherwise, or came from others.
    ///
    /// # Errors
    /// A [`VaultError`]; the transaction must not be committed then.
    pub fn nothing_to_send(&mut self, name: &DocumentName) -> Result<(), VaultError> {
        match self.keyring.document(name) {
            Some(document) => outbox::remove_document(self.db, document.id),
            None => Ok(()),
        }
    }

    /// Gives this install a new Automerge actor, as it must have after a restore: with the old one's numbers used again,
    /// documents would never merge.
    ///
    /// # Errors
    /// A [`VaultError`] when there is no randomness.
    pub fn renew_actor(&mut self) -> Result<(), VaultError> {
        self.keyring.actor = crate::ports::random_bytes(self.random)?;
        self.effects.keyring = true;
        self.effects.documents = true;
        Ok(())
    }

    fn begin(&mut self, name: &DocumentName, generation: u64) -> Result<DocumentKey, VaultError> {
        let document = self.keyring.add(name, generation, self.random)?;
        self.effects.keyring = true;
        outbox::queue_whole(self.db, &document)?;
        Ok(document)
    }

    fn state(&self, document: &DocumentKey) -> Result<DocumentState, VaultError> {
        let sealed = self
            .db
            .prepare_cached("SELECT sealed FROM state WHERE document = ?1")?
            .query_row([document.id], |row| row.get(0))
            .optional()?;
        let Some(sealed) = sealed else {
            return Ok(DocumentState::default());
        };
        let damaged = || {
            StoreError::Damaged {
                rows: format!("state of document {:016x}", document.id),
            }
            .into()
        };
        reader::open_state(document, sealed).ok_or_else(damaged)
    }

    fn put_state(&self, document: &DocumentKey, state: &DocumentState) -> Result<(), VaultError> {
        let mut plain = Vec::new();
        ciborium::into_writer(state, &mut plain).map_err(|_| VaultError::too_large())?;
        let sealed = seal::seal(&document.key, self.random, Place::State(document.id), &plain)?;
        self.db
            .prepare_cached("REPLACE INTO state (document, sealed) VALUES (?1, ?2)")?
            .execute((document.id, sealed))?;
        Ok(())
    }

    fn put_snapshot(&self, document: &DocumentKey, snapshot: &[u8]) -> Result<(), VaultError> {
        let sealed = seal::seal(&document.key, self.random, Place::Snapshot(document.id), snapshot)?;
        self.db
            .prepare_cached("REPLACE INTO snapshot (document, sealed) VALUES (?1, ?2)")?
            .execute((document.id, sealed))?;
        Ok(())
    }

    fn delete_rows(&self, table: &str, document: i64) -> Result<(), VaultError> {
        self.db
            .execute(&format!("DELETE FROM {table} WHERE document = ?1"), [document])?;
        Ok(())
    }

    fn delete_document(&self, id: i64) -> Result<(), VaultError> {
        for table in ["snapshot", "state", "change", "outbox"] {
            self.delete_rows(table, id)?;
        }
        Ok(())
    }

    /// Gives the records a new key if one of them was deleted.
    pub(super) fn reseal_records(&mut self) -> Result<(), VaultError> {
        if self.effects.forgets != Forgets::RecordsToo {
            return Ok(());
        }
        let new = keyring::new_key(self.random)?;
        self.move_records_to(&new)?;
        self.keyring.records = new;
        Ok(())
    }
}

fn byte_arrays(hashes: &[[u8; 32]]) -> Vec<ByteArray<32>> {
    hashes.iter().copied().map(ByteArray::new).collect()
}
