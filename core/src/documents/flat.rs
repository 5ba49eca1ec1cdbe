//! How rows lie in a document's one flat map, under their [`keys`](super::keys).
//!
//! A field that was cleared is null, not absent: another device that never saw it must be told from one that cleared it.
//!
//! No object is ever nested: two devices that each made one would lose what one of them put into it.

use std::borrow::Cow;
use std::collections::HashSet;

use automerge::{AutoCommit, ObjId, ROOT, ReadDoc, ScalarValue, ScalarValueRef, ValueRef};

use super::entry_id::EntryId;
use super::keys::{Class, classify, tombstone_key};
use super::stamps::{self, Stamped, Stamps};

/// A row as it lies in the document: its core and its fields, by what follows `<id>/`.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// The id of the row, the same on all devices.
    pub id: EntryId,
    /// What never changes of the row; empty if a newer program wrote something other than bytes.
    pub core: Cow<'a, [u8]>,
    /// What can be edited of the row, in the order of the fields' names.
    pub fields: Vec<(String, ScalarValueRef<'a>)>,
}

/// The rows that exist: those with a core and without a tombstone. One pass over the document's range of keys.
///
/// ```
/// use automerge::{AutoCommit, ROOT, transaction::Transactable};
/// use techo_core::documents::{EntryId, flat, keys};
///
/// let (kept, buried) = (EntryId([1; 16]), EntryId([2; 16]));
/// let mut doc = AutoCommit::new();
/// for id in [&kept, &buried] {
///     doc.put(ROOT, keys::core_key(id), vec![1])?;
/// }
/// doc.put(ROOT, keys::tombstone_key(&buried), 1)?;
/// assert_eq!(flat::rows(&doc).iter().map(|row| row.id).collect::<Vec<_>>(), [kept]);
/// assert!(flat::is_buried(&doc, &buried));
/// # Ok::<(), automerge::AutomergeError>(())
/// ```
pub fn rows(doc: &AutoCommit) -> Vec<Row<'_>> {
    let mut buried = HashSet::new();
    let mut rows: Vec<Row<'_>> = Vec::new();
    // The range is in the order of the keys, so a row's core comes right before its fields. Their keys are then only
    // compared with the core's: decoding each would take longer than all the rest.
    let mut core_key = String::new();
    for item in doc.map_range(ROOT, ..) {
        if let (Some(row), Some(field)) = (rows.last_mut(), field_of(&core_key, &item.key)) {
            if let ValueRef::Scalar(value) = item.value {
                let value = if item.conflict { settle(doc, &item.key, value) } else { value };
                // A field that was cleared.
                if value != ScalarValueRef::Null {
                    row.fields.push((field.to_string(), value));
                }
            }
            continue;
        }
        match classify(&item.key) {
            Class::Tombstone(id) => {
                buried.insert(id);
            }
            Class::Row(id, None) => {
                let core = match item.value {
                    ValueRef::Scalar(ScalarValueRef::Bytes(core)) => core,
                    _ => Cow::Borrowed(&[][..]),
                };
                rows.push(Row {
                    id,
                    core,
                    fields: Vec::new(),
                });
                core_key = item.key.into_owned();
            }
            // A field without its core: the row does not exist.
            Class::Row(_, Some(_)) | Class::Other => {}
        }
    }
    rows.retain(|row| !buried.contains(&row.id));
    rows
}

/// The name of the field that a key stands for in the row of that core; `None` where the key is another row's.
fn field_of<'k>(core_key: &str, key: &'k str) -> Option<&'k str> {
    key.strip_prefix(core_key)?.strip_prefix('/').filter(|_| !core_key.is_empty())
}

/// The rows that are buried.
pub fn buried(doc: &AutoCommit) -> HashSet<EntryId> {
    doc.map_range(ROOT, "x/".to_owned().."x0".to_owned())
        .filter_map(|item| match classify(&item.key) {
            Class::Tombstone(id) => Some(id),
            _ => None,
        })
        .collect()
}

/// What a document holds without what is buried, in the order of the keys: the entries of its next generation. Those of newer programs are
/// among them.
pub fn living_entries(doc: &AutoCommit) -> Vec<Stamped> {
    let (buried, stamps) = (buried(doc), Stamps::of(doc));
    let mut entries = Vec::new();
    for item in doc.map_range(ROOT, ..) {
        let row = match classify(&item.key) {
            Class::Row(id, _) if buried.contains(&id) => continue,
            Class::Row(id, _) => Some(id),
            Class::Other if stamps::is_table(&item.key) => continue,
            _ => None,
        };
        if let ValueRef::Scalar(value) = item.value {
            entries.push(entry(doc, &stamps, item.key.into_owned(), value, item.conflict, row));
        }
    }
    entries
}

