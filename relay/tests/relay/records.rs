//! Records: who may fetch and install them, and what they have to follow.

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
    EpochKey([stream.0[0].wrapping_add(u8::try_from(epoch).unwrap() * 16); 32])
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

#[test]
fn records_are_installed_and_given() {
    let relay = Setting::with(&[]).start();
    let home = Home::opened(1, &relay);
    let empty = home.call(&relay, 0, ALL);
    assert_eq!(
        (empty.records.len(), empty.record, empty.keyring_record, empty.keyring),
        (0, None, None, None)
    );
    let chain = home.chain(3, None);
    let chunk = home.0.chunk_at(1, 2);
    let keyring = home.keyring(7);
    let answer = home.call(
        &relay,
        0,
        install(&chain, chunk.clone(), |asked| asked.new_keyring = Some(home.keyring(7))),
    );
    assert_eq!((answer.epoch, answer.cursor, answer.last_swap), (2, 1, 0));
    assert_eq!(answer.record, Some(chain[2].mark()));

    // Who signs with the new key is told by every answer what is there.
    let pulled = home.call(&relay, 2, pull(0));
    assert_eq!(chunks(&pulled), [chunk]);
    assert_eq!(pulled.record, Some(chain[2].mark()));
    assert_eq!(pulled.keyring.map(|mark: Mark| mark.number), Some(7));
    let all = home.call(&relay, 2, ALL);
    assert_eq!(installed(&all), chain, "those before without slots, the last whole");
    assert_eq!(all.keyring_record.map(ByteBuf::into_vec), Some(keyring));
    assert_eq!(installed(&home.call(&relay, 2, Call::Records { since: Some(2) })), chain[2..]);
    assert_eq!(installed(&home.call(&relay, 2, Call::Records { since: None })), chain[2..]);
    for beyond in [3, u64::MAX] {
        let none = home.call(&relay, 2, Call::Records { since: Some(beyond) });
        assert_eq!((none.records.len(), none.record), (0, Some(chain[2].mark())));
    }
    // One more, which replaces the present one.
    let next = home.next(&chain[2], 2, None);
    let chunk = home.0.chunk_at(2, 2);
    let call = install(std::slice::from_ref(&next), chunk, |asked| {
        (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
    });
    home.call(&relay, 2, call);
    let expected = vec![chain[0].clone(), chain[1].clone(), chain[2].without_slots(), next];
    assert_eq!(installed(&home.call(&relay, 2, ALL)), expected);
}

#[test]
fn an_installation_is_made_at_what_is_there_or_not_at_all() {
    let relay = Setting::with(&[]).start();
    let (home, chain) = at_epoch_2(&relay);
    let next = home.next(&chain[2], 3, None);
    let before = home.call(&relay, 2, ALL);
    let attempt = |record, keyring, cursor| {
        let call = install(std::slice::from_ref(&next), home.0.chunk_at(9, 3), |asked| {
            (asked.record, asked.keyring, asked.cursor) = (record, keyring, cursor);
            asked.new_keyring = Some(home.keyring(8));
            asked.remove = vec![1];
        });
        home.ask(&relay, 2, call)
    };
    for (record, keyring, cursor, code) in [
        (Some(2), Some(7), 1, "sync.record_replaced"),
        (Some(4), Some(7), 1, "sync.record_replaced"),
        (None, Some(7), 1, "sync.record_replaced"),
        (Some(3), Some(6), 1, "sync.record_replaced"),
        (Some(3), None, 1, "sync.record_replaced"),
        (Some(3), Some(7), 0, "sync.came_since"),
        (Some(3), Some(7), 2, "sync.came_since"),
    ] {
        assert_eq!(
            attempt(record, keyring, cursor).problem(),
            refused(409, code),
            "{record:?} {keyring:?} {cursor}"
        );
    }
    assert_eq!(home.call(&relay, 2, ALL), before);
    assert_eq!(chunks(&home.call(&relay, 2, pull(0))), [home.0.chunk_at(1, 2)]);
    let after = read(&attempt(Some(3), Some(7), 1));
    assert_eq!(
        (after.epoch, after.cursor, after.last_swap),
        (3, 2, 1),
        "what was removed makes it a swap"
    );
    // The same again, word by word.
    assert_eq!(attempt(Some(3), Some(7), 1).problem(), refused(409, "sync.epoch_behind"));
}

#[test]
fn records_that_do_not_follow_are_refused() {
    let relay = Setting::with(&[]).start();
    let (home, chain) = at_epoch_2(&relay);
    let other = Home::new(2);
    let good = home.next(&chain[2], 3, None);
    let after_good = home.next(&good, 4, None);
    let branch = home.next(&home.next(&chain[1], 2, Some(&words(9))), 3, None);
    let foreign = other.first(1, 0, None);
    let mut damaged = good.write();
    let end = damaged.len() - 1;
    damaged[end] ^= 1;
    let cases: [(&str, Vec<Vec<u8>>); 10] = [
        (
            "signed by a stranger",
            vec![home.signed_by(&words(8).key, &chain[2], 3, None).write()],
        ),
        (
            "signed by the key before the present one",
            vec![home.signed_by(&home.key(1), &chain[2], 3, None).write()],
        ),
        ("of another branch", vec![branch.write()]),
        ("a gap", vec![after_good.write()]),
        ("the wrong order", vec![after_good.without_slots().write(), good.write()]),
        ("an epoch left out", vec![home.next(&chain[2], 4, None).write()]),
        ("of another household", vec![foreign.write()]),
        ("the last without its slots", vec![good.without_slots().write()]),
        ("one before the last with its slots", vec![good.write(), after_good.write()]),
        ("damaged", vec![damaged]),
    ];
    for (what, records) in cases {
        let epoch = EpochRecord::read(records.last().unwrap()).unwrap().head.epoch;
        let call = install(&[], home.0.chunk_at(9, epoch), |asked| {
            (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
            asked.records = records;
        });
        assert_eq!(
            home.ask(&relay, 2, call).problem(),
            refused(422, "sync.record_refused"),
            "{what}"
        );
    }
    let garbage = install(&[], home.0.chunk_at(9, 2), |asked| {
        (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
        asked.records = vec![b"TEPR".to_vec()];
    });
    assert_eq!(home.ask(&relay, 2, garbage).problem(), refused(422, "sync.record_refused"));
    assert_eq!(installed(&home.call(&relay, 2, ALL)), chain, "nothing was changed");
    let both = install(&[good.without_slots(), after_good], home.0.chunk_at(9, 4), |asked| {
        (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
    });
    assert_eq!(home.call(&relay, 2, both).epoch, 4);
}

#[test]
fn nobody_installs_a_foreign_chain() {
    let relay = Setting::with(&[]).start();
    let home = Home::opened(1, &relay);
    // Another household's key under this stream: the chain is whole, and the account's key is nowhere in it.
    let strange = home.first(1, 5, None);
    let next = home.next(&strange, 6, None);
    let call = install(&[strange.without_slots(), next], home.0.chunk_at(1, 6), |_| {});
    assert_eq!(home.ask(&relay, 0, call).problem(), refused(422, "sync.record_refused"));
    assert_eq!(home.call(&relay, 0, ALL).record, None);
}

#[test]
fn what_an_installation_adds_is_of_its_epoch_and_there_is_some() {
    let relay = Setting::with(&[]).start();
    let (home, chain) = at_epoch_2(&relay);
    let next = home.next(&chain[2], 3, None);
    let at = |asked: &mut Asked| (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
    let old_epoch = install(std::slice::from_ref(&next), home.0.chunk_at(9, 2), at);
    assert_eq!(home.ask(&relay, 2, old_epoch).problem(), refused(422, "sync.chunk_refused"));
    let ahead = install(&[], home.0.chunk_at(9, 3), at);
    assert_eq!(home.ask(&relay, 2, ahead).problem(), refused(409, "sync.epoch_ahead"));
    let nothing = install(std::slice::from_ref(&next), vec![], |asked| {
        at(asked);
        asked.add.clear();
    });
    assert_eq!(home.ask(&relay, 2, nothing).problem(), refused(400, "sync.not_a_request"));
    let itself = install(std::slice::from_ref(&next), home.0.chunk_at(9, 3), |asked| {
        at(asked);
        asked.remove = vec![9];
    });
    assert_eq!(home.ask(&relay, 2, itself).problem(), refused(400, "sync.not_a_request"));
    let many = install(&[], home.0.chunk_at(9, 2), |asked| {
        at(asked);
        asked.records = vec![next.write(); 129];
    });
    assert_eq!(home.ask(&relay, 2, many).problem(), refused(400, "sync.not_a_request"));
    let too_many_chunks = install(std::slice::from_ref(&next), vec![], |asked| {
        at(asked);
        asked.add = vec![home.0.chunk_at(9, 3); MOST_CHUNKS + 1];
    });
    assert_eq!(
        home.ask(&relay, 2, too_many_chunks).problem(),
        refused(422, "sync.chunk_refused")
    );
    assert_eq!(home.call(&relay, 2, pull(0)).cursor, 1);
    // A keyring alone: a deletion changes no epoch.
    let keyring = install(&[], home.0.chunk_at(9, 2), |asked| {
        at(asked);
        asked.new_keyring = Some(home.keyring(8));
    });
    let answer = home.call(&relay, 2, keyring);
    assert_eq!((answer.epoch, answer.last_swap), (2, 0), "nothing was removed");
    assert_eq!(answer.keyring.map(|mark| mark.number), Some(8));
    assert_eq!(answer.record, Some(chain[2].mark()));
}

#[test]
fn a_keyring_is_above_the_one_before() {
    let relay = Setting::with(&[]).start();
    let (home, _) = at_epoch_2(&relay);
    let other = Home::new(2);
    for keyring in [
        home.keyring(7),
        home.keyring(3),
        other.keyring(8),
        home.keyring(u64::MAX),
        b"TKYR".to_vec(),
    ] {
        let call = install(&[], home.0.chunk_at(9, 2), |asked| {
            (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
            asked.new_keyring = Some(keyring);
        });
        assert_eq!(home.ask(&relay, 2, call).problem(), refused(422, "sync.record_refused"));
    }
    let fresh = Home::opened(3, &relay);
    let highest = install(&fresh.chain(1, None), fresh.0.chunk_at(1, 0), |asked| {
        asked.new_keyring = Some(fresh.keyring(u64::MAX));
    });
    assert_eq!(fresh.ask(&relay, 0, highest).problem(), refused(422, "sync.record_refused"));
}

#[test]
fn an_old_key_fetches_the_records_and_nothing_else() {
    let relay = Setting::with(&[]).start();
    let (home, chain) = at_epoch_2(&relay);
    for epoch in [0, 1] {
        assert_eq!(installed(&home.call(&relay, epoch, ALL)), chain);
        for call in [
            pull(0),
            push(&[home.0.chunk_at(9, 2)]),
            Call::Inventory,
            Call::Delete {
                opening: [0; 16],
                cursor: 0,
            },
            Call::OpenMailbox { mailbox: [1; 16] },
            Call::Open {
                key: home.key(epoch).public(),
            },
            install(&[home.next(&chain[2], 3, None)], home.0.chunk_at(9, 3), |asked| {
                asked.record = Some(3);
            }),
        ] {
            assert_eq!(home.ask(&relay, epoch, call).problem(), refused(409, "sync.epoch_behind"));
        }
    }
    let stranger = Home::new(7);
    let open = Call::Open {
        key: stranger.key(0).public(),
    };
    assert_eq!(
        home.ask_by(&relay, &stranger.key(0), open).problem(),
        refused(409, "sync.other_key")
    );
    assert_eq!(
        home.ask_by(&relay, &stranger.key(0), ALL).problem(),
        refused(403, "sync.not_signed")
    );
    home.call(
        &relay,
        2,
        Call::Open {
            key: home.key(2).public(),
        },
    );
    relay.wait(FOLLOWED_DAYS * DAY);
    assert_eq!(home.ask(&relay, 0, ALL).status, 200);
    relay.wait(DAY);
    assert_eq!(home.ask(&relay, 0, ALL).problem(), refused(403, "sync.not_signed"));
}

#[test]
fn what_was_replaced_is_forgotten_in_time() {
    let setting = Setting::with(&[]).limits(|limits| {
        limits.forget_every = std::time::Duration::from_millis(20);
        limits.unread_days = 10_000;
    });
    let relay = setting.start();
    let home = Home::opened(1, &relay);
    let (old, new) = (words(5), words(6));
    let first = home.first(1, 0, Some(&old));
    home.call(&relay, 0, install(std::slice::from_ref(&first), home.0.chunk(1), |_| {}));
    let next = home.next(&first, 1, Some(&new));
    let call = install(std::slice::from_ref(&next), home.0.chunk_at(2, 1), |asked| {
        (asked.record, asked.cursor) = (Some(1), 1);
    });
    home.call(&relay, 0, call);
    let store = setting.store();
    let held = || {
        let keys = store.keys(home.0.stream).unwrap();
        let records = store.records(home.0.stream, Some(0)).unwrap().unwrap().records;
        (records.len(), keys.old.len(), keys.words.len())
    };
    assert_eq!(held(), (2, 1, 2));
    relay.wait(OLD_WORDS_DAYS * DAY);
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(held(), (2, 1, 2));
    relay.wait(DAY);
    eventually("old words are forgotten", || held() == (2, 1, 1));
    relay.wait((FOLLOWED_DAYS - OLD_WORDS_DAYS - 1) * DAY);
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(held(), (2, 1, 1));
    relay.wait(DAY);
    eventually("old keys and records are forgotten", || held() == (1, 0, 1));
    assert_eq!(installed(&home.call(&relay, 1, ALL)), [next]);
}

#[test]
fn recovery_words_fetch_and_install_and_do_nothing_else() {
    let relay = Setting::with(&[]).start();
    let home = Home::opened(1, &relay);
    let (mine, hostile) = (words(5), words(6));
    let first = home.first(1, 0, Some(&mine));
    home.call(&relay, 0, install(std::slice::from_ref(&first), home.0.chunk(1), |_| {}));
    assert_eq!(
        installed(&read(&home.ask_by(&relay, &mine.key, ALL))),
        std::slice::from_ref(&first)
    );
    for call in [
        pull(0),
        push(&[home.0.chunk(9)]),
        Call::Inventory,
        Call::Delete {
            opening: [0; 16],
            cursor: 0,
        },
        Call::OpenMailbox { mailbox: [1; 16] },
    ] {
        assert_eq!(
            home.ask_by(&relay, &mine.key, call).problem(),
            refused(403, "sync.not_signed")
        );
    }
    assert_eq!(
        home.ask_by(&relay, &hostile.key, ALL).problem(),
        refused(403, "sync.not_signed")
    );

    // A device goes astray and puts its own words in the place of these.
    let astray = home.next(&first, 1, Some(&hostile));
    let call = install(std::slice::from_ref(&astray), home.0.chunk_at(2, 1), |asked| {
        (asked.record, asked.cursor) = (Some(1), 1);
    });
    home.call(&relay, 0, call);
    let over = home.signed_by(&mine.key, &astray, 2, Some(&mine));
    let override_it = || {
        install(std::slice::from_ref(&over), home.0.chunk_at(3, 2), |asked| {
            (asked.record, asked.cursor) = (Some(2), 2);
        })
    };
    relay.wait((OLD_WORDS_DAYS + 1) * DAY);
    assert_eq!(
        home.ask_by(&relay, &mine.key, override_it()).problem(),
        refused(403, "sync.not_signed")
    );
    assert_eq!(
        home.ask(&relay, 1, override_it()).problem(),
        refused(422, "sync.record_refused")
    );
    relay.wait(-DAY);
    assert_eq!(read(&home.ask_by(&relay, &mine.key, override_it())).epoch, 2);
    assert_eq!(home.ask(&relay, 1, pull(0)).problem(), refused(409, "sync.epoch_behind"));
    assert_eq!(home.call(&relay, 2, pull(0)).cursor, 3);
}

#[test]
fn a_wiped_relay_is_brought_forward() {
    let relay = Setting::with(&[]).start();
    let home = Home::opened(1, &relay);
    let chain = home.chain(6, None);
    // A device that was away opens the account and installs what it knows: its record of epoch 3 was whole then.
    let [body_0, body_1, body_2, third, body_4, record_5] = &chain[..] else {
        panic!("six")
    };
    let whole_3 = home.next(&home.next(&home.next(&home.first(1, 0, None), 1, None), 2, None), 3, None);
    assert_eq!(whole_3.without_slots(), third.without_slots());
    let filled = install(
        &[body_0.clone(), body_1.clone(), body_2.clone(), whole_3],
        home.0.chunk_at(1, 3),
        |_| {},
    );
    home.call(&relay, 0, filled);
    // One that is at epoch 5 signs with the key that the account has.
    let forward = install(&[body_4.clone(), record_5.clone()], home.0.chunk_at(2, 5), |asked| {
        (asked.record, asked.cursor) = (Some(4), 1);
    });
    assert_eq!(home.call(&relay, 3, forward).epoch, 5);
    // The one that was away learns exactly what it lacks.
    assert_eq!(home.ask(&relay, 3, pull(0)).problem(), refused(409, "sync.epoch_behind"));
    let lacking = home.call(&relay, 3, Call::Records { since: Some(4) });
    assert_eq!(installed(&lacking), [body_4.clone(), record_5.clone()]);

    // Opened with the newest key, the chain tells the old ones all the same.
    let home = Home::new(4);
    let chain = home.chain(3, None);
    let open = Call::Open {
        key: home.key(2).public(),
    };
    assert_eq!(home.ask(&relay, 2, open).status, 200);
    assert_eq!(home.ask(&relay, 0, ALL).problem(), refused(403, "sync.not_signed"));
    home.call(&relay, 2, install(&chain, home.0.chunk_at(1, 2), |_| {}));
    assert_eq!(installed(&home.call(&relay, 0, ALL)), chain);
}

#[test]
fn an_installation_is_measured_by_its_result() {
    let relay = Setting::with(&[])
        .limits(|limits| limits.stream_bytes_per_account = 2 * 617)
        .start();
    let home = Home::opened(1, &relay);
    home.0.call(&relay, push(&[home.0.chunk(1), home.0.chunk(2)]));
    let chain = home.chain(1, None);
    let attempt = |remove: &[u8]| {
        let call = install(&chain, home.0.chunk(3), |asked| {
            asked.cursor = 2;
            asked.remove = remove.to_vec();
        });
        home.ask(&relay, 0, call)
    };
    assert_eq!(attempt(&[9]).problem(), refused(507, "sync.account_full"));
    assert_eq!(home.call(&relay, 0, ALL).record, None, "all or nothing");
    assert_eq!(read(&attempt(&[1, 9])).last_swap, 1);
    assert_eq!(chunks(&home.call(&relay, 0, pull(0))), [home.0.chunk(2), home.0.chunk(3)]);
}

#[test]
fn who_waits_is_woken_by_an_installation() {
    let relay = Setting::with(&[]).start();
    let (home, chain) = at_epoch_2(&relay);
    let begin = |epoch: u32| {
        let stream = home.0.stream;
        let call = Call::Pull { cursor: 1, wait: 55 };
        let file = SyncRequest { stream, call }.write(&home.key(epoch));
        let mut wire = crate::client::Wire::open(relay.address());
        wire.head("POST", &stream_path(stream), &[("Content-Length", &file.len().to_string())]);
        wire.send(&file);
        wire
    };
    let mut waiting = begin(2);
    crate::syncing::is_waiting(&relay, 1);
    let keyring = install(&[], home.0.chunk_at(2, 2), |asked| {
        (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(7), 1);
        asked.new_keyring = Some(home.keyring(8));
    });
    home.call(&relay, 2, keyring);
    let woken = read(&waiting.answer("POST").unwrap());
    assert_eq!(
        (chunks(&woken), woken.keyring.map(|mark| mark.number)),
        (vec![home.0.chunk_at(2, 2)], Some(8))
    );

    let stream = home.0.stream;
    let call = Call::Pull { cursor: 2, wait: 55 };
    let file = SyncRequest { stream, call }.write(&home.key(2));
    let mut removed = crate::client::Wire::open(relay.address());
    removed.head("POST", &stream_path(stream), &[("Content-Length", &file.len().to_string())]);
    removed.send(&file);
    crate::syncing::is_waiting(&relay, 1);
    let next = install(&[home.next(&chain[2], 3, None)], home.0.chunk_at(3, 3), |asked| {
        (asked.record, asked.keyring, asked.cursor) = (Some(3), Some(8), 2);
    });
    home.call(&relay, 2, next);
    let told = removed.answer("POST").unwrap();
    assert_eq!(
        told.problem(),
        refused(409, "sync.epoch_behind"),
        "whoever was removed while waiting gets nothing"
    );
}

#[test]
fn of_two_that_install_at_once_one_wins() {
    let relay = Setting::with(&[]).start();
    for round in 0..8_u8 {
        let home = Home::opened(20 + round, &relay);
        let chain = home.chain(1, None);
        home.call(&relay, 0, install(&chain, home.0.chunk(1), |_| {}));
        let rivals: Vec<(EpochRecord, u8)> = (2..6).map(|id| (home.next(&chain[0], 1, Some(&words(id))), id)).collect();
        let statuses: Vec<Answer> = std::thread::scope(|scope| {
            let threads: Vec<_> = rivals
                .iter()
                .map(|(record, id)| {
                    let call = install(std::slice::from_ref(record), home.0.chunk_at(*id, 1), |asked| {
                        (asked.record, asked.cursor) = (Some(1), 1);
                    });
                    let (home, relay) = (&home, &relay);
                    scope.spawn(move || home.ask(relay, 0, call))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winners: Vec<usize> = (0..rivals.len()).filter(|&at| statuses[at].status == 200).collect();
        let [winner] = winners[..] else {
            panic!("one wins: {winners:?}")
        };
        for loser in statuses.iter().filter(|answer| answer.status != 200) {
            let (status, code) = loser.problem();
            assert!(
                status == 409 && ["sync.record_replaced", "sync.epoch_behind"].contains(&code.as_str()),
                "{status} {code}"
            );
        }
        let held = home.call(&relay, 1, ALL);
        assert_eq!(held.record, Some(rivals[winner].0.mark()));
        assert_eq!(chunks(&home.call(&relay, 1, pull(1))), [home.0.chunk_at(rivals[winner].1, 1)]);
    }
}

#[test]
fn a_forged_or_cut_off_installation_changes_nothing() {
    let relay = Setting::with(&[]).limits(|limits| limits.burst = u32::MAX).start();
    let home = Home::opened(1, &relay);
    let chain = home.chain(2, None);
    let stream = home.0.stream;
    let call = install(&chain, home.0.chunk_at(1, 1), |asked| {
        asked.new_keyring = Some(home.keyring(1));
    });
    let file = SyncRequest { stream, call }.write(&home.key(0));
    for at in (0..file.len()).step_by(131) {
        let mut forged = file.clone();
        forged[at] ^= 1;
        for sent in [&forged[..], &file[..at]] {
            let status = home.0.send(&relay, sent).status;
            assert!((400..500).contains(&status), "{at}: {status}");
        }
    }
    let other = Household::opened(2, &relay);
    let path = stream_path(other.stream);
    let elsewhere = request(relay.address(), "POST", &path, &[], &file);
    assert_eq!(elsewhere.problem(), refused(422, "sync.other_stream"));
    assert_eq!(home.call(&relay, 0, ALL).record, None);
    assert_eq!(home.0.send(&relay, &file).status, 200);
    assert_eq!(
        home.0.send(&relay, &file).problem(),
        refused(409, "sync.epoch_behind"),
        "a replay"
    );
}

#[test]
fn an_inventory_names_every_chunk_and_no_other() {
    let relay = Setting::with(&[]).start();
    let home = Household::opened(1, &relay);
    assert_eq!(home.call(&relay, Call::Inventory).ids, b"");
    home.call(
        &relay,
        push(&[home.chunk(1), home.chunk(2), home.sized_chunk(3, 2 * CELL_BYTES)]),
    );
    home.call(&relay, crate::household::swap(3, &[home.chunk(4)], &[2]));
    let answer = home.call(&relay, Call::Inventory);
    assert_eq!(answer.ids, [[1; 16], [3; 16], [4; 16]].concat());
    assert_eq!((answer.cursor, answer.last_swap, answer.chunks.len()), (4, 1, 0));
    let unknown = Household::new(2);
    assert_eq!(
        unknown.ask(&relay, Call::Inventory).problem(),
        refused(404, "sync.no_account")
    );
}
