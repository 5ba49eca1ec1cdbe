//! Records: who may fetch and install them, and what they have to follow.

mod at_once;
mod installing;
mod keys;
mod refused;

use serde_bytes::ByteBuf;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::household::chunk::{CELL_BYTES, EpochKey};
use techo_protocol::household::epoch_record::{Author, DeviceList, EpochRecord, Head};
use techo_protocol::household::keyring_record::{KeyringRecord, Recipients};
use techo_protocol::household::recovery::RecoveryPublic;
use techo_protocol::household::sync_api::{
    Call, ChunkId, FOLLOWED_DAYS, MOST_CHUNKS, Mark, OLD_WORDS_DAYS, StreamId, SyncAnswer, SyncRequest, relay_key, stream_path,
};

use crate::client::{Answer, refused, request};
use crate::household::{Household, chunks, pull, push};
use crate::setting::{Running, Setting, eventually};

pub const DAY: i64 = 86_400;

/// What somebody wrote on paper.
pub struct Words {
    pub key: SigningKey,
    pub public: RecoveryPublic,
}

pub fn words(number: u8) -> Words {
    let key = SigningKey::from_seed(&[number; 32]);
    let public = RecoveryPublic {
        locator: [number; 16],
        signing: key.public(),
        sealing: HpkePrivate::from_seed(&[number; 32]).public(),
    };
    Words { key, public }
}

fn epoch_key(stream: StreamId, epoch: u32) -> EpochKey {
    // The first is the one that `Household` has.
    EpochKey([stream.0[0].wrapping_add(u8::try_from(epoch).unwrap() * 16); 32].into())
}

/// A household that has records, one an epoch unless said otherwise.
pub struct Home(pub Household);

impl Home {
    pub fn new(number: u8) -> Self {
        Self(Household::new(number))
    }

    pub fn opened(number: u8, relay: &Running) -> Self {
        Self(Household::opened(number, relay))
    }

    pub fn key(&self, epoch: u32) -> SigningKey {
        relay_key(&epoch_key(self.0.stream, epoch))
    }

    fn make(&self, head: Head, old: &SigningKey) -> EpochRecord {
        let key = epoch_key(self.0.stream, head.epoch);
        let author = SigningKey::from_seed(&[99; 32]);
        let random = SeededRandom::new(head.number);
        EpochRecord::make(head, &DeviceList::default(), &key, Author::Device(0, &author), old, &random).unwrap()
    }

    /// A record that follows none.
    pub fn first(&self, number: u64, epoch: u32, words: Option<&Words>) -> EpochRecord {
        let head = Head {
            stream: self.0.stream,
            number,
            epoch,
            previous: [0; 32],
            day: 19_000,
            relay_key: self.key(epoch).public(),
            recovery: words.map(|words| words.public),
        };
        self.make(head, &self.key(epoch))
    }

    /// The next, signed by `old` for the epoch before.
    pub fn signed_by(&self, old: &SigningKey, before: &EpochRecord, epoch: u32, words: Option<&Words>) -> EpochRecord {
        let head = Head {
            number: before.head.number + 1,
            epoch,
            previous: before.hash(),
            relay_key: self.key(epoch).public(),
            recovery: words.map(|words| words.public),
            ..before.head.clone()
        };
        self.make(head, old)
    }

    pub fn next(&self, before: &EpochRecord, epoch: u32, words: Option<&Words>) -> EpochRecord {
        self.signed_by(&self.key(before.head.epoch), before, epoch, words)
    }

    /// `count` records, an epoch each from 0; those before the last without their slots.
    pub fn chain(&self, count: u32, words: Option<&Words>) -> Vec<EpochRecord> {
        let mut chain = vec![self.first(1, 0, words)];
        for epoch in 1..count {
            let before = chain.pop().unwrap();
            let next = self.next(&before, epoch, words);
            chain.extend([before.without_slots(), next]);
        }
        chain
    }

    pub fn keyring(&self, number: u64) -> Vec<u8> {
        let devices = DeviceList::default();
        let to = Recipients {
            devices: &devices,
            recovery: None,
        };
        let author = SigningKey::from_seed(&[99; 32]);
        let random = SeededRandom::new(number);
        let keyring = KeyringRecord::make(self.0.stream, number, &[], &to, (0, &author), &random).unwrap();
        keyring.bytes().to_vec()
    }

    pub fn ask(&self, relay: &Running, epoch: u32, call: Call) -> Answer {
        self.ask_by(relay, &self.key(epoch), call)
    }

    pub fn ask_by(&self, relay: &Running, key: &SigningKey, call: Call) -> Answer {
        let stream = self.0.stream;
        self.0.send(relay, &SyncRequest { stream, call }.write(key))
    }

    pub fn call(&self, relay: &Running, epoch: u32, call: Call) -> SyncAnswer {
        read(&self.ask(relay, epoch, call))
    }
}

pub fn read(answer: &Answer) -> SyncAnswer {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    SyncAnswer::from_bytes(&answer.body).unwrap()
}

/// The first record of a household that has none.
pub fn record_of(home: &Household, epoch: u32) -> EpochRecord {
    let head = Head {
        stream: home.stream,
        number: 1,
        epoch,
        previous: [0; 32],
        day: 19_000,
        relay_key: home.key.public(),
        recovery: None,
    };
    let random = SeededRandom::new(1);
    let author = Author::Device(0, &home.key);
    EpochRecord::make(
        head,
        &DeviceList::default(),
        &epoch_key(home.stream, 0),
        author,
        &home.key,
        &random,
    )
    .unwrap()
}

/// An installation; `change` makes it another one.
pub fn install(records: &[EpochRecord], chunk: Vec<u8>, change: impl FnOnce(&mut Asked)) -> Call {
    let mut asked = Asked {
        record: None,
        keyring: None,
        cursor: 0,
        records: records.iter().map(EpochRecord::write).collect(),
        new_keyring: None,
        add: vec![chunk],
        remove: vec![],
    };
    change(&mut asked);
    Call::Install {
        record: asked.record,
        keyring: asked.keyring,
        cursor: asked.cursor,
        records: asked.records.into_iter().map(ByteBuf::from).collect(),
        new_keyring: asked.new_keyring.map(ByteBuf::from),
        add: asked.add.into_iter().map(ByteBuf::from).collect(),
        remove: asked.remove.into_iter().map(|id| ChunkId([id; 16])).collect(),
    }
}

pub struct Asked {
    pub record: Option<u64>,
    pub keyring: Option<u64>,
    pub cursor: u64,
    pub records: Vec<Vec<u8>>,
    pub new_keyring: Option<Vec<u8>>,
    pub add: Vec<Vec<u8>>,
    pub remove: Vec<u8>,
}

pub const ALL: Call = Call::Records { since: Some(0) };

fn installed(answer: &SyncAnswer) -> Vec<EpochRecord> {
    answer.records.iter().map(|bytes| EpochRecord::read(bytes).unwrap()).collect()
}

/// A household at epoch 2, with its three records, the chunk of its installation and a keyring numbered 7.
fn at_epoch_2(relay: &Running) -> (Home, Vec<EpochRecord>) {
    let home = Home::opened(1, relay);
    let chain = home.chain(3, None);
    let chunk = home.0.chunk_at(1, 2);
    let keyring = home.keyring(7);
    home.call(relay, 0, install(&chain, chunk, |asked| asked.new_keyring = Some(keyring)));
    (home, chain)
}
