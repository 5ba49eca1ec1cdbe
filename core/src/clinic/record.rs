//! Recording a dose: what was read from the ticket is checked, written, and given out as a slip.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use techo_protocol::basics::folding::folded;
use techo_protocol::trust::TrustList;
use techo_protocol::vaccination::dose_bundle::DoseRecord;
use techo_protocol::vaccination::dose_slip::{DoseSlip, SlipDose};
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::ticket::{TicketNumber, TicketText};
use techo_protocol::vaccination::town_update::ProductLot;

use super::checks::Checks;
use super::{Clinic, ClinicError, DoseWarning, SiteRefusal, SiteWarning, State, state};
use crate::vault::Reader;

/// A dose to be recorded.
#[derive(Debug, Clone)]
pub struct NewDose<'a> {
    /// The ticket, as its text was read.
    pub ticket: TicketText,
    /// Which dose it is, 1 to 9, where the ticket does not say.
    pub dose: Option<u8>,
    /// The vaccine that was given.
    pub product: Product,
    /// The lot that is printed on the vial.
    pub lot: &'a str,
    /// When the dose was given, in Unix seconds.
    pub at: i64,
    /// Who gave the dose, 1 to 20 characters.
    pub by: &'a str,
    /// The person's birth date, where it is known. It is not kept.
    pub born: Option<NaiveDate>,
    /// SHA-256 of the ticket's picture, where there was one.
    pub picture: Option<[u8; 32]>,
    /// Codes of refusals that are known: the dose was given all the same.
    pub despite: &'a [String],
}

impl<'a> NewDose<'a> {
    /// A dose of a ticket that was given at a time in Unix seconds: of nobody whose birth date is known, by no picture, and with no refusal to be
    /// passed over.
    ///
    /// ```
    /// use techo_core::clinic::NewDose;
    /// use techo_protocol::vaccination::{product::Product, ticket::TicketText};
    ///
    /// // Ten digits are a ticket's number alone: which dose it is for, somebody has to say.
    /// let ticket = TicketText::read("0000000009")?;
    /// let dose = NewDose { dose: Some(1), ..NewDose::of(ticket, Product::Pfizer, "EX3617", 1_625_101_200, "Dr. K") };
    /// assert_eq!(dose.ticket.number().to_string(), "0000000009");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(ticket: TicketText, product: Product, lot: &'a str, at: i64, by: &'a str) -> Self {
        Self {
            ticket,
            dose: None,
            product,
            lot,
            at,
            by,
            born: None,
            picture: None,
            despite: &[],
        }
    }
}

/// A record as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The record's newest statement.
    pub record: DoseRecord,
    /// The slip for the person; `None` of a record that was taken back.
    pub slip: Option<DoseSlip>,
    /// What should be looked at.
    pub warnings: Vec<SiteWarning>,
}

/// What the municipality has said, as far as it is here.
pub(super) struct Known {
    pub town: TrustList,
    pub lots: Vec<ProductLot>,
    pub recalled: BTreeSet<ProductLot>,
    pub revoked_from: Option<i64>,
}

impl Clinic {
    /// Checks a dose, saves it, and signs the slip for the person.
    ///
    /// ```
    /// use techo_core::clinic::{NewDose, SiteRefusal};
    /// use techo_testing::{NOW, Town};
    /// use techo_protocol::vaccination::{product::Product, ticket::TicketText};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut clinic = Town::named("Sakai").clinic(folder.path(), NOW)?;
    /// let ticket = || TicketText::read("112714030000000009");
    /// let dose = NewDose::of(ticket()?, Product::Pfizer, "EX3617", NOW, "Dr. K");
    /// clinic.record(&dose)?;
    /// assert_eq!(clinic.record(&dose).err(), Some(SiteRefusal::TicketUsed { dose: 1 }.into()));
    /// let tomorrow = NewDose { at: NOW + 86_400, ..dose };
    /// assert_eq!(clinic.record(&tomorrow).err(), Some(SiteRefusal::InTheFuture.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ClinicError`]: why it was refused; nothing is saved then.
    pub fn record(&mut self, new: &NewDose<'_>) -> Result<Recorded, ClinicError> {
        let known = self.known()?;
        let (schedule, now) = (&self.schedule, self.now);
        self.vault.write(|writer| {
            let mut state = state::of(&writer.reader())?;
            let licence = state.licence.clone().ok_or(SiteRefusal::NoLicence)?;
            if new.picture.is_some() && new.picture == state.picture {
                return Err(SiteRefusal::SamePicture.into());
            }
            let ticket = ticket_here(&known.town, &new.ticket)?;
            let others = current(&writer.reader(), ticket, None)?;
            let mut warnings = Vec::new();
            let dose = match (&new.ticket, new.dose) {
                (TicketText::Whole(ticket), None) => ticket.dose,
                (TicketText::Whole(ticket), Some(dose)) if ticket.dose == dose => dose,
                (TicketText::Whole(_), Some(_)) => {
                    return Err(techo_protocol::vaccination::ticket::TicketError::NoSuchDose.into());
                }
                (TicketText::Number(_), Some(dose)) => dose,
                (TicketText::Number(_), None) => {
                    warnings.push(DoseWarning::DoseAssumed.into());
                    others.iter().map(|other| other.dose).max().unwrap_or(0).saturating_add(1)
                }
            };
            if !(1..=9).contains(&dose) {
                return Err(techo_protocol::vaccination::ticket::TicketError::NoSuchDose.into());
            }
            let record = DoseRecord {
                // The first statement's number is the record's, counted from 1.
                number: state.statements.checked_add(1).ok_or(SiteRefusal::TooManyCorrections)?,
                revision: 0,
                withdrawn: false,
                ticket,
                dose,
                at: new.at,
                product: new.product,
                lot: folded(new.lot.trim()).into_owned(),
                by: new.by.trim().to_owned(),
                recorded_at: now,
            };
            let checks = Checks {
                schedule,
                licence: &licence,
                revoked_from: known.revoked_from,
                now,
                lots: &known.lots,
                recalled: &known.recalled,
                despite: new.despite,
            };
            warnings.extend(checks.check(&record, &others, new.born)?);
            state.picture = new.picture;
            let slip = slip(&record, &state)?;
            state::put_statement(writer, &mut state, &record)?;
            Ok(Recorded {
                record,
                slip: Some(slip),
                warnings,
            })
        })
    }

