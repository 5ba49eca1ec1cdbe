//! When a value was first written, over all generations of its document (ADR 0008).
//!
//! Automerge's own counters order the changes of one generation. Writing anew, and carrying over into another device's generation, make new
//! changes of old values; each such change begins with a table of when its values were first written. A value's stamp is so the same on all
//! devices, whatever generations it went through, and the higher of two is the later or, of two at the same time, an arbitrary one.

use std::cell::RefCell;
use std::collections::HashMap;

use automerge::transaction::Transactable;
use automerge::{AutoCommit, AutomergeError, ChangeHash, ObjId, ROOT, ReadDoc, ScalarValue, ScalarValueRef, ValueRef};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::entry_id::{EntryId, ID_CHARS};
use super::keys::{Class, classify};

/// A Lamport clock's value and who wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp(u64, #[serde(with = "serde_bytes")] Vec<u8>);

impl Stamp {
    /// Whether this actor wrote the value.
    pub fn is_by(&self, actor: &[u8]) -> bool {
        self.1 == actor
    }
}

/// An entry, and when its value was first written.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped {
    /// The key under which the entry stands in the document.
    pub key: String,
    /// The value of the entry, one scalar.
    pub value: ScalarValue,
    /// When, and by which device, the value was first written.
    pub stamp: Stamp,
    /// The row that the entry belongs to, if it belongs to one.
    pub row: Option<EntryId>,
}

impl Stamped {
    /// An entry that was kept outside of a document.
    pub fn new(key: String, value: ScalarValue, stamp: Stamp) -> Self {
        let row = match classify(&key) {
            Class::Row(id, _) => Some(id),
            _ => None,
        };
        Self { key, value, stamp, row }
    }

    /// The row whose core this entry is; `None` where the entry is no core.
    pub fn begins(&self) -> Option<EntryId> {
        self.row.filter(|_| self.key.len() == ID_CHARS)
    }

    /// The row whose tombstone this entry is; `None` where the entry is no tombstone.
    pub fn buries(&self) -> Option<EntryId> {
        match classify(&self.key) {
            Class::Tombstone(id) => Some(id),
            _ => None,
        }
    }

    /// Whether the entry is a setting.
    pub fn is_setting(&self) -> bool {
        self.key.starts_with("s/")
    }
}

/// The stamps of the values that follow in the same change, in order.
#[derive(Serialize, Deserialize)]
struct Table {
    stamps: Vec<Stamp>,
}

/// A table as it lies in a document.
struct Placed {
    key: String,
    counter: u64,
    actor: Vec<u8>,
    table: Table,
}

/// The tables of a document that say when each entry was first written.
pub struct Stamps {
    tables: Vec<Placed>,
    /// By how much a change's counters are behind what it had seen, by its hash.
    behind: RefCell<HashMap<ChangeHash, u64>>,
}

/// Whether a key holds a table.
pub fn is_table(key: &str) -> bool {
    key.starts_with("t/")
}

impl Stamps {
    /// The tables of a document.
    pub fn of(doc: &AutoCommit) -> Self {
        let mut tables = Vec::new();
        for item in doc.map_range(ROOT, "t/".to_owned().."t0".to_owned()) {
            let (ValueRef::Scalar(ScalarValueRef::Bytes(bytes)), ObjId::Id(counter, actor, _)) = (&item.value, item.id()) else {
                continue;
            };
            if let Ok(table) = ciborium::from_reader::<Table, _>(&bytes[..]) {
                tables.push(Placed {
                    key: item.key.into_owned(),
                    counter,
                    actor: actor.to_bytes().to_vec(),
                    table,
                });
            }
        }
        Self {
            tables,
            behind: RefCell::default(),
        }
    }

    fn carried(&self, counter: u64, actor: &[u8]) -> Option<&Stamp> {
        self.tables.iter().filter(|placed| placed.actor == actor).find_map(|placed| {
            let at = counter.checked_sub(placed.counter)?.checked_sub(1)?;
            placed.table.stamps.get(usize::try_from(at).ok()?)
        })
    }

    /// Whether an operation carried over a value that was written before.
    pub fn is_carried(&self, op: &ObjId) -> bool {
        matches!(op, ObjId::Id(counter, actor, _) if self.carried(*counter, actor.to_bytes()).is_some())
    }

    /// When an operation's value was first written.
    pub fn of_op(&self, doc: &AutoCommit, op: &ObjId) -> Stamp {
        let ObjId::Id(counter, actor, _) = op else {
            return Stamp::default();
        };
        if let Some(stamp) = self.carried(*counter, actor.to_bytes()) {
            return stamp.clone();
        }
        Stamp(counter.saturating_add(self.behind(doc, op)), actor.to_bytes().to_vec())
    }

    /// By how much an operation's counter is to be raised to be later than all that was carried over before it. Only what its author had seen
    /// counts: a stamp must not change with what is merged later.
    fn behind(&self, doc: &AutoCommit, op: &ObjId) -> u64 {
        // One that is not committed yet has seen everything.
        let change = doc.hash_for_opid(op);
        if let Some(known) = change.and_then(|change| self.behind.borrow().get(&change).copied()) {
            return known;
        }
        let has_seen =
            |placed: &&Placed| change.is_none_or(|change| matches!(doc.get_at(ROOT, &placed.key, &[change]), Ok(Some(_))));
        let by = |placed: &Placed| {
            placed
                .table
                .stamps
                .iter()
                .map(|stamp| stamp.0)
                .max()?
                .checked_sub(placed.counter)
        };
        let behind = self.tables.iter().filter(has_seen).filter_map(by).max().unwrap_or(0);
        if let Some(change) = change {
            self.behind.borrow_mut().insert(change, behind);
        }
        behind
    }

    /// The highest stamp of a key's values.
    pub fn highest(&self, doc: &AutoCommit, key: &str) -> Stamp {
        let all = doc.get_all(ROOT, key).unwrap_or_default();
        all.iter().map(|(_, id)| self.of_op(doc, id)).max().unwrap_or_default()
    }
}

/// Puts entries whose values were written before, with their stamps. None of them may have that value already.
///
/// # Errors
/// Automerge refuses, which no scalar in a root map makes it do.
pub fn put_all(doc: &mut AutoCommit, entries: Vec<Stamped>) -> Result<(), AutomergeError> {
    if entries.is_empty() {
        return Ok(());
    }
    // The values are to follow the table in one change.
    doc.commit();
    let table = Table {
        stamps: entries.iter().map(|entry| entry.stamp.clone()).collect(),
    };
    let mut bytes = Vec::new();
    ciborium::into_writer(&table, &mut bytes).expect("writing to memory does not fail");
    let heads: Vec<u8> = doc.get_heads().iter().flat_map(|head| head.0).collect();
    let name = techo_protocol::basics::keys::sha256(&[doc.get_actor().to_bytes(), &bytes, &heads].concat());
    doc.put(ROOT, format!("t/{}", URL_SAFE_NO_PAD.encode(&name[..16])), bytes)?;
    for entry in entries {
        doc.put(ROOT, entry.key, entry.value)?;
    }
    doc.commit();
    Ok(())
}
