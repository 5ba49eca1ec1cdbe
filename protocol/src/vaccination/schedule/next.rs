//! Which dose is due next, and when.
//!
//! Only rules count that hold today or held before: what will be announced is not known. The earliest day is the first on which a rule
//! permitted the dose without a gap since; so a rule that becomes shorter later makes nobody late who could not have come before.

use chrono::NaiveDate;

use super::person::{Person, Window, begins};
use super::{Overdue, Rule, Schedule, Series, SeriesDose, SeriesKind};

/// After how many doses a primary series is complete whose product the schedule does not know.
const USUAL_DOSES: usize = 2;

crate::coded_errors! {
    /// Why no dose is due, or why one may not be given.
    pub enum NoDose {
        /// The first dose was of a product that no series begins with.
        UnknownProduct = "schedule.unknown_product", "The schedule has no rule for the vaccine of the first dose.", "Ask the municipality which dose comes next.";
        /// No rule for this dose holds yet.
        NotYet = "schedule.not_yet", "No further dose is foreseen so far.", "Nothing needs to be done.";
        /// All rules for this dose have ended.
        Ended = "schedule.ended", "The time in which this dose was given has ended.", "Ask a doctor about the vaccines of today.";
        /// No rule that holds is for somebody of this age.
        Age = "schedule.age", "At this age no further dose is foreseen.", "Nothing needs to be done; those at higher risk ask a doctor.";
        /// Not yet of the age that a rule asks for.
        TooYoung { earliest: NaiveDate } = "schedule.too_young", "At this age the dose is not given yet. It may be given from {earliest} on.", "Come again on that day or later; check the birth date if that is later than expected.";
        /// This season's dose has been given.
        Given = "schedule.given", "The dose of this season has been given.", "Nothing needs to be done.";
        /// The interval is not over.
        TooEarly { earliest: NaiveDate } = "schedule.too_early", "The dose may be given from {earliest} on.", "Give it then, and check the date of the dose before.";
        /// It must be of the first dose's maker.
        OtherMaker = "schedule.other_maker", "The dose has to be of the same maker as the first.", "Take the vaccine of the first dose.";
        /// It is not given by any rule that holds.
        NotGiven = "schedule.not_given", "By the schedule this vaccine is not given for this dose.", "Check the vaccine and the dose number.";
    }
}

/// A dose that somebody had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenDose<'a> {
    /// On which day the dose was given.
    pub date: NaiveDate,
    /// The product's code; none if it is not known.
    pub product: Option<&'a str>,
    /// Which dose it was, where a record says so: the doses before it may not be known here.
    pub number: Option<u8>,
}

/// The dose that is due next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextDose {
    /// The dose's number, from 1.
    pub dose: u8,
    /// The first day on which it may be given.
    pub earliest: NaiveDate,
    /// The day on which it should be given.
    pub recommended: NaiveDate,
    /// From this day on it is late, and still allowed.
    pub overdue: Option<NaiveDate>,
    /// The id of the rule by which the dose is due.
    pub rule: String,
    /// The first day on which that rule held: its version.
    pub rule_from: NaiveDate,
    /// The code of the schedule that has the rule.
    pub schedule: String,
    /// The version of the schedule that has the rule.
    pub schedule_version: u32,
    /// What may be given.
    pub products: Vec<String>,
    /// Whether the birth date was not known and an adult's rules were taken.
    pub age_assumed: bool,
}

/// The next dose, or why there is none; with its number either way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Which dose would be next.
    pub dose: u8,
    /// When the dose is due, or why there is none.
    pub due: Result<NextDose, NoDose>,
}

