//! What is known of a person, and when a rule permits their next dose.

use chrono::{Months, NaiveDate};

use super::{AgeLaw, AgeRange, GivenDose, Period, Rule, Series};

/// As how old somebody counts whose birth date is not known: an adult of the largest group, for whom no rule is shorter.
const ASSUMED_AGE_MONTHS: u32 = 30 * 12;

/// When a rule permits a dose.
pub(super) struct Window<'a> {
    pub rule: &'a Rule,
    pub series: &'a Series,
    pub start: NaiveDate,
    pub end: Option<NaiveDate>,
}

/// What is known of a person.
pub(super) struct Person<'a> {
    pub doses: Vec<GivenDose<'a>>,
    pub birth: NaiveDate,
    pub ages: AgeLaw,
}

impl<'a> Person<'a> {
    /// Somebody with these doses; without a birth date an adult is assumed.
    pub fn new(doses: &[GivenDose<'a>], birth: Option<NaiveDate>, today: NaiveDate, ages: AgeLaw) -> Self {
        let mut doses = doses.to_vec();
        // Of two records of one day the one that says more is first.
        doses.sort_by_key(|dose| (dose.date, dose.product.is_none(), std::cmp::Reverse(dose.number)));
        doses.dedup_by_key(|dose| dose.date);
        let assumed = || today.checked_sub_months(Months::new(ASSUMED_AGE_MONTHS)).unwrap_or(today);
        Self {
            birth: birth.unwrap_or_else(assumed),
            ages,
            doses,
        }
    }

    /// The first day on which the person has an age.
    pub fn reaches(&self, age: Period) -> Option<NaiveDate> {
        self.ages.reached(age, self.birth)
    }

    /// Whether the person is of an age on a day.
    pub fn is_of_age(&self, age: AgeRange, on: NaiveDate) -> bool {
        let reached = |age: Option<Period>| age.map(|age| self.reaches(age).is_some_and(|day| day <= on));
        reached(age.from).unwrap_or(true) && !reached(age.below).unwrap_or(false)
    }

    pub fn last(&self) -> Option<NaiveDate> {
        self.doses.last().map(|dose| dose.date)
    }

    /// The number of the next dose, from 1.
    pub fn next_number(&self) -> u8 {
        let counted = u8::try_from(self.doses.len()).unwrap_or(u8::MAX);
        let stated = self.doses.iter().filter_map(|dose| dose.number).max().unwrap_or(0);
        counted.max(stated).saturating_add(1)
    }

    /// Whether the rule's one dose of the season was given.
    pub fn had_one(&self, rule: &Rule) -> bool {
        rule.none_since
            .is_some_and(|since| self.last().is_some_and(|last| last >= since))
    }

    /// When a rule permits this person's next dose; `None` if it never does.
    pub fn window<'s>(&self, series: &'s Series, rule: &'s Rule) -> Option<Window<'s>> {
        let age = rule.age.unwrap_or_default();
        let mut start = rule.from;
        if let Some(last) = self.last() {
            start = start.max(rule.earliest.after(last)?);
        }
        if let Some(from) = age.from {
            start = start.max(self.reaches(from)?);
        }
        let birthday = match age.below {
            Some(below) => Some(self.reaches(below)?),
            None => None,
        };
        let end = [rule.until, birthday].into_iter().flatten().min();
        let had_one = rule
            .none_since
            .is_some_and(|since| self.last().is_some_and(|last| last >= since));
        let is_open = end.is_none_or(|end| start < end) && !had_one;
        is_open.then_some(Window {
            rule,
            series,
            start,
            end,
        })
    }
}

/// Whether somebody's first dose began this series.
pub(super) fn begins(series: &Series, person: &Person<'_>) -> bool {
    let Some(first) = person.doses.first() else { return false };
    let is_listed = first
        .product
        .is_some_and(|code| series.products.iter().any(|product| product == code));
    is_listed && series.first_dose_age.is_none_or(|age| person.is_of_age(age, first.date))
}
