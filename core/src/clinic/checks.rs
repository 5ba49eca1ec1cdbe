//! What is checked before a dose is saved: the ticket's use, the order and interval of the doses, the age where it is known, and the lot.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use techo_protocol::Coded as _;
use techo_protocol::basics::japan_day;
use techo_protocol::vaccination::dose_bundle::{DoseRecord, is_vaccinator};
use techo_protocol::vaccination::dose_slip::is_lot;
use techo_protocol::vaccination::lot::is_same as is_same_lot;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::schedule::{GivenDose, NoDose, Schedule, SeriesKind};
use techo_protocol::vaccination::site_licence::SiteLicence;
use techo_protocol::vaccination::town_update::{LotWarning, ProductLot};

use super::{ClinicError, DoseWarning, SiteRefusal, SiteWarning};

/// How far a site's clock may be behind, in seconds.
const CLOCKS_APART: i64 = 5 * 60;

/// What a dose is checked against.
pub(super) struct Checks<'a> {
    pub schedule: &'a Schedule,
    pub licence: &'a SiteLicence,
    pub revoked_from: Option<i64>,
    pub now: i64,
    /// The lots that the municipality distributed; empty where no list is here.
    pub lots: &'a [ProductLot],
    pub recalled: &'a BTreeSet<ProductLot>,
    /// Refusals that are known and not to stop a dose that was given all the same, by their codes.
    pub despite: &'a [String],
}

impl Checks<'_> {
    /// Checks a dose against the others of its ticket; what should be looked at.
    pub fn check(
        &self,
        dose: &DoseRecord,
        others: &[DoseRecord],
        born: Option<NaiveDate>,
    ) -> Result<Vec<SiteWarning>, ClinicError> {
        if dose.at > self.now.saturating_add(CLOCKS_APART) {
            return Err(SiteRefusal::InTheFuture.into());
        }
        if !self.licence.covers(dose.at) {
            return Err(SiteRefusal::LicenceEnded.into());
        }
        if self.revoked_from.is_some_and(|from| dose.at >= from) {
            return Err(SiteRefusal::LicenceRevoked.into());
        }
        if !is_vaccinator(&dose.by) {
            return Err(SiteRefusal::Vaccinator.into());
        }
        let mut warnings = Vec::new();
        self.order(dose, others)?;
        self.lot(dose, &mut warnings)?;
        if let Err(why) = self.interval(dose, others, born, &mut warnings) {
            if !self.is_known(why.code()) {
                return Err(why.into());
            }
            warnings.push(why.into());
        }
        Ok(warnings)
    }

    fn is_known(&self, code: &str) -> bool {
        self.despite.iter().any(|known| known == code)
    }

    #[allow(clippy::unused_self, reason = "one of the checks")]
    fn order(&self, dose: &DoseRecord, others: &[DoseRecord]) -> Result<(), SiteRefusal> {
        let day = japan_day::day(dose.at);
        for other in others {
            let other_day = japan_day::day(other.at);
            match other.dose.cmp(&dose.dose) {
                std::cmp::Ordering::Equal => return Err(SiteRefusal::TicketUsed { dose: dose.dose }),
                std::cmp::Ordering::Less if other_day < day => {}
                std::cmp::Ordering::Greater if other_day > day => {}
                _ => {
                    return Err(SiteRefusal::DoseOrder {
                        dose: dose.dose,
                        other: other.dose,
                    });
                }
            }
        }
        Ok(())
    }

    fn lot(&self, dose: &DoseRecord, warnings: &mut Vec<SiteWarning>) -> Result<(), SiteRefusal> {
        if !is_lot(&dose.lot) {
            return Err(SiteRefusal::Lot);
        }
        let lot = ProductLot {
            product: dose.product,
            lot: dose.lot.clone(),
        };
        if self.recalled.iter().any(|recalled| recalled.is_same(&lot)) {
            if !self.is_known(SiteRefusal::LotRecalled.code()) {
                return Err(SiteRefusal::LotRecalled);
            }
            warnings.push(LotWarning::Recalled.into());
        }
        let known: Vec<Product> = self
            .lots
            .iter()
            .filter(|known| is_same_lot(&known.lot, &lot.lot))
            .map(|known| known.product)
            .collect();
        match known.first() {
            None => warnings.push(LotWarning::Unknown.into()),
            Some(_) if known.contains(&dose.product) => {}
            Some(other) => return Err(SiteRefusal::LotOfAnother { product: other.name() }),
        }
        Ok(())
    }

    fn interval(
        &self,
        dose: &DoseRecord,
        others: &[DoseRecord],
        born: Option<NaiveDate>,
        warnings: &mut Vec<SiteWarning>,
    ) -> Result<(), NoDose> {
        let Some(on) = date(dose.at) else { return Ok(()) };
        let mut before: Vec<GivenDose<'_>> = Vec::new();
        for other in others.iter().filter(|other| other.dose < dose.dose) {
            before.push(GivenDose {
                date: date(other.at).unwrap_or(on),
                product: Some(other.product.name()),
                number: Some(other.dose),
            });
        }
        before.sort_by_key(|given| given.date);
        let last = before.iter().filter_map(|given| given.number).max().unwrap_or(0);
        if last.saturating_add(1) != dose.dose {
            warnings.push(DoseWarning::PreviousUnknown.into());
            return Ok(());
        }
        match self.schedule.permits(&before, born, on, dose.product.name()) {
            Ok(_) => Ok(()),
            Err(why @ (NoDose::TooEarly { .. } | NoDose::OtherMaker)) => Err(why),
            Err(why @ (NoDose::Age | NoDose::TooYoung { .. })) if born.is_some() => Err(why),
            Err(_) => {
                self.by_any_rule(dose, &before, on)?;
                warnings.push(DoseWarning::NoRule.into());
                Ok(())
            }
        }
    }

    /// The interval and the maker by the rules of the first dose's series, whether they hold today or not: they are about the vaccine.
    fn by_any_rule(&self, dose: &DoseRecord, before: &[GivenDose<'_>], on: NaiveDate) -> Result<(), NoDose> {
        let (Some(first), Some(last)) = (before.first().and_then(|given| given.product), before.last()) else {
            return Ok(());
        };
        let begun = self
            .schedule
            .series
            .iter()
            .find(|series| series.kind == SeriesKind::Primary && series.products.iter().any(|code| code == first));
        let index = usize::from(dose.dose.saturating_sub(1));
        let Some(rules) = begun.and_then(|series| series.doses.get(index)).map(|dose| &dose.rules) else {
            return Ok(());
        };
        if rules.iter().any(|rule| rule.same_maker) && first != dose.product.name() {
            return Err(NoDose::OtherMaker);
        }
        match rules.iter().filter_map(|rule| rule.earliest.after(last.date)).min() {
            Some(earliest) if on < earliest => Err(NoDose::TooEarly { earliest }),
            _ => Ok(()),
        }
    }
}

fn date(at: i64) -> Option<NaiveDate> {
    japan_day::date(japan_day::day(at))
}
