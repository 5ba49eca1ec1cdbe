//! One generation meeting another: what the lower one holds is carried over into the higher.
//!
//! Of each entry the value that was written last stays ([`super::stamps`]). Tombstones are entries too, so nothing that either has deleted
//! comes back; cleared fields are null, so neither do they.

use automerge::{AutoCommit, ObjId, ROOT, ReadDoc, ScalarValue};

use super::flat;
use super::keys::core_key;
use super::stamps::{self, Stamped, Stamps};
use super::{Document, refused};
use crate::vault::{DocumentName, StoreError, VaultError, Writer};

/// Which entries are carried over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's entries, as every device does it.
    Everybodys,
    /// Only this device's own entries, which loses what a third device wrote: a rule to be broken by the simulation, which has to notice it.
    Own,
}

impl Document {
    /// A document as another device sent it whole.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the bytes are no document, or its heads are not those named.
    pub fn receive(name: DocumentName, snapshot: &[u8], heads: &[[u8; 32]], actor: [u8; 16]) -> Result<Self, VaultError> {
        let unreadable = || StoreError::Io {
            reason: "not the document that it says it is".into(),
        };
        let mut doc = AutoCommit::load(snapshot).map_err(|_| unreadable())?;
        let found = doc.get_heads();
        let mut expected = heads.to_vec();
        expected.sort_unstable();
        if super::hashes(&found) != expected {
            return Err(unreadable().into());
        }
        let mut document = Self::begin(name, actor);
        document.doc = doc.with_actor(automerge::ActorId::from(actor));
        document.saved = found;
        Ok(document)
    }

    /// The document as a whole, with its heads.
    pub fn whole(&mut self) -> (Vec<u8>, Vec<[u8; 32]>) {
        let bytes = self.doc.save_nocompress();
        (bytes, super::hashes(&self.doc.get_heads()))
    }

    /// Whether all that a change builds on is here; `None` where the bytes are no change.
    pub fn is_ready_for(&mut self, change: &[u8]) -> Option<bool> {
        let change = automerge::Change::from_bytes(change.to_vec()).ok()?;
        Some(change.deps().iter().all(|hash| self.doc.get_change_by_hash(hash).is_some()))
    }

    /// Whether the document holds all changes of these hashes.
    pub fn has(&mut self, hashes: &[[u8; 32]]) -> bool {
        let mut hashes = hashes.iter().map(|hash| automerge::ChangeHash(*hash));
        hashes.all(|hash| self.doc.get_change_by_hash(&hash).is_some())
    }

    /// The hash of a change; `None` where the bytes are no change.
    pub fn hash_of(change: &[u8]) -> Option<[u8; 32]> {
        Some(automerge::Change::from_bytes(change.to_vec()).ok()?.hash().0)
    }

    /// Stores a received document in the place of whatever the vault holds under its name, and carries over into it what `mine` holds.
    ///
    /// Answers the vault's count of writings anew as of the received document; it is one higher where carrying over has deleted something.
    ///
    /// # Errors
    /// A [`VaultError`]; this document and the transaction must be dropped then.
    pub fn take_place(&mut self, mine: Option<&Self>, whose: Whose, writer: &mut Writer<'_>) -> Result<u64, VaultError> {
        let (bytes, heads) = self.whole();
        let count = self.doc.stats().num_changes;
        let generation = writer.renew(&self.name, &bytes, &heads, count, &[])?;
        writer.nothing_to_send(&self.name)?;
        if let Some(mine) = mine {
            let mut entries = flat::living_entries(&mine.doc);
            if whose == Whose::Own {
                entries.retain(|entry| entry.stamp.is_by(mine.doc.get_actor().to_bytes()));
            }
            if carry_over(entries, &mut self.doc).map_err(|error| refused(&error))? {
                self.rewrite(writer)?;
            } else {
                self.save(writer)?;
            }
        }
        Ok(generation)
    }

    /// What the document holds without what is buried, each with when it was first written; tombstones are among them.
    pub fn living_entries(&self) -> Vec<Stamped> {
        flat::living_entries(&self.doc)
    }

    /// Takes in entries that were kept elsewhere, and stores the document: of each entry the value that was written last stays, and what
    /// is buried here stays so. They are to be in the order of their keys, no key twice.
    ///
    /// # Errors
    /// A [`VaultError`]; this document and the transaction must be dropped then.
    pub fn carry_in(&mut self, entries: Vec<Stamped>, writer: &mut Writer<'_>) -> Result<(), VaultError> {
        if carry_over(entries, &mut self.doc).map_err(|error| refused(&error))? {
            self.rewrite(writer)
        } else {
            self.save(writer)
        }
    }

    /// Whether something is here that was deleted elsewhere at the same time, or a text that a later one overruled: it is to be written anew
    /// then.
    pub fn holds_deleted(&self) -> bool {
        let buried = flat::buried(&self.doc);
        let mut buried = buried.iter();
        buried.any(|id| matches!(self.doc.get(ROOT, core_key(id)), Ok(Some(_)))) || flat::holds_overruled(&self.doc)
    }
}

