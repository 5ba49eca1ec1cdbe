//! Documents: what a household shares, as Automerge documents of one flat map each.
//!
//! One document a week of visits, fixed by the check-in; one for settings and people; one a person for the vaccine record. A document is loaded from its
//! snapshot and its tail in one go, read by range, and written as one change a commit. Automerge keeps everything that
//! was ever in a document, so to delete something is to write the document anew, without its history, as the next
//! generation ([`Document::rewrite`]).

mod carry;
pub mod entry_id;
pub mod flat;
pub mod keys;
mod open;
pub mod record;
pub mod settings;
pub mod stamps;
pub mod week;

use automerge::transaction::Transactable;
use automerge::{
    ActorId, AutoCommit, AutomergeError, Change, ChangeHash, LoadOptions, OnPartialLoad, ROOT, ReadDoc, ScalarValue,
};

pub use carry::Whose;
pub use entry_id::{EntryId, ID_CHARS, NotAnId};
pub use flat::Row;
pub use open::Documents;

use crate::vault::{DamagedKind, DamagedRow, DocumentName, NewChange, StoreError, StoredDocument, VaultError, Writer};

/// The longest tail: one change more, and the document is stored as a snapshot. (64 changes of a check-in are some 20 kB,
/// and loading them takes a tenth of a millisecond more than a snapshot does.)
pub const LONGEST_TAIL: usize = 64;

/// Days for which tombstones of settings and people are kept; those of visits die with their document.
pub const TOMBSTONE_DAYS: i64 = 180;

/// A document of the vault, loaded into memory.
pub struct Document {
    name: DocumentName,
    doc: AutoCommit,
    /// Heads at the last save.
    saved: Vec<ChangeHash>,
    tail: usize,
    damaged: Vec<DamagedRow>,
}

impl Document {
    /// A document that does not exist yet; it does once it is saved with something in it.
    pub fn begin(name: DocumentName, actor: [u8; 16]) -> Self {
        Self {
            name,
            doc: AutoCommit::new().with_actor(ActorId::from(actor)),
            saved: Vec::new(),
            tail: 0,
            damaged: Vec::new(),
        }
    }

    /// Loads a document from its rows, and checks that they add up to the heads and the count that were stored:
    /// Automerge alone would pass over what is missing. What does not is said by [`Self::damaged`].
    pub fn load(stored: StoredDocument, actor: [u8; 16]) -> Self {
        let mut damaged = stored.damaged;
        let tail = stored.changes.len();
        let mut bytes = stored.snapshot.unwrap_or_default();
        for change in &stored.changes {
            bytes.extend_from_slice(change);
        }
        let mut doc = AutoCommit::load(&bytes)
            // Where rows are missing, what can be read without them.
            .or_else(|_| AutoCommit::load_with_options(&bytes, LoadOptions::new().on_partial_load(OnPartialLoad::Ignore)))
            .unwrap_or_default()
            .with_actor(ActorId::from(actor));
        let saved = doc.get_heads();
        let complete = stored.state.is_some_and(|state| {
            let mut expected: Vec<[u8; 32]> = state.heads.iter().map(|head| head.into_array()).collect();
            expected.sort_unstable();
            expected == hashes(&saved) && state.changes == doc.stats().num_changes
        });
        if !complete && damaged.is_empty() {
            damaged.push(DamagedRow {
                kind: DamagedKind::Incomplete,
                document: Some(stored.name.clone()),
                row: format!("generation {}", stored.generation),
            });
        }
        Self {
            name: stored.name,
            doc,
            saved,
            tail,
            damaged,
        }
    }

    /// The document's name, the same on all devices.
    pub fn name(&self) -> &DocumentName {
        &self.name
    }

    /// The rows of the vault that could not be read; what they held is missing here.
    pub fn damaged(&self) -> &[DamagedRow] {
        &self.damaged
    }

