use techo_protocol::basics::keys::PublicKey;
use tempfile::TempDir;

use super::*;
use crate::store::Chunk;

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(&folder.path().join("relay.sqlite")).unwrap();
    let stream = StreamId([1; 16]);
    let open = StreamWrite::Open {
        stream,
        key: PublicKey([2; 32]),
        opening: [3; 16],
        day: 5,
    };
    store.write_streams(&[open]).unwrap()[0].unwrap();
    let push = |ids: &[u8]| StreamWrite::Push {
        stream,
        epoch: 0,
        last_swap: 0,
        chunks: ids
            .iter()
            .map(|&id| Chunk {
                id: ChunkId([id; 16]),
                bytes: vec![id; 617],
            })
            .collect(),
        most: u64::MAX,
    };
    let room = |pages: u32| {
        let writer = store.writer.lock().unwrap();
        writer
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .unwrap();
    };
    room(20);
    let ids: Vec<u8> = (0..200).collect();
    assert_eq!(store.write_streams(&[push(&ids)]), Err(StoreError::Full));
    assert_eq!(store.account(stream).unwrap().unwrap().head.cursor, 0);
    room(1_000_000);
    assert_eq!(store.write_streams(&[push(&ids)]).unwrap()[0].unwrap().cursor, 200);
}
