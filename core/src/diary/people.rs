//! The people of a household, who can be along on a visit.

use std::collections::BTreeSet;

use super::{Change, Diary, DiaryError, EntryId, Person, Refusal, text};
use crate::documents::settings;
use crate::vault::DocumentName;
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::folding::called;

impl Diary {
    /// The people, by name; of several who were said to be one person, that person alone.
    ///
    /// # Errors
    /// A [`DiaryError::Vault`].
    pub fn people(&mut self) -> Result<Vec<Person>, DiaryError> {
        self.refresh()?;
        let mut people = self
            .documents
            .get(&DocumentName::Settings)
            .map(settings::people)
            .unwrap_or_default();
        let all = people.clone();
        people.retain(|person| settings::who_is(&all, person.id) == person.id);
        Ok(people)
    }

    /// Adds somebody, even if there is somebody of that name already.
    ///
    /// ```
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut diary = techo_testing::diary(folder.path())?;
    /// let aki = diary.add_person("Aki")?;
    /// assert_eq!(diary.people()?, [aki]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::NoName`] or [`Refusal::TextTooLong`], or a [`DiaryError::Vault`].
    pub fn add_person(&mut self, name: &str) -> Result<Person, DiaryError> {
        let name = text::name(name)?;
        self.write(|change| {
            let person = change.add_person(name)?;
            change.save(&DocumentName::Settings, false)?;
            Ok(person)
        })
    }

    /// Takes somebody away, really. On visits they are "someone" from then on.
    ///
    /// # Errors
    /// [`Refusal::NoSuchPerson`], or a [`DiaryError::Vault`].
    pub fn remove_person(&mut self, id: &EntryId) -> Result<(), DiaryError> {
        self.write(|change| {
            let today = change.now.div_euclid(DAY_SECONDS);
            let document = change.settings();
            if !settings::people(document).iter().any(|person| person.id == *id) {
                return Err(Refusal::NoSuchPerson.into());
            }
            // The day, because a tombstone in this document goes after 180 of them.
            document.bury(id, today)?;
            change.save(&DocumentName::Settings, true)
        })
    }
}

impl Change<'_, '_> {
    fn add_person(&mut self, name: &str) -> Result<Person, DiaryError> {
        let person = Person::called(EntryId::random(self.writer.random())?, name);
        settings::add_person(self.settings(), &person)?;
        Ok(person)
    }

    /// The ids of the people of these names; whoever is new is added, and stored.
    pub(super) fn people_called(&mut self, names: &[String]) -> Result<BTreeSet<EntryId>, DiaryError> {
        let mut ids = BTreeSet::new();
        if names.is_empty() {
            return Ok(ids);
        }
        let mut known = settings::people(self.settings());
        let before = known.len();
        for name in names {
            let name = text::name(name)?;
            if let Some(person) = called(&known, name, |person| &person.name).map(|(person, _)| person) {
                ids.insert(settings::who_is(&known, person.id));
                continue;
            }
            let person = self.add_person(name)?;
            ids.insert(person.id);
            known.push(person);
        }
        if known.len() > before {
            self.save(&DocumentName::Settings, false)?;
        }
        Ok(ids)
    }
}
