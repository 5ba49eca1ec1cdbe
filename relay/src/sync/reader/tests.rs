use std::sync::mpsc as channel;

use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::household::sync_api::SyncRequest;

use super::*;
use crate::error::SyncError;
use crate::store::{Account, Page};

const DAMAGED: StreamId = StreamId([13; 16]);

fn home(name: u8) -> StreamId {
    StreamId([name; 16])
}

fn key() -> SigningKey {
    SigningKey::generate(&SeededRandom::new(1)).unwrap()
}

fn pull(stream: StreamId, cursor: u64, wait: u32) -> Vec<u8> {
    let call = Call::Pull { cursor, wait };
    SyncRequest { stream, call }.write(&key())
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Accounts(usize),
    Account,
    Pages(usize),
    Page,
}

#[derive(Clone, Copy)]
enum Fate {
    Answer,
    Panic,
}

/// A store that tells what it is asked, and answers for accounts when the test says so.
struct Held {
    asked: channel::Sender<Asked>,
    may_answer: Mutex<channel::Receiver<Fate>>,
}

impl StreamStore for Held {
    fn keys(&self, _: StreamId) -> Result<crate::store::KeysHeld, StoreError> {
        Ok(crate::store::KeysHeld::default())
    }

    fn account(&self, stream: StreamId) -> Result<Option<Account>, StoreError> {
        self.asked.send(Asked::Account).unwrap();
        account(stream)
    }

    fn accounts(&self, streams: &[StreamId]) -> Result<Vec<Option<Account>>, StoreError> {
        self.asked.send(Asked::Accounts(streams.len())).unwrap();
        match self.may_answer.lock().unwrap_or_else(PoisonError::into_inner).recv().unwrap() {
            Fate::Answer => streams.iter().map(|stream| account(*stream)).collect(),
            Fate::Panic => panic!("a fault"),
        }
    }

    fn page(&self, stream: StreamId, cursor: u64, _: usize, _: usize) -> Result<Option<Page>, StoreError> {
        self.asked.send(Asked::Page).unwrap();
        page(stream, cursor)
    }

    fn pages(&self, after: &[(StreamId, u64)], _: usize, _: usize) -> Result<Vec<Option<Page>>, StoreError> {
        self.asked.send(Asked::Pages(after.len())).unwrap();
        after.iter().map(|(stream, cursor)| page(*stream, *cursor)).collect()
    }
}

fn account(stream: StreamId) -> Result<Option<Account>, StoreError> {
    match stream {
        DAMAGED => Err(StoreError::Damaged),
        StreamId([0, ..]) => Ok(None),
        _ => Ok(Some(Account::opened(key().public(), [0; 16], 5))),
    }
}

/// One that names its stream and cursor.
fn page(stream: StreamId, cursor: u64) -> Result<Option<Page>, StoreError> {
    if cursor == 666 {
        return Err(StoreError::Damaged);
    }
    Ok(Some(Page {
        head: crate::store::StreamHead::default(),
        chunks: vec![stream.0.to_vec()],
        cursor,
        more: false,
    }))
}

struct Setting {
    reader: Arc<Reader>,
    asked: channel::Receiver<Asked>,
    answer: channel::Sender<Fate>,
}

type Outcome = channel::Receiver<Result<Verified, Refusal>>;

impl Setting {
    fn new() -> Self {
        let (sender, asked) = channel::channel();
        let (answer, may_answer) = channel::channel();
        let store: Arc<dyn StreamStore> = Arc::new(Held {
            asked: sender,
            may_answer: Mutex::new(may_answer),
        });
        Self {
            reader: Arc::new(Reader::start(&store, &crate::log::none()).unwrap()),
            asked,
            answer,
        }
    }

    /// All threads are asking the store and get no answer: what is asked now waits.
    fn busy(&self) -> Vec<Outcome> {
        let threads = self.reader.threads.lock().unwrap().len();
        let held = (0..threads).map(|_| {
            let outcome = self.ask(home(1), pull(home(1), 0, 9));
            assert_eq!(self.asked.recv(), Ok(Asked::Accounts(1)));
            outcome
        });
        held.collect()
    }

    fn ask(&self, stream: StreamId, file: Vec<u8>) -> Outcome {
        let (sender, outcome) = channel::channel();
        let mut queued = Box::pin({
            let reader = Arc::clone(&self.reader);
            async move { reader.verify(stream, file, 0).await }
        });
        // Polled once here, so that requests are queued in the order of the calls.
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(queued.as_mut().poll(&mut context).is_pending());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = sender.send(runtime.block_on(queued));
        });
        outcome
    }
}

