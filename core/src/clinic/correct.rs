//! Correcting a record, and taking one back. Each is a statement of its own; what was said before stays.

use techo_protocol::basics::folding::folded;
use techo_protocol::vaccination::dose_bundle::DoseRecord;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::ticket::TicketText;

use super::checks::Checks;
use super::record::{current, slip, ticket_here};
use super::{Clinic, ClinicError, Recorded, SiteRefusal, state};

/// What is changed in a record; what is `None` stays as it was.
#[derive(Debug, Clone, Default)]
pub struct Correction<'a> {
    /// The ticket that was used instead.
    pub ticket: Option<TicketText>,
    /// Which dose it was instead, 1 to 9.
    pub dose: Option<u8>,
    /// The vaccine that was given instead.
    pub product: Option<Product>,
    /// The lot that was given instead.
    pub lot: Option<&'a str>,
    /// When the dose was given instead, in Unix seconds.
    pub at: Option<i64>,
    /// Who gave the dose instead.
    pub by: Option<&'a str>,
    /// Codes of refusals that are known and do not stop the correction, as in [`super::NewDose::despite`].
    pub despite: &'a [String],
}

impl Clinic {
    /// Corrects a record, with the same checks; the slip takes the old one's place at the person's phone.
    ///
    /// ```
    /// use techo_core::clinic::{Correction, NewDose};
    /// use techo_testing::{NOW, Town};
    /// use techo_protocol::vaccination::{product::Product, ticket::TicketText};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut clinic = Town::named("Sakai").clinic(folder.path(), NOW)?;
    /// let ticket = TicketText::read("112714030000000009")?;
    /// let recorded = clinic.record(&NewDose::of(ticket, Product::Pfizer, "EX3617", NOW, "Dr. K"))?;
    /// let change = Correction { product: Some(Product::Moderna), ..Correction::default() };
    /// let corrected = clinic.correct(recorded.record.number, &change)?;
    /// assert_eq!(corrected.record.lot, "EX3617", "what is not named stays");
    /// let newer = corrected.slip.expect("it was given").dose.revision;
    /// assert!(newer > recorded.slip.expect("it was given").dose.revision, "by this a phone knows the newer slip");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ClinicError`]: no such record, or why the correction was refused.
    pub fn correct(&mut self, number: u32, change: &Correction<'_>) -> Result<Recorded, ClinicError> {
        let known = self.known()?;
        let (schedule, now) = (&self.schedule, self.now);
        self.vault.write(|writer| {
            let mut state = state::of(&writer.reader())?;
            let licence = state.licence.clone().ok_or(SiteRefusal::NoLicence)?;
            let before = state::newest(&writer.reader(), number)?;
            if before.withdrawn {
                return Err(SiteRefusal::Withdrawn.into());
            }
            let ticket = match &change.ticket {
                Some(ticket) => ticket_here(&known.town, ticket)?,
                None => before.ticket,
            };
            let of_ticket = match &change.ticket {
                Some(TicketText::Whole(ticket)) => Some(ticket.dose),
                _ => None,
            };
            let record = DoseRecord {
                number,
                revision: before.revision.checked_add(1).ok_or(SiteRefusal::TooManyCorrections)?,
                withdrawn: false,
                ticket,
                dose: change.dose.or(of_ticket).unwrap_or(before.dose),
                at: change.at.unwrap_or(before.at),
                product: change.product.unwrap_or(before.product),
                lot: change.lot.map_or(before.lot, |lot| folded(lot.trim()).into_owned()),
                by: change.by.map_or(before.by, |by| by.trim().to_owned()),
                recorded_at: now,
            };
            let others = current(&writer.reader(), ticket, Some(number))?;
            let checks = Checks {
                schedule,
                licence: &licence,
                revoked_from: known.revoked_from,
                now,
                lots: &known.lots,
                recalled: &known.recalled,
                despite: change.despite,
            };
            let warnings = checks.check(&record, &others, None)?;
            let slip = slip(&record, &state)?;
            state::put_statement(writer, &mut state, &record)?;
            Ok(Recorded {
                record,
                slip: Some(slip),
                warnings,
            })
        })
    }

    /// Takes a record back: the dose was not given so.
    ///
    /// ```
    /// use techo_core::clinic::NewDose;
    /// use techo_testing::{NOW, Town};
    /// use techo_protocol::vaccination::{product::Product, ticket::TicketText};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut clinic = Town::named("Sakai").clinic(folder.path(), NOW)?;
    /// let ticket = || TicketText::read("112714030000000009");
    /// let dose = NewDose::of(ticket()?, Product::Pfizer, "EX3617", NOW, "Dr. K");
    /// let recorded = clinic.record(&dose)?;
    /// assert!(clinic.undo(recorded.record.number)?.record.withdrawn);
    /// assert_eq!(clinic.record(&dose)?.record.dose, 1, "the ticket can be used again");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SiteRefusal::UnknownRecord`], [`SiteRefusal::Withdrawn`].
    pub fn undo(&mut self, number: u32) -> Result<Recorded, ClinicError> {
        let now = self.now;
        self.vault.write(|writer| {
            let mut state = state::of(&writer.reader())?;
            let before = state::newest(&writer.reader(), number)?;
            if before.withdrawn {
                return Err(SiteRefusal::Withdrawn.into());
            }
            let record = DoseRecord {
                revision: before.revision.checked_add(1).ok_or(SiteRefusal::TooManyCorrections)?,
                withdrawn: true,
                recorded_at: now,
                ..before
            };
            state.picture = None;
            state::put_statement(writer, &mut state, &record)?;
            Ok(Recorded {
                record,
                slip: None,
                warnings: Vec::new(),
            })
        })
    }
}
