//! A resident's phone in the demonstration of vaccination.

use std::path::Path;

use techo_core::certificates::Trust;
use techo_core::diary::Diary;
use techo_core::exposure::{fetch, recalls, trust};
use techo_core::ports::FixedClock;
use techo_core::scan::{Options, picture, scan};
use techo_core::vaccine::{self, Believing, Content, Dose, EntryId, Recalled, Record, people};
use techo_core::vault::Vault;
use techo_core::vault::key_file::KeyFile;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::trust::TrustList;
use techo_protocol::vaccination::dose_slip::DoseSlip;
use techo_protocol::vaccination::schedule::{Answer, Schedule};

use crate::device::HttpRelay;
use crate::failure::CliError;
use crate::{Failure, code_picture};

/// A phone with one person's record.
pub struct Phone {
    pub name: String,
    pub person: EntryId,
    pub diary: Diary,
    folder: std::path::PathBuf,
}

impl Phone {
    /// A phone whose owner follows the town.
    pub fn new(folder: &Path, name: &str, born: &str, trust_file: &[u8], now: i64) -> Result<Self, Failure> {
        let own = folder.join(name);
        let keeper = KeyFile::new(&own, None, Box::new(SystemRandom::new()));
        let vault = Vault::open(&own, Box::new(keeper), Box::new(SystemRandom::new()))?;
        let mut diary = Diary::open(vault, Box::new(FixedClock(now)))?;
        trust::add(diary.vault(), trust_file)?;
        let person = people::add(diary.vault(), name, born.parse().ok(), now)?;
        Ok(Self {
            name: name.to_owned(),
            person: person.id,
            diary,
            folder: folder.to_owned(),
        })
    }

    /// Draws a slip's code, reads it from its picture, and keeps it.
    pub fn scan_slip(&mut self, slip: &DoseSlip, now: i64) -> Result<(), Failure> {
        let text = read_code(&self.folder, &slip.to_text())?;
        let lists = self.lists()?;
        let issuers = Trust::default();
        let believing = Believing {
            lists: &lists,
            issuers: &issuers,
        };
        let read = vaccine::read(&text, &believing, now);
        let content = read.content.filter(|_| read.reasons.is_empty()).ok_or(CliError::DemoFailed)?;
        vaccine::add(self.diary.vault(), &self.person, content, now)?;
        Ok(())
    }

    /// The texts of the slips that are kept, oldest first.
    pub fn slips(&mut self) -> Result<Vec<String>, Failure> {
        let slips = self.records()?.into_iter().filter_map(|record| match record.content {
            Content::Slip(text) => Some(text),
            _ => None,
        });
        Ok(slips.collect())
    }

    /// Which dose is next.
    pub fn next(&mut self, now: i64) -> Result<Answer, Failure> {
        let born = people::all(self.diary.vault())?.into_iter().find_map(|person| person.born);
        let doses = self.doses(now)?;
        Ok(vaccine::next(
            &Schedule::japan_covid_19(),
            born,
            &doses,
            vaccine::day_in_japan(now),
        ))
    }

    /// Fetches the public lists, and compares the recalled lots with the doses.
    pub fn recalled(&mut self, relay: &str, now: i64) -> Result<Vec<Recalled>, Failure> {
        for fetched in fetch::fetch(self.diary.vault(), &HttpRelay::new()?, &[relay.to_owned()], now)? {
            fetched.outcome?;
        }
        let doses = self.doses(now)?;
        Ok(vaccine::recalled(&doses, &recalls::all(self.diary.vault())?))
    }

    /// What is kept.
    pub fn records(&mut self) -> Result<Vec<Record>, Failure> {
        Ok(vaccine::list(self.diary.vault())?.records)
    }

    /// The towns that are followed.
    pub fn lists(&mut self) -> Result<Vec<TrustList>, Failure> {
        Ok(trust::all(self.diary.vault())?)
    }

    fn doses(&mut self, now: i64) -> Result<Vec<Dose>, Failure> {
        let (records, lists) = (self.records()?, self.lists()?);
        let issuers = Trust::default();
        let believing = Believing {
            lists: &lists,
            issuers: &issuers,
        };
        Ok(vaccine::doses(&records, &believing, now))
    }
}

/// Draws a code, and reads it from its picture.
pub fn read_code(folder: &Path, text: &str) -> Result<String, Failure> {
    let path = folder.join("code.png");
    code_picture::write(text, &path)?;
    let bytes = std::fs::read(&path).map_err(|_| CliError::FileUnreadable)?;
    // What was on a screen or on paper stays with its holder.
    std::fs::remove_file(&path).map_err(|_| CliError::FileUnwritable)?;
    let found = scan(&picture::decode(&bytes)?, &Options::default());
    Ok(found.into_iter().next().ok_or(CliError::DemoFailed)?.text)
}
