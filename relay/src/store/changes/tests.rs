//! One suite for every database: what holds of one holds of all.

use proptest::prelude::*;
use techo_protocol::basics::keys::PublicKey;

use super::*;
use crate::store::rows::Reading;
use crate::store::sqlite::SqliteStore;
use crate::store::testing::{Schema, databases, each_database};
use crate::store::{AccountTotals, Store, StreamHead, StreamStore, open};

const HOME: StreamId = StreamId([1; 16]);
const KEY: PublicKey = PublicKey([2; 32]);

fn chunk(id: u8) -> Chunk {
    Chunk {
        id: ChunkId([id; 16]),
        bytes: vec![id; 617],
    }
}

fn push(stream: StreamId, ids: &[u8], most: u64) -> StreamWrite {
    StreamWrite::Push {
        stream,
        epoch: 0,
        last_swap: 0,
        chunks: ids.iter().map(|&id| chunk(id)).collect(),
        most,
    }
}

/// Runs a test with a store of each kind that has an account.
fn each_opened(test: impl Fn(&dyn Store)) {
    each_database(|store| {
        let open = StreamWrite::Open {
            stream: HOME,
            key: KEY,
            opening: [3; 16],
            day: 5,
        };
        let head = StreamHead {
            opening: [3; 16],
            ..StreamHead::default()
        };
        assert_eq!(store.write_streams(&[open]).unwrap(), [Ok(head)]);
        test(store);
    });
}

#[test]
fn a_refused_change_leaves_the_others_of_its_transaction() {
    each_opened(|store| {
        let outcomes = store
            .write_streams(&[
                push(HOME, &[1], 2_000),
                push(HOME, &[2, 3, 4], 2_000),
                push(StreamId([9; 16]), &[1], 2_000),
                push(HOME, &[5], 2_000),
            ])
            .unwrap();
        let cursors: Vec<_> = outcomes.iter().map(|outcome| outcome.map(|head| head.cursor)).collect();
        assert_eq!(cursors, [Ok(1), Err(Refused::OverQuota), Err(Refused::NoAccount), Ok(2)]);
        let page = store.page(HOME, 0, 10, 10_000).unwrap().unwrap();
        assert_eq!(page.chunks, [chunk(1).bytes, chunk(5).bytes]);
        assert_eq!(store.account(HOME).unwrap().unwrap().bytes, 2 * 617);
    });
}

#[test]
fn a_page_is_bounded_in_number_and_bytes() {
    each_opened(|store| {
        store.write_streams(&[push(HOME, &[1, 2, 3], u64::MAX)]).unwrap()[0].unwrap();
        let page = |most, bytes| {
            let page = store.page(HOME, 0, most, bytes).unwrap().unwrap();
            (page.chunks.len(), page.cursor, page.more)
        };
        assert_eq!(page(10, 10_000), (3, 3, false));
        assert_eq!(page(2, 10_000), (2, 2, true));
        assert_eq!(page(10, 2 * 617), (2, 2, true));
        assert_eq!(page(10, 1), (1, 1, true), "one comes, however large it is");
        assert_eq!(store.page(StreamId([9; 16]), 0, 1, 1).unwrap(), None);
        assert_eq!(store.page(HOME, u64::MAX, 1, 1).unwrap().unwrap().cursor, 3);
    });
}

#[test]
fn numbers_are_not_used_again() {
    each_opened(|store| {
        store.write_streams(&[push(HOME, &[1, 2], u64::MAX)]).unwrap()[0].unwrap();
        let swap = StreamWrite::Swap {
            stream: HOME,
            epoch: 0,
            cursor: 2,
            add: vec![],
            remove: vec![ChunkId([2; 16])],
            most: 0,
        };
        let after = store.write_streams(&[swap]).unwrap()[0].unwrap();
        assert_eq!((after.cursor, after.last_swap), (2, 1));
        assert_eq!(store.account(HOME).unwrap().unwrap().bytes, 617);
        let page = store.page(HOME, 0, 10, 10_000).unwrap().unwrap();
        assert_eq!(
            (page.chunks.len(), page.cursor, page.more),
            (1, 2, false),
            "the stream's number, though its chunk is gone"
        );
    });
}

