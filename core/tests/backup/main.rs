//! Both ways: from an old phone into a file, and from the file onto a new one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod hostile;
mod merging;

use std::path::Path;

use techo_core::backup::{Backup, BackupError, BackupFailure, MOST_BYTES, OldRows, Restored, old_rows, restore, write};
use techo_core::diary::{Edit, EntryId, Filter, NewVisit, Source, VisitKeys};
use techo_core::following;
use techo_core::sync::household::household;
use techo_core::vault::{DocumentName, RecordKind, Vault, VaultError};
use techo_protocol::basics::passphrase::Cost;
use techo_testing::{Authority, Phone};

/// Friday, 2026-11-20T10:05:00Z.
const NOW: i64 = 1_795_169_100;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const PASSPHRASE: &str = "horse battery";

/// What these tests do with a phone.
trait Saved {
    /// Adds a visit that says all that one can say.
    fn add_whole(&mut self, name: &str, days_ago: i64) -> EntryId;
    /// The names of all visits, in the order of the diary.
    fn listed(&mut self) -> Vec<String>;
    fn backup(&mut self) -> Vec<u8>;
    fn restore(&mut self, file: &[u8]) -> Restored;
    fn restore_with(&mut self, file: &[u8], old: OldRows) -> Restored;
}

impl Saved for Phone {
    fn add_whole(&mut self, name: &str, days_ago: i64) -> EntryId {
        let visit = NewVisit {
            name: name.into(),
            address: Some("Kita-ku, Osaka".into()),
            check_in: self.now - days_ago * DAY - HOUR,
            check_out: Some(self.now - days_ago * DAY),
            default_stay_min: 60,
            source: Source::Manual,
            keys: VisitKeys::None,
            with: vec!["Aki".into()],
            note: Some(format!("note of {name}")),
        };
        self.diary.check_in(&visit).unwrap().id
    }

    fn listed(&mut self) -> Vec<String> {
        self.visits().into_iter().map(|visit| visit.name).collect()
    }

    fn backup(&mut self) -> Vec<u8> {
        write(self.diary.vault(), PASSPHRASE, Cost::TEST, self.now).unwrap().file
    }

    fn restore(&mut self, file: &[u8]) -> Restored {
        self.restore_with(file, OldRows::LeaveOut)
    }

    fn restore_with(&mut self, file: &[u8], old: OldRows) -> Restored {
        let backup = Backup::open(file, PASSPHRASE).unwrap();
        restore(self.diary.vault(), &backup, old, self.now).unwrap()
    }
}

fn edit(note: &str) -> Edit {
    Edit {
        note: Some(note.into()),
        ..Edit::default()
    }
}

#[test]
fn an_old_phone_comes_back_whole_on_a_new_one() {
    let mut old = Phone::at(NOW);
    old.diary.set_keep_days(42).unwrap();
    for (at, name) in ["Library", "Bar Yoru", "Hall", "Aunt Yoko"].iter().enumerate() {
        old.add_whole(name, 10 * i64::try_from(at).unwrap());
    }
    let edited = old.visits()[0].id;
    old.diary.edit(&edited, &edit("by the window")).unwrap();
    let authority = Authority::named("Osaka Prefecture");
    following::add(old.diary.vault(), &authority.trust_file()).unwrap();
    old.diary
        .vault()
        .put_record(RecordKind::DeviceSetting, b"theme", b"dark")
        .unwrap();
    let collected = write(old.diary.vault(), PASSPHRASE, Cost::TEST, NOW).unwrap();
    assert_eq!(
        (collected.visits, collected.damaged, collected.damaged_records),
        (4, vec![], 0)
    );
    let mut new = Phone::at(NOW + DAY);
    let restored = new.restore(&collected.file);
    let expected = Restored {
        visits: 4,
        others: 1,
        authorities: 1,
        ..Restored::default()
    };
    assert_eq!(restored, expected);
    assert_eq!(new.visits(), old.visits());
    assert_eq!(new.diary.people().unwrap(), old.diary.people().unwrap());
    assert_eq!(new.diary.keep_days().unwrap(), 42);
    assert_eq!(following::all(new.diary.vault()).unwrap(), [authority.trust_list()]);
    let theme = new.diary.vault().record(RecordKind::DeviceSetting, b"theme").unwrap();
    assert_eq!(theme.as_deref(), Some(&b"dark"[..]));
    // And it stays so.
    assert_eq!(new.restarted_at(NOW + DAY).listed().len(), 4);
}

