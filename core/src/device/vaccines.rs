//! The vaccine record: what was read is kept, every dose is shown once with its proof, and the next one is known.

use techo_protocol::exposure::segment::Recall;
use techo_protocol::trust::{AuthorityId, TrustList};
use techo_protocol::vaccination::status_pass::Value;

use super::{Device, DeviceError};
use crate::certificates::{StatedDose, Trust, bundles};
use crate::exposure::recalls;
use crate::following;
use crate::vaccine::{
    self, Believing, Content, Dose, EntryId, Evidence, Keep, Kept, PartlyDated, Person, Recalled, Record, RecordList, pass,
    people,
};
use crate::vault::{DamagedRow, Vault};

/// The vaccine record as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordView {
    /// The doses, each once, by person and day.
    pub doses: Vec<DoseView>,
    /// Doses whose day is known only in part, or not at all: they are shown, and count for nothing.
    pub partly_dated: Vec<PartlyDatedView>,
    /// What tells of no dose: tickets and status passes, by person and oldest first.
    pub papers: Vec<PaperView>,
    /// How many records there are, those included that tell of one dose or of none.
    pub records: usize,
    /// Records of a newer version of Techo: kept and passed on, and unreadable here.
    pub newer: Vec<EntryId>,
    /// Rows that are damaged on the disk, and so are missing here.
    pub damaged: Vec<DamagedRow>,
}

/// A dose as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoseView {
    /// The person who had the dose.
    pub person: EntryId,
    /// What they are called; `None` while the record has come from another device and its person has not.
    pub name: Option<String>,
    /// The day of the dose, in Japan.
    pub date: chrono::NaiveDate,
    /// The vaccine: `pfizer`, `moderna`, `astrazeneca`, `novavax`, or its code in the certificate.
    pub product: Option<String>,
    /// Which dose, as the record says.
    pub number: Option<u8>,
    /// The lot that the dose was of.
    pub lot: Option<String>,
    /// Where it was given.
    pub place: Option<String>,
    /// Whether anything that tells of it is to be believed. A dose that is not does not count for the next one.
    pub is_believed: bool,
    /// What tells of it, the most believable first.
    pub proof: Vec<Evidence>,
    /// Recalls of its lot.
    pub recalls: Vec<Recalled>,
}

/// A dose whose day is known only in part, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartlyDatedView {
    /// The person who had the dose.
    pub person: EntryId,
    /// What they are called; `None` while the record has come from another device and its person has not.
    pub name: Option<String>,
    /// The dose as its certificate tells of it.
    pub dose: StatedDose,
    /// The certificate that tells of it.
    pub proof: Evidence,
}

/// A ticket or a status pass as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaperView {
    /// The record that holds it.
    pub record: EntryId,
    /// The person whose paper it is.
    pub person: EntryId,
    /// What they are called; `None` while the record has come from another device and its person has not.
    pub name: Option<String>,
    /// When it was added, in Unix seconds.
    pub added: i64,
    /// The kind of paper, and what it says.
    pub paper: Paper,
}

/// What tells of no dose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paper {
    /// A vaccination ticket of a municipality.
    Ticket {
        /// Its 18 digits, or the 10 of its number.
        digits: String,
    },
    /// A status pass of a municipality.
    Pass {
        /// The municipality that issued it; `None` where no municipality that is followed has its key.
        issuer: Option<String>,
        /// When its last copy ends, in Unix seconds.
        until: i64,
        /// What it says today, each of which can be shown without the others.
        says: Vec<Value>,
        /// Whether a SMART Health Card came with it.
        has_card: bool,
    },
    /// A status pass that cannot be read any more.
    DamagedPass,
}

/// The record as a readable file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedRecord {
    /// The file, JSON. Whoever has it has the record.
    pub file: String,
    /// How many records stand in it.
    pub records: usize,
    /// How many records of a newer version of Techo are not in it.
    pub left_out: usize,
}

