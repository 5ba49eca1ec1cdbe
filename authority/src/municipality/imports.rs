//! What an import of doses did, and what a person should look at beside: the same for a bundle of a site and for a CSV file.

use std::collections::BTreeSet;

use rusqlite::Connection;
use techo_protocol::Coded as _;
use techo_protocol::vaccination::town_update::{LotWarning, ProductLot};

use super::ledger::{Dose, DoseRowError, Taken};
use super::mapping::CellError;
use super::stock;
use crate::rejected::RejectedRow;
use crate::{Authority, Error};

techo_protocol::coded_errors! {
    /// What should be looked at in a dose's ticket.
    pub enum TicketWarning {
        /// A ticket that was not given out.
        NotEnrolled = "ticket.not_enrolled", "Some tickets are not among the residents' tickets.", "Compare them with the printed tickets: a digit may have been read wrong.";
    }
}

techo_protocol::coded_union! {
    /// What does not stop an import, and should be looked at.
    pub enum ImportWarning {
        /// Something about a lot should be looked at.
        Lot(LotWarning);
        /// Something about a ticket should be looked at.
        Ticket(TicketWarning);
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows of the file, or doses of the bundle.
    pub rows: usize,
    /// Doses that were not there before.
    pub new: usize,
    /// Doses that were corrected, taken back or confirmed.
    pub revised: usize,
    /// Doses that were known.
    pub known: usize,
    /// New doses of which another source says something else.
    pub conflicts: usize,
    /// Rows of which nothing was taken, each with the reason.
    pub rejected: Vec<RejectedRow>,
    /// Doses that were not taken, of rows of which another dose was.
    pub left_out: Vec<RejectedRow>,
    /// Doses whose ticket is not among the residents'.
    pub not_enrolled: usize,
    /// Doses of a lot that the stock list lacks.
    pub lots_unknown: usize,
    /// Doses of a lot that is recalled.
    pub lots_recalled: usize,
}

impl Imported {
    /// Counts what a statement did; `row` names it where it was not taken.
    pub(super) fn count(&mut self, row: u64, taken: Result<Taken, DoseRowError>) {
        match taken {
            Ok(Taken::New) => self.new += 1,
            Ok(Taken::Revised) => self.revised += 1,
            Ok(Taken::Known) => self.known += 1,
            Ok(Taken::Conflicting) => self.conflicts += 1,
            Err(why) => self.rejected.push(RejectedRow::new(row, &why)),
        }
    }

    /// Counts a row of which all is read: where nothing of it was `taken` it is rejected, for one reason; else each dose that is not is left out.
    pub(super) fn end_row(&mut self, taken: bool, mut faults: Vec<RejectedRow>) {
        if taken {
            self.left_out.append(&mut faults);
        } else if !faults.is_empty() {
            // What can be mended is the better reason.
            let reason = faults.iter().position(|fault| !is_elsewhere(fault)).unwrap_or(0);
            self.rejected.push(faults.swap_remove(reason));
        }
    }

    /// Rows of which something was taken, or which held nothing.
    pub fn accepted(&self) -> usize {
        self.rows.saturating_sub(self.rejected.len())
    }

    /// Whether nothing in the file has to be mended: a dose that another municipality gave, in a row that holds one of ours too, is as it should be.
    pub fn is_clean(&self) -> bool {
        self.rejected.is_empty() && self.left_out.iter().all(is_elsewhere)
    }

    /// What should be seen to.
    pub fn warnings(&self) -> Vec<ImportWarning> {
        let warn = |count: usize, warning: ImportWarning| (count > 0).then_some(warning);
        [
            warn(self.not_enrolled, TicketWarning::NotEnrolled.into()),
            warn(self.lots_unknown, LotWarning::Unknown.into()),
            warn(self.lots_recalled, LotWarning::Recalled.into()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Whether a dose was not taken because it is another municipality's.
fn is_elsewhere(fault: &RejectedRow) -> bool {
    fault.code == CellError::OtherTown.code()
}

/// What is looked at beside the statement itself: it is taken all the same, and a person should look.
pub(super) struct Checks {
    any_resident: bool,
    lots: BTreeSet<ProductLot>,
    recalled: BTreeSet<ProductLot>,
}

impl Checks {
    pub fn of(authority: &Authority) -> Result<Self, Error> {
        Ok(Self {
            any_resident: authority.residents()? > 0,
            lots: stock::lots(&authority.db)?
                .into_iter()
                .map(|lot| lot.lot.comparable())
                .collect(),
            recalled: stock::recalled_lots(&authority.db)?
                .iter()
                .map(ProductLot::comparable)
                .collect(),
        })
    }

    pub fn see(&mut self, db: &Connection, dose: &Dose, imported: &mut Imported) -> Result<(), Error> {
        if self.any_resident {
            let mut query = db.prepare_cached("SELECT 1 FROM resident WHERE ticket = ?1")?;
            imported.not_enrolled += usize::from(!query.exists([dose.ticket.number().cast_signed()])?);
        }
        let lot = ProductLot {
            product: dose.product,
            lot: dose.lot.clone(),
        }
        .comparable();
        imported.lots_unknown += usize::from(!self.lots.is_empty() && !self.lots.contains(&lot));
        imported.lots_recalled += usize::from(self.recalled.contains(&lot));
        Ok(())
    }
}
