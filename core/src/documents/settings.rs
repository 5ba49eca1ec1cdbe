//! Rows of the settings document: people, and what the household has chosen.

use automerge::{ScalarValue, ScalarValueRef};
use chrono::NaiveDate;

use super::flat::Row;
use super::keys::{core_key, field_key, setting_key};
use super::stamps::Stamped;
use super::{Document, EntryId};
use crate::vault::VaultError;

/// The version and kind that a person's core begins with.
const PERSON_V1: [u8; 2] = [1, 1];
const NAME: &str = "w";
/// Field: the birth date, `YYYY-MM-DD`.
const BORN: &str = "b";
/// Field: the id of the person that somebody is the same as, bytes.
const SAME_AS: &str = "m";
const KEEP: &str = "keep";

/// Somebody of the household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The id of the person, the same on all devices.
    pub id: EntryId,
    /// What the person is called.
    pub name: String,
    /// The day on which the person was born, where somebody has said it.
    pub born: Option<NaiveDate>,
    /// The person whom this one is, where somebody has said that two are one. Nobody is merged by the name alone.
    pub same_as: Option<EntryId>,
}

impl Person {
    /// Somebody of whom the name is known.
    pub fn called(id: EntryId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            born: None,
            same_as: None,
        }
    }
}

/// The people, by name. Rows of a newer program are not among them.
///
/// ```
/// use techo_core::documents::settings::{self, Person};
/// use techo_core::documents::{Document, EntryId};
/// use techo_core::vault::DocumentName;
///
/// let mut document = Document::begin(DocumentName::Settings, [1; 16]);
/// let aki = Person::called(EntryId([7; 16]), "Aki");
/// settings::add_person(&mut document, &aki)?;
/// assert_eq!(settings::people(&document), [aki]);
/// # Ok::<(), techo_core::vault::VaultError>(())
/// ```
pub fn people(document: &Document) -> Vec<Person> {
    let mut people: Vec<Person> = document
        .rows()
        .iter()
        .filter(|row| row.core[..] == PERSON_V1)
        .map(person)
        .collect();
    people.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    people
}

fn person(row: &Row<'_>) -> Person {
    let mut person = Person::called(row.id, "");
    for (field, value) in &row.fields {
        match (field.as_str(), value) {
            (NAME, ScalarValueRef::Str(text)) => person.name = text.to_string(),
            // Of two that were set at the same time, both are there: then neither is known.
            (BORN, ScalarValueRef::Str(text)) => person.born = text.parse().ok(),
            (SAME_AS, ScalarValueRef::Bytes(id)) => person.same_as = <[u8; 16]>::try_from(&id[..]).ok().map(EntryId),
            _ => {}
        }
    }
    person
}

/// Who somebody is, after all that was said to be one: themselves, mostly. Where devices have said so in a circle it is the one of the
/// lowest id in it, the same on all.
///
/// ```
/// use techo_core::documents::EntryId;
/// use techo_core::documents::settings::{Person, who_is};
///
/// let (aki, akiko) = (EntryId([1; 16]), EntryId([2; 16]));
/// let mut people = [Person::called(aki, "Aki"), Person::called(akiko, "Akiko")];
/// assert_eq!(who_is(&people, akiko), akiko);
/// people[1].same_as = Some(aki);
/// assert_eq!(who_is(&people, akiko), aki);
/// ```
pub fn who_is(people: &[Person], id: EntryId) -> EntryId {
    let same_as = |id: EntryId| {
        let person = people.iter().find(|person| person.id == id)?;
        person.same_as.filter(|other| people.iter().any(|person| person.id == *other))
    };
    let mut met = vec![id];
    let mut at = id;
    while let Some(next) = same_as(at) {
        if let Some(from) = met.iter().position(|id| *id == next) {
            return met.iter().skip(from).copied().min().unwrap_or(at);
        }
        met.push(next);
        at = next;
    }
    at
}

/// Adds somebody, whatever they are called.
///
/// # Errors
/// As [`Document::set`].
pub fn add_person(document: &mut Document, person: &Person) -> Result<(), VaultError> {
    document.set(&core_key(&person.id), PERSON_V1.to_vec())?;
    document.set(&field_key(&person.id, NAME), person.name.as_str())?;
    match person.born {
        Some(born) => set_born(document, &person.id, born),
        None => Ok(()),
    }
}

/// Sets when somebody was born.
///
/// # Errors
/// As [`Document::set`].
pub fn set_born(document: &mut Document, id: &EntryId, born: NaiveDate) -> Result<(), VaultError> {
    document.set(&field_key(id, BORN), born.to_string())
}

/// Says that somebody is the same as another, or not any more.
///
/// # Errors
/// As [`Document::set`].
pub fn set_same_as(document: &mut Document, id: &EntryId, other: Option<&EntryId>) -> Result<(), VaultError> {
    match other {
        Some(other) => document.set(&field_key(id, SAME_AS), other.0.to_vec()),
        None => document.unset(&field_key(id, SAME_AS)),
    }
}

/// For how many days visits are kept; `None` if nobody has chosen.
///
/// ```
/// use techo_core::documents::{Document, settings};
/// use techo_core::vault::DocumentName;
///
/// let mut document = Document::begin(DocumentName::Settings, [1; 16]);
/// assert_eq!(settings::keep_days(&document), None);
/// settings::set_keep_days(&mut document, 30)?;
/// assert_eq!(settings::keep_days(&document), Some(30));
/// # Ok::<(), techo_core::vault::VaultError>(())
/// ```
pub fn keep_days(document: &Document) -> Option<i64> {
    match document.get(&setting_key(KEEP)) {
        Some(ScalarValue::Int(days)) => Some(days),
        _ => None,
    }
}

/// Whether an entry says for how many days visits are kept.
pub fn is_keep_days(entry: &Stamped) -> bool {
    entry.key == setting_key(KEEP)
}

/// Sets for how many days visits are kept.
///
/// # Errors
/// As [`Document::set`].
pub fn set_keep_days(document: &mut Document, days: i64) -> Result<(), VaultError> {
    document.set(&setting_key(KEEP), days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_of_the_same_has_one_answer() {
        let id = |n: u8| EntryId([n; 16]);
        let person = |n: u8, same_as: Option<u8>| Person {
            same_as: same_as.map(id),
            ..Person::called(id(n), "Aki")
        };
        let people = [person(1, None), person(2, Some(1)), person(3, Some(2)), person(4, Some(9))];
        assert_eq!([1, 2, 3, 4, 7].map(|n| who_is(&people, id(n))), [1, 1, 1, 4, 7].map(id));
        let people = [person(1, Some(3)), person(2, Some(1)), person(3, Some(2)), person(4, Some(2))];
        assert_eq!([1, 2, 3, 4].map(|n| who_is(&people, id(n))), [1; 4].map(id));
    }
}
