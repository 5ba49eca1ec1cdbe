//! What a relay is started with.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use techo_protocol::basics::random::Random;
use techo_protocol::exposure::manifest::LARGEST_MANIFEST_BYTES;
use techo_protocol::household::sync_api::LARGEST_SYNC_REQUEST_BYTES;

/// What a relay is started with, beside its store and its clock.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Trust lists (whole files) of the authorities that it carries for. None: their routes answer `relay.unknown_authority`.
    pub trust: Vec<Vec<u8>>,
    /// Reverse proxies whose last `X-Forwarded-For` entry is taken for the address that limits count by.
    pub proxies: Vec<IpAddr>,
    /// Where random bytes come from: they name the openings of accounts.
    pub random: Arc<dyn Random + Send + Sync>,
    /// Limits on size and rate.
    pub limits: Limits,
    /// Where log lines go; [`crate::log::json`] makes one that fits.
    pub log: tracing::Dispatch,
}

/// Limits on size and rate. None of them tells one person's request from another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest segment that is taken, in bytes.
    pub segment_bytes: usize,
    /// Largest manifest that is taken, in bytes.
    pub manifest_bytes: usize,
    /// Segments of one authority together, in bytes.
    pub segments_bytes_per_authority: u64,
    /// Diaries that wait for one authority; each has [`techo_protocol::exposure::diary_upload::SENT_BYTES`] bytes.
    pub diaries_per_authority: usize,
    /// Largest request of a household's device, in bytes.
    pub sync_request_bytes: usize,
    /// Chunks of one household together, in bytes.
    pub stream_bytes_per_account: u64,
    /// Days after which an account that nobody reads is erased.
    pub unread_days: i64,
    /// Accounts that one address may open at once, before the next line counts.
    pub accounts_at_once: u32,
    /// Time after which one address may open one more.
    pub account_every: Duration,
    /// Pulls that wait at once, and as many who wait for a pairing's message.
    pub waiting: usize,
    /// Pairing mailboxes at once.
    pub mailboxes: usize,
    /// Requests a second from one address (an IPv6 /64 counts as one) in the long run.
    pub requests_per_second: u32,
    /// Requests that one address may make at once before that counts: a new device fetches every listed segment.
    pub burst: u32,
    /// Addresses remembered at once, in memory only. Beyond it, new ones share one allowance.
    pub addresses: usize,
    /// Connections that may be open at once, of all addresses together.
    pub connections: usize,
    /// Connections at once from one address.
    pub connections_per_address: usize,
    /// Memory for request bodies that are being received, in bytes.
    pub body_memory_bytes: usize,
    /// How long a request's head may take, and how long a connection may idle.
    pub head: Duration,
    /// How long a request's body may take.
    pub body: Duration,
    /// How long the store may take to answer.
    pub answer: Duration,
    /// How long a connection may last, whatever it does: ends those who read slowly on purpose.
    pub connection: Duration,
    /// How long requests that are under way at shutdown may go on.
    pub shutdown: Duration,
    /// How often what is due is forgotten.
    pub forget_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            segment_bytes: 32 << 20,
            manifest_bytes: LARGEST_MANIFEST_BYTES,
            segments_bytes_per_authority: 4 << 30,
            diaries_per_authority: 65_536,
            sync_request_bytes: LARGEST_SYNC_REQUEST_BYTES,
            stream_bytes_per_account: 64 << 20,
            unread_days: 180,
            accounts_at_once: 50,
            account_every: Duration::from_mins(1),
            waiting: 16_384,
            mailboxes: 4_096,
            requests_per_second: 50,
            burst: 2_000,
            addresses: 65_536,
            connections: 1_024,
            connections_per_address: 64,
            body_memory_bytes: 256 << 20,
            head: Duration::from_secs(10),
            body: Duration::from_mins(1),
            answer: Duration::from_secs(30),
            connection: Duration::from_mins(10),
            shutdown: Duration::from_secs(30),
            forget_every: Duration::from_hours(1),
        }
    }
}
