//! Coverage: doses by day, product, dose number and age band, against the residents whose tickets were given out.
//!
//! For the public a cell of fewer than ten is hidden, and where what is hidden could be worked out from a sum, the next smallest too
//! (complementary suppression: Hundepool et al., "Statistical Disclosure Control", 2012, section 4.3).

use std::collections::BTreeMap;

use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::ticket::TicketNumber;

use super::residents::BirthDates;
use super::{days, ledger, stock};
use crate::store::StoreError;
use crate::{Authority, Error};

/// Cells of fewer are hidden from the public.
pub const SMALLEST_PUBLIC: u64 = 10;

/// Where each age band begins.
const BANDS: [u32; 11] = [0, 5, 12, 20, 30, 40, 50, 60, 65, 75, 85];

/// Ages of one band, or nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgeBand(u8);

impl AgeBand {
    /// Of those whose birth date is not known.
    const UNKNOWN: Self = Self(u8::MAX);

    fn of(age: Option<u32>) -> Self {
        let band = age.map(|age| BANDS.iter().filter(|from| **from <= age).count().saturating_sub(1));
        band.and_then(|band| u8::try_from(band).ok()).map_or(Self::UNKNOWN, Self)
    }
}

impl std::fmt::Display for AgeBand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = usize::from(self.0);
        match (BANDS.get(at), BANDS.get(at + 1)) {
            (Some(from), Some(next)) => write!(f, "{from}-{}", next - 1),
            (Some(from), None) => write!(f, "{from}+"),
            (None, _) => f.write_str("unknown"),
        }
    }
}

/// Doses of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The day in Japan, counted from 1970-01-01.
    pub day: i64,
    /// The vaccine that was given.
    pub product: Product,
    /// Which dose of its person it is, 1 to 9.
    pub number: u8,
    /// The person's age band now.
    pub age: AgeBand,
}

/// What the ledger covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Doses; a dose in conflict counts once.
    pub days: BTreeMap<Cell, u64>,
    /// People with a dose of this number, by age band.
    pub people: BTreeMap<(u8, AgeBand), u64>,
    /// Residents by age band.
    pub population: BTreeMap<AgeBand, u64>,
    /// All doses, of every day and product.
    pub doses: u64,
}

/// A number for the public; `None` where it is hidden.
pub type PublicCount = Option<u64>;

/// What the public may see: two tables that have only the dose number in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicCoverage {
    /// Doses by dose number, day and product.
    pub days: BTreeMap<(u8, i64, Product), PublicCount>,
    /// People by dose number and age band, and the residents of that band.
    pub people: BTreeMap<(u8, AgeBand), (PublicCount, PublicCount)>,
    /// All doses, of every day and product.
    pub doses: PublicCount,
    /// All residents that are enrolled.
    pub population: PublicCount,
}

impl Authority {
    /// Counts the ledger, against the residents of today.
    ///
    /// # Errors
    /// [`StoreError`] where the profile cannot be read; [`crate::keys::KeyError`] where the key of birth dates cannot be had.
    pub fn coverage(&self, now: i64) -> Result<Coverage, Error> {
        let town = self.town()?;
        let births = BirthDates::of(&self.keys, &town)?;
        let today = days::date(days::day(now)).ok_or(StoreError::Damaged)?;
        let mut coverage = Coverage::default();
        // Both by ticket, side by side: no table of all residents in memory.
        let mut residents = self.db.prepare("SELECT ticket, born FROM resident ORDER BY ticket")?;
        let mut residents = residents.query([])?;
        let mut doses = self
            .db
            .prepare("SELECT ticket, number, at, product FROM dose WHERE current = 1 ORDER BY ticket, number, at")?;
        let mut doses = doses.query([])?;
        let mut resident = next_resident(&mut residents, &births, today, &mut coverage)?;
        let mut before: Option<(TicketNumber, u8)> = None;
        while let Some(row) = doses.next()? {
            let ticket = ledger::ticket(row.get(0)?)?;
            let number = row.get(1)?;
            if before.replace((ticket, number)) == Some((ticket, number)) {
                continue;
            }
            while resident.is_some_and(|(of, _)| of < ticket) {
                resident = next_resident(&mut residents, &births, today, &mut coverage)?;
            }
            let age = resident
                .filter(|(of, _)| *of == ticket)
                .map_or(AgeBand::UNKNOWN, |(_, age)| age);
            let cell = Cell {
                day: days::day(row.get(2)?),
                product: stock::product(row.get(3)?)?,
                number,
                age,
            };
            *coverage.days.entry(cell).or_default() += 1;
            *coverage.people.entry((number, age)).or_default() += 1;
            coverage.doses += 1;
        }
        while resident.is_some() {
            resident = next_resident(&mut residents, &births, today, &mut coverage)?;
        }
        Ok(coverage)
    }
}

