//! Residents: tickets that were given out, each with a birth date.
//!
//! Birth dates decide age bands and who is asked for which dose; no name is kept. In the database each is sealed under a key that lies in
//! a file of the profile, with the ticket as associated data, so that it opens at its own ticket only.
//!
//! ```text
//! born    nonce:12 AES-256-GCM(days since 1900-01-01:4) tag:16
//! ```

use std::collections::HashMap;

use chrono::NaiveDate;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rusqlite::OptionalExtension;
use techo_protocol::basics::random::{Random, random_bytes};
use techo_protocol::basics::written_day;
use techo_protocol::vaccination::ticket::{TicketError, TicketNumber, TicketText};

use super::{Town, days};
use crate::keys::KeyFiles;
use crate::rejected::RejectedRow;
use crate::store::{StoreError, write};
use crate::tables::spreadsheet::{self, SpreadsheetError};
use crate::tables::{Table, Taking, Text};
use crate::{Authority, Error, audit};

/// 1900-01-01 in days of [`days`]: nobody older is enrolled.
const FIRST_DAY: i64 = -25_567;

techo_protocol::coded_errors! {
    /// Why a resident's row was rejected.
    pub enum ResidentRowError {
        /// The ticket is another municipality's.
        OtherTown = "resident.other_town", "This ticket is of another municipality.", "Leave it out, or correct its municipality.";
        /// No date, or one that nobody was born on.
        Born = "resident.born", "The birth date cannot be read, or nobody of today was born then.", "Write it as 1980-01-31, 1980/1/31, 19800131, 1980年1月31日 or 昭和55年1月31日.";
        /// The file says two things of one ticket.
        Contradicts = "resident.contradicts", "An earlier row of this file gives this ticket another birth date.", "Find out which is right, and import that row.";
    }
}

/// What an enrolment did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enrolled {
    /// Rows under the header.
    pub rows: usize,
    /// Tickets that were not there before.
    pub new: usize,
    /// Tickets whose birth date was corrected.
    pub changed: usize,
    /// Rows that were rejected.
    pub rejected: Vec<RejectedRow>,
}

/// Seals and opens birth dates.
pub(crate) struct BirthDates(LessSafeKey);

impl BirthDates {
    pub fn of(keys: &KeyFiles, town: &Town) -> Result<Self, Error> {
        let key = keys.residents_key(&town.residents_key)?;
        let key = UnboundKey::new(&AES_256_GCM, key.expose()).expect("a key of 32 bytes is always accepted");
        Ok(Self(LessSafeKey::new(key)))
    }

    fn seal(&self, ticket: TicketNumber, born: NaiveDate, random: &dyn Random) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE_LEN] = random_bytes(random)?;
        let since = u32::try_from(days::day_of(born) - FIRST_DAY).map_err(|_| StoreError::Damaged)?;
        let mut out = nonce.to_vec();
        let mut content = since.to_be_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(ticket), &mut content)
            .map_err(|_| StoreError::Damaged)?;
        out.extend_from_slice(&content);
        Ok(out)
    }

    pub fn open(&self, ticket: TicketNumber, sealed: &[u8]) -> Result<NaiveDate, StoreError> {
        let (nonce, content) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(StoreError::Damaged)?;
        let mut content: [u8; 20] = content.try_into().map_err(|_| StoreError::Damaged)?;
        let plain = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad(ticket), &mut content)
            .map_err(|_| StoreError::Damaged)?;
        let since: [u8; 4] = (&*plain).try_into().map_err(|_| StoreError::Damaged)?;
        days::date(i64::from(u32::from_be_bytes(since)) + FIRST_DAY).ok_or(StoreError::Damaged)
    }
}

fn aad(ticket: TicketNumber) -> Aad<Vec<u8>> {
    Aad::from([b"techo resident v1".as_slice(), &ticket.number().to_be_bytes()].concat())
}

