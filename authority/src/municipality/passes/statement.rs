//! What a municipality says of a ticket's doses, day by day.

use chrono::{Datelike, Months, NaiveDate};
use techo_protocol::vaccination::status_pass::{Status, Value};

use super::super::days;
use super::super::ledger::Dose;

/// From so many days after the second dose on, a person counts as vaccinated: the rule of Japan's proof for the "vaccine and test package" of
/// November 2021, of the EU's certificate and of New Zealand's pass.
const DAYS_AFTER_SECOND: i64 = 14;

/// The doses of a ticket that count, oldest first. A dose from a slip counts: a licensed site signed it, and a clerk put it to the ticket.
pub struct Statement {
    pub given: Vec<Dose>,
}

impl Statement {
    /// Of several statements of one dose, and of two doses on one day, one counts.
    pub fn of(mut given: Vec<Dose>) -> Self {
        given.sort_by_key(|dose| (dose.at, dose.number));
        given.dedup_by_key(|dose| days::day(dose.at));
        Self { given }
    }

    fn until(&self, day: i64) -> impl DoubleEndedIterator<Item = i64> + '_ {
        self.given
            .iter()
            .map(|dose| days::day(dose.at))
            .filter(move |given| *given <= day)
    }

    /// How many doses were given by a day.
    pub fn doses(&self, day: i64) -> u8 {
        u8::try_from(self.until(day).count()).unwrap_or(u8::MAX)
    }

    /// The status on a day; none without a dose.
    pub fn status(&self, day: i64) -> Option<Status> {
        let second = self.until(day).nth(1);
        match second {
            Some(second) if day - second >= DAYS_AFTER_SECOND => Some(Status::Vaccinated),
            _ => self.until(day).next().map(|_| Status::PartlyVaccinated),
        }
    }

    /// What a pass's copy says on its day; nothing without a dose. `named` is the name and its initials.
    pub fn values(&self, day: i64, named: Option<(&str, String)>) -> Vec<Value> {
        let last = self.until(day).next_back().and_then(days::date);
        let (Some(status), Some(last), Some(until)) = (self.status(day), last, valid_until(day)) else {
            return Vec::new();
        };
        let mut values = vec![
            Value::Status(status),
            Value::Doses(self.doses(day)),
            Value::LastDose(last),
            Value::ValidUntil(until),
        ];
        if let Some((name, initials)) = named {
            values.extend([Value::Name(name.to_owned()), Value::Initials(initials)]);
        }
        values
    }
}

/// Until when the municipality stands by a copy: the end of the month after its day's. It is the same for everybody on a day, so that what is asked
/// most does not join copies of different days, or tell when a pass was issued.
fn valid_until(day: i64) -> Option<NaiveDate> {
    let first = days::date(day)?.with_day(1)?;
    first.checked_add_months(Months::new(2))?.pred_opt()
}

#[cfg(test)]
mod tests {
    use techo_protocol::vaccination::product::Product;
    use techo_protocol::vaccination::ticket::TicketNumber;

    use super::*;

    fn dose(number: u8, day: i64) -> Dose {
        Dose {
            ticket: TicketNumber::read("0000000001").unwrap(),
            number,
            at: days::start_of(day) + 36_000,
            product: Product::Pfizer,
            lot: "EX3617".into(),
            place: String::new(),
            by: String::new(),
            recorded_at: 0,
        }
    }

    #[test]
    fn a_person_counts_as_vaccinated_from_the_fourteenth_day_after_the_second_dose_on() {
        let statement = Statement::of(vec![dose(2, 1_021), dose(1, 1_000)]);
        for (day, doses, status) in [
            (999, 0, None),
            (1_000, 1, Some(Status::PartlyVaccinated)),
            (1_021, 2, Some(Status::PartlyVaccinated)),
            (1_034, 2, Some(Status::PartlyVaccinated)),
            (1_035, 2, Some(Status::Vaccinated)),
        ] {
            assert_eq!((statement.doses(day), statement.status(day)), (doses, status), "day {day}");
        }
        assert!(statement.values(999, None).is_empty());
        // A third dose does not take the status away.
        let boosted = Statement::of(vec![dose(2, 1_021), dose(1, 1_000), dose(3, 1_240)]);
        assert_eq!((boosted.doses(1_241), boosted.status(1_241)), (3, Some(Status::Vaccinated)));
    }

    #[test]
    fn two_doses_on_one_day_are_one() {
        let statement = Statement::of(vec![dose(1, 1_000), dose(2, 1_000)]);
        assert_eq!(
            (statement.doses(1_100), statement.status(1_100)),
            (1, Some(Status::PartlyVaccinated))
        );
    }

    #[test]
    fn the_last_day_is_the_same_for_everybody_on_a_day() {
        let day = |text: &str| days::day_of(text.parse().unwrap());
        for (on, until) in [
            ("2021-10-02", "2021-11-30"),
            ("2021-12-31", "2022-01-31"),
            ("2022-01-01", "2022-02-28"),
        ] {
            assert_eq!(valid_until(day(on)), until.parse().ok(), "{on}");
        }
        let (early, late) = (Statement::of(vec![dose(1, 1_000)]), Statement::of(vec![dose(1, 1_020)]));
        let until = |statement: &Statement| statement.values(1_030, None).pop();
        assert_eq!(until(&early), until(&late));
    }
}
