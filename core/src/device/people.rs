//! The people of the household: added, corrected, and made one, by a person only.

use chrono::NaiveDate;

use super::{Device, DeviceError};
use crate::vaccine::{EntryId, Person, people};

/// Somebody to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// What they are called.
    pub name: String,
    /// The birth date. Without it an adult's rules are taken for the next dose.
    pub born: Option<NaiveDate>,
}

impl Device {
    /// Adds somebody to the household, even if there is somebody of that name: two of one name are two.
    ///
    /// ```
    /// use techo_core::device::{Device, NewPerson};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let born = "1980-01-01".parse().ok();
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born })?;
    /// assert_eq!(device.people()?, [aki]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A name that is empty or too long, a birth date after today, or the vault cannot be written.
    pub fn add_person(&mut self, new: &NewPerson) -> Result<Person, DeviceError> {
        let now = self.now();
        Ok(people::add(self.diary.vault(), &new.name, new.born, now)?)
    }

    /// Everybody of the household, by name; of those who were said to be one, that one.
    ///
    /// ```
    /// use techo_core::device::{Device, NewPerson};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// for name in ["Yui", "Aki"] {
    ///     device.add_person(&NewPerson { name: name.into(), born: None })?;
    /// }
    /// let names: Vec<String> = device.people()?.into_iter().map(|person| person.name).collect();
    /// assert_eq!(names, ["Aki", "Yui"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn people(&mut self) -> Result<Vec<Person>, DeviceError> {
        Ok(people::all(self.diary.vault())?)
    }

    /// The one who is meant by a name or an id; where nothing is said, the only one of the household.
    ///
    /// ```
    /// use techo_core::device::{Device, NewPerson};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// assert_eq!(device.person(None)?, aki);
    /// assert!(device.person(Some("Yui")).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`VaccineRefusal`](crate::vaccine::VaccineRefusal): nobody of that name, or several where it is not said who.
    pub fn person(&mut self, name_or_id: Option<&str>) -> Result<Person, DeviceError> {
        let everybody = self.people()?;
        Ok(people::meant(&everybody, name_or_id).cloned()?)
    }

    /// Sets or corrects somebody's birth date; the one that was there before is forgotten.
    ///
    /// ```
    /// use techo_core::device::{Device, NewPerson};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// let aki = device.set_birth_date(aki.id, "1980-01-01".parse()?)?;
    /// assert_eq!(aki.born.map(|born| born.to_string()).as_deref(), Some("1980-01-01"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nobody of that id, a birth date after today, or the vault cannot be written.
    pub fn set_birth_date(&mut self, person: EntryId, born: NaiveDate) -> Result<Person, DeviceError> {
        let now = self.now();
        let person = people::of_id(self.diary.vault(), person)?;
        people::set_born(self.diary.vault(), &person.id, born, now)?;
        Ok(Person {
            born: Some(born),
            ..person
        })
    }

    /// Says that `other` is `person`: visits and records of both are `person`'s from then on. [`Device::split_person`] takes it back.
    ///
    /// ```
    /// use techo_core::device::{Device, NewPerson};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// let grandma = device.add_person(&NewPerson { name: "Grandma".into(), born: None })?;
    /// device.merge_people(aki.id, grandma.id)?;
    /// assert_eq!(device.people()?, [aki]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nobody of one of the ids, both are one already, or the vault cannot be written.
    pub fn merge_people(&mut self, person: EntryId, other: EntryId) -> Result<Person, DeviceError> {
        people::merge(self.diary.vault(), &person, &other)?;
        Ok(people::of_id(self.diary.vault(), person)?)
    }

    /// Takes back what [`Device::merge_people`] has said of a person: everybody who was merged into them has their own records again. Gives them.
    ///
    /// ```
    /// use techo_core::device::{Device, NewPerson};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// let grandma = device.add_person(&NewPerson { name: "Grandma".into(), born: None })?;
    /// device.merge_people(aki.id, grandma.id)?;
    /// assert_eq!(device.split_person(aki.id)?, [grandma]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nobody was merged into this person, or the vault cannot be written.
    pub fn split_person(&mut self, person: EntryId) -> Result<Vec<Person>, DeviceError> {
        Ok(people::split(self.diary.vault(), &person)?)
    }

    /// Takes somebody away with all their vaccine records, and everybody who was merged into them: nothing opens them any more. On visits they are
    /// "someone" from then on. Gives who it was.
    ///
    /// ```
    /// use techo_core::device::{Device, NewPerson};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// device.remove_person(aki.id)?;
    /// assert!(device.people()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nobody of that id, or the vault cannot be written.
    pub fn remove_person(&mut self, person: EntryId) -> Result<Person, DeviceError> {
        let now = self.now();
        let person = people::of_id(self.diary.vault(), person)?;
        people::remove(self.diary.vault(), &person.id, now)?;
        Ok(person)
    }
}