    /// The slip of a record, to be printed again.
    ///
    /// ```
    /// use techo_core::clinic::NewDose;
    /// use techo_testing::{NOW, Town};
    /// use techo_protocol::vaccination::{product::Product, ticket::TicketText};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut clinic = Town::named("Sakai").clinic(folder.path(), NOW)?;
    /// let ticket = TicketText::read("112714030000000009")?;
    /// let recorded = clinic.record(&NewDose::of(ticket, Product::Pfizer, "EX3617", NOW, "Dr. K"))?;
    /// assert_eq!(clinic.slip(recorded.record.number)?.to_text(), recorded.slip.unwrap().to_text());
    /// clinic.undo(recorded.record.number)?;
    /// assert!(clinic.slip(recorded.record.number).is_err(), "a dose that was not given has no slip");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SiteRefusal::UnknownRecord`], [`SiteRefusal::Withdrawn`].
    pub fn slip(&mut self, number: u32) -> Result<DoseSlip, ClinicError> {
        self.vault.read(|reader| {
            let record = state::newest(reader, number)?;
            if record.withdrawn {
                return Err(SiteRefusal::Withdrawn.into());
            }
            slip(&record, &state::of(reader)?)
        })
    }

    /// Every record as it stands, by number.
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
    /// clinic.correct(recorded.record.number, &Correction { lot: Some("EX3618"), ..Correction::default() })?;
    /// let records = clinic.records()?;
    /// assert_eq!((records.len(), records[0].lot.as_str(), records[0].revision), (1, "EX3618", 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn records(&mut self) -> Result<Vec<DoseRecord>, ClinicError> {
        self.vault.read(|reader| {
            let mut newest = std::collections::BTreeMap::new();
            for number in 0..state::of(reader)?.statements {
                let record = state::statement(reader, number)?;
                newest.insert(record.number, record);
            }
            Ok(newest.into_values().collect())
        })
    }

    pub(super) fn known(&mut self) -> Result<Known, ClinicError> {
        let town = self.town()?;
        let update = self.update()?;
        let site = state::read(&mut self.vault)?.licence.map(|licence| licence.site);
        let revoked_from = site.and_then(|site| {
            let by_list = town.municipality.as_ref().and_then(|section| section.revoked_from(site));
            let by_update = update
                .iter()
                .flat_map(|update| &update.revoked_sites)
                .find(|revoked| revoked.site == site)
                .map(|revoked| revoked.from);
            [by_list, by_update].into_iter().flatten().min()
        });
        let mut recalled: BTreeSet<ProductLot> = self.recalled_by_lists()?.into_iter().collect();
        let (lots, by_update) = update.map_or_else(Default::default, |update| (update.lots, update.recalled));
        recalled.extend(by_update);
        Ok(Known {
            town,
            lots,
            recalled,
            revoked_from,
        })
    }
}

pub(super) fn ticket_here(town: &TrustList, ticket: &TicketText) -> Result<TicketNumber, SiteRefusal> {
    match ticket {
        TicketText::Whole(ticket)
            if town
                .municipality
                .as_ref()
                .is_none_or(|section| section.code != ticket.municipality) =>
        {
            Err(SiteRefusal::OtherTown)
        }
        ticket => Ok(ticket.number()),
    }
}

/// The doses of a ticket that stand, but for one record.
pub(super) fn current(reader: &Reader<'_>, ticket: TicketNumber, but: Option<u32>) -> Result<Vec<DoseRecord>, ClinicError> {
    let mut out = Vec::new();
    for number in state::of_ticket(reader, ticket)? {
        let record = state::newest(reader, number)?;
        // A correction may have moved the record to another ticket.
        if !record.withdrawn && record.ticket == ticket && but != Some(number) {
            out.push(record);
        }
    }
    Ok(out)
}

pub(super) fn slip(record: &DoseRecord, state: &State) -> Result<DoseSlip, ClinicError> {
    let licence = state.licence.as_ref().ok_or(SiteRefusal::NoLicence)?;
    let dose = SlipDose {
        ticket: record.ticket,
        dose: record.dose,
        at: record.at,
        product: record.product,
        lot: record.lot.clone(),
        revision: record.revision,
    };
    Ok(dose.sign(licence, &state.key())?)
}
