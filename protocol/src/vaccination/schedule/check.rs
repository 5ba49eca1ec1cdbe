//! What a schedule must keep to be used at all.

use std::collections::BTreeSet;

use chrono::Datelike;

use super::{Rule, Schedule, ScheduleError, Series, SeriesKind};

/// The most of anything that a schedule lists.
const MOST: usize = 1_024;

/// The longest code, in bytes.
const LONGEST_CODE: usize = 64;

/// The longest text for people, in bytes.
const LONGEST_TEXT: usize = 1_000;

impl Schedule {
    /// Refuses what contradicts itself or is out of bounds: everything that is named exists once, and every date is of these centuries.
    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        let invalid = |what| Err(ScheduleError::Invalid { what });
        if !is_code(&self.code) || self.version == 0 || self.name.len() > LONGEST_TEXT {
            return invalid("its code, name or version");
        }
        if self.sources.len() > MOST || self.products.len() > MOST || self.series.is_empty() || self.series.len() > MOST {
            return invalid("it lists too many, or no, sources, products or series");
        }
        if self
            .sources
            .iter()
            .any(|source| source.title.len() > LONGEST_TEXT || source.url.len() > LONGEST_TEXT)
            || self
                .products
                .iter()
                .any(|product| !is_code(&product.maker) || product.name.len() > LONGEST_TEXT)
        {
            return invalid("a source or product has a text that is too long");
        }
        let Some(sources) = codes(self.sources.iter().map(|source| &source.id)) else {
            return invalid("a source is named twice");
        };
        let Some(products) = codes(self.products.iter().map(|product| &product.code)) else {
            return invalid("a product is named twice");
        };
        if codes(self.series.iter().map(|series| &series.code)).is_none() {
            return invalid("a series is named twice");
        }
        if self.series.iter().filter(|series| series.kind == SeriesKind::Booster).count() > 1 {
            return invalid("there are two booster series");
        }
        let known = Known { sources, products };
        self.series.iter().try_for_each(|series| known.check_series(series))?;
        let rules = || {
            self.series
                .iter()
                .flat_map(|series| &series.doses)
                .flat_map(|dose| &dose.rules)
        };
        if codes(rules().map(|rule| &rule.id)).is_none() {
            return invalid("a rule is named twice");
        }
        if !is_of_these_centuries(self.issued) {
            return invalid("its date");
        }
        Ok(())
    }
}

struct Known<'a> {
    sources: BTreeSet<&'a str>,
    products: BTreeSet<&'a str>,
}

impl Known<'_> {
    fn check_series(&self, series: &Series) -> Result<(), ScheduleError> {
        let invalid = |what| Err(ScheduleError::Invalid { what });
        if series.products.is_empty() || !self.knows_all(&series.products) {
            return invalid("a series has no product, or one that is not listed");
        }
        if series.doses.is_empty() || series.doses.len() > MOST || series.doses.iter().any(|dose| dose.rules.len() > MOST) {
            return invalid("a series has too many doses or rules, or none");
        }
        let last = series.doses.len() - 1;
        if series
            .doses
            .iter()
            .enumerate()
            .any(|(place, dose)| dose.repeats && place < last)
        {
            return invalid("a dose that repeats is not the last of its series");
        }
        series
            .doses
            .iter()
            .flat_map(|dose| &dose.rules)
            .try_for_each(|rule| self.check_rule(rule))
    }

    fn check_rule(&self, rule: &Rule) -> Result<(), ScheduleError> {
        let invalid = |what| Err(ScheduleError::Invalid { what });
        if rule.sources.is_empty() || !rule.sources.iter().all(|source| self.sources.contains(source.as_str())) {
            return invalid("a rule has no source, or one that is not listed");
        }
        if !self.knows_all(&rule.give) {
            return invalid("a rule gives a product that is not listed");
        }
        let dates = [Some(rule.from), rule.until, rule.none_since];
        if !dates.into_iter().flatten().all(is_of_these_centuries) || rule.until.is_some_and(|until| until <= rule.from) {
            return invalid("a rule's dates");
        }
        Ok(())
    }

    fn knows_all(&self, products: &[String]) -> bool {
        products.len() <= MOST && products.iter().all(|product| self.products.contains(product.as_str()))
    }
}

/// The codes, if all of them are codes and no one is there twice.
fn codes<'a>(codes: impl Iterator<Item = &'a String>) -> Option<BTreeSet<&'a str>> {
    let mut all = BTreeSet::new();
    for code in codes {
        if !is_code(code) || !all.insert(code.as_str()) {
            return None;
        }
    }
    Some(all)
}

fn is_code(text: &str) -> bool {
    (1..=LONGEST_CODE).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_of_these_centuries(date: chrono::NaiveDate) -> bool {
    (1900..2200).contains(&date.year())
}
