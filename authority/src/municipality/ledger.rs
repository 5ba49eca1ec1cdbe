//! The ledger: what is known of doses, and everything that was ever said of them.
//!
//! A row is one statement: a source (a site, a kind of file, another town's slips) says of one of its records that a dose was given so. A
//! correction is a new row beside the old; only the newest of a record is current, and none is ever changed. Two sources that say the same
//! of a dose are one dose. Two that contradict each other both stay, and show as a conflict until one of them is corrected.

use rusqlite::{CachedStatement, Connection};
use techo_protocol::product::Product;
use techo_protocol::ticket::TicketNumber;

use super::{days, stock};
use crate::store::{StoreError, narrow};
use crate::{Authority, Error};

/// A clock may run ahead of ours by so much, in seconds.
const CLOCKS_APART: i64 = 10 * 60;
/// The first day on which anybody was vaccinated in Japan: 2021-02-17 (Ministry of Health).
const FIRST_DAY: i64 = 18_675;

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

/// Who states doses.
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
    /// The vaccine.
    pub product: Product,
    /// The lot.
    pub lot: String,
    /// Where; may be empty.
    pub place: String,
    /// By whom; may be empty.
    pub by: String,
    /// When it was recorded, in Unix seconds.
    pub recorded_at: i64,
}

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who says so.
    pub source: Source,
    /// 0 at first, one more with each correction.
    pub revision: u32,
    /// It is the newest statement of its record, and says that the dose was given.
    pub current: bool,
    /// It takes the dose back.
    pub withdrawn: bool,
    /// The dose.
    pub dose: Dose,
    /// Another source says something else of this dose.
    pub conflict: bool,
}

/// A dose of which two sources say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The ticket.
    pub ticket: TicketNumber,
    /// Which dose.
    pub number: u8,
    /// Who says what.
    pub sources: Vec<Source>,
}

/// What a statement did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is a new dose.
    New,
    /// It corrects or takes back what the same source said before.
    Revised,
    /// It was known.
    Known,
    /// It is new, and another source says something else of the same dose.
    Conflicting,
}

/// A record's newest statement.
struct Newest {
    id: i64,
    revision: u32,
    current: bool,
    withdrawn: bool,
    dose: Dose,
}

/// A current statement about the same ticket.
struct Other {
    id: i64,
    rank: u8,
    number: u8,
    at: i64,
    product: i64,
    lot: String,
}

/// Which record a statement is about, and what it says.
pub(super) struct Statement<'a> {
    /// The source's row.
    pub source: i64,
    /// The source's kind.
    pub kind: &'static str,
    /// The record at its source.
    pub record: i64,
    /// The record's revision, where the source counts them.
    pub revision: Option<u8>,
    /// It takes the dose back.
    pub withdrawn: bool,
    /// The dose.
    pub dose: &'a Dose,
}

/// Takes statements in, in one transaction.
pub(super) struct Taker<'db> {
    newest: CachedStatement<'db>,
    others: CachedStatement<'db>,
    insert: CachedStatement<'db>,
    retire: CachedStatement<'db>,
    now: i64,
}

const DOSE: &str = "ticket, number, at, product, lot, place, given_by, recorded_at";

impl<'db> Taker<'db> {
    pub fn new(db: &'db Connection, now: i64) -> Result<Self, Error> {
        Ok(Self {
            newest: db.prepare_cached(&format!(
                "SELECT {DOSE}, id, revision, current, withdrawn FROM dose WHERE source = ?1 AND record = ?2 ORDER BY revision DESC LIMIT 1"
            ))?,
            others: db.prepare_cached(
                "SELECT d.id, s.kind, d.number, d.at, d.product, d.lot, d.source, d.record FROM dose d JOIN source s ON s.id = d.source
                 WHERE d.ticket = ?1 AND d.current = 1",
            )?,
            insert: db.prepare_cached(
                "INSERT INTO dose (source, record, revision, current, withdrawn, ticket, number, at, product, lot, place, given_by, recorded_at, taken_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO NOTHING",
            )?,
            retire: db.prepare_cached("UPDATE dose SET current = 0 WHERE id = ?1")?,
            now,
        })
    }