    /// The rows that exist.
    pub fn rows(&self) -> Vec<Row<'_>> {
        flat::rows(&self.doc)
    }

    /// Whether the row was deleted.
    pub fn is_buried(&self, id: &EntryId) -> bool {
        flat::is_buried(&self.doc, id)
    }

    /// The value that stands under a key; `None` where nothing does.
    pub fn get(&self, key: &str) -> Option<ScalarValue> {
        match self.doc.get(ROOT, key) {
            Ok(Some((automerge::Value::Scalar(value), _))) => {
                Some(value.into_owned()).filter(|value| *value != ScalarValue::Null)
            }
            _ => None,
        }
    }

    /// Sets a key, unless it has that value already.
    ///
    /// ```
    /// use techo_core::documents::Document;
    /// use techo_core::vault::DocumentName;
    ///
    /// let mut document = Document::begin(DocumentName::Settings, [1; 16]);
    /// document.set("s/keep", 30)?;
    /// assert_eq!(document.get("s/keep"), Some(30.into()));
    /// document.unset("s/keep")?;
    /// assert_eq!(document.get("s/keep"), None);
    /// # Ok::<(), techo_core::vault::VaultError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Io`] if Automerge refuses, which no scalar in a root map makes it do.
    pub fn set(&mut self, key: &str, value: impl Into<ScalarValue>) -> Result<(), VaultError> {
        let value = value.into();
        if self.get(key).as_ref() != Some(&value) {
            self.doc.put(ROOT, key, value).map_err(|error| refused(&error))?;
        }
        Ok(())
    }

    /// Clears a key, if it has a value: it is null from then on. The value stays in the document's history until that is rewritten.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn unset(&mut self, key: &str) -> Result<(), VaultError> {
        if self.get(key).is_some() {
            self.doc.put(ROOT, key, ScalarValue::Null).map_err(|error| refused(&error))?;
        }
        Ok(())
    }

    /// Buries a row under a tombstone; with [`Self::rewrite`] it is then gone. `mark` is what the tombstone holds: no
    /// more than is needed to know when it may go.
    ///
    /// ```
    /// use techo_core::documents::{Document, EntryId};
    /// use techo_core::vault::DocumentName;
    ///
    /// let mut document = Document::begin(DocumentName::Settings, [1; 16]);
    /// let id = EntryId([7; 16]);
    /// document.bury(&id, 20_000)?;
    /// assert!(document.is_buried(&id));
    /// # Ok::<(), techo_core::vault::VaultError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn bury(&mut self, id: &EntryId, mark: impl Into<ScalarValue>) -> Result<(), VaultError> {
        self.set(&keys::tombstone_key(id), mark)
    }

    /// Takes in changes of other devices, in any order; those that are here already change nothing.
    ///
    /// ```
    /// use techo_core::documents::Document;
    /// use techo_core::vault::DocumentName;
    ///
    /// let mut here = Document::begin(DocumentName::Week(2_900), [1; 16]);
    /// here.set("s/keep", 30)?;
    /// let mut there = Document::begin(DocumentName::Week(2_900), [2; 16]);
    /// there.take_in(&here.changes())?;
    /// assert_eq!(there.get("s/keep"), Some(30.into()));
    /// # Ok::<(), techo_core::vault::VaultError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Io`] if one of them is no change, or contradicts what is here.
    pub fn take_in(&mut self, changes: &[Vec<u8>]) -> Result<(), VaultError> {
        let changes: Vec<Change> = changes
            .iter()
            .map(|bytes| Change::from_bytes(bytes.clone()))
            .collect::<Result<_, _>>()
            .map_err(|_| StoreError::Io {
                reason: "not a change".into(),
            })?;
        self.doc.apply_changes(changes).map_err(|error| refused(&error))
    }

    /// All changes of this generation, as they are sent to another device.
    pub fn changes(&mut self) -> Vec<Vec<u8>> {
        self.doc
            .get_changes(&[])
            .iter()
            .map(|change| change.raw_bytes().to_vec())
            .collect()
    }

    /// Stores what has changed since the document was loaded or last saved: as changes of the tail, and as a snapshot
    /// once the tail is longer than [`LONGEST_TAIL`]. A damaged document is rewritten instead, from what could be read.
    ///
    /// # Errors
    /// A [`VaultError`]; this document and the transaction must be dropped then.
    pub fn save(&mut self, writer: &mut Writer<'_>) -> Result<(), VaultError> {
        if !self.damaged.is_empty() {
            return self.rewrite(writer);
        }
        self.doc.commit();
        let changes = self.doc.get_changes(&self.saved);
        if changes.is_empty() {
            return Ok(());
        }
        let (heads, count) = self.heads_and_count();
        let actor = self.doc.get_actor();
        let new: Vec<NewChange<'_>> = changes
            .iter()
            .map(|change| NewChange {
                bytes: change.raw_bytes(),
                local: change.actor_id() == actor,
            })
            .collect();
        writer.append(&self.name, &new, &heads, count)?;
        self.tail += new.len();
        self.saved = self.doc.get_heads();
        if self.tail > LONGEST_TAIL {
            writer.compact(&self.name, &self.doc.document().save_nocompress(), &heads, count)?;
            self.tail = 0;
        }
        Ok(())
    }

    /// Stores the document as its next generation, under a new key: one change with all that is alive, no history, and
    /// nothing of what is buried. Once the transaction is committed, what was deleted cannot be opened any more.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub fn rewrite(&mut self, writer: &mut Writer<'_>) -> Result<(), VaultError> {
        self.write_anew(flat::living_entries(&self.doc), writer)
    }

    /// As [`Self::rewrite`], and without the tombstones whose mark is a Unix day more than [`TOMBSTONE_DAYS`] before `today`: every device has
    /// met them, or was removed since.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub fn rewrite_on(&mut self, today: i64, writer: &mut Writer<'_>) -> Result<(), VaultError> {
        let mut entries = flat::living_entries(&self.doc);
        entries.retain(|entry| match (entry.buries(), &entry.value) {
            (Some(_), ScalarValue::Int(day)) => today.saturating_sub(*day) <= TOMBSTONE_DAYS,
            _ => true,
        });
        self.write_anew(entries, writer)
    }

    fn write_anew(&mut self, entries: Vec<stamps::Stamped>, writer: &mut Writer<'_>) -> Result<(), VaultError> {
        let base = hashes(&self.doc.get_heads());
        let mut next = AutoCommit::new().with_actor(self.doc.get_actor().clone());
        stamps::put_all(&mut next, entries).map_err(|error| refused(&error))?;
        next.commit();
        self.doc = next;
        let (heads, count) = self.heads_and_count();
        writer.renew(&self.name, &self.doc.document().save_nocompress(), &heads, count, &base)?;
        self.saved = self.doc.get_heads();
        self.tail = 0;
        self.damaged.clear();
        Ok(())
    }

    fn heads_and_count(&mut self) -> (Vec<[u8; 32]>, u64) {
        (hashes(&self.doc.get_heads()), self.doc.stats().num_changes)
    }
}

fn hashes(heads: &[ChangeHash]) -> Vec<[u8; 32]> {
    let mut hashes: Vec<[u8; 32]> = heads.iter().map(|head| head.0).collect();
    hashes.sort_unstable();
    hashes
}

fn refused(error: &AutomergeError) -> VaultError {
    // The kind of the error only: its text may quote what is in the document.
    let reason = match error {
        AutomergeError::DuplicateSeqNumber(..) => "a change contradicts one that is here",
        _ => "the document refused the change",
    };
    StoreError::Io { reason: reason.into() }.into()
}

#[cfg(test)]
mod tests;
