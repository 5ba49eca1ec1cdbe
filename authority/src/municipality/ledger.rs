//! The ledger: what is known of doses, and everything that was ever said of them.
//!
//! A row is one statement: a source (a site, a kind of file, another town's slips) says of one of its records that a dose was given so. A
//! correction is a new row beside the old; only the newest of a record is current, and none is ever changed. Two sources that say the same
//! of a dose are one dose. Two that contradict each other both stay, and show as a conflict until one of them is corrected.

mod take;

use rusqlite::Connection;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::ticket::TicketNumber;

use super::stock;
use crate::store::{StoreError, narrow};
use crate::{Authority, Error};

pub(super) use take::{Statement, Taker};

techo_protocol::coded_errors! {
    /// Why a statement of a dose was not taken.
    pub enum DoseRowError {
        /// A date that has not come.
        InTheFuture = "dose_row.in_the_future", "The dose is dated in the future.", "Correct the date.";
        /// A date before there was a vaccine.
        TooEarly = "dose_row.too_early", "The dose is dated before vaccination began on 2021-02-17.", "Correct the date.";
        /// Against the order of the person's other doses.
        DoseOrder { dose: u8, other: u8 } = "dose_row.dose_order", "Dose {dose} is dated on the wrong side of dose {other}.", "Look both doses up, and correct the one that is wrong.";
        /// One record, one revision, two contents.
        Contradicts = "dose_row.contradicts", "An earlier statement says something else of the same dose.", "Find out which is right, and import it as a correction.";
        /// The site had no licence then.
        LicenceEnded = "dose_row.licence_ended", "The site had no licence when the dose was given.", "Ask the site.";
        /// The site's licence was revoked from then on.
        LicenceRevoked = "dose_row.licence_revoked", "The site's licence is revoked from a time before this dose on.", "Ask the site; doses from before then count.";
    }
}

/// Who states that a dose was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Another municipality's slips, by its code.
    Slip(String),
    /// CSV files of one mapping, by its name.
    File(String),
    /// A vaccination site, by its number.
    Site(String),
}

impl Source {
    /// The kind's name in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Slip(_) => "slip",
            Self::File(_) => "file",
            Self::Site(_) => "site",
        }
    }

    /// The source's own name.
    pub fn name(&self) -> &str {
        match self {
            Self::Slip(name) | Self::File(name) | Self::Site(name) => name,
        }
    }

    fn of(kind: &str, name: String) -> Result<Self, StoreError> {
        match kind {
            "slip" => Ok(Self::Slip(name)),
            "file" => Ok(Self::File(name)),
            "site" => Ok(Self::Site(name)),
            _ => Err(StoreError::Damaged),
        }
    }

    /// Of sources that say the same, the higher one stays: a site signed it, a file was typed, a slip waits for its town.
    fn rank(kind: &str) -> u8 {
        match kind {
            "site" => 2,
            "file" => 1,
            _ => 0,
        }
    }
}

/// A dose as somebody states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dose {
    /// The ticket's number in this municipality.
    pub ticket: TicketNumber,
    /// Which dose, 1 to 9.
    pub number: u8,
    /// When it was given, in Unix seconds; midnight in Japan where only the day is known.
    pub at: i64,
    /// The vaccine that was given.
    pub product: Product,
    /// The lot's number, as it is printed.
    pub lot: String,
    /// Where; may be empty.
    pub place: String,
    /// By whom; may be empty.
    pub by: String,
    /// When it was recorded, in Unix seconds.
    pub recorded_at: i64,
}

impl Dose {
    /// The number of this dose's record at a source that has no numbers of its own, such as a file or a slip: there a record is a ticket's dose.
    pub(super) fn record(&self) -> i64 {
        // Ten digits and one more fit.
        self.ticket.number().cast_signed() * 10 + i64::from(self.number)
    }
}

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The source whose statement it is.
    pub source: Source,
    /// 0 at first, one more with each correction.
    pub revision: u32,
    /// It is the newest statement of its record, and says that the dose was given.
    pub current: bool,
    /// It takes the dose back.
    pub withdrawn: bool,
    /// The dose that the statement is about.
    pub dose: Dose,
    /// Another source says something else of this dose.
    pub conflict: bool,
}

/// A dose of which two sources say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The ticket that the dose was given for.
    pub ticket: TicketNumber,
    /// Which dose of the ticket it is, 1 to 9.
    pub number: u8,
    /// The sources that say different things of the dose.
    pub sources: Vec<Source>,
}

