//! Rows of one file, read by a mapping.

use chrono::{DateTime, NaiveDate, NaiveTime, Timelike as _};
use techo_protocol::basics::japan_day as days;
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::vaccination::dose_bundle::LONGEST_NAME;
use techo_protocol::vaccination::dose_slip::is_lot;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::ticket::{TicketError, TicketNumber, TicketText};

use super::{CellError, Columns, Mapping};
use crate::municipality::ledger::Dose;
use crate::municipality::table::{Row, Table, TableError};

/// Longest name of a place, in characters: what Japan's vaccination record system keeps.
const LONGEST_PLACE: usize = 30;
const USUAL_DATES: [&str; 3] = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"];

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
}

impl<'m> Reader<'m> {
    pub fn of(mapping: &'m Mapping, table: &Table<'_>, town: MunicipalityCode) -> Result<Self, TableError> {
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
        Ok(Self {
            doses: mapping.doses.iter().map(places).collect::<Result<_, TableError>>()?,
            mapping,
            town,
        })
    }

    /// The doses that a row holds. One without a date is none where a row holds several.
    pub fn doses(&self, row: &Row, now: i64) -> impl Iterator<Item = Result<Dose, CellError>> {
        let is_there =
            |places: &&Places| self.doses.len() == 1 || !row.cell(places.date).is_empty() || !row.cell(places.lot).is_empty();
        self.doses
            .iter()
            .filter(is_there)
            .map(move |places| self.dose(row, places, now))
    }

    fn dose(&self, row: &Row, places: &Places, now: i64) -> Result<Dose, CellError> {
        let (ticket, of_ticket) = self.ticket(row.cell(places.ticket))?;
        if let Some(municipality) = places
            .municipality
            .map(|column| row.cell(column))
            .filter(|cell| !cell.is_empty())
        {
            let code = MunicipalityCode::read(municipality).map_err(|_| CellError::CheckDigit)?;
            if code != self.town {
                return Err(CellError::OtherTown);
            }
        }
        let stated = match places.dose.map(|column| row.cell(column)).filter(|cell| !cell.is_empty()) {
            Some(cell) => Some(
                cell.trim_end_matches('回')
                    .trim_end_matches("回目")
                    .parse::<u8>()
                    .map_err(|_| CellError::Number)?,
            ),
            None => places.number,
        };
        let number = match (stated, of_ticket) {
            (Some(stated), Some(of_ticket)) if stated != of_ticket => return Err(CellError::Number),
            (stated, of_ticket) => stated.or(of_ticket).ok_or(CellError::Number)?,
        };
        if !(1..=9).contains(&number) {
            return Err(CellError::Number);
        }
        let lot = row.cell(places.lot);
        if !is_lot(lot) {
            return Err(CellError::Lot);
        }
        let optional = |column: Option<usize>| column.map_or("", |column| row.cell(column));
        let (place, by) = (optional(places.place), optional(places.by));
        if place.chars().count() > LONGEST_PLACE || by.chars().count() > LONGEST_NAME {
            return Err(CellError::TooLong);
        }
        Ok(Dose {
            ticket,
            number,
            at: self.at(row.cell(places.date), optional(places.time))?,
            product: self.product(row.cell(places.product))?,
            lot: lot.to_owned(),
            place: place.to_owned(),
            by: by.to_owned(),
            recorded_at: now,
        })
    }

    fn ticket(&self, cell: &str) -> Result<(TicketNumber, Option<u8>), CellError> {
        match TicketText::read(cell) {
            Ok(TicketText::Number(number)) => Ok((number, None)),
            Ok(TicketText::Whole(ticket)) if ticket.municipality == self.town => Ok((ticket.number, Some(ticket.dose))),
            Ok(TicketText::Whole(_)) => Err(CellError::OtherTown),
            Err(TicketError::CheckDigit) => Err(CellError::CheckDigit),
            Err(_) => Err(CellError::Ticket),
        }
    }

    fn at(&self, date: &str, time: &str) -> Result<i64, CellError> {
        if self.mapping.dates.is_empty()
            && let Ok(at) = DateTime::parse_from_rfc3339(date)
        {
            let at = at.timestamp();
            return if (0..=0xFFFF_FFFF).contains(&at) {
                Ok(at)
            } else {
                Err(CellError::Date)
            };
        }
        let read = |form: &str| NaiveDate::parse_from_str(date, form).ok();
        let date = if self.mapping.dates.is_empty() {
            USUAL_DATES.iter().find_map(|form| read(form))
        } else {
            self.mapping.dates.iter().find_map(|form| read(form))
        };
        let date = date
            .filter(|date| (0..=40_000).contains(&days::day_of(*date)))
            .ok_or(CellError::Date)?;
        let seconds = match time {
            "" => 0,
            time => {
                let time = ["%H:%M", "%H:%M:%S", "%H%M"]
                    .iter()
                    .find_map(|form| NaiveTime::parse_from_str(time, form).ok())
                    .ok_or(CellError::Time)?;
                time.num_seconds_from_midnight()
            }
        };
        Ok(days::start_of(days::day_of(date)) + i64::from(seconds))
    }

    fn product(&self, cell: &str) -> Result<Product, CellError> {
        let named = self.mapping.products.get(cell).map_or(cell, String::as_str);
        Product::read(named).map_err(|_| CellError::Product)
    }
}
