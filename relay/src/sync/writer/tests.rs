use std::sync::mpsc as channel;

use techo_protocol::basics::keys::PublicKey;
use tempfile::TempDir;

use super::*;
use crate::store::{Chunk, SqliteStore, StreamStore};
use techo_protocol::household::sync_api::{ChunkId, StreamId};

const STREAM: StreamId = StreamId([1; 16]);

fn open_account() -> StreamWrite {
    StreamWrite::Open {
        stream: STREAM,
        key: PublicKey([2; 32]),
        opening: [3; 16],
        day: 3,
    }
}

fn push(id: u8) -> StreamWrite {
    StreamWrite::Push {
        stream: STREAM,
        epoch: 0,
        last_swap: 0,
        chunks: vec![Chunk {
            id: ChunkId([id; 16]),
            bytes: vec![id; 617],
        }],
        most: u64::MAX,
    }
}

/// A store whose transactions begin and end when the test says so, and may fail.
struct Held {
    inner: SqliteStore,
    begun: channel::Sender<usize>,
    may_end: Mutex<channel::Receiver<Fate>>,
}

#[derive(Clone, Copy)]
enum Fate {
    Commit,
    Fail,
    Panic,
}

impl StreamStore for Held {
    fn write_streams(&self, writes: &[StreamWrite]) -> Result<Vec<Written>, StoreError> {
        self.begun.send(writes.len()).unwrap();
        match self.may_end.lock().unwrap_or_else(PoisonError::into_inner).recv().unwrap() {
            Fate::Commit => self.inner.write_streams(writes),
            Fate::Fail => Err(StoreError::Full),
            Fate::Panic => panic!("a fault"),
        }
    }
}

struct Setting {
    _folder: TempDir,
    writer: Arc<Writer>,
    room: Arc<WaitingRoom<Wake>>,
    begun: channel::Receiver<usize>,
    end: channel::Sender<Fate>,
}

fn setting() -> Setting {
    let folder = TempDir::new().unwrap();
    let (begun_sender, begun) = channel::channel();
    let (end, may_end) = channel::channel();
    let store = Held {
        inner: SqliteStore::open(&folder.path().join("relay.sqlite")).unwrap(),
        begun: begun_sender,
        may_end: Mutex::new(may_end),
    };
    let room = WaitingRoom::new(10);
    let writer = Writer::start(Arc::new(store), Arc::clone(&room), crate::log::none()).unwrap();
    Setting {
        _folder: folder,
        writer: Arc::new(writer),
        room,
        begun,
        end,
    }
}

impl Setting {
    /// Asks for a change, and gives where its outcome will be.
    fn ask(&self, change: StreamWrite) -> channel::Receiver<Result<Written, Refusal>> {
        let (sender, outcome) = channel::channel();
        let mut queued = Box::pin({
            let writer = Arc::clone(&self.writer);
            async move { writer.write(change, None).await }
        });
        // Polled once here, so that changes are queued in the order of the calls.
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(queued.as_mut().poll(&mut context).is_pending());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = sender.send(runtime.block_on(queued));
        });
        outcome
    }

    fn opened() -> Self {
        let setting = setting();
        let opened = setting.ask(open_account());
        assert_eq!(setting.begun.recv(), Ok(1));
        setting.end.send(Fate::Commit).unwrap();
        assert!(opened.recv().unwrap().unwrap().is_ok());
        setting
    }
}

#[test]
fn what_comes_during_a_transaction_makes_up_the_next_one_and_is_answered_after_it() {
    let setting = Setting::opened();
    let first = setting.ask(push(1));
    assert_eq!(setting.begun.recv(), Ok(1));
    let rest: Vec<_> = (2..12).map(|id| setting.ask(push(id))).collect();
    assert!(first.try_recv().is_err(), "not on disk, so not answered");
    setting.end.send(Fate::Commit).unwrap();
    assert_eq!(first.recv().unwrap().unwrap().unwrap().cursor, 1);
    assert_eq!(setting.begun.recv(), Ok(10), "one transaction for all that waited");
    assert!(rest.iter().all(|outcome| outcome.try_recv().is_err()));
    setting.end.send(Fate::Commit).unwrap();
    let cursors: Vec<u64> = rest
        .iter()
        .map(|outcome| outcome.recv().unwrap().unwrap().unwrap().cursor)
        .collect();
    assert_eq!(cursors, (2..12).collect::<Vec<_>>());
}

