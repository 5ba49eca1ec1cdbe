//! What comes next: the next dose by the schedule that counts here, reminders, and a file for the person's calendar.

use techo_protocol::vaccination::schedule::{NextDose, NoDose, Source as ScheduleSource};

use super::{Device, DeviceError};
use crate::vaccine::{self, EntryId, Event, Person, Recalled, Reminder, day_in_japan, schedule};

/// Days before the recommended day at which a calendar reminds.
const ALARM_DAYS: u32 = 7;

/// What comes next for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonNext {
    /// The person whose next dose it is.
    pub person: Person,
    /// Which dose would be next.
    pub dose: u8,
    /// When it is due, or why none is.
    pub next: Upcoming,
    /// Recalled lots among the person's doses.
    pub recalls: Vec<Recalled>,
}

/// When a dose is due, or why none is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upcoming {
    /// A dose is foreseen.
    Due {
        /// When, and by which rule.
        when: NextDose,
        /// Whether it is late today, by the day in Japan. It is still given, and nothing begins anew.
        is_late: bool,
    },
    /// No dose is due.
    Nothing {
        /// The reason why no dose is next.
        why: NoDose,
    },
}

/// What a person's calendar says of their next dose, in the shell's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarText {
    /// Whose dose it is.
    pub person: EntryId,
    /// The event's title, in the text's language.
    pub title: String,
    /// What there is to say of it.
    pub description: String,
}

/// A file for a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFile {
    /// The file, iCalendar (RFC 5545). A calendar that takes in a newer one changes its events in place of adding some.
    pub file: String,
    /// How many events stand in it.
    pub events: usize,
}

/// A schedule by which the next dose is worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleView {
    /// Which schedule it is, the same in all its versions.
    pub code: String,
    /// The version of the schedule.
    pub version: u32,
    /// Its name for people.
    pub name: String,
    /// The day on which it was issued.
    pub issued: chrono::NaiveDate,
    /// The id of the authority that signed it; `None` for the one that is built in.
    pub authority: Option<techo_protocol::trust::AuthorityId>,
    /// The name of the authority that signed the schedule.
    pub signed_by: Option<String>,
    /// The codes of the vaccines that it speaks of.
    pub products: Vec<String>,
    /// Where its rules come from.
    pub sources: Vec<ScheduleSource>,
}

