//! Sockets: accepting connections within limits, serving them, and ending without cutting anybody off.
//!
//! HTTP/1.1 only, without TLS: a reverse proxy or CDN stands in front and speaks the rest to the world.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tower::ServiceExt;
use tracing::instrument::WithSubscriber;

use crate::blocking::on_store;
use crate::config::Config;
use crate::error::{Refusal, RelayError};
use crate::http::{self, Peer, Refusals, Shared};
use crate::limits::{Admitted, Connections, RateTable, Source};
use crate::metrics::Metrics;
use crate::rendezvous::Mailboxes;
use crate::store::{DAY, Store, Wake, Woken};
use crate::sync::{Streams, WaitingRoom};
use crate::trust;
use techo_protocol::basics::clock::Clock;

/// Largest head of a request, in bytes: our own have no header but `Host`; proxies add some.
const HEAD_BYTES: usize = 16 * 1024;
/// Rest after the system refused to accept a connection, most likely for want of file descriptors.
const REST: Duration = Duration::from_millis(100);
/// How often the table of addresses is gone through.
const FORGET_ADDRESSES: Duration = Duration::from_secs(10);

/// A relay that listens and does not answer yet.
pub struct Relay {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Relay {
    /// Takes the trust lists into the store and listens.
    ///
    /// # Errors
    /// [`Refusal`]: a trust list that is none or contradicts the one in the store, a store that fails, or an address that is taken.
    pub async fn bind(config: Config, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self, Refusal> {
        let lists = config.trust;
        let told_of = on_store(&store, &config.log, move |store| {
            lists.iter().map(|file| trust::told_of(store, file)).collect()
        })
        .await?;
        let now = clock.now();
        let time = on_store(&store, &config.log, move |store| Ok(store.read_clock(now)?)).await?;
        let listener = TcpListener::bind(config.listen).await.map_err(|_| RelayError::CannotListen)?;
        let address = listener.local_addr().map_err(|_| RelayError::CannotListen)?;
        let limits = config.limits;
        let mailboxes = Arc::new(Mailboxes::new(limits.mailboxes, limits.waiting));
        let streams = {
            let (store, log, mailboxes) = (Arc::clone(&store), config.log.clone(), Arc::clone(&mailboxes));
            // The store is asked, which may block.
            let started = tokio::task::spawn_blocking(move || {
                let streams = Streams::start(&store, limits.waiting, &log)?;
                let rooms = [streams.room(), mailboxes.waiting()].map(Arc::clone);
                store.tell(Arc::new(Rooms(rooms)))?;
                Ok::<_, Refusal>(streams)
            });
            started.await.unwrap_or_else(|_| Err(RelayError::Internal.into()))?
        };
        let shared = Shared {
            store,
            told_of,
            clock,
            time: Mutex::new(time),
            random: config.random,
            limits,
            proxies: config.proxies,
            openings: Mutex::new(RateTable::spaced(
                limits.account_every,
                limits.accounts_at_once,
                limits.addresses,
            )),
            streams,
            mailboxes,
            rates: Mutex::new(RateTable::new(limits.requests_per_second, limits.burst, limits.addresses)),
            connections: Connections::new(limits.connections, limits.connections_per_address),
            body_memory: Arc::new(Semaphore::new(limits.body_memory_bytes.min(Semaphore::MAX_PERMITS))),
            metrics: Metrics::new(),
            log: config.log,
        };
        Ok(Self {
            listener,
            address,
            shared: Arc::new(shared),
        })
    }

    /// The address and port on which the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` ends; then takes no more connections, finishes the requests that are under way, and returns.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let log = self.shared.log.clone();
        self.accept_until(shutdown).with_subscriber(log).await;
    }

