//! `techo-bench vault`: opening and reading a full diary, and one durable check-in, each beside plain SQLite in the same run.
//!
//! The diary has 300 visits in five weeks' documents, each a snapshot of 50 visits and a tail of 10. The peers hold the
//! same rows unsealed: one opens its file and reads them all, the other inserts a row of a check-in's size, both in WAL mode
//! with `synchronous=FULL`. Vault and peer take turns, and medians are compared.

use std::path::Path;
use std::time::Instant;

use techo_protocol::basics::clock::DAY_SECONDS as DAY;

use rusqlite::Connection;
use serde_json::{Value, json};
use techo_core::diary::{CodeKind, Diary, DiaryError, Filter, NewVisit, Source, VisitKeys};
use techo_core::ports::{FixedClock, SystemRandom};
use techo_core::vault::key_file::KeyFile;
use techo_core::vault::{Vault, VaultError};

/// Friday, 2026-11-20T10:05:00Z.
const NOW: i64 = 1_795_169_100;
const WEEKS: i64 = 5;
const SNAPSHOT_VISITS: i64 = 50;
const TAIL_VISITS: i64 = 10;
const ROUNDS: usize = 101;

/// Runs the measurement and answers its line: `open_ms`, `open_ratio`, `append_ms`, `append_ratio`, and what they were
/// measured on.
///
/// # Errors
/// When the vault or a peer fails.
pub fn run() -> Result<Value, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    fill(folder.path())?;
    let rows = rows(folder.path())?;
    let row_bytes: usize = rows.iter().map(Vec::len).sum();
    let peer = folder.path().join("peer.db");
    fill_peer(&peer, &rows)?;

    let (mut open, mut open_peer) = (Vec::new(), Vec::new());
    let mut visits = 0;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut diary = open_diary(folder.path())?;
        visits = diary.list(&Filter::default())?.visits.len();
        open.push(milliseconds(started));
        drop(diary);
        let started = Instant::now();
        let read = read_peer(&Connection::open(&peer)?)?;
        open_peer.push(milliseconds(started));
        if read != row_bytes {
            return Err("the peer did not read all rows".into());
        }
    }

    let mut diary = open_diary(folder.path())?;
    let db = connect(&peer)?;
    let row = vec![
        0;
        rows.iter()
            .map(Vec::len)
            .filter(|length| *length < 1_000)
            .max()
            .unwrap_or(400)
    ];
    let (mut append, mut append_peer) = (Vec::new(), Vec::new());
    for round in 0..i64::try_from(ROUNDS)? {
        let visit = visit(NOW - DAY + round);
        let started = Instant::now();
        diary.check_in(&visit)?;
        append.push(milliseconds(started));
        let started = Instant::now();
        db.prepare_cached("INSERT INTO row (bytes) VALUES (?1)")?.execute([&row])?;
        append_peer.push(milliseconds(started));
    }
    let [open, open_peer, append, append_peer] = [open, open_peer, append, append_peer].map(median);
    Ok(json!({
        "visits": visits,
        "documents": WEEKS,
        "rows": rows.len(),
        "row_bytes": row_bytes,
        "open_ms": open,
        "open_peer_ms": open_peer,
        "open_ratio": open / open_peer,
        "append_ms": append,
        "append_peer_ms": append_peer,
        "append_ratio": append / append_peer,
    }))
}

fn open_diary(folder: &Path) -> Result<Diary, DiaryError> {
    let keeper = KeyFile::new(folder, None, Box::new(SystemRandom::new()));
    Diary::open(
        Vault::open(folder, Box::new(keeper), Box::new(SystemRandom::new()))?,
        Box::new(FixedClock(NOW)),
    )
}

fn visit(check_in: i64) -> NewVisit {
    let day = u32::try_from(check_in / DAY).unwrap_or_default();
    NewVisit {
        name: format!("Izakaya number {:>24}", check_in % 1_000_000),
        address: Some("1-2-3 Sonezaki, Kita-ku, Osaka 530-0057 ".into()),
        check_in,
        check_out: None,
        default_stay_min: 90,
        source: Source::Code {
            authority: [0xaa; 16],
            kind: CodeKind::Poster,
        },
        keys: VisitKeys::Days(vec![(day, [1; 16].into()), (day + 1, [2; 16].into())]),
        with: vec!["Aki".into()],
        note: None,
    }
}

/// Writes the diary: a deletion after the first visits of a week leaves them as a snapshot, and the rest are its tail.
fn fill(folder: &Path) -> Result<(), DiaryError> {
    let mut diary = open_diary(folder)?;
    diary.set_keep_days(60)?;
    let this_week = NOW.div_euclid(7 * DAY) * 7 * DAY;
    for week in 1..=WEEKS {
        let start = this_week - week * 7 * DAY;
        let deleted = diary.check_in(&visit(start))?;
        for number in 0..SNAPSHOT_VISITS + TAIL_VISITS {
            if number == SNAPSHOT_VISITS {
                diary.delete(&[deleted.id])?;
            }
            diary.check_in(&visit(start + (number + 1) * 9_000))?;
        }
    }
    Ok(())
}

/// The vault's rows, unsealed.
fn rows(folder: &Path) -> Result<Vec<Vec<u8>>, DiaryError> {
    let mut diary = open_diary(folder)?;
    let mut rows = Vec::new();
    diary.vault().read(|reader| {
        for (name, _) in reader.document_names() {
            if let Some(document) = reader.document(&name)? {
                rows.extend(document.snapshot);
                rows.extend(document.changes);
            }
        }
        Ok::<_, VaultError>(())
    })?;
    Ok(rows)
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open(path)?;
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    Ok(db)
}

fn fill_peer(path: &Path, rows: &[Vec<u8>]) -> Result<(), rusqlite::Error> {
    let db = connect(path)?;
    db.execute_batch("CREATE TABLE row (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")?;
    for row in rows {
        db.execute("INSERT INTO row (bytes) VALUES (?1)", [row])?;
    }
    Ok(())
}

fn read_peer(db: &Connection) -> Result<usize, rusqlite::Error> {
    let mut statement = db.prepare("SELECT bytes FROM row ORDER BY number")?;
    let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|row| row.map(|row| row.len())).sum()
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
