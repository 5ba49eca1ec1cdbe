//! Status passes and certificates that are shown: a municipality is asked for a pass, and no more of it is shown than was asked for.

use techo_protocol::vaccination::status_pass::{Field, SHOWN_SECONDS, SIGNED_EVERY_SECONDS, Value};

use super::{Device, DeviceError};
use crate::certificates::{self, DocumentKind};
use crate::following;
use crate::vaccine::pass::{self, PassSummary};
use crate::vaccine::{self, Content, EntryId, Person, VaccineRefusal, people};

/// A request for a status pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassRequest {
    /// Who the pass is for.
    pub person: Person,
    /// The file for the municipality. It names nobody; the keys that belong to it stay on this device.
    pub file: Vec<u8>,
}

/// A status pass to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowPass {
    /// Whose pass it is.
    pub person: EntryId,
    /// What to show of it, and nothing else.
    pub fields: Vec<Field>,
    /// What the checker asks the phone to sign, for a strict check; without one anybody may check the code within the minute.
    pub nonce: Option<String>,
}

/// A code of a status pass, made for this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPass {
    /// Whose pass it is.
    pub person: Person,
    /// The text of the code: digits.
    pub text: String,
    /// Exactly what the checker will see of the person.
    pub shows: Vec<Value>,
    /// What the phone has signed for the checker, in a strict check.
    pub nonce: Option<String>,
    /// When the phone signed, in Unix seconds.
    pub signed_at: i64,
    /// When a screen that goes on showing the pass asks for a new code, in Unix seconds.
    pub next_at: i64,
    /// Until when the code counts, in Unix seconds.
    pub until: i64,
}

/// A document that is shown as it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownDocument {
    /// The person whose document it is.
    pub person: Person,
    /// The kind of document that is shown.
    pub kind: DocumentKind,
    /// The text of the code. Whoever reads it sees all that it says.
    pub text: String,
}

impl Device {
    /// Asks for a status pass: makes the keys of a request, keeps them in the person's record, and gives the file for the municipality. What it issues
    /// for the request is taken in with [`Device::keep`], within 60 days.
    ///
    /// ```
    /// use techo_core::device::{Device, NewPerson};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// let request = device.request_pass(aki.id)?;
    /// assert!(request.file.starts_with(b"TSRQ"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nobody of that id, no randomness, or the vault cannot be written.
    pub fn request_pass(&mut self, person: EntryId) -> Result<PassRequest, DeviceError> {
        let now = self.now();
        let vault = self.diary.vault();
        let person = people::of_id(vault, person)?;
        let file = pass::request(vault, &person.id, now)?;
        Ok(PassRequest { person, file })
    }

    /// A person's newest status pass that is not over: who issued it, and what of it can be shown today, for the person to choose from.
    ///
    /// ```
    /// use techo_core::device::{Device, Keep, NewPerson};
    ///
    /// let town = techo_testing::Town::named("Sakai");
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// town.is_followed_by(&mut device)?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// assert!(device.pass(aki.id).is_err(), "there is none yet");
    /// let request = device.request_pass(aki.id)?;
    /// device.keep(&Keep { pass_files: vec![town.pass(&request.file, techo_testing::NOW)?], ..Keep::of(aki.id) })?;
    /// let pass = device.pass(aki.id)?;
    /// assert_eq!((pass.issuer.as_deref(), pass.says.len()), (Some("Sakai"), 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nobody of that id, no pass that is not over, or the vault cannot be read.
    pub fn pass(&mut self, person: EntryId) -> Result<PassSummary, DeviceError> {
        let now = self.now();
        let vault = self.diary.vault();
        let person = people::of_id(vault, person)?;
        let records = vaccine::list(vault)?.records;
        let lists = following::all(vault)?;
        Ok(pass::newest(&records, &person.id, &lists, now)?)
    }

    /// Shows fields of a person's pass, of the newest that has them all today: a code that counts for a minute, and says nothing else.
    ///
    /// ```
    /// use techo_core::device::{Device, Keep, NewPerson, ShowPass};
    /// use techo_protocol::vaccination::status_pass::{Field, Status, Value};
    ///
    /// let town = techo_testing::Town::named("Sakai");
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// let request = device.request_pass(aki.id)?;
    /// device.keep(&Keep { pass_files: vec![town.pass(&request.file, techo_testing::NOW)?], ..Keep::of(aki.id) })?;
    /// let shown = device.show_pass(&ShowPass { person: aki.id, fields: vec![Field::Status], nonce: None })?;
    /// assert_eq!(shown.shows, [Value::Status(Status::Vaccinated)]);
    /// assert_eq!(shown.until, techo_testing::NOW + 60);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nobody of that id, no pass, none for today or with these fields, a nonce that is none, or the vault cannot be read.
    pub fn show_pass(&mut self, show: &ShowPass) -> Result<ShownPass, DeviceError> {
        let now = self.now();
        let vault = self.diary.vault();
        let person = people::of_id(vault, show.person)?;
        let records = vaccine::list(vault)?.records;
        let shown = pass::show(&records, &person.id, &show.fields, show.nonce.as_deref(), now)?;
        Ok(ShownPass {
            text: shown.to_text(),
            shows: shown.values().cloned().collect(),
            nonce: show.nonce.clone(),
            signed_at: now,
            next_at: now.saturating_add(SIGNED_EVERY_SECONDS),
            until: now.saturating_add(SHOWN_SECONDS),
            person,
        })
    }

    /// The SMART Health Card that came with a person's pass, for checkers who know only that. It says the name, the birth date and every dose.
    ///
    /// ```
    /// use techo_core::device::{Device, NewPerson};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// assert!(device.show_card(aki.id).is_err(), "a card comes with a pass that was issued with a name");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nobody of that id, no card, or the vault cannot be read.
    pub fn show_card(&mut self, person: EntryId) -> Result<ShownDocument, DeviceError> {
        let now = self.now();
        let vault = self.diary.vault();
        let person = people::of_id(vault, person)?;
        let records = vaccine::list(vault)?.records;
        Ok(ShownDocument {
            text: pass::card(&records, &person.id, now)?,
            kind: DocumentKind::Shc,
            person,
        })
    }

    /// A person's dose slip or certificate as it was issued, with all that it says.
    ///
    /// ```
    /// use techo_core::certificates::DocumentKind;
    /// use techo_core::device::{Device, Keep, NewPerson};
    ///
    /// let town = techo_testing::Town::named("Sakai");
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = device.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// let slip = town.slip(1, techo_testing::NOW - 86_400)?;
    /// let kept = device.keep(&Keep { texts: vec![slip.clone()], ..Keep::of(aki.id) })?;
    /// let shown = device.show_certificate(aki.id, kept[0].record.ok_or("not kept")?)?;
    /// assert_eq!((shown.kind, shown.text), (DocumentKind::DoseSlip, slip));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nobody of that id, no certificate of that id in the person's record, or the vault cannot be read.
    pub fn show_certificate(&mut self, person: EntryId, record: EntryId) -> Result<ShownDocument, DeviceError> {
        let vault = self.diary.vault();
        let person = people::of_id(vault, person)?;
        let records = vaccine::list(vault)?.records;
        let record = records.into_iter().find(|held| (held.person, held.id) == (person.id, record));
        let (kind, text) = match record.map(|record| record.content) {
            Some(Content::Slip(text)) => (DocumentKind::DoseSlip, text),
            Some(Content::Certificate(text)) => (certificates::kind(&text), text),
            _ => return Err(VaccineRefusal::NoCertificate.into()),
        };
        Ok(ShownDocument { person, kind, text })
    }
}
