//! CSV files of doses: each row is read by a mapping, and what it says is taken into the ledger.

use std::collections::HashMap;

use techo_protocol::Coded;
use techo_protocol::vaccination::lot::comparable;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::ticket::TicketNumber;

use super::imports::{Checks, Imported};
use super::ledger::{DoseRowError, Source, Statement, Taken, Taker, source};
use super::mapping::{Mapping, Reader};
use crate::rejected::RejectedRow;
use crate::store::write;
use crate::tables::{Table, Taking, Text};
use crate::{Authority, Error, audit};

/// What a file said of a dose, to notice that it says two things.
type Said = HashMap<(TicketNumber, u8), (i64, Product, String)>;

impl Authority {
    /// Takes a CSV file in by a mapping. Every bad row is named, and costs no good one. The same file again changes nothing; another content of
    /// the same dose from the same mapping is a correction, and the old stays in the history.
    ///
    /// # Errors
    /// [`crate::tables::TableError`] and [`super::mapping::MappingError`] where the file as a whole is none of that layout.
    pub fn import_doses(&mut self, file: &[u8], mapping: &Mapping, how: Taking, now: i64) -> Result<Imported, Error> {
        let code = self.town()?.code;
        let mut checks = Checks::of(self)?;
        let text = Text::of(file, mapping.encoding())?;
        let mut table = Table::of(&text)?;
        let reader = Reader::of(mapping, &text, code, how)?;
        let mut imported = Imported::default();
        let mut said = Said::new();
        let transaction = write(&mut self.db)?;
        let source = source(&transaction, &Source::File(mapping.name().to_owned()))?;
        {
            let mut taker = Taker::new(&transaction, now)?;
            while let Some(row) = table.next() {
                imported.rows += 1;
                let row = match row {
                    Ok(row) => row,
                    Err(why) => {
                        imported.rejected.push(why);
                        continue;
                    }
                };
                let (mut any, mut faults) = (false, Vec::new());
                for (number, read) in reader.doses(&row, now) {
                    let fault = |why: &dyn Coded| RejectedRow {
                        dose: number,
                        ..RejectedRow::new(row.number, why)
                    };
                    let dose = match read {
                        Ok(dose) => dose,
                        Err(why) => {
                            faults.push(fault(&why));
                            continue;
                        }
                    };
                    let content = (dose.at, dose.product, comparable(&dose.lot));
                    let before = said.entry((dose.ticket, dose.number)).or_insert_with(|| content.clone());
                    let taken = if *before == content {
                        taker.take(&Statement {
                            source,
                            kind: "file",
                            record: dose.record(),
                            revision: None,
                            withdrawn: false,
                            dose: &dose,
                        })?
                    } else {
                        Err(DoseRowError::Contradicts)
                    };
                    match taken {
                        Ok(taken) => {
                            checks.see(&transaction, &dose, &mut imported)?;
                            imported.count(row.number, Ok::<Taken, DoseRowError>(taken));
                            any = true;
                        }
                        Err(why) => faults.push(fault(&why)),
                    }
                }
                imported.end_row(any, faults);
            }
        }
        if !how.dry_run {
            let changed = imported.new + imported.revised + imported.conflicts;
            if changed > 0 {
                audit::append(&transaction, now, "doses.imported", &changed.to_string())?;
            }
            transaction.commit()?;
        }
        Ok(imported)
    }
}
