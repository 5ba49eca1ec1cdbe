//! Rows of one file, read by a mapping.

use chrono::{DateTime, NaiveDate, NaiveTime, Timelike as _};
use techo_protocol::basics::folding::{folded, searchable};
use techo_protocol::basics::japan_day as days;
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::basics::written_day;
use techo_protocol::vaccination::dose_bundle::LONGEST_NAME;
use techo_protocol::vaccination::dose_slip::is_lot;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::ticket::{TicketError, TicketNumber, TicketText};

use super::{CellError, Columns, Mapping, RowFault};
use crate::municipality::ledger::Dose;
use crate::tables::spreadsheet::{self, SpreadsheetError};
use crate::tables::{Row, Table, TableError, Taking, Text};

/// Longest name of a place, in characters: what Japan's vaccination record system keeps.
const LONGEST_PLACE: usize = 30;

fn clock(cell: &str) -> Option<NaiveTime> {
    let cell = folded(cell);
    ["%H:%M", "%H:%M:%S", "%H%M", "%H時%M分"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(&cell, form).ok())
}

/// Where the columns of a mapping stand in one file.
struct Places {
    ticket: usize,
    dose: Option<usize>,
    number: Option<u8>,
    municipality: Option<usize>,
    date: usize,
    time: Option<usize>,
    product: usize,
    lot: usize,
    place: Option<usize>,
    by: Option<usize>,
}

/// Reads rows of one file.
pub(in crate::municipality) struct Reader<'m> {
    mapping: &'m Mapping,
    doses: Vec<Places>,
    town: MunicipalityCode,
    how: Taking,
    /// A spreadsheet has rounded the tickets of 18 digits.
    rounded: bool,
}

impl<'m> Reader<'m> {
    pub fn of(mapping: &'m Mapping, text: &Text<'_>, town: MunicipalityCode, how: Taking) -> Result<Self, TableError> {
        let table = &Table::of(text)?;
        let maybe = |column: &Option<String>| match column {
            Some(column) => table.find(column),
            None => Ok(None),
        };
        let places = |columns: &Columns| {
            Ok(Places {
                ticket: table.column(&columns.ticket)?,
                dose: maybe(&columns.dose)?,
                number: columns.number,
                municipality: maybe(&columns.municipality)?,
                date: table.column(&columns.date)?,
                time: maybe(&columns.time)?,
                product: table.column(&columns.product)?,
                lot: table.column(&columns.lot)?,
                place: maybe(&columns.place)?,
                by: maybe(&columns.by)?,
            })
        };
        let doses = mapping.doses.iter().map(places).collect::<Result<Vec<_>, TableError>>()?;
        let rounded = match doses.first() {
            Some(first) => Table::of(text)?.has_rounded_tickets(first.ticket),
            None => false,
        };
        Ok(Self {
            mapping,
            doses,
            town,
            how,
            rounded,
        })
    }

    /// The doses that a row holds, each with its number where rows hold several. One without a date is none there.
    pub fn doses(&self, row: &Row, now: i64) -> impl Iterator<Item = (Option<u8>, Result<Dose, RowFault>)> {
        let is_there =
            |places: &&Places| self.doses.len() == 1 || !row.cell(places.date).is_empty() || !row.cell(places.lot).is_empty();
        let several = self.doses.len() > 1;
        self.doses
            .iter()
            .filter(is_there)
            .map(move |places| (places.number.filter(|_| several), self.dose(row, places, now)))
    }

