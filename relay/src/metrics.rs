//! Counters and gauges for the operator, in Prometheus' text format. No label names an authority, a mailbox, a
//! household or an address.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::store::{AccountTotals, Totals};

/// Media type of the text (OpenMetrics 1.0, section 1.1).
pub const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Upper bounds of the histogram of durations, in seconds.
const SECONDS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0];

type Labels = Vec<(&'static str, String)>;

/// One answered request, for log and metrics: its route and not its path.
pub struct Answered {
    /// The template of the route, such as `/v1/streams/{stream}`; never the path that was asked for.
    pub route: String,
    /// The method of the request, such as `GET`.
    pub method: &'static str,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Bytes of the request's body that were received.
    pub received: u64,
    /// Bytes of the answer's body.
    pub sent: u64,
    /// From the head of the request to the head of the answer, in seconds.
    pub seconds: f64,
}

/// What the gauges show at the moment of asking.
pub struct Now {
    /// How much the store holds for authorities.
    pub totals: Totals,
    /// How much it holds for households.
    pub accounts: AccountTotals,
    /// Connections that are open now.
    pub connections: usize,
    /// Addresses that limits remember.
    pub addresses: usize,
    /// Pulls that wait now for something new in their stream.
    pub waiting: usize,
}

/// All counters and gauges of one relay.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    received: Family<Labels, Counter>,
    sent: Family<Labels, Counter>,
    seconds: Histogram,
    forgotten: Family<Labels, Counter>,
    connections: Gauge,
    addresses: Gauge,
    segments: Gauge,
    segment_bytes: Gauge,
    diaries: Gauge,
    accounts: Gauge,
    account_bytes: Gauge,
    waiting: Gauge,
}

impl Metrics {
    /// Counters and gauges that all stand at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("techo_relay");
        let metrics = Self {
            requests: Family::default(),
            received: Family::default(),
            sent: Family::default(),
            seconds: Histogram::new(SECONDS),
            forgotten: Family::default(),
            connections: Gauge::default(),
            addresses: Gauge::default(),
            segments: Gauge::default(),
            segment_bytes: Gauge::default(),
            diaries: Gauge::default(),
            accounts: Gauge::default(),
            account_bytes: Gauge::default(),
            waiting: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("requests", "Requests answered", metrics.requests.clone());
        registry.register("received", "Bodies received", metrics.received.clone());
        registry.register("sent", "Bodies sent", metrics.sent.clone());
        registry.register_with_unit(
            "request",
            "Time to the head of the answer",
            Unit::Seconds,
            metrics.seconds.clone(),
        );
        registry.register("forgotten", "What was removed because it was due", metrics.forgotten.clone());
        registry.register("connections", "Connections open", metrics.connections.clone());
        registry.register("addresses", "Addresses that limits remember", metrics.addresses.clone());
        registry.register("segments", "Segments held", metrics.segments.clone());
        registry.register_with_unit("segments", "Segments held", Unit::Bytes, metrics.segment_bytes.clone());
        registry.register("diaries", "Diaries and dummies that wait", metrics.diaries.clone());
        registry.register("accounts", "Households' accounts", metrics.accounts.clone());
        registry.register_with_unit("accounts", "Chunks held", Unit::Bytes, metrics.account_bytes.clone());
        registry.register("waiting", "Pulls that wait for something new", metrics.waiting.clone());
        Self { registry, ..metrics }
    }

    /// Counts an answered request.
    pub fn count(&self, answered: &Answered) {
        let route = vec![("route", answered.route.clone())];
        self.received.get_or_create(&route).inc_by(answered.received);
        self.sent.get_or_create(&route).inc_by(answered.sent);
        let labels = vec![
            ("route", answered.route.clone()),
            ("method", answered.method.to_owned()),
            ("status", answered.status.to_string()),
        ];
        self.requests.get_or_create(&labels).inc();
        self.seconds.observe(answered.seconds);
    }

    /// Counts what was removed because it was due.
    pub fn count_forgotten(&self, segments: u64, diaries: u64, accounts: u64) {
        for (kind, count) in [("segment", segments), ("diary", diaries), ("account", accounts)] {
            self.forgotten.get_or_create(&vec![("kind", kind.to_owned())]).inc_by(count);
        }
    }

    /// The text, with the gauges as they are now.
    pub fn text(&self, now: &Now) -> String {
        self.connections.set(gauge(now.connections as u64));
        self.addresses.set(gauge(now.addresses as u64));
        self.segments.set(gauge(now.totals.segments));
        self.segment_bytes.set(gauge(now.totals.segment_bytes));
        self.diaries.set(gauge(now.totals.diaries));
        self.accounts.set(gauge(now.accounts.accounts));
        self.account_bytes.set(gauge(now.accounts.bytes));
        self.waiting.set(gauge(now.waiting as u64));
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
