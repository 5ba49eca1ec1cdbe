//! Whether a dose may be given on a day: what a vaccination site asks before it writes one down.

use chrono::NaiveDate;

use super::person::Person;
use super::{GivenDose, NoDose, Rule, Schedule};

impl Schedule {
    /// Whether a dose of `product` may be given to somebody on a day; the id of the rule by which it may. Without a birth date an
    /// adult under 60 is assumed, as in [`Self::next`].
    ///
    /// ```
    /// use techo_protocol::vaccination::schedule::{GivenDose, NoDose, Schedule};
    /// let day = |text: &str| text.parse().unwrap();
    /// let first = GivenDose { date: day("2021-07-01"), product: Some("pfizer"), number: Some(1) };
    /// let schedule = Schedule::japan_covid_19();
    /// let may = |on, product| schedule.permits(&[first], Some(day("1960-07-22")), on, product);
    /// assert!(may(day("2021-07-22"), "pfizer").is_ok());
    /// assert_eq!(may(day("2021-07-22"), "moderna"), Err(NoDose::OtherMaker));
    /// assert!(matches!(may(day("2021-07-02"), "pfizer"), Err(NoDose::TooEarly { .. })));
    /// ```
    ///
    /// # Errors
    /// Why it may not: a [`NoDose`].
    pub fn permits(
        &self,
        doses: &[GivenDose<'_>],
        birth: Option<NaiveDate>,
        on: NaiveDate,
        product: &str,
    ) -> Result<&str, NoDose> {
        let person = Person::new(doses, birth, on, self.ages);
        let dose = person.next_number();
        let holds = |rule: &Rule| rule.from <= on && rule.until.is_none_or(|until| on < until);
        let rules = self.rules_for(&person, dose)?;
        let held: Vec<_> = rules.into_iter().filter(|(_, rule)| holds(rule)).collect();
        if held.is_empty() {
            return Err(NoDose::NotGiven);
        }
        let of_product: Vec<_> = held
            .iter()
            .filter(|(series, rule)| self.given(series, rule, &person).iter().any(|given| given == product))
            .collect();
        if of_product.is_empty() {
            let other_maker = held.iter().any(|(_, rule)| rule.same_maker);
            return Err(if other_maker { NoDose::OtherMaker } else { NoDose::NotGiven });
        }
        let windows: Vec<_> = of_product
            .iter()
            .filter_map(|(series, rule)| person.window(series, rule))
            .collect();
        let open = windows
            .iter()
            .filter(|window| window.start <= on && window.end.is_none_or(|end| on < end));
        if let Some(window) = open.max_by_key(|window| window.rule.from) {
            return Ok(&window.rule.id);
        }
        let is_of_age = |rule: &Rule| rule.age.is_none_or(|age| person.is_of_age(age, on));
        match windows
            .iter()
            .filter(|window| is_of_age(window.rule))
            .map(|window| window.start)
            .min()
        {
            Some(earliest) => Err(NoDose::TooEarly { earliest }),
            None if of_product.iter().any(|(_, rule)| is_of_age(rule)) => Err(NoDose::Given),
            // Nobody of today's age, and this person will be of it: too young, and not too old.
            None => match windows.iter().map(|window| window.start).filter(|start| on < *start).min() {
                Some(earliest) => Err(NoDose::TooYoung { earliest }),
                None => Err(NoDose::Age),
            },
        }
    }
}