    fn dose(&self, row: &Row, places: &Places, now: i64) -> Result<Dose, RowFault> {
        let (ticket, of_ticket) = self.ticket(row.cell(places.ticket))?;
        if let Some(municipality) = places
            .municipality
            .map(|column| row.cell(column))
            .filter(|cell| !cell.is_empty())
        {
            // Hokkaido's codes begin with a zero, which a spreadsheet takes away; the check digit says whether it belongs there.
            let digits = format!("{:0>6}", folded(municipality));
            let code = MunicipalityCode::read(&digits).map_err(|_| CellError::CheckDigit)?;
            if code != self.town {
                return Err(CellError::OtherTown.into());
            }
        }
        let stated = match places.dose.map(|column| row.cell(column)).filter(|cell| !cell.is_empty()) {
            Some(cell) => Some(
                folded(cell)
                    .trim_end_matches('回')
                    .trim_end_matches("回目")
                    .parse::<u8>()
                    .map_err(|_| CellError::Number)?,
            ),
            None => places.number,
        };
        let number = match (stated, of_ticket) {
            (Some(stated), Some(of_ticket)) if stated != of_ticket => return Err(CellError::Number.into()),
            (stated, of_ticket) => stated.or(of_ticket).ok_or(CellError::Number)?,
        };
        if !(1..=9).contains(&number) {
            return Err(CellError::Number.into());
        }
        let lot = folded(row.cell(places.lot));
        spreadsheet::check_lot(&lot)?;
        if !is_lot(&lot) {
            return Err(CellError::Lot.into());
        }
        let optional = |column: Option<usize>| column.map_or("", |column| row.cell(column));
        let (place, by) = (optional(places.place), optional(places.by));
        if place.chars().count() > LONGEST_PLACE || by.chars().count() > LONGEST_NAME {
            return Err(CellError::TooLong.into());
        }
        Ok(Dose {
            ticket,
            number,
            at: self.at(row.cell(places.date), optional(places.time))?,
            product: self.product(row.cell(places.product))?,
            lot: lot.into_owned(),
            place: place.to_owned(),
            by: by.to_owned(),
            recorded_at: now,
        })
    }

    fn ticket(&self, cell: &str) -> Result<(TicketNumber, Option<u8>), RowFault> {
        match spreadsheet::ticket(cell, self.how.complete_zeros)? {
            Ok(TicketText::Whole(_)) if self.rounded => Err(SpreadsheetError::DigitsLost.into()),
            Ok(TicketText::Number(number)) => Ok((number, None)),
            Ok(TicketText::Whole(ticket)) if ticket.municipality == self.town => Ok((ticket.number, Some(ticket.dose))),
            Ok(TicketText::Whole(_)) => Err(CellError::OtherTown.into()),
            Err(TicketError::CheckDigit) => Err(CellError::CheckDigit.into()),
            Err(_) => Err(CellError::Ticket.into()),
        }
    }

    fn at(&self, date: &str, time: &str) -> Result<i64, RowFault> {
        spreadsheet::check(date)?;
        spreadsheet::check(time)?;
        if self.mapping.dates.is_empty()
            && let Ok(at) = DateTime::parse_from_rfc3339(date)
        {
            let at = at.timestamp();
            return if (0..=0xFFFF_FFFF).contains(&at) {
                Ok(at)
            } else {
                Err(CellError::Date.into())
            };
        }
        let (date, beside) = self.date(date).ok_or(CellError::Date)?;
        let since_midnight = if time.is_empty() {
            beside
        } else {
            Some(clock(time).ok_or(CellError::Time)?)
        };
        let seconds = since_midnight.map_or(0, |time| time.num_seconds_from_midnight());
        Ok(days::start_of(days::day_of(date)) + i64::from(seconds))
    }

    /// The day of a cell, and the time of day that stands beside it.
    fn date(&self, cell: &str) -> Option<(NaiveDate, Option<NaiveTime>)> {
        let read = if self.mapping.dates.is_empty() {
            written_day::read_with_time(cell)?
        } else {
            let cell = folded(cell);
            // Midnight is what a spreadsheet adds to a day that it has shown.
            let alone = [" 0:00", " 00:00", " 0:00:00", " 00:00:00"]
                .iter()
                .find_map(|zero| cell.strip_suffix(zero));
            let forms = &self.mapping.dates;
            let day = |text: &str| forms.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
            (day(&cell).or_else(|| day(alone?))?, None)
        };
        (0..=40_000).contains(&days::day_of(read.0)).then_some(read)
    }

    fn product(&self, cell: &str) -> Result<Product, RowFault> {
        let word = searchable(cell);
        let named = self
            .mapping
            .products
            .iter()
            .find(|(theirs, _)| searchable(theirs.trim()) == word);
        let named = named.map_or(cell, |(_, ours)| ours);
        Ok(Product::read(named).map_err(|_| CellError::Product)?)
    }
}
