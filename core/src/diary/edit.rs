//! Editing and deleting visits.

use std::collections::BTreeSet;

use super::retention::check_length;
use super::{Change, Diary, DiaryError, Edit, EntryId, NewVisit, Refusal, Source, Visit, VisitKeys, stay, text};
use crate::documents::keys::field_key;
use crate::documents::week::{self, VisitEntry, person_field};
use crate::vault::DocumentName;
use techo_protocol::basics::clock::DAY_SECONDS;

impl Diary {
    /// Edits a visit.
    ///
    /// Where a text loses something, or a person is taken off, the week is written anew without its history, so that what
    /// was there before is gone. A visit without keys whose check-in moves by more than a day becomes a new visit with a
    /// new id, because a visit stays in one week's document for life; the answer is then the new one.
    ///
    /// # Errors
    /// A [`Refusal`] where there is no such visit or the edit breaks a rule, or a [`DiaryError::Vault`].
    pub fn edit(&mut self, id: &EntryId, edit: &Edit) -> Result<Visit, DiaryError> {
        let id = self.write(|change| change.edit(id, edit))?;
        self.written(&id)
    }

    /// Deletes visits, really: a tombstone with the id alone stays, and nothing that could open the rest. All or none.
    ///
    /// ```
    /// use techo_core::diary::Filter;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut diary = techo_testing::diary(folder.path())?;
    /// let visit = diary.check_in(&techo_testing::visit("Bar Yoru"))?;
    /// diary.delete(&[visit.id])?;
    /// assert!(diary.list(&Filter::default())?.visits.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::NoSuchVisit`], or a [`DiaryError::Vault`].
    pub fn delete(&mut self, ids: &[EntryId]) -> Result<(), DiaryError> {
        // Naming one twice is naming it once.
        let ids: Vec<EntryId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        self.write(|change| {
            for name in change.bury(&ids)? {
                change.save(&name, true)?;
            }
            Ok(())
        })
    }
}

impl Change<'_, '_> {
    fn edit(&mut self, id: &EntryId, edit: &Edit) -> Result<EntryId, DiaryError> {
        let entry = self.entry(id)?;
        let typed = entry.core.source == Source::Manual;
        if !typed && (edit.name.is_some() || edit.address.is_some()) {
            return Err(Refusal::NameIsFixed.into());
        }
        let check_in = edit.check_in.unwrap_or_else(|| stay::check_in(&entry));
        if edit.check_in.is_some() {
            self.check_time(check_in)?;
        }
        match (edit.check_out, entry.check_out) {
            (Some(Some(out)), _) => self.check_stay(check_in, out)?,
            // How long somebody means to stay was said when they came.
            (None, Some(out)) if edit.check_in.is_some() => check_length(check_in, out)?,
            _ => {}
        }
        if (check_in - entry.core.check_in).abs() > DAY_SECONDS {
            if entry.core.keys != VisitKeys::None {
                return Err(Refusal::MovedTooFar.into());
            }
            return self.move_to(check_in, entry, edit);
        }
        let mut forget = false;
        let name = self.document_of(id)?;
        if edit.check_in.is_some() {
            self.week(entry.core.check_in)?
                .set(&field_key(id, week::CHECK_IN), check_in)?;
        }
        match edit.check_out {
            Some(Some(out)) => self.week(entry.core.check_in)?.set(&field_key(id, week::CHECK_OUT), out)?,
            Some(None) => self.week(entry.core.check_in)?.unset(&field_key(id, week::CHECK_OUT))?,
            None => {}
        }
        if let Some(new) = &edit.name {
            forget |= self.set_text(&entry, week::NAME, entry.name.as_deref(), text::name(new)?)?;
        }
        if let Some(new) = &edit.address {
            forget |= self.set_text(
                &entry,
                week::ADDRESS,
                entry.address.as_deref(),
                text::typed(new, text::LONGEST_ADDRESS)?,
            )?;
        }
        if let Some(new) = &edit.note {
            forget |= self.set_text(
                &entry,
                week::NOTE,
                entry.note.as_deref(),
                text::typed(new, text::LONGEST_NOTE)?,
            )?;
        }
        if let Some(names) = &edit.with {
            forget |= self.set_people(&entry, names)?;
        }
        self.save(&name, forget)?;
        Ok(*id)
    }

    /// Sets or takes away a text; answers whether something of the old one is to be forgotten.
    fn set_text(&mut self, entry: &VisitEntry, field: &str, old: Option<&str>, new: &str) -> Result<bool, DiaryError> {
        let key = field_key(&entry.id, field);
        let document = self.week(entry.core.check_in)?;
        if new.is_empty() {
            document.unset(&key)?;
        } else {
            document.set(&key, new)?;
        }
        Ok(text::forgets(old.unwrap_or_default(), new))
    }

    fn set_people(&mut self, entry: &VisitEntry, names: &[String]) -> Result<bool, DiaryError> {
        let new = self.people_called(names)?;
        let old: BTreeSet<EntryId> = entry.people.iter().copied().collect();
        let document = self.week(entry.core.check_in)?;
        for person in new.difference(&old) {
            document.set(&field_key(&entry.id, &person_field(person)), true)?;
        }
        for person in old.difference(&new) {
            document.unset(&field_key(&entry.id, &person_field(person)))?;
        }
        Ok(old.difference(&new).next().is_some())
    }

    /// Makes a visit without keys anew at another time, and deletes the old one.
    fn move_to(&mut self, check_in: i64, entry: VisitEntry, edit: &Edit) -> Result<EntryId, DiaryError> {
        let typed = entry.core.source == Source::Manual;
        let (name, address) = if typed {
            (entry.name.unwrap_or_default(), entry.address)
        } else {
            (entry.core.name, Some(entry.core.address))
        };
        let new = NewVisit {
            name: edit.name.clone().unwrap_or(name),
            address: edit.address.clone().or(address),
            check_in,
            check_out: edit.check_out.unwrap_or(entry.check_out),
            default_stay_min: entry.core.default_stay_min,
            source: entry.core.source,
            keys: VisitKeys::None,
            with: edit.with.clone().unwrap_or_default(),
            note: edit.note.clone().or(entry.note),
        };
        let id = EntryId::random(self.writer.random())?;
        self.add(id, &new, entry.core.imported)?;
        let document = self.week(check_in)?;
        let moved_to = document.name().clone();
        if edit.with.is_none() {
            for person in &entry.people {
                document.set(&field_key(&id, &person_field(person)), true)?;
            }
        }
        let rewritten: BTreeSet<DocumentName> = self.bury(&[entry.id])?;
        if !rewritten.contains(&moved_to) {
            self.save(&moved_to, false)?;
        }
        for name in rewritten {
            self.save(&name, true)?;
        }
        Ok(id)
    }
}
