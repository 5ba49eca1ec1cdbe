use std::path::Path;

use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::ChunkId;
use tempfile::TempDir;

use super::*;
use crate::store::sqlite::{SqliteStore, schema};
use crate::store::{StreamHead, StreamStore, StreamWrite};

fn home(name: u8) -> StreamId {
    StreamId([name; 16])
}

fn chunk(id: u8) -> Chunk {
    Chunk {
        id: ChunkId([id; 16]),
        bytes: vec![id; 617],
    }
}

fn push(name: u8, ids: &[u8]) -> StreamWrite {
    StreamWrite::Push {
        stream: home(name),
        epoch: 0,
        last_swap: 0,
        chunks: ids.iter().map(|&id| chunk(id)).collect(),
        most: u64::MAX,
    }
}

fn opened(folder: &Path, names: &[u8]) -> SqliteStore {
    let store = SqliteStore::open(&folder.join("relay.sqlite")).unwrap();
    let open = |&name: &u8| StreamWrite::Open {
        opening: [0; 16],
        stream: home(name),
        key: PublicKey([name; 32]),
        day: 5,
    };
    let opened = store.write_streams(&names.iter().map(open).collect::<Vec<_>>()).unwrap();
    assert!(opened.iter().all(|outcome| *outcome == Ok(StreamHead::default())));
    store
}

/// Each piece's first byte, by place.
fn pieces(store: &SqliteStore) -> Vec<(i64, u8)> {
    let reader = store.reader();
    let mut select = reader.prepare("SELECT place, content FROM pieces ORDER BY place").unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?[0])));
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn places_do_not_tell_who_wrote_after_whom() {
    let folder = TempDir::new().unwrap();
    let names: Vec<u8> = (1..=12).collect();
    let store = opened(folder.path(), &names);
    for &name in &names {
        store.write_streams(&[push(name, &[name])]).unwrap();
    }
    // Twelve that were drawn are in the order of drawing, or in its reverse, once in 239 million times.
    let by_place: Vec<u8> = pieces(&store).into_iter().map(|(_, name)| name).collect();
    assert_ne!(by_place, names);
    assert_ne!(by_place, names.iter().rev().copied().collect::<Vec<_>>());
}

#[test]
fn within_a_transaction_places_are_in_a_row_in_the_order_of_accounts() {
    let folder = TempDir::new().unwrap();
    let store = opened(folder.path(), &[1, 2, 3]);
    let writes = [
        push(3, &[31]),
        push(1, &[11, 12]),
        push(2, &[21]),
        push(1, &[13]),
        push(3, &[32]),
    ];
    let cursors: Vec<_> = store
        .write_streams(&writes)
        .unwrap()
        .into_iter()
        .map(|outcome| outcome.unwrap().cursor)
        .collect();
    assert_eq!(cursors, [1, 2, 1, 3, 2], "outcomes are in the order of the changes");
    let (places, by_place): (Vec<i64>, Vec<u8>) = pieces(&store).into_iter().unzip();
    assert_eq!(by_place, [11, 12, 13, 21, 31, 32]);
    assert!(places.windows(2).all(|pair| pair[1] == pair[0] + 1));
    let page = store.page(home(1), 1, 10, 10_000).unwrap().unwrap();
    assert_eq!(page.chunks, [chunk(12).bytes, chunk(13).bytes]);
}

#[test]
fn places_that_are_taken_are_not_given_again() {
    let folder = TempDir::new().unwrap();
    let store = opened(folder.path(), &[1]);
    store
        .write(|transaction| {
            let insert = "INSERT INTO pieces (place, content) VALUES (?1, x'00')";
            transaction.execute(insert, [104])?;
            let mut draws = [95, 100, 104, 105].into_iter();
            let places = free_places(transaction, 10, |_| draws.next().ok_or(StoreError::Failed))?;
            assert_eq!(places, 105..115);
            assert_eq!(free_places(transaction, 5, |_| Ok(99))?, 99..104);
            assert_eq!(free_places(transaction, 6, |_| Ok(99)), Err(StoreError::Failed));
            assert_eq!(free_places(transaction, 0, |_| Err(StoreError::Failed))?, 0..0);
            for _ in 0..100 {
                assert!((0..PLACES).contains(&draw(transaction)?));
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_is_removed_leaves_no_piece() {
    let folder = TempDir::new().unwrap();
    let store = opened(folder.path(), &[1, 2]);
    store.write_streams(&[push(1, &[11, 12, 13]), push(2, &[21])]).unwrap();
    let swap = StreamWrite::Swap {
        stream: home(1),
        epoch: 0,
        cursor: 3,
        add: vec![chunk(14)],
        remove: [11, 13, 99].map(|id| ChunkId([id; 16])).to_vec(),
        most: 2 * 617,
    };
    store.write_streams(&[swap]).unwrap()[0].unwrap();
    let mut left: Vec<u8> = pieces(&store).into_iter().map(|(_, name)| name).collect();
    left.sort_unstable();
    assert_eq!(left, [12, 14, 21]);
    assert_eq!(store.account(home(1)).unwrap().unwrap().bytes, 2 * 617);

    store
        .write_streams(&[StreamWrite::Delete {
            stream: home(1),
            opening: [0; 16],
            cursor: 4,
            day: 5,
        }])
        .unwrap();
    assert_eq!(store.forget_accounts(100, 180).unwrap(), 1);
    assert_eq!(pieces(&store).len(), 1);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        for gone in [11, 12, 13, 14] {
            assert!(!content.windows(100).any(|window| window == [gone; 100]), "{gone}");
        }
    }
}

#[test]
fn a_chunk_without_its_piece_is_damage() {
    let folder = TempDir::new().unwrap();
    let store = opened(folder.path(), &[1, 2]);
    store.write_streams(&[push(1, &[11]), push(2, &[21])]).unwrap();
    store
        .write(|transaction| Ok(transaction.execute("DELETE FROM pieces WHERE content = ?1", [chunk(11).bytes])?))
        .unwrap();
    assert_eq!(store.page(home(1), 0, 10, 10_000), Err(StoreError::Damaged));
    assert!(store.page(home(2), 0, 10, 10_000).is_ok());
}

#[test]
fn chunks_of_version_2_are_carried_over_in_the_order_of_accounts() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("relay.sqlite");
    let mut connection = schema::connect(&file).unwrap();
    schema::migrate_to(&mut connection, 2).unwrap();
    for (name, number) in [(3_u8, 1_u8), (1, 4), (2, 1), (1, 2)] {
        connection
            .execute(
                "INSERT INTO chunks (stream, number, id, content) VALUES (?1, ?2, ?3, ?4)",
                params![[name; 16], number, [number; 16], vec![name * 10 + number; 617]],
            )
            .unwrap();
    }
    drop(connection);
    let store = SqliteStore::open(&file).unwrap();
    assert_eq!(pieces(&store), [(1, 12), (2, 14), (3, 21), (4, 31)]);
    let reader = store.reader();
    let mut select = reader
        .prepare("SELECT number, place, bytes FROM chunks WHERE stream = ?1")
        .unwrap();
    let rows = select.query_map([[1_u8; 16]], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let rows: Vec<(i64, i64, i64)> = rows.unwrap().map(Result::unwrap).collect();
    assert_eq!(rows, [(2, 1, 617), (4, 2, 617)]);
}