#[test]
fn a_transaction_takes_so_many() {
    let setting = Setting::opened();
    let first = setting.ask(push(1));
    assert_eq!(setting.begun.recv(), Ok(1));
    for _ in 0..=MOST {
        setting.writer.write_later(push(2));
    }
    setting.end.send(Fate::Commit).unwrap();
    first.recv().unwrap().unwrap().unwrap();
    assert_eq!(setting.begun.recv(), Ok(MOST));
    setting.end.send(Fate::Commit).unwrap();
    assert_eq!(setting.begun.recv(), Ok(1));
    setting.end.send(Fate::Commit).unwrap();
}

#[test]
fn one_that_cannot_be_written_takes_no_other_along() {
    for fate in [Fate::Fail, Fate::Panic] {
        let setting = Setting::opened();
        let first = setting.ask(push(1));
        assert_eq!(setting.begun.recv(), Ok(1));
        let (bad, good) = (setting.ask(push(2)), setting.ask(push(3)));
        setting.end.send(Fate::Commit).unwrap();
        first.recv().unwrap().unwrap().unwrap();
        for (size, fate) in [(2, fate), (1, fate), (1, Fate::Commit)] {
            assert_eq!(setting.begun.recv(), Ok(size));
            setting.end.send(fate).unwrap();
        }
        assert!(bad.recv().unwrap().is_err());
        assert_eq!(good.recv().unwrap().unwrap().unwrap().cursor, 2);
    }
}

#[test]
fn a_full_queue_refuses() {
    let setting = Setting::opened();
    let first = setting.ask(push(1));
    assert_eq!(setting.begun.recv(), Ok(1));
    for _ in 0..QUEUE {
        setting.writer.write_later(push(2));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let refused = runtime.block_on(setting.writer.write(push(3), None));
    assert_eq!(refused, Err(RelayError::Busy.into()));
    drop(setting.end);
    assert!(first.recv().unwrap().is_err(), "the test's store ends");
}

#[test]
fn ending_finishes_what_waits() {
    let setting = Setting::opened();
    let first = setting.ask(push(1));
    assert_eq!(setting.begun.recv(), Ok(1));
    let second = setting.ask(push(2));
    let writer = Arc::clone(&setting.writer);
    let ending = std::thread::spawn(move || writer.end());
    for _ in 0..2 {
        setting.end.send(Fate::Commit).unwrap();
    }
    ending.join().unwrap();
    assert!(first.recv().unwrap().is_ok() && second.recv().unwrap().is_ok());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(
        runtime.block_on(setting.writer.write(push(3), None)),
        Err(RelayError::Busy.into())
    );
}

#[test]
fn who_waits_is_woken_by_a_change_and_not_by_a_reading() {
    let setting = Setting::opened();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut waiting = setting.room.enter(Wake::of_stream(STREAM)).unwrap();
    setting.writer.write_later(StreamWrite::Read { stream: STREAM, day: 4 });
    setting.end.send(Fate::Commit).unwrap();
    assert_eq!(setting.begun.recv(), Ok(1));
    let second = setting.ask(open_account());
    assert_eq!(setting.begun.recv(), Ok(1));
    // The reading's transaction is over by now.
    let quiet = runtime.block_on(async { tokio::time::timeout(std::time::Duration::from_millis(20), waiting.woken()).await });
    assert!(quiet.is_err());
    setting.end.send(Fate::Commit).unwrap();
    second.recv().unwrap().unwrap().unwrap();
    runtime.block_on(waiting.woken());
}
