//! Limits of a relay, as flags.

use std::time::Duration;

use clap::Args;
use techo_relay::Limits;

/// Limits on size and rate; what is not given has the relay's own default.
#[derive(Debug, Args)]
pub struct LimitFlags {
    /// Largest list that is taken, in bytes
    #[arg(long, value_name = "BYTES")]
    max_segment_bytes: Option<usize>,
    /// All lists of one authority together, in bytes
    #[arg(long, value_name = "BYTES")]
    max_authority_bytes: Option<u64>,
    /// Diaries of 32 KiB that wait for one authority
    #[arg(long, value_name = "N")]
    max_diaries: Option<usize>,
    /// Sealed diary of one household, in bytes
    #[arg(long, value_name = "BYTES")]
    max_account_bytes: Option<u64>,
    /// Days after which a household's account that nobody reads is erased
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..))]
    unread_days: Option<i64>,
    /// Accounts that one address may open at once, and recovery words that it may try
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    accounts_at_once: Option<u32>,
    /// Time after which one address may open one more, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    account_seconds: Option<u64>,
    /// Devices that wait for something new at once
    #[arg(long, value_name = "N")]
    max_waiting: Option<usize>,
    /// Pairings at once
    #[arg(long, value_name = "N")]
    max_mailboxes: Option<usize>,
    /// Requests a second from one address in the long run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_second: Option<u32>,
    /// Requests from one address at once, before that counts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    burst: Option<u32>,
    /// Connections at once
    #[arg(long, value_name = "N")]
    max_connections: Option<usize>,
    /// Connections at once from one address
    #[arg(long, value_name = "N")]
    max_connections_per_address: Option<usize>,
    /// How long a request's body may take, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    body_seconds: Option<u64>,
    /// How long requests that are under way at the end may go on, in seconds
    #[arg(long, value_name = "SECONDS")]
    shutdown_seconds: Option<u64>,
}

impl LimitFlags {
    /// These over the relay's own.
    pub fn over(&self, default: Limits) -> Limits {
        Limits {
            segment_bytes: self.max_segment_bytes.unwrap_or(default.segment_bytes),
            segments_bytes_per_authority: self.max_authority_bytes.unwrap_or(default.segments_bytes_per_authority),
            diaries_per_authority: self.max_diaries.unwrap_or(default.diaries_per_authority),
            stream_bytes_per_account: self.max_account_bytes.unwrap_or(default.stream_bytes_per_account),
            unread_days: self.unread_days.unwrap_or(default.unread_days),
            accounts_at_once: self.accounts_at_once.unwrap_or(default.accounts_at_once),
            account_every: self.account_seconds.map_or(default.account_every, Duration::from_secs),
            waiting: self.max_waiting.unwrap_or(default.waiting),
            mailboxes: self.max_mailboxes.unwrap_or(default.mailboxes),
            requests_per_second: self.requests_per_second.unwrap_or(default.requests_per_second),
            burst: self.burst.unwrap_or(default.burst),
            connections: self.max_connections.unwrap_or(default.connections),
            connections_per_address: self.max_connections_per_address.unwrap_or(default.connections_per_address),
            body: self.body_seconds.map_or(default.body, Duration::from_secs),
            shutdown: self.shutdown_seconds.map_or(default.shutdown, Duration::from_secs),
            ..default
        }
    }
}
