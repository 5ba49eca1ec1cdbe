use tempfile::TempDir;

use super::*;

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

fn opened() -> (TempDir, SqliteStore) {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(&folder.path().join("relay.sqlite")).unwrap();
    let open = StreamWrite::Open {
        stream: HOME,
        key: KEY,
        opening: [3; 16],
        day: 5,
    };
    let standing = Standing {
        opening: [3; 16],
        ..Standing::default()
    };
    assert_eq!(store.write_streams(&[open]).unwrap(), [Ok(standing)]);
    (folder, store)
}

#[test]
fn a_refused_change_leaves_the_others_of_its_transaction() {
    let (_folder, store) = opened();
    let outcomes = store
        .write_streams(&[
            push(HOME, &[1], 2_000),
            push(HOME, &[2, 3, 4], 2_000),
            push(StreamId([9; 16]), &[1], 2_000),
            push(HOME, &[5], 2_000),
        ])
        .unwrap();
    let cursors: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.map(|standing| standing.cursor))
        .collect();
    assert_eq!(cursors, [Ok(1), Err(Refused::OverQuota), Err(Refused::NoAccount), Ok(2)]);
    let page = store.page(HOME, 0, 10, 10_000).unwrap().unwrap();
    assert_eq!(page.chunks, [chunk(1).bytes, chunk(5).bytes]);
    assert_eq!(store.account(HOME).unwrap().unwrap().bytes, 2 * 617);
}

#[test]
fn a_page_is_bounded_in_number_and_bytes() {
    let (_folder, store) = opened();
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
}

#[test]
fn numbers_are_not_used_again() {
    let (_folder, store) = opened();
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
}

#[test]
fn days_of_reading_do_not_go_back() {
    let (_folder, store) = opened();
    for day in [9, 3] {
        store.write_streams(&[StreamWrite::Read { stream: HOME, day }]).unwrap()[0].unwrap();
    }
    assert_eq!(store.account(HOME).unwrap().unwrap().read_day, 9);
    assert_eq!(store.forget_accounts(189, 180).unwrap(), 0);
    assert_eq!(store.forget_accounts(190, 180).unwrap(), 1);
    assert_eq!(store.account_totals().unwrap(), AccountTotals::default());
}

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let (_folder, store) = opened();
    let room = |pages: u32| {
        let writer = store.writer.lock().unwrap();
        writer
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .unwrap();
    };
    room(20);
    let ids: Vec<u8> = (0..200).collect();
    assert_eq!(store.write_streams(&[push(HOME, &ids, u64::MAX)]), Err(StoreError::Full));
    assert_eq!(store.account(HOME).unwrap().unwrap().standing.cursor, 0);
    room(1_000_000);
    assert_eq!(
        store.write_streams(&[push(HOME, &ids, u64::MAX)]).unwrap()[0].unwrap().cursor,
        200
    );
}