impl Device {
    /// What comes next for one person, or for everybody, by the schedule that counts here and the day in Japan; and recalls of the lots that they had.
    ///
    /// ```
    /// use techo_core::device::{Device, Keep, NewPerson, Upcoming};
    ///
    /// let town = techo_testing::Town::named("Sakai");
    /// let clock = techo_testing::SetClock::at(1_625_101_200); // 2021-07-01, in the time of the schedule's first rules
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports_with(&Default::default(), &clock))?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: "1980-01-01".parse().ok() })?;
    /// device.keep(&Keep { texts: vec![town.slip(1, 1_625_101_200)?], ..Keep::of(aki.id) })?;
    /// let next = device.next_doses(Some(aki.id))?.remove(0);
    /// let Upcoming::Due { when, is_late } = next.next else { panic!("a second dose is foreseen") };
    /// assert_eq!((when.dose, when.recommended.to_string(), is_late), (2, "2021-07-22".to_owned(), false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nobody of that id, or the vault cannot be read.
    pub fn next_doses(&mut self, person: Option<EntryId>) -> Result<Vec<PersonNext>, DeviceError> {
        let today = day_in_japan(self.now());
        let book = self.book(person)?;
        let schedule = schedule::in_use(self.diary.vault())?.schedule;
        let of = |person: &Person| {
            let doses = book.of(person.id);
            let answer = vaccine::next(&schedule, person.born, &doses, today);
            PersonNext {
                person: person.clone(),
                dose: answer.dose,
                next: match answer.due {
                    Ok(when) => Upcoming::Due {
                        is_late: when.overdue.is_some_and(|overdue| overdue <= today),
                        when,
                    },
                    Err(why) => Upcoming::Nothing { why },
                },
                recalls: book.recalled(&doses),
            }
        };
        Ok(book.people.iter().map(of).collect())
    }

    /// The moments at which the shell is to remind one person, or everybody, of their next dose: those that are still to come, person by person. They
    /// are worked out anew from the record, so a shell asks again after every change and puts the answer in the place of the one before.
    ///
    /// ```
    /// use techo_core::device::{Device, Keep, NewPerson};
    ///
    /// let town = techo_testing::Town::named("Sakai");
    /// let clock = techo_testing::SetClock::at(1_625_101_200);
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports_with(&Default::default(), &clock))?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: "1980-01-01".parse().ok() })?;
    /// device.keep(&Keep { texts: vec![town.slip(1, 1_625_101_200)?], ..Keep::of(aki.id) })?;
    /// let names: Vec<_> = device.reminders(None)?.iter().map(|reminder| reminder.kind.name()).collect();
    /// assert_eq!(names, ["ahead", "earliest", "recommended", "overdue"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nobody of that id, or the vault cannot be read.
    pub fn reminders(&mut self, person: Option<EntryId>) -> Result<Vec<Reminder>, DeviceError> {
        let now = self.now();
        let mut reminders = Vec::new();
        for next in self.next_doses(person)? {
            if let Upcoming::Due { when, .. } = next.next {
                reminders.extend(vaccine::reminders(next.person.id, &when, now));
            }
        }
        Ok(reminders)
    }

    /// A calendar file of the recommended days, with the shell's words for each person; who has none, or no dose that is due, is not in it. Names
    /// may stand in it: a calendar may send them to other machines.
    ///
    /// ```
    /// use techo_core::device::{CalendarText, Device, Keep, NewPerson};
    ///
    /// let town = techo_testing::Town::named("Sakai");
    /// let clock = techo_testing::SetClock::at(1_625_101_200);
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports_with(&Default::default(), &clock))?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// device.keep(&Keep { texts: vec![town.slip(1, 1_625_101_200)?], ..Keep::of(aki.id) })?;
    /// let text = CalendarText { person: aki.id, title: "Second dose".into(), description: String::new() };
    /// let calendar = device.calendar(&[text])?;
    /// assert_eq!(calendar.events, 1);
    /// assert!(calendar.file.contains("DTSTART;VALUE=DATE:20210722\r\nDTEND;VALUE=DATE:20210723\r\nSUMMARY:Second dose\r\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn calendar(&mut self, texts: &[CalendarText]) -> Result<CalendarFile, DeviceError> {
        let mut events = Vec::new();
        for next in self.next_doses(None)? {
            let text = texts.iter().find(|text| text.person == next.person.id);
            if let (Upcoming::Due { when, .. }, Some(text)) = (next.next, text) {
                events.push(Event {
                    uid: format!("{}-{}@techo.invalid", next.person.id, when.dose),
                    day: when.recommended,
                    title: text.title.clone(),
                    description: text.description.clone(),
                    alarm_days: ALARM_DAYS,
                });
            }
        }
        Ok(CalendarFile {
            file: vaccine::calendar(&events, self.now()),
            events: events.len(),
        })
    }

    /// The schedule that counts here: the one that an authority signed, while it is followed, or else the one that is built in.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let schedule = device.schedule()?;
    /// assert_eq!((schedule.code.as_str(), schedule.signed_by), ("jp-covid-19", None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn schedule(&mut self) -> Result<ScheduleView, DeviceError> {
        Ok(schedule::in_use(self.diary.vault())?.into())
    }

    /// Takes a newer schedule that an authority which is followed has signed. It counts for everybody's next dose from then on.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let town = techo_testing::Town::named("Sakai");
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// assert!(device.add_schedule(&town.schedule(2)).is_err(), "nobody is followed yet");
    /// town.is_followed_by(&mut device)?;
    /// let schedule = device.add_schedule(&town.schedule(2))?;
    /// assert_eq!((schedule.version, schedule.signed_by.as_deref()), (2, Some("Sakai")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// No schedule, not signed by an authority that is followed, older than the one that is here, or the vault cannot be written.
    pub fn add_schedule(&mut self, file: &[u8]) -> Result<ScheduleView, DeviceError> {
        Ok(schedule::add(self.diary.vault(), file)?.into())
    }

    /// Goes back to the schedule that is built in, and gives it.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// assert_eq!(device.reset_schedule()?.version, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The vault cannot be written.
    pub fn reset_schedule(&mut self) -> Result<ScheduleView, DeviceError> {
        schedule::reset(self.diary.vault())?;
        self.schedule()
    }
}

impl From<schedule::InUse> for ScheduleView {
    fn from(counts: schedule::InUse) -> Self {
        let schedule = counts.schedule;
        Self {
            code: schedule.code,
            version: schedule.version,
            name: schedule.name,
            issued: schedule.issued,
            authority: counts.signed_by.as_ref().map(techo_protocol::trust::TrustList::authority),
            signed_by: counts.signed_by.map(|list| list.name),
            products: schedule.products.into_iter().map(|product| product.code).collect(),
            sources: schedule.sources,
        }
    }
}