    async fn accept_until(self, shutdown: impl Future<Output = ()>) {
        tracing::info!(authorities = self.shared.told_of.len(), "started");
        let forgetting = tokio::spawn(forget(Arc::clone(&self.shared)).with_current_subscriber());
        let graceful = GracefulShutdown::new();
        let refusals = Refusals::new();
        let router = http::router(&self.shared);
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => match self.admit(peer) {
                    Ok(admitted) => self.serve_connection(stream, peer, admitted, &graceful, router.clone()),
                    Err(error) => refusals.tell(stream, error),
                },
                Err(error) => {
                    tracing::error!(cause = %error.kind(), "a connection could not be accepted");
                    sleep(REST).await;
                }
            }
        }
        drop(self.listener);
        tracing::info!("ending");
        self.shared.streams.end_waiting();
        self.shared.mailboxes.end_waiting();
        let ended = timeout(self.shared.limits.shutdown, graceful.shutdown()).await.is_ok();
        forgetting.abort();
        let shared = Arc::clone(&self.shared);
        // A panic there has been logged; there is nothing left to end then.
        let _ = tokio::task::spawn_blocking(move || shared.streams.end()).await;
        tracing::info!(all_answered = ended, "ended");
    }

    fn admit(&self, peer: SocketAddr) -> Result<Admitted, RelayError> {
        let is_proxy = self.shared.proxies.contains(&peer.ip().to_canonical());
        self.shared.connections.admit((!is_proxy).then(|| Source::of(peer.ip())))
    }

    fn serve_connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        admitted: Admitted,
        graceful: &GracefulShutdown,
        router: axum::Router,
    ) {
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            router.clone().oneshot(request)
        });
        // Small answers must not wait for more to come; where it cannot be set they are only slower.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.shared.limits.head)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        let longest = self.shared.limits.connection;
        let serving = async move {
            let _admitted = admitted;
            // What a client did wrong on its own connection is no event of the relay's.
            let _ = timeout(longest, connection).await;
        };
        tokio::spawn(serving.with_current_subscriber());
    }
}

/// Everybody who waits here for something that another process may write.
struct Rooms([Arc<WaitingRoom<Wake>>; 2]);

impl Woken for Rooms {
    fn wake(&self, what: Wake) {
        self.0.iter().for_each(|room| room.wake(what));
    }

    fn wake_all(&self) {
        self.0.iter().for_each(|room| room.wake_all());
    }
}

/// Forgets what has long been due, in the store and among the addresses, for as long as the relay runs.
async fn forget(shared: Arc<Shared>) {
    let mut store = interval(shared.limits.forget_every);
    let mut addresses = interval(FORGET_ADDRESSES);
    store.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = addresses.tick() => {
                for table in [&shared.rates, &shared.openings] {
                    table.lock().unwrap_or_else(PoisonError::into_inner).forget(Instant::now());
                }
                let (boxes, now) = (Arc::clone(&shared.mailboxes), shared.clock.now());
                // Where it fails, the store has logged why; one whose time is over is not served either way.
                let _ = on_store(&shared.store, &shared.log, move |store| boxes.forget(store, now)).await;
            }
            _ = store.tick() => {
                let now = shared.clock.now();
                // A store that fails has logged why; the next round tries again.
                let unread = shared.limits.unread_days;
                let forgetting = on_store(&shared.store, &shared.log, move |store| {
                    let time = store.read_clock(now)?;
                    // What is due by the clock is not given any more; it is there until the clock has stood so for a day (ADR 0024).
                    let due = time.up_to(now);
                    Ok((store.forget(due)?, store.forget_accounts(due.div_euclid(DAY), unread)?, time))
                });
                if let Ok((forgotten, accounts, time)) = forgetting.await {
                    *shared.time.lock().unwrap_or_else(PoisonError::into_inner) = time;
                    let (segments, diaries) = (forgotten.segments, forgotten.diaries);
                    shared.metrics.count_forgotten(segments, diaries, accounts);
                    tracing::info!(segments, diaries, accounts, "forgot what was due");
                }
            }
        }
    }
}
