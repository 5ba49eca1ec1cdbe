//! A resident with a phone in the demonstration of vaccination.

use std::path::{Path, PathBuf};

use techo_core::device::{Device, FetchOutcome, Keep, Kept, NewPerson, PersonNext, ShowPass};
use techo_core::recognise::FileContent;
use techo_core::vaccine::{EntryId, Recalled};
use techo_protocol::vaccination::dose_slip::DoseSlip;
use techo_protocol::vaccination::status_pass::Field;

use super::phone::{self, StoryClock};
use crate::failure::CliError;
use crate::{Failure, code_picture, device};

/// Somebody with a phone, on which their record is.
pub struct Patient {
    pub name: String,
    person: EntryId,
    device: Device,
    clock: StoryClock,
    folder: PathBuf,
}

impl Patient {
    /// A phone whose owner follows the town.
    pub fn new(folder: &Path, name: &str, born: &str, trust_file: &[u8], now: i64) -> Result<Self, Failure> {
        let own = folder.join(name);
        let clock = StoryClock::at(now);
        let mut device = phone::open(&own, Box::new(clock.clone()), device::relay())?;
        device.follow(trust_file)?;
        let person = device.add_person(&NewPerson {
            name: name.to_owned(),
            born: born.parse().ok(),
        })?;
        Ok(Self {
            name: name.to_owned(),
            person: person.id,
            device,
            clock,
            folder: folder.to_owned(),
        })
    }

    /// Goes on to another moment, in Unix seconds.
    pub fn go_to(&mut self, now: i64) {
        self.clock.set(now);
    }

    /// Draws a slip's code, reads it from its picture, and keeps it.
    pub fn scan_slip(&mut self, slip: &DoseSlip) -> Result<(), Failure> {
        let text = read_code(&self.folder, &slip.to_text())?;
        self.keep(&Keep {
            texts: vec![text],
            ..Keep::of(self.person)
        })
    }

    /// The texts of the slips that are kept, by the day of their dose.
    pub fn slips(&mut self) -> Result<Vec<String>, Failure> {
        let record = self.device.vaccine_record(Some(self.person))?;
        let mut slips = Vec::new();
        for proof in record.doses.iter().flat_map(|dose| &dose.proof) {
            slips.push(self.device.show_certificate(self.person, proof.record)?.text);
        }
        Ok(slips)
    }

    /// Which dose is next.
    pub fn next(&mut self) -> Result<PersonNext, Failure> {
        let next = self.device.next_doses(Some(self.person))?.pop();
        Ok(next.ok_or(CliError::DemoFailed)?)
    }

    /// Asks for a status pass.
    pub fn request_pass(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.device.request_pass(self.person)?.file)
    }

    /// Keeps the pass that the town has issued.
    pub fn keep_pass(&mut self, file: Vec<u8>) -> Result<(), Failure> {
        self.keep(&Keep {
            pass_files: vec![file],
            ..Keep::of(self.person)
        })
    }

    /// Keeps all of it; fails where anything is against it.
    fn keep(&mut self, keep: &Keep) -> Result<(), Failure> {
        let kept = self.device.keep(keep)?;
        let is_kept = |kept: &Kept| kept.reasons.is_empty() && kept.record.is_some();
        if kept.iter().all(is_kept) {
            Ok(())
        } else {
            Err(CliError::DemoFailed.into())
        }
    }

    /// Shows two fields of the pass: the text that a camera reads from the screen.
    pub fn show_pass(&mut self, nonce: Option<&str>) -> Result<String, Failure> {
        let shown = self.device.show_pass(&ShowPass {
            person: self.person,
            fields: vec![Field::Status, Field::ValidUntil],
            nonce: nonce.map(str::to_owned),
        })?;
        read_code(&self.folder, &shown.text)
    }

    /// Fetches the public lists, and compares the recalled lots with the doses.
    pub fn recalled(&mut self, relay: &str) -> Result<Vec<Recalled>, Failure> {
        for fetched in self.device.fetch(&[relay.to_owned()])? {
            if let FetchOutcome::Failed { why } = fetched.outcome {
                return Err(why.into());
            }
        }
        Ok(self.next()?.recalls)
    }
}

/// Draws a code, and reads it from its picture.
pub fn read_code(folder: &Path, text: &str) -> Result<String, Failure> {
    let path = folder.join("code.png");
    code_picture::write(text, &path)?;
    let bytes = std::fs::read(&path).map_err(|_| CliError::FileUnreadable)?;
    // What was on a screen or on paper stays with its holder.
    std::fs::remove_file(&path).map_err(|_| CliError::FileUnwritable)?;
    let texts = FileContent::of(&bytes)?.texts();
    Ok(texts.into_iter().next().ok_or(CliError::DemoFailed)?.text)
}
