//! Reading documents: their rows opened one by one, so that one damaged row costs only itself.

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use super::keyring::{DocumentKey, Keyring};
use super::seal::{self, Place};
use super::{DamagedKind, DamagedRow, DocumentName, OutboxEntry, StoreError, VaultError, outbox};

/// One consistent state of the vault.
pub struct Reader<'a> {
    pub(super) db: &'a Connection,
    pub(super) keyring: &'a Keyring,
    stamp: u64,
}

/// A document's rows, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// The name of the document.
    pub name: DocumentName,
    /// How often the document was rewritten without its history.
    pub generation: u64,
    /// The document's saved state; `None` while it has only a tail.
    pub snapshot: Option<Vec<u8>>,
    /// The changes since the snapshot, in the order in which they were stored.
    pub changes: Vec<Vec<u8>>,
    /// What the rows must add up to; `None` if that row is damaged.
    pub state: Option<DocumentState>,
    /// The rows that did not open. Their content is not among the others.
    pub damaged: Vec<DamagedRow>,
}

/// What a document's rows must add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentState {
    /// Automerge's heads, 32 bytes each.
    pub heads: Vec<serde_bytes::ByteArray<32>>,
    /// How many changes the document holds, those in the snapshot included.
    pub changes: u64,
    /// The number of the newest row of the tail, counted from 1 in each generation.
    pub last: u64,
    /// The heads of the generation before, at which this one was written.
    pub base: Vec<serde_bytes::ByteArray<32>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(db: &'a Connection, keyring: &'a Keyring, stamp: u64) -> Self {
        Self { db, keyring, stamp }
    }

    /// The [`super::Vault::stamp`] as of this state.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// The documents there are, with their generations, in order.
    pub fn document_names(&self) -> Vec<(DocumentName, u64)> {
        let mut names: Vec<_> = self
            .keyring
            .documents
            .iter()
            .map(|document| (document.name.clone(), document.generation))
            .collect();
        names.sort();
        names
    }

    /// A document's rows; `None` where there is no such document.
    ///
    /// # Errors
    /// A [`VaultError`] when the vault cannot be read. Damaged rows are no error: they are in the answer.
    pub fn document(&self, name: &DocumentName) -> Result<Option<StoredDocument>, VaultError> {
        let Some(document) = self.keyring.document(name) else {
            return Ok(None);
        };
        let mut stored = StoredDocument {
            name: name.clone(),
            generation: document.generation,
            snapshot: None,
            changes: Vec::new(),
            state: None,
            damaged: Vec::new(),
        };
        match self.open_rows(document, &mut stored) {
            Ok(()) => {}
            // A page of the file is damaged: what was read until then is kept.
            Err(VaultError::Store(StoreError::Damaged { .. })) => {
                stored.damaged.push(damage(document, DamagedKind::Incomplete, ""));
            }
            Err(error) => return Err(error),
        }
        Ok(Some(stored))
    }

    fn open_rows(&self, document: &DocumentKey, stored: &mut StoredDocument) -> Result<(), VaultError> {
        let id = document.id;
        let row = self.row("SELECT sealed FROM state WHERE document = ?1", id)?;
        stored.state = row.and_then(|sealed| open_state(document, sealed));
        if stored.state.is_none() {
            stored.damaged.push(damage(document, DamagedKind::State, ""));
        }
        if let Some(sealed) = self.row("SELECT sealed FROM snapshot WHERE document = ?1", id)? {
            stored.snapshot = seal::open(&document.key, Place::Snapshot(id), sealed);
            if stored.snapshot.is_none() {
                stored.damaged.push(damage(document, DamagedKind::Snapshot, ""));
            }
        }
        let mut statement = self
            .db
            .prepare_cached("SELECT number, sealed FROM change WHERE document = ?1 ORDER BY number")?;
        let rows = statement.query_map([id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        for row in rows {
            let (number, sealed) = row?;
            match seal::open(&document.key, Place::Change(id, number), sealed) {
                Some(change) => stored.changes.push(change),
                None => stored
                    .damaged
                    .push(damage(document, DamagedKind::Change, &format!(" number {number}"))),
            }
        }
        Ok(())
    }

    fn row(&self, sql: &str, id: i64) -> Result<Option<Vec<u8>>, VaultError> {
        Ok(self.db.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?)
    }

    /// What is still to be sent, oldest first.
    ///
    /// # Errors
    /// A [`VaultError`] when the vault cannot be read.
    pub fn outbox(&self) -> Result<Vec<OutboxEntry>, VaultError> {
        outbox::read(self.db, self.keyring)
    }
}

/// Opens a document's state row.
pub(super) fn open_state(document: &DocumentKey, sealed: Vec<u8>) -> Option<DocumentState> {
    let plain = seal::open(&document.key, Place::State(document.id), sealed)?;
    ciborium::from_reader(&plain[..]).ok()
}

fn damage(document: &DocumentKey, kind: DamagedKind, rest: &str) -> DamagedRow {
    DamagedRow {
        kind,
        document: Some(document.name.clone()),
        row: format!("{:016x}{rest}", document.id),
    }
}
