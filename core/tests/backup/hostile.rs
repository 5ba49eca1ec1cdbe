//! Files that are none, were cut off or changed, or ask for too much.

use ciborium::{Value, cbor};
use proptest::prelude::*;
use techo_protocol::basics::passphrase;

use super::*;
use techo_core::ports::SeededRandom;

fn error(file: &[u8]) -> BackupError {
    match Backup::open(file, PASSPHRASE) {
        Err(BackupFailure::Backup(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// A file around these bytes, sealed as it should be.
fn sealed(plain: &[u8]) -> Vec<u8> {
    let sealed = passphrase::seal(plain, PASSPHRASE, Cost::TEST, &SeededRandom::new(1)).unwrap();
    [b"TBAK\x01", &sealed[..]].concat()
}

fn framed(cbor: &[u8]) -> Vec<u8> {
    let length = u32::try_from(cbor.len()).unwrap();
    sealed(&[&[1], &length.to_be_bytes()[..], cbor].concat())
}

fn of_value(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    framed(&bytes)
}

/// A backup with one document that holds these entries.
fn with_entries(entries: &[Value]) -> Vec<u8> {
    let value = cbor!({
        "made" => NOW,
        "documents" => [{ "name" => "s", "entries" => entries }],
        "records" => [],
    });
    of_value(&value.unwrap())
}

fn entry(key: &str) -> Value {
    Value::Array(vec![
        Value::Text(key.into()),
        Value::Text("n".into()),
        Value::Array(vec![Value::Integer(1.into()), Value::Bytes(vec![1; 16])]),
    ])
}

#[test]
fn opens_with_its_passphrase_only() {
    let file = Phone::at(NOW).backup();
    assert_eq!(Backup::open(&file, PASSPHRASE).unwrap().made(), NOW);
    for wrong in ["", "horse Battery", "horse battery "] {
        let failure = Backup::open(&file, wrong).unwrap_err();
        assert_eq!(failure, BackupError::WrongPassphrase.into(), "{wrong:?}");
    }
    let mut phone = Phone::at(NOW);
    let refused = write(phone.diary.vault(), "", Cost::TEST, NOW).unwrap_err();
    assert_eq!(refused, BackupError::NoPassphrase.into());
}

#[test]
fn every_changed_or_missing_byte_is_noticed() {
    let mut phone = Phone::at(NOW);
    phone.add_whole("Bar Yoru", 1);
    let file = phone.backup();
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(Backup::open(&changed, PASSPHRASE).is_err(), "byte {at}");
        assert!(Backup::open(&file[..at], PASSPHRASE).is_err(), "length {at}");
    }
    let longer = [&file[..], b"x"].concat();
    assert_eq!(error(&longer), BackupError::WrongPassphrase);
    let mut new = Phone::at(NOW);
    new.restore(&file);
    assert_eq!(new.listed(), ["Bar Yoru"], "the file itself opens");
}

#[test]
fn says_what_a_file_is_that_is_none_of_ours() {
    assert_eq!(error(b""), BackupError::Foreign);
    assert_eq!(error(b"TBA"), BackupError::Foreign);
    assert_eq!(error(b"{\"techo_diary\": 1}"), BackupError::Foreign);
    let file = Phone::at(NOW).backup();
    let mut newer = file.clone();
    newer[4] = 2;
    assert_eq!(error(&newer), BackupError::NewerVersion);
    // The seal's own version.
    let mut newer = file;
    newer[9] = 2;
    assert_eq!(error(&newer), BackupError::NewerVersion);
}

#[test]
fn a_version_cannot_be_written_over() {
    let mut plain = vec![2, 0, 0, 0, 0];
    assert_eq!(error(&sealed(&plain)), BackupError::Damaged);
    plain[0] = 1;
    assert_eq!(error(&sealed(&plain)), BackupError::Damaged);
}

#[test]
fn a_file_cannot_ask_for_much() {
    let file = Phone::at(NOW).backup();
    for (at, number) in [(10, 1_u32 << 19), (14, 13), (18, 5)] {
        let mut dear = file.clone();
        dear[at..at + 4].copy_from_slice(&number.to_be_bytes());
        assert_eq!(error(&dear), BackupError::Damaged, "at {at}");
    }
    assert_eq!(error(&vec![0; MOST_BYTES + 1]), BackupError::TooLarge);
}

#[test]
fn huge_declared_lengths_are_refused() {
    // The length in front.
    assert_eq!(error(&sealed(&[1, 0xff, 0xff, 0xff, 0xff, 0xa0])), BackupError::Damaged);
    let huge = [0xff; 8];
    // A map, a list, a text and a byte string that say they had 2^64 - 1 of whatever it is.
    for kind in [0xbb, 0x9b, 0x7b, 0x5b] {
        assert_eq!(error(&framed(&[&[kind][..], &huge].concat())), BackupError::Damaged);
        // And as what stands for the documents.
        let field = [b"\xa1\x69documents", &[kind][..], &huge].concat();
        assert_eq!(error(&framed(&field)), BackupError::Damaged);
    }
    // Lists in lists in lists.
    assert_eq!(error(&framed(&vec![0x81; 100_000])), BackupError::Damaged);
}

#[test]
fn entries_that_no_document_can_take_are_refused() {
    let one = "AAAAAAAAAAAAAAAAAAAAAA";
    assert!(Backup::open(&with_entries(&[entry(one), entry("s/keep")]), PASSPHRASE).is_ok());
    for keys in [&[one, one][..], &["s/keep", one], &[""], &["t/AAAA"]] {
        let entries: Vec<Value> = keys.iter().map(|key| entry(key)).collect();
        assert_eq!(error(&with_entries(&entries)), BackupError::Damaged, "{keys:?}");
    }
    let twice = cbor!({
        "made" => NOW,
        "documents" => [{ "name" => "s", "entries" => [] }, { "name" => "s", "entries" => [] }],
        "records" => [],
    });
    assert_eq!(error(&of_value(&twice.unwrap())), BackupError::Damaged);
}

#[test]
fn a_trust_list_that_is_none_is_passed_over() {
    let record = cbor!({ "kind" => "trust", "name" => Value::Bytes(vec![1; 16]), "content" => Value::Bytes(vec![1; 50]) });
    let value = cbor!({ "made" => NOW, "documents" => [], "records" => [record.unwrap()] });
    let mut phone = Phone::at(NOW);
    assert_eq!(phone.restore(&of_value(&value.unwrap())), Restored::default());
    assert_eq!(following::all(phone.diary.vault()).unwrap(), []);
}

#[test]
fn the_length_says_little() {
    let sizes: std::collections::BTreeSet<usize> = (0..12)
        .map(|visits| {
            let mut phone = Phone::at(NOW);
            for visit in 0..visits {
                phone.add_whole("Bar Yoru", visit);
            }
            let size = phone.backup().len() - 5 - 61;
            assert_eq!(techo_protocol::basics::padme::padme(size as u64), size as u64);
            size
        })
        .collect();
    assert!(sizes.len() > 1);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Backup::open(&bytes, PASSPHRASE);
        prop_assert!(Backup::open(&sealed(&bytes), PASSPHRASE).is_err());
        prop_assert!(Backup::open(&framed(&bytes), PASSPHRASE).is_err());
    }
}
