//! Group commit: one thread collects the changes of many connections into one transaction, and each is answered only once that is on disk.
//! Changes gather for some milliseconds, and while the transaction before is written to disk.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::WaitingRoom;
use crate::error::{Refusal, RelayError};
use crate::store::{StoreError, StreamStore, StreamWrite, Wake, Written};

/// Most changes in one transaction.
const MOST: usize = 256;
/// How long a transaction waits for more changes. Each costs a write to the disk of every page that it touches, whatever their number.
const GATHER: Duration = Duration::from_millis(12);
/// Bytes after which a transaction takes no more.
const ENOUGH_BYTES: usize = 8 << 20;
/// Changes that wait for the next transactions; beyond them a request is refused.
const QUEUE: usize = 4_096;

enum Job {
    Write {
        change: StreamWrite,
        done: Option<oneshot::Sender<Result<Written, StoreError>>>,
        /// What the change's bytes use, until it is done.
        memory: Option<OwnedSemaphorePermit>,
    },
    End,
}

/// The thread that writes.
pub struct Writer {
    queue: mpsc::Sender<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts it. Whoever waits in `room` for a stream that was changed is woken.
    ///
    /// # Errors
    /// [`RelayError::Internal`] where there is no thread to be had.
    pub fn start(store: Arc<dyn StreamStore>, room: Arc<WaitingRoom<Wake>>, log: tracing::Dispatch) -> Result<Self, RelayError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let work = move || tracing::dispatcher::with_default(&log, || run(&*store, &room, jobs));
        let thread = std::thread::Builder::new()
            .name("streams".to_owned())
            .spawn(work)
            .map_err(|_| RelayError::Internal)?;
        Ok(Self {
            queue,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Makes a change; returns once it is on disk. What was begun is finished, even if nobody waits for it any more.
    ///
    /// # Errors
    /// [`RelayError::Busy`] where too many wait or the relay is ending; or the store's.
    pub async fn write(&self, change: StreamWrite, memory: Option<OwnedSemaphorePermit>) -> Result<Written, Refusal> {
        let (done, outcome) = oneshot::channel();
        let job = Job::Write {
            change,
            done: Some(done),
            memory,
        };
        self.queue.try_send(job).map_err(|_| RelayError::Busy)?;
        // A thread that panicked takes its senders along.
        Ok(outcome.await.map_err(|_| RelayError::Internal)??)
    }

    /// Makes a change some time, or not at all.
    pub fn write_later(&self, change: StreamWrite) {
        // A full queue drops it, as is said above.
        let _ = self.queue.try_send(Job::Write {
            change,
            done: None,
            memory: None,
        });
    }

    /// Finishes what waits and takes no more. Blocks until then.
    pub fn end(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // An error says that it has ended already.
            let _ = self.queue.blocking_send(Job::End);
            let _ = thread.join();
        }
    }
}

fn run(store: &dyn StreamStore, room: &WaitingRoom<Wake>, mut jobs: mpsc::Receiver<Job>) {
    let mut ending = false;
    while !ending {
        let Some(first) = jobs.blocking_recv() else { return };
        let mut batch = Batch::default();
        ending = batch.take(first);
        if !ending {
            std::thread::sleep(GATHER);
        }
        while !ending && !batch.is_full() {
            match jobs.try_recv() {
                Ok(job) => ending = batch.take(job),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        batch.write(store, room);
    }
}

/// The changes of one transaction, and who waits for each.
#[derive(Default)]
struct Batch {
    changes: Vec<StreamWrite>,
    done: Vec<Option<oneshot::Sender<Result<Written, StoreError>>>>,
    memory: Vec<Option<OwnedSemaphorePermit>>,
    bytes: usize,
}

impl Batch {
    /// Takes a change; whether it was the end instead.
    fn take(&mut self, job: Job) -> bool {
        match job {
            Job::End => true,
            Job::Write { change, done, memory } => {
                self.bytes = self.bytes.saturating_add(change.bytes());
                self.changes.push(change);
                self.done.push(done);
                self.memory.push(memory);
                false
            }
        }
    }

    fn is_full(&self) -> bool {
        self.changes.len() >= MOST || self.bytes >= ENOUGH_BYTES
    }

    fn write(self, store: &dyn StreamStore, room: &WaitingRoom<Wake>) {
        let outcomes = match attempt(store, &self.changes) {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(error) if self.changes.len() < 2 => vec![Err(error)],
            // One that cannot be written must not take the others along: each by itself.
            Err(_) => self.changes.iter().map(|change| alone(store, change)).collect::<Vec<_>>(),
        };
        drop(self.memory);
        for ((change, done), outcome) in self.changes.iter().zip(self.done).zip(outcomes) {
            if matches!(outcome, Ok(Ok(_))) && change.is_news() {
                room.wake(Wake::of_stream(change.stream()));
            }
            if let Some(done) = done {
                // Whoever asked may have gone.
                let _ = done.send(outcome);
            }
        }
    }
}

fn alone(store: &dyn StreamStore, change: &StreamWrite) -> Result<Written, StoreError> {
    let outcomes = attempt(store, std::slice::from_ref(change))?;
    outcomes.into_iter().next().ok_or(StoreError::Failed)
}

/// A fault in the store ends these changes and not the thread.
fn attempt(store: &dyn StreamStore, changes: &[StreamWrite]) -> Result<Vec<Written>, StoreError> {
    let work = std::panic::AssertUnwindSafe(|| store.write_streams(changes));
    let outcomes = std::panic::catch_unwind(work).unwrap_or_else(|_| {
        tracing::error!("the store panicked");
        Err(StoreError::Failed)
    })?;
    if outcomes.len() == changes.len() {
        Ok(outcomes)
    } else {
        Err(StoreError::Failed)
    }
}

#[cfg(test)]
mod tests;
