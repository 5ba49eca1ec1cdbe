//! Hearing of what other processes write: a connection that listens, and is made anew when it is lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use postgres::fallible_iterator::FallibleIterator;

use super::PostgresStore;
use super::connection::{Done, Pool};
use crate::store::{StoreError, Wake, Woken};

/// How often the end is looked for.
const LOOK: Duration = Duration::from_millis(250);
/// Rest after the database could not be reached.
const REST: Duration = Duration::from_millis(500);

/// A thread that listens until this is dropped.
pub struct Listener {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl PostgresStore {
    /// Where relays on these tables tell each other what came. Others' tables in the same database have another.
    pub(super) fn channel(&self) -> String {
        format!("techo_{}", hex::encode(&self.generation[..8]))
    }

    /// Tells `woken` of what other processes write. Listening has begun when this returns.
    pub(super) fn listen(&self, woken: Arc<dyn Woken>) -> Result<(), StoreError> {
        let (pool, channel, log) = (Arc::clone(self.pool()?), self.channel(), self.log.clone());
        let ended = Arc::new(AtomicBool::new(false));
        let (begun, beginning) = std::sync::mpsc::sync_channel(1);
        let told = Arc::clone(&ended);
        let thread = std::thread::Builder::new()
            .name("listening".to_owned())
            .spawn(move || {
                tracing::dispatcher::with_default(&log, || {
                    while !told.load(Ordering::Relaxed) {
                        let outcome = listen_once(&pool, &channel, &*woken, &told, &begun);
                        if let Err(trouble) = outcome {
                            // It logs the cause.
                            let _ = StoreError::from(trouble);
                            std::thread::sleep(REST);
                        }
                    }
                });
            })
            .map_err(|_| StoreError::Failed)?;
        // An error says that the thread is gone, which it cannot be before its listener.
        let _ = beginning.recv_timeout(4 * REST);
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(Listener {
            ended,
            thread: Some(thread),
        });
        Ok(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there changes nothing here.
            let _ = thread.join();
        }
    }
}

/// Listens until the connection is lost or the end has come.
fn listen_once(
    pool: &Pool,
    channel: &str,
    woken: &dyn Woken,
    ended: &AtomicBool,
    begun: &std::sync::mpsc::SyncSender<()>,
) -> Done<()> {
    let mut client = pool.connect()?;
    client.batch_execute(&format!("LISTEN {channel}"))?;
    // Whatever was told while nobody listened.
    woken.wake_all();
    // Nobody may be there to be told any more.
    let _ = begun.try_send(());
    while !ended.load(Ordering::Relaxed) && !client.is_closed() {
        let mut notifications = client.notifications();
        let mut told = notifications.timeout_iter(LOOK);
        while let Some(notification) = told.next()? {
            for wake in Wake::read_all(notification.payload()) {
                woken.wake(wake);
            }
        }
    }
    Ok(())
}
