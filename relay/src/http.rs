//! From requests to answers. No rule of the protocol is here: those stand in the modules that this calls.

mod address;
mod answer;
mod body;
mod health;
mod observe;
mod path;
mod publishing;
mod recovery;
mod refusal;
mod rendezvous;
mod serving;

mod syncing;
mod taking;

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post, put};
use techo_protocol::basics::random::Random;
use techo_protocol::trust::AuthorityId;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

use crate::blocking::on_store;
use crate::config::Limits;
use crate::error::{Refusal, RelayError};
use crate::limits::{Connections, RateTable, Source};
use crate::metrics::Metrics;
use crate::rendezvous::Mailboxes;
use crate::store::Store;
use crate::sync::Streams;
use techo_protocol::basics::clock::Clock;
use techo_protocol::basics::confirmed_time::ServerTime;

pub use address::Peer;
pub use refusal::Refusals;

/// What all requests share.
pub struct Shared {
    /// The store, which keeps every byte that outlives a request.
    pub store: Arc<dyn Store>,
    /// The authorities that this relay was told of.
    pub told_of: HashSet<AuthorityId>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// What is known of that clock.
    pub time: Mutex<ServerTime>,
    /// Where random bytes come from.
    pub random: Arc<dyn Random + Send + Sync>,
    /// Limits on size and rate.
    pub limits: Limits,
    /// Addresses of reverse proxies, whose word for a client's address is taken.
    pub proxies: Vec<IpAddr>,
    /// What each address has left of its allowance of requests.
    pub rates: Mutex<RateTable>,
    /// Accounts opened in a time.
    pub openings: Mutex<RateTable>,
    /// What is asked of households' streams goes here.
    pub streams: Streams,
    /// The mailboxes in which two devices meet to pair, for two minutes each.
    pub mailboxes: Arc<Mailboxes>,
    /// The count of open connections, in all and of each address.
    pub connections: Arc<Connections>,
    /// Memory for bodies; a permit is a byte.
    pub body_memory: Arc<Semaphore>,
    /// The counters and gauges that `/metrics` shows.
    pub metrics: Metrics,
    /// Where log lines go.
    pub log: tracing::Dispatch,
}

/// All routes: those of [`techo_protocol::exposure::relay_api`], those of [`techo_protocol::household::sync_api`], and two for the operator.
pub fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route(
            "/v1/authorities/{authority}/manifest",
            get(serving::manifest).put(publishing::manifest),
        )
        .route("/v1/authorities/{authority}/trust", put(publishing::trust_list))
        .route("/v1/authorities/{authority}/segments/{hash}", put(publishing::segment))
        .route("/v1/segments/{hash}", get(serving::segment))
        .route("/v1/authorities/{authority}/diaries/{mailbox}", put(taking::put_diary))
        .route("/v1/authorities/{authority}/diaries", post(taking::take_diaries))
        .route("/v1/streams/{stream}", post(syncing::call))
        .route("/v1/recovery/{locator}", post(recovery::call))
        .route(
            "/v1/rendezvous/{mailbox}/{message}",
            get(rendezvous::take).put(rendezvous::put),
        )
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(health::metrics))
        .method_not_allowed_fallback(async || Refusal::from(RelayError::MethodNotAllowed))
        .fallback(async || Refusal::from(RelayError::NoSuchPath))
        // Each handler has its own bound, by the memory that is free as well.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(answer::after_panic))
        .layer(from_fn_with_state(Arc::clone(shared), address::limit_rate))
        .layer(from_fn_with_state(Arc::clone(shared), observe::observe))
        .layer(from_fn(answer::harden))
        .with_state(Arc::clone(shared))
}

impl Shared {
    /// The time to note with what is kept for so long from now on, in Unix seconds: where the clock has gone back, what was confirmed of it counts.
    fn noted(&self) -> i64 {
        let time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        time.at_least(self.clock.now())
    }

    /// The authority of a path, if this relay was told of it.
    fn authority(&self, text: &str) -> Result<AuthorityId, RelayError> {
        path::id(text)
            .map(AuthorityId)
            .filter(|authority| self.told_of.contains(authority))
            .ok_or(RelayError::UnknownAuthority)
    }

    /// Does work with the store where it may block, for as long as an answer may take.
    async fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Store) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        within(self.limits.answer, on_store(&self.store, &self.log, work)).await
    }

    /// Whether a source may make a request now.
    fn admits(&self, source: Source) -> bool {
        admit(&self.rates, source)
    }

    /// Whether a source may open an account now.
    fn may_open(&self, source: Source) -> bool {
        admit(&self.openings, source)
    }
}

fn admit(table: &Mutex<RateTable>, source: Source) -> bool {
    let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
    table.admit(source, std::time::Instant::now())
}

async fn within<T>(time: Duration, work: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    tokio::time::timeout(time, work)
        .await
        .unwrap_or_else(|_| Err(RelayError::Busy.into()))
}
