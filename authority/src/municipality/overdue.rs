//! Who has had the first dose and not the second, though it is late: by ticket number, for a letter.

use std::collections::HashMap;

use chrono::NaiveDate;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::schedule::{Overdue as Late, Schedule, SeriesKind};
use techo_protocol::vaccination::ticket::TicketNumber;

use super::{days, ledger, stock};
use crate::store::StoreError;
use crate::{Authority, Error};

/// A second dose that is late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// The ticket whose second dose is late.
    pub ticket: TicketNumber,
    /// The dose that is missing.
    pub number: u8,
    /// The vaccine of the first.
    pub product: Product,
    /// The day of the first dose, in Japan.
    pub first: NaiveDate,
    /// When the second was recommended.
    pub recommended: NaiveDate,
    /// From which day on it is late.
    pub since: NaiveDate,
}

/// A ticket's doses as far as they were seen.
struct Seen {
    ticket: TicketNumber,
    first: Option<(i64, Product)>,
    has_second: bool,
}

impl Authority {
    /// Tickets whose second dose is late at a moment, by the schedule's rule for the product and day of the first.
    ///
    /// # Errors
    /// [`StoreError`] where the profile cannot be read; or what `see` gives.
    pub fn overdue<E: From<Error>>(
        &self,
        schedule: &Schedule,
        now: i64,
        mut see: impl FnMut(Overdue) -> Result<(), E>,
    ) -> Result<(), E> {
        self.town()?;
        let failed = |error: rusqlite::Error| E::from(Error::from(error));
        let today = days::date(days::day(now)).ok_or_else(|| E::from(StoreError::Damaged.into()))?;
        let mut query = self
            .db
            .prepare("SELECT ticket, number, at, product FROM dose WHERE current = 1 ORDER BY ticket, number, at")
            .map_err(failed)?;
        let mut rows = query.query([]).map_err(failed)?;
        let mut due: HashMap<(i64, Product), Option<(NaiveDate, NaiveDate)>> = HashMap::new();
        let mut late = |seen: Option<Seen>| {
            let seen = seen.filter(|seen| !seen.has_second)?;
            let (at, product) = seen.first?;
            let day = days::day(at);
            let first = days::date(day)?;
            // Doses of one day and product are late on one day.
            let (recommended, since) = (*due
                .entry((day, product))
                .or_insert_with(|| second_dose(schedule, product, first)))?;
            (since <= today).then_some(Overdue {
                ticket: seen.ticket,
                number: 2,
                product,
                first,
                recommended,
                since,
            })
        };
        let mut seen: Option<Seen> = None;
        while let Some(row) = rows.next().map_err(failed)? {
            let (ticket, number, at, product) = read(row)?;
            if seen.as_ref().is_none_or(|seen| seen.ticket != ticket) {
                let new = Seen {
                    ticket,
                    first: None,
                    has_second: false,
                };
                if let Some(overdue) = late(seen.replace(new)) {
                    see(overdue)?;
                }
            }
            if let Some(seen) = &mut seen {
                match number {
                    1 => {
                        seen.first.get_or_insert((at, product));
                    }
                    _ => seen.has_second = true,
                }
            }
        }
        if let Some(overdue) = late(seen) {
            see(overdue)?;
        }
        Ok(())
    }
}

fn read(row: &rusqlite::Row<'_>) -> Result<(TicketNumber, u8, i64, Product), Error> {
    Ok((
        ledger::ticket(row.get(0)?)?,
        row.get(1)?,
        row.get(2)?,
        stock::product(row.get(3)?)?,
    ))
}

/// When the second dose is recommended and from when on it is late. A rule that has ended since still says when it was.
fn second_dose(schedule: &Schedule, product: Product, first: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let mut series = schedule
        .series
        .iter()
        .filter(|series| series.kind == SeriesKind::Primary && series.products.iter().any(|code| code == product.name()));
    let rules = &series.next()?.doses.get(1)?.rules;
    let rule = rules
        .iter()
        .filter(|rule| rule.from <= first)
        .max_by_key(|rule| rule.from)
        .or(rules.first())?;
    let recommended = rule.recommended.after(first)?;
    let since = match rule.overdue? {
        Late::AfterRecommended(period) => period.after(recommended)?,
        Late::AfterPrevious(period) => period.after(first)?.max(recommended),
    };
    Some((recommended, since))
}
