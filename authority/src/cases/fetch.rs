//! Taking the mailbox from a relay, in two steps: what was given is stored before the relay is told to forget it.

use rusqlite::Connection;
use techo_protocol::basics::confirmed_time::ServerTime;
use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::case_code::CaseCode;
use techo_protocol::exposure::diary_upload::SENT_BYTES;
use techo_protocol::exposure::relay_api::{DIARIES_A_PAGE, DepositedDiary, Diaries, StoredDiary, TakeDiaries, diaries_path};

use super::{CaseError, taken_until};
use crate::keys::KeyRole;
use crate::publishing::{RelayPort, announced_signer};
use crate::store::{narrow, write};
use crate::{Authority, Error, audit, confirmed_time};

/// Most bytes of one answer: a page of diaries and what CBOR adds.
const MOST_ANSWER_BYTES: usize = DIARIES_A_PAGE * (SENT_BYTES + 256) + 1_024;

/// What a fetch brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Envelopes that the relay gave, dummies included.
    pub envelopes: usize,
    /// The cases whose diary came, in the order it came.
    pub cases: Vec<u32>,
    /// Pieces of vaccination sites' bundles, which wait for `municipality import`.
    pub pieces: usize,
}

impl Authority {
    /// Takes everything that was sent from a relay. What is for no case, does not open, comes too late or comes twice is dropped without a word:
    /// phones send empty envelopes all the time.
    ///
    /// # Errors
    /// [`Error::Relay`]: what the relay says; [`CaseError`] for an answer that cannot be used; [`crate::keys::KeyError`].
    pub fn fetch_diaries(&mut self, relay: &dyn RelayPort, now: i64) -> Result<Fetched, Error> {
        let authority = self.id();
        let signer = announced_signer(&self.db, &self.keys, KeyRole::Manifest)?;
        let bundle_keys = self.bundle_keys()?;
        let time = confirmed_time::read(&self.db, now)?;
        let mut fetched = Fetched::default();
        let mut stored: Vec<StoredDiary> = Vec::new();
        loop {
            let request = TakeDiaries {
                authority,
                number: self.next_take()?,
                stored: std::mem::take(&mut stored),
            };
            let told = request.stored.clone();
            let answer = relay.post(&diaries_path(authority), request.write(&signer), MOST_ANSWER_BYTES)?;
            let page = Diaries::from_bytes(&answer).ok_or(CaseError::AnswerDamaged)?;
            for envelope in &page.diaries {
                let hash = sha256(&envelope.sealed);
                let this = StoredDiary {
                    mailbox: envelope.mailbox,
                    hash,
                };
                if told.contains(&this) {
                    return Err(CaseError::RelayKeeps.into());
                }
                if self.keep_piece(&envelope.sealed, &bundle_keys, now, &time)? {
                    fetched.pieces += 1;
                } else {
                    fetched.cases.extend(self.take_in(envelope, &hash, now, &time)?);
                }
                stored.push(this);
            }
            fetched.envelopes += page.diaries.len();
            if stored.is_empty() {
                return Ok(fetched);
            }
        }
    }

    /// Stores an envelope where it is a case's diary, and says of which case.
    fn take_in(&mut self, envelope: &DepositedDiary, hash: &[u8; 32], now: i64, time: &ServerTime) -> Result<Option<u32>, Error> {
        let Some((id, expires_at)) = case_of(&self.db, &envelope.mailbox)? else {
            return Ok(None);
        };
        // What is not taken is gone, here and at the relay: that it is late has to be said by more than one reading of the clock.
        if envelope.sealed.len() != SENT_BYTES || time.up_to(now) > taken_until(expires_at) {
            return Ok(None);
        }
        // One that opens and cannot be read is a resident's fault to be told of by the resident: it must not stop the others.
        let Some(diary) = self.open_diary(&envelope.sealed).or_else(dropped)? else {
            return Ok(None);
        };
        // The code inside the seal: a relay cannot move a diary to another case.
        if !CaseCode::read(&diary.code).is_ok_and(|code| code.mailbox().0 == envelope.mailbox) {
            return Ok(None);
        }
        let transaction = write(&mut self.db)?;
        let is_new = transaction.execute(
            "INSERT INTO diary (case_file, received_at, hash, sealed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            (id, now, hash, &envelope.sealed),
        )? > 0;
        if is_new {
            audit::append(&transaction, now, "case.diary", &id.to_string())?;
        }
        transaction.commit()?;
        Ok(is_new.then_some(id))
    }

    /// A number for a request, higher than any before, stored before it is used.
    fn next_take(&mut self) -> Result<u64, Error> {
        let number: i64 = self.db.query_row(
            "INSERT INTO take (one, number) VALUES (1, 1) ON CONFLICT (one) DO UPDATE SET number = number + 1 RETURNING number",
            [],
            |row| row.get(0),
        )?;
        Ok(narrow(number)?)
    }
}

fn dropped<T>(error: Error) -> Result<Option<T>, Error> {
    match error {
        Error::DiaryUpload(_) => Ok(None),
        other => Err(other),
    }
}

fn case_of(db: &Connection, mailbox: &[u8; 16]) -> Result<Option<(u32, i64)>, Error> {
    let mut query = db.prepare_cached("SELECT id, expires_at FROM case_file WHERE mailbox = ?1")?;
    let mut rows = query.query([mailbox])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((row.get(0)?, row.get(1)?)))
}
