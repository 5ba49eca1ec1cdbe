//! Group reading: threads that check the requests of many connections together. What they need of the store is read in two questions for all of
//! them, and nobody waits for the store while a signature is checked. Requests gather while those before them are checked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use techo_protocol::household::sync_api::{Call, MOST_CHUNKS, StreamId};
use tokio::sync::{mpsc, oneshot};

use super::{PAGE_BYTES, Verified, verified};
use crate::error::{Refusal, RelayError};
use crate::store::{StoreError, StreamStore};

/// Most requests that are checked together; their pages are in memory together.
const MOST: usize = 32;
/// Bytes of requests after which no more are taken along.
const ENOUGH_BYTES: usize = 1 << 20;
/// Requests that wait to be checked; beyond them one is refused.
const QUEUE: usize = 4_096;

enum Job {
    Verify(Request),
    End,
}

struct Request {
    stream: StreamId,
    file: Vec<u8>,
    now: i64,
    done: oneshot::Sender<Result<Verified, Refusal>>,
}

/// The threads that check.
pub struct Reader {
    queue: mpsc::Sender<Job>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Reader {
    /// Starts them: as many as there are processors, for more would only wait for each other; at least two, so that one long page does not hold
    /// up everybody.
    ///
    /// # Errors
    /// [`RelayError::Internal`] where there is no thread to be had.
    pub fn start(store: &Arc<dyn StreamStore>, log: &tracing::Dispatch) -> Result<Self, RelayError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let count = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2);
        let threads = (0..count).map(|_| {
            let (store, jobs, log) = (Arc::clone(store), Arc::clone(&jobs), log.clone());
            let work = move || tracing::dispatcher::with_default(&log, || run(&*store, &jobs));
            let thread = std::thread::Builder::new().name("reading".to_owned()).spawn(work);
            thread.map_err(|_| RelayError::Internal)
        });
        let threads = threads.collect::<Result<_, _>>()?;
        Ok(Self {
            queue,
            threads: Mutex::new(threads),
        })
    }

    /// Reads a request about `stream` and checks it as of `now` (Unix seconds), as [`verified`] does.
    ///
    /// # Errors
    /// Those of [`verified`], [`RelayError::Busy`] where too many wait or the relay has ended; or the store's.
    pub async fn verify(&self, stream: StreamId, file: Vec<u8>, now: i64) -> Result<Verified, Refusal> {
        let (done, outcome) = oneshot::channel();
        let job = Job::Verify(Request { stream, file, now, done });
        self.queue.try_send(job).map_err(|_| RelayError::Busy)?;
        // Requests that were checked when a thread panicked took their senders along.
        outcome.await.map_err(|_| RelayError::Internal)?
    }

    /// Finishes what waits and takes no more. Blocks until then.
    pub fn end(&self) {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for _ in &threads {
            // An error says that they have ended already.
            let _ = self.queue.blocking_send(Job::End);
        }
        for thread in threads {
            let _ = thread.join();
        }
    }
}

fn run(store: &dyn StreamStore, jobs: &Mutex<mpsc::Receiver<Job>>) {
    let mut ending = false;
    while !ending {
        let batch;
        (batch, ending) = gather(&mut jobs.lock().unwrap_or_else(PoisonError::into_inner));
        // A fault ends these requests and not the thread.
        if !batch.is_empty() && catch_unwind(AssertUnwindSafe(|| check(store, batch))).is_err() {
            tracing::error!("checking requests panicked");
        }
    }
}

/// Waits for a request, takes along what waits behind it, and says whether it is the end.
fn gather(jobs: &mut mpsc::Receiver<Job>) -> (Vec<Request>, bool) {
    let mut batch = Vec::new();
    let mut bytes = 0;
    let mut next = jobs.blocking_recv();
    loop {
        match next {
            Some(Job::Verify(request)) => {
                bytes += request.file.len();
                batch.push(request);
            }
            Some(Job::End) | None => return (batch, true),
        }
        if batch.len() >= MOST || bytes >= ENOUGH_BYTES {
            return (batch, false);
        }
        match jobs.try_recv() {
            Ok(job) => next = Some(job),
            // A queue that nobody holds any more shows at the next waiting.
            Err(_) => return (batch, false),
        }
    }
}

fn check(store: &dyn StreamStore, batch: Vec<Request>) {
    let streams: Vec<StreamId> = batch.iter().map(|request| request.stream).collect();
    let accounts = all_or_each(store.accounts(&streams), &streams, |stream| store.account(*stream));
    let mut pulls = Vec::new();
    for (Request { stream, file, now, done }, account) in batch.into_iter().zip(accounts) {
        let outcome = account.map_err(Refusal::from);
        match outcome.and_then(|account| verified(store, stream, &file, account, now)) {
            // One that may have to wait is entered among the waiting first.
            Ok(verified) if let Call::Pull { cursor, wait: 0 } = verified.call => pulls.push((cursor, verified, done)),
            outcome => {
                // Whoever asked may have gone.
                let _ = done.send(outcome);
            }
        }
    }
    if pulls.is_empty() {
        return;
    }
    let after: Vec<(StreamId, u64)> = pulls.iter().map(|(cursor, verified, _)| (verified.stream, *cursor)).collect();
    let pages = all_or_each(store.pages(&after, MOST_CHUNKS, PAGE_BYTES), &after, |(stream, cursor)| {
        store.page(*stream, *cursor, MOST_CHUNKS, PAGE_BYTES)
    });
    for ((_, verified, done), page) in pulls.into_iter().zip(pages) {
        let _ = done.send(page.map(|page| Verified { page, ..verified }).map_err(Refusal::from));
    }
}

/// What was read for all; where that failed, for each by itself: one that cannot be read takes no other along.
fn all_or_each<Q, A>(
    all: Result<Vec<A>, StoreError>,
    questions: &[Q],
    ask: impl Fn(&Q) -> Result<A, StoreError>,
) -> Vec<Result<A, StoreError>> {
    match all {
        Ok(answers) if answers.len() == questions.len() => answers.into_iter().map(Ok).collect(),
        _ => questions.iter().map(ask).collect(),
    }
}

#[cfg(test)]
mod tests;