    /// Takes a statement in, or says why not.
    pub fn take(&mut self, statement: &Statement<'_>) -> Result<Result<Taken, DoseRowError>, Error> {
        let dose = statement.dose;
        if let Err(why) = check_time(dose.at, self.now) {
            return Ok(Err(why));
        }
        let newest = self.newest_of(statement)?;
        let revision = match (&newest, statement.revision) {
            (None, revision) => revision.map_or(0, u32::from),
            (Some(newest), Some(revision)) => {
                let revision = u32::from(revision);
                let says_the_same = newest.withdrawn == statement.withdrawn && newest.dose == *dose;
                if revision == newest.revision {
                    return Ok(if says_the_same {
                        Ok(Taken::Known)
                    } else {
                        Err(DoseRowError::Contradicts)
                    });
                }
                if revision < newest.revision {
                    // An earlier statement that comes late is history only.
                    self.write(statement, revision, false)?;
                    return Ok(Ok(Taken::Known));
                }
                revision
            }
            (Some(newest), None) if is_same(newest, dose) && newest.withdrawn == statement.withdrawn => {
                return Ok(Ok(Taken::Known));
            }
            (Some(newest), None) => newest.revision.saturating_add(1),
        };
        if statement.withdrawn {
            if let Some(newest) = &newest {
                self.retire.execute([newest.id])?;
            }
            self.write(statement, revision, false)?;
            return Ok(Ok(Taken::Revised));
        }
        let others = self.others_of(statement)?;
        if let Some(why) = out_of_order(dose, &others) {
            return Ok(Err(why));
        }
        let mut verdict = if newest.is_some() { Taken::Revised } else { Taken::New };
        let mut current = true;
        for other in others.iter().filter(|other| other.number == dose.number) {
            let is_same = days::day(other.at) == days::day(dose.at)
                && other.product == i64::from(dose.product.number())
                && other.lot == dose.lot;
            if !is_same {
                verdict = Taken::Conflicting;
            } else if other.rank < Source::rank(statement.kind) {
                self.retire.execute([other.id])?;
                verdict = Taken::Revised;
            } else {
                current = false;
            }
        }
        if let Some(newest) = newest.filter(|newest| newest.current) {
            self.retire.execute([newest.id])?;
        }
        self.write(statement, revision, current)?;
        Ok(Ok(if current { verdict } else { Taken::Known }))
    }

    fn newest_of(&mut self, statement: &Statement<'_>) -> Result<Option<Newest>, Error> {
        let mut rows = self.newest.query((statement.source, statement.record))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Newest {
            dose: read_dose(row)?,
            id: row.get(8)?,
            revision: row.get(9)?,
            current: row.get(10)?,
            withdrawn: row.get(11)?,
        }))
    }

    fn others_of(&mut self, statement: &Statement<'_>) -> Result<Vec<Other>, Error> {
        let mut rows = self.others.query([statement.dose.ticket.number().cast_signed()])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(6)? == statement.source && row.get::<_, i64>(7)? == statement.record {
                continue;
            }
            out.push(Other {
                id: row.get(0)?,
                rank: Source::rank(row.get_ref(1)?.as_str().unwrap_or_default()),
                number: row.get(2)?,
                at: row.get(3)?,
                product: row.get(4)?,
                lot: row.get(5)?,
            });
        }
        Ok(out)
    }

    fn write(&mut self, statement: &Statement<'_>, revision: u32, current: bool) -> Result<(), Error> {
        let dose = statement.dose;
        self.insert.execute(rusqlite::params![
            statement.source,
            statement.record,
            revision,
            current,
            statement.withdrawn,
            dose.ticket.number().cast_signed(),
            dose.number,
            dose.at,
            dose.product.number(),
            dose.lot,
            dose.place,
            dose.by,
            dose.recorded_at,
            self.now,
        ])?;
        Ok(())
    }
}

fn is_same(newest: &Newest, dose: &Dose) -> bool {
    // When a file was read is not what it says.
    Dose {
        recorded_at: newest.dose.recorded_at,
        ..dose.clone()
    } == newest.dose
}

fn check_time(at: i64, now: i64) -> Result<(), DoseRowError> {
    if at > now.saturating_add(CLOCKS_APART) {
        return Err(DoseRowError::InTheFuture);
    }
    if days::day(at) < FIRST_DAY {
        return Err(DoseRowError::TooEarly);
    }
    Ok(())
}

/// A later dose is given on a later day.
fn out_of_order(dose: &Dose, others: &[Other]) -> Option<DoseRowError> {
    let day = days::day(dose.at);
    let wrong = others.iter().find(|other| match other.number.cmp(&dose.number) {
        std::cmp::Ordering::Less => days::day(other.at) >= day,
        std::cmp::Ordering::Greater => days::day(other.at) <= day,
        std::cmp::Ordering::Equal => false,
    })?;
    Some(DoseRowError::DoseOrder {
        dose: dose.number,
        other: wrong.number,
    })
}

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