/// Puts what of `mine` was written later, or `theirs` lacks, into `theirs`. Answers whether that deletes something which its history holds.
fn carry_over(mine: Vec<Stamped>, theirs: &mut AutoCommit) -> Result<bool, automerge::AutomergeError> {
    let (buried, known) = (flat::buried(theirs), Stamps::of(theirs));
    let mut forget = mine.iter().filter_map(Stamped::buries).any(|id| {
        let core: Option<(automerge::Value<'_>, ObjId)> = theirs.get(ROOT, core_key(&id)).ok().flatten();
        core.is_some() && !buried.contains(&id)
    });
    let mut carried: Vec<Stamped> = Vec::new();
    for entry in mine {
        if entry.row.is_some_and(|id| buried.contains(&id)) {
            continue;
        }
        let Some(there) = flat::entry_at(theirs, &known, &entry.key) else {
            carried.push(entry);
            continue;
        };
        let stays = if there.stamp >= entry.stamp {
            there.clone().beside(&entry)
        } else {
            entry.beside(&there)
        };
        if stays.value == there.value {
            continue;
        }
        let entry = stays;
        forget |= match (&there.value, &entry.value) {
            (ScalarValue::Str(old), ScalarValue::Str(new)) => !new.starts_with(old.as_str()),
            (_, ScalarValue::Null) => true,
            _ => false,
        };
        carried.push(entry);
    }
    stamps::put_all(theirs, carried)?;
    Ok(forget)
}

#[cfg(test)]
mod tests {
    use automerge::transaction::Transactable;
    use automerge::{ActorId, ScalarValueRef};

    use super::super::EntryId;
    use super::super::keys::{core_key, field_key};
    use super::*;

    const ID: EntryId = EntryId([1; 16]);

    fn fork(doc: &mut AutoCommit, actor: u8) -> AutoCommit {
        doc.fork().with_actor(ActorId::from([actor; 16]))
    }

    /// The next generation of a document.
    fn anew(doc: &AutoCommit) -> AutoCommit {
        let mut next = AutoCommit::new().with_actor(ActorId::from([9; 16]));
        stamps::put_all(&mut next, flat::living_entries(doc)).unwrap();
        next
    }

    fn notes(doc: &AutoCommit) -> Vec<String> {
        let rows = flat::rows(doc);
        let fields = rows[0].fields.iter().map(|(_, value)| match value {
            ScalarValueRef::Str(text) => text.to_string(),
            other => panic!("{other:?}"),
        });
        fields.collect()
    }

    /// A tablet that has joined two notes, "by the window", which is the later, and "at the bar"; and a phone that knew the latter alone, and
    /// cleared it in between.
    fn joined_and_cleared() -> (AutoCommit, AutoCommit) {
        let note = field_key(&ID, "n");
        let mut base = AutoCommit::new().with_actor(ActorId::from([7; 16]));
        base.put(ROOT, core_key(&ID), vec![1u8]).unwrap();
        base.commit();
        let (mut tablet, mut laptop) = (fork(&mut base, 1), fork(&mut base, 2));
        laptop.put(ROOT, &note, "at the bar").unwrap();
        laptop.commit();
        let mut phone = fork(&mut laptop, 3);
        phone.put(ROOT, &note, ()).unwrap();
        phone.commit();
        (0..5).for_each(|n| tablet.put(ROOT, "s/keep", n).unwrap());
        tablet.put(ROOT, &note, "by the window").unwrap();
        tablet.merge(&mut laptop).unwrap();
        assert_eq!(notes(&tablet), ["at the bar\nby the window"]);
        (tablet, phone)
    }

    #[test]
    fn of_joined_texts_the_one_that_was_cleared_elsewhere_does_not_come_back() {
        let (tablet, phone) = joined_and_cleared();
        let mut next = anew(&phone);
        assert!(carry_over(flat::living_entries(&tablet), &mut next).is_ok());
        assert_eq!(notes(&next), ["by the window"]);
        let (mut tablet, phone) = joined_and_cleared();
        assert!(
            carry_over(flat::living_entries(&anew(&phone)), &mut tablet).unwrap(),
            "what was cleared is to be forgotten"
        );
        assert_eq!(notes(&tablet), ["by the window"]);
    }

    #[test]
    fn texts_that_were_joined_and_written_anew_are_told_apart() {
        let (tablet, phone) = joined_and_cleared();
        let mut next = anew(&anew(&phone));
        let rewritten = anew(&anew(&tablet));
        assert_eq!(notes(&rewritten), ["at the bar\nby the window"]);
        assert!(carry_over(flat::living_entries(&rewritten), &mut next).is_ok());
        assert_eq!(notes(&next), ["by the window"]);
        let mut rewritten = anew(&tablet);
        assert!(carry_over(flat::living_entries(&phone), &mut rewritten).unwrap());
        assert_eq!(notes(&rewritten), ["by the window"]);
    }

    #[test]
    fn of_joined_texts_one_that_the_other_still_has_stays() {
        let (tablet, _) = joined_and_cleared();
        let mut next = anew(&tablet);
        assert!(!carry_over(flat::living_entries(&tablet), &mut next).unwrap());
        assert_eq!(notes(&next), ["at the bar\nby the window"]);
    }
}
