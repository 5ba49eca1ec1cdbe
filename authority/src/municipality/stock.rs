//! Lots that were distributed, and how many of their doses were given.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::Connection;
use techo_protocol::basics::folding::folded;
use techo_protocol::vaccination::dose_slip::is_lot;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::town_update::ProductLot;

use crate::rejected::RejectedRow;
use crate::store::{StoreError, narrow, write};
use crate::tables::spreadsheet::{self, SpreadsheetError};
use crate::tables::{Table, Text};
use crate::{Authority, Error, audit, recalls};

techo_protocol::coded_errors! {
    /// Why a lot's row was rejected.
    pub enum LotRowError {
        /// The cell holds no vaccine that is known.
        Product = "lot_row.product", "There is no such product.", "Write pfizer, moderna, astrazeneca or novavax, or the maker in Japanese.";
        /// A lot that cannot be.
        Lot = "lot_row.lot", "A lot has 1 to 20 printable ASCII characters.", "Write it as it is printed.";
        /// No number of doses.
        Doses = "lot_row.doses", "The number of doses is no whole number.", "Write it in digits.";
        /// The file says two things of one lot.
        Contradicts = "lot_row.contradicts", "An earlier row of this file gives this lot another number of doses.", "Write the sum in one row.";
    }
}

techo_protocol::coded_union! {
    /// Why a lot's row was not taken: what stands in a cell, or what a spreadsheet did to it.
    enum LotFault {
        /// A cell says no lot.
        Row(LotRowError);
        /// A spreadsheet destroyed what stood in the cell.
        Spreadsheet(SpreadsheetError);
    }
}

/// A lot as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// The product and the number of the lot.
    pub lot: ProductLot,
    /// Doses that were distributed; `None` for a lot that the list lacks.
    pub distributed: Option<u64>,
    /// Doses that the ledger has.
    pub given: u64,
    /// The lot is recalled: no dose of it is to be given.
    pub recalled: bool,
}

/// What an import of lots did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LotsImported {
    /// Rows under the header.
    pub rows: usize,
    /// Lots that were new or have another number of doses now.
    pub changed: usize,
    /// Rows that were rejected.
    pub rejected: Vec<RejectedRow>,
}

impl Authority {
    /// Takes in lots from a CSV file with the columns `product`, `lot` and, if known, `doses`: how many were distributed in all.
    ///
    /// # Errors
    /// [`crate::tables::TableError`] where the file as a whole is none; what is wrong with a row is in the answer.
    pub fn import_lots(&mut self, file: &[u8], dry_run: bool, now: i64) -> Result<LotsImported, Error> {
        self.town()?;
        let text = Text::of(file, None)?;
        let mut table = Table::of(&text)?;
        let (product, lot, doses) = (table.column("product")?, table.column("lot")?, table.find("doses")?);
        let mut imported = LotsImported::default();
        let mut seen = BTreeMap::new();
        while let Some(row) = table.next() {
            imported.rows += 1;
            let row = match row {
                Ok(row) => row,
                Err(why) => {
                    imported.rejected.push(why);
                    continue;
                }
            };
            match read(row.cell(product), row.cell(lot), doses.map(|column| row.cell(column))) {
                Ok((lot, doses)) if seen.entry(lot.comparable()).or_insert((lot.clone(), doses)).1 == doses => {}
                Ok(_) => imported
                    .rejected
                    .push(RejectedRow::new(row.number, &LotRowError::Contradicts)),
                Err(why) => imported.rejected.push(RejectedRow::new(row.number, &why)),
            }
        }
        let transaction = write(&mut self.db)?;
        // A lot that is here already keeps the spelling that it came with.
        let mut known: BTreeMap<ProductLot, ProductLot> = BTreeMap::new();
        for lot in lots(&transaction)? {
            known.entry(lot.lot.comparable()).or_insert(lot.lot);
        }
        for (key, (lot, doses)) in &seen {
            let lot = known.get(key).unwrap_or(lot);
            imported.changed += transaction.execute(
                "INSERT INTO stock (product, lot, doses, changed_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (product, lot) DO UPDATE SET doses = ?3, changed_at = ?4 WHERE doses <> ?3",
                (lot.product.number(), &lot.lot, doses.cast_signed(), now),
            )?;
        }
        if !dry_run && imported.changed > 0 {
            audit::append(&transaction, now, "lots.imported", &imported.changed.to_string())?;
            transaction.commit()?;
        }
        Ok(imported)
    }

