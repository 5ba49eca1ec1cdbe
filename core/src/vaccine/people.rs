//! The people of the household: any number, each added by a person, and made one only by a person. Two of one name are two.

use chrono::NaiveDate;

use super::{EntryId, Person, VaccineError, VaccineRefusal, day_in_japan, record, stored};
use crate::diary::text;
use crate::documents::settings;
use crate::vault::{DocumentName, Vault};
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::folding::called;

/// Everybody, by name; of several who were said to be one person, that person alone.
///
/// # Errors
/// The vault cannot be read.
pub fn all(vault: &mut Vault) -> Result<Vec<Person>, VaccineError> {
    let everybody = stored::everybody(vault)?;
    let mut people = everybody.clone();
    people.retain(|person| settings::who_is(&everybody, person.id) == person.id);
    Ok(people)
}

/// The one of `people` who has this name or id. A name may be typed in another width or composition than it was given in.
///
/// ```
/// use techo_core::vaccine::{EntryId, Person, VaccineRefusal, people};
///
/// let [aki, yui, other] = [(1, "Aki"), (2, "Yui"), (3, "Aki")].map(|(id, name)| Person::called(EntryId([id; 16]), name));
/// let everybody = [aki, yui, other];
/// assert_eq!(people::find(&everybody, " Yui ")?.name, "Yui");
/// assert_eq!(people::find(&everybody, "Aki"), Err(VaccineRefusal::SeveralPeople));
/// let aki = [Person::called(EntryId([4; 16]), "アキ")];
/// assert_eq!(people::find(&aki, "ｱｷ")?.name, "アキ");
/// let id = everybody[2].id.to_string();
/// assert_eq!(people::find(&everybody, &id)?.id, everybody[2].id, "an id always says who is meant");
/// # Ok::<(), VaccineRefusal>(())
/// ```
///
/// # Errors
/// [`VaccineRefusal::NoSuchPerson`], or [`VaccineRefusal::SeveralPeople`] where a name does not say who is meant.
pub fn find<'p>(people: &'p [Person], name_or_id: &str) -> Result<&'p Person, VaccineRefusal> {
    let id: Option<EntryId> = name_or_id.parse().ok();
    if let Some(person) = people.iter().find(|person| Some(person.id) == id) {
        return Ok(person);
    }
    match called(people, name_or_id, |person| &person.name) {
        Some((person, false)) => Ok(person),
        None => Err(VaccineRefusal::NoSuchPerson),
        Some((_, true)) => Err(VaccineRefusal::SeveralPeople),
    }
}

/// The one of `people` who is meant: by a name or an id; where nothing is said, the only one.
///
/// ```
/// use techo_core::vaccine::{EntryId, Person, VaccineRefusal, people};
///
/// let everybody = [(1, "Aki"), (2, "Yui")].map(|(id, name)| Person::called(EntryId([id; 16]), name));
/// assert_eq!(people::meant(&everybody[..1], None)?.name, "Aki", "there is nobody else");
/// assert_eq!(people::meant(&everybody, None), Err(VaccineRefusal::WhichPerson));
/// # Ok::<(), VaccineRefusal>(())
/// ```
///
/// # Errors
/// As [`find`]; [`VaccineRefusal::WhichPerson`] where nothing is said and there are several.
pub fn meant<'p>(people: &'p [Person], name_or_id: Option<&str>) -> Result<&'p Person, VaccineRefusal> {
    match (name_or_id, people) {
        (Some(name_or_id), _) => find(people, name_or_id),
        (None, [one]) => Ok(one),
        (None, []) => Err(VaccineRefusal::NoSuchPerson),
        (None, _) => Err(VaccineRefusal::WhichPerson),
    }
}

/// The person of this id; of somebody who was said to be another, that other.
///
/// # Errors
/// [`VaccineRefusal::NoSuchPerson`], or the vault cannot be read.
pub fn of_id(vault: &mut Vault, id: EntryId) -> Result<Person, VaccineError> {
    let everybody = stored::everybody(vault)?;
    let id = settings::who_is(&everybody, id);
    let person = everybody.into_iter().find(|person| person.id == id);
    Ok(person.ok_or(VaccineRefusal::NoSuchPerson)?)
}

/// Adds somebody, even if there is somebody of that name.
///
/// ```
/// use techo_testing::NOW;
/// use techo_core::vaccine::{VaccineRefusal, people};
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// people::add(&mut vault, "Aki", Some("1980-01-01".parse()?), NOW)?;
/// people::add(&mut vault, "Aki", None, NOW)?;
/// assert_eq!(people::all(&mut vault)?.len(), 2, "two of one name are two");
/// let tomorrow = people::add(&mut vault, "Yui", Some("2026-11-21".parse()?), NOW);
/// assert_eq!(tomorrow, Err(VaccineRefusal::BornInTheFuture.into()), "the examples' day in Japan is 2026-11-20");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A name that is empty or too long, a birth date after today, or the vault cannot be written.
pub fn add(vault: &mut Vault, name: &str, born: Option<NaiveDate>, now: i64) -> Result<Person, VaccineError> {
    let name = text::name(name)?;
    check_born(born, now)?;
    vault.write(|writer| {
        let person = Person {
            born,
            ..Person::called(EntryId::random(writer.random())?, name)
        };
        let mut document = stored::settings(writer)?;
        settings::add_person(&mut document, &person)?;
        document.save(writer)?;
        Ok(person)
    })
}

