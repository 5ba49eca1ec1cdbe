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
    /// Where the value joins texts that were set at the same time: each of them in its order, and when it was written.
    pub(super) joined: Vec<(String, Stamp)>,
}

impl Stamped {
    /// An entry that was kept outside of a document.
    pub fn new(key: String, value: ScalarValue, stamp: Stamp) -> Self {
        let row = match classify(&key) {
            Class::Row(id, _) => Some(id),
            _ => None,
        };
        Self {
            key,
            value,
            stamp,
            row,
            joined: Vec::new(),
        }
    }

    /// What of this entry is left beside another's value of the same key, which was written last: of texts that are joined here, one that is
    /// older than `other` goes, unless it is part of it.
    ///
    /// The tablet has joined "by the window", written at 9, and "at the bar", written at 5. The phone, which knew "at the bar" alone, cleared it
    /// at 7: "by the window" stays.
    pub(super) fn beside(mut self, other: &Self) -> Self {
        if self.joined.is_empty() {
            return self;
        }
        let is_part_of_other = |stamp: &Stamp| *stamp == other.stamp || other.joined.iter().any(|(_, its)| its == stamp);
        self.joined
            .retain(|(_, stamp)| *stamp >= other.stamp || is_part_of_other(stamp));
        self.value = shown(&self.joined).into();
        self
    }

    fn joined_at(&self, at: u64) -> Option<Joined> {
        let texts = self.joined.iter();
        let texts = texts.map(|(text, stamp)| (text.len() as u64, stamp.clone())).collect();
        (self.joined.len() > 1).then_some(Joined { at, texts })
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

/// Texts that were set at the same time, in an order that is the same on all devices; of the same text, the later.
pub(super) fn in_order(mut texts: Vec<(String, Stamp)>) -> Vec<(String, Stamp)> {
    texts.sort_by(|(a, a_stamp), (b, b_stamp)| a.cmp(b).then(b_stamp.cmp(a_stamp)));
    texts.dedup_by(|(a, _), (b, _)| a == b);
    texts
}

/// Texts in their order, as they are shown: each in a line.
pub(super) fn shown(texts: &[(String, Stamp)]) -> String {
    let texts: Vec<&str> = texts.iter().map(|(text, _)| text.as_str()).collect();
    texts.join("\n")
}

/// The stamps of the values that follow in the same change, in order.
#[derive(Serialize, Deserialize)]
struct Table {
    stamps: Vec<Stamp>,
    /// The values among them that join texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    joined: Vec<Joined>,
}

/// A value that joins texts: when each of them was written.
#[derive(Serialize, Deserialize)]
struct Joined {
    /// The place of the value among the table's.
    at: u64,
    /// The texts in their order: the length of each in bytes, and its stamp.
    texts: Vec<(u64, Stamp)>,
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

    /// The table that says when an operation's value was first written, and the value's place in it.
    fn table_of(&self, op: &ObjId) -> Option<(&Table, usize)> {
        let ObjId::Id(counter, actor, _) = op else { return None };
        let by_its_author = self.tables.iter().filter(|placed| placed.actor == actor.to_bytes());
        by_its_author.into_iter().find_map(|placed| {
            let at = usize::try_from(counter.checked_sub(placed.counter)?.checked_sub(1)?).ok()?;
            placed.table.stamps.get(at).map(|_| (&placed.table, at))
        })
    }

    fn carried(&self, op: &ObjId) -> Option<&Stamp> {
        let (table, at) = self.table_of(op)?;
        table.stamps.get(at)
    }

    /// The texts that an operation's text joins, as they were when it was carried over; the text alone where it joins none.
    pub fn texts_of_op(&self, doc: &AutoCommit, op: &ObjId, text: &str) -> Vec<(String, Stamp)> {
        let joined = self.table_of(op).and_then(|(table, at)| {
            let joined = table.joined.iter().find(|joined| usize::try_from(joined.at) == Ok(at))?;
            split(text, &joined.texts)
        });
        joined.unwrap_or_else(|| vec![(text.to_owned(), self.of_op(doc, op))])
    }

    /// Whether an operation carried over a value that was written before.
    pub fn is_carried(&self, op: &ObjId) -> bool {
        self.carried(op).is_some()
    }

    /// When an operation's value was first written.
    pub fn of_op(&self, doc: &AutoCommit, op: &ObjId) -> Stamp {
        let ObjId::Id(counter, actor, _) = op else {
            return Stamp::default();
        };
        if let Some(stamp) = self.carried(op) {
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

/// A text that joins others, taken apart; `None` where the lengths are not its.
fn split(text: &str, lengths: &[(u64, Stamp)]) -> Option<Vec<(String, Stamp)>> {
    let mut rest = Some(text);
    let mut texts = Vec::new();
    for (length, stamp) in lengths {
        let (one, others) = rest?.split_at_checked(usize::try_from(*length).ok()?)?;
        texts.push((one.to_owned(), stamp.clone()));
        rest = others.strip_prefix('\n');
        if rest.is_none() && !others.is_empty() {
            return None;
        }
    }
    rest.is_none().then_some(texts)
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
        joined: (0..).zip(&entries).filter_map(|(at, entry)| entry.joined_at(at)).collect(),
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