/// What a statement did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is a new dose.
    New,
    /// It corrects or takes back what the same source said before.
    Revised,
    /// The statement changes nothing: it was made before, or a better or later one stands.
    Known,
    /// It is new, and another source says something else of the same dose.
    Conflicting,
}

const DOSE: &str = "ticket, number, at, product, lot, place, given_by, recorded_at";

fn read_dose(row: &rusqlite::Row<'_>) -> Result<Dose, Error> {
    Ok(Dose {
        ticket: ticket(row.get(0)?)?,
        number: row.get(1)?,
        at: row.get(2)?,
        product: stock::product(row.get(3)?)?,
        lot: row.get(4)?,
        place: row.get(5)?,
        by: row.get(6)?,
        recorded_at: row.get(7)?,
    })
}

/// A ticket out of the database.
pub(super) fn ticket(number: i64) -> Result<TicketNumber, StoreError> {
    narrow::<_, u64>(number)?.try_into().map_err(|_| StoreError::Damaged)
}

/// The row of a source, made where there is none.
pub(super) fn source(db: &Connection, source: &Source) -> Result<i64, Error> {
    db.execute(
        "INSERT INTO source (kind, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        (source.kind(), source.name()),
    )?;
    Ok(db.query_row(
        "SELECT id FROM source WHERE kind = ?1 AND name = ?2",
        (source.kind(), source.name()),
        |row| row.get(0),
    )?)
}

/// Which rows of the ledger are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of one ticket only.
    pub ticket: Option<TicketNumber>,
    /// What was corrected or taken back too.
    pub history: bool,
    /// Only doses of which two sources say different things.
    pub conflicts: bool,
}

impl Authority {
    /// Goes through the ledger by ticket and dose.
    ///
    /// # Errors
    /// [`StoreError`] where the profile cannot be read; or what `see` gives.
    pub fn ledger<E: From<Error>>(&self, filter: Filter, mut see: impl FnMut(Entry) -> Result<(), E>) -> Result<(), E> {
        self.town()?;
        let failed = |error: rusqlite::Error| E::from(Error::from(error));
        let conflicts: std::collections::BTreeSet<(TicketNumber, u8)> = self
            .conflicts()?
            .into_iter()
            .map(|conflict| (conflict.ticket, conflict.number))
            .collect();
        let mut query = self
            .db
            .prepare(&format!(
                "SELECT {DOSE}, revision, current, withdrawn, (SELECT kind FROM source s WHERE s.id = source),
                        (SELECT name FROM source s WHERE s.id = source)
                 FROM dose WHERE (current = 1 OR ?1) AND (?2 IS NULL OR ticket = ?2) ORDER BY ticket, number, id"
            ))
            .map_err(failed)?;
        let one = filter.ticket.map(|ticket| ticket.number().cast_signed());
        let mut rows = query.query((filter.history, one)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let entry = read_entry(row, &conflicts)?;
            if entry.conflict || !filter.conflicts {
                see(entry)?;
            }
        }
        Ok(())
    }

    /// Doses of which two sources say different things.
    ///
    /// # Errors
    /// [`StoreError`] where the profile cannot be read.
    pub fn conflicts(&self) -> Result<Vec<Conflict>, Error> {
        let mut query = self
            .db
            .prepare("SELECT ticket, number FROM dose WHERE current = 1 GROUP BY ticket, number HAVING count(*) > 1")?;
        let mut rows = query.query([])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            let (ticket, number) = (ticket(row.get(0)?)?, row.get(1)?);
            let sources = self.sources_of(ticket, number)?;
            out.push(Conflict { ticket, number, sources });
        }
        Ok(out)
    }

    fn sources_of(&self, ticket: TicketNumber, number: u8) -> Result<Vec<Source>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT s.kind, s.name FROM dose d JOIN source s ON s.id = d.source WHERE d.ticket = ?1 AND d.number = ?2 AND d.current = 1 ORDER BY d.id",
        )?;
        let mut rows = query.query((ticket.number().cast_signed(), number))?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            out.push(Source::of(row.get_ref(0)?.as_str().unwrap_or_default(), row.get(1)?)?);
        }
        Ok(out)
    }
}

fn read_entry(row: &rusqlite::Row<'_>, conflicts: &std::collections::BTreeSet<(TicketNumber, u8)>) -> Result<Entry, Error> {
    let dose = read_dose(row)?;
    let current = row.get(9)?;
    Ok(Entry {
        source: Source::of(row.get_ref(11)?.as_str().unwrap_or_default(), row.get(12)?)?,
        revision: row.get(8)?,
        current,
        withdrawn: row.get(10)?,
        conflict: current && conflicts.contains(&(dose.ticket, dose.number)),
        dose,
    })
}