#[test]
fn what_waits_is_read_together_and_each_gets_its_own() {
    let setting = Setting::new();
    let held = setting.busy();
    let mut foreign = pull(home(2), 0, 0);
    *foreign.last_mut().unwrap() ^= 1;
    let asked = [
        (home(2), pull(home(2), 7, 0)),
        (home(2), foreign),
        (home(0), pull(home(0), 0, 0)),
        (home(3), pull(home(3), 8, 0)),
        (home(3), pull(home(2), 8, 0)),
        (home(4), pull(home(4), 9, 30)),
        (home(4), b"no request".to_vec()),
    ];
    let outcomes: Vec<Outcome> = asked.map(|(stream, file)| setting.ask(stream, file)).into();
    setting.answer.send(Fate::Answer).unwrap();
    assert_eq!(setting.asked.recv(), Ok(Asked::Accounts(7)));
    for _ in 0..held.len() {
        setting.answer.send(Fate::Answer).unwrap();
    }
    assert_eq!(
        setting.asked.iter().find(|asked| *asked != Asked::Pages(0)),
        Some(Asked::Pages(2))
    );
    let outcomes: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.recv().unwrap().map(|verified| (verified.stream, verified.page)))
        .collect();
    assert_eq!(
        outcomes,
        [
            Ok((home(2), page(home(2), 7).unwrap())),
            Err(SyncError::NotSigned.into()),
            Err(SyncError::NoAccount.into()),
            Ok((home(3), page(home(3), 8).unwrap())),
            Err(SyncError::OtherStream.into()),
            Ok((home(4), None)),
            Err(SyncError::NotARequest.into()),
        ]
    );
}

#[test]
fn one_that_cannot_be_read_takes_no_other_along() {
    let setting = Setting::new();
    let held = setting.busy();
    let bad = setting.ask(DAMAGED, pull(DAMAGED, 0, 0));
    let bad_page = setting.ask(home(2), pull(home(2), 666, 0));
    let good = setting.ask(home(3), pull(home(3), 8, 0));
    for _ in 0..=held.len() {
        setting.answer.send(Fate::Answer).unwrap();
    }
    assert_eq!(bad.recv().unwrap().err(), Some(StoreError::Damaged.into()));
    assert_eq!(bad_page.recv().unwrap().err(), Some(StoreError::Damaged.into()));
    assert_eq!(good.recv().unwrap().unwrap().page, page(home(3), 8).unwrap());
}

#[test]
fn a_fault_ends_these_requests_and_not_the_thread() {
    let setting = Setting::new();
    let held = setting.busy();
    for _ in &held {
        setting.answer.send(Fate::Panic).unwrap();
    }
    for outcome in &held {
        assert_eq!(outcome.recv().unwrap().err(), Some(RelayError::Internal.into()));
    }
    let again = setting.busy();
    for _ in &again {
        setting.answer.send(Fate::Answer).unwrap();
    }
    assert!(again.iter().all(|outcome| outcome.recv().unwrap().is_ok()));
}

#[test]
fn so_many_are_checked_together_and_so_many_wait() {
    let setting = Setting::new();
    let held = setting.busy();
    let file = pull(home(0), 0, 0);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let waiting: Vec<_> = (0..QUEUE)
        .map(|_| {
            let mut queued = Box::pin(setting.reader.verify(home(0), file.clone(), 0));
            assert!(queued.as_mut().poll(&mut context).is_pending());
            queued
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let refused = runtime.block_on(setting.reader.verify(home(2), Vec::new(), 0));
    assert_eq!(refused.err(), Some(RelayError::Busy.into()));
    for _ in 0..held.len() + QUEUE {
        // More than is needed is no error.
        setting.answer.send(Fate::Answer).unwrap();
    }
    for outcome in waiting {
        assert_eq!(runtime.block_on(outcome).err(), Some(SyncError::NoAccount.into()));
    }
    let most = setting.asked.try_iter().filter_map(|asked| match asked {
        Asked::Accounts(count) => Some(count),
        _ => None,
    });
    assert_eq!(most.max(), Some(MOST));
}

#[test]
fn ending_finishes_what_waits() {
    let setting = Setting::new();
    let held = setting.busy();
    let last = setting.ask(home(2), pull(home(2), 7, 0));
    let reader = Arc::clone(&setting.reader);
    let ending = std::thread::spawn(move || reader.end());
    for _ in 0..=held.len() {
        setting.answer.send(Fate::Answer).unwrap();
    }
    ending.join().unwrap();
    assert!(last.recv().unwrap().is_ok());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let refused = runtime.block_on(setting.reader.verify(home(2), Vec::new(), 0));
    assert_eq!(refused.err(), Some(RelayError::Busy.into()));
}
