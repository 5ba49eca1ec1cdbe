//! What is still to be sent to the household's other devices, in the order in which it was written.
//!
//! A document that was never sent stands in it whole: its snapshot will be sent, and its changes need no entries. Once
//! it was sent, each change is an entry. The table is so bounded on a device that never syncs.

use rusqlite::Connection;

use super::keyring::{DocumentKey, Keyring};
use super::{DocumentName, VaultError};

/// The number that stands for the whole document; changes are numbered from 1.
const WHOLE: i64 = 0;

/// A change or a whole document that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// The entry's place in the order, by which [`super::Writer::sent`] takes it out.
    pub place: i64,
    /// The document that is to be sent, or that the change belongs to.
    pub document: DocumentName,
    /// The number of the change in the document's tail; `None` for the whole document.
    pub change: Option<u64>,
}

pub(super) fn read(db: &Connection, keyring: &Keyring) -> Result<Vec<OutboxEntry>, VaultError> {
    let mut statement = db.prepare_cached("SELECT place, document, number FROM outbox ORDER BY place")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    let mut entries = Vec::new();
    for row in rows {
        let (place, id, number) = row?;
        // An entry of a document that is not there any more has nothing to send.
        if let Some(document) = keyring.documents.iter().find(|document| document.id == id) {
            let change = u64::try_from(number).ok().filter(|_| number != WHOLE);
            entries.push(OutboxEntry {
                place,
                document: document.name.clone(),
                change,
            });
        }
    }
    Ok(entries)
}

/// Queues the whole document, instead of any single changes of it.
pub(super) fn queue_whole(db: &Connection, document: &DocumentKey) -> Result<(), VaultError> {
    remove_document(db, document.id)?;
    db.prepare_cached("INSERT INTO outbox (document, number) VALUES (?1, ?2)")?
        .execute((document.id, WHOLE))?;
    Ok(())
}

/// Queues one change, unless the whole document is queued.
pub(super) fn queue_change(db: &Connection, document: i64, number: i64) -> Result<(), VaultError> {
    db.prepare_cached(
        "INSERT INTO outbox (document, number) SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE document = ?1 AND number = ?3)",
    )?
    .execute((document, number, WHOLE))?;
    Ok(())
}

/// Whether anything of the document is queued.
pub(super) fn has_entries(db: &Connection, document: i64) -> Result<bool, VaultError> {
    Ok(db
        .prepare_cached("SELECT 1 FROM outbox WHERE document = ?1")?
        .exists([document])?)
}

pub(super) fn remove(db: &Connection, place: i64) -> Result<(), VaultError> {
    db.prepare_cached("DELETE FROM outbox WHERE place = ?1")?.execute([place])?;
    Ok(())
}

pub(super) fn remove_document(db: &Connection, document: i64) -> Result<(), VaultError> {
    db.prepare_cached("DELETE FROM outbox WHERE document = ?1")?
        .execute([document])?;
    Ok(())
}
