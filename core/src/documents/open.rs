//! The documents that are loaded, and whether they are still what the vault holds.

use std::collections::BTreeMap;

use super::Document;
use crate::vault::{DamagedRow, DocumentName, Reader, VaultError, Writer};

/// The weeks and the settings, loaded. (Vaccine records are loaded where they are needed.)
#[derive(Default)]
pub struct Documents {
    open: BTreeMap<DocumentName, Document>,
    /// The vault's stamp that they were loaded at.
    stamp: Option<u64>,
}

impl Documents {
    /// Loads all documents anew if the vault has changed since, or nothing is loaded.
    ///
    /// # Errors
    /// A [`VaultError`] when the vault cannot be read; damaged rows are no error.
    pub fn refresh(&mut self, reader: &Reader<'_>, actor: [u8; 16]) -> Result<(), VaultError> {
        if self.stamp == Some(reader.stamp()) {
            return Ok(());
        }
        self.open.clear();
        for (name, _) in reader.document_names() {
            if matches!(name, DocumentName::Person(_)) {
                continue;
            }
            if let Some(stored) = reader.document(&name)? {
                self.open.insert(name, Document::load(stored, actor));
            }
        }
        self.stamp = Some(reader.stamp());
        Ok(())
    }

    /// Says that what is loaded is what the vault holds at this stamp, after a write of these documents.
    pub fn written_at(&mut self, stamp: u64) {
        self.stamp = Some(stamp);
    }

    /// Drops what is loaded, after a write that failed half-way.
    pub fn forget(&mut self) {
        self.open.clear();
        self.stamp = None;
    }

    /// A document by its name; `None` where it does not exist.
    pub fn get(&self, name: &DocumentName) -> Option<&Document> {
        self.open.get(name)
    }

    /// A document to be changed; a new one where it does not exist.
    pub fn change(&mut self, name: &DocumentName, actor: [u8; 16]) -> &mut Document {
        self.open
            .entry(name.clone())
            .or_insert_with(|| Document::begin(name.clone(), actor))
    }

    /// Destroys a document, here and in the vault.
    ///
    /// # Errors
    /// A [`VaultError`]; the transaction must not be committed then.
    pub fn destroy(&mut self, name: &DocumentName, writer: &mut Writer<'_>) -> Result<(), VaultError> {
        self.open.remove(name);
        writer.destroy(name)
    }

    /// The weeks there are, oldest first.
    pub fn weeks(&self) -> impl DoubleEndedIterator<Item = (u32, &Document)> {
        self.open.iter().filter_map(|(name, document)| match name {
            DocumentName::Week(week) => Some((*week, document)),
            _ => None,
        })
    }

    /// Every row of a loaded document that could not be read.
    pub fn damaged(&self) -> Vec<DamagedRow> {
        self.open
            .values()
            .flat_map(|document| document.damaged().iter().cloned())
            .collect()
    }
}
