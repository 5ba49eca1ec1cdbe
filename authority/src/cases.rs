//! Cases: one-time codes for residents who tested positive, and the diaries that came for them. No names.
//!
//! Of a code only the mailbox that it gives is kept, so a stolen database lets nobody send for another. A diary stays sealed to the diary key as
//! it came and is opened for each view; the database alone opens none.
//!
//! A relay keeps what was sent for seven days and never judges times, so when something was sent cannot be known. What is fetched up to seven
//! days after the code ended may have been sent in time and is taken; later is not, by a time that is confirmed (ADR 0024). The first diary that opens is the case's; a code is for one.

mod fetch;
mod held;

use techo_protocol::basics::random::Random;
use techo_protocol::exposure::case_code::{CaseCode, VALID_SECONDS};
use techo_protocol::exposure::diary_upload::{DiaryUploadError, KEPT_SECONDS, SentDiary};
use techo_protocol::trust::Role;

use crate::store::write;
use crate::venues::VenueNumber;
use crate::{Authority, Error, audit, confirmed_time};

pub use fetch::Fetched;

techo_protocol::coded_errors! {
    /// What can be wrong with a case.
    pub enum CaseError {
        /// No case has this number.
        Unknown = "case.unknown", "There is no case with this number.", "`authority case list` shows the cases.";
        /// Nothing came for it yet.
        NoDiary = "case.no_diary", "No diary has come for this case.", "Fetch with `authority case fetch`, or ask the resident.";
        /// What the relay answered cannot be read.
        AnswerDamaged = "case.answer_damaged", "The relay's answer cannot be read.", "Try again; if this stays, tell who runs the relay.";
        /// The relay gives the same diaries again after it was told that they are stored.
        RelayKeeps = "case.relay_keeps", "The relay gives the same diaries again and again.", "What came is stored. Tell who runs the relay.";
    }
}

/// A case that was just made, with the code that is shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCase {
    /// The case's number in this profile.
    pub id: u32,
    /// The code for the resident: shown once, and not kept.
    pub code: CaseCode,
    /// When the code ends, in Unix seconds.
    pub expires_at: i64,
}

/// A case as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// The case's number in this profile.
    pub id: u32,
    /// When it was made, in Unix seconds.
    pub made_at: i64,
    /// When its code ends, in Unix seconds.
    pub expires_at: i64,
    /// When its diary was fetched, in Unix seconds.
    pub received_at: Option<i64>,
}

impl Case {
    /// Whether the diary was fetched when the code had ended, so that it may have been sent too late.
    pub fn may_be_late(&self) -> bool {
        self.received_at.is_some_and(|received| received > self.expires_at)
    }
}

/// One visit of a sent diary. A claim: nothing proves that the person was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedVisit {
    /// Name of the place, as the person's diary has it.
    pub name: String,
    /// The place's address, where the person's diary has one.
    pub address: Option<String>,
    /// Start, in Unix seconds.
    pub from: i64,
    /// End, in Unix seconds.
    pub to: i64,
    /// The venue whose code was held for an hour of the visit at least; `None` where that is not shown.
    pub held: Option<VenueNumber>,
    /// Hours of the visit, and for how many of them the code was held.
    pub hours: (usize, usize),
}

impl Authority {
    /// Opens a case and draws its code, valid for 48 hours.
    ///
    /// # Errors
    /// [`crate::store::StoreError`], or no randomness.
    pub fn new_case(&mut self, now: i64, random: &dyn Random) -> Result<NewCase, Error> {
        let code = CaseCode::generate(random)?;
        let transaction = write(&mut self.db)?;
        // A code that a clock far behind gave out would have ended before anybody could use it.
        let now = confirmed_time::read(&transaction, now)?.at_least(now);
        let expires_at = now.saturating_add(VALID_SECONDS);
        let id = transaction.query_row(
            "INSERT INTO case_file (mailbox, made_at, expires_at) VALUES (?1, ?2, ?3) RETURNING id",
            (code.mailbox().0, now, expires_at),
            |row| row.get(0),
        )?;
        audit::append(&transaction, now, "case.made", &format!("{id}"))?;
        transaction.commit()?;
        Ok(NewCase { id, code, expires_at })
    }

    /// All cases, newest first.
    ///
    /// # Errors
    /// [`crate::store::StoreError`] where the profile cannot be read.
    pub fn cases(&self) -> Result<Vec<Case>, Error> {
        let mut query = self.db.prepare(
            "SELECT c.id, c.made_at, c.expires_at, d.received_at FROM case_file c LEFT JOIN diary d ON d.case_file = c.id ORDER BY c.id DESC",
        )?;
        let rows = query.query_map([], |row| {
            Ok(Case {
                id: row.get(0)?,
                made_at: row.get(1)?,
                expires_at: row.get(2)?,
                received_at: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Opens a case's diary. Each view is in the audit log.
    ///
    /// # Errors
    /// [`CaseError`]: unknown, or no diary; [`crate::keys::KeyError`] where the diary key is missing or does not open.
    pub fn show_case(&mut self, id: u32, now: i64) -> Result<Vec<ClaimedVisit>, Error> {
        let known = self.db.prepare("SELECT 1 FROM case_file WHERE id = ?1")?.exists([id])?;
        if !known {
            return Err(CaseError::Unknown.into());
        }
        let sealed = {
            let mut query = self.db.prepare("SELECT sealed FROM diary WHERE case_file = ?1")?;
            let mut rows = query.query([id])?;
            let row = rows.next()?.ok_or(CaseError::NoDiary)?;
            row.get::<_, Vec<u8>>(0)?
        };
        let diary = self.open_diary(&sealed)?.ok_or(DiaryUploadError::Damaged)?;
        let transaction = write(&mut self.db)?;
        let visits = held::visits(&transaction, diary)?;
        audit::append(&transaction, now, "case.viewed", &id.to_string())?;
        transaction.commit()?;
        Ok(visits)
    }

    /// Opens a sent diary with whichever diary key it was sealed to; `None` for a dummy.
    fn open_diary(&self, sealed: &[u8]) -> Result<Option<SentDiary>, Error> {
        for key in self.trust_list()?.keys.iter().filter(|key| key.role == Role::Diary) {
            match self.keys.diary_key(&key.key)?.open(self.id(), sealed) {
                Ok(diary) => return Ok(Some(diary)),
                Err(DiaryUploadError::NotForUs) => {}
                Err(why) => return Err(why.into()),
            }
        }
        Ok(None)
    }
}

/// Until when what is sent with a code is taken, in Unix seconds.
fn taken_until(expires_at: i64) -> i64 {
    expires_at.saturating_add(KEPT_SECONDS)
}

#[cfg(test)]
mod tests;