    /// Every lot that was distributed or given.
    ///
    /// # Errors
    /// [`StoreError`] where the profile cannot be read.
    pub fn stock(&self) -> Result<Vec<Lot>, Error> {
        self.town()?;
        let mut by_lot: BTreeMap<ProductLot, Lot> = BTreeMap::new();
        for lot in lots(&self.db)? {
            match by_lot.entry(lot.lot.comparable()) {
                Entry::Vacant(new) => {
                    new.insert(lot);
                }
                // Two spellings that were taken in as two lots once.
                Entry::Occupied(mut before) => {
                    let before = before.get_mut();
                    before.distributed = Some(before.distributed.unwrap_or(0) + lot.distributed.unwrap_or(0));
                }
            }
        }
        let mut query = self
            .db
            .prepare("SELECT product, lot, count(*) FROM dose WHERE current = 1 GROUP BY product, lot")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let lot = ProductLot {
                product: product(row.get(0)?)?,
                lot: row.get(1)?,
            };
            let given: u64 = narrow(row.get::<_, i64>(2)?)?;
            let new = Lot {
                lot: lot.clone(),
                distributed: None,
                given: 0,
                recalled: false,
            };
            by_lot.entry(lot.comparable()).or_insert(new).given += given;
        }
        for lot in recalled_lots(&self.db)? {
            if let Some(lot) = by_lot.get_mut(&lot.comparable()) {
                lot.recalled = true;
            }
        }
        Ok(by_lot.into_values().collect())
    }
}

/// The lots that were distributed.
pub(super) fn lots(db: &Connection) -> Result<Vec<Lot>, Error> {
    let mut query = db.prepare("SELECT product, lot, doses FROM stock ORDER BY product, lot")?;
    let mut rows = query.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(Lot {
            lot: ProductLot {
                product: product(row.get(0)?)?,
                lot: row.get(1)?,
            },
            distributed: Some(narrow(row.get::<_, i64>(2)?)?),
            given: 0,
            recalled: false,
        });
    }
    Ok(out)
}

/// Lots that are recalled now.
pub(super) fn recalled_lots(db: &Connection) -> Result<Vec<ProductLot>, Error> {
    let standing = recalls::all(db)?
        .into_iter()
        .map(|state| state.recall)
        .filter(|recall| !recall.withdrawn);
    let lots = standing.filter_map(|recall| {
        Some(ProductLot {
            product: Product::read(&recall.product).ok()?,
            lot: recall.lot,
        })
    });
    Ok(lots.collect())
}

fn read(product: &str, lot: &str, doses: Option<&str>) -> Result<(ProductLot, u64), LotFault> {
    let product = Product::read(product).map_err(|_| LotRowError::Product)?;
    let lot = folded(lot);
    spreadsheet::check_lot(&lot)?;
    if !is_lot(&lot) {
        return Err(LotRowError::Lot.into());
    }
    let doses = match doses {
        None | Some("") => 0,
        // Fits the database's signed numbers.
        Some(doses) => {
            spreadsheet::check(doses)?;
            count(doses).ok_or(LotRowError::Doses)?.into()
        }
    };
    let lot = lot.into_owned();
    Ok((ProductLot { product, lot }, doses))
}

/// A whole number, in full-width digits too, and with a comma before every three digits, as spreadsheets show it.
fn count(text: &str) -> Option<u32> {
    let text = folded(text);
    let mut groups = text.split(',');
    let first = groups
        .next()
        .filter(|first| !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit()))?;
    let rest = groups
        .map(|group| (group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit())).then_some(group))
        .collect::<Option<Vec<_>>>()?;
    if !rest.is_empty() && first.len() > 3 {
        return None;
    }
    [first, &rest.concat()].concat().parse().ok()
}

/// A product out of the database.
pub(super) fn product(number: i64) -> Result<Product, StoreError> {
    u64::try_from(number)
        .ok()
        .and_then(Product::of_number)
        .ok_or(StoreError::Damaged)
}
