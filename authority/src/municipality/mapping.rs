//! Mapping files: how another system's CSV file says what a dose is.
//!
//! ```toml
//! name = "clinic-system-a"          # corrections are matched within this name
//! encoding = "shift_jis"            # or cp932, utf-8, euc-jp and so on; without it, it is found out
//! dates = ["%m/%d/%Y"]              # as chrono writes them; without it 2021-07-01, 2021/7/1, 20210701, 2021年7月1日, 令和3年7月1日 and RFC 3339
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

mod reader;

use serde::Deserialize;
use techo_protocol::basics::text_file::text_of;
use techo_protocol::vaccination::product::Product;

use crate::tables::spreadsheet::SpreadsheetError;
use crate::tables::{Table, TableError, Text};

pub(super) use reader::Reader;

/// Largest mapping file in bytes.
pub const LARGEST_MAPPING_BYTES: usize = 64 * 1024;

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

techo_protocol::coded_union! {
    /// Why a row was not read as a dose: what stands in a cell, or what a spreadsheet did to it.
    pub(in crate::municipality) enum RowFault {
        /// The cell says nothing of a dose.
        Cell(CellError);
        /// A spreadsheet destroyed what stood in the cell.
        Spreadsheet(SpreadsheetError);
    }
}

techo_protocol::coded_errors! {
    /// Why a row says nothing of a dose.
    pub enum CellError {
        /// The cell holds no ticket number.
        Ticket = "dose_row.ticket", "The ticket has neither 10 nor 18 digits.", "Compare it with the printed ticket.";
        /// The municipality's check digit does not fit.
        CheckDigit = "dose_row.check_digit", "A digit of the ticket is wrong: the municipality's check digit does not fit.", "Compare it with the printed ticket.";
        /// The ticket is another municipality's.
        OtherTown = "dose_row.other_town", "The ticket is of another municipality.", "Send the row to that municipality.";
        /// The cell holds no dose number, or another than the ticket's.
        Number = "dose_row.number", "The dose number is none of 1 to 9, or is not the ticket's.", "Correct it.";
        /// The cell holds no date of a form that the mapping knows.
        Date = "dose_row.date", "The date has none of the forms that are known: 2021-07-01, 2021/7/1, 20210701, 2021年7月1日, 令和3年7月1日, or those of the mapping.", "Write it in one of them, or add its form to the mapping's dates.";
        /// No time of day.
        Time = "dose_row.time", "The time of day cannot be read.", "Write it as 10:05.";
        /// The cell holds no vaccine that the mapping knows.
        Product = "dose_row.product", "The vaccine is not known.", "Add its word to the mapping's [products].";
        /// The cell holds nothing that can be a lot's number.
        Lot = "dose_row.lot", "A lot has 1 to 20 printable ASCII characters.", "Write it as it is printed.";
        /// A place or a name that is too long.
        TooLong = "dose_row.too_long", "The place has more than 30 characters, or the vaccinator's name more than 20.", "Shorten it.";
    }
}

/// What the columns of somebody's CSV files mean, read from a TOML file.
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
        let text = text_of(file).ok_or(MappingError::Unreadable)?;
        if text.len() > LARGEST_MAPPING_BYTES {
            return Err(MappingError::Unreadable);
        }
        let mapping: Self = toml::from_str(&text).map_err(|_| MappingError::Unreadable)?;
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

    /// Our own columns: `ticket,dose,date,product,lot` (or `at` with times for `date`), and if there are such `time,place,by,municipality`.
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
        let text = Text::of(file, None)?;
        let table = Table::of(&text)?;
        let vrs = Self::vrs();
        let is_vrs = vrs
            .doses
            .first()
            .is_some_and(|columns| matches!(table.find(&columns.date), Ok(Some(_))));
        if is_vrs {
            return Ok(vrs);
        }
        let mut own = Self::own();
        // A column of times in place of one of days.
        if table.find("date")?.is_none() && table.find("at")?.is_some() {
            for columns in &mut own.doses {
                "at".clone_into(&mut columns.date);
            }
        }
        Ok(own)
    }

    /// The name of the source whose files the mapping reads.
    pub fn name(&self) -> &str {
        self.name.trim()
    }

    /// The file's encoding, where it is known.
    pub fn encoding(&self) -> Option<&str> {
        self.encoding.as_deref()
    }
}