/// Sets or corrects a birth date; what was there before is forgotten.
///
/// # Errors
/// [`VaccineRefusal::NoSuchPerson`], [`VaccineRefusal::BornInTheFuture`], or the vault cannot be written.
pub fn set_born(vault: &mut Vault, id: &EntryId, born: NaiveDate, now: i64) -> Result<(), VaccineError> {
    check_born(Some(born), now)?;
    vault.write(|writer| {
        let mut document = stored::settings(writer)?;
        let people = settings::people(&document);
        let person = people
            .iter()
            .find(|person| person.id == *id)
            .ok_or(VaccineRefusal::NoSuchPerson)?;
        settings::set_born(&mut document, id, born)?;
        if person.born.is_some_and(|before| before != born) {
            document.rewrite(writer)?;
        } else {
            document.save(writer)?;
        }
        Ok(())
    })
}

/// Says that `other` is `person`: visits and records of both are shown as `person`'s from then on. [`split`] takes it back.
///
/// ```
/// use techo_testing::NOW;
/// use techo_core::vaccine::{Content, add, list, people};
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let aki = people::add(&mut vault, "Aki", None, NOW)?.id;
/// let mum = people::add(&mut vault, "Mum", None, NOW)?.id;
/// add(&mut vault, &mum, Content::Ticket("0000000009".into()), NOW)?;
/// people::merge(&mut vault, &aki, &mum)?;
/// assert_eq!(list(&mut vault)?.records[0].person, aki);
/// people::split(&mut vault, &aki)?;
/// assert_eq!(list(&mut vault)?.records[0].person, mum);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`VaccineRefusal::NoSuchPerson`], [`VaccineRefusal::OnePerson`], or the vault cannot be written.
pub fn merge(vault: &mut Vault, person: &EntryId, other: &EntryId) -> Result<(), VaccineError> {
    vault.write(|writer| {
        let mut document = stored::settings(writer)?;
        let people = settings::people(&document);
        if ![person, other].iter().all(|id| people.iter().any(|person| person.id == **id)) {
            return Err(VaccineRefusal::NoSuchPerson.into());
        }
        let (into, from) = (settings::who_is(&people, *person), settings::who_is(&people, *other));
        if into == from {
            return Err(VaccineRefusal::OnePerson.into());
        }
        settings::set_same_as(&mut document, &from, Some(&into))?;
        Ok(document.save(writer)?)
    })
}

/// Takes back what [`merge`] has said of a person: all who were merged into them are people of their own again, and are the answer.
///
/// # Errors
/// [`VaccineRefusal::NotMerged`], or the vault cannot be written.
pub fn split(vault: &mut Vault, person: &EntryId) -> Result<Vec<Person>, VaccineError> {
    vault.write(|writer| {
        let mut document = stored::settings(writer)?;
        let people = settings::people(&document);
        let mut merged: Vec<Person> = people
            .iter()
            .filter(|other| other.same_as == Some(*person))
            .cloned()
            .collect();
        if merged.is_empty() {
            return Err(VaccineRefusal::NotMerged.into());
        }
        for other in &mut merged {
            settings::set_same_as(&mut document, &other.id, None)?;
            other.same_as = None;
        }
        document.save(writer)?;
        Ok(merged)
    })
}

/// Takes somebody away with all their records, really, and everybody who was merged into them. On visits they are "someone" from then on.
///
/// ```
/// use techo_testing::NOW;
/// use techo_core::vaccine::{Content, add, list, people};
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let aki = people::add(&mut vault, "Aki", None, NOW)?.id;
/// add(&mut vault, &aki, Content::Ticket("0000000009".into()), NOW)?;
/// people::remove(&mut vault, &aki, NOW)?;
/// assert!(list(&mut vault)?.records.is_empty(), "the records went too");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`VaccineRefusal::NoSuchPerson`], or the vault cannot be written.
pub fn remove(vault: &mut Vault, id: &EntryId, now: i64) -> Result<(), VaccineError> {
    let today = now.div_euclid(DAY_SECONDS);
    vault.write(|writer| {
        let mut document = stored::settings(writer)?;
        let people = settings::people(&document);
        if !people.iter().any(|person| person.id == *id) {
            return Err(VaccineRefusal::NoSuchPerson.into());
        }
        for person in people.iter().filter(|person| settings::who_is(&people, person.id) == *id) {
            document.bury(&person.id, today)?;
            record::delete_all(writer, &person.id, today)?;
        }
        Ok(document.rewrite_on(today, writer)?)
    })
}

/// Deletes the records of people who were taken away on another device, while this one or a third one added to them.
pub(crate) fn forget_removed(vault: &mut Vault, now: i64) -> Result<(), VaccineError> {
    let today = now.div_euclid(DAY_SECONDS);
    let actor = vault.actor();
    let left: Vec<EntryId> = vault.read(|reader| {
        let Some(settings) = stored::load(reader, &DocumentName::Settings, actor)? else {
            return Ok(Vec::new());
        };
        let mut left = Vec::new();
        for (name, _) in reader.document_names() {
            let DocumentName::Person(id) = name else { continue };
            let person = EntryId(id);
            if settings.is_buried(&person)
                && stored::load(reader, &name, actor)?.is_some_and(|document| !document.rows().is_empty())
            {
                left.push(person);
            }
        }
        Ok::<_, VaccineError>(left)
    })?;
    if left.is_empty() {
        return Ok(());
    }
    vault.write(|writer| Ok(left.iter().try_for_each(|person| record::delete_all(writer, person, today))?))
}

fn check_born(born: Option<NaiveDate>, now: i64) -> Result<(), VaccineRefusal> {
    if born.is_some_and(|born| born > day_in_japan(now)) {
        return Err(VaccineRefusal::BornInTheFuture);
    }
    Ok(())
}
