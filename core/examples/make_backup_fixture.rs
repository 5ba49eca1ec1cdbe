//! Makes the fixture of the current backup format: `cargo run --release -p techo-core --example make_backup_fixture`.
//!
//! Run once when a format is about to be released, and commit the file; a released format's fixture is never made anew. What is in it,
//! `backup/tests.rs` expects.

use std::path::Path;

use techo_core::backup;
use techo_core::diary::{CodeKind, Diary, NewVisit, Source, VisitKeys};
use techo_core::ports::{FixedClock, SystemRandom};
use techo_core::vault::key_file::KeyFile;
use techo_core::vault::{RecordKind, Vault};
use techo_protocol::basics::passphrase::Cost;

/// Friday, 2026-11-20T10:05:00Z.
const NOW: i64 = 1_795_169_100;
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
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/backup-v1.techo-backup");
    if path.exists() {
        return Err(format!("{} is there already; a released fixture is never made anew", path.display()).into());
    }
    let folder = tempfile::tempdir()?;
    let keeper = KeyFile::new(folder.path(), None, Box::new(SystemRandom::new()));
    let mut vault = Vault::open(folder.path(), Box::new(keeper), Box::new(SystemRandom::new()))?;
    vault.put_record(RecordKind::DeviceSetting, b"fixture", b"a record")?;
    let mut diary = Diary::open(vault, Box::new(FixedClock(NOW)))?;
    diary.set_keep_days(42)?;
    diary.check_in(&visit("Library", NOW - 20 * DAY))?;
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
    let deleted = diary.check_in(&visit("Deleted", NOW - 18_000))?;
    diary.delete(&[deleted.id])?;
    diary.check_in(&NewVisit {
        source: Source::Code {
            authority: [0xaa; 16],
            kind: CodeKind::Rotating,
        },
        keys: VisitKeys::Slots(vec![(498_656, [3; 16].into()), (498_657, [4; 16].into())]),
        ..visit("Hall", NOW - 7_200)
    })?;
    let collected = backup::write(diary.vault(), "fixture passphrase", Cost::BACKUP, NOW)?;
    std::fs::write(path, collected.file)?;
    Ok(())
}
