//! Records in the vault: adding, listing, deleting.

use super::stored::{everybody, load};
use super::{Content, EntryId, VaccineError, VaccineRefusal};
use crate::documents::keys::core_key;
use crate::documents::record::RecordCore;
use crate::documents::{Document, settings};
use crate::vault::{DamagedRow, DocumentName, Vault, VaultError, Writer};
use techo_protocol::basics::clock::DAY_SECONDS;

/// One thing that the vaccine record keeps, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The id of the record, the same on all devices.
    pub id: EntryId,
    /// The person whose record it is. A record may come from another device before its person does.
    pub person: EntryId,
    /// When the record was added, in Unix seconds.
    pub added: i64,
    /// The slip, certificate, ticket, pass, request or dose that the record holds.
    pub content: Content,
}

/// What the vaccine records hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordList {
    /// The records, oldest first.
    pub records: Vec<Record>,
    /// Rows from a newer version of Techo: kept and passed on, and unreadable here.
    pub newer: Vec<EntryId>,
    /// Rows that are damaged on the disk, and so are missing here.
    pub damaged: Vec<DamagedRow>,
}

/// What became of a record that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The id of the record, new or old.
    pub id: EntryId,
    /// Whether a record with the same content was there already.
    pub already: bool,
}

/// Adds a record for a person; one with the same content is there once.
///
/// ```
/// use techo_testing::NOW;
/// use techo_core::vaccine::{Content, add, people};
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let aki = people::add(&mut vault, "Aki", None, NOW)?.id;
/// let ticket = Content::Ticket("112714030000000009".into());
/// let first = add(&mut vault, &aki, ticket.clone(), NOW)?;
/// let again = add(&mut vault, &aki, ticket, NOW + 60)?;
/// assert_eq!((again.id, first.already, again.already), (first.id, false, true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`VaccineRefusal::TooLarge`], or the vault cannot be written.
pub fn add(vault: &mut Vault, person: &EntryId, content: Content, now: i64) -> Result<Added, VaccineError> {
    let mut added = add_all(vault, person, vec![content], now)?;
    Ok(added.pop().ok_or(VaccineRefusal::Unknown)?)
}

/// Adds several records for a person: all, or none. Answers what became of each, in their order.
///
/// # Errors
/// As [`add`].
pub fn add_all(vault: &mut Vault, person: &EntryId, contents: Vec<Content>, now: i64) -> Result<Vec<Added>, VaccineError> {
    if contents.is_empty() {
        return Ok(Vec::new());
    }
    vault.write(|writer| {
        let name = DocumentName::Person(person.0);
        let document = load(&writer.reader(), &name, writer.actor())?;
        let mut document = document.unwrap_or_else(|| Document::begin(name, writer.actor()));
        let mut added = Vec::new();
        for content in contents {
            let same = |core: &[u8]| RecordCore::from_bytes(core).is_some_and(|core| core.content == content);
            let held = document.rows().iter().find(|row| same(&row.core)).map(|row| row.id);
            let id = match held {
                Some(id) => id,
                None => EntryId::random(writer.random())?,
            };
            if held.is_none() {
                let core = RecordCore { added: now, content };
                document.set(&core_key(&id), core.to_bytes().ok_or(VaccineRefusal::TooLarge)?)?;
            }
            added.push(Added {
                id,
                already: held.is_some(),
            });
        }
        document.save(writer)?;
        Ok(added)
    })
}

/// All records of everybody.
///
/// # Errors
/// The vault cannot be read. Damaged rows are no error.
pub fn list(vault: &mut Vault) -> Result<RecordList, VaccineError> {
    let everybody = everybody(vault)?;
    let actor = vault.actor();
    vault.read(|reader| {
        let mut listing = RecordList::default();
        for (name, _) in reader.document_names() {
            let DocumentName::Person(of) = name else { continue };
            let Some(document) = load(reader, &name, actor)? else {
                continue;
            };
            listing.damaged.extend(document.damaged().iter().cloned());
            for row in document.rows() {
                match RecordCore::from_bytes(&row.core) {
                    Some(core) => listing.records.push(Record {
                        id: row.id,
                        person: settings::who_is(&everybody, EntryId(of)),
                        added: core.added,
                        content: core.content,
                    }),
                    None => listing.newer.push(row.id),
                }
            }
        }
        listing.records.sort_by_key(|record| (record.person, record.added, record.id));
        Ok(listing)
    })
}

/// Deletes records, really: a tombstone with the id alone stays, and nothing that could open the rest. All or none.
///
/// ```
/// use techo_testing::NOW;
/// use techo_core::vaccine::{Content, EntryId, VaccineRefusal, add, delete, list, people};
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let aki = people::add(&mut vault, "Aki", None, NOW)?.id;
/// let ticket = add(&mut vault, &aki, Content::Ticket("0000000009".into()), NOW)?.id;
/// let refused = delete(&mut vault, &[ticket, EntryId([0; 16])], NOW);
/// assert_eq!(refused, Err(VaccineRefusal::NoSuchRecord.into()));
/// assert_eq!(list(&mut vault)?.records.len(), 1, "all or none");
/// delete(&mut vault, &[ticket], NOW)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`VaccineRefusal::NoSuchRecord`], or the vault cannot be written.
pub fn delete(vault: &mut Vault, ids: &[EntryId], now: i64) -> Result<(), VaccineError> {
    let today = now.div_euclid(DAY_SECONDS);
    vault.write(|writer| {
        let mut left: Vec<EntryId> = ids.to_vec();
        let names: Vec<DocumentName> = writer.reader().document_names().into_iter().map(|(name, _)| name).collect();
        for name in names.iter().filter(|name| matches!(name, DocumentName::Person(_))) {
            let Some(document) = load(&writer.reader(), name, writer.actor())? else {
                continue;
            };
            let found: Vec<EntryId> = document
                .rows()
                .iter()
                .map(|row| row.id)
                .filter(|id| left.contains(id))
                .collect();
            left.retain(|id| !found.contains(id));
            bury(writer, document, &found, today)?;
        }
        if left.is_empty() {
            Ok(())
        } else {
            Err(VaccineRefusal::NoSuchRecord.into())
        }
    })
}

/// Deletes all records of a person's document.
pub(super) fn delete_all(writer: &mut Writer<'_>, person: &EntryId, today: i64) -> Result<(), VaultError> {
    let Some(document) = load(&writer.reader(), &DocumentName::Person(person.0), writer.actor())? else {
        return Ok(());
    };
    let ids: Vec<EntryId> = document.rows().iter().map(|row| row.id).collect();
    bury(writer, document, &ids, today)
}

fn bury(writer: &mut Writer<'_>, mut document: Document, ids: &[EntryId], today: i64) -> Result<(), VaultError> {
    if ids.is_empty() {
        return Ok(());
    }
    for id in ids {
        // The day, because a tombstone in this document goes after 180 of them.
        document.bury(id, today)?;
    }
    document.rewrite_on(today, writer)
}