#[test]
fn a_chunk_may_go_and_come_again_in_one_transaction() {
    each_opened(|store| {
        store.write_streams(&[push(HOME, &[1, 2], u64::MAX)]).unwrap()[0].unwrap();
        let swap = StreamWrite::Swap {
            stream: HOME,
            epoch: 0,
            cursor: 2,
            add: vec![chunk(3)],
            remove: vec![ChunkId([1; 16])],
            most: u64::MAX,
        };
        let again = StreamWrite::Push {
            stream: HOME,
            epoch: 0,
            last_swap: 1,
            chunks: vec![chunk(1)],
            most: u64::MAX,
        };
        let written = store.write_streams(&[swap, again]).unwrap();
        let cursors: Vec<_> = written.iter().map(|outcome| outcome.unwrap().cursor).collect();
        assert_eq!(cursors, [3, 4]);
        let page = store.page(HOME, 0, 10, 10_000).unwrap().unwrap();
        assert_eq!(page.chunks, [2, 3, 1].map(|id| chunk(id).bytes));
        assert_eq!(store.account(HOME).unwrap().unwrap().bytes, 3 * 617);
    });
}

#[test]
fn a_deleted_account_is_kept_and_not_served() {
    each_opened(|store| {
        store.write_streams(&[push(HOME, &[1], u64::MAX)]).unwrap()[0].unwrap();
        let served = || {
            (
                store.records(HOME, Some(0)).unwrap().is_some(),
                store.inventory(HOME).unwrap().is_some(),
                store.page(HOME, 0, 1, 1).unwrap().is_some(),
            )
        };
        assert_eq!(served(), (true, true, true));
        let delete = StreamWrite::Delete {
            stream: HOME,
            opening: [3; 16],
            cursor: 1,
            day: 6,
        };
        store.write_streams(&[delete]).unwrap()[0].unwrap();
        assert_eq!(served(), (false, false, false));
        let revive = StreamWrite::Revive {
            stream: HOME,
            cursor: 2,
            day: 7,
        };
        store.write_streams(&[revive]).unwrap()[0].unwrap();
        assert_eq!(served(), (true, true, true));
    });
}

#[test]
fn days_of_reading_do_not_go_back() {
    each_opened(|store| {
        for day in [9, 3] {
            store.write_streams(&[StreamWrite::Read { stream: HOME, day }]).unwrap()[0].unwrap();
        }
        assert_eq!(store.account(HOME).unwrap().unwrap().read_day, 9);
        assert_eq!(store.forget_accounts(189, 180).unwrap(), 0);
        assert_eq!(store.forget_accounts(190, 180).unwrap(), 1);
        assert_eq!(store.account_totals().unwrap(), AccountTotals::default());
    });
}

fn steps() -> impl Strategy<Value = Vec<Vec<StreamWrite>>> {
    let stream = (1..4_u8).prop_map(|number| StreamId([number; 16]));
    let ids = || prop::collection::vec(0..12_u8, 0..5);
    let chunks = || ids().prop_map(|ids| ids.into_iter().map(chunk).collect::<Vec<_>>());
    let write = prop_oneof![
        2 => (stream.clone(), 0..2_u8).prop_map(|(stream, key)| StreamWrite::Open {
            stream,
            key: PublicKey([key; 32]),
            opening: [key; 16],
            day: 5,
        }),
        6 => (stream.clone(), 0..3_u64, chunks()).prop_map(|(stream, last_swap, chunks)| StreamWrite::Push {
            stream,
            epoch: 0,
            last_swap,
            chunks,
            most: 6_000,
        }),
        4 => (stream.clone(), 0..12_u64, chunks(), ids()).prop_map(|(stream, cursor, add, remove)| {
            let remove = remove.into_iter().map(|id| ChunkId([id; 16]));
            StreamWrite::Swap {
                stream,
                epoch: 0,
                cursor,
                remove: remove.filter(|id| add.iter().all(|chunk| chunk.id != *id)).collect(),
                add,
                most: 6_000,
            }
        }),
        1 => (stream.clone(), 0..2_u8, 0..6_u64).prop_map(|(stream, key, cursor)| StreamWrite::Delete {
            stream,
            opening: [key; 16],
            cursor,
            day: 6,
        }),
        1 => (stream.clone(), 0..6_u64, 5..20_i64).prop_map(|(stream, cursor, day)| StreamWrite::Revive { stream, cursor, day }),
        1 => (stream, 5..9_i64).prop_map(|(stream, day)| StreamWrite::Read { stream, day }),
    ];
    prop::collection::vec(prop::collection::vec(write, 1..8), 1..10)
}