impl Authority {
    /// Enrols tickets and birth dates from a CSV file with the columns `ticket` (18 or 10 digits) and `born`; others are passed over. A ticket
    /// that is there already gets the birth date of the file.
    ///
    /// # Errors
    /// [`crate::tables::TableError`] where the file as a whole is none; what is wrong with a row is in [`Enrolled::rejected`].
    pub fn enrol(&mut self, file: &[u8], how: Taking, now: i64, random: &dyn Random) -> Result<Enrolled, Error> {
        let town = self.town()?;
        let births = BirthDates::of(&self.keys, &town)?;
        let text = Text::of(file, None)?;
        let mut table = Table::of(&text)?;
        let columns = (table.column("ticket")?, table.column("born")?);
        let rounded = Table::of(&text)?.has_rounded_tickets(columns.0);
        let mut enrolled = Enrolled::default();
        let mut seen: HashMap<TicketNumber, NaiveDate> = HashMap::new();
        let transaction = write(&mut self.db)?;
        {
            let mut known = transaction.prepare_cached("SELECT born FROM resident WHERE ticket = ?1")?;
            let mut put = transaction.prepare_cached(
                "INSERT INTO resident (ticket, born, enrolled_at) VALUES (?1, ?2, ?3) ON CONFLICT (ticket) DO UPDATE SET born = ?2",
            )?;
            while let Some(row) = table.next() {
                enrolled.rows += 1;
                let row = match row {
                    Ok(row) => row,
                    Err(why) => {
                        enrolled.rejected.push(why);
                        continue;
                    }
                };
                let (ticket, born) = match resident(&town, row.cell(columns.0), row.cell(columns.1), how, rounded, now) {
                    Ok(resident) => resident,
                    Err(why) => {
                        enrolled.rejected.push(RejectedRow::new(row.number, &*why));
                        continue;
                    }
                };
                if *seen.entry(ticket).or_insert(born) != born {
                    enrolled
                        .rejected
                        .push(RejectedRow::new(row.number, &ResidentRowError::Contradicts));
                    continue;
                }
                let number = ticket.number().cast_signed();
                let before: Option<Vec<u8>> = known.query_row([number], |row| row.get(0)).optional()?;
                match before {
                    Some(sealed) if births.open(ticket, &sealed)? == born => continue,
                    Some(_) => enrolled.changed += 1,
                    None => enrolled.new += 1,
                }
                put.execute((number, births.seal(ticket, born, random)?, now))?;
            }
        }
        if !how.dry_run && enrolled.new + enrolled.changed > 0 {
            audit::append(
                &transaction,
                now,
                "residents.enrolled",
                &(enrolled.new + enrolled.changed).to_string(),
            )?;
            transaction.commit()?;
        }
        Ok(enrolled)
    }

    /// How many tickets were given out.
    ///
    /// # Errors
    /// [`StoreError`] where the profile cannot be read.
    pub fn residents(&self) -> Result<u64, Error> {
        self.town()?;
        Ok(self
            .db
            .query_row("SELECT count(*) FROM resident", [], |row| row.get::<_, i64>(0))?
            .cast_unsigned())
    }
}

fn resident(
    town: &Town,
    ticket: &str,
    born: &str,
    how: Taking,
    rounded: bool,
    now: i64,
) -> Result<(TicketNumber, NaiveDate), Box<dyn techo_protocol::Coded>> {
    let ticket = match spreadsheet::ticket(ticket, how.complete_zeros)
        .map_err(boxed)?
        .map_err(boxed::<TicketError>)?
    {
        TicketText::Whole(_) if rounded => return Err(boxed(SpreadsheetError::DigitsLost)),
        TicketText::Whole(ticket) if ticket.municipality != town.code => return Err(boxed(ResidentRowError::OtherTown)),
        ticket => ticket.number(),
    };
    spreadsheet::check(born).map_err(boxed)?;
    let born = written_day::read(born)
        .filter(|born| (FIRST_DAY..=days::day(now)).contains(&days::day_of(*born)))
        .ok_or_else(|| boxed(ResidentRowError::Born))?;
    Ok((ticket, born))
}

fn boxed<E: techo_protocol::Coded + 'static>(error: E) -> Box<dyn techo_protocol::Coded> {
    Box::new(error)
}
