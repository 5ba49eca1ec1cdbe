//! Mapping files: how another system's CSV file says what a dose is.
//!
//! ```toml
//! name = "clinic-system-a"          # corrections are matched within this name
//! encoding = "shift_jis"            # or utf-8; without it, it is found out
//! dates = ["%Y/%m/%d"]              # as chrono writes them; without it 2021-07-01, 2021/7/1 and 20210701
//!
//! [products]                        # words of the file beside our own names and the makers in Japanese
//! "コミナティ" = "pfizer"
//!
//! [[doses]]                         # one, or one for each dose where a row holds several
//! ticket = "券番号"                  # 18 or 10 digits
//! dose = "回数"                      # a column; or `number = 1` for the same in every row; not needed with 18 digits
//! date = "接種日"
//! time = "時刻"                      # may be left out: HH:MM
//! product = "メーカー"
//! lot = "ロット"
//! place = "会場"                     # may be left out, as may `by` and `municipality`
//! ```
//! Without a mapping the columns are those of [`Mapping::own`], or of the vaccination record system's ledger ([`Mapping::vrs`]).

use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;
use techo_protocol::dose_bundle::LONGEST_NAME;
use techo_protocol::dose_slip::is_lot;
use techo_protocol::municipality_code::MunicipalityCode;
use techo_protocol::product::Product;
use techo_protocol::ticket::{TicketNumber, TicketText};

use super::days;
use super::ledger::Dose;
use super::table::{Row, Table, TableError};

/// Largest mapping file in bytes.
pub const LARGEST_MAPPING_BYTES: usize = 64 * 1024;
/// Longest name of a place, in characters: what Japan's vaccination record system keeps.
const LONGEST_PLACE: usize = 30;
const USUAL_DATES: [&str; 3] = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"];

techo_protocol::coded_errors! {
    /// What can be wrong with a mapping.
    pub enum MappingError {
        /// No TOML, or not of this form.
        Unreadable = "mapping.unreadable", "The mapping cannot be read.", "Compare it with the example in the manual: name, [[doses]] with ticket, date, product, lot.";
        /// It names no dose, or not which dose.
        Incomplete = "mapping.incomplete", "The mapping does not say which dose a row is.", "Give `dose` (a column) or `number` in [[doses]], or a ticket column of 18 digits.";
        /// A product that is none of ours.
        Product = "mapping.product", "The mapping leads to a product that is not known.", "Write pfizer, moderna, astrazeneca or novavax on the right side.";
    }
}

techo_protocol::coded_errors! {
    /// Why a row says nothing of a dose.
    pub enum CellError {
        /// No ticket.
        Ticket = "dose_row.ticket", "The ticket has neither 10 nor 18 digits.", "Compare it with the printed ticket.";
        /// The municipality's check digit does not fit.
        CheckDigit = "dose_row.check_digit", "A digit of the ticket is wrong: the municipality's check digit does not fit.", "Compare it with the printed ticket.";
        /// Another municipality's ticket.
        OtherTown = "dose_row.other_town", "The ticket is of another municipality.", "Send the row to that municipality.";
        /// No dose number.
        Number = "dose_row.number", "The dose number is none of 1 to 9, or is not the ticket's.", "Correct it.";
        /// No date.
        Date = "dose_row.date", "The date cannot be read.", "Write it like the others, or add its form to the mapping's dates.";
        /// No time of day.
        Time = "dose_row.time", "The time of day cannot be read.", "Write it as 10:05.";
        /// No product.
        Product = "dose_row.product", "The vaccine is not known.", "Add its word to the mapping's [products].";
        /// No lot.
        Lot = "dose_row.lot", "A lot has 1 to 20 printable ASCII characters.", "Write it as it is printed.";
        /// A place or a name that is too long.
        TooLong = "dose_row.too_long", "The place has more than 30 characters, or the vaccinator's name more than 20.", "Shorten it.";
    }
}