/// One entry as it is shown, `None` where there is nothing under its key.
pub(super) fn entry_at(doc: &AutoCommit, stamps: &Stamps, key: &str) -> Option<Stamped> {
    let conflict = doc.get_all(ROOT, key).is_ok_and(|all| all.len() > 1);
    match doc.get(ROOT, key) {
        Ok(Some((automerge::Value::Scalar(value), _))) => Some(entry(
            doc,
            stamps,
            key.to_owned(),
            ScalarValueRef::from(value.into_owned()),
            conflict,
            None,
        )),
        _ => None,
    }
}

/// One entry as it is shown. Two devices may have set it at the same time: of texts both are shown, so that nobody's words are lost; of anything
/// else the one that Automerge chooses, which is the same on all devices. Where a value was carried over from another generation they may not
/// be of the same time: then the one that was written last.
fn entry(
    doc: &AutoCommit,
    stamps: &Stamps,
    key: String,
    chosen: ScalarValueRef<'_>,
    conflict: bool,
    row: Option<EntryId>,
) -> Stamped {
    let one = |value: ScalarValue, op: &ObjId| Stamped {
        joined: value.as_str().map_or_else(Vec::new, |text| stamps.texts_of_op(doc, op, text)),
        stamp: stamps.of_op(doc, op),
        key: key.clone(),
        value,
        row,
    };
    let all = doc.get_all(ROOT, &key).unwrap_or_default();
    let is_carried = conflict && all.iter().any(|(_, op)| stamps.is_carried(op));
    let scalars = all
        .into_iter()
        .filter_map(|(value, op)| Some((value.into_scalar().ok()?, op)));
    let mut written: Vec<Stamped> = scalars.map(|(value, op)| one(value, &op)).collect();
    written.sort_by(|a, b| a.stamp.cmp(&b.stamp));
    let stamp = written.last().map(|last| last.stamp.clone()).unwrap_or_default();
    match written.pop() {
        Some(last) if is_carried || !conflict => written.iter().fold(last, Stamped::beside),
        last if matches!(chosen, ScalarValueRef::Str(_)) => {
            let texts = written.into_iter().chain(last).flat_map(|one| one.joined).collect();
            let joined = stamps::in_order(texts);
            Stamped {
                value: stamps::shown(&joined).into(),
                joined,
                key,
                stamp,
                row,
            }
        }
        _ => Stamped {
            value: chosen.into(),
            joined: Vec::new(),
            key,
            stamp,
            row,
        },
    }
}

/// Whether a text lies here that is shown no more, because a later value overruled it: of two that were set at the same time, one of them
/// carried over from another generation, only the later stays.
pub fn holds_overruled(doc: &AutoCommit) -> bool {
    doc.map_range(ROOT, ..).filter(|item| item.conflict).any(|item| {
        let ValueRef::Scalar(value) = item.value else { return false };
        let shown = settle(doc, &item.key, value);
        let is_shown = |text: &str| matches!(&shown, ScalarValueRef::Str(shown) if shown.contains(text));
        let all = doc.get_all(ROOT, &*item.key).unwrap_or_default();
        all.iter().filter_map(|(value, _)| value.as_str()).any(|text| !is_shown(text))
    })
}

/// Whether a row has a tombstone.
pub fn is_buried(doc: &AutoCommit, id: &EntryId) -> bool {
    matches!(doc.get(ROOT, tombstone_key(id)), Ok(Some(_)))
}

/// What is shown of a field that two devices set at the same time.
fn settle(doc: &AutoCommit, key: &str, chosen: ScalarValueRef<'_>) -> ScalarValueRef<'static> {
    ScalarValueRef::from(entry(doc, &Stamps::of(doc), key.to_owned(), chosen, true, None).value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::keys::{core_key, field_key};
    use automerge::transaction::Transactable;

    #[test]
    fn a_row_needs_a_core_and_no_tombstone() {
        let mut doc = AutoCommit::new();
        let [whole, bare, buried] = [[1; 16], [2; 16], [3; 16]].map(EntryId);
        for id in [whole, buried] {
            doc.put(ROOT, core_key(&id), vec![1u8]).unwrap();
        }
        for id in [whole, bare, buried] {
            doc.put(ROOT, field_key(&id, "n"), "note").unwrap();
        }
        doc.put(ROOT, tombstone_key(&buried), true).unwrap();
        let rows = rows(&doc);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].id, rows[0].fields.len()), (whole, 1));
    }

    #[test]
    fn two_notes_are_both_kept() {
        let id = EntryId([1; 16]);
        let mut one = AutoCommit::new();
        one.put(ROOT, core_key(&id), vec![1u8]).unwrap();
        one.commit();
        let mut two = one.fork();
        one.put(ROOT, field_key(&id, "n"), "by the window").unwrap();
        two.put(ROOT, field_key(&id, "n"), "at the bar").unwrap();
        one.merge(&mut two).unwrap();
        two.merge(&mut one).unwrap();
        for doc in [&one, &two] {
            assert_eq!(rows(doc)[0].fields[0].1, ScalarValueRef::from("at the bar\nby the window"));
        }
    }
}