#[test]
fn no_identity_is_in_a_backup_and_none_comes_back() {
    let mut old = Phone::at(NOW);
    old.add_whole("Bar Yoru", 1);
    let records = old.diary.vault().records(RecordKind::Sync).unwrap();
    let actor = old.diary.vault().actor();
    let theirs = household(old.diary.vault()).unwrap().unwrap();
    let file = old.backup();
    let plain = techo_protocol::basics::passphrase::open(&file[5..], PASSPHRASE).unwrap();
    let holds = |secret: &[u8]| plain.windows(secret.len()).any(|part| part == secret);
    // The test can see what is there.
    assert!(holds("Bar Yoru".as_bytes()));
    // Nothing of what sync keeps, in any run of 16 bytes that is not nearly all one byte.
    let is_telling = |part: &&[u8]| part.iter().collect::<std::collections::BTreeSet<_>>().len() > 8;
    let told = records.iter().flat_map(|(_, record)| record.windows(16).filter(is_telling));
    assert!(told.clone().count() > 100);
    for part in told {
        assert!(!holds(part));
    }
    let mut new = Phone::at(NOW);
    new.restore(&file);
    let mine = household(new.diary.vault()).unwrap().unwrap();
    assert_ne!(mine.stream, theirs.stream);
    assert_ne!(mine.list.devices[0].key, theirs.list.devices[0].key);
    assert_ne!(new.diary.vault().actor(), actor);
}

#[test]
fn restoring_twice_changes_nothing() {
    let mut old = Phone::at(NOW);
    let gone = old.add_whole("Gone", 2);
    let kept = old.add_whole("Bar Yoru", 1);
    old.diary.delete(&[gone]).unwrap();
    let file = old.backup();
    old.diary.edit(&kept, &edit("edited since")).unwrap();
    let before = (old.visits(), old.diary.vault().stamp());
    let expected = Restored {
        already: 2,
        ..Restored::default()
    };
    for _ in 0..2 {
        assert_eq!(old.restore(&file), expected);
        assert_eq!((old.visits(), old.diary.vault().stamp()), before, "nothing was written");
    }
    let mut new = Phone::at(NOW);
    new.restore(&file);
    let before = (new.visits(), new.diary.vault().stamp());
    assert_eq!(new.restore(&file), expected);
    assert_eq!((new.visits(), new.diary.vault().stamp()), before);
}

#[test]
fn what_is_damaged_on_the_disk_is_said_and_the_rest_is_saved() {
    let mut old = Phone::at(NOW);
    old.add_whole("Bar Yoru", 1);
    old.add_whole("Library", 1);
    following::add(old.diary.vault(), &Authority::named("Osaka Prefecture").trust_file()).unwrap();
    // The second visit of its week.
    assert_eq!(old.sql("UPDATE change SET sealed = zeroblob(60) WHERE number = 2"), 1);
    old.sql("UPDATE record SET sealed = zeroblob(60)");
    let mut old = old.restarted_at(NOW);
    let collected = write(old.diary.vault(), PASSPHRASE, Cost::TEST, NOW).unwrap();
    assert_eq!((collected.damaged.len(), collected.visits), (1, 1));
    // The trust list's kind; of settings there are none.
    assert_eq!(collected.damaged_records, 1);
    let mut new = Phone::at(NOW);
    new.restore(&collected.file);
    assert_eq!(new.listed(), ["Bar Yoru"]);
}

/// `examples/make_backup_fixture.rs` has made it.
#[test]
fn version_1_opens() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/backup-v1.techo-backup");
    let backup = Backup::open(&std::fs::read(path).unwrap(), "fixture passphrase").unwrap();
    assert_eq!(backup.made(), NOW);
    let mut phone = Phone::at(NOW);
    let restored = restore(phone.diary.vault(), &backup, OldRows::LeaveOut, NOW).unwrap();
    let expected = Restored {
        visits: 3,
        others: 1,
        ..Restored::default()
    };
    assert_eq!(restored, expected);
    assert_eq!(phone.diary.keep_days().unwrap(), 42);
    assert_eq!(phone.listed(), ["Library", "Bar Yoru", "Hall"]);
    let visits = phone.visits();
    assert_eq!(visits[1].note.as_deref(), Some("by the window"));
    assert_eq!(visits[1].people[0].name.as_deref(), Some("Aki"));
    assert_eq!(
        visits[1].keys,
        VisitKeys::Days(vec![(20_776, [1; 16].into()), (20_777, [2; 16].into())])
    );
    assert_eq!(visits[2].keys.as_slice().len(), 2);
    let record = phone.diary.vault().record(RecordKind::DeviceSetting, b"fixture").unwrap();
    assert_eq!(record.as_deref(), Some(&b"a record"[..]));
}

fn documents(vault: &mut Vault) -> Vec<DocumentName> {
    let names = vault.read(|reader| Ok::<_, VaultError>(reader.document_names()));
    names.unwrap().into_iter().map(|(name, _)| name).collect()
}
