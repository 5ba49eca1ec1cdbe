//! Several connections at once: nothing is lost, and whoever waits too long is told so.

use std::time::Duration;

use super::*;

#[test]
fn two_at_once_lose_nothing() {
    let (folder, keeper, vault) = new_vault();
    drop(vault);
    let (path, keeper) = (&folder.path(), &keeper);
    std::thread::scope(|scope| {
        for thread in 0..3u8 {
            scope.spawn(move || {
                let mut vault = keeper.open(path);
                for number in 0..30u8 {
                    append(&mut vault, &WEEK, &[&[thread, number]]).unwrap();
                    if number % 10 == 9 {
                        // A deletion in between, which changes all keys under the others' feet.
                        let name = DocumentName::Week(u32::from(thread));
                        append(&mut vault, &name, &[b"x"]).unwrap();
                        vault.write(|writer| writer.destroy(&name)).unwrap();
                    }
                }
            });
        }
    });
    let mut found = document(&mut keeper.open(path), &WEEK).unwrap();
    assert_eq!(found.damaged, []);
    assert_eq!(found.state.as_ref().unwrap().changes, 90);
    found.changes.sort();
    let all: Vec<Vec<u8>> = (0..3u8)
        .flat_map(|thread| (0..30u8).map(move |number| vec![thread, number]))
        .collect();
    assert_eq!(found.changes, all);
    assert_eq!(keeper.keys.lock().unwrap().len(), 1);
}

#[test]
fn many_may_make_the_vault_at_the_same_moment() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = MemoryKeeper::default();
    let actors: Vec<[u8; 16]> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| keeper.open(folder.path()).actor())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(actors.iter().all(|actor| *actor == actors[0]));
    assert_eq!(keeper.keys.lock().unwrap().len(), 1);
}

#[test]
fn what_another_wrote_is_seen_and_told_by_the_stamp() {
    let (folder, keeper, mut one) = new_vault();
    let mut two = keeper.open(folder.path());
    append(&mut one, &WEEK, &[b"one"]).unwrap();
    let stamp = two.stamp();
    assert_eq!(document(&mut two, &WEEK).unwrap().changes.len(), 1);
    assert_ne!(two.stamp(), stamp);
    let stamp = two.stamp();
    assert_eq!(document(&mut two, &WEEK).unwrap().changes.len(), 1);
    assert_eq!(two.stamp(), stamp);
    // The other one deletes and so changes the wrapping key; this one follows it, reading and writing.
    one.write(|writer| writer.renew(&WEEK, b"less", &[[1; 32]], 1, &[])).unwrap();
    assert_eq!(document(&mut two, &WEEK).unwrap().generation, 1);
    append(&mut two, &WEEK, &[b"two"]).unwrap();
    assert_eq!(document(&mut one, &WEEK).unwrap().changes.len(), 1);
}

#[test]
fn whoever_waits_too_long_is_told() {
    let (folder, keeper, mut one) = new_vault();
    let mut two = keeper.open(folder.path());
    two.set_busy_timeout(Duration::from_millis(20)).unwrap();
    one.write(|writer| {
        assert_eq!(append(&mut two, &WEEK, &[b"two"]), Err(StoreError::Busy.into()));
        // Reading goes on meanwhile, from the state before.
        assert_eq!(document(&mut two, &WEEK), None);
        writer.append(
            &WEEK,
            &[NewChange {
                bytes: b"one",
                local: true,
            }],
            &[[1; 32]],
            1,
        )
    })
    .unwrap();
    append(&mut two, &WEEK, &[b"two"]).unwrap();
    assert_eq!(document(&mut one, &WEEK).unwrap().changes, [b"one".to_vec(), b"two".to_vec()]);
}