impl Device {
    /// Keeps what was read in a person's record: dose slips, certificates, tickets, files of status passes, doses by hand. Everything is checked
    /// first, and what is forged or damaged is not kept and says why; of what is kept, [`Kept::warnings`] says whether it is the person's.
    ///
    /// ```
    /// use techo_core::certificates::{DocumentKind, Verdict};
    /// use techo_core::device::{Device, Keep, NewPerson};
    ///
    /// let town = techo_testing::Town::named("Sakai");
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// let slip = Keep { texts: vec![town.slip(1, techo_testing::NOW - 86_400)?], ..Keep::of(aki.id) };
    /// let kept = device.keep(&slip)?;
    /// assert_eq!((kept[0].kind, kept[0].verdict), (DocumentKind::DoseSlip, Some(Verdict::Unknown)));
    /// assert!(kept[0].record.is_some(), "a town that is not followed may be right");
    /// assert!(device.keep(&slip)?[0].already);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nothing is kept then: what was read is nothing that a record holds, codes of a card are missing, a pass is for another request, a dose is in
    /// the future, nobody has that id, or the vault cannot be written.
    pub fn keep(&mut self, request: &Keep) -> Result<Vec<Kept>, DeviceError> {
        let now = self.now();
        let trusted = Trusted::of(self.diary.vault())?;
        Ok(vaccine::keep(self.diary.vault(), request, &trusted.believing(), now)?)
    }

    /// The record of one person, or of everybody: each dose once, with what tells of it and recalls of its lot; tickets and passes. Passes that are
    /// over are left out, and deleted on the way once the time is confirmed.
    ///
    /// ```
    /// use techo_core::device::{Device, Keep, NewPerson};
    ///
    /// let town = techo_testing::Town::named("Sakai");
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// let texts = vec![town.slip(1, techo_testing::NOW - 86_400)?, "112714030000000009".into()];
    /// device.keep(&Keep { texts, ..Keep::of(aki.id) })?;
    /// let record = device.vaccine_record(Some(aki.id))?;
    /// assert_eq!(record.doses[0].lot.as_deref(), Some("EX3617"));
    /// assert_eq!((record.doses[0].proof.len(), record.papers.len()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nobody of that id, or the vault cannot be read.
    pub fn vaccine_record(&mut self, person: Option<EntryId>) -> Result<RecordView, DeviceError> {
        let now = self.now();
        pass::tidy(self.diary.vault(), person, now)?;
        let book = self.book(person)?;
        Ok(RecordView {
            doses: book.doses.iter().map(|dose| book.dose(dose)).collect(),
            partly_dated: book.partly_dated.iter().map(|dose| book.partly_dated(dose)).collect(),
            papers: book
                .list
                .records
                .iter()
                .filter_map(|record| book.paper(record, now))
                .collect(),
            records: book.list.records.len(),
            newer: book.list.newer,
            damaged: book.list.damaged,
        })
    }

    /// Deletes records, all or none: nothing opens them any more, here and on the household's other devices once they have met.
    ///
    /// ```
    /// use techo_core::device::{Device, Keep, NewPerson};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// let ticket = Keep { texts: vec!["112714030000000009".into()], ..Keep::of(aki.id) };
    /// let records: Vec<_> = device.keep(&ticket)?.iter().filter_map(|kept| kept.record).collect();
    /// device.delete_records(&records)?;
    /// assert_eq!(device.vaccine_record(None)?.records, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// No record of one of the ids, or the vault cannot be written.
    pub fn delete_records(&mut self, records: &[EntryId]) -> Result<(), DeviceError> {
        let now = self.now();
        Ok(vaccine::delete(self.diary.vault(), records, now)?)
    }