impl Schedule {
    /// The dose that is due next for somebody, by the rules that hold or have held until `today`.
    ///
    /// Doses may be in any order; two on one day are one. Without a birth date an adult under 60 is assumed, and the answer says so.
    ///
    /// ```
    /// use techo_protocol::vaccination::schedule::{GivenDose, Schedule};
    /// let day = |text: &str| text.parse().unwrap();
    /// let first = GivenDose { date: day("2021-07-01"), product: Some("pfizer"), number: Some(1) };
    /// let answer = Schedule::japan_covid_19().next(&[first], Some(day("1960-07-22")), day("2021-07-02"));
    /// let second = answer.due.unwrap();
    /// assert_eq!((answer.dose, second.recommended), (2, day("2021-07-22")), "three weeks later");
    /// ```
    pub fn next(&self, doses: &[GivenDose<'_>], birth: Option<NaiveDate>, today: NaiveDate) -> Answer {
        let person = Person::new(doses, birth, today, self.ages);
        let dose = person.next_number();
        let due = self.due(&person, dose, birth.is_none(), today);
        Answer { dose, due }
    }

    fn due(&self, person: &Person<'_>, dose: u8, age_assumed: bool, today: NaiveDate) -> Result<NextDose, NoDose> {
        let rules: Vec<(&Series, &Rule)> = self
            .rules_for(person, dose)?
            .into_iter()
            .filter(|(_, rule)| rule.from <= today)
            .collect();
        let mut windows: Vec<Window<'_>> = rules
            .iter()
            .filter_map(|(series, rule)| person.window(series, rule))
            .collect();
        // Of equal days the rule that came later is named.
        windows.sort_by_key(|window| (window.start, std::cmp::Reverse(window.rule.from)));
        let lives = |window: &&Window<'_>| window.end.is_none_or(|end| end > today);
        let Some(mut first) = windows.iter().find(lives) else {
            return Err(why_none(&rules, person, today));
        };
        // Who could have come under an earlier rule, with no gap to this one, could come from then on.
        while let Some(before) = windows
            .iter()
            .find(|window| window.start < first.start && window.end.is_none_or(|end| end >= first.start))
        {
            first = before;
        }
        self.said(first, person, dose, age_assumed).ok_or(NoDose::NotYet)
    }

    /// The window in words and days; `None` where the calendar ends.
    fn said(&self, window: &Window<'_>, person: &Person<'_>, dose: u8, age_assumed: bool) -> Option<NextDose> {
        let rule = window.rule;
        let mut recommended = window.start;
        if let Some(last) = person.last() {
            recommended = recommended.max(rule.recommended.after(last)?);
        }
        if let Some(age) = rule.age.and_then(|age| age.recommended_from) {
            recommended = recommended.max(person.reaches(age)?);
        }
        let overdue = match (rule.overdue, person.last()) {
            (Some(Overdue::AfterRecommended(period)), _) => Some(period.after(recommended)?),
            (Some(Overdue::AfterPrevious(period)), Some(last)) => Some(period.after(last)?.max(recommended)),
            _ => None,
        };
        Some(NextDose {
            dose,
            earliest: window.start,
            recommended,
            overdue,
            rule: rule.id.clone(),
            rule_from: rule.from,
            schedule: self.code.clone(),
            schedule_version: self.version,
            products: self.given(window.series, rule, person),
            age_assumed,
        })
    }

    /// The rules for somebody's next dose, with their series.
    pub(super) fn rules_for(&self, person: &Person<'_>, dose: u8) -> Result<Vec<(&Series, &Rule)>, NoDose> {
        let index = usize::from(dose.saturating_sub(1));
        let primary = |series: &&Series| series.kind == SeriesKind::Primary;
        if index == 0 {
            return Ok(self
                .series
                .iter()
                .filter(primary)
                .flat_map(|series| with_rules(series, series.doses.first()))
                .collect());
        }
        let begun = self.series.iter().filter(primary).find(|series| begins(series, person));
        let length = begun.map_or(USUAL_DOSES, |series| series.doses.len());
        if index < length {
            let series = begun.ok_or(NoDose::UnknownProduct)?;
            return Ok(with_rules(series, series.doses.get(index)).collect());
        }
        let Some(booster) = self.series.iter().find(|series| series.kind == SeriesKind::Booster) else {
            return Ok(Vec::new());
        };
        let repeated = booster.doses.last().filter(|dose| dose.repeats);
        Ok(with_rules(booster, booster.doses.get(index - length).or(repeated)).collect())
    }

    /// What a rule gives to somebody.
    pub(super) fn given(&self, series: &Series, rule: &Rule, person: &Person<'_>) -> Vec<String> {
        let maker = |code: &str| self.product(code).map(|product| product.maker.as_str());
        let first = person.doses.first().and_then(|dose| dose.product).and_then(maker);
        let listed = if rule.give.is_empty() { &series.products } else { &rule.give };
        listed
            .iter()
            .filter(|code| !rule.same_maker || first.is_none() || maker(code) == first)
            .cloned()
            .collect()
    }
}

fn with_rules<'s>(series: &'s Series, dose: Option<&'s SeriesDose>) -> impl Iterator<Item = (&'s Series, &'s Rule)> {
    dose.into_iter().flat_map(|dose| &dose.rules).map(move |rule| (series, rule))
}

fn why_none(rules: &[(&Series, &Rule)], person: &Person<'_>, today: NaiveDate) -> NoDose {
    let lives = |rule: &Rule| rule.until.is_none_or(|until| until > today);
    let live: Vec<&Rule> = rules.iter().map(|(_, rule)| *rule).filter(|rule| lives(rule)).collect();
    let of_age = |rule: &&&Rule| rule.age.is_none_or(|age| person.is_of_age(age, today));
    if rules.is_empty() {
        NoDose::NotYet
    } else if live.is_empty() {
        NoDose::Ended
    } else if live.iter().filter(of_age).any(|rule| person.had_one(rule)) {
        NoDose::Given
    } else if live.iter().filter(of_age).count() > 0 {
        // The interval is over only after the rule has ended.
        NoDose::Ended
    } else {
        NoDose::Age
    }
}
