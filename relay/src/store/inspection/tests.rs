use super::*;
use crate::store::testing::{Database, each_kind};
use crate::store::{StreamWrite, UNLISTED_SECONDS};
use techo_protocol::basics::keys::{SigningKey, sha256};
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::household::chunk::{CELL_BYTES, EpochKey, Padding};
use techo_protocol::household::epoch_record::{Author, DeviceList, Head};
use techo_protocol::household::keyring_record::Recipients;
use techo_protocol::household::sync_api::{ChunkId, relay_key};
use techo_protocol::trust::AuthorityId;

use crate::store::account::{Chunk, Install};

const HOME: StreamId = StreamId([1; 16]);

fn chunk(id: u8, epoch: u32) -> Chunk {
    let envelope = Envelope {
        stream: HOME.0,
        chunk_id: [id; 16],
        epoch,
    };
    let random = SeededRandom::new(id.into());
    let bytes = envelope.seal(&[7; CELL_BYTES - 4], Padding::Cells, &EpochKey([1; 32].into()), &random);
    Chunk {
        id: ChunkId([id; 16]),
        bytes: bytes.unwrap(),
    }
}

/// A household with two records, a keyring and two chunks, and an authority with a list.
pub fn fill(store: &dyn Store) {
    let key = |epoch: u8| EpochKey([epoch; 32].into());
    let author = SigningKey::from_seed(&[9; 32]);
    let random = SeededRandom::new(1);
    let mut records: Vec<EpochRecord> = Vec::new();
    for (number, epoch) in [(1, 0), (2, 1)] {
        let head = Head {
            stream: HOME,
            number,
            epoch: epoch.into(),
            previous: records.last().map_or([0; 32], EpochRecord::hash),
            day: 1,
            relay_key: relay_key(&key(epoch)).public(),
            recovery: None,
        };
        let old = relay_key(&key(epoch.saturating_sub(1)));
        let author = Author::Device(0, &author);
        let made = EpochRecord::make(head, &DeviceList::default(), &key(epoch), author, &old, &random).unwrap();
        records = records.iter().map(EpochRecord::without_slots).chain([made]).collect();
    }
    let devices = DeviceList::default();
    let to = Recipients {
        devices: &devices,
        recovery: None,
    };
    let keyring = KeyringRecord::make(HOME, 7, &[], &to, (0, &author), &random).unwrap();
    let open = StreamWrite::Open {
        stream: HOME,
        key: relay_key(&key(0)).public(),
        opening: [3; 16],
        day: 5,
    };
    let install = Install {
        stream: HOME,
        record: None,
        keyring: None,
        cursor: 0,
        records,
        new_keyring: Some(keyring),
        epoch: 1,
        add: vec![chunk(1, 1), chunk(2, 1)],
        remove: vec![],
        most: u64::MAX,
        day: 5,
    };
    assert!(install.are_a_chain());
    let written = store.write_streams(&[open, StreamWrite::Install(Box::new(install))]).unwrap();
    assert!(written.iter().all(Result::is_ok), "{written:?}");
    store
        .put_segment(AuthorityId([1; 16]), &sha256(b"segment"), b"segment", UNLISTED_SECONDS, 1_000)
        .unwrap();
}

fn faults(store: &dyn Store) -> (Inspected, Vec<&'static str>) {
    let mut found = Vec::new();
    let inspected = inspect(store, &mut |fault| found.push(techo_protocol::Coded::code(fault))).unwrap();
    assert_eq!(inspected.faults, found.len() as u64);
    (inspected, found)
}

#[test]
fn a_whole_store_has_no_faults() {
    each_kind(|database| {
        let store = database.open();
        assert_eq!(faults(&*store), (Inspected::default(), vec![]));
        fill(&*store);
        let whole = Inspected {
            accounts: 1,
            chunks: 2,
            records: 2,
            segments: 1,
            faults: 0,
        };
        assert_eq!(faults(&*store), (whole, vec![]));
        let delete = StreamWrite::Delete {
            stream: HOME,
            opening: [3; 16],
            cursor: 2,
            day: 6,
        };
        store.write_streams(&[delete]).unwrap()[0].unwrap();
        assert_eq!(faults(&*store), (whole, vec![]), "deleted ones too");
    });
}

#[test]
fn each_fault_is_found_and_no_other() {
    let cases = [
        ("UPDATE accounts SET bytes = bytes + 1", vec!["relay_fault.bytes"]),
        ("UPDATE accounts SET cursor = 1", vec!["relay_fault.cursor"]),
        ("DELETE FROM records WHERE number = 2", vec!["relay_fault.record"]),
        (
            "UPDATE records SET content = HEX00 WHERE number = 1",
            vec!["relay_fault.record"],
        ),
        (
            "UPDATE records SET replaced_day = 5",
            vec!["relay_fault.record", "relay_fault.record"],
        ),
        ("DELETE FROM keyrings", vec!["relay_fault.keyring"]),
        ("UPDATE accounts SET keyring_number = 8", vec!["relay_fault.keyring"]),
        ("UPDATE accounts SET record_number = 8", vec!["relay_fault.record"]),
        ("DELETE FROM segment_parts", vec!["relay_fault.segment"]),
        ("UPDATE segments SET bytes = 3", vec!["relay_fault.segment"]),
        ("DELETE FROM accounts", vec!["relay_fault.database"; 4]),
    ];
    for (damage, expected) in cases {
        each_kind(|database| {
            fill(&*database.open());
            database.run(damage);
            let (_, mut found) = faults(&*database.open());
            let mut expected = expected.clone();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{damage}");
        });
    }
}

#[test]
fn a_damaged_chunk_is_found() {
    each_kind(|database| {
        fill(&*database.open());
        let (damage, mut expected) = match database {
            // Its length stands in two places there.
            Database::Sqlite(_) => (
                "UPDATE pieces SET content = HEX00 WHERE place = (SELECT place FROM chunks WHERE number = 1)",
                vec!["relay_fault.database", "relay_fault.chunk", "relay_fault.bytes"],
            ),
            Database::Postgres(_) => (
                "UPDATE chunks SET content = HEX00 WHERE number = 1",
                vec!["relay_fault.chunk", "relay_fault.bytes"],
            ),
        };
        database.run(damage);
        let (_, mut found) = faults(&*database.open());
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    });
}

#[test]
fn a_record_of_another_chain_is_found() {
    each_kind(|database: &Database| {
        fill(&*database.open());
        // The same household made another first record: the second does not follow that one.
        let key = EpochKey([0; 32].into());
        let author = SigningKey::from_seed(&[8; 32]);
        let head = Head {
            stream: HOME,
            number: 1,
            epoch: 0,
            previous: [0; 32],
            day: 2,
            relay_key: relay_key(&key).public(),
            recovery: None,
        };
        let old = relay_key(&key);
        let random = SeededRandom::new(5);
        let other = EpochRecord::make(head, &DeviceList::default(), &key, Author::Device(0, &author), &old, &random).unwrap();
        database.run(&format!(
            "UPDATE records SET content = HEX{} WHERE number = 1",
            hex::encode(other.without_slots().write())
        ));
        assert_eq!(faults(&*database.open()).1, ["relay_fault.chain"]);
    });
}