    /// Everybody's record as readable JSON, without the keys of passes: a person's own data, for whatever they want with it.
    ///
    /// ```
    /// use techo_core::device::{Device, Keep, NewPerson};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// device.keep(&Keep { texts: vec!["112714030000000009".into()], ..Keep::of(aki.id) })?;
    /// let exported = device.export_vaccine_record()?;
    /// assert!(exported.file.contains("112714030000000009"));
    /// assert_eq!((exported.records, exported.left_out), (1, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn export_vaccine_record(&mut self) -> Result<ExportedRecord, DeviceError> {
        let book = self.book(None)?;
        Ok(ExportedRecord {
            file: vaccine::export(&book.people, &book.list, &book.doses),
            records: book.list.records.len(),
            left_out: book.list.newer.len(),
        })
    }

    /// The record as it is now; of one person only, where one is named.
    pub(super) fn book(&mut self, person: Option<EntryId>) -> Result<Book, DeviceError> {
        let now = self.now();
        let vault = self.diary.vault();
        let mut list = vaccine::list(vault)?;
        let people = match person {
            Some(id) => {
                let one = people::of_id(vault, id)?;
                list.records.retain(|record| record.person == one.id);
                vec![one]
            }
            None => people::all(vault)?,
        };
        let trusted = Trusted::of(vault)?;
        Ok(Book {
            doses: vaccine::doses(&list.records, &trusted.believing(), now),
            partly_dated: vaccine::partly_dated(&list.records, &trusted.believing(), now),
            recalls: recalls::all(vault)?,
            lists: trusted.lists,
            people,
            list,
        })
    }
}

/// The record of a moment.
pub(super) struct Book {
    pub people: Vec<Person>,
    pub doses: Vec<Dose>,
    partly_dated: Vec<PartlyDated>,
    recalls: Vec<(AuthorityId, Recall)>,
    list: RecordList,
    lists: Vec<TrustList>,
}

impl Book {
    fn name(&self, person: EntryId) -> Option<String> {
        let person = self.people.iter().find(|known| known.id == person)?;
        Some(person.name.clone())
    }

    /// A person's doses, by their day.
    pub fn of(&self, person: EntryId) -> Vec<Dose> {
        self.doses.iter().filter(|dose| dose.person == person).cloned().collect()
    }

    /// Recalls of the lots of some doses.
    pub fn recalled(&self, doses: &[Dose]) -> Vec<Recalled> {
        vaccine::recalled(doses, &self.recalls)
    }

    fn dose(&self, dose: &Dose) -> DoseView {
        DoseView {
            person: dose.person,
            name: self.name(dose.person),
            date: dose.date,
            product: dose.product.clone(),
            number: dose.number,
            lot: dose.lot.clone(),
            place: dose.place.clone(),
            is_believed: dose.is_believed(),
            proof: dose.evidence.clone(),
            recalls: self.recalled(std::slice::from_ref(dose)),
        }
    }

    fn partly_dated(&self, known: &PartlyDated) -> PartlyDatedView {
        PartlyDatedView {
            person: known.person,
            name: self.name(known.person),
            dose: known.dose.clone(),
            proof: known.evidence.clone(),
        }
    }

    fn paper(&self, record: &Record, now: i64) -> Option<PaperView> {
        let paper = match &record.content {
            Content::Ticket(digits) => Paper::Ticket { digits: digits.clone() },
            Content::Pass(content) if pass::is_over(content, now) => return None,
            Content::Pass(content) => match pass::kept(content, &self.lists, now) {
                Some(pass) => Paper::Pass {
                    issuer: pass.issuer,
                    until: pass.until,
                    says: pass.says,
                    has_card: pass.has_card,
                },
                None => Paper::DamagedPass,
            },
            Content::Slip(_) | Content::Certificate(_) | Content::Dose(_) | Content::Request(_) => return None,
        };
        Some(PaperView {
            record: record.id,
            person: record.person,
            name: self.name(record.person),
            added: record.added,
            paper,
        })
    }
}

/// Whom this device believes: the municipalities and authorities that the person follows, and the issuers in the bundles that they hand out.
pub(super) struct Trusted {
    pub lists: Vec<TrustList>,
    issuers: Trust,
}

impl Trusted {
    pub fn of(vault: &mut Vault) -> Result<Self, DeviceError> {
        Ok(Self {
            lists: following::all(vault)?,
            issuers: bundles::trusted(vault)?,
        })
    }

    pub fn believing(&self) -> Believing<'_> {
        Believing {
            lists: &self.lists,
            issuers: &self.issuers,
        }
    }
}
