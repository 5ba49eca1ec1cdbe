//! A relay on a thread of its own, for programs that are not asynchronous: demonstrations, tests, measurements.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::config::Config;
use crate::error::{Refusal, RelayError};
use crate::server::Relay;
use crate::store::Store;
use techo_protocol::basics::clock::Clock;

/// A relay that runs until this is dropped.
pub struct Background {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts a relay; it answers once this returns.
    ///
    /// # Errors
    /// As [`Relay::bind`].
    pub fn start(config: Config, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self, Refusal> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|_| RelayError::Internal)?;
        let relay = runtime.block_on(Relay::bind(config, store, clock))?;
        let address = relay.address();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(relay.serve(async {
                // A sender that is gone means the same as one that spoke.
                let _ = stopped.await;
            }));
        });
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The address and port on which the relay listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks it to end and does not wait.
    pub fn ask_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended already.
            let _ = stop.send(());
        }
    }

    /// Ends it, and waits until the requests that are under way are answered.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.ask_to_stop();
        if let Some(thread) = self.thread.take() {
            // A panic on that thread is no reason for one here: this also runs while another is being unwound.
            let _ = thread.join();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.end();
    }
}
