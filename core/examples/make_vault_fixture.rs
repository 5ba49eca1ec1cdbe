//! Makes the fixture of the current schema: `cargo run --release -p techo-core --example make_vault_fixture`.
//!
//! Run once when a schema is about to be released, and commit the two files; a released schema's fixture is never made
//! anew. What is in it, `diary/tests/fixture.rs` expects.

use std::path::Path;

use techo_core::diary::{CodeKind, Diary, DiaryError, NewVisit, Source, VisitKeys};
use techo_core::ports::{FixedClock, SystemRandom};
use techo_core::vault::key_file::{KEY_FILE, KeyFile};
use techo_core::vault::{RecordKind, SCHEMA_VERSION, VAULT_FILE, Vault};

/// Friday, 2026-11-20T10:05:00Z.
const NOW: i64 = 1_795_169_100;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn visit(name: &str, check_in: i64) -> NewVisit {
    NewVisit {
        name: name.into(),
        address: None,
        check_in,
        check_out: None,
        default_stay_min: 60,
        source: Source::Manual,
        keys: VisitKeys::None,
        with: vec![],
        note: None,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let [db, key] = ["db", "key"].map(|kind| fixtures.join(format!("vault-v{SCHEMA_VERSION}.{kind}")));
    if db.exists() {
        return Err(format!("{} is there already; a released fixture is never made anew", db.display()).into());
    }
    let folder = tempfile::tempdir()?;
    let keeper = KeyFile::new(folder.path(), None, Box::new(SystemRandom::new()));
    let mut vault = Vault::open(folder.path(), Box::new(keeper), Box::new(SystemRandom::new()))?;
    vault.put_record(RecordKind::DeviceSetting, b"fixture", b"a record")?;
    vault.put_segments(&[([7; 32], b"a segment")])?;
    fill(Diary::open(vault, Box::new(FixedClock(NOW)))?)?;
    // A vault leaves its log when it is closed: all of it goes into the one file.
    let database = rusqlite::Connection::open(folder.path().join(VAULT_FILE))?;
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(database);
    std::fs::copy(folder.path().join(VAULT_FILE), db)?;
    std::fs::copy(folder.path().join(KEY_FILE), key)?;
    Ok(())
}

/// Visits of each sort, a deletion, people and a setting.
fn fill(mut diary: Diary) -> Result<(), DiaryError> {
    diary.set_keep_days(42)?;
    diary.check_in(&NewVisit {
        check_out: Some(NOW - 20 * DAY + HOUR),
        ..visit("Library", NOW - 20 * DAY)
    })?;
    diary.check_in(&NewVisit {
        address: Some("Kita-ku, Osaka".into()),
        source: Source::Code {
            authority: [0xaa; 16],
            kind: CodeKind::Poster,
        },
        keys: VisitKeys::Days(vec![(20_776, [1; 16].into()), (20_777, [2; 16].into())]),
        with: vec!["Aki".into()],
        note: Some("by the window".into()),
        ..visit("Bar Yoru", NOW - DAY)
    })?;
    let deleted = diary.check_in(&visit("Deleted", NOW - 5 * HOUR))?;
    diary.delete(&[deleted.id])?;
    for (ago, slot) in [(2, 498_656), (1, 498_657)] {
        diary.check_in(&NewVisit {
            source: Source::Code {
                authority: [0xaa; 16],
                kind: CodeKind::Rotating,
            },
            keys: VisitKeys::Slots(vec![(slot, [3; 16].into()), (slot + 1, [4; 16].into())]),
            ..visit("Hall", NOW - ago * HOUR)
        })?;
    }
    Ok(())
}
