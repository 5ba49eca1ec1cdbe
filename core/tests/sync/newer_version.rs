//! The household's record of a newer version of Techo.

use techo_core::sync::beginning::ensure;
use techo_core::sync::household::{NewIdentity, Proposal, propose};
use techo_core::sync::{HouseholdRefusal, SyncError, file, pairing, recovery};
use techo_core::vault::RecordKind;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::household::recovery::{Language, RecoveryWords};
use techo_testing::Phone;
use techo_testing::memory_relay::{MemoryRelay, Trouble};

/// The name of the household's record in the vault.
const HOUSEHOLD: &[u8] = b"household";

/// The same record with another version, which is the first entry after the two bytes that begin a map of 33.
fn of_version(record: &[u8], version: u8) -> Vec<u8> {
    let (key, rest) = record[2..].split_at(8);
    assert_eq!((key, rest[0]), (&b"\x67version"[..], 2));
    [&record[..10], &[version], &rest[1..]].concat()
}

#[test]
fn what_a_newer_version_wrote_is_refused_and_left_as_it_is() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut owner) = (Phone::new(), Phone::new());
    phone.add("written here", 1);
    let stored = phone.diary.vault().record(RecordKind::Sync, HOUSEHOLD).unwrap().unwrap();
    let newer = of_version(&stored, 3);
    phone.diary.vault().put_record(RecordKind::Sync, HOUSEHOLD, &newer).unwrap();
    let is_newer = |error: &SyncError| *error == HouseholdRefusal::NewerVersion.into();
    let now = phone.now;
    ensure(phone.diary.vault(), "phone", now).unwrap();
    assert!(matches!(&phone.try_sync(&relay), Err(Trouble::Sync(error)) if is_newer(error)));
    assert!(file::make_file(phone.diary.vault(), now).is_err_and(|error| is_newer(&error)));
    assert!(propose(phone.diary.vault(), Proposal::Rotate(0)).is_err_and(|error| is_newer(&error)));
    // Nor does another household take its place, by pairing or by words.
    let identity = NewIdentity::generate("new", &SystemRandom::new()).unwrap();
    owner.sync(&relay);
    let welcome = pairing::admit(owner.diary.vault(), &relay, "relay", &identity.device, now).unwrap();
    let joined = pairing::join(phone.diary.vault(), &relay, &identity, &welcome, now);
    assert!(matches!(&joined, Err(Trouble::Sync(error)) if is_newer(error)));
    let words = RecoveryWords::generate(Language::English, &SystemRandom::new()).unwrap();
    recovery::renew_words(owner.diary.vault(), &relay, "relay", &words, now).unwrap();
    let restored = recovery::restore(phone.diary.vault(), &relay, &words, "phone", now, &SystemRandom::new());
    assert!(matches!(&restored, Err(Trouble::Sync(error)) if is_newer(error)));
    assert_eq!(phone.diary.vault().record(RecordKind::Sync, HOUSEHOLD).unwrap(), Some(newer));
    assert_eq!(phone.names(), ["written here"]);
}