fn next_resident(
    rows: &mut rusqlite::Rows<'_>,
    births: &BirthDates,
    today: chrono::NaiveDate,
    coverage: &mut Coverage,
) -> Result<Option<(TicketNumber, AgeBand)>, Error> {
    let Some(row) = rows.next()? else { return Ok(None) };
    let ticket = ledger::ticket(row.get(0)?)?;
    let born = births.open(ticket, row.get_ref(1)?.as_blob().unwrap_or(&[]))?;
    let band = AgeBand::of(days::age(born, today));
    *coverage.population.entry(band).or_default() += 1;
    Ok(Some((ticket, band)))
}

impl Coverage {
    /// What the public may see of it.
    pub fn for_public(&self) -> PublicCoverage {
        let mut by_day: BTreeMap<u8, BTreeMap<(i64, Product), u64>> = BTreeMap::new();
        for (cell, count) in &self.days {
            *by_day
                .entry(cell.number)
                .or_default()
                .entry((cell.day, cell.product))
                .or_default() += count;
        }
        let mut by_age: BTreeMap<u8, BTreeMap<AgeBand, u64>> = BTreeMap::new();
        for ((number, age), count) in &self.people {
            by_age.entry(*number).or_default().insert(*age, *count);
        }
        let population = hide(&self.population);
        let mut public = PublicCoverage {
            doses: large(self.doses),
            population: large(self.population.values().sum()),
            ..PublicCoverage::default()
        };
        for (number, cells) in by_day {
            let cells = hide(&cells)
                .into_iter()
                .map(|((day, product), count)| ((number, day, product), count));
            public.days.extend(cells);
        }
        for (number, cells) in by_age {
            for (age, count) in hide(&cells) {
                let residents = population.get(&age).copied().flatten();
                public.people.insert((number, age), (count, residents));
            }
        }
        public
    }
}

fn large(count: u64) -> PublicCount {
    (count >= SMALLEST_PUBLIC).then_some(count)
}

/// Hides small cells of a table whose sum is known, and more of them until what is hidden cannot be worked out.
fn hide<K: Ord + Copy>(cells: &BTreeMap<K, u64>) -> BTreeMap<K, PublicCount> {
    let mut shown: BTreeMap<K, PublicCount> = cells.iter().map(|(key, count)| (*key, large(*count))).collect();
    loop {
        let hidden = || cells.iter().filter(|(key, _)| shown.get(key) == Some(&None));
        let (many, sum) = (hidden().count(), hidden().map(|(_, count)| count).sum::<u64>());
        if many == 0 || (many > 1 && sum >= SMALLEST_PUBLIC) {
            return shown;
        }
        let visible = shown.iter().filter_map(|(key, count)| count.map(|count| (count, *key)));
        let Some((_, smallest)) = visible.min() else { return shown };
        shown.insert(smallest, None);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ages_fall_into_bands() {
        let band = |age| AgeBand::of(Some(age)).to_string();
        assert_eq!(
            [band(0), band(11), band(12), band(64), band(65), band(110)],
            ["0-4", "5-11", "12-19", "60-64", "65-74", "85+"]
        );
        assert_eq!(AgeBand::of(None).to_string(), "unknown");
    }

    #[test]
    fn one_small_cell_hides_another_with_it() {
        let cells = BTreeMap::from([(1, 3), (2, 50), (3, 20)]);
        assert_eq!(hide(&cells), BTreeMap::from([(1, None), (2, Some(50)), (3, None)]));
        let cells = BTreeMap::from([(1, 9), (2, 9), (3, 20)]);
        assert_eq!(hide(&cells), BTreeMap::from([(1, None), (2, None), (3, Some(20))]));
        assert_eq!(hide(&BTreeMap::from([(1, 10)])), BTreeMap::from([(1, Some(10))]));
    }

    proptest! {
        #[test]
        fn no_hidden_cell_is_the_rest_of_a_sum(counts in prop::collection::vec(1_u64..60, 1..12)) {
            let cells: BTreeMap<usize, u64> = counts.into_iter().enumerate().collect();
            let shown = hide(&cells);
            let hidden: Vec<u64> = cells.iter().filter(|(key, _)| shown[key].is_none()).map(|(_, count)| *count).collect();
            prop_assert!(shown.values().flatten().all(|count| *count >= SMALLEST_PUBLIC));
            let is_safe = hidden.is_empty() || hidden.len() == cells.len() || (hidden.len() > 1 && hidden.iter().sum::<u64>() >= SMALLEST_PUBLIC);
            prop_assert!(is_safe);
        }
    }
}
