//! Rows of the settings document: people, and what the household has chosen.

use automerge::{ScalarValue, ScalarValueRef};

use super::flat::{Row, Stamped, core_key, field_key, setting_key};
use super::{Document, EntryId};
use crate::vault::VaultError;

/// The version and kind that a person's core begins with.
const PERSON_V1: [u8; 2] = [1, 1];
const NAME: &str = "w";
const KEEP: &str = "keep";

/// Somebody of the household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person's id.
    pub id: EntryId,
    /// What they are called.
    pub name: String,
}

/// The people, by name. Rows of a newer program are not among them.
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
    let name = row.fields.iter().find_map(|(field, value)| match value {
        ScalarValueRef::Str(text) if field == NAME => Some(text.to_string()),
        _ => None,
    });
    Person {
        id: row.id,
        name: name.unwrap_or_default(),
    }
}

/// Adds somebody.
///
/// # Errors
/// As [`Document::set`].
pub fn add_person(document: &mut Document, person: &Person) -> Result<(), VaultError> {
    document.set(&core_key(&person.id), PERSON_V1.to_vec())?;
    document.set(&field_key(&person.id, NAME), person.name.as_str())
}

/// For how many days visits are kept; `None` if nobody has chosen.
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
