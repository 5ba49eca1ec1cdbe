//! The vault of each released schema still opens. `examples/make_vault_fixture.rs` has made them.

use std::path::Path;

use super::*;
use techo_core::ports::{FixedClock, SystemRandom};
use techo_core::vault::key_file::{KEY_FILE, KeyFile};
use techo_core::vault::{RecordKind, VAULT_FILE, Vault};

#[test]
fn version_1_opens() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(fixtures.join("vault-v1.db"), folder.path().join(VAULT_FILE)).unwrap();
    std::fs::copy(fixtures.join("vault-v1.key"), folder.path().join(KEY_FILE)).unwrap();
    let keeper = KeyFile::new(folder.path(), None, Box::new(SystemRandom::new()));
    let mut vault = Vault::open(folder.path(), Box::new(keeper), Box::new(SystemRandom::new())).unwrap();
    assert_eq!(vault.check().unwrap(), []);
    assert_eq!(
        vault.record(RecordKind::DeviceSetting, b"fixture").unwrap().as_deref(),
        Some(&b"a record"[..])
    );
    assert_eq!(vault.segment(&[7; 32]).unwrap().as_deref(), Some(&b"a segment"[..]));
    let mut diary = Diary::open(vault, Box::new(FixedClock(NOW))).unwrap();
    assert_eq!(diary.keep_days().unwrap(), 42);
    assert_eq!(names(&mut diary), ["Library", "Bar Yoru", "Hall"]);
    let visits = all(&mut diary);
    assert_eq!((visits[0].source, visits[0].out), (Source::Manual, NOW - 20 * DAY + HOUR));
    assert_eq!(visits[1].note.as_deref(), Some("by the window"));
    assert_eq!(visits[1].people[0].name.as_deref(), Some("Aki"));
    assert_eq!(
        visits[1].keys,
        VisitKeys::Days(vec![(20_776, [1; 16].into()), (20_777, [2; 16].into())])
    );
    assert_eq!(visits[2].keys.as_slice().len(), 3);
    // And it can be written to.
    diary.check_in(&poster("New", NOW)).unwrap();
    assert_eq!(names(&mut diary).len(), 4);
}
