//! Taking a statement in: what its source said of the record before, and what others say of the same ticket.

use rusqlite::{CachedStatement, Connection};
use techo_protocol::basics::japan_day as days;
use techo_protocol::vaccination::lot::is_same as is_same_lot;

use super::{DOSE, Dose, DoseRowError, Source, Taken, read_dose};
use crate::Error;

/// A clock may run ahead of ours by so much, in seconds.
const CLOCKS_APART: i64 = 10 * 60;
/// The first day on which anybody was vaccinated in Japan: 2021-02-17 (Ministry of Health).
const FIRST_DAY: i64 = 18_675;
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
pub(in crate::municipality) struct Statement<'a> {
    /// The id of the source's row in the database.
    pub source: i64,
    /// The source's kind, as [`Source::kind`] names it.
    pub kind: &'static str,
    /// The record at its source.
    pub record: i64,
    /// The record's revision, where the source counts them.
    pub revision: Option<u8>,
    /// It takes the dose back.
    pub withdrawn: bool,
    /// The dose that the statement is about.
    pub dose: &'a Dose,
}

/// Takes statements in, in one transaction.
pub(in crate::municipality) struct Taker<'db> {
    newest: CachedStatement<'db>,
    others: CachedStatement<'db>,
    insert: CachedStatement<'db>,
    retire: CachedStatement<'db>,
    now: i64,
}

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
                && is_same_lot(&other.lot, &dose.lot);
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