/// A mapping.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    name: String,
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default)]
    dates: Vec<String>,
    #[serde(default)]
    products: std::collections::BTreeMap<String, String>,
    doses: Vec<Columns>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    ticket: String,
    #[serde(default)]
    dose: Option<String>,
    #[serde(default)]
    number: Option<u8>,
    #[serde(default)]
    municipality: Option<String>,
    date: String,
    #[serde(default)]
    time: Option<String>,
    product: String,
    lot: String,
    #[serde(default)]
    place: Option<String>,
    #[serde(default)]
    by: Option<String>,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn read(file: &[u8]) -> Result<Self, MappingError> {
        let text = std::str::from_utf8(file).map_err(|_| MappingError::Unreadable)?;
        if text.len() > LARGEST_MAPPING_BYTES {
            return Err(MappingError::Unreadable);
        }
        let mapping: Self = toml::from_str(text.trim_start_matches('\u{feff}')).map_err(|_| MappingError::Unreadable)?;
        if mapping.name.trim().is_empty() || mapping.doses.is_empty() || mapping.doses.len() > 9 {
            return Err(MappingError::Unreadable);
        }
        if mapping.doses.len() > 1
            && mapping
                .doses
                .iter()
                .any(|columns| columns.number.is_none() && columns.dose.is_none())
        {
            return Err(MappingError::Incomplete);
        }
        if mapping
            .doses
            .iter()
            .any(|columns| columns.number.is_some_and(|number| !(1..=9).contains(&number)))
        {
            return Err(MappingError::Incomplete);
        }
        if mapping.products.values().any(|product| Product::read(product).is_err()) {
            return Err(MappingError::Product);
        }
        Ok(mapping)
    }

    /// Our own columns: `ticket,dose,date,product,lot`, and if there are such `time,place,by,municipality`.
    pub fn own() -> Self {
        let own = |name: &str| Some(name.to_owned());
        Self {
            name: "techo".to_owned(),
            encoding: None,
            dates: Vec::new(),
            products: std::collections::BTreeMap::new(),
            doses: vec![Columns {
                ticket: "ticket".to_owned(),
                dose: own("dose"),
                number: None,
                municipality: own("municipality"),
                date: "date".to_owned(),
                time: own("time"),
                product: "product".to_owned(),
                lot: "lot".to_owned(),
                place: own("place"),
                by: own("by"),
            }],
        }
    }

    /// The ledger of Japan's vaccination record system, one row a person, as [`super::vrs`] writes it.
    pub fn vrs() -> Self {
        let columns = |number: u8| Columns {
            ticket: format!("{number}回目券番号"),
            dose: None,
            number: Some(number),
            municipality: Some(format!("{number}回目接種自治体コード")),
            date: format!("{number}回目接種日"),
            time: None,
            product: format!("{number}回目ワクチンメーカー"),
            lot: format!("{number}回目ワクチンロット番号"),
            place: Some(format!("{number}回目接種会場名")),
            by: Some(format!("{number}回目接種医師名")),
        };
        Self {
            name: "vrs".to_owned(),
            encoding: None,
            dates: Vec::new(),
            products: std::collections::BTreeMap::new(),
            doses: vec![columns(1), columns(2)],
        }
    }

    /// The mapping that fits a file where none was given.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn that_fits(file: &[u8]) -> Result<Self, TableError> {
        let text = super::table::Text::of(file, None)?;
        let table = Table::of(&text)?;
        let vrs = Self::vrs();
        let is_vrs = vrs
            .doses
            .first()
            .is_some_and(|columns| matches!(table.find(&columns.date), Ok(Some(_))));
        Ok(if is_vrs { vrs } else { Self::own() })
    }

    /// The source's name.
    pub fn name(&self) -> &str {
        self.name.trim()
    }

    /// The file's encoding, where it is known.
    pub fn encoding(&self) -> Option<&str> {
        self.encoding.as_deref()
    }
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
pub(super) struct Reader<'m> {
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
        use techo_protocol::ticket::TicketError;
        match TicketText::read(cell) {
            Ok(TicketText::Number(number)) => Ok((number, None)),
            Ok(TicketText::Whole(ticket)) if ticket.municipality == self.town => Ok((ticket.number, Some(ticket.dose))),
            Ok(TicketText::Whole(_)) => Err(CellError::OtherTown),
            Err(TicketError::CheckDigit) => Err(CellError::CheckDigit),
            Err(_) => Err(CellError::Ticket),
        }
    }

    fn at(&self, date: &str, time: &str) -> Result<i64, CellError> {
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
                use chrono::Timelike as _;
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
