//! What a session writes, and when: as few transactions as can be, and whatever leaves is durable before it leaves.

use std::cell::RefCell;
use std::path::Path;

use techo_protocol::household::sync_api::{SyncAnswer, SyncRequest};

use techo_core::sync::exchange::{StreamRelay, exchange};
use techo_core::vault::VAULT_FILE;
use techo_testing::memory_keeper::{MemoryKeeper, copy_folder};
use techo_testing::memory_relay::{Kept, MemoryRelay, Trouble};
use techo_testing::{Phone, pair};

/// How many transactions are in the vault's log: the frames of its present filling that say how large the database is after a commit (SQLite's
/// file format, section 4).
fn commits(folder: &Path) -> usize {
    let log = std::fs::read(folder.join(format!("{VAULT_FILE}-wal"))).unwrap();
    let (header, frames) = log.split_at(32);
    let page = u32::from_be_bytes(header[8..12].try_into().unwrap());
    let frames = frames.chunks_exact(24 + usize::try_from(page).unwrap());
    let of_this_filling = frames.take_while(|frame| frame[8..16] == header[16..24]);
    of_this_filling.filter(|frame| frame[4..8] != [0; 4]).count()
}

#[test]
fn a_sync_of_four_visits_is_two_transactions_and_one_with_nothing_new_is_none() {
    let relay = MemoryRelay::new(1);
    let mut phone = Phone::new();
    phone.sync(&relay);
    for number in 0..4 {
        phone.add(&format!("visit {number}"), 1);
    }
    let before = commits(phone.folder.path());
    assert_eq!(phone.sync(&relay).sent, 4);
    let after = commits(phone.folder.path());
    assert_eq!(after - before, 2, "the chunks before they leave, and that they have arrived");
    phone.sync(&relay);
    assert_eq!(commits(phone.folder.path()), after);
}

/// A device's files and keys, and the relay, as a kill right after one answer of the relay leaves them.
struct Moment {
    folder: tempfile::TempDir,
    keeper: MemoryKeeper,
    kept: Kept,
}

/// A keeper of its own with the keys that another has now.
fn kept_by(other: &MemoryKeeper) -> MemoryKeeper {
    let keeper = MemoryKeeper::default();
    keeper.keys.lock().unwrap().extend(other.keys.lock().unwrap().clone());
    keeper
}

/// A relay that keeps each such moment.
struct Watched<'r> {
    relay: &'r MemoryRelay,
    folder: &'r Path,
    keeper: &'r MemoryKeeper,
    moments: RefCell<Vec<Moment>>,
}

impl StreamRelay for Watched<'_> {
    type Error = Trouble;

    fn call(&self, request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, Trouble> {
        let answer = self.relay.call(request, signed);
        let (folder, keeper) = (tempfile::tempdir().unwrap(), kept_by(self.keeper));
        copy_folder(self.folder, folder.path());
        self.moments.borrow_mut().push(Moment {
            folder,
            keeper,
            kept: self.relay.kept.borrow().clone(),
        });
        answer
    }
}

#[test]
fn a_kill_after_any_answer_of_the_relay_loses_nothing_and_makes_no_copied_device() {
    let (relay, keeper) = (MemoryRelay::new(1), MemoryKeeper::default());
    let mut phone = Phone::in_folder(tempfile::tempdir().unwrap(), &keeper);
    let tablet_keeper = MemoryKeeper::default();
    let mut tablet = Phone::in_folder(tempfile::tempdir().unwrap(), &tablet_keeper);
    let old = phone.add("deleted", 1);
    pair(&relay, &mut phone, &mut tablet);
    tablet.add("of the tablet", 2);
    tablet.sync(&relay);
    // The tablet's visit meets the phone, four go out, and a deletion brings a snapshot, a swap and a keyring.
    for number in 0..4 {
        phone.add(&format!("visit {number}"), 2);
    }
    phone.diary.delete(&[old]).unwrap();
    let (folder, now) = (phone.folder.path().to_path_buf(), phone.now);
    let watched = Watched {
        relay: &relay,
        folder: &folder,
        keeper: &keeper,
        moments: RefCell::default(),
    };
    exchange(phone.diary.vault(), &watched, "relay", now).unwrap();
    let moments = watched.moments.into_inner();
    assert!(moments.len() > 6, "{} answers", moments.len());
    let expected = ["of the tablet", "visit 0", "visit 1", "visit 2", "visit 3"];
    for (number, moment) in moments.into_iter().enumerate() {
        let relay = MemoryRelay::new(1);
        *relay.kept.borrow_mut() = moment.kept;
        let mut phone = Phone::in_folder(moment.folder, &moment.keeper);
        let done = phone.sync(&relay);
        assert!(
            !done.received.begun_anew && done.received.copied == 0,
            "after answer {number}"
        );
        assert_eq!(done.relay_fault, None, "after answer {number}");
        let its_keeper = kept_by(&tablet_keeper);
        let mut other = tablet.copied(&its_keeper);
        let done = other.sync(&relay);
        assert_eq!((done.received.copied, done.relay_fault), (0, None), "after answer {number}");
        assert_eq!(other.names(), expected, "after answer {number}");
        // The deletion began a lineage that lacks the tablet's visit; the tablet has carried it over.
        assert_eq!(phone.sync(&relay).relay_fault, None, "after answer {number}");
        assert_eq!(phone.names(), expected, "after answer {number}");
    }
}
