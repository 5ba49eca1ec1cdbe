//! The stored form of everything that sync keeps, held to bytes that were written when it was released: a layout that changes unnoticed would
//! cost every device its household. A change on purpose raises the version, keeps these files as they are, and adds new ones beside them.

use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::basics::agreement::AgreementPublic;
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::body::{Subject, VectorEntry};
use techo_protocol::household::chunk::EpochKey;
use techo_protocol::household::epoch_record::{Device, DeviceList, Removed};
use techo_protocol::household::recovery::RecoveryPublic;
use techo_protocol::household::sync_api::{Mark, StreamId};

use crate::ports::SeededRandom;
use crate::sync::cbor::{from_cbor, to_cbor};
use crate::sync::document_log::{DocumentLog, LogEntry, Waiting};
use crate::sync::household::{
    FormerAccount, Heard, HeldKeyring, Household, KnownKey, OwnHpke, Peer, Proposal, RelayFault, RelayState,
};

fn person() -> Subject {
    Subject::Person([0x50; 16])
}

fn device(index: u8) -> Device {
    Device {
        index,
        key: PublicKey([0x10 + index; 32]),
        agreement: AgreementPublic([0x20 + index; 32]),
        hpke: [0x30 + index; 32],
        name: format!("device {index}"),
        since: 1_000 + u64::from(index),
        by_words: index == 1,
    }
}

/// A household in which no field has the value that an empty one has.
fn a_household() -> Household {
    let mut household = Household::new("phone", 20_000, &SeededRandom::new(1)).unwrap();
    household.stream = StreamId([0x01; 16]);
    household.index = 3;
    household.own.seed = [0x02; 32].into();
    household.list = DeviceList {
        devices: vec![device(1), device(3)],
        removed: vec![Removed {
            index: 2,
            key: PublicKey([0x03; 32]),
            last: 77,
            after: [0x04; 32],
            day: 19_999,
        }],
    };
    household.epochs.record = ByteBuf::from(vec![0x05; 9]);
    household.epochs.replaced = vec![ByteBuf::from(vec![0x06; 5]), ByteBuf::from(vec![0x07; 6])];
    household.epochs.keys = [(4, 0x08), (5, 0x09)]
        .map(|(epoch, byte)| (epoch, EpochKey([byte; 32].into())))
        .to_vec();
    household.own.hpke = vec![
        OwnHpke {
            secret: [0x0a; 32].into(),
            said: None,
        },
        OwnHpke {
            secret: [0x0b; 32].into(),
            said: Some(12),
        },
    ];
    household.documents.keyring = HeldKeyring {
        record: Some(ByteBuf::from(vec![0x0c; 7])),
        number: 21,
        named: vec![(Subject::Week(2_900), 1, ByteArray::new([0x0d; 8]))],
        sealed_to: vec![(1, ByteArray::new([0x0e; 32]))],
    };
    household.documents.known = vec![KnownKey {
        subject: Subject::Settings,
        generation: 2,
        begins_empty: true,
        key: [0x0f; 32].into(),
    }];
    household.log.number = 300;
    household.log.chain = [0x11; 32];
    household.log.written = vec![ByteArray::new([0x12; 8])];
    household.log.of_predecessor = 13;
    household.peers.heard = vec![Heard {
        device: 1,
        highest: 40,
        after: [0x13; 32],
    }];
    household.peers.said = vec![Peer {
        device: 1,
        number: 39,
        hpke: ByteArray::new([0x14; 32]),
        keyring: 20,
        day: 19_998,
        seen_of_me: 299,
    }];
    household.peers.vector.take(&[VectorEntry {
        device: 1,
        seen: 40,
        at_relay: 38,
        gone: 30,
    }]);
    household.peers.vector.met_at_relay(1, 37);
    household.peers.vector.changed(&[(1, 40)], 3);
    household.relay = Some(RelayState {
        address: "https://relay.example".into(),
        generation: [0x15; 16],
        opening: [0x16; 16],
        cursor: 512,
        last_swap: 8,
        swept_at: 256,
        record: Some(Mark {
            number: 6,
            hash: [0x17; 32],
        }),
        keyring: Some(Mark {
            number: 21,
            hash: [0x18; 32],
        }),
    });
    household.at_relay.sweep = vec![ByteArray::new([0x19; 16])];
    household.at_relay.passed = vec![ByteArray::new([0x1a; 16])];
    household.proposals = vec![
        Proposal::Rename(1, "tablet".into()),
        Proposal::Remove(2, PublicKey([0x1b; 32])),
        Proposal::Words(RecoveryPublic {
            locator: [0x1c; 16],
            signing: PublicKey([0x1d; 32]),
            sealing: [0x1e; 32],
        }),
        Proposal::Rotate(5),
        Proposal::Admit(device(4)),
    ];
    household.former = Some(FormerAccount {
        address: "https://old.example".into(),
        stream: StreamId([0x1f; 16]),
        opening: [0x20; 16],
        epoch_key: [0x21; 32].into(),
    });
    household.relay_fault = Some(RelayFault::Withholds);
    household.at_relay.unreported_fault = Some(RelayFault::RolledBack);
    household.due.heartbeat = true;
    household.due.rekey = true;
    household.log.was_copied = true;
    household.due.heartbeat_day = 19_997;
    household.documents.destroyed = vec![Subject::Week(2_880)];
    household.documents.drop_due = true;
    household.log.last_deletion = Some(250);
    household.locked_out = true;
    household
}

fn a_line() -> DocumentLog {
    DocumentLog {
        generation: 3,
        begins_empty: true,
        key: [0x41; 32].into(),
        vault_generation: 4,
        due: true,
        deletes: true,
        absorbed: vec![(1, 35)],
        entries: vec![LogEntry {
            device: 1,
            number: 36,
            chain: ByteArray::new([0x42; 32]),
            after: ByteArray::new([0x43; 32]),
            at_relay: true,
            spent: true,
            chunk: ByteBuf::from(vec![0x44; 11]),
        }],
        removable: vec![ByteArray::new([0x45; 16])],
    }
}

fn what_waits() -> Vec<Waiting> {
    vec![
        Waiting {
            identity: None,
            lineage: None,
            chunk: ByteBuf::from(vec![0x46; 4]),
        },
        Waiting {
            identity: Some((1, 41)),
            lineage: Some((person(), 5, ByteArray::new([0x47; 8]))),
            chunk: ByteBuf::from(vec![0x48; 3]),
        },
    ]
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/sync-v2/{name}.cbor", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn what_is_stored_is_byte_for_byte_what_was_released() {
    assert_eq!(a_household().to_bytes(), fixture("household"));
    assert_eq!(to_cbor(&a_line()), fixture("line"));
    assert_eq!(to_cbor(&what_waits()), fixture("waiting"));
}

#[test]
fn what_was_released_is_read() {
    assert!(Household::from_bytes(&fixture("household")).unwrap() == a_household());
    assert!(from_cbor::<DocumentLog>(&fixture("line")).unwrap() == a_line());
    assert!(from_cbor::<Vec<Waiting>>(&fixture("waiting")).unwrap() == what_waits());
}
