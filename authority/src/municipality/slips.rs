//! A dose that another municipality's site gave to a resident who has moved here: taken from the slip, until the old municipality confirms.

use techo_protocol::trust::TrustList;
use techo_protocol::vaccination::dose_slip::DoseSlip;
use techo_protocol::vaccination::ticket::TicketNumber;

use super::ledger::{Dose, DoseRowError, Source, Statement, Taken, Taker, source};
use crate::store::write;
use crate::{Authority, Error, audit};

impl Authority {
    /// Takes a slip in for a ticket of this municipality; its state in the ledger is "from slip" until a file of the old municipality or a
    /// site says the same. `old_town` is the old municipality's trust list.
    ///
    /// # Errors
    /// [`techo_protocol::vaccination::dose_slip::DoseSlipError`] where it is not to be believed.
    pub fn import_slip(
        &mut self,
        slip: &DoseSlip,
        old_town: &[TrustList],
        ticket: TicketNumber,
        now: i64,
    ) -> Result<Result<Taken, DoseRowError>, Error> {
        self.town()?;
        slip.check(old_town, now)?;
        let dose = Dose {
            ticket,
            number: slip.dose.dose,
            at: slip.dose.at,
            product: slip.dose.product,
            lot: slip.dose.lot.clone(),
            place: slip.licence.place.clone(),
            by: String::new(),
            recorded_at: slip.dose.at,
        };
        let transaction = write(&mut self.db)?;
        let source = source(&transaction, &Source::Slip(slip.municipality().to_string()))?;
        let taken = Taker::new(&transaction, now)?.take(&Statement {
            source,
            kind: "slip",
            record: dose.record(),
            revision: Some(slip.dose.revision),
            withdrawn: false,
            dose: &dose,
        })?;
        if matches!(taken, Ok(Taken::New | Taken::Revised | Taken::Conflicting)) {
            audit::append(&transaction, now, "slip.taken", &slip.municipality().to_string())?;
        }
        transaction.commit()?;
        Ok(taken)
    }
}
