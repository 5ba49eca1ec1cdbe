//! `municipality`: taking in a CSV file of doses, beside the same rows into SQLite alone; then coverage and who is overdue.
//!
//! Nine of ten people have two doses, one has only the first. All of them are residents with a sealed birth date. The peer inserts the same
//! values into one table without an index, in one transaction with `synchronous=FULL`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::{Value, json};
use techo_authority::municipality::mapping::Mapping;
use techo_authority::profile::NewAuthority;
use techo_authority::{Authority, Error};
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::vaccination::schedule::Schedule;

use crate::stopwatch::median_ms;

/// 2021-12-01T10:00+09:00.
const NOW: i64 = 1_638_320_400;

pub fn run(doses: usize) -> Result<Value, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let random = SystemRandom::new();
    let new = NewAuthority {
        name: "Sakai",
        host: "techo.example",
    };
    let mut town = Authority::init(&folder.path().join("town"), &new, None, NOW, &random)?;
    town.become_municipality(MunicipalityCode::read("271403")?, None, NOW, &random)?;
    let (residents, file) = files(doses)?;
    let enrolled = town.enrol(residents.as_bytes(), techo_authority::tables::Taking::default(), NOW, &random)?;

    let start = Instant::now();
    let imported = town.import_doses(
        file.as_bytes(),
        &Mapping::own(),
        techo_authority::tables::Taking::default(),
        NOW,
    )?;
    let import_s = start.elapsed().as_secs_f64();
    if imported.new != doses || !imported.rejected.is_empty() {
        return Err(format!("{} of {doses} doses were taken in", imported.new).into());
    }
    let bare_s = bare(&folder.path().join("bare.db"), &file)?;

    let (coverage_ms, coverage) = median_ms(3, || town.coverage(NOW));
    if coverage?.doses != doses as u64 {
        return Err("the coverage does not count every dose".into());
    }
    let schedule = Schedule::japan_covid_19();
    let (overdue_ms, overdue) = median_ms(3, || {
        let mut late = 0_usize;
        town.overdue(&schedule, NOW, |_| {
            late += 1;
            Ok::<(), Error>(())
        })
        .map(|()| late)
    });
    let overdue = overdue?;
    if overdue != doses.div_ceil(19) {
        return Err(format!("{overdue} are overdue").into());
    }
    Ok(json!({
        "doses": doses,
        "residents": enrolled.new,
        "import_per_s": per_second(doses, import_s),
        "bare_per_s": per_second(doses, bare_s),
        "coverage_ms": coverage_ms,
        "overdue": overdue,
        "overdue_ms": overdue_ms,
    }))
}

#[allow(clippy::cast_precision_loss, reason = "a count far under 2^52")]
fn per_second(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds
}

/// The residents and their doses as CSV: of every nineteen doses one is a first without a second.
fn files(doses: usize) -> Result<(String, String), Box<dyn std::error::Error>> {
    let mut residents = String::from("ticket,born\n");
    let mut file = String::from("ticket,dose,date,product,lot,place,by\n");
    let (mut written, mut person) = (0, 0_u64);
    while written < doses {
        // Spread over all tickets, and each once: the factor has no divisor in common with 10^10.
        let ticket = (person * 7_654_321_987) % 10_000_000_000;
        writeln!(
            residents,
            "{ticket:010},{}-{:02}-{:02}",
            1930 + person % 78,
            1 + person % 12,
            1 + person % 28
        )?;
        let (month, day) = (5 + person % 3, 1 + person % 28);
        writeln!(
            file,
            "{ticket:010},1,2021-{month:02}-{day:02},pfizer,EX{:04},Site {},Dr. {}",
            person % 50,
            person % 40,
            person % 9
        )?;
        written += 1;
        if written % 19 != 1 && written < doses {
            writeln!(
                file,
                "{ticket:010},2,2021-{:02}-{day:02},pfizer,EY{:04},Site {},Dr. {}",
                month + 1,
                person % 50,
                person % 40,
                person % 9
            )?;
            written += 1;
        }
        person += 1;
    }
    Ok((residents, file))
}

fn bare(path: &Path, file: &str) -> Result<f64, Box<dyn std::error::Error>> {
    let mut db = Connection::open(path)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE dose (ticket INTEGER, number INTEGER, at TEXT, product TEXT, lot TEXT, place TEXT, given_by TEXT) STRICT;",
    )?;
    let start = Instant::now();
    let transaction = db.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO dose VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        for line in file.lines().skip(1) {
            let mut cells = line.split(',');
            let mut cell = || cells.next().unwrap_or_default();
            let (ticket, number): (i64, i64) = (cell().parse()?, cell().parse()?);
            insert.execute((ticket, number, cell(), cell(), cell(), cell(), cell()))?;
        }
    }
    transaction.commit()?;
    Ok(start.elapsed().as_secs_f64())
}
