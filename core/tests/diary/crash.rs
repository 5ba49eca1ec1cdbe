//! A process that is killed while it writes: what it had acknowledged is there, and nothing is half-written.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;
use techo_core::ports::{FixedClock, SystemRandom};
use techo_core::vault::Vault;
use techo_core::vault::key_file::{KEY_FILE, KeyFile};

const FOLDER: &str = "TECHO_TEST_CRASH_FOLDER";

fn open(folder: &Path) -> Diary {
    let keeper = KeyFile::new(folder, None, Box::new(SystemRandom::new()));
    let vault = Vault::open(folder, Box::new(keeper), Box::new(SystemRandom::new())).unwrap();
    Diary::open(vault, Box::new(FixedClock(NOW))).unwrap()
}

/// Not a test of its own: what the killed process does. It says each thing once it is durable.
#[test]
fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut diary = open(Path::new(&folder));
    for number in 0.. {
        let visit = diary
            .check_in(&NewVisit {
                with: vec![format!("P{}", number % 3)],
                ..poster("Bar", NOW - DAY - number)
            })
            .unwrap();
        println!("made {}", visit.id);
        if number % 4 == 3 {
            diary.delete(&[visit.id]).unwrap();
            println!("deleted {}", visit.id);
        }
    }
}

#[test]
fn whatever_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (mut made, mut deleted) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for round in 0..6u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::writes_until_it_is_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || lines.lines().map_while(Result::ok).collect::<Vec<_>>());
        std::thread::sleep(Duration::from_millis(60 + round * 37));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in reader.join().unwrap() {
            // A last line may be cut.
            let Some((what, id)) = line
                .split_once(' ')
                .and_then(|(what, id)| Some((what, id.parse::<EntryId>().ok()?)))
            else {
                continue;
            };
            if what.ends_with("made") {
                made.insert(id)
            } else {
                deleted.insert(id)
            };
        }
        let mut diary = open(folder.path());
        let listing = diary.list(&Filter::default()).unwrap();
        assert_eq!(listing.damaged, []);
        let there: std::collections::BTreeSet<EntryId> = listing.visits.iter().map(|visit| visit.id).collect();
        let missing: Vec<_> = made.difference(&there).filter(|id| !deleted.contains(id)).collect();
        // At most the one deletion that the kill came after and its acknowledgement did not.
        assert!(missing.len() <= 1, "{missing:?}");
        deleted.extend(missing.into_iter().copied().collect::<Vec<_>>());
        assert!(there.is_disjoint(&deleted));
        assert!(
            listing
                .visits
                .iter()
                .all(|visit| visit.people.len() == 1 && visit.people[0].name.is_some())
        );
        // One key: whatever the kill interrupted is finished.
        let keys = std::fs::read_to_string(folder.path().join(KEY_FILE)).unwrap();
        assert_eq!(keys.matches("\"id\"").count(), 1);
    }
    assert!(
        made.len() > 20 && deleted.len() > 5,
        "{} made, {} deleted: the rounds were too short to mean anything",
        made.len(),
        deleted.len()
    );
}