/// All that a store shows of the streams that [`steps`] are about.
fn seen(store: &dyn Store) -> String {
    let all: Vec<_> = (1..4)
        .map(|number| StreamId([number; 16]))
        .map(|stream| {
            let pages = [(0, 100), (0, 3), (2, 2)].map(|(cursor, most)| store.page(stream, cursor, most, 1_300));
            (store.account(stream), store.inventory(stream), pages)
        })
        .collect();
    let streams = [1, 9, 3, 1].map(|number| StreamId([number; 16]));
    let asked: Vec<_> = streams
        .iter()
        .zip([0, 0, 2, 1])
        .map(|(stream, cursor)| (*stream, cursor))
        .collect();
    let several = (store.accounts(&streams), store.pages(&asked, 3, 1_300));
    format!("{all:?} {several:?} {:?}", store.account_totals())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn databases_cannot_be_told_apart(steps in steps()) {
        let folder = tempfile::TempDir::new().unwrap();
        let schema = Schema::new();
        let places = databases(folder.path(), schema.as_ref());
        let stores: Vec<_> = places.iter().map(|place| open(place, &crate::log::none()).unwrap()).collect();
        for writes in &steps {
            let seen: Vec<String> = stores.iter().map(|store| {
                let written = store.write_streams(writes).unwrap();
                format!("{written:?} {}", seen(&**store))
            }).collect();
            for other in &seen[1..] {
                prop_assert_eq!(&seen[0], other, "{:?}", writes);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// A batch reads everything first and writes everything last: it has to come to what each change would have come to by itself.
    #[test]
    fn changes_of_one_transaction_come_to_what_each_alone_does(steps in steps()) {
        let folder = tempfile::TempDir::new().unwrap();
        let [together, alone] = ["together", "alone"].map(|name| SqliteStore::open(&folder.path().join(name)).unwrap());
        for writes in &steps {
            let written = together.write_streams(writes).unwrap();
            let one_by_one: Vec<Written> = writes
                .iter()
                .map(|write| alone.write_streams(std::slice::from_ref(write)).unwrap()[0])
                .collect();
            prop_assert_eq!(written, one_by_one, "{:?}", writes);
            prop_assert_eq!(seen(&together), seen(&alone), "{:?}", writes);
        }
    }
}

/// A database in whose way others are once: each transaction is given up at its end and done again.
struct Raced(SqliteStore);

impl StreamDatabase for Raced {
    type Error = StoreError;

    fn read<T>(&self, work: impl Fn(Reading<'_, StoreError>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.0.read(work)
    }

    fn change<T>(&self, work: impl Fn(Changing<'_, StoreError>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let given_up: Result<(), StoreError> = self.0.change(|rows| work(rows).and(Err(StoreError::Failed)));
        assert_eq!(given_up, Err(StoreError::Failed));
        self.0.change(work)
    }

    fn accounts_due(&self, due: Due) -> Result<Vec<StreamId>, StoreError> {
        self.0.accounts_due(due)
    }
}

#[test]
fn a_transaction_that_is_done_again_is_done_once() {
    let folder = tempfile::TempDir::new().unwrap();
    let raced = Raced(SqliteStore::open(&folder.path().join("relay.sqlite")).unwrap());
    let opened = StreamWrite::Open {
        stream: HOME,
        key: KEY,
        opening: [3; 16],
        day: 5,
    };
    let written = write(&raced, &[opened, push(HOME, &[1, 2], u64::MAX)]).unwrap();
    let cursors: Vec<_> = written.iter().map(|outcome| outcome.unwrap().cursor).collect();
    assert_eq!(cursors, [0, 2]);
    assert_eq!(forget(&raced, 190, 180).unwrap(), 1);
    assert_eq!(raced.0.account(HOME), Ok(None));
}
