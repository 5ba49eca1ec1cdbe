//! `techo municipality coverage`, `overdue` and `stock`: what is made of the ledger.

use clap::Args;
use serde_json::json;
use techo_authority::municipality::coverage::{self, AgeBand};
use techo_protocol::basics::japan_day;
use techo_protocol::vaccination::schedule::Schedule;

use crate::authority::open;
use crate::session::Session;
use crate::{Failure, Outcome};

/// Doses by day, product, dose number and age, against the residents whose tickets were given out
#[derive(Debug, Args)]
pub struct Coverage {
    /// For the public: cells of fewer than ten are hidden
    #[arg(long)]
    public: bool,
}

/// Tickets whose second dose is late, for a letter
#[derive(Debug, Args)]
pub struct Overdue {}

impl Coverage {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let coverage = open(session)?.coverage(session.now())?;
        if self.public {
            return public(session, &coverage.for_public());
        }
        for (cell, doses) in &coverage.days {
            let day = day(cell.day);
            let line = json!({ "day": day, "product": cell.product.name(), "dose": cell.number, "age": cell.age.to_string(), "doses": doses });
            session.out.answer(
                &line,
                "municipality-coverage-day",
                &[
                    ("day", &day),
                    ("product", &cell.product),
                    ("dose", &cell.number),
                    ("age", &cell.age),
                    ("doses", doses),
                ],
            )?;
        }
        for ((number, age), people) in &coverage.people {
            let population = coverage.population.get(age).copied();
            show_people(session, *number, *age, Some(*people), population)?;
        }
        let population: u64 = coverage.population.values().sum();
        let line = json!({ "doses": coverage.doses, "population": population });
        session.out.answer(
            &line,
            "municipality-coverage",
            &[("doses", &coverage.doses), ("population", &population)],
        )?;
        Ok(Outcome::Done)
    }
}

fn show_people(session: &Session, number: u8, age: AgeBand, people: Option<u64>, population: Option<u64>) -> Result<(), Failure> {
    let percent = people
        .zip(population)
        .and_then(|(people, population)| percent(people, population));
    let mut line =
        json!({ "dose": number, "age": age.to_string(), "people": people, "population": population, "percent": percent });
    if people.is_none() {
        line["hidden"] = json!(true);
    }
    let said = |count: Option<u64>| count.map_or_else(|| format!("<{}", coverage::SMALLEST_PUBLIC), |count| count.to_string());
    let percent = percent.map_or_else(|| "–".to_owned(), |percent| format!("{percent:.1}"));
    session.out.answer(
        &line,
        "municipality-coverage-age",
        &[
            ("dose", &number),
            ("age", &age),
            ("people", &said(people)),
            (
                "population",
                &population.map_or_else(|| "–".to_owned(), |population| population.to_string()),
            ),
            ("percent", &percent),
        ],
    )
}

/// To a tenth of a percent.
fn percent(people: u64, population: u64) -> Option<f64> {
    let tenths = people.checked_mul(1_000)?.checked_div(population)?;
    Some(f64::from(u32::try_from(tenths).ok()?) / 10.0)
}

fn public(session: &Session, public: &coverage::PublicCoverage) -> Result<Outcome, Failure> {
    for ((number, at, product), doses) in &public.days {
        let day = day(*at);
        let mut line = json!({ "day": day, "product": product.name(), "dose": number, "doses": doses });
        if doses.is_none() {
            line["hidden"] = json!(true);
        }
        let said = doses.map_or_else(|| format!("<{}", coverage::SMALLEST_PUBLIC), |doses| doses.to_string());
        session.out.answer(
            &line,
            "municipality-coverage-public-day",
            &[("day", &day), ("product", product), ("dose", number), ("doses", &said)],
        )?;
    }
    for ((number, age), (people, population)) in &public.people {
        show_people(session, *number, *age, *people, *population)?;
    }
    let line = json!({ "doses": public.doses, "population": public.population, "public": true });
    let said = |count: Option<u64>| count.map_or_else(|| format!("<{}", coverage::SMALLEST_PUBLIC), |count| count.to_string());
    session.out.answer(
        &line,
        "municipality-coverage",
        &[("doses", &said(public.doses)), ("population", &said(public.population))],
    )?;
    Ok(Outcome::Done)
}

fn day(day: i64) -> String {
    japan_day::date(day).map(|date| date.to_string()).unwrap_or_default()
}

impl Overdue {
    #[allow(clippy::unused_self, reason = "as every command")]
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let schedule = Schedule::japan_covid_19();
        let mut count = 0_u64;
        open(session)?.overdue(&schedule, session.now(), |overdue| {
            count += 1;
            let line = json!({
                "ticket": overdue.ticket.to_string(),
                "dose": overdue.number,
                "product": overdue.product.name(),
                "first": overdue.first.to_string(),
                "recommended": overdue.recommended.to_string(),
                "overdue": overdue.since.to_string(),
            });
            session.out.answer(
                &line,
                "municipality-overdue",
                &[
                    ("ticket", &overdue.ticket),
                    ("dose", &overdue.number),
                    ("product", &overdue.product),
                    ("first", &overdue.first),
                    ("recommended", &overdue.recommended),
                ],
            )
        })?;
        session.out.say("municipality-overdue-count", &[("count", &count)])?;
        Ok(Outcome::Done)
    }
}

/// Doses of each lot.
pub fn stock(session: &Session) -> Result<Outcome, Failure> {
    for lot in open(session)?.stock()? {
        let left = lot
            .distributed
            .map(|distributed| i128::from(distributed) - i128::from(lot.given));
        let line = json!({
            "product": lot.lot.product.name(),
            "lot": lot.lot.lot,
            "distributed": lot.distributed,
            "given": lot.given,
            "left": left,
            "recalled": lot.recalled,
        });
        let id = match (lot.distributed, lot.recalled) {
            (_, true) => "municipality-stock-recalled",
            (Some(_), false) => "municipality-stock",
            (None, false) => "municipality-stock-unknown",
        };
        session.out.answer(
            &line,
            id,
            &[
                ("product", &lot.lot.product),
                ("lot", &lot.lot.lot),
                ("distributed", &lot.distributed.unwrap_or(0)),
                ("given", &lot.given),
                ("left", &left.unwrap_or(0)),
            ],
        )?;
    }
    Ok(Outcome::Done)
}
